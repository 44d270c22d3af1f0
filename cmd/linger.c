/* linger.c - see linger.h. */
#include "cmd/linger.h"

#include <fcntl.h>
#include <glib.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"

#define WARNED "logout-warned"

static bool is_there(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool is_there(const char *root, const char *format, ...)
{
	g_autofree char *name = NULL, *path = NULL;
	va_list ap;

	va_start(ap, format);
	name = g_strdup_vprintf(format, ap);
	va_end(ap);
	path = g_strconcat(root, name, NULL);
	return access(path, F_OK) == 0;
}

bool logout_ends_us(const char *root, uid_t uid, const char *name)
{
	g_autofree char *path = g_strconcat(root, "/proc/self/cgroup", NULL), *text = NULL;
	g_autofree char *slice = g_strdup_printf("/user-%u.slice/", (unsigned)uid);
	struct err ignored = ERR_INIT;

	if (!is_there(root, "/run/systemd/users/%u", (unsigned)uid) || is_there(root, "/var/lib/systemd/linger/%s", name))
		return false;
	/* A system service of the user is no part of a login. */
	return file_read(AT_FDCWD, path, 64 * 1024, &text, NULL, &ignored) == 0 && strstr(text, slice);
}

void warn_of_logout(struct context *c)
{
	const struct passwd *pw;
	autofd once = -1;

	/* Most of the time there is nothing to ask the user database for. */
	if (!is_there("", "/run/systemd/users/%u", (unsigned)getuid()))
		return;
	pw = getpwuid(getuid());
	if (!pw || !logout_ends_us("", getuid(), pw->pw_name))
		return;
	once = openat(c->store->run_fd, WARNED, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (once >= 0)
		log_warn("lingering is off for user %s: systemd may end this container when you log out; "
			 "'loginctl enable-linger' lets it run on", pw->pw_name);
}
