/* target.c - see target.h. */
#include "cmd/image/target.h"

#include <errno.h>
#include <glib.h>

static int open_it(const struct registry_options *ro, char *const *tags, struct target **t, struct err *e)
{
	switch ((*t)->name.transport) {
	case TRANSPORT_DOCKER:
		return target_open_registry(ro, t, e);
	case TRANSPORT_DOCKER_ARCHIVE:
		return target_open_docker_archive(tags, t, e);
	case TRANSPORT_STORE:
		return err_msg(e, EINVAL, "store: is no place for bare blobs");
	default:
		return target_open_layout(t, e);
	}
}

int target_open(const char *text, const struct registry_options *ro, char *const *tags, struct target **ret,
		struct err *e)
{
	struct target *t = g_new0(struct target, 1);
	int r = location_parse(text, &t->name, e);

	if (r == 0 && tags && t->name.transport != TRANSPORT_DOCKER_ARCHIVE)
		r = err_msg(e, EINVAL, "--additional-tag is for docker-archive: only");
	if (r == 0)
		r = open_it(ro, tags, &t, e);
	if (r < 0)
		target_close(t);
	else
		*ret = t;
	return r;
}

void target_close(struct target *t)
{
	if (!t)
		return;
	if (t->ops)
		t->ops->close(t);
	location_clear(&t->name);
	g_free(t->mount_from);
	g_free(t);
}
