/* run_mounts.c - the mounts that were asked for, by the user and by the image, become the spec's. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/run_spec.h"
#include "core/base/path.h"
#include "core/runtime/idmap.h"
#include "storage/volume.h"

static struct run_mount *find_mount(struct run_plan *p, const char *destination)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (!strcmp(p->mounts[i].destination, destination))
			return &p->mounts[i];
	return NULL;
}

static int add_mount(struct run_plan *p, const struct run_mount *m, struct err *e)
{
	if (find_mount(p, m->destination))
		return err_msg(e, EINVAL, "%s: duplicate mount destination", m->destination);
	*ARENA_PUSH(&p->rec->arena, p->mounts, p->n_mounts) = *m;
	return 0;
}

typedef int parser(struct arena *a, const char *text, struct run_mount *ret, struct err *e);

static int add_texts(struct run_plan *p, char *const *texts, parser *parse, struct err *e)
{
	struct run_mount m;

	for (; texts && *texts; texts++)
		if (parse(&p->rec->arena, *texts, &m, e) < 0 || add_mount(p, &m, e) < 0)
			return -e->code;
	return 0;
}

/* One mount of another container. What the user asked for here comes before it. */
static int take_mount(struct run_plan *p, const struct container_mount *from, const struct run_mount *opts,
		      struct err *e)
{
	struct arena *a = &p->rec->arena;
	struct run_mount m = *opts;
	unsigned k = 0;

	while (k < RUN_MOUNT_COUNT && strcmp(run_mount_names[k], from->type) != 0)
		k++;
	if ((k != RUN_MOUNT_BIND && k != RUN_MOUNT_VOLUME) || find_mount(p, from->destination))
		return 0;
	m.kind = k;
	m.source = arena_strdup(a, k == RUN_MOUNT_VOLUME ? from->name : from->source);
	m.destination = arena_strdup(a, from->destination);
	m.nocopy = true;
	if (!m.ro_given)
		m.ro = !from->rw;
	return add_mount(p, &m, e);
}

static int take_mounts(struct run_plan *p, const char *text, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);
	autorecord *from = NULL;
	g_autofree char *id = NULL;
	struct run_mount opts = { 0 };
	int r;

	if (parts[0] && parts[1] && run_volume_options(&p->rec->arena, parts[1], &opts, e) < 0)
		return err_wrap(e, "--volumes-from %s", text);
	r = container_find(&p->c->place, parts[0] ? parts[0] : "", &id, e);
	if (r < 0 || (r == 1 && container_load(&p->c->place, id, &from, e) < 0))
		return err_wrap(e, "--volumes-from %s", text);
	if (r == 0)
		return err_msg(e, ENOENT, "--volumes-from %s: no such container", text);
	for (size_t i = 0; i < from->n_mounts; i++)
		if (take_mount(p, &from->mounts[i], &opts, e) < 0)
			return -e->code;
	return 0;
}

/* VOLUME of the image, where the user mounted nothing. */
static int image_volumes(struct run_plan *p, struct err *e)
{
	const char *how = p->o->image_volume ? p->o->image_volume : "anonymous";

	if (!strcmp(how, "ignore") || !p->img)
		return 0;
	for (char **v = p->img->config.volumes; v && *v; v++) {
		g_autofree char *clean = path_normalize("/", *v);
		struct run_mount m = { .kind = strcmp(how, "tmpfs") ? RUN_MOUNT_VOLUME : RUN_MOUNT_TMPFS };

		if (find_mount(p, clean) || !strcmp(clean, "/"))
			continue;
		m.destination = arena_strdup(&p->rec->arena, clean);
		if (add_mount(p, &m, e) < 0)
			return -e->code;
	}
	return 0;
}

static int read_only_tmpfs(struct run_plan *p, struct err *e)
{
	static const char *const dirs[] = { "/run", "/tmp", "/var/tmp" };
	struct arena *a = &p->rec->arena;

	for (unsigned i = 0; i < G_N_ELEMENTS(dirs); i++) {
		struct run_mount m = { .kind = RUN_MOUNT_TMPFS, .destination = arena_strdup(a, dirs[i]) };

		if (find_mount(p, dirs[i]))
			continue;
		/* The machine's own temporary files are not the container's, and not all can be read. */
		m.nocopy = p->img && p->img->host;
		/* Else it has the mode that the image's directory has. */
		if (m.nocopy)
			arena_strv_push(a, &m.options, arena_strdup(a, "mode=1777"));
		if (add_mount(p, &m, e) < 0)
			return -e->code;
	}
	return 0;
}

static int check_sources(struct run_plan *p, struct err *e)
{
	g_autofree char *cwd = NULL;

	for (size_t i = 0; i < p->n_mounts; i++) {
		struct run_mount *m = &p->mounts[i];
		g_autofree char *clean = NULL;
		struct stat st;

		if (m->kind == RUN_MOUNT_VOLUME && m->source && !volume_name_valid(m->source))
			return err_msg(e, EINVAL, "volume name \"%s\": names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*; a "
				       "host path begins with / or .", m->source);
		if (m->kind != RUN_MOUNT_BIND)
			continue;
		if (!cwd)
			cwd = g_get_current_dir();
		clean = path_normalize(cwd, m->source);
		m->source = arena_strdup(&p->rec->arena, clean);
		if (stat(clean, &st) < 0)
			/* podman's words, which scripts look for. */
			return errno == ENOENT ? err_msg(e, ENOENT, "statfs %s: no such file or directory", clean)
					       : err_set(e, errno, "statfs %s", clean);
		if (m->overlay && !S_ISDIR(st.st_mode))
			return err_msg(e, ENOTDIR, "%s: option O needs a directory", clean);
	}
	return 0;
}

int run_mounts_collect(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;

	if (add_texts(p, o->mount, run_mount_parse, e) < 0 || add_texts(p, o->volume, run_volume_parse, e) < 0 ||
	    add_texts(p, o->tmpfs, run_tmpfs_parse, e) < 0)
		return -e->code;
	for (char **v = o->volumes_from; v && *v; v++)
		if (take_mounts(p, *v, e) < 0)
			return -e->code;
	if (image_volumes(p, e) < 0 || (o->read_only && o->read_only_tmpfs && read_only_tmpfs(p, e) < 0))
		return -e->code;
	return check_sources(p, e);
}

/* /proc, /dev, /sys ... */

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* Where the user mounts something, ours gives way. */
static void add_default(struct run_plan *p, const char *destination, const char *type, const char *source,
			const char *const *options)
{
	if (!find_mount(p, destination))
		(void)rspec_add_mount(p->spec, destination, type, source, options);
}

static void dev_mounts(struct run_plan *p)
{
	struct rspec *s = p->spec;
	const struct rspec_namespace *ipc = &s->namespaces[RSPEC_NS_IPC];
	bool tty_group = idmap_outside(p->map.gid, p->map.n_gid, 5) >= 0 || p->map.none;

	add_default(p, "/dev", "tmpfs", "tmpfs",
		    OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"));
	/* gid=5 is EINVAL where the map does not have it. */
	add_default(p, "/dev/pts", "devpts", "devpts",
			      tty_group ? OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
			      : OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
	if (ipc->listed) {
		add_default(p, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
		if (p->o->ipc && !strcmp(p->o->ipc, "none"))
			return;
		/* The other container's is found at start: see launch.c. */
		if (!p->x.join[RSPEC_NS_IPC]) {
			const char *size = arena_printf(&s->arena, "size=%lld", (long long)p->o->shm_size);

			add_default(p, "/dev/shm", "tmpfs", "shm",
					      OPTIONS("nosuid", "noexec", "nodev", "mode=1777", size));
		}
		return;
	}
	/* Not every host has its own mounted. */
	if (path_exists_at(AT_FDCWD, "/dev/mqueue"))
		add_default(p, "/dev/mqueue", "bind", "/dev/mqueue", OPTIONS("rbind", "nosuid", "noexec", "nodev"));
	add_default(p, "/dev/shm", "bind", "/dev/shm", OPTIONS("rbind", "nosuid", "noexec", "nodev"));
}

/* What systemd writes into. */
static void systemd_mounts(struct run_plan *p)
{
	static const char *const dirs[] = { "/run", "/run/lock", "/tmp", "/var/log/journal" };
	/* The machine's own temporary files are not the container's, and not all can be read. */
	bool host = p->img && p->img->host;

	for (unsigned i = 0; i < G_N_ELEMENTS(dirs); i++)
		add_default(p, dirs[i], "tmpfs", "tmpfs", host ? OPTIONS("rprivate", "nosuid", "nodev")
							       : OPTIONS("rprivate", "nosuid", "nodev", "tmpcopyup"));
}

void run_default_mounts(struct run_plan *p)
{
	struct rspec *s = p->spec;
	const char *rw = p->o->privileged ? "rw" : "ro", *cgroup = p->rec->systemd ? "rw" : rw;

	/* A fresh proc or sysfs shows the namespace of its mounter, who must own it: else the host's are bound. */
	if (s->namespaces[RSPEC_NS_PID].listed)
		add_default(p, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	else
		add_default(p, "/proc", "bind", "/proc", OPTIONS("rbind", "nosuid", "noexec", "nodev"));
	dev_mounts(p);
	if (p->rec->systemd)
		systemd_mounts(p);
	if (s->namespaces[RSPEC_NS_NETWORK].listed && (p->new_net || p->x.join[RSPEC_NS_NETWORK])) {
		add_default(p, "/sys", "sysfs", "sysfs", OPTIONS("nosuid", "noexec", "nodev", rw));
		add_default(p, "/sys/fs/cgroup", "cgroup", "cgroup",
				      OPTIONS("rprivate", "nosuid", "noexec", "nodev", "relatime", cgroup));
		return;
	}
	add_default(p, "/sys", "bind", "/sys", OPTIONS("rbind", "rprivate", "nosuid", "noexec", "nodev", "rro"));
}

/* From struct run_mount to the spec. */

static void push(struct arena *a, char ***v, const char *s)
{
	arena_strv_push(a, v, arena_strdup(a, s));
}

static char **mount_options(struct run_plan *p, const struct run_mount *m, bool bind)
{
	struct arena *a = &p->spec->arena;
	char **v = NULL;

	if (bind)
		push(a, &v, m->nonrecursive ? "bind" : "rbind");
	push(a, &v, m->ro ? "ro" : "rw");
	push(a, &v, m->propagation ? m->propagation : "rprivate");
	if (!m->options || !g_strv_contains((const char *const *)m->options, "suid"))
		push(a, &v, "nosuid");
	if (!m->options || !g_strv_contains((const char *const *)m->options, "dev"))
		push(a, &v, "nodev");
	for (char **o = m->options; o && *o; o++)
		if (strcmp(*o, "suid") && strcmp(*o, "dev") && strcmp(*o, "nosuid") && strcmp(*o, "nodev"))
			push(a, &v, *o);
	return v;
}

static struct launch_special *special(struct run_plan *p, enum launch_special_kind kind, const struct run_mount *m)
{
	struct launch_special *s = ARENA_PUSH(&p->rec->arena, p->x.specials, p->x.n_specials);

	s->kind = kind;
	s->source = m->source;
	s->destination = m->destination;
	s->rw = !m->ro;
	return s;
}

static void note_mount(struct run_plan *p, const struct run_mount *m, const char *name, const char *source,
		       char *const *options)
{
	struct container_mount *n = ARENA_PUSH(&p->rec->arena, p->rec->mounts, p->rec->n_mounts);
	struct arena *a = &p->rec->arena;
	g_autofree char *joined = options ? g_strjoinv(",", (char **)options) : g_strdup("");

	n->type = arena_strdup(a, run_mount_names[m->kind]);
	n->name = arena_strdup(a, name);
	n->source = arena_strdup(a, source);
	n->destination = arena_strdup(a, m->destination);
	n->options = arena_strdup(a, joined);
	n->rw = !m->ro;
}

static void add_bind(struct run_plan *p, const struct run_mount *m, const char *name)
{
	char **options = mount_options(p, m, true);

	note_mount(p, m, name, m->source, options);
	if (m->overlay)
		special(p, SPECIAL_OVERLAY, m)->options = options;
	else
		(void)rspec_add_mount(p->spec, m->destination, "bind", m->source, (const char *const *)options);
	if (m->chown)
		(void)special(p, SPECIAL_CHOWN, m);
}

static int add_volume(struct run_plan *p, struct run_mount *m, struct err *e)
{
	autovolume *v = NULL;
	struct arena *a = &p->rec->arena;
	int r = m->source ? volume_find(p->c->store, m->source, &v, e) : 0;

	if (r == 0)
		r = volume_create(p->c->store, m->source, NULL, NULL, !m->source, &v, e);
	/* Somebody made it meanwhile. */
	if (r == -EEXIST) {
		err_clear(e);
		r = volume_find(p->c->store, m->source, &v, e);
	}
	if (r < 0)
		return r;
	if (!m->source)
		arena_strv_push(a, &p->x.anonymous, arena_strdup(a, v->name));
	m->source = arena_strdup(a, v->name);
	if (v->needs_copy_up)
		special(p, SPECIAL_VOLUME, m)->nocopy = m->nocopy;
	m->source = arena_strdup(a, v->mountpoint);
	add_bind(p, m, v->name);
	return 0;
}

static void add_file_system(struct run_plan *p, struct run_mount *m)
{
	const char *type = run_mount_names[m->kind];
	char **options = mount_options(p, m, false);

	if (m->kind == RUN_MOUNT_TMPFS && !m->nocopy)
		push(&p->spec->arena, &options, "tmpcopyup");
	(void)rspec_add_mount(p->spec, m->destination, type, type, (const char *const *)options);
	note_mount(p, m, NULL, type, options);
}

static int add_image(struct run_plan *p, struct run_mount *m, struct err *e)
{
	autoimage *img = NULL;
	int r = image_find(p->c->store, m->source, &img, e);

	if (r == 0)
		return err_msg(e, ENOENT, "--mount type=image,source=%s: image not known; pull it first", m->source);
	if (r < 0)
		return r;
	/* Its ID is the name: so the image is in use. */
	note_mount(p, m, img->host ? "host" : img->id, m->source, NULL);
	m->source = arena_strdup(&p->rec->arena, img->host ? "host" : img->id);
	special(p, SPECIAL_IMAGE, m)->options = mount_options(p, m, true);
	return 0;
}

static unsigned depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* What is mounted below something else comes after it; otherwise in the order given (insertion sort is stable). */
static void sort_mounts(struct rspec *s)
{
	for (size_t i = 1; i < s->n_mounts; i++) {
		struct rspec_mount m = s->mounts[i];
		size_t k = i;

		for (; k > 0 && depth(s->mounts[k - 1].destination) > depth(m.destination); k--)
			s->mounts[k] = s->mounts[k - 1];
		s->mounts[k] = m;
	}
}

int run_plan_volumes(struct run_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n_mounts; i++) {
		struct run_mount *m = &p->mounts[i];
		int r = 0;

		if (m->kind == RUN_MOUNT_BIND)
			add_bind(p, m, NULL);
		else if (m->kind == RUN_MOUNT_VOLUME)
			r = add_volume(p, m, e);
		else if (m->kind == RUN_MOUNT_IMAGE)
			r = add_image(p, m, e);
		else
			add_file_system(p, m);
		if (r < 0)
			return r;
	}
	sort_mounts(p->spec);
	return 0;
}
