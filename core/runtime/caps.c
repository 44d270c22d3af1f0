/* caps.c - see caps.h. */
#include "core/runtime/caps.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The index is the number. */
static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE",
	"CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
	"CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG",
	"CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

int caps_number(const char *name)
{
	if (!g_ascii_strncasecmp(name, "CAP_", 4))
		name += 4;
	for (int i = 0; i < (int)G_N_ELEMENTS(names); i++)
		if (!g_ascii_strcasecmp(names[i] + 4, name))
			return i;
	return -1;
}

const char *caps_name(int number)
{
	return number >= 0 && number < (int)G_N_ELEMENTS(names) ? names[number] : NULL;
}

uint64_t caps_all(void)
{
	return (1ULL << G_N_ELEMENTS(names)) - 1;
}

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
		return err_set(e, errno, "drop %s from the bounding set", caps_name(i) ? caps_name(i) : "a capability");
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
				       caps_name(i) ? caps_name(i) : "a capability");
	}
	return 0;
}
