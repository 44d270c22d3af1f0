/* node.c - see node.h. */
#include "storage/overlay/fuse/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/listing.h"

#define FIRST_SIZE 256

bool node_is_merged(const struct node *n)
{
	return (node_has(n, NODE_UPPER) && n->layer != OVL_NONE) || (n->dir && n->dir->n_more > 0);
}

unsigned node_layers(const struct node *n, uint16_t *ret)
{
	unsigned k = 0;

	if (node_has(n, NODE_UPPER))
		ret[k++] = 0;
	if (n->layer != OVL_NONE)
		ret[k++] = n->layer;
	for (unsigned i = 0; n->dir && i < n->dir->n_more; i++)
		ret[k++] = n->dir->more[i];
	return k;
}

int node_table_new(struct ovl *o)
{
	o->names = calloc(FIRST_SIZE, sizeof(struct name *));
	o->inodes = calloc(FIRST_SIZE, sizeof(struct node *));
	o->names_size = o->inodes_size = FIRST_SIZE;
	return o->names && o->inodes ? 0 : -ENOMEM;
}

static uint32_t hash_of(const struct node *parent, const char *name)
{
	uint64_t h = (uint64_t)(uintptr_t)parent * UINT64_C(0x9e3779b97f4a7c15);

	while (*name)
		h = (h ^ (unsigned char)*name++) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 32);
}

static size_t inode_slot(const struct ovl *o, dev_t dev, ino_t ino)
{
	return (size_t)((ino ^ dev) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (o->inodes_size - 1);
}

static struct node *node_of(struct name *m)
{
	return m->is_alias ? ((struct alias *)m)->node : (struct node *)m;
}

/* Without memory the chains get longer, that is all. */
static void grow_names(struct ovl *o)
{
	size_t size = o->names_size * 2;
	struct name **bigger = o->n_names < 2 * o->names_size ? NULL : calloc(size, sizeof *bigger);

	if (!bigger)
		return;
	for (size_t i = 0; i < o->names_size; i++)
		for (struct name *m = o->names[i], *next; m; m = next) {
			next = m->chain;
			m->chain = bigger[m->hash & (size - 1)];
			bigger[m->hash & (size - 1)] = m;
		}
	free(o->names);
	o->names = bigger;
	o->names_size = size;
}

static void grow_inodes(struct ovl *o)
{
	size_t size = o->inodes_size * 2, old = o->inodes_size;
	struct node **bigger = o->n_inodes < old ? NULL : calloc(size, sizeof *bigger), **from = o->inodes;

	if (!bigger)
		return;
	o->inodes = bigger;
	o->inodes_size = size;
	for (size_t i = 0; i < old; i++)
		for (struct node *n = from[i], *next; n; n = next) {
			size_t slot = inode_slot(o, n->file->dev, n->file->ino);

			next = n->file->same;
			n->file->same = bigger[slot];
			bigger[slot] = n;
		}
	free(from);
}

static struct name **find_slot(struct ovl *o, const struct node *parent, const char *name, uint32_t hash)
{
	struct name **m = &o->names[hash & (o->names_size - 1)];

	while (*m && ((*m)->hash != hash || (*m)->parent != parent || strcmp((*m)->text, name) != 0))
		m = &(*m)->chain;
	return m;
}

static void hash_in(struct ovl *o, struct name *m, struct node *parent)
{
	struct name **slot;

	m->parent = parent;
	m->hash = hash_of(parent, m->text);
	slot = &o->names[m->hash & (o->names_size - 1)];
	m->chain = *slot;
	*slot = m;
	parent->refs++;
	o->n_names++;
	grow_names(o);
}

static struct node *find_locked(struct ovl *o, const struct node *parent, const char *name)
{
	struct name *m = *find_slot(o, parent, name, hash_of(parent, name));

	return m ? node_of(m) : NULL;
}

struct node *node_find(struct ovl *o, struct node *parent, const char *name)
{
	struct node *n;

	(void)pthread_mutex_lock(&o->table);
	n = find_locked(o, parent, name);
	if (n)
		n->lookups++;
	(void)pthread_mutex_unlock(&o->table);
	return n;
}

static struct fileinfo *file_locked(struct node *n)
{
	if (!n->file)
		__atomic_store_n(&n->file, calloc(1, sizeof *n->file), __ATOMIC_RELEASE);
	return n->file;
}

struct fileinfo *node_file(struct ovl *o, struct node *n)
{
	struct fileinfo *f;

	(void)pthread_mutex_lock(&o->table);
	f = file_locked(n);
	(void)pthread_mutex_unlock(&o->table);
	return f;
}

static void key_out(struct ovl *o, struct node *n)
{
	struct node **p;

	if (node_is_dir(n) || !n->file || n->file->ino == 0)
		return;
	p = &o->inodes[inode_slot(o, n->file->dev, n->file->ino)];
	while (*p && *p != n)
		p = &(*p)->file->same;
	if (*p)
		*p = n->file->same;
	n->file->ino = 0;
	o->n_inodes--;
}

static void key_in(struct ovl *o, struct node *n, dev_t dev, ino_t ino)
{
	size_t slot;

	key_out(o, n);
	grow_inodes(o);
	slot = inode_slot(o, dev, ino);
	n->file->dev = dev;
	n->file->ino = ino;
	n->file->same = o->inodes[slot];
	o->inodes[slot] = n;
	o->n_inodes++;
}

void node_set_key(struct ovl *o, struct node *n, dev_t dev, ino_t ino)
{
	(void)pthread_mutex_lock(&o->table);
	if (file_locked(n))
		key_in(o, n, dev, ino);
	(void)pthread_mutex_unlock(&o->table);
}

static int add_name_locked(struct ovl *o, struct node *n, struct node *parent, const char *name)
{
	struct alias *a;
	size_t len = strlen(name) + 1;

	if (!n->name.text) {
		char *copy = strdup(name);

		if (!copy)
			return -ENOMEM;
		n->name.text = copy;
		hash_in(o, &n->name, parent);
		return 0;
	}
	a = file_locked(n) ? malloc(sizeof *a + len) : NULL;
	if (!a)
		return -ENOMEM;
	memcpy(a->text, name, len);
	a->name = (struct name){ .text = a->text, .is_alias = true };
	a->node = n;
	a->next = n->file->aliases;
	n->file->aliases = a;
	hash_in(o, &a->name, parent);
	return 0;
}

int node_add_name(struct ovl *o, struct node *n, struct node *parent, const char *name)
{
	int r;

	(void)pthread_mutex_lock(&o->table);
	r = add_name_locked(o, n, parent, name);
	(void)pthread_mutex_unlock(&o->table);
	return r;
}

struct node *node_by_key(const struct ovl *o, dev_t dev, ino_t ino)
{
	struct node *n = ino ? o->inodes[inode_slot(o, dev, ino)] : NULL;

	while (n && (n->file->dev != dev || n->file->ino != ino))
		n = n->file->same;
	return n;
}

static struct node *make_node(struct ovl *o, const struct node_born *b)
{
	size_t len = b->name ? strlen(b->name) + 1 : 0;
	struct node *n = calloc(1, sizeof *n + len);

	if (!n)
		return NULL;
	n->ino = b->ino;
	n->layer = (uint16_t)b->layer;
	n->flags = (uint8_t)b->flags;
	n->type = (uint8_t)(b->mode >> 12);
	if (S_ISDIR(b->mode) && b->n_more) {
		n->dir = malloc(sizeof *n->dir + b->n_more * sizeof *b->more);
		if (!n->dir)
			goto none;
		n->dir->n_more = b->n_more;
		memcpy(n->dir->more, b->more, b->n_more * sizeof *b->more);
	}
	if (b->dev_ino) {
		if (!file_locked(n))
			goto none;
		key_in(o, n, b->dev, b->dev_ino);
	}
	if (b->name) {
		memcpy(n->text, b->name, len);
		n->name.text = n->text;
		hash_in(o, &n->name, b->parent);
	}
	return n;
none:
	free(n);
	return NULL;
}

struct node *node_add(struct ovl *o, const struct node_born *b)
{
	struct node *n;

	(void)pthread_mutex_lock(&o->table);
	n = b->name ? find_locked(o, b->parent, b->name) : NULL;
	if (!n) {
		n = node_by_key(o, b->dev, b->dev_ino);
		if (n && b->name && add_name_locked(o, n, b->parent, b->name) < 0)
			n = NULL;
		else if (!n)
			n = make_node(o, b);
	}
	if (n)
		n->lookups++;
	(void)pthread_mutex_unlock(&o->table);
	return n;
}

static void hash_out(struct ovl *o, struct name *m)
{
	struct name **slot = find_slot(o, m->parent, m->text, m->hash);

	if (*slot)
		*slot = m->chain;
	o->n_names--;
	m->parent->refs--;
}

static void free_text(struct node *n)
{
	if (n->name.text != n->text)
		free((char *)n->name.text);
	n->name.text = NULL;
}

static void node_free(struct ovl *o, struct node *n)
{
	struct alias *a = node_is_dir(n) || !n->file ? NULL : n->file->aliases;

	key_out(o, n);
	while (a) {
		struct alias *next = a->next;

		free(a);
		a = next;
	}
	free(node_is_dir(n) ? (void *)n->dir : (void *)n->file);
	free_text(n);
	free(n);
}

/* Take out what nobody needs: the node, then directories above that only lived for it. A list of nodes to be freed
 * without the lock, chained by name.parent. */
static struct node *sweep(struct ovl *o, struct node *n)
{
	struct node *dead = NULL;

	while (n && n->lookups == 0 && n->refs == 0 && n != o->root) {
		struct node *up = n->name.text ? n->name.parent : NULL;
		struct alias *a = node_is_dir(n) || !n->file ? NULL : n->file->aliases;

		for (; a; a = a->next)
			hash_out(o, &a->name);
		if (up)
			hash_out(o, &n->name);
		key_out(o, n);
		n->name.parent = dead;
		dead = n;
		n = up;
	}
	return dead;
}

void node_forget(struct ovl *o, struct node *n, uint64_t count)
{
	struct node *dead;

	(void)pthread_mutex_lock(&o->table);
	n->lookups -= count < n->lookups ? count : n->lookups;
	dead = sweep(o, n);
	(void)pthread_mutex_unlock(&o->table);
	while (dead) {
		struct node *next = dead->name.parent;

		if (node_is_dir(dead))
			listing_drop(o, dead);
		else
			data_forget(o, dead);
		node_free(o, dead);
		dead = next;
	}
}

/* The first name is part of the node: when it goes, one of the others takes its place. */
static void promote_alias(struct ovl *o, struct node *n)
{
	struct alias *a = n->file ? n->file->aliases : NULL;
	char *copy = a ? strdup(a->text) : NULL;

	if (!copy)
		return;
	n->file->aliases = a->next;
	hash_out(o, &a->name);
	n->name.text = copy;
	hash_in(o, &n->name, a->name.parent);
	free(a);
}

void node_remove_name(struct ovl *o, struct node *n, struct node *parent, const char *name)
{
	(void)pthread_mutex_lock(&o->table);
	if (n->name.text && n->name.parent == parent && !strcmp(n->name.text, name)) {
		hash_out(o, &n->name);
		free_text(n);
		if (!node_is_dir(n))
			promote_alias(o, n);
	} else if (!node_is_dir(n) && n->file) {
		struct alias **p = &n->file->aliases, *a;

		while (*p && ((*p)->name.parent != parent || strcmp((*p)->text, name) != 0))
			p = &(*p)->next;
		a = *p;
		if (a) {
			hash_out(o, &a->name);
			*p = a->next;
			free(a);
		}
	}
	(void)pthread_mutex_unlock(&o->table);
}

int node_nth_name(struct ovl *o, struct node *n, unsigned i, struct node_name *ret)
{
	const struct name *m = NULL;
	int r = 0;

	(void)pthread_mutex_lock(&o->table);
	if (n->name.text && i-- == 0) {
		m = &n->name;
	} else if (n->name.text && !node_is_dir(n) && n->file) {
		struct alias *a = n->file->aliases;

		while (a && i-- > 0)
			a = a->next;
		m = a ? &a->name : NULL;
	}
	if (m) {
		ret->parent = m->parent;
		ret->text = strdup(m->text);
		r = ret->text ? 1 : -ENOMEM;
	}
	(void)pthread_mutex_unlock(&o->table);
	return r;
}
