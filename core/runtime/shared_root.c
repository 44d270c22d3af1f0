/* shared_root.c - see shared_root.h. */
#include "core/runtime/shared_root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"

/* What is done in the namespace: look, or unmount all but `below`. */
struct job {
	const char *root;
	bool remove;
	uint64_t below, found;
	int code;
};

static void look(struct job *j)
{
	struct statx st;

	if (statx(AT_FDCWD, j->root, AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		j->code = errno;
	else
		j->found = st.stx_mnt_id;
}

static void work(struct job *j)
{
	look(j);
	if (j->remove && !j->code && j->found != j->below && umount2(j->root, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		j->code = errno;
}

/* In a process of its own, whose memory of the job is ours. */
static int work_there(const char *path, struct job *j)
{
	autofd ns = open(path, O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (ns < 0)
		return -errno;
	pid = vfork();
	if (pid == 0) {
		if (setns(ns, CLONE_NEWNS) < 0)
			j->code = errno;
		else
			work(j);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	(void)proc_wait(pid);
	return -j->code;
}

static int run(const struct rspec *spec, struct job *j)
{
	const struct rspec_namespace *ns = &spec->namespaces[RSPEC_NS_MOUNT];

	if (ns->listed && ns->path)
		return work_there(ns->path, j);
	work(j);
	return -j->code;
}

int shared_root_look(const struct rspec *spec, const char *root, uint64_t *ret, struct err *e)
{
	const struct rspec_namespace *ns = &spec->namespaces[RSPEC_NS_MOUNT];
	struct job j = { .root = root };
	int r;

	*ret = 0;
	if (ns->listed && !ns->path)
		return 0;
	r = run(spec, &j);
	if (r < 0)
		return err_set(e, -r, "root file system %s in the mount namespace %s", root, ns->path ? ns->path : "of the caller");
	*ret = j.found;
	return 0;
}

void shared_root_remove(const struct rspec *spec, const char *root, uint64_t below)
{
	struct job j = { .root = root, .remove = true, .below = below };
	int r = run(spec, &j);

	if (r < 0 && r != -ENOENT)
		log_debug("root file system %s is not unmounted: error %d", root, -r);
}
