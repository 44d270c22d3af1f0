/* listing.c - see listing.h. */
#include "storage/overlay/fuse/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/whiteout.h"

#define KEPT_MAX (4 * 1024 * 1024)      /* bytes of all lists; the one at hand may be longer */
#define FIRST_COOKIE 3

struct listing {
	struct listing *next;
	struct node *dir;       /* NULL: dropped, freed by the last user */
	unsigned users;
	size_t n, room, bytes;
	struct entry *entries;
};

size_t listing_count(const struct listing *l) { return l->n; }
const char *listing_name(const struct listing *l, size_t i) { return l->entries[i].name; }
const struct entry *listing_entry(const struct listing *l, size_t i) { return &l->entries[i]; }

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->entries[i].name);
	free(l->entries);
	free(l);
}

static uint64_t cookie_of(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (*name)
		h = (h ^ (unsigned char)*name++) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	/* It is passed through a signed number, and some are taken. */
	return (h >> 2) + FIRST_COOKIE;
}

static int add(struct listing *l, const char *name, struct entry e)
{
	size_t len = strlen(name) + 1;

	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 32;
		struct entry *more = realloc(l->entries, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		l->entries = more;
		l->room = room;
	}
	e.name = malloc(len);
	if (!e.name)
		return -ENOMEM;
	memcpy(e.name, name, len);
	e.cookie = cookie_of(name);
	l->entries[l->n++] = e;
	l->bytes += sizeof e + len + 16;
	return 0;
}

/* One layer's directory while it is read. */
struct reading {
	struct ovl *o;
	struct listing *l;
	struct node *dir;
	unsigned layer;
	bool alone;             /* no layer below: whiteouts hide nothing, but are not shown either */
	bool files_may_hide;
	int fd;
};

static bool hides(const struct reading *r, const struct dirent *d)
{
	struct place p = { .fd = r->fd, .name = d->d_name, .held = -1 };
	struct stat st;

	if (d->d_type != DT_CHR && d->d_type != DT_UNKNOWN && !(d->d_type == DT_REG && r->files_may_hide))
		return false;
	return place_stat(&p, &st) == 0 && whiteout_is(&p, &st);
}

static uint64_t number(const struct reading *r, const struct dirent *d)
{
	const struct stat st = { .st_dev = r->o->layers[r->layer].dev, .st_ino = d->d_ino };
	struct place p = { .fd = r->fd, .name = d->d_name, .held = -1 };
	char text[32];
	ssize_t n = -1;

	if (r->layer == 0 && node_has(r->dir, NODE_IMPURE) && (d->d_type == DT_REG || d->d_type == DT_DIR))
		n = place_xattr(&p, OVL_INO_XATTR, text, sizeof text - 1);
	if (n <= 0)
		return ovl_ino(r->o, &st);
	text[n] = '\0';
	return strtoull(text, NULL, 16);
}

static int read_entry(const struct reading *r, const struct dirent *d)
{
	const char *name = d->d_name;
	struct entry e = { .layer = (uint16_t)r->layer, .type = d->d_type };

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (whiteout_is_mark(r->o, name)) {
		e.hides = true;
		name += strlen(".wh.");
		return *name == '\0' || !strncmp(name, ".wh.", 4) ? 0 : add(r->l, name, e);
	}
	e.hides = hides(r, d);
	if (e.hides && r->alone)
		return 0;
	e.ino = e.hides ? 0 : number(r, d);
	return add(r->l, name, e);
}

static int read_layer(struct reading *r)
{
	autoplace p = PLACE_INIT;
	const struct dirent *d;
	char opaque[2];
	int fd, result = place_of(r->o, r->dir, NULL, r->layer, &p);
	DIR *stream;

	fd = result < 0 ? result : place_open(&p, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	r->files_may_hide = r->layer > 0 && place_xattr(&p, OVL_OPAQUE, opaque, sizeof opaque) == 1 && opaque[0] == 'x';
	stream = fdopendir(fd);
	if (!stream) {
		(void)close(fd);
		return -ENOMEM;
	}
	r->fd = fd;
	while (errno = 0, result == 0 && (d = readdir(stream)))
		result = read_entry(r, d);
	if (result == 0 && errno)
		result = -errno;
	(void)closedir(stream);
	return result;
}

/* By place in the list, then name, then upper layers first; what is there before what hides. */
static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c;

	if (x->cookie != y->cookie)
		return x->cookie < y->cookie ? -1 : 1;
	c = strcmp(x->name, y->name);
	if (c != 0)
		return c;
	return x->layer != y->layer ? (int)x->layer - (int)y->layer : (int)x->hides - (int)y->hides;
}

/* Only the topmost of each name stays, and not when it is a whiteout. */
static void merge(struct listing *l)
{
	size_t to = 0;

	if (l->n)
		qsort(l->entries, l->n, sizeof *l->entries, compare);
	for (size_t i = 0, next; i < l->n; i = next) {
		struct entry e = l->entries[i];

		for (next = i + 1; next < l->n && !strcmp(l->entries[next].name, e.name); next++)
			free(l->entries[next].name);
		if (e.hides) {
			free(e.name);
			continue;
		}
		if (to > 0 && e.cookie <= l->entries[to - 1].cookie)
			e.cookie = l->entries[to - 1].cookie + 1;
		l->entries[to++] = e;
	}
	l->n = to;
}

static int make(struct ovl *o, struct node *dir, struct listing **ret)
{
	uint16_t layers[OVL_LAYERS_MAX];
	unsigned n = node_has(dir, NODE_GONE) ? 0 : node_layers(dir, layers);
	struct listing *l = calloc(1, sizeof *l);
	int r = l ? 0 : -ENOMEM;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		struct reading reading = { .o = o, .l = l, .dir = dir, .layer = layers[i], .alone = n == 1 };

		r = read_layer(&reading);
	}
	if (r == 0) {
		merge(l);
		l->dir = dir;
		l->users = 1;
		*ret = l;
	} else if (l) {
		listing_free(l);
	}
	return r;
}

/* Out of the list of lists. They are locked. */
static void detach(struct ovl *o, struct listing *l)
{
	struct listing **p = &o->first_list;

	while (*p && *p != l)
		p = &(*p)->next;
	if (!*p)
		return;
	*p = l->next;
	o->lists_size -= l->bytes;
	node_clear(l->dir, NODE_LISTED);
	l->dir = NULL;
	if (l->users == 0)
		listing_free(l);
}

static struct listing *kept(struct ovl *o, const struct node *dir)
{
	struct listing *l;

	if (!node_has(dir, NODE_LISTED))
		return NULL;
	(void)pthread_mutex_lock(&o->lists);
	for (l = o->first_list; l && l->dir != dir; l = l->next)
		;
	if (l)
		l->users++;
	(void)pthread_mutex_unlock(&o->lists);
	return l;
}

static void keep(struct ovl *o, struct listing *l)
{
	struct listing *old;

	(void)pthread_mutex_lock(&o->lists);
	for (old = o->first_list; old && old->dir != l->dir; old = old->next)
		;
	if (old)
		detach(o, old);
	l->next = o->first_list;
	o->first_list = l;
	o->lists_size += l->bytes;
	node_set(l->dir, NODE_LISTED);
	while (o->lists_size > KEPT_MAX && o->first_list->next) {
		for (old = o->first_list; old->next; old = old->next)
			;
		detach(o, old);
	}
	(void)pthread_mutex_unlock(&o->lists);
}

int listing_get(struct ovl *o, struct node *dir, struct listing **ret)
{
	int r;

	*ret = kept(o, dir);
	if (*ret)
		return 0;
	r = make(o, dir, ret);
	if (r == 0)
		keep(o, *ret);
	return r;
}

void listing_put(struct ovl *o, struct listing *l)
{
	(void)pthread_mutex_lock(&o->lists);
	if (--l->users == 0 && !l->dir)
		listing_free(l);
	(void)pthread_mutex_unlock(&o->lists);
}

size_t listing_after(const struct listing *l, uint64_t cookie)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (l->entries[mid].cookie > cookie)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

void listing_drop(struct ovl *o, struct node *dir)
{
	struct listing *l;

	if (!node_has(dir, NODE_LISTED))
		return;
	(void)pthread_mutex_lock(&o->lists);
	for (l = o->first_list; l && l->dir != dir; l = l->next)
		;
	if (l)
		detach(o, l);
	(void)pthread_mutex_unlock(&o->lists);
}

int listing_is_empty(struct ovl *o, struct node *dir)
{
	struct listing *l;
	int r = listing_get(o, dir, &l);

	if (r < 0)
		return r;
	r = listing_count(l) == 0;
	listing_put(o, l);
	return r;
}
