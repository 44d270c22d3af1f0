/* ops.c - see ops.h: names and attributes.
 *
 * A lifetime is for ever: nobody but us changes what is below, and whatever changes comes through the kernel.
 */
#include "storage/overlay/fuse/ops.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storage/overlay/fuse/attr.h"
#include "storage/overlay/fuse/create.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/ops_data.h"
#include "storage/overlay/fuse/remove.h"
#include "storage/overlay/fuse/session.h"
#include "storage/overlay/fuse/xattr.h"

static struct ops *ops_of(fuse_req_t req) { return libfuse.req_userdata(req); }

struct node *ops_node(struct ops *s, fuse_ino_t ino)
{
	return ino == FUSE_ROOT_ID ? s->o->root : (struct node *)(uintptr_t)ino;
}

void ops_lock(struct ovl *o) { (void)pthread_rwlock_rdlock(&o->tree); }
void ops_lock_alone(struct ovl *o) { (void)pthread_rwlock_wrlock(&o->tree); }
void ops_unlock(struct ovl *o) { (void)pthread_rwlock_unlock(&o->tree); }

void ops_entry(const struct ops *s, struct node *n, const struct stat *st, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){ .ino = (fuse_ino_t)(uintptr_t)n, .attr = *st, .attr_timeout = s->lifetime,
					  .entry_timeout = s->lifetime };
}

static void reply_entry(fuse_req_t req, struct node *n, const struct stat *st)
{
	struct ovl *o = ops_of(req)->o;
	struct fuse_entry_param e;

	ops_entry(ops_of(req), n, st, &e);
	/* The request was given up meanwhile: the kernel has not heard of the node. */
	if (libfuse.reply_entry(req, &e) < 0)
		node_forget(o, n, 1);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *s = ops_of(req);
	struct node *n;
	struct stat st;
	int r;

	ops_lock(s->o);
	r = lookup_node(s->o, ops_node(s, parent), name, &n, &st);
	ops_unlock(s->o);
	if (r == 0)
		reply_entry(req, n, &st);
	else if (r == -ENOENT)
		(void)libfuse.reply_entry(req, &(struct fuse_entry_param){ .entry_timeout = s->lifetime });
	else
		(void)libfuse.reply_err(req, -r);
}

static void forget_one(struct ops *s, fuse_ino_t ino, uint64_t count)
{
	/* The locks of a path may not be waited for: forgetting only frees. */
	if (ino != FUSE_ROOT_ID)
		node_forget(s->o, ops_node(s, ino), count);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
	forget_one(ops_of(req), ino, count);
	libfuse.reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *f)
{
	for (size_t i = 0; i < count; i++)
		forget_one(ops_of(req), f[i].ino, f[i].nlookup);
	libfuse.reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct ops *s = ops_of(req);
	struct stat st;
	int r;

	(void)fi;
	ops_lock(s->o);
	r = attr_get(s->o, ops_node(s, ino), &st);
	ops_unlock(s->o);
	(void)(r < 0 ? libfuse.reply_err(req, -r) : libfuse.reply_attr(req, &st, s->lifetime));
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *want, int valid, struct fuse_file_info *fi)
{
	struct ops *s = ops_of(req);
	struct node *n = ops_node(s, ino);
	struct stat st;
	int r;

	(void)fi;
	ops_lock(s->o);
	r = attr_set(s->o, n, want, valid);
	if (r == 0)
		r = attr_get(s->o, n, &st);
	ops_unlock(s->o);
	(void)(r < 0 ? libfuse.reply_err(req, -r) : libfuse.reply_attr(req, &st, s->lifetime));
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct ops *s = ops_of(req);
	struct node *n = ops_node(s, ino);
	autoplace p = PLACE_INIT;
	char target[PATH_MAX];
	ssize_t len;
	int r;

	ops_lock(s->o);
	r = place_of(s->o, n, NULL, node_layer(n), &p);
	len = r < 0 ? r : readlinkat(p.fd, p.name, target, sizeof target - 1);
	if (r == 0 && len < 0)
		r = -errno;
	ops_unlock(s->o);
	if (r == 0)
		target[len] = '\0';
	(void)(r < 0 ? libfuse.reply_err(req, -r) : libfuse.reply_readlink(req, target));
}

static struct request request_of(fuse_req_t req, mode_t mode)
{
	const struct fuse_ctx *c = libfuse.req_ctx(req);

	return (struct request){ .uid = c->uid, .gid = c->gid, .umask = c->umask, .mode = mode };
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name, const struct request *q)
{
	struct ops *s = ops_of(req);
	struct node *n;
	struct stat st;
	int r;

	ops_lock(s->o);
	r = create_node(s->o, ops_node(s, parent), name, q, &n, &st);
	ops_unlock(s->o);
	if (r < 0)
		(void)libfuse.reply_err(req, -r);
	else
		reply_entry(req, n, &st);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	struct request q = request_of(req, mode & S_IFMT ? mode : mode | S_IFREG);

	q.rdev = rdev;
	make(req, parent, name, &q);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	const struct request q = request_of(req, (mode & ~(mode_t)S_IFMT) | S_IFDIR);

	make(req, parent, name, &q);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	struct request q = request_of(req, S_IFLNK | 0777);

	q.target = target;
	make(req, parent, name, &q);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	struct ops *s = ops_of(req);
	const struct request q = request_of(req, (mode & ~(mode_t)S_IFMT) | S_IFREG);
	struct fuse_entry_param e;
	struct node *n;
	struct stat st;
	int r;

	ops_lock(s->o);
	r = create_node(s->o, ops_node(s, parent), name, &q, &n, &st);
	ops_unlock(s->o);
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	ops_entry(s, n, &st, &e);
	fi->keep_cache = 1;
	if (libfuse.reply_create(req, &e, fi) < 0)
		node_forget(s->o, n, 1);
}

int ops_tmpfile(struct ops *s, fuse_ino_t parent, const struct request *q, struct fuse_entry_param *ret)
{
	struct node *n;
	struct stat st;
	int r;

	ops_lock(s->o);
	r = create_unnamed(s->o, ops_node(s, parent), q, &n, &st);
	ops_unlock(s->o);
	if (r == 0)
		ops_entry(s, n, &st, ret);
	return r;
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
	struct ops *s = ops_of(req);
	struct node *n = ops_node(s, ino);
	struct stat st;
	int r;

	/* One node gets a name and, from O_TMPFILE, its first: nobody may look meanwhile. */
	ops_lock_alone(s->o);
	r = create_link(s->o, n, ops_node(s, parent), name, &st);
	ops_unlock(s->o);
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	(void)pthread_mutex_lock(&s->o->table);
	n->lookups++;
	(void)pthread_mutex_unlock(&s->o->table);
	reply_entry(req, n, &st);
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *s = ops_of(req);
	int r;

	ops_lock(s->o);
	r = remove_file(s->o, ops_node(s, parent), name);
	ops_unlock(s->o);
	(void)libfuse.reply_err(req, -r);
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops *s = ops_of(req);
	int r;

	/* A symbolic link may have the name next: a path that goes through it must not be in use then. */
	ops_lock_alone(s->o);
	r = remove_dir(s->o, ops_node(s, parent), name);
	ops_unlock(s->o);
	(void)libfuse.reply_err(req, -r);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t to, const char *new,
		      unsigned flags)
{
	struct ops *s = ops_of(req);
	const struct move m = { .from = ops_node(s, parent), .to = ops_node(s, to), .old = name, .new = new,
				.flags = flags };
	int r;

	ops_lock_alone(s->o);
	r = rename_entry(s->o, &m);
	ops_unlock(s->o);
	(void)libfuse.reply_err(req, -r);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct ovl *o = ops_of(req)->o;
	struct statvfs v;

	(void)ino;
	if (fstatvfs(o->layers[o->writable ? 0 : 1].fd, &v) < 0) {
		(void)libfuse.reply_err(req, errno);
		return;
	}
	v.f_namemax = NAME_MAX;
	(void)libfuse.reply_statfs(req, &v);
}

static void reply_bytes(fuse_req_t req, ssize_t len, const char *buf, size_t size)
{
	if (len < 0)
		(void)libfuse.reply_err(req, (int)-len);
	else if (size == 0)
		(void)libfuse.reply_xattr(req, (size_t)len);
	else
		(void)libfuse.reply_buf(req, buf, (size_t)len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
	struct ops *s = ops_of(req);
	char few[1024], *buf = size > sizeof few ? malloc(size) : few;
	ssize_t len;

	if (!buf) {
		(void)libfuse.reply_err(req, ENOMEM);
		return;
	}
	ops_lock(s->o);
	len = xattr_get(s->o, ops_node(s, ino), name, buf, size);
	ops_unlock(s->o);
	reply_bytes(req, len, buf, size);
	if (buf != few)
		free(buf);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
	struct ops *s = ops_of(req);
	char few[1024], *buf = size > sizeof few ? malloc(size) : few;
	ssize_t len;

	if (!buf) {
		(void)libfuse.reply_err(req, ENOMEM);
		return;
	}
	ops_lock(s->o);
	len = xattr_list(s->o, ops_node(s, ino), buf, size);
	ops_unlock(s->o);
	reply_bytes(req, len, buf, size);
	if (buf != few)
		free(buf);
}

/* Under the lock. */
static int clear_sgid(struct ops *s, struct node *n)
{
	struct stat st;
	int r = attr_get(s->o, n, &st);

	if (r < 0 || !(st.st_mode & S_ISGID))
		return r;
	st.st_mode &= ~(mode_t)S_ISGID;
	return attr_set(s->o, n, &st, FUSE_SET_ATTR_MODE);
}

static void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	struct ops *s = ops_of(req);
	int r;

	ops_lock(s->o);
	r = xattr_set(s->o, ops_node(s, ino), name, value, size, flags);
	if (r == 0 && session_acl_clears_sgid())
		r = clear_sgid(s, ops_node(s, ino));
	ops_unlock(s->o);
	(void)libfuse.reply_err(req, -r);
}

static void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	struct ops *s = ops_of(req);
	int r;

	ops_lock(s->o);
	r = xattr_remove(s->o, ops_node(s, ino), name);
	ops_unlock(s->o);
	(void)libfuse.reply_err(req, -r);
}

static void want(struct fuse_conn_info *c, unsigned cap, bool wanted)
{
	c->want = wanted ? c->want | (c->capable & cap) : c->want & ~cap;
}

static void op_init(void *userdata, struct fuse_conn_info *c)
{
	const struct ops *s = userdata;

	/* What libfuse asks for by itself, and we do not: a truncation at open is told as such; pages are thrown away
	 * when we say so, which is never; and set-user-id bits see ops.h. */
	want(c, FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_POSIX_LOCKS |
		FUSE_CAP_FLOCK_LOCKS | FUSE_CAP_IOCTL_DIR, false);
	want(c, FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_EXPLICIT_INVAL_DATA | FUSE_CAP_CACHE_SYMLINKS |
		FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_DONT_MASK | FUSE_CAP_READDIRPLUS |
		FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_READ | FUSE_CAP_ASYNC_DIO | FUSE_CAP_NO_OPEN_SUPPORT |
		FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_SPLICE_WRITE, true);
	want(c, FUSE_CAP_POSIX_ACL, !s->no_acl);
	c->max_write = OPS_MAX_IO;
	c->max_readahead = OPS_MAX_IO;
	c->max_background = 64;
	c->congestion_threshold = 48;
	c->time_gran = 1;
}

const struct fuse_lowlevel_ops ops_table = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.setattr = op_setattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.symlink = op_symlink,
	.create = op_create,
	.link = op_link,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.statfs = op_statfs,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	.open = ops_open,
	.opendir = ops_open,
	.flush = ops_flush,
	.read = ops_read,
	.write_buf = ops_write,
	.fsync = ops_fsync,
	.fsyncdir = ops_fsyncdir,
	.fallocate = ops_fallocate,
	.copy_file_range = ops_copy_file_range,
	.lseek = ops_lseek,
	.readdir = ops_readdir,
	.readdirplus = ops_readdirplus,
};
