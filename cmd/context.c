/* context.c - what commands share: the store, coracle-image. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/globals.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/proc.h"


int context_store(struct context *c, struct err *e)
{
	struct store *s;
	int r;

	if (c->store)
		return 0;
	r = store_open(&c->store_options, &s, e);
	if (r < 0)
		return r;
	c->store = s;
	s->check_documents = c->check_documents;
	c->place.containers_fd = s->containers_fd;
	c->place.names_fd = s->names_fd;
	c->place.run_fd = s->run_fd;
	c->place.root_fd = s->root_fd;
	c->containers_path = g_strconcat(s->root, "/containers", NULL);
	c->place.containers_path = c->containers_path;
	c->place.run_path = s->run;
	return 0;
}

/* A program of ours: beside our own executable when it is there (a build directory), or in the libexec directory of the tree
 * that we are in (an installation that was moved), else where it was installed. */
char *own_program(const char *name)
{
	static const char *const places[] = { ".", "../libexec/coracle" };
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = self ? g_path_get_dirname(self) : NULL;

	for (size_t i = 0; dir && i < G_N_ELEMENTS(places); i++) {
		g_autofree char *below = g_build_filename(dir, places[i], name, NULL);
		char *program = path_normalize("/", below);

		if (access(program, X_OK) == 0)
			return program;
		g_free(program);
	}
	return g_build_filename(LIBEXECDIR, name, NULL);
}

int exec_image_program(struct context *c, char **argv, struct err *e)
{
	g_autofree char *program = own_program("coracle-image");

	(void)c;
	execv(program, argv);
	err_set(e, errno, "cannot execute %s", program);
	return err_hint(e, "is coracle installed completely?");
}

int run_image_program(struct context *c, char **argv)
{
	struct err e = ERR_INIT;

	(void)argv;
	/* The other program parses the same line with the same tables. */
	exec_image_program(c, c->argv, &e);
	return fail(&e);
}

static char **pull_arguments(struct context *c, const char *reference, bool quiet, const char *const *extra)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	g_ptr_array_add(words, (char *)"pull");
	if (quiet)
		g_ptr_array_add(words, (char *)"--quiet");
	for (const char *const *x = extra; x && *x; x++)
		g_ptr_array_add(words, (char *)*x);
	g_ptr_array_add(words, (char *)"--");
	g_ptr_array_add(words, (char *)reference);
	g_ptr_array_add(words, NULL);
	return own_command(c, (const char *const *)words->pdata);
}

int pull_image(struct context *c, const char *reference, bool quiet, const char *const *extra, struct err *e)
{
	g_auto(GStrv) argv = pull_arguments(c, reference, quiet, extra);
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_set(e, errno, "fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		/* stdin belongs to the container's program, and stdout to its output. */
		if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
			_exit(EXIT_OURS);
		(void)exec_image_program(c, argv, e);
		_exit(fail(e));
	}
	status = proc_wait(pid);
	if (status == 0)
		return 0;
	err_msg(e, ENOENT, "%s: the pull was ended by signal %d", reference, status - 128);
	/* It has said on stderr what was wrong; the user knows of a Ctrl-C. */
	if (status < 128 || status == 128 + SIGINT || status == 128 + SIGTERM || status == 128 + SIGHUP)
		*e->msg = '\0';
	return err_exit(e, status < 128 ? EXIT_OURS : status);
}
