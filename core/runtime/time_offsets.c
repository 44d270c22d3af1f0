/* time_offsets.c - see time_offsets.h. */
#include "core/runtime/time_offsets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#include "core/base/fd.h"
#include "core/base/file.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

bool time_offsets_given(const struct rspec *spec)
{
	return spec->time_offsets[RSPEC_CLOCK_MONOTONIC].given || spec->time_offsets[RSPEC_CLOCK_BOOTTIME].given;
}

int time_offsets_enter(const struct rspec *spec, struct err *e)
{
	static const char *const clocks[RSPEC_CLOCK_COUNT] = { "monotonic", "boottime" };
	autofd fd = -1;
	int r;

	for (int i = 0; i < RSPEC_CLOCK_COUNT; i++) {
		const struct rspec_time_offset *o = &spec->time_offsets[i];
		char line[64];

		if (!o->given)
			continue;
		snprintf(line, sizeof line, "%s %" PRId64 " %" PRIu32, clocks[i], o->secs, o->nanosecs);
		r = file_poke(AT_FDCWD, "/proc/self/timens_offsets", line);
		if (r < 0)
			return err_set(e, -r, "linux.timeOffsets.%s", clocks[i]);
	}
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return err_set(e, errno, "enter the time namespace");
	return 0;
}
