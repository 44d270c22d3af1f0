/* pretend_ids.c - see pretend_ids.h. */
#include "core/runtime/pretend_ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"

#define ANCESTORS_MAX 16
#define KEEP UINT32_MAX         /* -1: this id stays */

bool pretend_ids_call(int nr)
{
	static const int calls[] = { SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid,
				     SYS_getresgid, SYS_setuid, SYS_setreuid, SYS_setresuid,
				     SYS_setgid, SYS_setregid, SYS_setresgid, SYS_setgroups };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i] == nr)
			return true;
	return false;
}

bool pretend_ids_only_looks(int nr)
{
	return nr == SYS_getuid || nr == SYS_geteuid || nr == SYS_getgid || nr == SYS_getegid || nr == SYS_getresuid ||
	       nr == SYS_getresgid;
}

/* When process `pid` began (its number may be another's later), and its parent. 0: it is gone. */
static uint64_t started(const struct pretend_ids *t, uint32_t pid, uint32_t *parent)
{
	char path[32], text[1024], *field;
	autofd fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof path, "%u/stat", pid);
	fd = openat(t->proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	field = strrchr(text, ')');
	/* From the second field to the 22nd; the fourth is the parent. */
	for (int i = 2; field && i < 22; i++) {
		field = strchr(field + 1, ' ');
		if (i == 3 && field && parent)
			*parent = (uint32_t)strtoul(field + 1, NULL, 10);
	}
	return field ? strtoull(field + 1, NULL, 10) : 0;
}

static uint64_t now(void)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * hz + (uint64_t)ts.tv_nsec * hz / 1000000000;
}

static void forget(struct pretend_ids *t, struct pretended *p)
{
	*p = t->all[--t->n];
}

static struct pretended *find(struct pretend_ids *t, uint32_t pid)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct pretended *p = &t->all[i];

		if (p->pid != pid)
			continue;
		if (p->started == started(t, pid, NULL))
			return p;
		forget(t, p);
		return NULL;
	}
	return NULL;
}

/* A child that was born since then has what its parent had. */
const struct pretended *pretend_ids_find(struct pretend_ids *t, uint32_t pid)
{
	uint64_t born = 0;

	for (int i = 0; i < ANCESTORS_MAX && t->n && pid; i++) {
		const struct pretended *p = find(t, pid);
		uint32_t parent = 0;
		uint64_t began;

		if (p)
			return i == 0 || born >= p->since ? p : NULL;
		began = started(t, pid, &parent);
		born = i == 0 ? began : born;
		pid = began ? parent : 0;
	}
	return NULL;
}

static void forget_gone(struct pretend_ids *t)
{
	for (unsigned i = 0; i < t->n;)
		if (t->all[i].started == started(t, t->all[i].pid, NULL))
			i++;
		else
			forget(t, &t->all[i]);
}

/* Has this set only what is real? */
static bool is_real(const struct pretend_ids *t, const struct pretended *p)
{
	for (int i = 0; i < ID_COUNT; i++)
		if (p->uid[i] != t->uid || p->gid[i] != t->gid)
			return false;
	return true;
}

static void keep(struct pretend_ids *t, const struct pretended *p)
{
	struct pretended *old = find(t, p->pid);

	/* What is real again needs no entry, unless the parent's would hold then. */
	if (old)
		forget(t, old);
	if (!is_real(t, p) || pretend_ids_find(t, p->pid)) {
		if (t->n == PRETEND_PROCESSES_MAX)
			forget_gone(t);
		if (t->n < PRETEND_PROCESSES_MAX)
			t->all[t->n++] = *p;
	}
}

static bool has(const uint32_t *ids, uint32_t id)
{
	return id == KEEP || id == ids[ID_REAL] || id == ids[ID_EFFECTIVE] || id == ids[ID_SAVED];
}

static int set(uint32_t *ids, bool privileged, const uint32_t *to)
{
	for (int i = 0; i < ID_COUNT; i++)
		if (!privileged && !has(ids, to[i]))
			return -EPERM;
	for (int i = 0; i < ID_COUNT; i++)
		if (to[i] != KEEP)
			ids[i] = to[i];
	return 0;
}

/* setuid(2), setgid(2) */
static int set_one(uint32_t *ids, bool privileged, uint32_t id)
{
	const uint32_t all[] = { id, id, id }, effective[] = { KEEP, id, KEEP };

	if (id == KEEP)
		return -EINVAL;
	return set(ids, privileged, privileged ? all : effective);
}

/* setreuid(2), setregid(2): the saved id follows where rights could come back otherwise. */
static int set_two(uint32_t *ids, bool privileged, uint32_t real, uint32_t effective)
{
	bool follows = real != KEEP || (effective != KEEP && effective != ids[ID_REAL]);
	const uint32_t to[] = { real, effective, KEEP };
	int r = set(ids, privileged, to);

	if (r == 0 && follows)
		ids[ID_SAVED] = ids[ID_EFFECTIVE];
	return r;
}

static int apply(const struct pretend_ids *t, struct pretended *p, const struct seccomp_data *d)
{
	const uint32_t a[] = { (uint32_t)d->args[0], (uint32_t)d->args[1], (uint32_t)d->args[2] };
	bool privileged = p->uid[ID_EFFECTIVE] == t->uid;

	switch (d->nr) {
	case SYS_setuid: return set_one(p->uid, privileged, a[0]);
	case SYS_setgid: return set_one(p->gid, privileged, a[0]);
	case SYS_setreuid: return set_two(p->uid, privileged, a[0], a[1]);
	case SYS_setregid: return set_two(p->gid, privileged, a[0], a[1]);
	case SYS_setresuid: return set(p->uid, privileged, a);
	case SYS_setresgid: return set(p->gid, privileged, a);
	/* Who kept the capability may do so afterwards. */
	default: return 0;
	}
}

static int answer_get(struct pretend_ids *t, uint32_t pid, int nr, int64_t *val)
{
	const struct pretended *p = pretend_ids_find(t, pid);

	if (!p)
		return 0;
	*val = nr == SYS_getuid ? p->uid[ID_REAL] : nr == SYS_geteuid ? p->uid[ID_EFFECTIVE] :
	       nr == SYS_getgid ? p->gid[ID_REAL] : p->gid[ID_EFFECTIVE];
	return 1;
}

int pretend_ids_answer(struct pretend_ids *t, uint32_t pid, const struct seccomp_data *d, int64_t *val)
{
	struct pretended p = { 0 };
	const struct pretended *old;
	int r;

	if (pretend_ids_only_looks(d->nr))
		return answer_get(t, pid, d->nr, val);
	old = pretend_ids_find(t, pid);
	for (int i = 0; i < ID_COUNT; i++) {
		p.uid[i] = t->uid;
		p.gid[i] = t->gid;
	}
	if (old)
		p = *old;
	p.pid = pid;
	p.started = started(t, pid, NULL);
	p.since = now();
	r = apply(t, &p, d);
	*val = 0;
	if (r < 0)
		return r;
	keep(t, &p);
	return 1;
}
