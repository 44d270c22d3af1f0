/* docker.c - docker's rows. See docker.h. */
#include "cmd/docker.h"

#include <glib.h>
#include <string.h>

#define NOT_KNOWN "N/A"         /* docker's own word, in fields that it does not fill either */

const char *docker_name(const char *name)
{
	static const char *const fronts[] = { "docker.io/library/", "docker.io/", "localhost/" };

	for (size_t i = 0; i < G_N_ELEMENTS(fronts); i++)
		if (g_str_has_prefix(name, fronts[i]))
			return name + strlen(fronts[i]);
	return name;
}

/* How a field of our row becomes one of docker's. */
typedef char *change(const json_t *value);

static char *same(const json_t *v)
{
	return g_strdup(json_is_string(v) ? json_string_value(v) : "");
}

static char *number(const json_t *v)
{
	return json_is_integer(v) ? g_strdup_printf("%lld", (long long)json_integer_value(v)) : same(v);
}

static char *name(const json_t *v)
{
	return g_strdup(docker_name(json_is_string(v) ? json_string_value(v) : ""));
}

static char *quoted(const json_t *v)
{
	return g_strdup_printf("\"%s\"", json_is_string(v) ? json_string_value(v) : "");
}

/* "1.98 MB" -> "1.98MB"; nothing is "0B", as is podman's "--". */
static char *size(const json_t *v)
{
	g_auto(GStrv) parts = g_strsplit(json_is_string(v) ? json_string_value(v) : "", " ", 2);

	return parts[0] && *parts[0] ? g_strconcat(parts[0], parts[1], NULL) : g_strdup("0B");
}

static char *pair(const json_t *v)
{
	const char *s = json_string_value(v);

	return g_strdup(!s || !strcmp(s, "-- / --") ? "0B / 0B" : s);
}

static char *count(const json_t *v)
{
	const char *s = json_string_value(v);

	return g_strdup(!s || !strcmp(s, "--") ? "0" : s);
}

/* "2026-11-25 20:00:00.123 +0000 UTC" without the fraction. */
static char *time_text(const json_t *v)
{
	const char *s = json_string_value(v), *dot = s ? strchr(s, '.') : NULL;

	if (!dot)
		return same(v);
	return g_strdup_printf("%.*s%s", (int)(dot - s), s, dot + 1 + strspn(dot + 1, "0123456789"));
}

/* {"a": "b"} -> "a=b,..."; ["a", "b"] -> "a,b" */
static char *joined(const json_t *v)
{
	GString *s = g_string_new(NULL);
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_string(v))
		return g_string_free(s, TRUE), same(v);
	json_object_foreach((json_t *)v, key, value)
		g_string_append_printf(s, "%s%s=%s", s->len ? "," : "", key, json_string_value(value));
	json_array_foreach(v, i, value)
		g_string_append_printf(s, "%s%s", s->len ? "," : "", json_string_value(value));
	return g_string_free(s, FALSE);
}

static char *unknown(const json_t *v)
{
	(void)v;
	return g_strdup(NOT_KNOWN);
}

static char *no(const json_t *v)
{
	(void)v;
	return g_strdup("false");
}

/* podman's "[OK]" */
static char *is_ok(const json_t *v)
{
	return g_strdup(g_strcmp0(json_string_value(v), "[OK]") == 0 ? "true" : "false");
}

struct field { const char *name, *from; change *change; };

static const struct field ps[] = {
	{ "Command", "Command", quoted }, { "CreatedAt", "CreatedAt", time_text }, { "ID", "ID", same },
	{ "Image", "Image", name }, { "Labels", "Labels", joined }, { "LocalVolumes", "_volumes", number },
	{ "Mounts", "_sources", joined }, { "Names", "Names", same }, { "Networks", "_network", same }, { "Ports", "Ports", same },
	{ "RunningFor", "RunningFor", same }, { "Size", "Size", size }, { "State", "State", same },
	{ "Status", "Status", same }, { NULL, NULL, NULL },
};
static const struct field images[] = {
	{ "Containers", "Containers", number }, { "CreatedAt", "CreatedAt", time_text }, { "CreatedSince", "CreatedSince", same },
	{ "Digest", "Digest", same }, { "ID", "ID", same }, { "Repository", "Repository", name },
	{ "SharedSize", "", unknown }, { "Size", "Size", size }, { "Tag", "Tag", same }, { "UniqueSize", "", unknown },
	{ "VirtualSize", "Size", size }, { NULL, NULL, NULL },
};
static const struct field volumes[] = {
	{ "Availability", "", unknown }, { "Driver", "Driver", same }, { "Group", "", unknown }, { "Labels", "Labels", joined },
	{ "Links", "", unknown }, { "Mountpoint", "Mountpoint", same }, { "Name", "Name", same }, { "Scope", "Scope", same },
	{ "Size", "", unknown }, { "Status", "", unknown }, { NULL, NULL, NULL },
};
static const struct field history[] = {
	{ "Comment", "Comment", same }, { "CreatedAt", "_created", same }, { "CreatedBy", "CreatedBy", same },
	{ "CreatedSince", "CreatedSince", same }, { "ID", "ID", same }, { "Size", "Size", size }, { NULL, NULL, NULL },
};
static const struct field search[] = {
	{ "Description", "Description", same }, { "IsAutomated", "", no }, { "IsOfficial", "Official", is_ok },
	{ "Name", "Name", name }, { "StarCount", "Stars", number }, { NULL, NULL, NULL },
};
static const struct field stats[] = {
	{ "BlockIO", "BlockIO", pair }, { "CPUPerc", "CPUPerc", same }, { "Container", "ID", same }, { "ID", "ID", same },
	{ "MemPerc", "MemPerc", same }, { "MemUsage", "MemUsage", pair }, { "Name", "Name", same }, { "NetIO", "NetIO", pair },
	{ "PIDs", "PIDS", count }, { NULL, NULL, NULL },
};
static const struct field *const lists[DOCKER_LIST_COUNT] = {
	[DOCKER_PS] = ps, [DOCKER_IMAGES] = images, [DOCKER_VOLUMES] = volumes, [DOCKER_HISTORY] = history,
	[DOCKER_SEARCH] = search, [DOCKER_STATS] = stats,
};

void docker_rows(enum docker_list kind, json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *theirs = json_object();

		for (const struct field *f = lists[kind]; f->name; f++) {
			g_autofree char *text = f->change(json_object_get(row, f->from));

			json_object_set_new(theirs, f->name, json_string(text));
		}
		(void)json_object_update(row, theirs);
		json_object_set_new(row, "_json", theirs);
	}
}
