/* image_use.c - see image_use.h. */
#include "cmd/image_use.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/oci/reference.h"
#include "cmd/globals.h"

typedef bool record_test(const struct container_record *r, const char *what);

static GPtrArray *containers_that(struct context *c, record_test *test, const char *what)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) ids = NULL;
	struct err e = ERR_INIT;

	if (container_list_ids(&c->place, &ids, &e) < 0)
		return found;
	for (char **id = ids; *id; id++) {
		autorecord *r = NULL;
		struct err ignored = ERR_INIT;

		if (container_load(&c->place, *id, &r, &ignored) == 0 && test(r, what))
			g_ptr_array_add(found, g_strdup(*id));
	}
	return found;
}

static bool is_of_image(const struct container_record *r, const char *image_id)
{
	/* As its root, or by --mount type=image. */
	if (g_strcmp0(r->image_id, image_id) == 0)
		return true;
	for (size_t i = 0; i < r->n_mounts; i++)
		if (g_strcmp0(r->mounts[i].type, "image") == 0 && g_strcmp0(r->mounts[i].name, image_id) == 0)
			return true;
	return false;
}

static bool mounts_volume(const struct container_record *r, const char *volume)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (g_strcmp0(r->mounts[i].type, "volume") == 0 && g_strcmp0(r->mounts[i].name, volume) == 0)
			return true;
	return false;
}

GPtrArray *containers_of_image(struct context *c, const char *image_id)
{
	return containers_that(c, is_of_image, image_id);
}

int image_remove_unused(struct context *c, const struct image *img, struct err *e)
{
	g_autoptr(GPtrArray) users = NULL;
	int r = store_use_alone(c->store, e);

	if (r < 0)
		return r;
	users = containers_of_image(c, img->id);
	r = users->len > 0 ? 0 : image_remove(c->store, img, NULL, e);
	store_use_end(c->store);
	return r < 0 ? r : users->len == 0;
}

GPtrArray *containers_of_volume(struct context *c, const char *volume)
{
	return containers_that(c, mounts_volume, volume);
}

int remove_container(struct context *c, const char *id, struct err *e)
{
	const char *const words[] = { "rm", "--force", id, NULL };
	g_auto(GStrv) argv = own_command(c, words);
	struct proc p;
	int r;

	g_free(argv[0]);
	argv[0] = g_strdup("/proc/self/exe");
	r = proc_start(argv, -1, &p, e);
	return r < 0 ? r : proc_finish(&p, "removing the container", e);
}

bool confirmed(const char *what)
{
	char answer[8] = "";

	fprintf(stderr, "WARNING! This will remove %s.\nAre you sure you want to continue? [y/N] ", what);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

int image_get(struct context *c, const char *name, struct image **ret, struct err *e)
{
	int r;

	c->store->check_documents = true;
	r = image_find(c->store, name, ret, e);

	if (r != 0)
		return r < 0 ? r : 0;
	err_msg(e, ENOENT, "%s: image not known", name);
	return err_exit(e, 1);
}

void image_name_split(const char *name, char **ret_repo, char **ret_tag)
{
	const char *slash = name ? strrchr(name, '/') : NULL;
	const char *end = name ? strpbrk(slash ? slash : name, ":@") : NULL;

	*ret_repo = end ? g_strndup(name, (size_t)(end - name)) : g_strdup(name ? name : "<none>");
	*ret_tag = g_strdup(end && *end == ':' ? end + 1 : "<none>");
}

bool image_name_matches(const char *name, const char *pattern)
{
	const char *slash = strrchr(name, '/');
	const char *tag = strrchr(slash ? slash : name, ':');
	g_autofree char *repo = tag ? g_strndup(name, (size_t)(tag - name)) : g_strdup(name);

	for (const char *from = name; from; from = strchr(from, '/') ? strchr(from, '/') + 1 : NULL)
		if (fnmatch(pattern, from, FNM_PATHNAME) == 0 ||
		    fnmatch(pattern, repo + (from - name), FNM_PATHNAME) == 0)
			return true;
	return false;
}

const char *image_name_meant(const struct image *img, const char *text)
{
	struct err ignored = ERR_INIT;
	struct reference local, ref;
	g_autofree char *as_local = NULL, *full = NULL, *suffix = NULL;

	if (reference_parse(text, &ref, &ignored) < 0 || reference_parse_local(text, &local, &ignored) < 0)
		return NULL;
	full = reference_name(&ref);
	as_local = reference_name(&local);
	for (char **n = img->names; *n; n++)
		if (strcmp(*n, as_local) == 0)
			return *n;
	for (char **n = img->names; *n; n++)
		if (strcmp(*n, full) == 0)
			return *n;
	suffix = g_strdup_printf("/%s%s", text, strchr(strrchr(text, '/') ? strrchr(text, '/') : text, ':') ? "" :
				 ":latest");
	for (char **n = img->names; *n; n++)
		if (g_str_has_suffix(*n, suffix))
			return *n;
	return NULL;
}

int64_t image_created(const struct image *img)
{
	int64_t ns = 0;

	return img->config.created && text_time_parse(img->config.created, &ns) ? ns : 0;
}

json_t *json_of_pairs(char *const *pairs)
{
	json_t *o = json_object();

	for (; pairs && *pairs; pairs++) {
		const char *eq = strchr(*pairs, '=');
		g_autofree char *key = eq ? g_strndup(*pairs, (size_t)(eq - *pairs)) : g_strdup(*pairs);

		json_object_set_new(o, key, json_string(eq ? eq + 1 : ""));
	}
	return o;
}

json_t *json_of_strings(char *const *list)
{
	json_t *a = json_array();

	for (; list && *list; list++)
		json_array_append_new(a, json_string(*list));
	return a;
}

bool pairs_match(char *const *pairs, const char *wanted)
{
	size_t len = strlen(wanted);

	for (; pairs && *pairs; pairs++)
		if (strcmp(*pairs, wanted) == 0 ||
		    (!strchr(wanted, '=') && strncmp(*pairs, wanted, len) == 0 && (*pairs)[len] == '='))
			return true;
	return false;
}

static int is_older(struct context *c, const struct image *img, const char *than, bool older, struct err *e)
{
	autoimage *other = NULL;
	int r = image_get(c, than, &other, e);

	if (r < 0)
		return r;
	return older ? image_created(img) < image_created(other) : image_created(img) > image_created(other);
}

static int match_true(const char *value, bool is, struct err *e)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return is;
	if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		return !is;
	return err_msg(e, EINVAL, "filter value \"%s\": true or false is needed", value);
}

static int match_until(const struct image *img, const char *value, struct err *e)
{
	int64_t ns;

	if (text_duration(value, &ns))
		ns = text_now_ns() - ns;
	else if (!text_time_parse(value, &ns))
		return err_msg(e, EINVAL, "filter until=%s: a duration (\"24h\") or a time is needed", value);
	return image_created(img) < ns;
}

static int match_one(struct context *c, const struct image *img, const char *filter, struct err *e)
{
	const char *eq = strchr(filter, '=');
	g_autofree char *key = eq ? g_strndup(filter, (size_t)(eq - filter)) : NULL;
	const char *value = eq ? eq + 1 : "";

	if (!key)
		return err_msg(e, EINVAL, "filter \"%s\": must have the form key=value", filter);
	if (strcmp(key, "reference") == 0) {
		for (char **n = img->names; *n; n++)
			if (image_name_matches(*n, value))
				return 1;
		return 0;
	}
	if (strcmp(key, "id") == 0)
		return g_str_has_prefix(img->id, g_str_has_prefix(value, "sha256:") ? value + 7 : value);
	if (strcmp(key, "digest") == 0)
		return strcmp(img->digest, value) == 0;
	if (strcmp(key, "label") == 0)
		return pairs_match(img->config.labels, value);
	if (strcmp(key, "label!") == 0)
		return !pairs_match(img->config.labels, value);
	if (strcmp(key, "dangling") == 0)
		return match_true(value, !img->names[0], e);
	if (strcmp(key, "containers") == 0) {
		g_autoptr(GPtrArray) users = containers_of_image(c, img->id);

		return match_true(value, users->len > 0, e);
	}
	if (strcmp(key, "readonly") == 0 || strcmp(key, "intermediate") == 0)
		return match_true(value, false, e);
	if (strcmp(key, "before") == 0)
		return is_older(c, img, value, true, e);
	if (strcmp(key, "since") == 0 || strcmp(key, "after") == 0)
		return is_older(c, img, value, false, e);
	if (strcmp(key, "until") == 0)
		return match_until(img, value, e);
	return err_msg(e, EINVAL, "unsupported filter \"%s\" (reference, id, digest, label, dangling, containers, "
		       "readonly, intermediate, before, since, until)", key);
}

int image_matches(struct context *c, const struct image *img, char *const *filters, struct err *e)
{
	for (; filters && *filters; filters++) {
		int r = match_one(c, img, *filters, e);

		if (r <= 0)
			return r;
	}
	return 1;
}
