/* run_auto_ids.c - --userns auto: a range of the user's ids for each container, from its creation to its removal.
 *
 * The ranges that are taken are in the records of the containers. Until a new container has its record, a lock on the
 * bytes of the range in a file of the run directory keeps it from others; it is held by the command, and by the keeper
 * that it becomes. So the lock is taken first, and the records are read after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cmd/launch_user.h"
#include "cmd/run_spec.h"
#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/text.h"
#include "storage/layer.h"

#define LEAST 1024      /* ids, as podman */
#define NOBODY 65534u   /* accounts of this id do not count */

struct taken { int64_t first, end; };

static gint by_first(gconstpointer a, gconstpointer b)
{
	const struct taken *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* The ranges of all containers. A container that goes away meanwhile has none. */
static GArray *ranges_taken(struct context *c, struct err *e)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct taken));
	char **ids = NULL;

	if (container_list_ids(&c->place, &ids, e) < 0) {
		g_array_free(all, TRUE);
		return NULL;
	}
	for (char **id = ids; *id; id++) {
		autorecord *r = NULL;
		struct launch_extras x;
		struct err ignored = ERR_INIT;

		if (container_load(&c->place, *id, &r, &ignored) == 0 &&
		    launch_extras_from_json(r, &x, &ignored) == 0 && x.auto_size) {
			struct taken t = { x.auto_first, (int64_t)x.auto_first + x.auto_size };

			g_array_append_val(all, t);
		}
	}
	g_strfreev(ids);
	return all;
}

static bool overlaps(GArray *taken, int64_t first, int64_t size)
{
	for (guint i = 0; i < taken->len; i++) {
		const struct taken *t = &g_array_index(taken, struct taken, i);

		if (t->first < first + size && t->end > first)
			return true;
	}
	return false;
}

/* The first gap of `size` ids from 1 on. */
static int64_t first_gap(GArray *taken, int64_t size)
{
	int64_t first = 1;

	g_array_sort(taken, by_first);
	for (guint i = 0; i < taken->len; i++) {
		const struct taken *t = &g_array_index(taken, struct taken, i);

		if (t->first < first + size && t->end > first)
			first = t->end;
	}
	return first;
}

/* The highest id of the accounts in a passwd or group file; its third field is the id, a fourth one a group's. */
static uint32_t highest_in(const char *text, uint32_t highest)
{
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) field = g_strsplit(*line, ":", 5);
		guint n = g_strv_length(field);
		int64_t id;

		for (guint i = 2; i < MIN(n, 4); i++)
			if (text_int(field[i], 0, UINT32_MAX - 1, &id) && id != NOBODY && id > highest)
				highest = (uint32_t)id;
	}
	return highest;
}

/* In the topmost layer that has the file. */
static uint32_t highest_account(struct run_plan *p, const char *file)
{
	char **layers = p->img && !p->img->host ? p->img->config.diff_ids : NULL;

	for (size_t i = layers ? p->img->config.n_diff_ids : 0; i > 0; i--) {
		struct err ignored = ERR_INIT;
		autofd tree = layer_open_tree(p->c->store, layers[i - 1], &ignored);
		g_autofree char *text = tree < 0 ? NULL : account_file_read(tree, file);

		if (text)
			return highest_in(text, 0);
	}
	return 0;
}

/* As many ids as the image's accounts and the user need. */
static uint32_t size_wanted(struct run_plan *p)
{
	uint32_t highest = MAX(highest_account(p, "/etc/passwd"), highest_account(p, "/etc/group"));
	g_auto(GStrv) user = g_strsplit(p->o->user ? p->o->user : "", ":", 2);
	int64_t id;

	for (char **u = user; *u; u++)
		if (text_int(*u, 0, UINT32_MAX - 2, &id) && id != NOBODY && id > highest)
			highest = (uint32_t)id;
	return MAX(highest + 1, LEAST);
}

static uint32_t ids_of(const struct id_range *r, size_t n)
{
	uint32_t end = 0;

	for (size_t i = 0; i < n; i++)
		end = MAX(end, r[i].inside + r[i].count);
	return end;
}

/* Take a gap. The descriptor is not closed: the lock ends with the processes that have it. */
static int take(struct run_plan *p, int64_t size, int64_t limit, struct err *e)
{
	autofd fd = lock_open(p->c->place.run_fd, "auto-ids");
	g_autoptr(GArray) taken = fd < 0 ? NULL : ranges_taken(p->c, e);

	if (fd < 0)
		return err_set(e, -fd, "open %s/auto-ids", p->c->place.run_path);
	while (taken) {
		int64_t first = first_gap(taken, size);
		struct taken other = { first, 0 };
		int r;

		if (first + size > limit) {
			err_msg(e, ENOSPC, "--userns auto: no %" PRId64 " ids are left of the %" PRId64 " subordinate ids",
				size, limit - 1);
			return err_hint(e, "remove containers with --userns auto, or choose less with auto:size=N");
		}
		r = lock_try_range(fd, first, size, &other.end);
		if (r < 0 && r != -EAGAIN)
			return err_set(e, -r, "lock %s/auto-ids", p->c->place.run_path);
		if (r < 0) {
			g_array_append_val(taken, other);
			continue;
		}
		g_array_unref(taken);
		taken = ranges_taken(p->c, e);
		if (taken && overlaps(taken, first, size)) {
			lock_release(fd);
			continue;
		}
		p->x.auto_first = (uint32_t)first;
		p->x.auto_size = (uint32_t)size;
		(void)take_fd(&fd);
		break;
	}
	return taken ? 0 : -e->code;
}

int run_auto_ids(struct run_plan *p, struct err *e)
{
	struct userns_request req = { .mode = USERNS_HOST };
	const struct idmap *store = idmap_store();
	int64_t limit = MIN(ids_of(store->uid, store->n_uid), ids_of(store->gid, store->n_gid));

	if (!p->rec->userns || !g_str_has_prefix(p->rec->userns, "auto"))
		return 0;
	if (launch_userns_parse(p->rec->userns, &req, e) < 0)
		return -e->code;
	/* Without subordinate ids the map says what is missing. */
	if (store->one_id)
		return 0;
	return take(p, req.auto_size ? req.auto_size : size_wanted(p), limit, e);
}
