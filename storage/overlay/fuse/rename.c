/* rename.c - see remove.h: rename, with the whole tree to ourselves.
 *
 * Everything that moves is in the upper directory by then, directories with all that is below them, so that one
 * rename there is the rename. Where something of a lower layer would show at the old name, a whiteout takes it, in
 * the same call where the file system can.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/listing.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/remove.h"
#include "storage/overlay/fuse/whiteout.h"

/* What takes part: `target` is NULL where nothing has the new name. */
struct renaming {
	const struct move *m;
	struct node *source, *target;
	struct stat source_st, target_st;
	struct place from, to;
};

static int to_upper(struct ovl *o, struct node *n)
{
	return node_is_dir(n) ? copyup_tree(o, n) : copyup_node(o, n, COPYUP_ALL);
}

/* A directory that comes to where lower layers have one of that name must not be merged with it. */
static int close_dir(struct ovl *o, const struct node *n, const struct place *at, struct node *parent, const char *name)
{
	int r = node_is_dir(n) ? whiteout_needed(o, parent, name) : 0;

	return r > 0 ? whiteout_make_opaque(at) : r;
}

static int check(struct ovl *o, struct renaming *r)
{
	bool exchange = r->m->flags & RENAME_EXCHANGE;

	if (!r->target)
		return exchange ? -ENOENT : 0;
	if (r->m->flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (exchange)
		return 0;
	if (node_is_dir(r->source) != node_is_dir(r->target))
		return node_is_dir(r->target) ? -EISDIR : -ENOTDIR;
	if (!node_is_dir(r->target))
		return r->target_st.st_nlink <= 1 ? data_pin(o, r->target) : 0;
	switch (listing_is_empty(o, r->target)) {
	case 1: return 0;
	case 0: return -ENOTEMPTY;
	default: return -EIO;
	}
}

static int prepare(struct ovl *o, struct renaming *r)
{
	const struct move *m = r->m;
	int e = to_upper(o, r->source);

	if (e == 0 && r->target && (m->flags & RENAME_EXCHANGE))
		e = to_upper(o, r->target);
	if (e == 0)
		e = copyup_node(o, m->from, COPYUP_ALL);
	if (e == 0)
		e = copyup_node(o, m->to, COPYUP_ALL);
	if (e == 0)
		e = place_of(o, m->from, m->old, 0, &r->from);
	if (e == 0)
		e = place_of(o, m->to, m->new, 0, &r->to);
	if (e == 0)
		e = close_dir(o, r->source, &r->from, m->to, m->new);
	if (e == 0 && r->target && (m->flags & RENAME_EXCHANGE))
		e = close_dir(o, r->target, &r->to, m->from, m->old);
	return e;
}

static int swap(const struct renaming *r)
{
	return renameat2(r->from.fd, r->from.name, r->to.fd, r->to.name, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

/* What is at the old name after an exchange: a whiteout, or an empty directory with whiteouts. */
static int clear_old(struct ovl *o, const struct renaming *r, bool hide)
{
	struct stat st;
	int e = place_stat(&r->from, &st);

	if (e < 0)
		return e;
	if (S_ISDIR(st.st_mode))
		return remove_upper_dir(o, &r->from, hide);
	if (hide)
		return whiteout_is(&r->from, &st) ? 0 : whiteout_put(o, &r->from);
	return unlinkat(r->from.fd, r->from.name, 0) < 0 ? -errno : 0;
}

static int replace(struct ovl *o, const struct renaming *r)
{
	int hide = whiteout_needed(o, r->m->from, r->m->old), e;
	struct stat st;

	if (hide < 0)
		return hide;
	e = place_stat(&r->to, &st);
	if (e == 0 && (S_ISDIR(st.st_mode) || node_is_dir(r->source))) {
		e = swap(r);
		return e < 0 ? e : clear_old(o, r, hide);
	}
	if (hide && renameat2(r->from.fd, r->from.name, r->to.fd, r->to.name, RENAME_WHITEOUT) == 0)
		return 0;
	if (renameat(r->from.fd, r->from.name, r->to.fd, r->to.name) < 0)
		return -errno;
	return hide ? whiteout_put(o, &r->from) : 0;
}

/* It is shown with another number than its own: the directory must say that there is such an entry. */
static void note_number(struct ovl *o, const struct node *n, const struct place *at, struct node *parent)
{
	struct stat st;

	if (place_stat(at, &st) == 0 && ovl_ino(o, &st) != n->ino)
		copyup_mark_impure(o, parent);
}

/* The names follow. Without memory for one the node is as if it were gone; it is looked up again. */
static void rename_known(struct ovl *o, struct renaming *r)
{
	const struct move *m = r->m;

	if (r->target && (m->flags & RENAME_EXCHANGE))
		node_remove_name(o, r->target, m->to, m->new);
	else if (r->target)
		remove_known(o, r->target, m->to, m->new);
	node_remove_name(o, r->source, m->from, m->old);
	(void)node_add_name(o, r->source, m->to, m->new);
	if (r->target && (m->flags & RENAME_EXCHANGE))
		(void)node_add_name(o, r->target, m->from, m->old);
	listing_drop(o, m->from);
	listing_drop(o, m->to);
	note_number(o, r->source, &r->to, m->to);
	if (m->flags & RENAME_EXCHANGE)
		note_number(o, r->target, &r->from, m->from);
}

static int rename_found(struct ovl *o, struct renaming *r)
{
	bool was_upper = r->target && node_has(r->target, NODE_UPPER);
	int e = check(o, r);

	if (e < 0)
		return e;
	/* Two names of one file: POSIX says that nothing happens. */
	if (r->target == r->source)
		return 0;
	e = prepare(o, r);
	if (e == 0)
		e = r->m->flags & RENAME_EXCHANGE ? swap(r) : replace(o, r);
	if (e < 0)
		return e;
	rename_known(o, r);
	if (was_upper && !(r->m->flags & RENAME_EXCHANGE) && !node_is_dir(r->target))
		copyup_unlinked(o, r->target, (long)r->target_st.st_nlink - 1);
	return 0;
}

int rename_entry(struct ovl *o, const struct move *m)
{
	struct renaming r = { .m = m, .from = PLACE_INIT, .to = PLACE_INIT };
	int e;

	if (!o->writable)
		return -EROFS;
	if (m->flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	if (whiteout_is_mark(o, m->new))
		return -EPERM;
	e = lookup_node(o, m->from, m->old, &r.source, &r.source_st);
	if (e < 0)
		return e;
	e = lookup_node(o, m->to, m->new, &r.target, &r.target_st);
	if (e == -ENOENT)
		e = 0;
	if (e == 0)
		e = rename_found(o, &r);
	place_done(&r.from);
	place_done(&r.to);
	if (r.target)
		node_forget(o, r.target, 1);
	node_forget(o, r.source, 1);
	return e;
}
