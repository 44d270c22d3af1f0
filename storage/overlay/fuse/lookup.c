/* lookup.c - see lookup.h. */
#include "storage/overlay/fuse/lookup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/overlay/fuse/attr.h"
#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/whiteout.h"
#include "storage/overlay/fuse/work.h"

struct found {
	struct node_born born;
	struct stat st;                 /* of the topmost */
	unsigned top;                   /* its layer; OVL_NONE: nothing */
	uint16_t more[OVL_LAYERS_MAX];
};

uint64_t ovl_ino(struct ovl *o, const struct stat *st)
{
	unsigned i = 0;

	while (i < o->n_devices && o->devices[i] != st->st_dev)
		i++;
	return st->st_ino ^ (uint64_t)i << 48;
}

/* An upper file may have the number of what it was copied from; a file with several links the rest of its count. */
static void read_upper(struct ovl *o, struct found *f, const struct place *p, bool impure)
{
	char text[32];
	ssize_t n = impure ? place_xattr(p, OVL_INO_XATTR, text, sizeof text - 1) : -1;

	f->born.ino = ovl_ino(o, &f->st);
	if (n > 0) {
		text[n] = '\0';
		f->born.ino = strtoull(text, NULL, 16);
	}
	if (!S_ISDIR(f->st.st_mode))
		return;
	if (place_xattr(p, OVL_IMPURE_XATTR, text, sizeof text) > 0)
		f->born.flags |= NODE_IMPURE;
}

/* What layer `l` has. 1: look further down, 0: that was all, -errno. */
static int look_in(struct ovl *o, struct found *f, unsigned l, const struct place *p, bool last)
{
	struct stat st;
	int r = place_stat(p, &st);

	if (r == -ENOENT || r == -ENOTDIR)
		return last || !whiteout_beside(o, f->born.parent, f->born.name, l);
	if (r < 0)
		return r;
	if (whiteout_is(p, &st) || (f->top != OVL_NONE && !S_ISDIR(st.st_mode)))
		return 0;
	if (f->top == OVL_NONE) {
		f->st = st;
		f->top = l;
		f->born.ino = ovl_ino(o, &st);
		f->born.mode = st.st_mode;
	}
	if (l == 0) {
		f->born.flags |= NODE_UPPER;
		read_upper(o, f, p, node_has(f->born.parent, NODE_IMPURE));
	} else if (f->born.layer == OVL_NONE) {
		f->born.layer = l;
	} else {
		f->more[f->born.n_more++] = (uint16_t)l;
	}
	return S_ISDIR(st.st_mode) && !last && !whiteout_is_opaque(o, p);
}

static int look(struct ovl *o, struct found *f, unsigned first)
{
	uint16_t layers[OVL_LAYERS_MAX];
	unsigned n = node_layers(f->born.parent, layers);
	autoplace p = PLACE_INIT;
	int r = 1;

	f->top = f->born.layer = OVL_NONE;
	f->born.more = f->more;
	for (unsigned i = 0; i < n && r == 1; i++) {
		if (layers[i] < first)
			continue;
		if (!p.name || p.held >= 0) {
			place_done(&p);
			r = place_of(o, f->born.parent, f->born.name, layers[i], &p);
			if (r < 0)
				return r;
		}
		p.fd = p.held >= 0 ? p.held : o->layers[layers[i]].fd;
		r = look_in(o, f, layers[i], &p, i + 1 == n);
	}
	return r < 0 ? r : f->top == OVL_NONE ? -ENOENT : 0;
}

/* A lower file with several links, of which another was copied up: this name becomes a link of the copy. */
static int follow_link(struct ovl *o, struct found *f)
{
	int r;

	if (f->top == 0 || !o->writable || !o->has_links || S_ISDIR(f->st.st_mode) || f->st.st_nlink < 2)
		return 0;
	r = copyup_relink(o, f->born.parent, f->born.name, &f->st);
	if (r <= 0)
		return r;
	f->born = (struct node_born){ .parent = f->born.parent, .name = f->born.name };
	return look(o, f, 0);
}

/* What to add to the number of links of a file that was copied up. */
static void read_links(struct ovl *o, struct node *n, struct found *f)
{
	autoplace p = PLACE_INIT;
	struct fileinfo *file;
	char text[16];
	ssize_t len;

	if (f->top != 0 || S_ISDIR(f->st.st_mode) || f->st.st_nlink < 2 || !o->has_links)
		return;
	if (place_of(o, f->born.parent, f->born.name, 0, &p) < 0)
		return;
	len = place_xattr(&p, OVL_NLINK_XATTR, text, sizeof text - 1);
	file = len > 1 ? node_file(o, n) : NULL;
	if (!file || file->indexed)
		return;
	text[len] = '\0';
	file->links = atoi(text + 1);
	file->indexed = true;
}

int lookup_from(struct ovl *o, struct node *parent, const char *name, unsigned first, struct node **ret,
		struct stat *st)
{
	struct node *n = node_find(o, parent, name);
	struct found f;
	int r;

	if (n) {
		r = attr_get(o, n, st);
		if (r == 0)
			*ret = n;
		else
			node_forget(o, n, 1);
		return r;
	}
	if (whiteout_is_mark(o, name))
		return -ENOENT;
	memset(&f.born, 0, sizeof f.born);
	f.born.parent = parent;
	f.born.name = name;
	r = look(o, &f, first);
	if (r == 0)
		r = follow_link(o, &f);
	if (r < 0)
		return r;
	if (!S_ISDIR(f.st.st_mode) && f.st.st_nlink > 1) {
		f.born.dev = f.st.st_dev;
		f.born.dev_ino = f.st.st_ino;
	}
	n = node_add(o, &f.born);
	if (!n)
		return -ENOMEM;
	read_links(o, n, &f);
	*ret = n;
	*st = f.st;
	attr_fix(o, n, st);
	return 0;
}

int lookup_node(struct ovl *o, struct node *parent, const char *name, struct node **ret, struct stat *st)
{
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	return lookup_from(o, parent, name, 0, ret, st);
}

int lookup_root(struct ovl *o)
{
	uint16_t more[OVL_LAYERS_MAX];
	struct node_born b = { .mode = S_IFDIR, .layer = OVL_NONE, .more = more,
			       .flags = o->writable ? NODE_UPPER : 0 };
	struct stat st;

	for (unsigned l = o->writable ? 0 : 1; l < o->n_layers; l++) {
		struct place p = { .fd = o->layers[l].fd, .name = ".", .held = -1 };
		char value[4];

		if (place_stat(&p, &st) < 0)
			return -errno;
		if (!b.ino)
			b.ino = ovl_ino(o, &st);
		if (l == 0 && place_xattr(&p, OVL_IMPURE_XATTR, value, sizeof value) > 0)
			b.flags |= NODE_IMPURE;
		if (l > 0 && b.layer == OVL_NONE)
			b.layer = l;
		else if (l > 0)
			more[b.n_more++] = (uint16_t)l;
		if (whiteout_is_opaque(o, &p))
			break;
	}
	o->root = node_add(o, &b);
	return o->root ? 0 : -ENOMEM;
}
