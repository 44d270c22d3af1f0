/* volume.c - see volume.h. A volume is there when its volume.json is; it is made in tmp/ and renamed. */
#include "storage/volume.h"

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

#include "core/base/event.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"

#define RECORD "volume.json"
#define RECORD_MAX ((size_t)1024 * 1024)
#define USED "used"             /* an empty file: it has been mounted */

void volume_free(struct volume *v)
{
	g_free(v->name);
	g_free(v->driver);
	g_free(v->mountpoint);
	g_strfreev(v->labels);
	g_strfreev(v->options);
	g_free(v);
}

void volume_list_free(struct volume **list)
{
	for (struct volume **v = list; v && *v; v++)
		volume_free(*v);
	g_free(list);
}

bool volume_name_valid(const char *name)
{
	size_t len = strnlen(name, 256);

	if (len < 1 || len > 255 || !g_ascii_isalnum(*name))
		return false;
	for (; *name; name++)
		if (!g_ascii_isalnum(*name) && !strchr("_.-", *name))
			return false;
	return true;
}

void volume_event(struct store *s, const char *status, const char *name)
{
	const struct event v = { .type = "volume", .status = status, .name = name };

	event_write(s->root_fd, &v, 1);
}

static char **strings_of(json_t *list)
{
	GPtrArray *v = g_ptr_array_new();
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
		if (json_is_string(entry))
			g_ptr_array_add(v, g_strdup(json_string_value(entry)));
	g_ptr_array_add(v, NULL);
	return (char **)g_ptr_array_free(v, FALSE);
}

static json_t *json_of(char *const *v)
{
	json_t *list = json_array();

	for (; v && *v; v++)
		json_array_append_new(list, json_string(*v));
	return list;
}

int volume_find(struct store *s, const char *name, struct volume **ret, struct err *e)
{
	g_autofree char *path = g_strdup_printf("%s/" RECORD, name);
	g_autofree char *used = g_strdup_printf("%s/" USED, name);
	g_autofree char *text = NULL;
	struct volume *v;
	size_t len;
	json_t *doc;
	int r;

	if (!volume_name_valid(name))
		return 0;
	r = file_read(s->volumes_fd, path, RECORD_MAX, &text, &len, e);
	if (r == -ENOENT || r == -ENOTDIR) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "volume %s", name);
	doc = json_loadb(text, len, 0, NULL);
	if (!json_is_object(doc)) {
		json_decref(doc);
		return err_msg(e, EBADMSG, "volume %s: its " RECORD " is damaged", name);
	}
	v = g_new0(struct volume, 1);
	v->name = g_strdup(name);
	v->driver = g_strdup("local");
	v->mountpoint = g_strdup_printf("%s/volumes/%s/data", s->root, name);
	v->created_ns = json_integer_value(json_object_get(doc, "created"));
	v->labels = strings_of(json_object_get(doc, "labels"));
	v->options = strings_of(json_object_get(doc, "options"));
	v->anonymous = json_is_true(json_object_get(doc, "anonymous"));
	v->needs_copy_up = faccessat(s->volumes_fd, used, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	json_decref(doc);
	*ret = v;
	return 1;
}

/* Fill the staging directory. */
static int stage_volume(int dir, const char *const *labels, const char *const *options, bool anonymous,
			struct err *e)
{
	json_t *doc = json_pack("{s:I,s:o,s:o,s:b}", "created", (json_int_t)text_now_ns(), "labels",
				json_of((char *const *)labels), "options", json_of((char *const *)options),
				"anonymous", (int)anonymous);
	char *text;
	int r;

	if (!doc)
		return err_msg(e, EINVAL, "a label or option is not UTF-8");
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	r = file_replace(dir, RECORD, text, strlen(text), 0600, !anonymous, e);
	free(text);
	if (r < 0)
		return r;
	/* As podman's: the container's root may give it away with chown. */
	if (mkdirat(dir, "data", 0755) < 0 || fchmodat(dir, "data", 0755, 0) < 0)
		return err_set(e, errno, "create the volume's directory");
	return 0;
}

int volume_create(struct store *s, const char *name, const char *const *labels, const char *const *options,
		  bool anonymous, struct volume **ret, struct err *e)
{
	g_autofree char *random = name ? NULL : text_random_hex(32);
	g_autofree char *staged = NULL;
	struct err ignored = ERR_INIT;
	autofd lock = -1;
	autofd dir = -1;
	int r;

	name = name ? name : random;
	if (!volume_name_valid(name))
		return err_msg(e, EINVAL, "volume name \"%.100s\" is not valid: names must match "
			       "[a-zA-Z0-9][a-zA-Z0-9_.-]*", name);
	dir = store_stage(s, &staged, &lock, e);
	if (dir < 0)
		return dir;
	r = stage_volume(dir, labels, options, anonymous, e);
	if (r < 0)
		(void)err_wrap(e, "create volume %s", name);
	if (r == 0 && renameat2(s->tmp_fd, staged, s->volumes_fd, name, RENAME_NOREPLACE) < 0) {
		r = errno == EINVAL && renameat(s->tmp_fd, staged, s->volumes_fd, name) == 0 ? 0 : -errno;
		if (r == -EEXIST || r == -ENOTEMPTY)
			r = err_msg(e, EEXIST, "volume with name %s already exists: volume already exists", name);
		else if (r < 0)
			r = err_set(e, -r, "create volume %s", name);
	}
	if (r < 0)
		(void)store_remove(s, s->tmp_fd, staged, &ignored);
	store_unstage(s, staged);
	if (r < 0)
		return r;
	volume_event(s, "create", name);
	if (!anonymous && fsync(s->volumes_fd) < 0)
		return err_set(e, errno, "fsync of %s/volumes", s->root);
	if (!ret)
		return 0;
	r = volume_find(s, name, ret, e);
	return r == 0 ? err_msg(e, ENOENT, "volume %s was removed at once by somebody else", name) : r < 0 ? r : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct volume *const *)a)->name, (*(struct volume *const *)b)->name);
}

int volume_list(struct store *s, struct volume ***ret, struct err *e)
{
	GPtrArray *list;
	const struct dirent *entry;
	int fd = openat(s->volumes_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		int code = errno;

		fd_close(&fd);
		return err_set(e, code, "open %s/volumes", s->root);
	}
	list = g_ptr_array_new();
	while ((entry = readdir(d))) {
		struct err damaged = ERR_INIT;
		struct volume *v;
		int r = volume_find(s, entry->d_name, &v, &damaged);

		if (r > 0)
			g_ptr_array_add(list, v);
		else if (r < 0)
			log_warn("%s", damaged.msg);
	}
	(void)closedir(d);
	g_ptr_array_sort(list, by_name);
	g_ptr_array_add(list, NULL);
	*ret = (struct volume **)g_ptr_array_free(list, FALSE);
	return 0;
}

int volume_remove(struct store *s, const char *name, struct err *e)
{
	g_autofree char *garbage = NULL;
	int r;

	if (!volume_name_valid(name))
		return err_msg(e, EINVAL, "\"%.100s\" is not a volume's name", name);
	r = store_discard(s, s->volumes_fd, name, &garbage, e);
	if (r < 0)
		return err_wrap(e, "volume %s", name);
	if (!garbage)
		return err_msg(e, ENOENT, "no volume with name \"%s\" found: no such volume", name);
	volume_event(s, "remove", name);
	return store_remove(s, s->tmp_fd, garbage, e);
}

int volume_mark_used(struct store *s, const struct volume *v, struct err *e)
{
	g_autofree char *path = g_strdup_printf("%s/" USED, v->name);
	autofd fd = openat(s->volumes_fd, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "volume %s", v->name) : 0;
}
