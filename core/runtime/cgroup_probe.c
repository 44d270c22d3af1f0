/* cgroup_probe.c - what this process finds: mounts, its own cgroup, rights. See cgroup.h. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_dir.h"
#include "core/runtime/systemd_scope.h"

#define PROC_TEXT_MAX (4 * 1024 * 1024)

static const char *const controller_names[CGROUP_CONTROLLER_COUNT] = {
	[CGROUP_MEMORY] = "memory", [CGROUP_PIDS] = "pids", [CGROUP_CPU] = "cpu", [CGROUP_CPUSET] = "cpuset",
	[CGROUP_IO] = "io", [CGROUP_HUGETLB] = "hugetlb", [CGROUP_RDMA] = "rdma", [CGROUP_MISC] = "misc",
};

bool cgroup_mode_parse(const char *s, enum cgroup_mode *ret)
{
	static const char *const names[CGROUP_MODE_COUNT] = {
		[CGROUP_ENABLED] = "enabled", [CGROUP_DISABLED] = "disabled", [CGROUP_NO_CONMON] = "no-conmon",
		[CGROUP_SPLIT] = "split",
	};

	if (!s || !*s)
		s = "enabled";
	for (int i = 0; i < CGROUP_MODE_COUNT; i++)
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum cgroup_mode)i;
			return true;
		}
	return false;
}

bool cgroup_manager_parse(const char *s, enum cgroup_manager *ret)
{
	static const char *const names[CGROUP_MANAGER_COUNT] = {
		[CGROUP_MANAGER_AUTO] = "auto", [CGROUP_MANAGER_SYSTEMD] = "systemd",
		[CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
	};

	if (!s || !*s)
		s = "auto";
	for (int i = 0; i < CGROUP_MANAGER_COUNT; i++)
		if (strcmp(s, names[i]) == 0) {
			*ret = (enum cgroup_manager)i;
			return true;
		}
	return false;
}

const char *cgroup_controller_name(enum cgroup_controller c)
{
	return controller_names[c];
}

int cgroup_controller_parse(const char *name, size_t len)
{
	for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (strlen(controller_names[i]) == len && strncmp(controller_names[i], name, len) == 0)
			return i;
	return -1;
}

unsigned cgroup_controllers(const char *dir, const char *file)
{
	g_autofree char *path = g_build_filename(dir, file, NULL), *text = NULL;
	struct err e = ERR_INIT;
	unsigned mask = 0;

	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &e) < 0)
		return 0;
	for (const char *s = text; *s;) {
		size_t n = strcspn(s, " \n");
		int c = cgroup_controller_parse(s, n);

		if (c >= 0)
			mask |= 1U << c;
		s += n + (s[n] != '\0');
	}
	return mask;
}

bool cgroup_writable(const char *dir)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.subtree_control" };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(dir, files[i], NULL);

		if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
			return false;
	}
	return true;
}

bool cgroup_delegated(const char *dir)
{
	char v[4] = "";

	return (getxattr(dir, "user.delegate", v, sizeof v) == 1 || getxattr(dir, "trusted.delegate", v, sizeof v) == 1) &&
	       v[0] == '1';
}

/* "36 35 0:31 /root /mount options shared:1 - cgroup2 source super-options": the fields we want, or false. */
static bool mount_line(char *line, char **root, char **point, char **type)
{
	char *dash = strstr(line, " - "), *save = NULL;

	if (!dash)
		return false;
	*dash = '\0';
	*type = strtok_r(dash + 3, " ", &save);
	save = NULL;
	if (!strtok_r(line, " ", &save) || !strtok_r(NULL, " ", &save) || !strtok_r(NULL, " ", &save))
		return false;
	*root = strtok_r(NULL, " ", &save);
	*point = strtok_r(NULL, " ", &save);
	return *type && *root && *point;
}

static void probe_mounts(struct cgroup_host *h, char *root, size_t root_size)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	bool v1 = false;
	char *save = NULL;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", PROC_TEXT_MAX, &text, NULL, &e) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *r, *point, *type;

		if (!mount_line(line, &r, &point, &type))
			continue;
		v1 |= strcmp(type, "cgroup") == 0;
		/* The first one that is not a bind mount of some part elsewhere, so the shortest root. */
		if (strcmp(type, "cgroup2") == 0 && (!h->mount[0] || strlen(r) < strlen(root))) {
			g_strlcpy(h->mount, point, sizeof h->mount);
			g_strlcpy(root, r, root_size);
		}
	}
	if (v1)
		h->layout = CGROUP_LAYOUT_V1;
	else if (h->mount[0])
		h->layout = CGROUP_LAYOUT_V2;
}

/* The caller's cgroup below the mount; false when it is not under it. */
static bool probe_own(struct cgroup_host *h, const char *root)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	char *line, *end;
	size_t n = strlen(root);

	if (file_read(AT_FDCWD, "/proc/self/cgroup", PROC_TEXT_MAX, &text, NULL, &e) < 0)
		return false;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return false;
	line = strstr(line, "::") + 2;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	/* "/../.." is outside of our cgroup namespace. */
	if (strncmp(line, "/..", 3) == 0)
		return false;
	if (strcmp(root, "/") != 0) {
		if (strncmp(line, root, n) != 0 || (line[n] != '/' && line[n] != '\0'))
			return false;
		line += n;
	}
	return g_strlcpy(h->own, *line ? line : "/", sizeof h->own) < sizeof h->own;
}

char *cgroup_own_dir(const struct cgroup_host *h)
{
	return strcmp(h->own, "/") == 0 ? g_strdup(h->mount) : g_strconcat(h->mount, h->own, NULL);
}

void cgroup_probe(struct cgroup_host *ret)
{
	struct cgroup_host h = { .layout = CGROUP_LAYOUT_NONE };
	g_autofree char *dir = NULL;
	char root[1024] = "";

	probe_mounts(&h, root, sizeof root);
	if (h.layout == CGROUP_LAYOUT_V2) {
		h.systemd = systemd_scope_available();
		if (probe_own(&h, root)) {
			dir = cgroup_own_dir(&h);
			h.own_writable = cgroup_writable(dir);
			h.controllers = cgroup_controllers(dir, "cgroup.controllers");
		}
	}
	*ret = h;
}
