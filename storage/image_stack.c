/* image_stack.c - see image_patch.h: looking through the layers of an image. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "storage/below.h"
#include "storage/image_patch.h"
#include "storage/layer.h"

struct stacked { int tree; struct below *below; };
struct stack { struct stacked *layers; size_t n; };

static int open_one(struct store *s, const char *diff_id, struct stacked *ret, struct err *e)
{
	const char *name = layer_name(diff_id);
	autofd dir = name ? openat(s->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	if (dir < 0)
		return name ? err_set(e, errno, "layer %s", diff_id) : err_msg(e, EINVAL, "\"%.100s\" is not a digest", diff_id);
	ret->tree = openat(dir, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->tree < 0)
		return err_set(e, errno, "layer %s", diff_id);
	return below_read(dir, &ret->below, e) < 0 ? err_wrap(e, "layer %s", diff_id) : 0;
}

int stack_open(struct store *s, const struct image_config *c, struct stack **ret, struct err *e)
{
	struct stack *x = g_new0(struct stack, 1);
	int r = 0;

	x->n = c->n_diff_ids;
	x->layers = g_new0(struct stacked, x->n + 1);
	for (size_t i = 0; i < x->n; i++)
		x->layers[i].tree = -1;
	for (size_t i = 0; i < x->n && r == 0; i++)
		r = open_one(s, c->diff_ids[i], &x->layers[i], e);
	if (r < 0)
		stack_close(x);
	else
		*ret = x;
	return r;
}

void stack_close(struct stack *x)
{
	for (size_t i = 0; i < x->n; i++) {
		fd_close(&x->layers[i].tree);
		below_free(x->layers[i].below);
	}
	g_free(x->layers);
	g_free(x);
}

size_t stack_size(const struct stack *x)
{
	return x->n;
}

int stack_tree(const struct stack *x, size_t layer)
{
	return x->layers[layer].tree;
}

const struct below *stack_below(const struct stack *x, size_t layer)
{
	return x->layers[layer].below;
}

static bool is_opaque(int dir)
{
	char value[2];

	return fgetxattr(dir, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

/* One step down from `dir`, which is closed. */
static enum seen step(int *dir, const char *name)
{
	autofd from = *dir;
	struct stat st;

	*dir = -1;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return SEEN_NOT;
	if (!S_ISDIR(st.st_mode))
		return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0) ? SEEN_GONE : SEEN_FILE;
	*dir = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *dir < 0 ? SEEN_NOT : SEEN_DIR;
}

enum seen stack_look(const struct stack *x, size_t k, const char *path, unsigned *ret_stop)
{
	autofd dir = openat(x->layers[k].tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	enum seen seen = SEEN_DIR;

	*ret_stop = !g_hash_table_contains(x->layers[k].below->opaque, "") ? 0 : *path ? STOP_ABOVE : STOP_SELF;
	for (char **p = parts; *p && **p; p++) {
		seen = step(&dir, *p);
		if (seen == SEEN_NOT)
			return SEEN_NOT;
		if (seen != SEEN_DIR) {
			*ret_stop |= p[1] ? STOP_ABOVE : STOP_SELF;
			return p[1] ? SEEN_GONE : seen;
		}
		if (is_opaque(dir))
			*ret_stop |= p[1] ? STOP_ABOVE : STOP_SELF;
	}
	return seen;
}

int stack_find(const struct stack *x, const char *path, size_t below, enum seen *ret)
{
	unsigned stop = 0;

	for (size_t k = below; k-- > 0 && !stop;) {
		*ret = stack_look(x, k, path, &stop);
		if (*ret == SEEN_GONE)
			return -1;
		if (*ret != SEEN_NOT)
			return (int)k;
	}
	*ret = SEEN_NOT;
	return -1;
}

bool stack_hidden_above(const struct stack *x, const char *path, size_t k)
{
	for (size_t m = k + 1; m < x->n; m++) {
		unsigned stop;

		if (stack_look(x, m, path, &stop) != SEEN_NOT || stop || g_hash_table_contains(x->layers[m].below->links, path) ||
		    g_hash_table_contains(x->layers[m].below->devices, path))
			return true;
	}
	return false;
}
