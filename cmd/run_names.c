/* run_names.c - which namespaces are the container's own, the host's or another container's; and its ids. */
#include <errno.h>
#include <glib.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "cmd/run_spec.h"

/* `mode` of one namespace: "", "private" and other words for a new one; "host"; "container:NAME". */
static int one_namespace(struct run_plan *p, enum rspec_ns ns, const char *option, const char *mode,
			 const char *const *own_words, struct err *e)
{
	g_autofree char *id = NULL;
	int r;

	if (!mode || !*mode || g_strv_contains(own_words, mode)) {
		p->spec->namespaces[ns].listed = true;
		return 0;
	}
	if (!strcmp(mode, "host"))
		return 0;
	if (g_str_has_prefix(mode, "ns:/")) {
		p->spec->namespaces[ns].listed = true;
		p->spec->namespaces[ns].path = arena_strdup(&p->spec->arena, mode + 3);
		return 0;
	}
	if (!g_str_has_prefix(mode, "container:"))
		return err_msg(e, EINVAL, "%s %s: private, host or container:NAME is needed", option, mode);
	r = container_find(&p->c->place, mode + strlen("container:"), &id, e);
	if (r < 0)
		return err_wrap(e, "%s %s", option, mode);
	if (r == 0)
		return err_msg(e, ENOENT, "%s %s: no such container", option, mode);
	p->spec->namespaces[ns].listed = true;
	p->x.join[ns] = arena_strdup(&p->rec->arena, id);
	return 0;
}

/* The namespaces of another container belong to its user namespace: to join one is to join that too. */
static int join_userns(struct run_plan *p, struct err *e)
{
	char *of = p->x.join[RSPEC_NS_USER];

	for (unsigned ns = 0; ns < RSPEC_NS_COUNT; ns++) {
		if (!p->x.join[ns] || ns == RSPEC_NS_USER)
			continue;
		if (of && strcmp(of, p->x.join[ns]) != 0)
			return err_msg(e, EINVAL, "namespaces of two containers (%.12s and %.12s) cannot be joined at "
				       "once: each has its own user namespace", of, p->x.join[ns]);
		of = p->x.join[ns];
	}
	if (!of || p->x.join[RSPEC_NS_USER])
		return 0;
	if (p->rec->userns || p->rec->uid_maps || p->rec->gid_maps)
		return err_msg(e, EINVAL, "--userns, --uidmap and --gidmap cannot be used with another container's "
			       "namespaces, which bring its ids with them");
	p->x.join[RSPEC_NS_USER] = of;
	return 0;
}

static bool cgroup_v2(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int make_userns(struct run_plan *p, struct err *e)
{
	static const char *const own[] = { NULL };
	const char *mode = p->o->userns && *p->o->userns ? p->o->userns : g_getenv("PODMAN_USERNS");
	struct container_record *r = p->rec;
	bool maps = p->o->uidmap || p->o->gidmap;

	if (p->o->subuidname || p->o->subgidname)
		maps = true;
	if (maps || (mode && !*mode))
		mode = NULL;
	p->x.subuid_name = arena_strdup(&r->arena, p->o->subuidname);
	p->x.subgid_name = arena_strdup(&r->arena, p->o->subgidname);
	r->uid_maps = arena_strv_dup(&r->arena, (const char *const *)p->o->uidmap);
	r->gid_maps = arena_strv_dup(&r->arena, (const char *const *)p->o->gidmap);
	p->spec->namespaces[RSPEC_NS_USER].listed = true;
	if (mode && g_str_has_prefix(mode, "container:"))
		return one_namespace(p, RSPEC_NS_USER, "--userns", mode, own, e);
	r->userns = arena_strdup(&r->arena, mode);
	p->x.keep_id = mode && g_str_has_prefix(mode, "keep-id");
	return 0;
}

static int make_hostname(struct run_plan *p, struct err *e)
{
	bool own_uts = p->spec->namespaces[RSPEC_NS_UTS].listed && !p->x.join[RSPEC_NS_UTS];
	const char *name = p->o->hostname;
	struct utsname u;

	if (p->o->hostname_set && !own_uts)
		return err_msg(e, EINVAL, "--hostname needs a host name namespace of the container's own");
	if (p->o->hostname_set && (!*name || strlen(name) > 64 || strpbrk(name, "/ \t\n")))
		return err_msg(e, EINVAL, "--hostname %s: not a host name of 1 to 64 characters", name);
	/* As podman: a container in the host's network has its name too. */
	if (!name && (!own_uts || !p->spec->namespaces[RSPEC_NS_NETWORK].listed) && uname(&u) == 0)
		name = u.nodename;
	p->rec->hostname = name ? arena_strdup(&p->rec->arena, name) : arena_strndup(&p->rec->arena, p->rec->id, 12);
	if (own_uts)
		p->spec->hostname = arena_strdup(&p->spec->arena, p->rec->hostname);
	if (!rspec_get_env(p->spec, "HOSTNAME"))
		rspec_add_env(p->spec, arena_printf(&p->spec->arena, "HOSTNAME=%s", p->rec->hostname));
	return 0;
}

int run_names_plan(struct run_plan *p, struct err *e)
{
	static const char *const own[] = { "private", NULL }, *const ipc[] = { "private", "shareable", "none", NULL };
	const struct run_options *o = p->o;
	const char *cgroupns = o->cgroupns && *o->cgroupns ? o->cgroupns : cgroup_v2() ? "private" : "host";

	p->spec->namespaces[RSPEC_NS_MOUNT].listed = true;
	if (make_userns(p, e) < 0 ||
	    one_namespace(p, RSPEC_NS_PID, "--pid", o->pid, own, e) < 0 ||
	    one_namespace(p, RSPEC_NS_IPC, "--ipc", o->ipc, ipc, e) < 0 ||
	    one_namespace(p, RSPEC_NS_UTS, "--uts", o->uts, own, e) < 0 ||
	    one_namespace(p, RSPEC_NS_CGROUP, "--cgroupns", cgroupns, own, e) < 0)
		return -e->code;
	if (run_network_plan(p, e) < 0 || join_userns(p, e) < 0)
		return -e->code;
	if (run_auto_ids(p, e) < 0 || launch_idmap(p->c, p->rec, &p->x, &p->map, e) < 0)
		return -e->code;
	return make_hostname(p, e);
}
