/* volume.c - coracle volume create, ls, inspect, rm, prune, exists: see podman-volume(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/docker.h"
#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "core/base/text.h"
#include "storage/volume.h"

struct values {
	bool quiet, all, force, ignore, no_heading;
	char **labels, **options, **filters, *format, *driver;
};

json_t *volume_object(const struct volume *v)
{
	g_autofree char *created = text_time_rfc3339(v->created_ns);

	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:o,s:i,s:b,s:b,s:b}", "Name", v->name, "Driver", v->driver,
			 "Mountpoint", v->mountpoint, "CreatedAt", created, "Labels", json_of_pairs(v->labels),
			 "Scope", "local", "Options", json_of_pairs(v->options), "MountCount", 0, "NeedsCopyUp",
			 v->needs_copy_up, "NeedsChown", v->needs_copy_up, "Anonymous", v->anonymous);
}

/* For templates: times as Go prints them. */
static json_t *volume_row(const struct volume *v)
{
	g_autofree char *created = text_time_go(v->created_ns);
	json_t *object = volume_object(v), *row = json_copy(object);

	json_object_set_new(row, "CreatedAt", json_string(created));
	json_object_set_new(row, "UID", json_integer(0));
	json_object_set_new(row, "GID", json_integer(0));
	json_object_set_new(row, "_json", object);
	return row;
}

static int volume_get(struct context *c, const char *name, struct volume **ret, struct err *e)
{
	int r = volume_find(c->store, name, ret, e);

	if (r != 0)
		return r < 0 ? r : 0;
	err_msg(e, ENOENT, "no volume with name \"%s\" found: no such volume", name);
	return err_exit(e, 1);
}

static int match_one(struct context *c, const struct volume *v, const char *filter, struct err *e)
{
	const char *eq = strchr(filter, '=');
	g_autofree char *key = eq ? g_strndup(filter, (size_t)(eq - filter)) : g_strdup("");
	const char *value = eq ? eq + 1 : "";
	int64_t ns;

	if (strcmp(key, "name") == 0)
		return strstr(v->name, value) != NULL;
	if (strcmp(key, "label") == 0)
		return pairs_match(v->labels, value);
	if (strcmp(key, "label!") == 0)
		return !pairs_match(v->labels, value);
	if (strcmp(key, "driver") == 0)
		return strcmp(v->driver, value) == 0;
	if (strcmp(key, "scope") == 0)
		return strcmp(value, "local") == 0;
	if (strcmp(key, "opt") == 0)
		return pairs_match(v->options, value);
	if (strcmp(key, "anonymous") == 0)
		return (strcmp(value, "true") == 0) == v->anonymous;
	if (strcmp(key, "dangling") == 0) {
		g_autoptr(GPtrArray) users = containers_of_volume(c, v->name);

		return (strcmp(value, "true") == 0) == (users->len == 0);
	}
	if (strcmp(key, "until") == 0 || strcmp(key, "after") == 0 || strcmp(key, "since") == 0) {
		if (!text_moment(value, -1, &ns))
			return err_msg(e, EINVAL, "filter %s: a duration or a time is needed", filter);
		return *key == 'u' ? v->created_ns < ns : v->created_ns > ns;
	}
	return err_msg(e, EINVAL, "unsupported filter \"%s\" (name, label, driver, scope, opt, anonymous, dangling, "
		       "until, since)", filter);
}

static int matches(struct context *c, const struct volume *v, char *const *filters, struct err *e)
{
	for (; filters && *filters; filters++) {
		int r = match_one(c, v, *filters, e);

		if (r <= 0)
			return r;
	}
	return 1;
}

/* Are there such filters? Asked before volumes are, of which there may be none. */
static int check_filters(struct context *c, char *const *filters, struct err *e)
{
	const struct volume nobody = { .name = (char *)"", .driver = (char *)"local" };

	for (; filters && *filters; filters++)
		if (match_one(c, &nobody, *filters, e) < 0)
			return -e->code;
	return 0;
}

/* What killed commands left; what fails now is left to a later command. */
static void collect(struct context *c)
{
	struct err later = ERR_INIT;

	if (c->store)
		(void)store_collect(c->store, &later);
}

static int run_create(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	autovolume *made = NULL;
	struct err e = ERR_INIT;
	int r = 0;

	if (v->driver && strcmp(v->driver, "local") != 0)
		r = err_msg(&e, EINVAL, "volume driver \"%s\" is not supported (local is)", v->driver);
	if (v->options && v->options[0])
		r = err_msg(&e, EINVAL, "volume option \"%s\" is not supported; mount what you want with --mount or -v",
			    v->options[0]);
	if (r < 0 || (r = context_store(c, &e)) < 0)
		return fail(&e);
	r = volume_create(c->store, argc ? argv[0] : NULL, (const char *const *)v->labels, NULL, false, &made, &e);
	if (r == -EEXIST && v->ignore) {
		err_clear(&e);
		r = volume_get(c, argv[0], &made, &e);
	}
	if (r < 0)
		return fail(&e);
	printf("%s\n", made->name);
	collect(c);
	return 0;
}

static int run_ls(struct context *c, void *values, int argc, char **argv)
{
	static const char *const columns[] = { "DRIVER={{.Driver}}", "VOLUME NAME={{.Name}}", NULL };
	const struct values *v = values;
	json_t *rows = json_array();
	struct volume **list = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = check_filters(c, v->filters, &e);
	if (r == 0)
		r = volume_list(c->store, &list, &e);
	for (struct volume **i = list; i && *i && r >= 0; i++) {
		r = matches(c, *i, v->filters, &e);
		if (r > 0)
			json_array_append_new(rows, volume_row(*i));
	}
	if (r >= 0 && c->docker && v->format)
		docker_rows(DOCKER_VOLUMES, rows);
	if (r >= 0)
		r = show_rows(rows, columns, v->quiet ? "{{.Name}}" : v->format,
			      /* as podman: no volume, no heading */
			      v->no_heading || !json_array_size(rows), &e);
	volume_list_free(list);
	json_decref(rows);
	return r < 0 ? fail(&e) : 0;
}

static void each_docker(json_t *objects)
{
	json_t *o;
	size_t i;

	json_array_foreach(objects, i, o)
		docker_volume(o);
}

static int run_inspect(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	json_t *objects = json_array();
	struct volume **list = NULL;
	struct err e = ERR_INIT;
	int worst = 0;
	int r = context_store(c, &e);

	if (r == 0 && argc == 0 && !v->all)
		r = err_msg(&e, EINVAL, "provide one or more volume names, or use --all");
	if (r == 0 && v->all)
		r = volume_list(c->store, &list, &e);
	for (struct volume **i = list; i && *i; i++)
		json_array_append_new(objects, volume_object(*i));
	for (int i = 0; r == 0 && i < argc && !v->all; i++) {
		autovolume *one = NULL;
		struct err failed = ERR_INIT;

		if (volume_get(c, argv[i], &one, &failed) < 0)
			fail_one(&failed, EXIT_OURS, &worst);
		else
			json_array_append_new(objects, volume_object(one));
	}
	if (c->docker)
		each_docker(objects);
	if (r == 0 && (json_array_size(objects) > 0 || !v->format))
		r = show_objects(objects, v->format, &e);
	volume_list_free(list);
	json_decref(objects);
	return r < 0 ? fail(&e) : worst;
}

static int remove_one(struct context *c, const char *name, bool force, struct err *e)
{
	autovolume *v = NULL;
	int r = volume_get(c, name, &v, e);
	g_autoptr(GPtrArray) users = r < 0 ? NULL : containers_of_volume(c, name);

	if (r < 0)
		return r;
	for (guint i = 0; i < users->len; i++) {
		const char *id = users->pdata[i];

		if (!force) {
			err_msg(e, EBUSY, "volume %s is being used by the following container(s): %s: volume is being "
				"used", name, id);
			return err_exit(e, 2);
		}
		r = remove_container(c, id, e);
		if (r < 0)
			return r;
	}
	r = volume_remove(c->store, name, e);
	if (r == 0)
		printf("%s\n", name);
	return r;
}

static int run_rm(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	struct volume **list = NULL;
	struct err e = ERR_INIT;
	int worst = 0;
	int r = context_store(c, &e);

	if (r == 0 && argc == 0 && !v->all)
		r = err_msg(&e, EINVAL, "choose at least one volume, or use --all");
	if (r == 0 && v->all)
		r = volume_list(c->store, &list, &e);
	if (r < 0)
		return fail(&e);
	for (int i = 0; v->all ? list[i] != NULL : i < argc; i++) {
		struct err one = ERR_INIT;

		if (remove_one(c, v->all ? list[i]->name : argv[i], v->force, &one) < 0 &&
		    !(v->force && one.code == ENOENT))
			fail_one(&one, err_status(&one), &worst);
	}
	volume_list_free(list);
	collect(c);
	return worst;
}

static int run_prune(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	struct volume **list = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = check_filters(c, v->filters, &e);
	if (r == 0 && !v->force && !confirmed("all volumes not used by at least one container"))
		return 0;
	if (r == 0)
		r = volume_list(c->store, &list, &e);
	for (struct volume **i = list; i && *i && r >= 0; i++) {
		g_autoptr(GPtrArray) users = containers_of_volume(c, (*i)->name);

		r = users->len > 0 ? 0 : matches(c, *i, v->filters, &e);
		if (r <= 0)
			continue;
		r = volume_remove(c->store, (*i)->name, &e);
		if (r < 0)
			break;
		volume_event(c->store, "prune", (*i)->name);
		printf("%s\n", (*i)->name);
	}
	volume_list_free(list);
	collect(c);
	return r < 0 ? fail(&e) : 0;
}

static int run_exists(struct context *c, void *values, int argc, char **argv)
{
	autovolume *v = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = volume_find(c->store, argv[0], &v, &e);
	return r < 0 ? fail(&e) : r > 0 ? 0 : 1;
}

#define AT(member) offsetof(struct values, member)

static const struct opt create_opts[] = {
	{ "driver", 'd', OPT_STRING, AT(driver), "driver", .help = "Only local is known" },
	{ "ignore", 0, OPT_FLAG, AT(ignore), .help = "A volume that is there already is no error" },
	{ "label", 'l', OPT_LIST, AT(labels), "key=value", .help = "Give the volume a label" },
	{ "opt", 'o', OPT_LIST, AT(options), "key=value", .help = "Options of the driver (local has none)" },
	OPT_END
};
static const struct opt ls_opts[] = {
	{ "filter", 'f', OPT_LIST, AT(filters), "key=value", .choices = "~name=|label=|driver=local|dangling=true|until=|since=",
	  .help = "Show only volumes for which this holds" },
	{ "format", 0, OPT_STRING, AT(format), "template", .choices = "~json",
	  .help = "json or a Go template" },
	{ "noheading", 'n', OPT_FLAG, AT(no_heading), .help = "Do not print headings" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), .help = "Show only names" },
	OPT_END
};
static const struct opt inspect_opts[] = {
	{ "all", 'a', OPT_FLAG, AT(all), .help = "Inspect all volumes" },
	{ "format", 'f', OPT_STRING, AT(format), "template", .choices = "~json",
	  .help = "json or a Go template" },
	OPT_END
};
static const struct opt rm_opts[] = {
	{ "all", 'a', OPT_FLAG, AT(all), .help = "Remove all volumes" },
	{ "force", 'f', OPT_FLAG, AT(force), .help = "Remove containers that use it too; a missing one is no error" },
	OPT_END
};
static const struct opt prune_opts[] = {
	{ "filter", 0, OPT_LIST, AT(filters), "key=value", .help = "Remove only volumes for which this holds" },
	{ "force", 'f', OPT_FLAG, AT(force), .help = "Do not ask" },
	OPT_END
};
static const struct opt no_opts[] = { OPT_END };

const struct command command_volume_create = {
	.name = "volume create", .summary = "Make a volume", .usage = "[options] [NAME]", .opts = create_opts,
	.values_size = sizeof(struct values), .run = run_create, .max_args = 1,
};
const struct command command_volume_ls = {
	.name = "volume ls", .alias = "volume list", .summary = "List volumes", .usage = "[options]",
	.opts = ls_opts, .values_size = sizeof(struct values), .run = run_ls,
};
const struct command command_volume_inspect = {
	.name = "volume inspect", .summary = "Show volumes as JSON", .usage = "[options] VOLUME [VOLUME...]",
	.opts = inspect_opts, .values_size = sizeof(struct values), .run = run_inspect, .max_args = -1,
	.complete = COMPLETE_VOLUME,
};
const struct command command_volume_rm = {
	.name = "volume rm", .alias = "volume remove", .summary = "Remove volumes",
	.usage = "[options] VOLUME [VOLUME...]", .opts = rm_opts, .values_size = sizeof(struct values),
	.run = run_rm, .max_args = -1, .complete = COMPLETE_VOLUME,
};
const struct command command_volume_prune = {
	.name = "volume prune", .summary = "Remove volumes that no container uses", .usage = "[options]",
	.opts = prune_opts, .values_size = sizeof(struct values), .run = run_prune,
};
const struct command command_volume_exists = {
	.name = "volume exists", .summary = "Is a volume here? Exit status 0 or 1", .usage = "VOLUME",
	.opts = no_opts, .run = run_exists, .min_args = 1, .max_args = 1, .complete = COMPLETE_VOLUME,
};
