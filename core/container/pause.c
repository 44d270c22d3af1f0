/* pause.c - see pause.h. */
#include "core/container/pause.h"

#include <errno.h>
#include <glib.h>

#include "core/base/fd.h"
#include "core/container/ctl.h"
#include "core/container/processes.h"
#include "core/runtime/cgroup.h"

/* Say `type` to the keeper; the data of its answer (terminated, g_free) into *ret. Its value, or -errno. */
static int ask(int sock, enum ctl_type type, int value, char **ret)
{
	g_autofree struct ctl_msg *m = g_new0(struct ctl_msg, 1);
	int r = ctl_send(sock, type, value, 0, 0, NULL, 0);

	if (r == 0)
		r = ctl_await(sock, CTL_DONE, m);
	if (r != CTL_DONE)
		return r < 0 && r != -EPIPE ? r : -ESRCH;
	if (ret)
		*ret = g_strndup(m->data, sizeof m->data);
	return m->head.value;
}

char *container_cgroup(const struct container_place *p, const char *id)
{
	autofd sock = ctl_connect(p, id);
	g_autofree char *path = NULL;

	if (sock < 0 || ask(sock, CTL_CGROUP, 0, &path) < 0 || !path || !*path)
		return NULL;
	return g_steal_pointer(&path);
}

static int set_frozen(const char *cgroup, pid_t init, bool paused, struct err *e)
{
	if (cgroup)
		return cgroup_freeze(cgroup, paused, e);
	return paused ? processes_stop(init, e) : processes_continue(init, e);
}

static int failed(const char *id, int r, bool paused, struct err *e)
{
	if (r == -ESRCH)
		return err_msg(e, ESRCH, "container %.12s is not running", id);
	if (r == -EALREADY)
		return err_msg(e, EALREADY, "container %.12s is %s paused", id, paused ? "already" : "not");
	return err_set(e, -r, "container %.12s: talk to its keeper", id);
}

int container_pause(const struct container_place *p, const char *id, bool paused, struct err *e)
{
	g_autofree char *cgroup = container_cgroup(p, id);
	autofd sock = ctl_connect(p, id);
	struct container_state st;
	int r = sock == -ENOENT ? -ESRCH : sock;

	if (r >= 0)
		r = container_read_state(p, id, &st, e) < 0 ? -e->code : 0;
	if (r == 0)
		r = st.pid <= 0 ? -ESRCH : (st.status == CONTAINER_PAUSED) == paused ? -EALREADY : 0;
	if (r == 0 && paused)
		r = ask(sock, CTL_PAUSE, true, NULL);
	if (r < 0)
		return *e->msg ? r : failed(id, r, paused, e);
	r = set_frozen(cgroup, st.pid, paused, e);
	if (r < 0 && paused) {          /* all or nothing */
		struct err ignored = ERR_INIT;

		(void)set_frozen(cgroup, st.pid, false, &ignored);
		(void)ask(sock, CTL_PAUSE, false, NULL);
	}
	if (r == 0 && !paused)
		r = ask(sock, CTL_PAUSE, false, NULL);
	return r < 0 && !*e->msg ? failed(id, r, paused, e) : r < 0 ? err_wrap(e, "container %.12s", id) : 0;
}
