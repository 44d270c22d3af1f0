/* tap.c - see tap.h. */
#include "net/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/fd.h"

static int no_device(int code, struct err *e)
{
	err_set(e, code, "/dev/net/tun");
	if (code == ENOENT || code == ENODEV || code == ENXIO)
		return err_hint(e, "load the kernel's tun module, or use --network host or none");
	if (code == EACCES || code == EPERM)
		return err_hint(e, "make it usable by users (chmod 0666 /dev/net/tun), or use --network "
				   "host or none");
	return -code;
}

int tap_open(const char *name, struct err *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	autofd fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return no_device(errno, e);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		return err_set(e, errno, "make interface %s (TUNSETIFF on /dev/net/tun)", name);
	return take_fd(&fd);
}
