/* stdio.c - see stdio.h. */
#include "core/runtime/stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/runtime/tty.h"

int stdio_arrange(const int stdio[3], int tty_slave, unsigned preserve, bool same_session, int *sock, struct err *e)
{
	bool tty = tty_slave >= 0;
	unsigned first = 3 + preserve;
	struct stat st;
	int spare[3];

	/* A directory of the host would be a way out of the root: openat(0, ".."). */
	for (int i = 0; !tty && i < 3; i++)
		if (fstat(stdio[i], &st) == 0 && S_ISDIR(st.st_mode))
			return err_msg(e, EISDIR, "descriptor %d of the program is a directory of the host", i);
	*sock = fd_move_above(*sock, (int)first);
	if (*sock < 0)
		return err_set(e, -*sock, "dup");
	if ((same_session && !tty ? setpgid(0, 0) : setsid()) < 0 && errno != EPERM)
		return err_set(e, errno, "setsid");
	if (tty && tty_take(tty_slave, e) < 0)
		return -e->code;
	for (int i = 0; !tty && i < 3; i++) {
		/* One may stand in another's place: out of the way first. */
		spare[i] = stdio[i] == i ? i : fcntl(stdio[i], F_DUPFD_CLOEXEC, (int)first);
		if (spare[i] < 0)
			return err_set(e, errno, "descriptor %d of the program", i);
	}
	for (int i = 0; !tty && i < 3; i++)
		/* What dup2 makes stays open at exec. */
		if (spare[i] != i ? dup2(spare[i], i) < 0 : fd_set_cloexec(i, false) < 0)
			return err_set(e, errno, "descriptor %d of the program", i);
	/* Before Linux 5.11: all that coracle opens is close-on-exec anyway. */
	(void)close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}
