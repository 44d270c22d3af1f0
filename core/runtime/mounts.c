/* mounts.c - see mounts.h. */
#include "core/runtime/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/copyup.h"
#include "core/runtime/idmapped.h"
#include "core/runtime/mount_options.h"

int mount_clone(int dirfd, const char *path, bool recursive)
{
	int fd = open_tree(dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH) |
			   (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : fd;
}

int mount_attach(int mount_fd, int target)
{
	return move_mount(mount_fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ?
	       -errno : 0;
}

/* Before Linux 5.12 there is only mount(2) by name, which replaces all flags: keep those that are there. */
static int change_by_remount(int mount_fd, uint64_t set, uint64_t propagation)
{
	char path[32];
	struct statvfs st;
	unsigned long flags = MS_REMOUNT | MS_BIND;

	path_of_fd(mount_fd, path);
	if (set && fstatvfs(mount_fd, &st) == 0)
		flags |= st.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME | ST_NODIRATIME);
	/* The low flags have the same numbers in MS_ and MOUNT_ATTR_. */
	flags |= set & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	if (set && mount(NULL, path, NULL, flags, NULL) < 0)
		return -errno;
	if (propagation && mount(NULL, path, NULL, propagation | MS_REC, NULL) < 0)
		return -errno;
	return 0;
}

int mount_change(int mount_fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct mount_attr attr = { .attr_set = set, .propagation = propagation,
				   .attr_clr = set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0 };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if ((set || propagation) && mount_setattr(mount_fd, "", flags, &attr, sizeof attr) < 0) {
		if (errno == ENOSYS)
			return change_by_remount(mount_fd, set, propagation);
		/* The host locked the kind of access times (user namespaces): that is no reason to fail. */
		if (errno != EPERM || !(set & (MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME)))
			return -errno;
		attr.attr_set &= ~(uint64_t)(MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME);
		attr.attr_clr = 0;
		if (mount_setattr(mount_fd, "", flags, &attr, sizeof attr) < 0)
			return -errno;
	}
	clear &= ~(uint64_t)MOUNT_ATTR__ATIME;
	if (clear) {
		attr = (struct mount_attr){ .attr_clr = clear };
		/* "rw" of a mount that is read-only for a reason, "exec" of a noexec one: what is locked stays. */
		if (mount_setattr(mount_fd, "", flags, &attr, sizeof attr) < 0 && errno != EPERM && errno != ENOSYS)
			return -errno;
	}
	return 0;
}

/* The kernel's own words about a failed fsconfig(2), or "". */
static void read_reason(int fs, char *buf, size_t size)
{
	ssize_t n = read(fs, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	g_strchomp(buf);
	/* "e tmpfs: Bad value for 'size'": the first letter is the kind of message. */
	if (strlen(buf) > 2 && buf[1] == ' ')
		memmove(buf, buf + 2, strlen(buf + 2) + 1);
}

static int fs_error(int fs, int code, const char *what, struct err *e)
{
	char reason[256];

	read_reason(fs, reason, sizeof reason);
	return *reason ? err_msg(e, code, "%s: %s", what, reason) : err_set(e, code, "%s", what);
}

static int configure(int fs, const char *const *data, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		const char *eq = strchr(data[i], '=');
		g_autofree char *key = g_strndup(data[i], eq ? (size_t)(eq - data[i]) : strlen(data[i]));

		if (fsconfig(fs, eq ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, eq ? eq + 1 : NULL, 0) < 0)
			return fs_error(fs, errno, data[i], e);
	}
	return 0;
}

int mount_new(const char *type, const char *source, const char *const *data, unsigned n_data, uint64_t attr,
	      struct err *e)
{
	autofd fs = fsopen(type, FSOPEN_CLOEXEC), fd = -1;

	if (fs < 0)
		return errno == ENODEV ? err_msg(e, ENODEV, "the kernel has no file system '%s'", type) :
		       err_set(e, errno, "file system %s", type);
	if (source && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(fs, errno, source, e);
	if (configure(fs, data, n_data, e) < 0)
		return -e->code;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, errno, type, e);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attr);
	if (fd < 0)
		return fs_error(fs, errno, type, e);
	return take_fd(&fd);
}

static bool is_bind(const struct rspec_mount *m)
{
	if (m->type && !strcmp(m->type, "bind"))
		return true;
	for (char **o = m->options; o && *o; o++)
		if (!strcmp(*o, "bind") || !strcmp(*o, "rbind"))
			return true;
	return false;
}

static bool is_recursive(const struct rspec_mount *m)
{
	for (char **o = m->options; o && *o; o++)
		if (!strcmp(*o, "rbind"))
			return true;
	return false;
}

bool mounts_dev_is_foreign(const struct rspec *spec)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (!strcmp(spec->mounts[i].destination, "/dev") && is_bind(&spec->mounts[i]))
			return true;
	return false;
}

static int open_source(const struct rspec *spec, const struct rspec_mount *m, struct err *e)
{
	bool all = is_recursive(m);
	int fd;

	if (!m->source || !*m->source)
		return err_msg(e, EINVAL, "bind mount at %s: no source", m->destination);
	fd = mount_clone(AT_FDCWD, m->source, all);
	/* Mounts below a directory that the host locked to it can't be left out: see mount_namespaces(7). */
	if (fd == -EINVAL && !all)
		fd = mount_clone(AT_FDCWD, m->source, true);
	if (fd < 0)
		return err_set(e, -fd, "bind %s at %s", m->source, m->destination);
	if (idmapped_wanted(m) && idmapped_apply(spec, m, fd, e) < 0) {
		fd_close(&fd);
		return err_wrap(e, "bind %s at %s", m->source, m->destination);
	}
	return fd;
}

int mounts_open_sources(struct mounts *m, struct err *e)
{
	const struct rspec *s = m->spec;

	m->sources = g_renew(int, m->sources, s->n_mounts + 1);
	for (size_t i = m->n_sources; i < s->n_mounts; i++) {
		m->sources[i] = is_bind(&s->mounts[i]) ? open_source(s, &s->mounts[i], e) : -1;
		if (m->sources[i] < 0 && e->code)
			return -e->code;
		m->n_sources = i + 1;
	}
	return 0;
}

/* The place of a mount inside the root, made when it is missing: a file for a file, else a directory. */
static int open_target(int rootfd, const char *destination, bool directory)
{
	return directory ? path_mkdirs_in_root(rootfd, destination, 0755) :
	       path_mkfile_in_root(rootfd, destination, 0644);
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || S_ISDIR(st.st_mode);
}

static int no_mount_point(int code, struct err *e)
{
	(void)err_set(e, code, "the mount point can't be made");
	/* Only a directory that is used as root, and belongs to somebody else, is closed to its root. */
	return code == EACCES || code == EOVERFLOW ?
	       err_hint(e, "the container's root may not write to this root file system") : -code;
}

static int make_bind(struct mounts *m, size_t i, int rootfd, struct mount_options *o, struct err *e)
{
	const struct rspec_mount *s = &m->spec->mounts[i];
	autofd target = -1, tree = m->sources[i];
	bool directory = is_directory(tree);
	int r;

	m->sources[i] = -1;
	target = open_target(rootfd, s->destination, directory);
	if (target < 0)
		return no_mount_point(-target, e);
	r = mount_attach(tree, target);
	if (r < 0)
		return err_set(e, -r, "bind");
	/* The control groups below it would stay writable: whoever wants a read-only /sys does not mean that. */
	if (o->recursive && !strcmp(s->source, "/sys") && (o->set & MOUNT_ATTR_RDONLY))
		o->set_all |= MOUNT_ATTR_RDONLY;
	/* The default is a copy that nothing flows into or out of. A file has nothing below it: one call does both. */
	if (!directory && (!o->propagation || o->propagation_all)) {
		r = mount_change(tree, false, o->set, o->clear, o->propagation ? o->propagation : MS_PRIVATE);
	} else {
		r = mount_change(tree, !o->propagation || o->propagation_all, 0, 0,
				 o->propagation ? o->propagation : MS_PRIVATE);
		if (r == 0 && (o->set || o->clear))
			r = mount_change(tree, false, o->set, o->clear, 0);
	}
	if (r == 0 && (o->set_all || o->clear_all))
		r = mount_change(tree, true, o->set_all, o->clear_all, 0);
	return r < 0 ? err_set(e, -r, "set the mount's options") : 0;
}

/* Did the user say whose the directory is, or with what mode? Then it is not as the image's. */
static bool has_owner_or_mode(const struct mount_options *o)
{
	for (size_t i = 0; i < o->n_data; i++)
		if (g_str_has_prefix(o->data[i], "mode=") || g_str_has_prefix(o->data[i], "uid=") ||
		    g_str_has_prefix(o->data[i], "gid="))
			return true;
	return false;
}

/* What is masked below them, and what we write through them, is found by name again: a link could be changed meanwhile. */
static bool is_by_link(int rootfd, const char *destination)
{
	g_autofree char *clean = path_normalize("/", destination);
	autofd fd = path_open_beneath(rootfd, clean[1] ? clean + 1 : ".", O_PATH, 0);

	return fd == -ELOOP;
}

/* linux.mountLabel: the SELinux context of a new file system's files. */
static int add_label(const struct rspec *s, struct mount_options *o, char **ret, struct err *e)
{
	if (!s->mount_label || !*s->mount_label)
		return 0;
	if (access("/sys/fs/selinux/enforce", F_OK) < 0)
		return err_msg(e, ENOTSUP, "linux.mountLabel: SELinux is not enabled on this machine");
	if (o->n_data == MOUNT_DATA_MAX)
		return err_msg(e, E2BIG, "more than %d options", MOUNT_DATA_MAX);
	*ret = g_strconcat("context=", s->mount_label, NULL);
	o->data[o->n_data++] = *ret;
	return 0;
}

/* A tmpfs of no other mode has that of the directory that it hides, as runc's has. */
static void add_mode(int rootfd, const struct rspec_mount *s, struct mount_options *o, char **ret)
{
	autofd there = -1;
	struct stat st;

	if (!s->type || strcmp(s->type, "tmpfs") != 0 || o->copy_up || o->n_data == MOUNT_DATA_MAX)
		return;
	for (size_t i = 0; i < o->n_data; i++)
		if (g_str_has_prefix(o->data[i], "mode="))
			return;
	there = path_open_in_root(rootfd, s->destination, O_PATH | O_DIRECTORY, 0);
	if (there < 0 || fstat(there, &st) < 0)
		return;
	*ret = g_strdup_printf("mode=%o", st.st_mode & 07777);
	o->data[o->n_data++] = *ret;
}

static int make_fs(struct mounts *m, const struct rspec_mount *s, int rootfd, struct mount_options *o,
		   struct err *e)
{
	autofd target = -1, fd = -1;
	const char *type = s->type ? s->type : "none";
	g_autofree char *label = NULL, *mode = NULL;
	bool bound = false;
	int r = 0;

	add_mode(rootfd, s, o, &mode);
	target = path_mkdirs_in_root(rootfd, s->destination, 0755);
	if (target < 0)
		return no_mount_point(-target, e);
	fd = mount_new_special(m, s, o, e);
	bound = fd >= 0 && o->bind;
	if (fd == -ENOTSUP && add_label(m->spec, o, &label, e) < 0)
		return -e->code;
	if (fd == -ENOTSUP)
		fd = mount_new(type, s->source, o->data, o->n_data, o->copy_up ? 0 : o->set, e);
	if (fd < 0)
		return fd;
	if (o->copy_up && !strcmp(type, "tmpfs"))
		r = copyup(target, fd, has_owner_or_mode(o), e);
	if (r < 0)
		return r;
	if ((!strcmp(type, "proc") || !strcmp(type, "sysfs")) && is_by_link(rootfd, s->destination))
		return err_msg(e, ELOOP, "must be mounted on ordinary directory, and %s is a symbolic link in the root "
			       "file system", s->destination);
	r = mount_attach(fd, target);
	if (r == 0 && mount_fill_special(m, s, fd, o, e) < 0)
		return -e->code;
	if (r == 0 && (bound || o->copy_up))
		r = mount_change(fd, bound, o->set, 0, bound ? MS_PRIVATE : 0);
	if (r == 0 && o->propagation)
		r = mount_change(fd, o->propagation_all, 0, 0, o->propagation);
	if (r == 0 && (o->set_all || o->clear_all))
		r = mount_change(fd, true, o->set_all, o->clear_all, 0);
	return r < 0 ? err_set(e, -r, "%s", type) : 0;
}

/* Change a file system that is mounted already. */
static int reconfigure(int target, const struct mount_options *o, struct err *e)
{
	autofd fs = fspick(target, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fs < 0)
		return err_set(e, errno, "remount");
	if (configure(fs, o->data, o->n_data, e) < 0)
		return -e->code;
	return fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0 ? fs_error(fs, errno, "remount", e) : 0;
}

static int make_remount(const struct rspec_mount *s, int rootfd, const struct mount_options *o, struct err *e)
{
	autofd target = path_open_in_root(rootfd, s->destination, O_PATH, 0);
	int r = target < 0 ? target : mount_change(target, false, o->set, o->clear, o->propagation);

	if (r == 0 && (o->set_all || o->clear_all))
		r = mount_change(target, true, o->set_all, o->clear_all, 0);
	if (r < 0)
		return err_set(e, -r, "remount");
	return o->n_data ? reconfigure(target, o, e) : 0;
}

static int make_one(struct mounts *m, size_t i, int rootfd, struct err *e)
{
	const struct rspec_mount *s = &m->spec->mounts[i];
	struct mount_options o;
	int r = mount_options_parse((const char *const *)s->options, &o, e);

	if (r < 0)
		return r;
	if (!is_bind(s) && (s->n_uid_mappings || o.idmap))
		return err_msg(e, EINVAL, "only a bind can map ids: uidMappings, gidMappings, idmap, ridmap");
	if (o.remount)
		return make_remount(s, rootfd, &o, e);
	if (!is_bind(s))
		return make_fs(m, s, rootfd, &o, e);
	if (o.n_data)
		return err_msg(e, EINVAL, "unknown option '%s'", o.data[0]);
	return make_bind(m, i, rootfd, &o, e);
}

int mounts_make(struct mounts *m, int rootfd, struct err *e)
{
	/* The root's owner may have added mounts since the sources were opened. */
	int r = mounts_open_sources(m, e);

	for (size_t i = 0; r == 0 && i < m->spec->n_mounts; i++) {
		const struct rspec_mount *s = &m->spec->mounts[i];

		r = make_one(m, i, rootfd, e);
		if (r < 0)
			r = err_wrap(e, "mount %s at %s", s->source ? s->source : s->type ? s->type : "none",
				     s->destination);
	}
	return r;
}
