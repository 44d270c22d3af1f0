/* reown.c - see reown.h. */
#include "storage/reown.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"
#include "storage/layer.h"
#include "storage/owners.h"

#define MARK "owned"
#define CAPABILITY "security.capability"

static uint64_t ids(const struct id_range *r, size_t n)
{
	uint64_t sum = 0;

	while (n-- > 0)
		sum += r[n].count;
	return sum;
}

/* What the mark says when all is done that can be. */
static char *mark_text(void)
{
	const struct idmap *m = idmap_store();

	return g_strdup_printf("%llu %llu\n", (unsigned long long)ids(m->uid, m->n_uid),
			       (unsigned long long)ids(m->gid, m->n_gid));
}

static bool is_marked(int layer)
{
	g_autofree char *want = mark_text(), *text = NULL;
	struct err ignored = ERR_INIT;

	return file_read(layer, MARK, 64, &text, NULL, &ignored) >= 0 && !strcmp(text, want);
}

/* Owner, then mode and file capabilities, which a change of the owner clears. */
static int set_owner(int fd, const struct owner *o, uid_t uid, gid_t gid, mode_t mode)
{
	char link[32], caps[64];
	ssize_t n;

	path_of_fd(fd, link);
	n = S_ISREG(o->mode) ? getxattr(link, CAPABILITY, caps, sizeof caps) : -1;
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISLNK(o->mode) && chmod(link, mode) < 0)
		return -errno;
	return n > 0 && setxattr(link, CAPABILITY, caps, (size_t)n, 0) < 0 ? -errno : 0;
}

struct reown {
	int tree;
	struct err *e;
};

/* What is not mapped stays root's, and a program that runs as such an owner does not become root's. */
static int reown_one(void *ctx, const struct owner *o)
{
	const struct idmap *m = idmap_store();
	bool uid_ok = m->none || idmap_outside(m->uid, m->n_uid, o->uid) >= 0;
	bool gid_ok = m->none || idmap_outside(m->gid, m->n_gid, o->gid) >= 0;
	mode_t mode = o->mode & 07777 & ~((uid_ok ? 0u : S_ISUID) | (gid_ok ? 0u : S_ISGID));
	struct reown *x = ctx;
	autofd fd = -1;
	struct stat st;
	int r;

	/* Device nodes are not in the tree. */
	if (S_ISCHR(o->mode) || S_ISBLK(o->mode))
		return 0;
	fd = path_open_beneath(x->tree, o->path, O_PATH | O_NOFOLLOW, 0);
	/* Something else has taken its place later in the same archive. */
	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && (st.st_mode & S_IFMT) == (o->mode & S_IFMT))
		r = set_owner(fd, o, uid_ok ? o->uid : 0, gid_ok ? o->gid : 0, mode);
	return r < 0 ? err_set(x->e, -r, "give %s its owner", o->path) : 0;
}

/* In a child, as root of a namespace with all ids. */
static int reown_tree(int layer, int tree, struct err *e)
{
	struct reown x = { .tree = tree, .e = e };
	int r = idmap_enter(idmap_store(), e);

	return r < 0 ? r : owners_read(layer, reown_one, &x, e);
}

static int in_child(int layer, int tree, struct err *e)
{
	autochild child = -1;
	autofd from = -1;
	pid_t parent = getpid();
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = p[0];
	child = fork();
	if (child == 0) {
		struct err inner = ERR_INIT;
		int r;

		proc_die_with_parent(parent);
		r = reown_tree(layer, tree, &inner);
		(void)fd_write_all(p[1], &inner, sizeof inner);
		_exit(r < 0);
	}
	(void)close(p[1]);
	if (child < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EIO, "setting owners ended unexpectedly");
	return proc_wait(take_child(&child)) == 0 ? 0 : -(e->code ? e->code : EIO);
}

static int reown_layer(struct store *s, const char *diff_id, struct err *e)
{
	const char *name = layer_name(diff_id);
	g_autofree char *text = mark_text();
	autofd lock = -1, layer = -1, tree = -1;

	layer = openat(s->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (layer < 0)
		return err_set(e, errno, "layer %.12s", name);
	if (is_marked(layer))
		return 0;
	lock = layer_lock(s, diff_id, e);
	if (lock < 0)
		return lock;
	tree = openat(layer, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree < 0)
		return err_set(e, errno, "layer %.12s", name);
	/* Somebody else may have done it while we waited. Cut off half-way, it is done again. */
	if (is_marked(layer))
		return 0;
	if (in_child(layer, tree, e) < 0)
		return err_wrap(e, "layer %.12s", name);
	return file_replace(layer, MARK, text, strlen(text), 0600, false, e);
}

int reown_image(struct store *s, const struct image *img, struct err *e)
{
	/* With one id there is nothing to set; real root could set everything while unpacking. */
	if (img->host || idmap_store()->one_id)
		return 0;
	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		const char *name = layer_name(img->config.diff_ids[i]);
		g_autofree char *file = name ? g_strdup_printf("%s/owners", name) : NULL;

		if (file && faccessat(s->layers_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
		    reown_layer(s, img->config.diff_ids[i], e) < 0)
			return -e->code;
	}
	return 0;
}
