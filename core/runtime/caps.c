/* caps.c - see caps.h. */
#include "core/runtime/caps.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/oci/capability.h"

static int get(struct __user_cap_data_struct d[2])
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	memset(d, 0, 2 * sizeof *d);
	return syscall(SYS_capget, &h, d) < 0 ? -errno : 0;
}

bool caps_have(int number)
{
	struct __user_cap_data_struct d[2];

	return get(d) == 0 && (d[number / 32].effective & (1U << (number % 32)));
}

uint64_t caps_permitted(void)
{
	struct __user_cap_data_struct d[2];

	return get(d) == 0 ? (uint64_t)d[1].permitted << 32 | d[0].permitted : 0;
}

int caps_bound(uint64_t keep, struct err *e)
{
	/* A kernel may know more than we have names for: go on until it says that there is no such number. */
	for (int i = 0; i < 64; i++) {
		if (keep & (1ULL << i))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break;
		return err_set(e, errno, "drop %s from the bounding set", capability_name(i) ? capability_name(i) : "a capability");
	}
	return 0;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	if (syscall(SYS_capset, &h, d) < 0)
		return err_set(e, errno, "set capabilities");
	return 0;
}

int caps_ambient(uint64_t caps, struct err *e)
{
	for (int i = 0; i < 64; i++) {
		if (!(caps & (1ULL << i)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return err_set(e, errno, "raise %s in the ambient set",
				       capability_name(i) ? capability_name(i) : "a capability");
	}
	return 0;
}
