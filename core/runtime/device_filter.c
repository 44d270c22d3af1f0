/* device_filter.c - see device_filter.h. */
#include "core/runtime/device_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"

/* Registers of the program: access type, device type, major and minor from the context, then rules. */
enum { REG_RESULT = 0, REG_CONTEXT = 1, REG_TYPE = 2, REG_ACCESS = 3, REG_MAJOR = 4, REG_MINOR = 5, REG_TEMP = 6 };

static void emit(GArray *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bpf_insn i = { .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm };

	g_array_append_val(p, i);
}

static void emit_exit(GArray *p, bool allow)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jump over `skip` instructions unless the register has that value. */
static void unless_equal(GArray *p, uint8_t reg, int32_t value, int16_t skip)
{
	emit(p, BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value);
}

static void emit_rule(GArray *p, const struct rspec_device_rule *d)
{
	bool typed = d->type != 'a', masked = d->access != (RSPEC_ACCESS_MKNOD | RSPEC_ACCESS_READ | RSPEC_ACCESS_WRITE);
	bool major = typed && d->major >= 0, minor = typed && d->minor >= 0;
	int16_t left = (int16_t)(2 + (masked ? 3 : 0) + minor + major);

	if (typed)
		unless_equal(p, REG_TYPE, d->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, left);
	if (masked) {
		/* Allowed: nothing is asked for beyond the rule. Denied: anything of the rule is asked for. */
		int32_t mask = (int32_t)(d->allow ? ~d->access & 7 : d->access);

		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, REG_TEMP, REG_ACCESS, 0, 0);
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, REG_TEMP, 0, 0, mask);
		emit(p, BPF_JMP | (d->allow ? BPF_JNE : BPF_JEQ) | BPF_K, REG_TEMP, 0, (int16_t)(2 + minor + major), 0);
	}
	if (major)
		unless_equal(p, REG_MAJOR, (int32_t)d->major, (int16_t)(2 + minor));
	if (minor)
		unless_equal(p, REG_MINOR, (int32_t)d->minor, 2);
	emit_exit(p, d->allow);
}

static const struct rspec_device_rule defaults[] = {
	{ true, 'c', -1, -1, RSPEC_ACCESS_MKNOD }, { true, 'b', -1, -1, RSPEC_ACCESS_MKNOD },
	{ true, 'c', 1, 3, 7 }, { true, 'c', 1, 5, 7 }, { true, 'c', 1, 7, 7 }, { true, 'c', 1, 8, 7 },
	{ true, 'c', 1, 9, 7 }, { true, 'c', 5, 0, 7 }, { true, 'c', 5, 1, 7 }, { true, 'c', 5, 2, 7 },
	{ true, 'c', 136, -1, 7 },
};

static GArray *make_program(const struct rspec_resources *r)
{
	GArray *p = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));

	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_TYPE, REG_CONTEXT, 0, 0);
	emit(p, BPF_ALU64 | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	emit(p, BPF_ALU64 | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	emit(p, BPF_ALU64 | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, 16);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_MAJOR, REG_CONTEXT, 4, 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, REG_MINOR, REG_CONTEXT, 8, 0);
	/* The last rule that matches counts: it is asked first. */
	for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++)
		emit_rule(p, &defaults[i]);
	for (size_t i = r->n_devices; i > 0; i--) {
		const struct rspec_device_rule *d = &r->devices[i - 1];

		emit_rule(p, d);
		/* The kernel refuses a program with something that is never reached. */
		if (d->type == 'a' && d->access == (RSPEC_ACCESS_MKNOD | RSPEC_ACCESS_READ | RSPEC_ACCESS_WRITE))
			return p;
	}
	emit_exit(p, true);
	return p;
}

int device_filter_attach(const char *dir, const struct rspec_resources *r, struct err *e)
{
	autofd cgroup = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), prog = -1;
	g_autoptr(GArray) code = make_program(r);
	union bpf_attr a;

	if (cgroup < 0)
		return err_set(e, errno, "cgroup %s", dir);
	memset(&a, 0, sizeof a);
	a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.insns = (uint64_t)(uintptr_t)code->data;
	a.insn_cnt = code->len;
	a.license = (uint64_t)(uintptr_t)"Apache-2.0";
	prog = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof a);
	if (prog < 0)
		return errno == EPERM ? 0 : err_set(e, errno, "linux.resources.devices: load the filter");
	memset(&a, 0, sizeof a);
	a.target_fd = (uint32_t)cgroup;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	a.attach_flags = BPF_F_ALLOW_MULTI;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &a, sizeof a) < 0 && errno != EPERM)
		return err_set(e, errno, "linux.resources.devices: attach the filter");
	return 0;
}
