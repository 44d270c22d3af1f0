/* run_secrets.c - run --secret NAME[,type=mount|env,target=,uid=,gid=,mode=]. See podman-run(1). */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/run_spec.h"
#include "storage/secret.h"

#define MODE 0444               /* podman's default */

static bool number(const char *s, unsigned base, uint32_t *ret)
{
	guint64 v;

	if (!g_ascii_string_to_unsigned(s, base, 0, UINT32_MAX, &v, NULL))
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* One "key=value". `files`: becomes true for what only a file has. */
static int parse_part(const char *part, struct launch_secret *s, const char **source, bool *files, struct err *e)
{
	g_auto(GStrv) kv = g_strsplit(part, "=", 2);
	const char *value = kv[0] ? kv[1] : NULL;

	if (!value)
		return err_msg(e, EINVAL, "option %s must be in form option=value: parsing secret", part);
	if (!strcmp(kv[0], "source")) {
		*source = part + strlen("source=");
	} else if (!strcmp(kv[0], "target")) {
		s->target = (char *)part + strlen("target=");
	} else if (!strcmp(kv[0], "type")) {
		if (strcmp(value, "mount") != 0 && strcmp(value, "env") != 0)
			return err_msg(e, EINVAL, "type %s is invalid: parsing secret", value);
		s->env = !strcmp(value, "env");
	} else if (!strcmp(kv[0], "mode")) {
		*files = true;
		if (!number(value, 8, &s->mode) || s->mode > 07777)
			return err_msg(e, EINVAL, "mode %s invalid: parsing secret", value);
	} else if (!g_ascii_strcasecmp(kv[0], "uid")) {
		*files = true;
		if (!number(value, 10, &s->uid))
			return err_msg(e, EINVAL, "UID %s invalid: parsing secret", value);
	} else if (!g_ascii_strcasecmp(kv[0], "gid")) {
		*files = true;
		if (!number(value, 10, &s->gid))
			return err_msg(e, EINVAL, "GID %s invalid: parsing secret", value);
	} else {
		return err_msg(e, EINVAL, "option %s invalid: parsing secret", part);
	}
	return 0;
}

static int check_target(const struct launch_secret *s, struct err *e)
{
	const char *t = s->target;

	if (s->env)
		return *t && !strchr(t, '=') ? 0 : err_msg(e, EINVAL, "target \"%s\" is no variable's name: parsing secret", t);
	if (*t == '/' ? t[1] != '\0' : *t && !strchr(t, '/') && strcmp(t, ".") != 0 && strcmp(t, "..") != 0)
		return 0;
	return err_msg(e, EINVAL, "target \"%s\" must be a file's name (below /run/secrets) or an absolute path: parsing secret",
		       t);
}

static int add_secret(struct run_plan *p, const char *text, struct err *e)
{
	struct arena *a = &p->rec->arena;
	struct launch_secret s = { .mode = MODE };
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	const char *source = NULL;
	autosecret *found = NULL;
	bool files = false;
	int r;

	for (char **part = parts; *part; part++) {
		if (part == parts && (!strchr(*part, '=') || !parts[1]))
			source = *part;
		else if (parse_part(*part, &s, &source, &files, e) < 0)
			return -e->code;
	}
	if (s.env && files)
		return err_msg(e, EINVAL, "UID, GID, Mode options cannot be set with secret type env: parsing secret");
	if (!source || !*source)
		return err_msg(e, EINVAL, "no source found %s: parsing secret", text);
	r = secret_find(p->c->store, source, &found, e);
	if (r == 0)
		return err_msg(e, ENOENT, "no secret with name or id \"%s\": no such secret", source);
	if (r < 0)
		return r;
	s.id = arena_strdup(a, found->id);
	s.name = arena_strdup(a, found->name);
	s.target = arena_strdup(a, s.target ? s.target : found->name);
	if (check_target(&s, e) < 0)
		return -e->code;
	*ARENA_PUSH(a, p->x.secrets, p->x.n_secrets) = s;
	return 0;
}

int run_plan_secrets(struct run_plan *p, struct err *e)
{
	for (char **s = p->o->secret; s && *s; s++)
		if (add_secret(p, *s, e) < 0)
			return -e->code;
	return 0;
}
