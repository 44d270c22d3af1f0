/* container_set.c - see container_set.h. */
#include "cmd/container_set.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"

void container_info_free(struct container_info *i)
{
	if (i->record)
		container_record_free(i->record);
	g_free(i->given);
	g_free(i);
}

static void free_info(gpointer i)
{
	container_info_free(i);
}

static GPtrArray *new_set(void)
{
	return g_ptr_array_new_with_free_func(free_info);
}

int remove_tree_of_store(void *ctx, int dirfd, const char *name, struct err *e)
{
	return store_remove(ctx, dirfd, name, e);
}

/* 1 and *ret, 0: not in one of these states (0: any), or -errno. */
static int load(struct context *c, const char *given, const char *id, unsigned states, struct container_info **ret,
		struct err *e)
{
	struct container_info *i = g_new0(struct container_info, 1);
	int r = container_read_state(&c->place, id, &i->state, e);

	if (r == 0)
		r = states && !(states & 1U << i->state.status) ? 0 : 1;
	if (r == 1 && container_load(&c->place, id, &i->record, e) < 0)
		r = -e->code;
	if (r <= 0) {
		container_info_free(i);
		return r;
	}
	i->given = g_strdup(given);
	*ret = i;
	return 1;
}

static int older_first(gconstpointer a, gconstpointer b)
{
	const struct container_info *x = *(struct container_info *const *)a, *y = *(struct container_info *const *)b;

	return x->record->created_ns < y->record->created_ns ? -1 : x->record->created_ns > y->record->created_ns;
}

int container_load_all(struct context *c, unsigned states, GPtrArray **ret, struct err *e)
{
	g_auto(GStrv) ids = NULL;
	GPtrArray *set;
	int r = container_list_directories(&c->place, &ids, e);

	if (r < 0)
		return r;
	set = new_set();
	for (char **id = ids; *id; id++) {
		struct container_info *i;
		struct err one = ERR_INIT;

		r = load(c, *id, *id, states, &i, &one);
		if (r == 1)
			g_ptr_array_add(set, i);
		else if (r < 0 && r != -ENOENT)
			log_warn("%s", one.msg);
	}
	g_ptr_array_sort(set, older_first);
	*ret = set;
	return 0;
}

static int choose_one(struct context *c, const struct container_choice *o, const char *name, GPtrArray *set,
		      int *worst)
{
	g_autofree char *id = NULL;
	struct container_info *i;
	struct err e = ERR_INIT;
	int r = container_find(&c->place, name, &id, &e);

	if (r == 1)
		r = load(c, name, id, 0, &i, &e);
	if (r == 1)
		g_ptr_array_add(set, i);
	else if ((r == 0 || r == -ENOENT) && o->ignore)
		return 0;
	else if (r == 0 || r == -ENOENT) {
		err_clear(&e);
		(void)err_msg(&e, ENOENT, "no container with name or ID \"%s\" found: no such container", name);
		fail_one(&e, o->missing_status ? o->missing_status : EXIT_OURS, worst);
	} else
		fail_one(&e, EXIT_OURS, worst);
	return 0;
}

static int choose_from_file(struct context *c, const struct container_choice *o, const char *path, GPtrArray *set,
			    int *worst, struct err *e)
{
	g_autofree char *text = NULL;
	int r = file_read(AT_FDCWD, path, 4096, &text, NULL, e);

	if (r == -ENOENT && o->ignore) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "reading the container ID file");
	g_strstrip(text);
	return choose_one(c, o, text, set, worst);
}

/* Keep those that pass. */
static int narrow(struct context *c, const struct container_choice *o, GPtrArray *set, struct err *e)
{
	for (guint n = 0; n < set->len;) {
		struct container_info *i = set->pdata[n];
		int r = o->filters ? container_passes(c, i, o->filters, e) : 1;

		if (r < 0)
			return r;
		if (r && (!o->states || o->states & 1U << i->state.status))
			n++;
		else
			g_ptr_array_remove_index(set, n);
	}
	if (o->latest && set->len > 1)
		g_ptr_array_remove_range(set, 0, set->len - 1);
	return 0;
}

int container_choose(struct context *c, const struct container_choice *o, int argc, char **argv, GPtrArray **ret,
		     int *worst, struct err *e)
{
	bool several = o->all || o->latest || o->filters;
	struct container_record nobody = { .name = (char *)"", .id = (char *)"" };
	struct container_info probe = { .record = &nobody };
	GPtrArray *set = NULL;
	int r = 0;

	if (o->filters && container_passes(c, &probe, o->filters, e) < 0)      /* wrong even if there is nobody */
		return -e->code;
	if (several && argc > 0 && !o->filters)
		return err_msg(e, EINVAL, "--%s and container names exclude each other", o->all ? "all" : "latest");
	if (!several && argc == 0 && !o->cidfiles)
		return err_msg(e, EINVAL, "give at least one container name or ID, --all or --latest");
	if (several && argc == 0) {
		r = container_load_all(c, o->states, &set, e);
		if (r == 0)
			r = narrow(c, o, set, e);
		if (r < 0)
			return r;
	}
	if (!set)
		set = new_set();
	for (char **f = o->cidfiles; r == 0 && f && *f; f++)
		r = choose_from_file(c, o, *f, set, worst, e);
	for (int a = 0; r == 0 && a < argc; a++)
		r = choose_one(c, o, argv[a], set, worst);
	if (r < 0)
		g_ptr_array_unref(set);
	else
		*ret = set;
	return r;
}

/* "key" or "key=value" against a label list. */
static bool has_label(char *const *labels, const char *want)
{
	size_t n = strlen(want);
	bool with_value = strchr(want, '=') != NULL;

	for (; labels && *labels; labels++)
		if (with_value ? strcmp(*labels, want) == 0
			       : strncmp(*labels, want, n) == 0 && ((*labels)[n] == '=' || !(*labels)[n]))
			return true;
	return false;
}

static bool has_volume(const struct container_record *r, const char *want)
{
	for (size_t n = 0; n < r->n_mounts; n++)
		if (g_strcmp0(r->mounts[n].name, want) == 0 || g_strcmp0(r->mounts[n].destination, want) == 0 ||
		    g_strcmp0(r->mounts[n].source, want) == 0)
			return true;
	return false;
}

static bool is_image(const struct container_record *r, const char *want)
{
	const char *name = r->image_name ? r->image_name : "";
	const char *slash = strrchr(name, '/');
	g_autofree char *latest = g_strconcat(want, ":latest", NULL);
	const char *base = slash ? slash + 1 : name;

	return strcmp(name, want) == 0 || strcmp(name, latest) == 0 || strcmp(base, want) == 0 ||
	       strcmp(base, latest) == 0 || (r->image_id && strlen(want) >= 3 && g_str_has_prefix(r->image_id, want));
}

/* 1, 0, or -1: no such key. */
static int passes_one(const struct container_info *i, const char *key, const char *value)
{
	const struct container_record *r = i->record;
	int64_t n;

	if (!strcmp(key, "label"))
		return has_label(r->labels, value);
	if (!strcmp(key, "status"))
		return !strcmp(value, container_status_name(i->state.status)) ||
		       (!strcmp(value, "stopped") && i->state.status == CONTAINER_EXITED);
	if (!strcmp(key, "name"))
		return g_regex_match_simple(value, r->name, 0, 0);
	if (!strcmp(key, "id"))
		return g_str_has_prefix(r->id, value);
	if (!strcmp(key, "ancestor"))
		return is_image(r, value);
	if (!strcmp(key, "restart-policy"))
		return !strcmp(value, r->restart ? r->restart : "no");
	if (!strcmp(key, "health"))
		return i->state.status == CONTAINER_RUNNING && !strcmp(value, container_health_name(i->state.health));
	if (!strcmp(key, "exited"))
		return text_int(value, 0, 255, &n) && i->state.status == CONTAINER_EXITED && i->state.exit_code == n;
	if (!strcmp(key, "volume"))
		return has_volume(r, value);
	if (!strcmp(key, "until"))
		return text_moment(value, -1, &n) ? r->created_ns < n : -1;
	if (!strcmp(key, "pod"))        /* there are none */
		return 0;
	if (!strcmp(key, "network"))
		return g_strcmp0(r->network, value) == 0;
	return -1;
}

/* Was it created after (or before) the container that `name` means? 1, 0 or -errno. */
static int passes_age(struct context *c, const struct container_info *i, const char *name, bool since, struct err *e)
{
	g_autofree char *id = NULL;
	autorecord *other = NULL;
	int r = container_find(&c->place, name, &id, e);

	if (r == 0)
		return err_msg(e, ENOENT, "no container with name or ID \"%s\" found: no such container", name);
	if (r > 0)
		r = container_load(&c->place, id, &other, e);
	if (r < 0)
		return r;
	return since ? i->record->created_ns > other->created_ns : i->record->created_ns < other->created_ns;
}

/* podman's names for states; some of its own stand for none of ours. */
static bool is_status(const char *name)
{
	static const char *const theirs[] = { "configured", "initialized", "stopped", "removing", "unknown", NULL };

	for (int s = 0; s < CONTAINER_STATUS_COUNT; s++)
		if (!strcmp(name, container_status_name((enum container_status)s)))
			return true;
	return g_strv_contains(theirs, name);
}

int container_passes(struct context *c, const struct container_info *i, char *const *filters, struct err *e)
{
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter it;
	gpointer hit;

	for (; filters && *filters; filters++) {
		const char *eq = strchr(*filters, '=');
		char *key = eq ? g_strndup(*filters, (gsize)(eq - *filters)) : g_strdup(*filters);
		bool since = !strcmp(key, "since"), age = eq && (since || !strcmp(key, "before"));
		int r = age ? passes_age(c, i, eq + 1, since, e) : eq ? passes_one(i, key, eq + 1) : -1;
		bool label = !strcmp(key, "label");

		if (eq && !strcmp(key, "status") && !is_status(eq + 1))
			r = err_msg(e, EINVAL, "unknown container state: %s: invalid argument", eq + 1);
		if (r < 0) {
			g_free(key);
			if (e->code)
				return r;
			return err_msg(e, EINVAL, "--filter \"%s\": must be label=, status=, name=, id=, ancestor=, "
				       "exited=, health=, restart-policy=, volume=, network=, pod=, until=, since= or before= with a value", *filters);
		}
		if (label && !r) {
			g_free(key);
			return 0;
		}
		if (!r && g_hash_table_contains(keys, key))
			g_free(key);
		else
			g_hash_table_replace(keys, key, GINT_TO_POINTER(r));
	}
	g_hash_table_iter_init(&it, keys);
	while (g_hash_table_iter_next(&it, NULL, &hit))
		if (!GPOINTER_TO_INT(hit))
			return 0;
	return 1;
}
