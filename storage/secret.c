/* secret.c - see secret.h. A secret is there when its directory is; it is made in tmp/ and renamed. */
#include "storage/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"

#define DIRECTORY "secrets"
#define RECORD "secret.json"
#define DATA "data"
#define RECORD_MAX ((size_t)1024 * 1024)
#define ID_DIGITS 25
#define NAME_LEN_MAX 64

void secret_free(struct secret *x)
{
	g_free(x->id);
	g_free(x->name);
	g_strfreev(x->labels);
	g_free(x);
}

void secret_list_free(struct secret **list)
{
	for (struct secret **x = list; x && *x; x++)
		secret_free(*x);
	g_free(list);
}

static bool name_valid(const char *name)
{
	size_t len = strnlen(name, NAME_LEN_MAX + 1);

	if (len < 1 || len > NAME_LEN_MAX || !g_ascii_isalnum(name[0]) || !g_ascii_isalnum(name[len - 1]))
		return false;
	for (; *name; name++)
		if (!g_ascii_isalnum(*name) && !strchr("-_.", *name))
			return false;
	return true;
}

/* The directory of secrets; a store of an older coracle may not have it. */
static int open_all(struct store *s, struct err *e)
{
	int fd;

	(void)mkdirat(s->root_fd, DIRECTORY, 0700);
	fd = openat(s->root_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open %s/" DIRECTORY, s->root) : fd;
}

static struct secret *parse(const char *name, const char *text, size_t len)
{
	json_t *doc = json_loadb(text, len, 0, NULL), *label;
	const char *id = json_string_value(json_object_get(doc, "id"));
	struct secret *x = NULL;
	size_t i, n = 0;

	if (id && text_is_hex(id, ID_DIGITS)) {
		json_t *labels = json_object_get(doc, "labels");

		x = g_new0(struct secret, 1);
		x->id = g_strdup(id);
		x->name = g_strdup(name);
		x->created_ns = json_integer_value(json_object_get(doc, "created"));
		x->labels = g_new0(char *, json_array_size(labels) + 1);
		json_array_foreach(labels, i, label)
			if (json_is_string(label))
				x->labels[n++] = g_strdup(json_string_value(label));
	}
	json_decref(doc);
	return x;
}

/* 1 and *ret, 0: none of that name, or -errno. */
static int load(int all, const char *name, struct secret **ret, struct err *e)
{
	g_autofree char *path = g_strdup_printf("%s/" RECORD, name), *text = NULL;
	size_t len;
	int r = name_valid(name) ? file_read(all, path, RECORD_MAX, &text, &len, e) : 0;

	if (!text && (r == 0 || r == -ENOENT || r == -ENOTDIR)) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "secret %s", name);
	*ret = parse(name, text, len);
	return *ret ? 1 : err_msg(e, EBADMSG, "secret %s: its " RECORD " is damaged", name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct secret *const *)a)->name, (*(struct secret *const *)b)->name);
}

int secret_list(struct store *s, struct secret ***ret, struct err *e)
{
	int all = open_all(s, e);
	DIR *d = all < 0 ? NULL : fdopendir(all);
	const struct dirent *entry;
	GPtrArray *list;

	if (all < 0)
		return all;
	if (!d) {
		fd_close(&all);
		return err_set(e, ENOMEM, "read %s/" DIRECTORY, s->root);
	}
	list = g_ptr_array_new();
	while ((entry = readdir(d))) {
		struct err damaged = ERR_INIT;
		struct secret *x;
		int r = load(all, entry->d_name, &x, &damaged);

		if (r > 0)
			g_ptr_array_add(list, x);
		else if (r < 0)
			log_warn("%s", damaged.msg);
	}
	(void)closedir(d);
	g_ptr_array_sort(list, by_name);
	g_ptr_array_add(list, NULL);
	*ret = (struct secret **)g_ptr_array_free(list, FALSE);
	return 0;
}

/* Among all, by (the beginning of) the ID. */
static int find_by_id(struct store *s, const char *prefix, struct secret **ret, struct err *e)
{
	struct secret **list;
	autosecret *found = NULL;
	int r = secret_list(s, &list, e), n = 0;

	if (r < 0)
		return r;
	for (struct secret **x = list; *x; x++) {
		if (*prefix && g_str_has_prefix((*x)->id, prefix) && n++ == 0)
			found = *x;
		else
			secret_free(*x);
	}
	g_free(list);
	if (n > 1)
		return err_msg(e, EINVAL, "more than one secret's ID starts with \"%s\"; give more digits", prefix);
	*ret = g_steal_pointer(&found);
	return n;
}

int secret_find(struct store *s, const char *name_or_id, struct secret **ret, struct err *e)
{
	autofd all = open_all(s, e);
	int r = all < 0 ? all : load(all, name_or_id, ret, e);

	return r != 0 ? r : find_by_id(s, name_or_id, ret, e);
}

static int stage(int dir, const char *id, const void *data, size_t len, char *const *labels, struct err *e)
{
	json_t *list = json_array(), *doc;
	char *text;
	int r;

	for (; labels && *labels; labels++)
		json_array_append_new(list, json_string(*labels));
	doc = json_pack("{s:s, s:I, s:o}", "id", id, "created", (json_int_t)text_now_ns(), "labels", list);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	r = file_replace(dir, RECORD, text, strlen(text), 0600, true, e);
	free(text);
	return r < 0 ? r : file_replace(dir, DATA, data, len, 0600, true, e);
}

static int check(const char *name, size_t len, struct err *e)
{
	if (!name_valid(name))
		return err_msg(e, EINVAL, "only %d [a-zA-Z0-9-_.] characters allowed, and the start and end character must be "
			       "[a-zA-Z0-9]: %.100s: invalid secret name", NAME_LEN_MAX, name);
	if (len == 0 || len >= SECRET_MAX)
		return err_msg(e, EINVAL, "secret data must be larger than 0 and less than %d bytes", SECRET_MAX);
	return 0;
}

int secret_create(struct store *s, const char *name, const void *data, size_t len, char *const *labels,
		  struct secret **ret, struct err *e)
{
	g_autofree char *id = text_random_hex((ID_DIGITS + 1) / 2), *staged = NULL;
	autofd all = -1, lock = -1, dir = -1;
	struct err ignored = ERR_INIT;
	int r = check(name, len, e);

	id[ID_DIGITS] = '\0';
	if (r == 0)
		r = MIN(all = open_all(s, e), 0);
	if (r == 0)
		r = MIN(dir = store_stage(s, &staged, &lock, e), 0);
	if (r < 0)
		return r;
	r = stage(dir, id, data, len, labels, e);
	if (r == 0 && renameat2(s->tmp_fd, staged, all, name, RENAME_NOREPLACE) < 0) {
		/* A file system that knows no flags: nor does rename replace a directory that is not empty. */
		r = errno == EINVAL && renameat(s->tmp_fd, staged, all, name) == 0 ? 0 : -errno;
		if (r == -EEXIST || r == -ENOTEMPTY)
			r = err_msg(e, EEXIST, "%s: secret name in use", name);
		else if (r < 0)
			r = err_set(e, -r, "create secret %s", name);
	}
	if (r < 0)
		(void)store_remove(s, s->tmp_fd, staged, &ignored);
	store_unstage(s, staged);
	if (r == 0 && fsync(all) < 0)
		r = err_set(e, errno, "fsync of %s/" DIRECTORY, s->root);
	if (r < 0)
		return r;
	r = load(all, name, ret, e);
	return r == 0 ? err_msg(e, ENOENT, "secret %s was removed at once by somebody else", name) : MIN(r, 0);
}

int secret_remove(struct store *s, const struct secret *x, struct err *e)
{
	g_autofree char *garbage = NULL;
	autofd all = open_all(s, e);
	int r = all < 0 ? all : store_discard(s, all, x->name, &garbage, e);

	if (r < 0)
		return err_wrap(e, "secret %s", x->name);
	if (!garbage)
		return err_msg(e, ENOENT, "no secret with name or id \"%s\": no such secret", x->name);
	return store_remove(s, s->tmp_fd, garbage, e);
}

int secret_open(struct store *s, const char *id, struct err *e)
{
	g_autofree char *path = NULL;
	autosecret *x = NULL;
	int fd, r = find_by_id(s, id, &x, e);

	if (r < 0)
		return r;
	path = r > 0 ? g_strdup_printf(DIRECTORY "/%s/" DATA, x->name) : NULL;
	fd = path ? openat(s->root_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (!path || (fd < 0 && errno == ENOENT))
		return err_msg(e, ENOENT, "no secret with name or id \"%s\": no such secret", id);
	return fd < 0 ? err_set(e, errno, "open secret %s", x->name) : fd;
}
