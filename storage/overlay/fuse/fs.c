/* fs.c - the file system as one object: see ovl.h. */
#include <errno.h>
#include <stdlib.h>

#include "core/base/fd.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/work.h"

static int make_locks(struct ovl *o)
{
	pthread_rwlockattr_t a;
	int r = pthread_rwlockattr_init(&a);

	/* Or a busy tree would never let a rename through. */
	if (r == 0)
		r = pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	if (r == 0)
		r = pthread_rwlock_init(&o->tree, &a);
	for (unsigned i = 0; r == 0 && i < OVL_STRIPES; i++)
		r = pthread_mutex_init(&o->stripes[i], NULL);
	if (r == 0)
		r = pthread_mutex_init(&o->table, NULL);
	if (r == 0)
		r = pthread_mutex_init(&o->handles, NULL);
	if (r == 0)
		r = pthread_mutex_init(&o->lists, NULL);
	return -r;
}

static int add_layer(struct ovl *o, unsigned l, int fd)
{
	struct stat st;
	unsigned i = 0;

	o->layers[l].fd = fd;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	o->layers[l].dev = st.st_dev;
	while (i < o->n_devices && o->devices[i] != st.st_dev)
		i++;
	if (i == o->n_devices && i < OVL_DEVICES)
		o->devices[o->n_devices++] = st.st_dev;
	return 0;
}

int ovl_new(const struct ovl_config *c, struct ovl **ret, struct err *e)
{
	struct ovl *o;
	int r = 0;

	if (c->n_lowers == 0 || c->n_lowers >= OVL_LAYERS_MAX)
		return err_msg(e, E2BIG, "%zu lower directories: 1 to %d are possible", c->n_lowers, OVL_LAYERS_MAX - 1);
	o = calloc(1, sizeof *o);
	if (o)
		o->layers = calloc(c->n_lowers + 1, sizeof *o->layers);
	if (!o || !o->layers) {
		free(o);
		return err_set(e, ENOMEM, "overlay");
	}
	*ret = o;
	o->n_layers = (unsigned)c->n_lowers + 1;
	o->writable = c->upper_fd >= 0;
	o->durable = c->durable;
	o->foreign = c->foreign;
	o->static_links = c->static_links;
	o->ids = c->ids;
	o->work_fd = o->links_fd = -1;
	/* Lower ones first: with their numbers most files are known. */
	for (unsigned l = 1; r == 0 && l < o->n_layers; l++)
		r = add_layer(o, l, c->lower_fds[l - 1]);
	if (r == 0)
		r = add_layer(o, 0, c->upper_fd);
	if (r == 0)
		r = make_locks(o);
	if (r == 0)
		r = node_table_new(o);
	if (r == 0 && o->writable && work_open(o, c->work_fd, e) < 0)
		return -e->code;
	if (r == 0)
		r = lookup_root(o);
	data_limit(o, 256);
	return r < 0 ? err_set(e, -r, "overlay") : 0;
}
