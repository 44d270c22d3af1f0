/* layer.c - see layer.h. */
#include "storage/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/oci/image_spec.h"

#define INFO_MAX (1024 * 1024)

const char *layer_name(const char *diff_id)
{
	const char *colon = strchr(diff_id, ':');

	return digest_valid(diff_id) ? colon + 1 : NULL;
}

int layer_exists(struct store *s, const char *diff_id)
{
	const char *name = layer_name(diff_id);

	if (!name)
		return -EINVAL;
	if (faccessat(s->layers_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int layer_lock(struct store *s, const char *diff_id, struct err *e)
{
	const char *name = layer_name(diff_id);
	char file[16 + DIGEST_MAX];

	if (!name)
		return err_msg(e, EINVAL, "\"%.100s\" is not a layer's digest", diff_id);
	snprintf(file, sizeof file, "locks/layer-%s", name);
	for (;;) {
		autofd fd = lock_open(s->root_fd, file);
		int r = fd < 0 ? fd : lock_wait(fd, LOCK_EXCLUSIVE);
		struct stat st;

		if (r < 0)
			return err_set(e, -r, "lock layer %s", diff_id);
		/* Who published the layer, or a collector, has removed the file while we waited. */
		if (fstat(fd, &st) == 0 && st.st_nlink > 0)
			return take_fd(&fd);
	}
}

int layer_open_tree(struct store *s, const char *diff_id, struct err *e)
{
	const char *name = layer_name(diff_id);
	char path[DIGEST_MAX + 8];
	int fd;

	if (!name)
		return err_msg(e, EINVAL, "\"%.100s\" is not a layer's digest", diff_id);
	snprintf(path, sizeof path, "%s/tree", name);
	fd = openat(s->layers_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		err_msg(e, ENOENT, "layer %s is missing from the store", diff_id);
		return err_hint(e, "pull the image again");
	}
	return fd < 0 ? err_set(e, errno, "open layer %s", diff_id) : fd;
}

int64_t layer_size(struct store *s, const char *diff_id)
{
	const char *name = layer_name(diff_id);
	struct err ignored = ERR_INIT;
	g_autofree char *text = NULL;
	char path[DIGEST_MAX + 8];
	size_t len;
	json_t *info;
	int64_t size;

	if (!name)
		return 0;
	snprintf(path, sizeof path, "%s/info", name);
	if (file_read(s->layers_fd, path, INFO_MAX, &text, &len, &ignored) < 0)
		return 0;
	info = json_loadb(text, len, 0, NULL);
	size = json_integer_value(json_object_get(info, "size"));
	json_decref(info);
	return size > 0 ? size : 0;
}

int layer_publish(struct store *s, const char *staged_name, const char *diff_id, struct err *e)
{
	const char *name = layer_name(diff_id);
	char layer_lock_name[16 + DIGEST_MAX];
	int r = 0;

	if (!name)
		return err_msg(e, EINVAL, "\"%.100s\" is not a layer's digest", diff_id);
	/* Onto a directory that is there and full, rename says so: then somebody else was first. */
	if (renameat(s->tmp_fd, staged_name, s->layers_fd, name) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST)
			return err_set(e, errno, "publish layer %s", diff_id);
		r = store_remove(s, s->tmp_fd, staged_name, e);
	}
	store_unstage(s, staged_name);
	snprintf(layer_lock_name, sizeof layer_lock_name, "locks/layer-%s", name);
	(void)unlinkat(s->root_fd, layer_lock_name, 0);
	return r;
}
