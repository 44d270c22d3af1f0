/* keep_tool.c - run a program under a keeper with nothing of ours around it: no image, no command line.
 *
 *   keep_tool [-dtiR] [-l DRIVER] [-n NAME] [-T SECONDS] STORE ROOT PROGRAM [ARG...]
 *   keep_tool -w|-s|-k STORE NAME        wait, stop, kill with SIGKILL
 *
 * STORE is a directory; containers/, names/ and run/ are made in it. -d detach, -t terminal, -i interactive, -R keep
 * (no --rm). Used by test_keeper and by people who look into a container's life with strace.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/container/manage.h"
#include "core/container/run.h"

static const char *const env[] = { "PATH=/usr/bin:/bin", "HOME=/root", "TERM=xterm", NULL };

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }

static int directory(const char *base, const char *name)
{
	g_autofree char *path = g_build_filename(base, name, NULL);

	(void)path_mkdirs(path, 0700);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct rspec *make_spec(const char *root, char **args)
{
	struct rspec *s = rspec_new();

	s->root_path = arena_strdup(&s->arena, root);
	s->process.args = arena_strv_dup(&s->arena, (const char *const *)args);
	s->process.env = arena_strv_dup(&s->arena, env);
	s->process.cwd = arena_strdup(&s->arena, "/");
	s->hostname = arena_strdup(&s->arena, "box");
	for (int i = 0; i < RSPEC_NS_TIME; i++)
		s->namespaces[i].listed = true;
	rspec_add_mount(s, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	rspec_add_mount(s, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "mode=755", "size=65536k"));
	rspec_add_mount(s, "/dev/pts", "devpts", "devpts", OPTIONS("newinstance", "ptmxmode=0666", "mode=0620"));
	return s;
}

static int act(const struct container_place *p, int what, const char *name)
{
	g_autofree char *id = NULL;
	struct err e = ERR_INIT;
	int code = 0, r = container_find(p, name, &id, &e);

	if (r == 0)
		return 1;
	if (r == 1 && what == 'w')
		r = container_wait(p, id, 1U << CONTAINER_EXITED, &code, &e);
	else if (r == 1 && what == 's')
		r = container_stop(p, id, 0, 10, &e);
	else if (r == 1)
		r = container_signal(p, id, SIGKILL, &e);
	if (r < 0)
		fprintf(stderr, "Error: %s\n", e.msg);
	else if (what == 'w')
		printf("%d\n", code);
	return r < 0;
}

int main(int argc, char **argv)
{
	struct container_record *r = container_record_new();
	struct container_place p;
	struct container_start s = { .place = &p, .record = r, .config_json = "{}", .sig_proxy = true,
				     .attach_stdin = true, .attach_stdout = true, .attach_stderr = true };
	struct err e = ERR_INIT;
	struct idmap map = { .one_id = true, .n_uid = 1, .n_gid = 1, .uid = { { 0, geteuid(), 1 } },
			     .gid = { { 0, getegid(), 1 } } };
	int c, what = 0, status;

	r->auto_remove = true;
	while ((c = getopt(argc, argv, "+dtiRl:n:T:wsk")) >= 0) {
		switch (c) {
		case 'd': s.detach = true; break;
		case 't': r->tty = true; s.sig_proxy = false; break;
		case 'i': r->interactive = true; break;
		case 'R': r->auto_remove = false; break;
		case 'l': r->log_driver = arena_strdup(&r->arena, optarg); break;
		case 'n': r->name = arena_strdup(&r->arena, optarg); break;
		case 'T': r->timeout_s = atoi(optarg); break;
		case 'w': case 's': case 'k': what = c; break;
		default: return 2;
		}
	}
	if (argc - optind < (what ? 2 : 3))
		return 2;
	p = (struct container_place){ .containers_fd = directory(argv[optind], "containers"),
		.names_fd = directory(argv[optind], "names"), .run_fd = directory(argv[optind], "run"),
		.containers_path = "containers", .run_path = "run" };
	if (what)
		return act(&p, what, argv[optind + 1]);
	s.launch.spec = make_spec(argv[optind + 1], argv + optind + 2);
	s.launch.spec->process.terminal = r->tty;
	s.launch.idmap = &map;
	if (container_reserve(&p, r, &s.container_fd, &s.lock_fd, &e) < 0)
		goto failed;
	s.launch.id = r->id;
	status = container_run(&s, &e);
	if (status < 0)
		goto failed;
	return status;
failed:
	fprintf(stderr, "Error: %s\n", e.msg);
	return err_status(&e);
}
