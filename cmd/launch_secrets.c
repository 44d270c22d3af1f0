/* launch_secrets.c - --secret: files below /run/secrets, and variables.
 *
 * The client opens the data, init alone reads it: into a file of its tmpfs or into the program's environment. It is in
 * no file of the container, in none of its documents, and in the memory of no other process of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/launch_inside.h"
#include "core/base/fd.h"
#include "storage/secret.h"

#define PLACE "/run/secrets"
#define BELOW "secrets"                 /* in the tmpfs: what is shown at PLACE */
#define APART "secret"                  /* and what is shown elsewhere, numbered */

static const char *const bind_options[] = { "bind", "nosuid", "nodev", "noexec", "rprivate", NULL };

int launch_secrets_open(struct launch_ctx *x, struct err *e)
{
	size_t n = x->job->extras->n_secrets;

	x->secrets = g_new(int, n + 1);
	for (size_t i = 0; i < n; i++)
		x->secrets[i] = -1;
	for (size_t i = 0; i < n; i++) {
		const struct launch_secret *s = &x->job->extras->secrets[i];

		x->secrets[i] = secret_open(x->job->c->store, s->id, e);
		if (x->secrets[i] == -ENOENT)
			return err_msg(e, ENOENT, "its secret \"%s\" (%s) is gone", s->name, s->id);
		if (x->secrets[i] < 0)
			return -e->code;
	}
	return 0;
}

void launch_secrets_close(const struct launch_ctx *x)
{
	for (size_t i = 0; x->secrets && i < x->job->extras->n_secrets; i++)
		fd_close(&x->secrets[i]);
}

static int write_file(struct launch_ctx *x, const struct launch_secret *s, const char *name, const char *data, size_t len,
		      struct err *e)
{
	autofd fd = openat(x->files_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data, len);

	if (r == -EEXIST)
		return err_msg(e, EEXIST, "secret %s: another one is at its target", s->name);
	if (r < 0)
		return err_set(e, -r, "secret %s: write it", s->name);
	if ((s->uid || s->gid) && fchown(fd, s->uid, s->gid) < 0)
		return errno == EINVAL || errno == EPERM ? err_msg(e, errno, "secret %s: %u:%u is not in the container's id map",
			s->name, s->uid, s->gid) : err_set(e, errno, "secret %s: chown", s->name);
	return fchmod(fd, s->mode) < 0 ? err_set(e, errno, "secret %s: chmod", s->name) : 0;
}

static bool has_mount(const struct rspec *spec, const char *destination)
{
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (!strcmp(spec->mounts[i].destination, destination))
			return true;
	return false;
}

/* In the directory shown at PLACE as a whole, so that nothing of it is made in the container's files; or, for an absolute
 * target and where the user has mounted something there, as a file of its own. */
static int show_file(struct launch_ctx *x, struct rspec *spec, size_t i, const char *data, size_t len, struct err *e)
{
	const struct launch_secret *s = &x->job->extras->secrets[i];
	bool apart = *s->target == '/' || x->secrets_apart;
	char *name = apart ? arena_printf(&spec->arena, APART "%zu", i) : arena_printf(&spec->arena, BELOW "/%s", s->target);
	const char *destination = *s->target == '/' ? s->target : arena_printf(&spec->arena, PLACE "/%s", s->target);

	if (!apart && !has_mount(spec, PLACE)) {
		if (mkdirat(x->files_fd, BELOW, 0755) < 0 || fchmodat(x->files_fd, BELOW, 0755, 0) < 0)
			return err_set(e, errno, "make " PLACE);
		(void)rspec_add_mount(spec, PLACE, "bind", arena_printf(&spec->arena, "%s/" BELOW, x->files_path), bind_options);
	}
	if (write_file(x, s, name, data, len, e) < 0)
		return -e->code;
	if (apart)
		(void)rspec_add_mount(spec, destination, "bind", arena_printf(&spec->arena, "%s/%s", x->files_path, name),
				      bind_options);
	return 0;
}

static int set_variable(struct rspec *spec, const struct launch_secret *s, const char *data, size_t len, struct err *e)
{
	g_autofree char *text = NULL;

	if (memchr(data, '\0', len))
		return err_msg(e, EINVAL, "secret %s: it has a byte 0, which no variable can hold", s->name);
	text = g_strdup_printf("%s=%.*s", s->target, (int)len, data);
	rspec_add_env(spec, text);
	return 0;
}

int launch_secrets_show(struct launch_ctx *x, struct rspec *spec, struct err *e)
{
	int r = 0;

	x->secrets_apart = has_mount(spec, PLACE);
	for (size_t i = 0; r == 0 && i < x->job->extras->n_secrets; i++) {
		const struct launch_secret *s = &x->job->extras->secrets[i];
		g_autofree char *data = NULL;
		size_t len;

		r = fd_read_all(x->secrets[i], SECRET_MAX, &data, &len);
		if (r < 0)
			return err_set(e, -r, "secret %s: read it", s->name);
		r = s->env ? set_variable(spec, s, data, len, e) : show_file(x, spec, i, data, len, e);
	}
	return r;
}
