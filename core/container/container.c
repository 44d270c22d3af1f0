/* container.c - see container.h. */
#include "core/container/container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/container/names.h"
#include "core/container/record.h"

struct container_record *container_record_new(void)
{
	return g_new0(struct container_record, 1);
}

void container_record_free(struct container_record *r)
{
	arena_free(&r->arena);
	g_free(r);
}

/* Make containers/<id> and hold its lock. A collector may take the directory for garbage between the two: then
 * the lock file is no longer linked and the work is done again. */
static int make_locked_directory(const struct container_place *p, const char *id, int *ret_fd, int *ret_lock,
				 struct err *e)
{
	for (int tries = 0; tries < 10; tries++) {
		autofd fd = -1;
		autofd lock = -1;
		struct stat st;
		int r;

		if (mkdirat(p->containers_fd, id, 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "create %s/%s", p->containers_path, id);
		fd = openat(p->containers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_set(e, errno, "open %s/%s", p->containers_path, id);
		lock = lock_open(fd, LOCK_FILE);
		if (lock == -ENOENT)
			continue;
		r = lock < 0 ? lock : lock_try(lock, LOCK_EXCLUSIVE);
		if (r == -EAGAIN)
			continue;
		if (r < 0)
			return err_set(e, -r, "lock %s/%s", p->containers_path, id);
		if (fstat(lock, &st) == 0 && st.st_nlink == 0)
			continue;
		*ret_fd = take_fd(&fd);
		*ret_lock = take_fd(&lock);
		return 0;
	}
	return err_msg(e, EBUSY, "create %s/%s: it keeps being removed", p->containers_path, id);
}

static int claim_random_name(const struct container_place *p, struct container_record *r, struct err *e)
{
	for (int tries = 0; tries < 20; tries++) {
		g_autofree char *name = name_random();
		int ret;

		if (tries > 4) {        /* many containers: more room */
			char *longer = g_strdup_printf("%s%d", name, (int)(g_random_int() % 10000));

			g_free(name);
			name = longer;
		}
		ret = name_claim(p, name, r->id, e);
		if (ret == 0)
			r->name = arena_strdup(&r->arena, name);
		if (ret != -EEXIST)
			return ret;
		err_clear(e);
	}
	return err_msg(e, EEXIST, "no free container name found; give one with --name");
}

int container_reserve(const struct container_place *p, struct container_record *r, int *ret_fd, int *ret_lock,
		      struct err *e)
{
	autofd fd = -1;
	autofd lock = -1;
	int ret;

	if (r->name && !container_name_valid(r->name))
		return err_msg(e, EINVAL, "container name \"%s\" is not valid: names must match "
			       "[a-zA-Z0-9][a-zA-Z0-9_.-]*", r->name);
	if (!r->id) {
		g_autofree char *id = text_random_hex(32);

		r->id = arena_strdup(&r->arena, id);
	}
	ret = make_locked_directory(p, r->id, &fd, &lock, e);
	if (ret < 0)
		return ret;
	ret = r->name ? name_claim(p, r->name, r->id, e) : claim_random_name(p, r, e);
	if (ret < 0) {
		(void)unlinkat(fd, LOCK_FILE, 0);
		(void)unlinkat(p->containers_fd, r->id, AT_REMOVEDIR);
		return ret;
	}
	if (r->created_ns == 0)
		r->created_ns = text_now_ns();
	*ret_fd = take_fd(&fd);
	*ret_lock = take_fd(&lock);
	return 0;
}

int container_commit(int container_fd, const struct container_record *r, const char *config_json, bool durable,
		     struct err *e)
{
	char *text;
	int ret = file_replace(container_fd, CONFIG_FILE, config_json, strlen(config_json), 0600, durable, e);

	if (ret < 0)
		return ret;
	text = record_to_json(r);
	if (!text)
		return err_msg(e, EINVAL, "the container's record cannot be written as JSON");
	ret = file_replace(container_fd, RECORD_FILE, text, strlen(text), 0600, durable, e);
	free(text);
	return ret;
}

int container_open(const struct container_place *p, const char *id, struct err *e)
{
	int fd = openat(p->containers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_msg(e, ENOENT, "no container with ID \"%s\" found", id);
	return fd < 0 ? err_set(e, errno, "open %s/%s", p->containers_path, id) : fd;
}

int container_lock(const struct container_place *p, const char *id, struct err *e)
{
	autofd dir = container_open(p, id, e);
	autofd lock = -1;
	struct stat st;
	int r;

	if (dir < 0)
		return dir;
	lock = lock_open(dir, LOCK_FILE);
	r = lock < 0 ? lock : lock_try(lock, LOCK_EXCLUSIVE);
	if (r == -EAGAIN)
		return err_msg(e, EBUSY, "container %.12s is running", id);
	if (r == 0 && fstat(lock, &st) == 0 && st.st_nlink == 0)
		r = -ENOENT;
	if (r == -ENOENT)
		return err_msg(e, ENOENT, "no container with ID \"%s\" found", id);
	return r < 0 ? err_set(e, -r, "lock %s/%s", p->containers_path, id) : take_fd(&lock);
}

int container_load(const struct container_place *p, const char *id, struct container_record **ret, struct err *e)
{
	g_autofree char *text = NULL;
	autorecord *r = NULL;
	char path[96];
	size_t len;
	int x;

	if (!container_id_valid(id))
		return err_msg(e, ENOENT, "no container with ID \"%s\" found", id);
	snprintf(path, sizeof path, "%.64s/" RECORD_FILE, id);
	x = file_read(p->containers_fd, path, RECORD_MAX, &text, &len, e);
	if (x == -ENOENT) {
		err_clear(e);
		return err_msg(e, ENOENT, "no container with ID \"%s\" found", id);
	}
	if (x < 0)
		return err_wrap(e, "container %.12s", id);
	r = container_record_new();
	x = record_from_json(text, len, r, e);
	if (x < 0)
		return err_wrap(e, "%s/%s/" RECORD_FILE, p->containers_path, id);
	if (strcmp(r->id, id) != 0)
		return err_msg(e, EBADMSG, "%s/%s/" RECORD_FILE " is of another container", p->containers_path, id);
	*ret = g_steal_pointer(&r);
	return 0;
}

/* It was renamed since the caller read its record. */
static void release_new_name(const struct container_place *p, const char *id)
{
	autorecord *r = NULL;
	struct err e = ERR_INIT;

	if (container_load(p, id, &r, &e) == 0)
		(void)name_release(p, r->name, id);
}

int container_remove(const struct container_place *p, const char *id, const char *name,
		     container_tree_remover *remove, void *ctx, struct err *e)
{
	char run[96], record[96];
	int r;

	if (name && !name_release(p, name, id))
		release_new_name(p, id);
	/* From here on it is gone for everybody; what is left if we are killed now is garbage. */
	snprintf(record, sizeof record, "%.64s/" RECORD_FILE, id);
	(void)unlinkat(p->containers_fd, record, 0);
	snprintf(run, sizeof run, "containers/%s", id);
	(void)path_remove_tree(p->run_fd, run);
	r = remove ? remove(ctx, p->containers_fd, id, e) : path_remove_tree(p->containers_fd, id);
	if (r < 0 && !remove)
		return err_set(e, -r, "remove %s/%s", p->containers_path, id);
	return r;
}

int container_is_garbage(const struct container_place *p, const char *id)
{
	char path[96];
	int held;

	snprintf(path, sizeof path, "%s/" LOCK_FILE, id);
	held = lock_is_held(p->containers_fd, path);
	return held != 0 ? MIN(held, 0) : container_is_left(p, id);
}

int container_is_left(const struct container_place *p, const char *id)
{
	struct err e = ERR_INIT;
	struct container_state st;
	autorecord *r = NULL;
	char path[96];

	snprintf(path, sizeof path, "%s/" RECORD_FILE, id);
	if (faccessat(p->containers_fd, path, F_OK, 0) < 0)
		return errno == ENOENT ? 1 : -errno;
	if (container_load(p, id, &r, &e) < 0 || !r->auto_remove)
		return 0;
	/* With its lock held by the caller it looks as if it ran. */
	return container_read_state(p, id, &st, &e) == 0 && st.status != CONTAINER_CREATED;
}

/* 1: the only container whose ID starts with `prefix`; 0: none; -errno. */
static int find_prefix(const struct container_place *p, const char *prefix, char **ret_id, struct err *e)
{
	g_auto(GStrv) ids = NULL;
	const char *found = NULL;
	int r;

	for (const char *c = prefix; *c; c++)
		if (!g_ascii_isxdigit(*c) || g_ascii_isupper(*c))
			return 0;
	r = container_list_ids(p, &ids, e);
	if (r < 0)
		return r;
	for (char **id = ids; *id; id++) {
		if (!g_str_has_prefix(*id, prefix))
			continue;
		if (found)
			return err_msg(e, EINVAL, "more than one container ID starts with \"%s\"; give more digits",
				       prefix);
		found = *id;
	}
	if (!found)
		return 0;
	*ret_id = g_strdup(found);
	return 1;
}

int container_find(const struct container_place *p, const char *name_or_id, char **ret_id, struct err *e)
{
	char id[65], path[96];
	int r;

	if (!container_name_valid(name_or_id))  /* also keeps "/" and ".." out of the paths below */
		return 0;
	r = name_lookup(p, name_or_id, id);
	if (r < 0 && r != -EINVAL)
		return err_set(e, -r, "look up the container name %s", name_or_id);
	if (r == 1) {
		*ret_id = g_strdup(id);
		return 1;
	}
	if (!container_id_valid(name_or_id))
		return find_prefix(p, name_or_id, ret_id, e);
	snprintf(path, sizeof path, "%s/" RECORD_FILE, name_or_id);
	if (faccessat(p->containers_fd, path, F_OK, 0) < 0)
		return 0;
	*ret_id = g_strdup(name_or_id);
	return 1;
}

int container_list_directories(const struct container_place *p, char ***ret, struct err *e)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(p->containers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!d)
		return err_set(e, errno, "read %s", p->containers_path);
	while ((de = readdir(d)))
		if (container_id_valid(de->d_name))
			g_ptr_array_add(all, g_strdup(de->d_name));
	(void)closedir(d);
	g_ptr_array_add(all, NULL);
	*ret = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
	return 0;
}

struct listed { char *id; int64_t mtime_ns; };

static int newest_first(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->mtime_ns != y->mtime_ns)
		return x->mtime_ns < y->mtime_ns ? 1 : -1;
	return strcmp(x->id, y->id);
}

int container_list_ids(const struct container_place *p, char ***ret, struct err *e)
{
	g_autofree struct listed *all = NULL;
	char **ids, **to;
	size_t n = 0;
	int r = container_list_directories(p, &ids, e);

	if (r < 0)
		return r;
	all = g_new(struct listed, g_strv_length(ids) + 1);
	for (char **id = ids; *id; id++) {
		char path[96];
		struct stat st;

		snprintf(path, sizeof path, "%.64s/" RECORD_FILE, *id);
		if (fstatat(p->containers_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			g_free(*id);
		else
			all[n++] = (struct listed){ *id, st.st_mtim.tv_sec * INT64_C(1000000000) +
						    st.st_mtim.tv_nsec };
	}
	qsort(all, n, sizeof *all, newest_first);
	to = ids;
	for (size_t i = 0; i < n; i++)
		*to++ = all[i].id;
	*to = NULL;
	*ret = ids;
	return 0;
}
