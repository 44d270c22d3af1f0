/* unpack_ids.c - see unpack_ids.h. */
#include "storage/unpack_ids.h"

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"

size_t unpack_read_map(const char *file, struct id_range *ranges)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	char *line;

	if (file_read(AT_FDCWD, file, 1 << 20, &text, NULL, &e) < 0)
		return 0;
	for (line = text; line && *line && n < IDMAP_MAX; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		char *end;

		ranges[n].inside = (uint32_t)strtoul(line, &end, 10);
		ranges[n].outside = (uint32_t)strtoul(end, &end, 10);
		ranges[n].count = (uint32_t)strtoul(end, &end, 10);
		n++;
	}
	return n;
}

bool unpack_is_mapped(const struct id_range *r, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (id >= r[i].inside && id - r[i].inside < r[i].count)
			return true;
	return false;
}
