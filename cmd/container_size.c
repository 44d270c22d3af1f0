/* container_size.c - see container_size.h. */
#include "cmd/container_size.h"

#include <glib.h>
#include <string.h>

#include "cmd/tree_size.h"
#include "core/base/text.h"
#include "storage/image.h"

int64_t container_size_rw(struct context *c, const char *id)
{
	g_autofree char *upper = g_strdup_printf("%s/%s/upper", c->place.containers_path, id);

	return tree_size(upper, TREE_BYTES);
}

int64_t container_size_root(struct context *c, const struct container_record *r, int64_t rw)
{
	autoimage *img = NULL;
	struct err ignored = ERR_INIT;

	if (!r->image_id || image_find(c->store, r->image_id, &img, &ignored) <= 0)
		return rw;
	return rw + image_size(c->store, img);
}

/* "1.98 MB" without the space. */
static char *close_size(int64_t bytes)
{
	char *s = text_human_size(bytes), *space = strchr(s, ' ');

	if (space)
		memmove(space, space + 1, strlen(space));
	return s;
}

char *container_size_text(int64_t rw, int64_t root)
{
	g_autofree char *written = close_size(rw), *all = close_size(root);

	return g_strdup_printf("%s (virtual %s)", written, all);
}
