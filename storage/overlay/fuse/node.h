/* node.h - what the kernel knows by a number: files and directories, their names, and who still needs them.
 *
 * A node is known to the kernel as long as lookups > 0. A directory also lives as long as something in it does
 * (refs). Nothing else keeps one: what is not in the table is found on the disk again. A million of them are kept
 * when the kernel keeps a million inodes, so they are small; what few have is in `dir` and `file`.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_NODE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_NODE_H

#include <stdatomic.h>

#include "storage/overlay/fuse/ovl.h"

struct name {
	struct name *chain;
	struct node *parent;
	const char *text;       /* NULL: not in use */
	uint32_t hash;
	bool is_alias;
};

struct alias {                  /* a further name of a file */
	struct name name;
	struct node *node;
	struct alias *next;
	char text[];
};

struct dirinfo {                /* directories that are in several lower layers */
	unsigned n_more;
	uint16_t more[];        /* below node.layer */
};

struct fileinfo {
	struct alias *aliases;
	struct node *same;      /* chain of the inode hash */
	dev_t dev;              /* key there; ino 0: not in it */
	ino_t ino;
	_Atomic int links;      /* what to add to the link count of the file on disk */
	_Atomic bool indexed;     /* one of the links on disk is ours, in links/ */
	_Atomic unsigned work_name;     /* not 0: made by O_TMPFILE, called that in the work directory */
	struct handle *handle;
};

enum {
	NODE_UPPER = 1,         /* it is in the upper directory; never taken back */
	NODE_IMPURE = 2,        /* directory: some entries have the number of what they were copied from */
	NODE_GONE = 4,          /* it has no name any more */
	NODE_NO_ACL = 8,        /* directory: known to have no default ACL */
	NODE_LISTED = 16,       /* directory: there is a list of it */
};

struct node {
	struct name name;
	uint64_t ino;
	uint64_t lookups;
	union { struct dirinfo *dir; struct fileinfo *file; };
	uint32_t refs;
	uint16_t layer;         /* the topmost lower one that has it, or OVL_NONE */
	_Atomic uint8_t flags;
	uint8_t type;           /* as st_mode >> 12 */
	char text[];
};

static inline bool node_has(const struct node *n, unsigned flag)
{
	return (atomic_load_explicit(&n->flags, memory_order_acquire) & flag) != 0;
}

static inline void node_set(struct node *n, unsigned flag)
{
	atomic_fetch_or_explicit(&n->flags, (uint8_t)flag, memory_order_acq_rel);
}

static inline void node_clear(struct node *n, unsigned flag)
{
	atomic_fetch_and_explicit(&n->flags, (uint8_t)~flag, memory_order_acq_rel);
}

/* Of a file: NULL while there is nothing to say. */
static inline struct fileinfo *node_info(const struct node *n)
{
	return __atomic_load_n(&n->file, __ATOMIC_ACQUIRE);
}

static inline bool node_is_dir(const struct node *n) { return n->type == S_IFDIR >> 12; }

/* The layer that shows it: the topmost. */
static inline unsigned node_layer(const struct node *n) { return node_has(n, NODE_UPPER) ? 0 : n->layer; }

/* Is a directory in more than one layer, or in the upper one and a lower one? */
bool node_is_merged(const struct node *n);

/* The layers of a directory, top first; ret holds OVL_LAYERS_MAX. How many. */
unsigned node_layers(const struct node *n, uint16_t *ret);

int node_table_new(struct ovl *o);

/* The node called that, with one more lookup; NULL: not in the table. */
struct node *node_find(struct ovl *o, struct node *parent, const char *name);

/* What a node is to be, from what was found on disk. */
struct node_born {
	struct node *parent;
	const char *name;       /* NULL: none (yet) */
	uint64_t ino;
	mode_t mode;
	unsigned flags;
	unsigned layer;
	const uint16_t *more;
	unsigned n_more;
	dev_t dev;              /* of a file with several links; 0 0 else */
	ino_t dev_ino;
};

/* Add one, or a name to the one with the same device and inode, or find that another thread did. With one more
 * lookup. NULL: no memory. */
struct node *node_add(struct ovl *o, const struct node_born *b);

/* `count` lookups fewer; it is freed when nobody needs it. */
void node_forget(struct ovl *o, struct node *n, uint64_t count);

/* The path changed. `name` is copied. 0 or -ENOMEM (then nothing has changed). */
int node_add_name(struct ovl *o, struct node *n, struct node *parent, const char *name);
void node_remove_name(struct ovl *o, struct node *n, struct node *parent, const char *name);

/* File it under another device and inode number. */
void node_set_key(struct ovl *o, struct node *n, dev_t dev, ino_t ino);

/* The node filed under them, or NULL. The table is locked. */
struct node *node_by_key(const struct ovl *o, dev_t dev, ino_t ino);

/* Its fileinfo, made when missing. NULL: no memory. */
struct fileinfo *node_file(struct ovl *o, struct node *n);

/* The names of one node, copied out: path lookups happen without the lock. */
struct node_name { struct node *parent; char *text; };
/* The i-th name (0...): 1, 0 when there is none, -ENOMEM. Free text. */
int node_nth_name(struct ovl *o, struct node *n, unsigned i, struct node_name *ret);

#endif
