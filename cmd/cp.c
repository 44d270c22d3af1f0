/* cp.c - cp. See podman-cp(1). */
#include "cmd/cp.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"

const struct opt cp_opts[] = {
	{ .name = "archive", .letter = 'a', .type = OPT_FLAG, .offset = offsetof(struct cp_options, archive),
	  .help = "What is copied into a container belongs to the container's user (default: true)" },
	{ .name = "overwrite", .type = OPT_FLAG, .offset = offsetof(struct cp_options, overwrite),
	  .help = "Let a directory take the place of something else, and the other way round" },
	OPT_END
};

static pid_t command_pid;

void cp_defaults(struct context *c, void *values)
{
	(void)c;
	((struct cp_options *)values)->archive = true;
}

/* "CONTAINER:PATH". What begins with "." or "/" is of the host, colons or not. */
static void parse_side(struct cp_side *s, const char *text)
{
	const char *colon = *text == '.' || *text == '/' ? NULL : strchr(text, ':');

	s->container = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
	s->path = colon ? colon + 1 : text;
}

static bool is_stream(const struct cp_side *s)
{
	return !s->container && !strcmp(s->path, "-");
}

int cp_parse(struct cp *k, char **argv, struct err *e)
{
	parse_side(&k->from, argv[0]);
	parse_side(&k->to, argv[1]);
	k->stream = is_stream(&k->from) || is_stream(&k->to);
	if (!*k->from.path || !*k->to.path)
		return err_msg(e, EINVAL, "invalid arguments \"%s\", \"%s\": you must specify paths", argv[0], argv[1]);
	if ((!k->from.container || !*k->from.container) && (!k->to.container || !*k->to.container))
		return err_msg(e, EINVAL, "name or ID cannot be empty: one of the two must be CONTAINER:PATH");
	return 0;
}

/* 1: both ends are in one container. */
static int is_same(struct context *c, const struct cp *k, struct err *e)
{
	g_autofree char *a = NULL, *b = NULL;

	if (!k->from.container || !k->to.container)
		return 0;
	if (context_store(c, e) < 0 || container_find(&c->place, k->from.container, &a, e) < 0 ||
	    container_find(&c->place, k->to.container, &b, e) < 0)
		return -e->code;
	return a && b && !strcmp(a, b);
}

static int open_side(struct context *c, struct cp_side *s, struct err *e)
{
	if (s->container)
		s->files = container_files_open(c, s->container, e);
	return s->container && !s->files ? -e->code : 0;
}

int cp_open(struct context *c, struct cp *k, struct err *e)
{
	int same = is_same(c, k, e);

	command_pid = getpid();
	if (same < 0 || open_side(c, &k->from, e) < 0)
		return -e->code;
	if (!same)
		return open_side(c, &k->to, e);
	k->to.files = k->from.files;
	return 0;
}

void cp_close(struct cp *k, bool done)
{
	if (k->to.files && k->to.files != k->from.files)
		container_files_close(k->to.files, done);
	if (k->from.files)
		container_files_close(k->from.files, done);
	g_free(k->from.container);
	g_free(k->to.container);
}

/* The command that forked this process has ended: so does this one. Only now, since a change of ids forgets it. */
static void end_with_command(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != command_pid)
		(void)raise(SIGTERM);
}

static int enter_side(struct cp_side *s, struct copy_place *ret, struct container_root *root, struct err *e)
{
	*root = (struct container_root){ .fd = -1, .cwd = g_get_current_dir() };
	*ret = (struct copy_place){ .container = s->container, .root = -1, .cwd = root->cwd };
	/* As root of the store map: files of the user may belong to subordinate ids. */
	if (!s->container)
		return idmap_enter(idmap_store(), e);
	g_clear_pointer(&root->cwd, g_free);
	if (container_files_enter(s->files, root, e) < 0)
		return -e->code;
	ret->root = root->fd;
	ret->cwd = root->cwd;
	ret->lenient = root->running;
	return 0;
}

int cp_enter(struct cp_side *s, struct copy_place *ret, struct container_root *root, struct err *e)
{
	int r = enter_side(s, ret, root, e);

	end_with_command();
	return r;
}

int cp_in_worker(struct cp *k, int (*work)(struct cp *k, struct err *e), struct err *e)
{
	autofd from = -1;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		int r = work(k, e);

		_exit(fd_write_all(p[1], e, sizeof *e) < 0 || r < 0);
	}
	(void)close(p[1]);
	from = p[0];
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e) {
		err_clear(e);
		(void)err_msg(e, EIO, "the process that copies was killed");
	}
	(void)proc_wait(pid);
	return -e->code;
}

/* --- from files to files ------------------------------------------------------------------------------------------- */

struct between { struct cp *k; int give, take; bool same; };
static struct between between;

static _Noreturn void run_giver(struct between *b)
{
	struct container_root root;
	struct copy_place place;
	struct err e = ERR_INIT;

	fd_close(&b->take);
	if (cp_enter(&b->k->from, &place, &root, &e) < 0)
		copy_give_error(b->give, &e);
	else
		copy_give(&place, b->k->from.path, b->give);
	_exit(0);
}

/* Both ends are in one container: the giver works in the namespaces that the taker has entered. */
static int fork_giver_inside(struct between *b, const struct copy_place *place, pid_t *ret, struct err *e)
{
	pid_t parent = getpid();

	*ret = fork();
	if (*ret < 0)
		return err_set(e, errno, "fork");
	if (*ret == 0) {
		fd_close(&b->take);
		proc_die_with_parent(parent);
		copy_give(place, b->k->from.path, b->give);
		_exit(0);
	}
	return 0;
}

static int take(struct cp *k, struct err *e)
{
	struct between *b = &between;
	struct container_root root;
	struct copy_take t = { .path = k->to.path, .overwrite = k->o->overwrite, .give = !k->to.container || k->o->archive };
	autochild giver = -1;
	int r = cp_enter(&k->to, &t.place, &root, e);

	t.uid = root.uid;
	t.gid = root.gid;
	t.uid_mounted = root.uid_mounted;
	t.gid_mounted = root.gid_mounted;
	/* On the host everything becomes the user's: root of the store map, or of the machine. */
	if (r == 0 && b->same)
		r = fork_giver_inside(b, &t.place, &giver, e);
	fd_close(&b->give);
	return r < 0 ? r : copy_take(&t, b->take, e);
}

static int copy(struct cp *k, struct err *e)
{
	struct between *b = &between;
	autochild giver = -1;
	int sock[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return err_set(e, errno, "socketpair");
	*b = (struct between){ .k = k, .give = sock[0], .take = sock[1], .same = k->from.files == k->to.files };
	if (!b->same) {
		giver = fork();
		if (giver == 0)
			run_giver(b);
		if (giver < 0)
			return err_set(e, errno, "fork");
		fd_close(&b->give);
	}
	r = cp_in_worker(k, take, e);
	fd_close(&b->give);
	fd_close(&b->take);
	return r;
}

static int run_cp(struct context *c, void *values, int argc, char **argv)
{
	struct cp k = { .o = values };
	struct err e = ERR_INIT;
	int r = cp_parse(&k, argv, &e);

	(void)argc;
	if (r == 0 && k.stream)
		return run_image_program(c, argv);
	if (r == 0)
		r = cp_open(c, &k, &e);
	if (r == 0)
		r = copy(&k, &e);
	cp_close(&k, r == 0);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_cp = COMMAND_CP(run_cp);
