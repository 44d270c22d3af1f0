/* driver.c - which rootfs driver a store uses: decided once by a trial, recorded in root/driver. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "storage/overlay/fuse/server.h"
#include "storage/overlay/overlay.h"
#include "storage/store.h"

/* The file: the name, a newline, why. */
static bool read_recorded(struct store *s)
{
	struct err ignored = ERR_INIT;
	g_autofree char *text = NULL;
	char *end;

	if (file_read(s->root_fd, "driver", 1024, &text, NULL, &ignored) < 0)
		return false;
	end = strchr(text, '\n');
	if (!end)
		return false;
	*end++ = '\0';
	if (strcmp(text, "overlay") != 0 && strcmp(text, "fuse") != 0 && strcmp(text, "vfs") != 0)
		return false;
	s->driver = g_strdup(text);
	s->driver_why = g_strdup(g_strchomp(end));
	return true;
}


int store_try_overlay(struct store *s, struct err *e)
{
	g_autofree char *name = NULL;
	struct err ignored = ERR_INIT;
	autofd lock = -1;
	autofd dir = store_stage(s, &name, &lock, e);
	int r;

	if (dir < 0)
		return dir;
	r = overlay_trial(dir, e);
	(void)store_remove(s, s->tmp_fd, name, &ignored);
	store_unstage(s, name);
	return r;
}

static void choose(struct store *s)
{
	struct err overlay = ERR_INIT, fuse = ERR_INIT;

	if (store_try_overlay(s, &overlay) == 0) {
		s->driver = g_strdup("overlay");
		s->driver_why = g_strdup("a trial mount of the kernel's overlay worked");
	} else if (fuse_trial(&fuse) == 0) {
		s->driver = g_strdup("fuse");
		s->driver_why = g_strdup_printf("the kernel's overlay cannot be used: %s", overlay.msg);
	} else {
		s->driver = g_strdup("vfs");
		s->driver_why = g_strdup_printf("the kernel's overlay cannot be used: %s; nor can fuse: %s", overlay.msg,
						fuse.msg);
	}
}

int store_choose_driver(struct store *s, struct err *e)
{
	g_autofree char *text = NULL;

	if (s->driver || read_recorded(s))
		return 0;
	choose(s);
	text = g_strdup_printf("%s\n%s\n", s->driver, s->driver_why);
	/* A store that can only be read is used as well as it goes: the trial is made again next time. */
	if (file_replace(s->root_fd, "driver", text, strlen(text), 0600, false, e) < 0) {
		log_info("the choice of the storage driver is not recorded: %s", e->msg);
		err_clear(e);
	}
	return 0;
}
