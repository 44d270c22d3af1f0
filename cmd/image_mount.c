/* image_mount.c - image mount, image unmount. See podman-image-mount(1).
 *
 * An image is mounted in the mount namespace of the caller, read-only, at a place of its own below the run directory; what is
 * mounted there is what the kernel says, and nothing else is kept. Mounted again it is mounted once more on top, so that
 * each unmount takes one away.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/rootfs.h"

struct mount_options {
	bool all, force;
	char *format;
};
#define AT(member) offsetof(struct mount_options, member)

static const struct opt mount_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "Mount every image" },
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "format", .help = "Show mounts as this",
	  .choices = "json", .complete = COMPLETE_CHOICES },
	OPT_END
};

static const struct opt unmount_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "Unmount every image" },
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = AT(force),
	  .help = "Unmount it as often as it is mounted" },
	OPT_END
};

static char *place_of(struct context *c, const struct image *img)
{
	return g_strdup_printf("%s/images/%s", c->store->run, img->id);
}

static bool is_mounted(const char *place)
{
	struct statx st;

	return statx(AT_FDCWD, place, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* Is this a mount namespace that one may mount in? */
static int check_rights(struct context *c, const char *what, struct err *e)
{
	int r;

	if (geteuid() != 0) {
		err_msg(e, EPERM, "cannot run %s here: it needs to be root of a user namespace", what);
		return err_hint(e, "run `coracle unshare` first, and %s in that", what);
	}
	r = context_store(c, e);
	if (r == 0 && !c->store->driver)
		r = store_choose_driver(c->store, e);
	return r;
}

/* --- mount ---------------------------------------------------------------------------------------------------- */

static int mount_new(struct context *c, const struct image *img, const char *place, struct err *e)
{
	struct rootfs_plan *p = NULL;
	autofd mnt = -1;
	int r;

	/* A server of a FUSE mount would have to stay behind. */
	if (strcmp(c->store->driver, "overlay") != 0)
		return err_msg(e, EOPNOTSUPP, "image mount needs the overlay driver; this store uses %s", c->store->driver);
	r = path_mkdirs(place, 0700);
	if (r < 0)
		return err_set(e, -r, "%s", place);
	r = rootfs_plan_volume(c->store, img, false, NULL, &p, e);
	if (r < 0)
		return r;
	mnt = rootfs_mount(p, e);
	rootfs_plan_free(p);
	if (mnt < 0)
		return mnt;
	return move_mount(mnt, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? err_set(e, errno, "mount on %s", place) : 0;
}

static int mount_image(struct context *c, const struct image *img, char **ret_place, struct err *e)
{
	g_autofree char *place = place_of(c, img);
	int r = 0;

	if (!is_mounted(place))
		r = mount_new(c, img, place, e);
	else if (mount(place, place, NULL, MS_BIND, NULL) < 0)
		r = err_set(e, errno, "mount on %s", place);
	if (r == 0)
		*ret_place = g_steal_pointer(&place);
	return r < 0 ? err_wrap(e, "mounting image %.12s", img->id) : 0;
}

static void add_row(json_t *rows, const struct image *img, const char *place)
{
	json_array_append_new(rows, json_pack("{s:s,s:o,s:s}", "id", img->id, "Repositories", json_of_strings(img->names),
					      "mountpoint", place));
}

static int mount_named(struct context *c, int n, char **names, json_t *rows, struct err *e)
{
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		g_autofree char *place = NULL;
		autoimage *img = NULL;

		r = image_get(c, names[i], &img, e);
		if (r == 0)
			r = mount_image(c, img, &place, e);
		if (r == 0)
			add_row(rows, img, place);
	}
	return r;
}

/* Those that are mounted, or all, which then are. */
static int mount_listed(struct context *c, bool all, json_t *rows, struct err *e)
{
	struct image **list;
	int r = image_list(c->store, &list, e);

	if (r < 0)
		return r;
	for (struct image **i = list; *i && r == 0; i++) {
		g_autofree char *place = place_of(c, *i), *made = NULL;

		if (all)
			r = mount_image(c, *i, &made, e);
		if (r == 0 && is_mounted(place))
			add_row(rows, *i, place);
	}
	image_list_free(list);
	return r;
}

static void show(json_t *rows, bool json, bool path_only)
{
	char *text = json ? json_dumps(rows, JSON_INDENT(4)) : NULL;
	json_t *row;
	size_t i;

	if (text)
		puts(text);
	free(text);
	json_array_foreach(rows, i, row) {
		const char *name = json_string_value(json_array_get(json_object_get(row, "Repositories"), 0));
		const char *place = json_string_value(json_object_get(row, "mountpoint"));

		if (path_only)
			puts(place);
		else if (!json)
			printf("%s  %s\n", name ? name : json_string_value(json_object_get(row, "id")), place);
	}
}

static int run_mount(struct context *c, void *values, int argc, char **argv)
{
	const struct mount_options *o = values;
	json_t *rows = json_array();
	struct err e = ERR_INIT;
	int r = o->all && argc ? err_msg(&e, EINVAL, "--all and images exclude each other") :
				 check_rights(c, "coracle image mount", &e);

	if (r == 0)
		r = argc ? mount_named(c, argc, argv, rows, &e) : mount_listed(c, o->all, rows, &e);
	if (r == 0)
		show(rows, o->format, argc == 1 && !o->format);
	json_decref(rows);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_image_mount = {
	.name = "image mount", .summary = "Mount the root file system of images, or list what is mounted",
	.usage = "[OPTIONS] [IMAGE...]", .opts = mount_opts, .values_size = sizeof(struct mount_options), .run = run_mount,
	.min_args = 0, .max_args = -1, .complete = COMPLETE_IMAGE,
};

/* --- unmount -------------------------------------------------------------------------------------------------- */

static int unmount_image(struct context *c, const struct image *img, bool force, struct err *e)
{
	g_autofree char *place = place_of(c, img);

	if (!is_mounted(place))
		return err_msg(e, EINVAL, "image %s is not mounted", img->names[0] ? img->names[0] : img->id);
	do {
		if (umount2(place, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0)
			return err_set(e, errno, "unmount %s", place);
	} while (force && is_mounted(place));
	if (!is_mounted(place))
		(void)rmdir(place);
	puts(img->id);
	return 0;
}

static int unmount_all(struct context *c, bool force, struct err *e)
{
	struct image **list;
	int r = image_list(c->store, &list, e);

	if (r < 0)
		return r;
	for (struct image **i = list; *i && r == 0; i++) {
		g_autofree char *place = place_of(c, *i);

		if (is_mounted(place))
			r = unmount_image(c, *i, force, e);
	}
	image_list_free(list);
	return r;
}

static int run_unmount(struct context *c, void *values, int argc, char **argv)
{
	const struct mount_options *o = values;
	struct err e = ERR_INIT;
	int r = o->all && argc ? err_msg(&e, EINVAL, "--all and images exclude each other") :
		!o->all && !argc ? err_msg(&e, EINVAL, "name an image, or give --all") :
				   check_rights(c, "coracle image unmount", &e);

	if (r == 0 && o->all)
		r = unmount_all(c, o->force, &e);
	for (int i = 0; i < argc && r == 0; i++) {
		autoimage *img = NULL;

		r = image_get(c, argv[i], &img, &e);
		if (r == 0)
			r = unmount_image(c, img, o->force, &e);
	}
	return r < 0 ? fail(&e) : 0;
}

const struct command command_image_unmount = {
	.name = "image unmount", .alias = "image umount", .summary = "Unmount images", .usage = "[OPTIONS] IMAGE...",
	.opts = unmount_opts, .values_size = sizeof(struct mount_options), .run = run_unmount, .min_args = 0, .max_args = -1,
	.complete = COMPLETE_IMAGE,
};
