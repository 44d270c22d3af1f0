/* opt.c - see opt.h. */
#include "cmd/opt.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/base/text.h"

static bool is_group(const struct opt *o)
{
	return o->name[0] == '\0';
}

void opt_each(const struct opt *table, void (*f)(const struct opt *o, void *data), void *data)
{
	for (const struct opt *o = table; o && o->name; o++) {
		if (is_group(o))
			opt_each((const struct opt *)(const void *)o->help, f, data);
		else
			f(o, data);
	}
}

static bool same_name(const char *have, const char *name, size_t len)
{
	return have && strlen(have) == len && strncmp(have, name, len) == 0;
}

const struct opt *opt_find(const struct opt *table, const char *name, size_t len)
{
	for (const struct opt *o = table; o && o->name; o++) {
		const struct opt *in_group = NULL;

		if (is_group(o))
			in_group = opt_find((const struct opt *)(const void *)o->help, name, len);
		else if (same_name(o->name, name, len) || same_name(o->alias, name, len))
			return o;
		if (in_group)
			return in_group;
	}
	return NULL;
}

const struct opt *opt_find_letter(const struct opt *table, char letter)
{
	for (const struct opt *o = table; o && o->name; o++) {
		const struct opt *in_group = NULL;

		if (is_group(o))
			in_group = opt_find_letter((const struct opt *)(const void *)o->help, letter);
		else if (o->letter == letter)
			return o;
		if (in_group)
			return in_group;
	}
	return NULL;
}

void opt_list_add(char ***list, const char *s)
{
	guint n = *list ? g_strv_length(*list) : 0;

	*list = g_realloc_n(*list, n + 2, sizeof **list);
	(*list)[n] = g_strdup(s);
	(*list)[n + 1] = NULL;
}

static void add_csv(char ***list, const char *s)
{
	g_auto(GStrv) parts = g_strsplit(s, ",", -1);

	for (char **p = parts; *p; p++)
		if (**p)
			opt_list_add(list, *p);
}

static bool parse_flag(const char *s, bool *ret)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True", NULL };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False", NULL };

	if (g_strv_contains(yes, s))
		*ret = true;
	else if (g_strv_contains(no, s))
		*ret = false;
	else
		return false;
	return true;
}

static bool allowed(const struct opt *o, const char *value)
{
	g_auto(GStrv) choices = NULL;

	if (!o->choices || *o->choices == '~')
		return true;
	choices = g_strsplit(o->choices, "|", -1);
	return g_strv_contains((const char *const *)choices, value);
}

/* What a value should have looked like, for the message. */
static const char *expectation(const struct opt *o)
{
	switch (o->type) {
	case OPT_FLAG:
		return "true or false";
	case OPT_INT:
		return "a whole number";
	case OPT_SIZE:
		return "a size such as 512m or 2g";
	case OPT_DURATION:
		return "a duration such as 10s or 1m30s";
	default:
		return "another value";
	}
}

int opt_store(const struct opt *o, void *values, const char *value, struct err *e)
{
	char *at = (char *)values + o->offset;
	bool ok = true;

	if (!allowed(o, value))
		return err_msg(e, EINVAL, "invalid value \"%s\" for --%s: it takes one of %s", value, o->name,
			       o->choices);
	switch (o->type) {
	case OPT_FLAG:
		ok = parse_flag(value, (bool *)at);
		break;
	case OPT_STRING:
		g_free(*(char **)at);
		*(char **)at = g_strdup(value);
		break;
	case OPT_LIST:
		opt_list_add((char ***)at, value);
		break;
	case OPT_CSV:
		add_csv((char ***)at, value);
		break;
	case OPT_INT:
		ok = text_int(value, INT64_MIN, INT64_MAX, (int64_t *)at);
		break;
	case OPT_SIZE:
		ok = text_size(value, (int64_t *)at) ||
		     (!strcmp(value, "-1") && text_int(value, -1, -1, (int64_t *)at));
		break;
	case OPT_DURATION:
		ok = text_duration(value, (int64_t *)at);
		break;
	case OPT_IGNORED:
		break;
	}
	if (!ok)
		return err_msg(e, EINVAL, "invalid value \"%s\" for --%s: it takes %s", value, o->name,
			       expectation(o));
	return 0;
}

bool opt_takes_value(const struct opt *o)
{
	return o->type == OPT_IGNORED ? o->arg != NULL : o->type != OPT_FLAG;
}

/* Where parsing is: argv is compacted in place, `out` is the next place for an argument that stays. */
struct parse {
	const struct opt *table;
	void *values;
	int argc, at, out;
	char **argv;
	bool *help;
};

static int give(struct parse *p, const struct opt *o, const char *value, struct err *e)
{
	int r = opt_store(o, p->values, value, e);

	if (r == 0 && o->set_offset)
		*(bool *)((char *)p->values + o->set_offset) = true;
	return r;
}

struct nearest { char *wanted; const char *found; unsigned distance; };

static void look_nearer(const struct opt *o, void *data)
{
	struct nearest *n = data;
	unsigned d = text_distance(n->wanted, o->name);

	if (d < n->distance) {
		n->distance = d;
		n->found = o->name;
	}
}

static int unknown_flag(const struct parse *p, const char *name, size_t len, struct err *e)
{
	g_autofree char *wanted = g_strndup(name, len);
	/* As many mistakes as a typing hand makes in a word of that length. */
	struct nearest n = { wanted, NULL, len > 5 ? 3 : 2 };

	opt_each(p->table, look_nearer, &n);
	err_msg(e, EINVAL, "unknown flag: --%s", wanted);
	return n.found ? err_hint(e, "did you mean --%s?", n.found) : -EINVAL;
}

static int parse_long(struct parse *p, const char *text, struct err *e)
{
	const char *name = text + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt *o = opt_find(p->table, name, len);

	if (!o && same_name("help", name, len)) {
		*p->help = true;
		return 0;
	}
	if (!o)
		return unknown_flag(p, name, len, e);
	if (eq)
		return give(p, o, eq + 1, e);
	if (!opt_takes_value(o))
		return give(p, o, "true", e);
	if (p->at + 1 >= p->argc)
		return err_msg(e, EINVAL, "flag needs an argument: --%s", o->name);
	return give(p, o, p->argv[++p->at], e);
}

static int parse_letters(struct parse *p, const char *text, struct err *e)
{
	for (const char *c = text + 1; *c; c++) {
		const struct opt *o = opt_find_letter(p->table, *c);
		int r;

		if (!o && *c == 'h') {
			*p->help = true;
			continue;
		}
		if (!o)
			return err_msg(e, EINVAL, "unknown shorthand flag: '%c' in %s", *c, text);
		if (!opt_takes_value(o)) {
			const char *value = c[1] == '=' ? c + 2 : "true";

			r = give(p, o, value, e);
			if (r < 0 || c[1] == '=')
				return r;
			continue;
		}
		if (c[1])
			return give(p, o, c[1] == '=' ? c + 2 : c + 1, e);
		if (p->at + 1 >= p->argc)
			return err_msg(e, EINVAL, "flag needs an argument: '%c' in %s", *c, text);
		return give(p, o, p->argv[++p->at], e);
	}
	return 0;
}

int opt_parse(const struct opt *table, void *values, int *argc, char **argv, bool stop_at_first, bool *help,
	      struct err *e)
{
	struct parse p = { .table = table, .values = values, .argc = *argc, .argv = argv, .at = 1, .out = 1,
			   .help = help };
	bool only_args = false;

	for (; p.at < p.argc; p.at++) {
		char *text = argv[p.at];
		int r = 0;

		if (only_args || text[0] != '-' || text[1] == '\0') {
			only_args |= stop_at_first;
			argv[p.out++] = text;
		} else if (!strcmp(text, "--")) {
			only_args = true;
		} else {
			r = text[1] == '-' ? parse_long(&p, text, e) : parse_letters(&p, text, e);
		}
		if (r < 0)
			return r;
	}
	argv[p.out] = NULL;
	*argc = p.out;
	return 0;
}
