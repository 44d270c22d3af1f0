/* ps_namespaces.c - see ps_namespaces.h. */
#include "cmd/ps_namespaces.h"

#include <glib.h>
#include <string.h>

/* "ipc:[4026531839]" -> "4026531839" */
static char *number_of(pid_t pid, const char *file)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", (int)pid, file);
	g_autofree char *link = pid > 0 ? g_file_read_link(path, NULL) : NULL;
	const char *open = link ? strchr(link, '[') : NULL;

	return open ? g_strndup(open + 1, strcspn(open + 1, "]")) : g_strdup("");
}

void ps_set_namespaces(json_t *row, pid_t pid)
{
	static const struct { const char *field, *file; } all[] = {
		{ "CGROUPNS", "cgroup" }, { "IPC", "ipc" }, { "MNT", "mnt" }, { "NET", "net" }, { "PIDNS", "pid" },
		{ "USERNS", "user" }, { "UTS", "uts" },
	};
	json_t *map = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *n = number_of(pid, all[i].file);

		json_object_set_new(row, all[i].field, json_string(n));
		json_object_set_new(map, all[i].field, json_string(n));
	}
	json_object_set_new(row, "Namespaces", map);
}
