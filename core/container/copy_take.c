/* copy_take.c - the taker: makes the target of a copy. See copy.h.
 *
 * Forked by `cp`, in the user namespace that the target belongs to; holds the target and its end of the socket. Ends with
 * the giver's END, at the first fault, or when a signal asks for it; then nothing half-made is left of the file at hand.
 * Never follows a link below the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/container/copy.h"
#include "core/container/copy_data.h"
#include "core/container/copy_wire.h"

struct attribute { char *name; void *value; size_t len; };

/* A directory that is being filled. */
struct level {
	int fd;
	bool keep;              /* it was there before, and only its content was meant */
	bool fresh;             /* made by this copy */
	struct copy_message *meta;      /* of which the head is used */
};

struct taker {
	const struct copy_take *t;
	int sock;
	int into;               /* the directory that gets the first thing */
	char *name;             /* the first thing's name there; NULL: `into` itself */
	bool named;             /* it is the last part of the target's path */
	GArray *levels;         /* struct level */
	GPtrArray *attributes;  /* struct attribute, of what comes next */
	uid_t uid;
	gid_t gid;
	bool made;
	char temporary[32];     /* what the thing at hand is called until it is whole */
	struct copy_message m;
	struct err *e;
};

/* Where `name` is, from the path that the user gave on. g_free it. */
static char *path_to(const struct taker *k, const char *name)
{
	GString *s = g_string_new(k->t->path);

	/* The first thing has the target's own name, or one in that directory. */
	if (k->named && s->len)
		g_string_truncate(s, (gsize)(strrchr(s->str, '/') ? strrchr(s->str, '/') - s->str : 0));
	for (guint i = 0; i <= k->levels->len; i++) {
		const struct level *l = i < k->levels->len ? &g_array_index(k->levels, struct level, i) : NULL;

		if (l && l->keep)
			continue;
		if (s->len ? s->str[s->len - 1] != '/' : *k->t->path == '/')
			g_string_append_c(s, '/');
		g_string_append(s, !l ? name : i == 0 && k->name ? k->name : l->meta->name);
	}
	return g_string_free(s, FALSE);
}

static int cannot(struct taker *k, int code, const char *name)
{
	g_autofree char *path = path_to(k, name);

	return err_set(k->e, code, "copying to %s", path);
}

static int failed(struct taker *k, const char *name)
{
	return cannot(k, errno, name);
}

static void free_attribute(gpointer attribute)
{
	struct attribute *a = attribute;

	g_free(a->name);
	g_free(a->value);
	g_free(a);
}

static void take_attribute(struct taker *k)
{
	struct attribute *a = g_new0(struct attribute, 1);

	a->name = g_strdup(k->m.name);
	a->value = g_memdup2(k->m.text, k->m.text_len);
	a->len = k->m.text_len;
	g_ptr_array_add(k->attributes, a);
}

/* What a file system does not know, or its owner may not set, is left out. */
static void set_attributes(struct taker *k, int fd)
{
	for (guint i = 0; i < k->attributes->len; i++) {
		const struct attribute *a = k->attributes->pdata[i];

		if (fsetxattr(fd, a->name, a->value, a->len, 0) < 0)
			log_info("%s: attribute %s is left out: %s", k->m.name, a->name, strerror(errno));
	}
	g_ptr_array_set_size(k->attributes, 0);
}

static void times_of(const struct copy_message *m, struct timespec times[2])
{
	times[0] = (struct timespec){ .tv_nsec = UTIME_NOW };
	times[1] = (struct timespec){ m->mtime_s, m->mtime_ns };
}

/* Ids that the target has not stay root's. */
static int give_away(struct taker *k, int dir, const char *name, const struct copy_message *m)
{
	uid_t uid = k->t->give ? k->uid : m->uid;
	gid_t gid = k->t->give ? k->gid : m->gid;

	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	log_warn("%s: user %u and group %u have no ids there: it stays root's", m->name, uid, gid);
	return 0;
}

/* Owner, mode and time of an open file or directory: in this order, since each undoes what follows. */
static int dress(struct taker *k, int fd, const struct copy_message *m)
{
	struct timespec times[2];
	int r = give_away(k, fd, "", m);

	times_of(m, times);
	if (r == 0 && fchmod(fd, m->mode & 07777) < 0)
		r = -errno;
	if (r == 0 && futimens(fd, times) < 0)
		r = -errno;
	return r;
}

static int current(const struct taker *k)
{
	return k->levels->len ? g_array_index(k->levels, struct level, k->levels->len - 1).fd : k->into;
}

/* --- one thing, made beside its place ------------------------------------------------------------------------------ */

/* In a directory that was not there before, nobody takes half a tree for a whole one: things get their names at once. */
static bool is_fresh(const struct taker *k)
{
	return k->levels->len && g_array_index(k->levels, struct level, k->levels->len - 1).fresh;
}

static const char *new_name(struct taker *k)
{
	snprintf(k->temporary, sizeof k->temporary, ".coracle-cp.%08x~", g_random_int());
	return k->temporary;
}

/* Give it its name, in place of what has that. */
static int settle(struct taker *k, int dir, const char *name)
{
	int r = path_is_mount_point(dir, name) ? -EBUSY : renameat(dir, k->temporary, dir, name) < 0 ? -errno : 0;

	if ((r == -EISDIR || r == -ENOTEMPTY || r == -EEXIST) && k->t->overwrite) {
		r = path_remove_tree(dir, name);
		if (r == 0 && renameat(dir, k->temporary, dir, name) < 0)
			r = -errno;
	}
	/* Where both names are one file already, rename leaves both. */
	if (r < 0 || k->m.kind == COPY_LINK)
		(void)unlinkat(dir, k->temporary, 0);
	*k->temporary = '\0';
	k->made = true;
	if (r == -EISDIR)
		return err_msg(k->e, EISDIR, "cannot overwrite the directory \"%s\" with a file: use --overwrite", name);
	if (r < 0)
		(void)cannot(k, -r, name);
	return r == -EBUSY ? err_hint(k->e, "what is mounted there cannot be replaced") : r;
}

static int abandon(struct taker *k, int dir, const char *name, int code)
{
	(void)unlinkat(dir, *k->temporary ? k->temporary : name, 0);
	*k->temporary = '\0';
	return cannot(k, code, name);
}

static int take_file(struct taker *k, int dir, const char *name, int in)
{
	const int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	autofd out = is_fresh(k) ? openat(dir, name, flags, 0600) : -1;
	int r;

	if (out < 0)
		out = openat(dir, new_name(k), flags, 0600);
	if (out < 0)
		return failed(k, name);
	r = copy_data(in, out, k->m.size);
	set_attributes(k, out);
	if (r == 0)
		r = dress(k, out, &k->m);
	return r < 0 ? abandon(k, dir, name, -r) : *k->temporary ? settle(k, dir, name) : 0;
}

/* The path of the first name is below the first directory, as the target has it: without links. */
static int link_first(struct taker *k, int dir)
{
	char *slash = strrchr(k->m.text, '/');
	const char *base = slash ? slash + 1 : k->m.text;
	int top = k->levels->len ? g_array_index(k->levels, struct level, 0).fd : k->into;
	autofd from = -1;

	if (slash)
		*slash = '\0';
	from = path_open_beneath(top, slash ? k->m.text : ".", O_PATH | O_DIRECTORY, 0);
	if (from < 0)
		return from;
	return linkat(from, base, dir, new_name(k), 0) < 0 ? -errno : 0;
}

static int take_link(struct taker *k, int dir, const char *name, int in)
{
	if (link_first(k, dir) < 0)
		return take_file(k, dir, name, in);
	g_ptr_array_set_size(k->attributes, 0);
	return settle(k, dir, name);
}

/* A symbolic link or pipe. */
static int take_special(struct taker *k, int dir, const char *name)
{
	bool pipe = k->m.kind == COPY_FIFO;
	struct timespec times[2];
	int r;

	new_name(k);
	/* Its mode is set by making it: by a name it could be something else already, made by the container. */
	r = pipe ? mkfifoat(dir, k->temporary, k->m.mode & 0777) : symlinkat(k->m.text, dir, k->temporary);
	if (r < 0)
		return failed(k, name);
	times_of(&k->m, times);
	r = give_away(k, dir, k->temporary, &k->m);
	if (r == 0 && utimensat(dir, k->temporary, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	return r < 0 ? abandon(k, dir, name, -r) : settle(k, dir, name);
}

/* --- directories --------------------------------------------------------------------------------------------------- */

static void push(struct taker *k, int fd, bool keep, bool fresh)
{
	struct level l = { .fd = fd, .keep = keep, .fresh = fresh, .meta = g_memdup2(&k->m, COPY_HEAD) };

	g_array_append_val(k->levels, l);
	k->made = true;
}

/* 1: it is new, 0: it was there. */
static int make_dir(struct taker *k, int dir, const char *name)
{
	struct stat st;

	if (mkdirat(dir, name, 0700) == 0)
		return 1;
	if (errno != EEXIST || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(k, name);
	if (S_ISDIR(st.st_mode))
		return 0;
	if (!k->t->overwrite)
		return err_msg(k->e, EEXIST, "cannot overwrite \"%s\", which is no directory, with a directory: use --overwrite",
			       name);
	errno = EBUSY;
	return path_is_mount_point(dir, name) || unlinkat(dir, name, 0) < 0 || mkdirat(dir, name, 0700) < 0 ? failed(k, name) : 1;
}

static int enter(struct taker *k, int dir, const char *name)
{
	int fd, fresh;

	if (k->levels->len >= COPY_DEPTH_MAX)
		return err_msg(k->e, ELOOP, "%s: directories are nested too deeply", name);
	fresh = make_dir(k, dir, name);
	if (fresh < 0)
		return fresh;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(k, name);
	set_attributes(k, fd);
	push(k, fd, false, fresh);
	return 0;
}

/* Only what is in the source goes into a directory that is there. */
static int enter_target(struct taker *k)
{
	int fd = openat(k->into, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(k->e, errno, "copying to %s", k->t->path);
	g_ptr_array_set_size(k->attributes, 0);
	push(k, fd, true, false);
	return 0;
}

static int leave(struct taker *k)
{
	struct level l;
	int r;

	if (!k->levels->len)
		return err_msg(k->e, EPROTO, "the copy's source does not make sense");
	l = g_array_index(k->levels, struct level, k->levels->len - 1);
	g_array_set_size(k->levels, k->levels->len - 1);
	r = l.keep ? 0 : dress(k, l.fd, l.meta);
	if (r < 0)
		(void)cannot(k, -r, k->levels->len || !k->name ? l.meta->name : k->name);
	(void)close(l.fd);
	g_free(l.meta);
	return r;
}

/* --- the target ---------------------------------------------------------------------------------------------------- */

static int not_found(const struct copy_take *t, int code, struct err *e)
{
	return t->place.container ? err_set(e, code, "\"%s\" could not be found on container %s", t->path, t->place.container) :
	       err_set(e, code, "\"%s\" could not be found on the host", t->path);
}

static bool is_regular(const struct copy_found *f)
{
	struct stat st;

	return fstatat(f->parent, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static bool is_mounted(const struct copy_place *p, uint64_t mount)
{
	struct statx st;

	return p->root >= 0 && statx(p->root, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 && st.stx_mask & STATX_MNT_ID &&
	       st.stx_mnt_id != mount;
}

/* START has come: where do things go, and what is the first one called? */
static int find_target(struct taker *k)
{
	const struct copy_take *t = k->t;
	bool directory = k->m.mode == 0 || S_ISDIR(k->m.mode), mounted;
	autofound f = { .parent = -1 };
	int r = copy_find(&t->place, t->path, &f);

	if (r == 0 && !f.exists && f.slash)
		r = -ENOENT;
	if (r < 0)
		return not_found(t, -r, k->e);
	if (f.exists && !f.directory && !t->place.container && !is_regular(&f))
		return err_msg(k->e, EINVAL, "invalid destination: \"%s\" must be a directory or a regular file", t->path);
	if (f.exists && !f.directory && directory)
		return err_msg(k->e, ENOTDIR, "destination must be a directory when copying a directory");
	k->into = f.directory ? openat(f.parent, f.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : take_fd(&f.parent);
	if (k->into < 0)
		return not_found(t, errno, k->e);
	k->named = !f.directory;
	if (!f.directory)
		k->name = g_steal_pointer(&f.name);
	else if (k->m.mode != 0)
		k->name = g_strdup(k->m.name);
	mounted = is_mounted(&t->place, f.mount);
	k->uid = mounted ? t->uid_mounted : t->uid;
	k->gid = mounted ? t->gid_mounted : t->gid;
	return 0;
}

/* --- what comes ---------------------------------------------------------------------------------------------------- */

static bool is_component(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int take_thing(struct taker *k, int in)
{
	bool first = k->levels->len == 0;
	const char *name = first ? k->name : k->m.name;
	int dir = current(k);

	if (first && k->made)
		return err_msg(k->e, EPROTO, "the copy's source does not make sense");
	if (first && !name && k->m.kind == COPY_ENTER)
		return enter_target(k);
	if (!name || !is_component(name))
		return err_msg(k->e, EPROTO, "the copy's source has no name");
	switch (k->m.kind) {
	case COPY_ENTER:
		return enter(k, dir, name);
	case COPY_FILE:
		return in < 0 ? err_msg(k->e, EPROTO, "%s came without its content", name) : take_file(k, dir, name, in);
	case COPY_LINK:
		return in < 0 ? err_msg(k->e, EPROTO, "%s came without its content", name) : take_link(k, dir, name, in);
	default:
		return take_special(k, dir, name);
	}
}

static int told_error(struct taker *k)
{
	memcpy(k->e, k->m.text, MIN(k->m.text_len, sizeof *k->e));
	k->e->msg[sizeof k->e->msg - 1] = '\0';
	return -(k->e->code ? k->e->code : (k->e->code = EIO));
}

/* 1: go on, 0: all is there. */
static int take_message(struct taker *k, int in)
{
	int r = 0;

	switch (k->m.kind) {
	case COPY_ERROR:
		return told_error(k);
	case COPY_START:
		r = find_target(k);
		break;
	case COPY_XATTR:
		take_attribute(k);
		break;
	case COPY_LEAVE:
		r = leave(k);
		break;
	case COPY_END:
		return k->made ? 0 : err_msg(k->e, ENOENT, "what was to be copied is gone");
	default:
		r = take_thing(k, in);
	}
	return r < 0 ? r : 1;
}

static int receive(struct taker *k, int *ret_in)
{
	size_t n = 1;
	ssize_t len = fd_recv(k->sock, &k->m, sizeof k->m, ret_in, &n);

	if (n == 0)
		*ret_in = -1;
	if (len == 0)
		return err_msg(k->e, EPIPE, "the source of the copy ended early");
	if (len < (ssize_t)COPY_HEAD || (size_t)len != COPY_HEAD + k->m.text_len || k->m.kind >= COPY_KIND_COUNT)
		return err_msg(k->e, EPROTO, "the copy's source does not make sense");
	k->m.name[sizeof k->m.name - 1] = '\0';
	k->m.text[MIN(k->m.text_len, sizeof k->m.text - 1)] = '\0';
	return 0;
}

int copy_take(const struct copy_take *t, int sock, struct err *e)
{
	struct taker *k = g_new0(struct taker, 1);
	int r = 1;

	k->t = t;
	k->sock = sock;
	k->into = -1;
	k->e = e;
	k->levels = g_array_new(FALSE, FALSE, sizeof(struct level));
	k->attributes = g_ptr_array_new_with_free_func(free_attribute);
	umask(0);
	copy_data_interruptible();
	while (r > 0) {
		autofd in = -1;

		r = receive(k, &in);
		if (r == 0)
			r = take_message(k, in);
	}
	for (guint i = 0; i < k->levels->len; i++) {
		(void)close(g_array_index(k->levels, struct level, i).fd);
		g_free(g_array_index(k->levels, struct level, i).meta);
	}
	g_array_unref(k->levels);
	g_ptr_array_unref(k->attributes);
	fd_close(&k->into);
	g_free(k->name);
	g_free(k);
	return r;
}
