/* store.c - see store.h: where the store is, making it, opening it. */
#include "storage/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/path.h"

/* Parents first. */
static const char *const directories[] = {
	"images", "images/blobs", "images/blobs/sha256", "layers", "containers", "names", "volumes",
	"networks", "secrets", "tmp", "locks", "events",
};

static const char oci_layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

/* The remedy for what commonly goes wrong with a whole store. */
static int hint(struct err *e, int code)
{
	switch (code) {
	case EACCES: case EPERM: case EROFS:
		return err_hint(e, "choose a directory that you can write to with --root or CORACLE_ROOT");
	case ENOSPC: case EDQUOT:
		return err_hint(e, "free some space, or choose another place with --root");
	default:
		return -code;
	}
}

static char *default_root(char **ret_from)
{
	const char *dir = getenv("CORACLE_ROOT");

	if (dir && *dir) {
		*ret_from = g_strdup("CORACLE_ROOT");
		return g_strdup(dir);
	}
	dir = getenv("XDG_DATA_HOME");
	if (dir && *dir == '/') {
		*ret_from = g_strdup("XDG_DATA_HOME");
		return g_strconcat(dir, "/coracle", NULL);
	}
	dir = getenv("HOME");
	*ret_from = g_strdup("the default");
	return g_strconcat(dir && *dir == '/' ? dir : g_get_home_dir(), "/.local/share/coracle", NULL);
}

/* Something else's directory must not be filled with ours: without a version there may be only what an
 * interrupted first command left. Where another makes the store at the same time, its version is there by now. */
static int check_is_ours(struct store *s, struct err *e)
{
	int fd = openat(s->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!d) {
		r = err_set(e, errno, "open %s", s->root);
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(d))) {
		bool known = *entry->d_name == '.';

		for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
			known |= strcmp(entry->d_name, directories[i]) == 0;
		if (!known && faccessat(s->root_fd, "version", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			break;
		if (!known) {
			err_msg(e, ENOTEMPTY, "%s is not a store of coracle: it has \"%s\" but no file "
				"\"version\"", s->root, entry->d_name);
			r = err_hint(e, "name a new or empty directory");
		}
	}
	(void)closedir(d);
	return r;
}

/* Make what a store consists of; `version` last, so that it means "complete". Several may do so at once. */
static int make_store(struct store *s, struct err *e)
{
	char version[16];
	int r = check_is_ours(s, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
		if (mkdirat(s->root_fd, directories[i], 0700) < 0 && errno != EEXIST) {
			r = errno;
			err_set(e, r, "create %s/%s", s->root, directories[i]);
			return hint(e, r);
		}
	}
	snprintf(version, sizeof version, "%d\n", STORE_FORMAT);
	r = file_replace(s->root_fd, "images/oci-layout", oci_layout, strlen(oci_layout), 0600, false, e);
	if (r == 0)
		r = file_replace(s->root_fd, "version", version, strlen(version), 0600, false, e);
	if (r == 0)
		return 0;
	err_wrap(e, "%s", s->root);
	return hint(e, -r);
}

/* 1: a store of ours; 0: nothing here yet. */
static int check_version(struct store *s, struct err *e)
{
	autofd fd = openat(s->root_fd, "version", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char text[32] = "";
	ssize_t n;
	int version;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s/version", s->root);
	n = read(fd, text, sizeof text - 1);
	if (n < 0)
		return err_set(e, errno, "read %s/version", s->root);
	version = atoi(text);
	if (version > STORE_FORMAT) {
		err_msg(e, EPROTO, "%s: the store has format %d, this coracle knows %d", s->root, version,
			STORE_FORMAT);
		return err_hint(e, "use a newer coracle or another store (--root)");
	}
	if (version < 1)
		return err_msg(e, EPROTO, "%s/version: \"%.8s\" is not a format number", s->root, text);
	return 1;
}

static int open_directory(struct store *s, const char *name, int *ret, struct err *e)
{
	*ret = openat(s->root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret < 0 && errno == ENOENT && mkdirat(s->root_fd, name, 0700) == 0)
		*ret = openat(s->root_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? err_set(e, errno, "open %s/%s", s->root, name) : 0;
}

static int open_root(struct store *s, struct err *e)
{
	int r;

	s->root_fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root_fd < 0 && errno == ENOENT) {
		r = path_mkdirs(s->root, 0700);
		if (r < 0) {
			err_set(e, -r, "create the store %s", s->root);
			return hint(e, -r);
		}
		s->root_fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (s->root_fd < 0) {
		r = errno;
		err_set(e, r, "open the store %s", s->root);
		return hint(e, r);
	}
	r = check_version(s, e);
	if (r == 0)
		r = make_store(s, e);
	if (r < 0)
		return r;
	if ((r = open_directory(s, "images", &s->images_fd, e)) < 0 ||
	    (r = open_directory(s, "layers", &s->layers_fd, e)) < 0 ||
	    (r = open_directory(s, "containers", &s->containers_fd, e)) < 0 ||
	    (r = open_directory(s, "names", &s->names_fd, e)) < 0 ||
	    (r = open_directory(s, "volumes", &s->volumes_fd, e)) < 0)
		return r;
	return open_directory(s, "tmp", &s->tmp_fd, e);
}

/* Open the run directory `path`, made when missing. Others can reach /tmp: it must be a real directory, ours, and
 * closed to everybody else. fd or -errno. */
static int open_run(const char *path, bool asked, struct err *e)
{
	autofd fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		int r = asked ? path_mkdirs(path, 0700) : mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;

		if (r < 0)
			return err_set(e, -r, "create the run directory %s", path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return err_set(e, errno, "open the run directory %s", path);
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "%s", path);
	if (st.st_uid != geteuid()) {
		err_msg(e, EPERM, "the run directory %s belongs to user %u", path, (unsigned)st.st_uid);
		return err_hint(e, "name another with --runroot");
	}
	if ((st.st_mode & 022) != 0) {
		err_msg(e, EPERM, "the run directory %s can be written by others (mode %03o)", path,
			(unsigned)st.st_mode & 0777);
		return err_hint(e, "chmod 700 it, or name another with --runroot");
	}
	if (mkdirat(fd, "containers", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "create %s/containers", path);
	return take_fd(&fd);
}

static bool is_ours(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static char *default_run(void)
{
	g_autofree char *user = g_strdup_printf("/run/user/%u", (unsigned)geteuid());
	const char *dir = getenv("XDG_RUNTIME_DIR");

	/* After su the variable is often still somebody else's. */
	if (dir && *dir == '/' && is_ours(dir))
		return g_strconcat(dir, "/coracle", NULL);
	if (is_ours(user))
		return g_strconcat(user, "/coracle", NULL);
	if (geteuid() == 0 && is_ours("/run"))
		return g_strdup("/run/coracle");
	dir = getenv("TMPDIR");
	return g_strdup_printf("%s/coracle-run-%u", dir && *dir == '/' ? dir : "/tmp", (unsigned)geteuid());
}

static bool driver_known(const char *d)
{
	return strcmp(d, "overlay") == 0 || strcmp(d, "fuse") == 0 || strcmp(d, "vfs") == 0;
}

int store_open(const struct store_options *o, struct store **ret, struct err *e)
{
	autostore *s = g_new0(struct store, 1);
	g_autofree char *cwd = NULL, *root = NULL, *run = NULL;
	int r;

	s->root_fd = s->images_fd = s->layers_fd = s->containers_fd = s->names_fd = -1;
	s->volumes_fd = s->tmp_fd = s->run_fd = s->use_fd = -1;
	if (o->driver && !driver_known(o->driver))
		return err_msg(e, EINVAL, "unknown storage driver \"%s\" (overlay, fuse or vfs)", o->driver);
	if (o->root && *o->root) {
		root = g_strdup(o->root);
		s->root_from = g_strdup("--root");
	} else {
		root = default_root(&s->root_from);
	}
	run = o->run_root && *o->run_root ? g_strdup(o->run_root) : default_run();
	if (*root != '/' || *run != '/')
		cwd = g_get_current_dir();
	s->root = path_normalize(cwd ? cwd : "/", root);
	s->run = path_normalize(cwd ? cwd : "/", run);
	r = open_root(s, e);
	if (r < 0)
		return r;
	r = s->run_fd = open_run(s->run, o->run_root && *o->run_root, e);
	if (r < 0)
		return r;
	if (o->driver) {
		s->driver = g_strdup(o->driver);
		s->driver_why = g_strdup("asked for with --storage-driver");
	}
	*ret = s;
	s = NULL;
	return 0;
}

void store_close(struct store *s)
{
	fd_close(&s->root_fd);
	fd_close(&s->images_fd);
	fd_close(&s->layers_fd);
	fd_close(&s->containers_fd);
	fd_close(&s->names_fd);
	fd_close(&s->volumes_fd);
	fd_close(&s->tmp_fd);
	fd_close(&s->run_fd);
	store_use_end(s);
	g_free(s->root);
	g_free(s->run);
	g_free(s->root_from);
	g_free(s->driver);
	g_free(s->driver_why);
	g_free(s);
}
