/* fuzz_log.c - a log whose text the container, and whose file somebody else, has chosen. The first byte: format and tail. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/container/logread.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct err e = ERR_INIT;
	struct logread_entry n;
	struct logread r;
	char path[64];

	if (size == 0 || write(fd, data + 1, size - 1) < 0) {
		(void)close(fd);
		return 0;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (logread_open(&r, -1, path, *data & 1 ? LOGFILE_JSON : LOGFILE_K8S, (*data >> 1 & 3) - 1, &e) == 0)
		while (logread_next(&r, &n))
			g_assert(n.stream == 1 || n.stream == 2);
	logread_close(&r);
	(void)close(fd);
	return 0;
}
