/* ops_dir.c - see ops_data.h: directories. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/overlay/fuse/listing.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/ops_data.h"

enum { DOT = 1, DOT_DOT = 2 };

struct page {
	fuse_req_t req;
	struct ops *s;
	struct node *dir;
	char *buf;
	size_t size, used;
	bool plus;
};

/* 1: there was room, 0: there was none. */
static int put(struct page *p, const char *name, const struct stat *st, uint64_t cookie)
{
	struct fuse_entry_param e = { .attr = *st };
	size_t n = p->plus ? libfuse.add_direntry_plus(p->req, p->buf + p->used, p->size - p->used, name, &e, (off_t)cookie) :
		libfuse.add_direntry(p->req, p->buf + p->used, p->size - p->used, name, st, (off_t)cookie);

	if (n > p->size - p->used)
		return 0;
	p->used += n;
	return 1;
}

/* An entry with its node. What cannot be looked up now is told by name alone. */
static int put_plus(struct page *p, const struct entry *entry)
{
	size_t need = libfuse.add_direntry_plus(p->req, NULL, 0, entry->name, NULL, 0);
	struct fuse_entry_param e;
	struct node *n;
	struct stat st = { .st_ino = entry->ino, .st_mode = (mode_t)entry->type << 12 };
	int r;

	if (need > p->size - p->used)
		return 0;
	r = lookup_from(p->s->o, p->dir, entry->name, entry->layer, &n, &st);
	if (r == -ENOENT)
		return 1;
	if (r < 0)
		return put(p, entry->name, &st, entry->cookie);
	ops_entry(p->s, n, &st, &e);
	p->used += libfuse.add_direntry_plus(p->req, p->buf + p->used, p->size - p->used, entry->name, &e,
					  (off_t)entry->cookie);
	return 1;
}

static int put_dots(struct page *p, off_t off)
{
	struct stat st = { .st_mode = S_IFDIR, .st_ino = p->dir->ino };

	if (off < DOT && !put(p, ".", &st, DOT))
		return 0;
	if (p->dir->name.text)
		st.st_ino = p->dir->name.parent->ino;
	return off >= DOT_DOT || put(p, "..", &st, DOT_DOT);
}

static int fill(struct page *p, off_t off)
{
	struct listing *l;
	int r = listing_get(p->s->o, p->dir, &l);
	size_t i;

	if (r < 0)
		return r;
	r = put_dots(p, off);
	for (i = listing_after(l, (uint64_t)off); r == 1 && i < listing_count(l); i++) {
		const struct entry *e = listing_entry(l, i);
		const struct stat st = { .st_ino = e->ino, .st_mode = (mode_t)e->type << 12 };

		r = p->plus ? put_plus(p, e) : put(p, e->name, &st, e->cookie);
	}
	listing_put(p->s->o, l);
	/* Read to the end: the kernel has it now. */
	if (p->used == 0)
		listing_drop(p->s->o, p->dir);
	return 0;
}

static void read_page(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
	struct page p = { .req = req, .s = libfuse.req_userdata(req), .size = size, .plus = plus };
	int r = -ENOMEM;

	p.dir = ops_node(p.s, ino);
	p.buf = malloc(size);
	if (p.buf) {
		ops_lock(p.s->o);
		r = fill(&p, off);
		ops_unlock(p.s->o);
	}
	(void)(r < 0 ? libfuse.reply_err(req, -r) : libfuse.reply_buf(req, p.buf, p.used));
	free(p.buf);
}

void ops_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	read_page(req, ino, size, off, false);
}

void ops_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)fi;
	read_page(req, ino, size, off, true);
}
