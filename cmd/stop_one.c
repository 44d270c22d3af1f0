/* stop_one.c - stop one container, and say why it had to be killed. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/container_set.h"
#include "core/base/file.h"
#include "core/container/manage.h"

#define STOP_TIMEOUT 10         /* seconds, podman's */
#define KILLED (128 + SIGKILL)

/* Does the process have a handler for the signal (proc(5), SigCgt)? Unknown is yes. */
static bool catches(pid_t pid, int sig)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/status", (int)pid), *text = NULL;
	struct err ignored = ERR_INIT;
	const char *line;

	if (file_read(AT_FDCWD, file, 64 * 1024, &text, NULL, &ignored) < 0)
		return true;
	line = strstr(text, "\nSigCgt:");
	return !line || (strtoull(line + strlen("\nSigCgt:"), NULL, 16) >> (sig - 1) & 1) != 0;
}

int stop_one(struct context *c, const struct container_info *i, const int64_t *seconds, struct err *e)
{
	int64_t own = i->record->stop_timeout_s > 0 ? i->record->stop_timeout_s : STOP_TIMEOUT;
	int64_t wait = seconds ? *seconds : own;
	int sig = i->record->stop_signal ? i->record->stop_signal : SIGTERM;
	bool caught = wait <= 0 || i->state.pid <= 0 || catches(i->state.pid, sig);
	struct err gone = ERR_INIT;
	struct container_state after;

	if (container_stop(&c->place, i->record->id, 0, wait, e) < 0)
		return -e->code;
	if (wait <= 0 || sig == SIGKILL || container_read_state(&c->place, i->record->id, &after, &gone) < 0 ||
	    after.exit_code != KILLED)
		return 0;
	log_warn("container %s did not end within %" PRId64 " seconds of signal %s and was killed%s", i->given, wait,
		 sigabbrev_np(sig) ? sigabbrev_np(sig) : "RT",
		 caught ? "" : ": its first program has no handler for it, and a PID 1 ends by no other way; "
			       "`--init` or another --stop-signal helps");
	return 0;
}
