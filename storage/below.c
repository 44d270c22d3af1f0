/* below.c - see below.h. */
#include "storage/below.h"

#include <errno.h>
#include <string.h>

#include "core/base/file.h"

#define BELOW_FILE "below"
#define BELOW_MAX (256L * 1024 * 1024)

static GHashTable *new_set(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct below *below_new(void)
{
	struct below *b = g_new0(struct below, 1);

	b->implied = new_set();
	b->whiteouts = new_set();
	b->devices = new_set();
	b->opaque = new_set();
	b->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return b;
}

void below_free(struct below *b)
{
	if (!b)
		return;
	g_hash_table_unref(b->implied);
	g_hash_table_unref(b->whiteouts);
	g_hash_table_unref(b->devices);
	g_hash_table_unref(b->opaque);
	g_hash_table_unref(b->links);
	g_free(b);
}

static void write_table(GString *out, char letter, GHashTable *table)
{
	GHashTableIter it;
	gpointer path, target;

	g_hash_table_iter_init(&it, table);
	while (g_hash_table_iter_next(&it, &path, &target)) {
		g_string_append_printf(out, "%c %s", letter, (char *)path);
		g_string_append_c(out, '\0');
		if (letter == 'l')
			g_string_append_len(out, target, (gssize)strlen(target) + 1);
	}
}

int below_write(const struct below *b, int layer_fd, struct err *e)
{
	GString *out = g_string_new(NULL);
	int r = 0;

	write_table(out, 'i', b->implied);
	write_table(out, 'w', b->whiteouts);
	write_table(out, 'd', b->devices);
	write_table(out, 'l', b->links);
	write_table(out, 'o', b->opaque);
	if (out->len > 0)
		r = file_replace(layer_fd, BELOW_FILE, out->str, out->len, 0600, false, e);
	g_string_free(out, TRUE);
	return r;
}

/* The record at `p`; what is after it, or NULL when it is none. */
static const char *read_record(struct below *b, const char *p, const char *end)
{
	const char *path = p + 2, *next = p + strlen(p) + 1;

	if (!p[0] || p[1] != ' ')
		return NULL;
	switch (p[0]) {
	case 'i':
		g_hash_table_add(b->implied, g_strdup(path));
		return next;
	case 'w':
		g_hash_table_add(b->whiteouts, g_strdup(path));
		return next;
	case 'd':
		g_hash_table_add(b->devices, g_strdup(path));
		return next;
	case 'o':
		g_hash_table_add(b->opaque, g_strdup(path));
		return next;
	case 'l':
		if (next >= end)
			return NULL;
		g_hash_table_insert(b->links, g_strdup(path), g_strdup(next));
		return next + strlen(next) + 1;
	default:
		return NULL;
	}
}

int below_read(int layer_fd, struct below **ret, struct err *e)
{
	g_autofree char *text = NULL;
	struct below *b = below_new();
	size_t len = 0;
	int r = file_read(layer_fd, BELOW_FILE, BELOW_MAX, &text, &len, e);
	const char *p = text;

	if (r == -ENOENT) {
		err_clear(e);
		r = 0;
	}
	while (r == 0 && p && p < text + len) {
		p = read_record(b, p, text + len);
		if (!p)
			r = err_msg(e, EBADMSG, "%s is damaged", BELOW_FILE);
	}
	if (r < 0)
		below_free(b);
	else
		*ret = b;
	return r;
}
