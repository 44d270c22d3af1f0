/* gc.c - removal, and what killed commands left; see store.h.
 *
 * Whatever is removed goes into tmp/ by one rename first, so that nobody ever sees half of it; the slow part
 * may be interrupted, the next collection goes on with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/container/container.h"
#include "core/container/names.h"
#include "core/runtime/idmap.h"
#include "storage/store.h"
#include "storage/volume.h"

/* In a child: the root of a user namespace that holds all ids the files can have. */
static int remove_mapped(struct store *s, const char *name, struct err *e)
{
	const struct idmap *map = idmap_store();
	pid_t parent = getpid();
	pid_t pid;
	int status;

	if (map->none || map->one_id)
		return -EACCES;
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (pid == 0) {
		int r;

		proc_die_with_parent(parent);
		r = idmap_enter(map, e);
		if (r == 0)
			r = path_remove_tree(s->tmp_fd, name);
		_exit(r == 0 ? 0 : r >= -255 ? -r : EIO);
	}
	status = proc_wait(pid);
	return status <= 0 ? status : -status;
}

/* Remove tmp/`name`, as ourselves where that is enough: entering a namespace costs a millisecond. */
static int remove_garbage(struct store *s, const char *name, struct err *e)
{
	int r = path_remove_tree(s->tmp_fd, name);

	if (r == -EACCES || r == -EPERM) {
		int mapped = remove_mapped(s, name, e);

		r = mapped == -EACCES ? r : mapped;
		err_clear(e);
	}
	if (r == 0)
		return 0;
	(void)err_set(e, -r, "remove %s/tmp/%s", s->root, name);
	return (r == -EPERM || r == -EACCES) && idmap_store()->one_id ?
	       err_hint(e, "it belongs to subordinate ids that are not available now; a later command with them "
			"removes it") : r;
}

int store_discard(struct store *s, int dirfd, const char *name, char **ret_garbage, struct err *e)
{
	g_autofree char *id = text_random_hex(8);
	g_autofree char *garbage = g_strconcat("rm-", id, NULL);

	*ret_garbage = NULL;
	if (renameat(dirfd, name, s->tmp_fd, garbage) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove %s", name);
	*ret_garbage = g_steal_pointer(&garbage);
	return 0;
}

int store_remove(struct store *s, int dirfd, const char *name, struct err *e)
{
	g_autofree char *garbage = NULL;
	int r = store_discard(s, dirfd, name, &garbage, e);

	return r == 0 && garbage ? remove_garbage(s, garbage, e) : r;
}

/* Collect one entry of tmp/ unless somebody holds it. */
static void collect_entry(struct store *s, const char *name)
{
	bool is_lock = g_str_has_suffix(name, ".lock");
	g_autofree char *dir = g_strdup(name);
	g_autofree char *lock_name = NULL;
	struct err e = ERR_INIT;
	autofd lock = -1;

	if (is_lock)
		dir[strlen(dir) - strlen(".lock")] = '\0';
	lock_name = g_strconcat(dir, ".lock", NULL);
	lock = openat(s->tmp_fd, lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0 && errno != ENOENT)
		return;
	if (lock >= 0 && lock_try(lock, LOCK_EXCLUSIVE) < 0)
		return;
	if (remove_garbage(s, dir, &e) < 0) {
		log_warn("%s, ignoring", e.msg);
		return;
	}
	if (lock >= 0)
		(void)unlinkat(s->tmp_fd, lock_name, 0);
}

typedef void entry_function(struct store *s, const char *name);

static int each_entry(struct store *s, int dirfd, const char *shown, entry_function *f, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		int code = errno;

		fd_close(&fd);
		return err_set(e, code, "open %s/%s", s->root, shown);
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			f(s, entry->d_name);
	(void)closedir(d);
	return 0;
}

static int remove_tree(void *ctx, int dirfd, const char *name, struct err *e)
{
	return store_remove(ctx, dirfd, name, e);
}

static void remove_anonymous(struct store *s, const char *name, bool unused)
{
	struct err e = ERR_INIT;
	autovolume *v = NULL;

	if (volume_find(s, name, &v, &e) <= 0 || !v->anonymous || (unused && !v->needs_copy_up))
		return;
	if (volume_remove(s, name, &e) < 0 && e.code != ENOENT)
		log_warn("volume %s: %s, ignoring", name, e.msg);
}

/* A container that a killed `create` left half-made, or a killed keeper should have removed. */
static void collect_container(struct store *s, const char *id)
{
	struct container_place place = { s->containers_fd, s->names_fd, s->run_fd, s->root, s->run, s->root_fd };
	autorecord *record = NULL;
	struct err e = ERR_INIT;
	autofd lock = -1;

	if (!text_is_hex(id, 64) || container_is_garbage(&place, id) <= 0)
		return;
	lock = container_lock(&place, id, &e);
	if (lock < 0 || container_is_left(&place, id) <= 0)
		return;
	err_clear(&e);
	(void)container_load(&place, id, &record, &e);
	err_clear(&e);
	for (size_t i = 0; record && record->auto_remove && i < record->n_mounts; i++)
		if (g_strcmp0(record->mounts[i].type, "volume") == 0 && record->mounts[i].name)
			remove_anonymous(s, record->mounts[i].name, false);
	if (container_remove(&place, id, record ? record->name : NULL, remove_tree, s, &e) < 0)
		log_warn("%s, ignoring", e.msg);
	else if (record)
		container_event(&place, record, "remove");
}

/* Does any container mount it? A record that can't be read may. */
static bool volume_is_referenced(const struct container_place *place, const char *name)
{
	struct err e = ERR_INIT;
	g_auto(GStrv) ids = NULL;

	if (container_list_ids(place, &ids, &e) < 0)
		return true;
	for (char **id = ids; *id; id++) {
		autorecord *r = NULL;

		err_clear(&e);
		if (container_load(place, *id, &r, &e) < 0) {
			if (e.code != ENOENT)
				return true;
			continue;
		}
		for (size_t i = 0; i < r->n_mounts; i++)
			if (g_strcmp0(r->mounts[i].name, name) == 0)
				return true;
	}
	return false;
}

/* Made for a container that was never written down: anonymous, never mounted, nobody's. */
static void collect_volume(struct store *s, const char *name)
{
	struct container_place place = { s->containers_fd, s->names_fd, s->run_fd, s->root, s->run, s->root_fd };
	struct err e = ERR_INIT;
	autovolume *v = NULL;

	if (text_is_hex(name, 64) && volume_find(s, name, &v, &e) > 0 && v->anonymous && v->needs_copy_up &&
	    !volume_is_referenced(&place, name))
		remove_anonymous(s, name, true);
}

static void collect_name(struct store *s, const char *name)
{
	struct container_place place = { s->containers_fd, s->names_fd, s->run_fd, s->root, s->run, s->root_fd };

	name_collect(&place, name);
}

int store_collect(struct store *s, struct err *e)
{
	autofd alone = -1;
	int r = each_entry(s, s->tmp_fd, "tmp", collect_entry, e);

	if (r < 0)
		return r;
	/* Who is making a container has the use lock; then the next command will look again. */
	alone = lock_open(s->root_fd, "locks/use");
	r = alone < 0 ? alone : lock_try(alone, LOCK_EXCLUSIVE);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return err_set(e, -r, "lock the images of the store %s", s->root);
	r = each_entry(s, s->containers_fd, "containers", collect_container, e);
	if (r == 0)
		r = each_entry(s, s->names_fd, "names", collect_name, e);
	return r < 0 ? r : each_entry(s, s->volumes_fd, "volumes", collect_volume, e);
}
