/* run_create.c - see run_create.h. */
#include "cmd/run_create.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/run_image.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/container/manage.h"
#include "core/oci/dump.h"

static sigset_t caller_mask;
static bool holding;

static void hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	holding = sigprocmask(SIG_BLOCK, &held, &caller_mask) == 0;
}

void new_container_release_signals(void)
{
	if (holding)
		(void)sigprocmask(SIG_SETMASK, &caller_mask, NULL);
	holding = false;
}

int new_container_interrupted(struct err *e)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t pending;

	if (!holding || sigpending(&pending) < 0)
		return 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++) {
		if (sigismember(&pending, signals[i]) != 1)
			continue;
		(void)err_msg(e, EINTR, "interrupted before the container was started");
		return err_exit(e, 128 + signals[i]);
	}
	return 0;
}

static int find_rootfs(struct new_container *n, const char *text, struct err *e)
{
	bool overlay = g_str_has_suffix(text, ":O");
	g_autofree char *dir = g_strndup(text, strlen(text) - (overlay ? 2 : 0)), *cwd = g_get_current_dir();
	g_autofree char *clean = path_normalize(cwd, dir);
	struct stat st;

	if (stat(clean, &st) < 0)
		return err_set(e, errno, "--rootfs %s", clean);
	if (!S_ISDIR(st.st_mode))
		return err_msg(e, ENOTDIR, "--rootfs %s: not a directory", clean);
	n->rootfs = g_strconcat(clean, overlay ? ":O" : "", NULL);
	return 0;
}

/* The one line about ids, when there is only one. */
static void note_one_id(const struct run_options *o)
{
	const struct idmap *m = idmap_store();

	if (m->one_id && *m->why_one_id && !o->quiet)
		fprintf(stderr, "Note: containers have a single user id: %s\n", m->why_one_id);
}

static int make_cidfile(struct new_container *n, struct err *e)
{
	const char *path = n->plan.rec->cid_file;
	autofd fd = -1;
	int r;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_msg(e, EEXIST, "container id file exists. Ensure another container is not using it or "
			       "delete %s", path);
	if (fd < 0)
		return err_set(e, errno, "--cidfile %s", path);
	n->cid_made = true;
	r = fd_write_all(fd, n->plan.rec->id, strlen(n->plan.rec->id));
	return r < 0 ? err_set(e, -r, "--cidfile %s", path) : 0;
}

static int remover(void *ctx, int dirfd, const char *name, struct err *e)
{
	return store_remove(ctx, dirfd, name, e);
}

/* --replace: the container that has the name goes, running or not. */
static int replace(struct context *c, const char *name, struct err *e)
{
	g_autofree char *id = NULL;
	autorecord *old = NULL;
	struct launch_extras extras;
	autofd lock = -1;
	int r = container_find(&c->place, name, &id, e);

	/* The beginning of an ID is no name. */
	if (r <= 0 || container_load(&c->place, id, &old, e) < 0)
		return r == 0 ? 0 : -e->code;
	if (strcmp(old->name, name) != 0)
		return 0;
	if (container_stop(&c->place, id, 0, old->stop_timeout_s, e) < 0)
		return err_wrap(e, "--replace %s", name);
	lock = container_lock(&c->place, id, e);
	if (lock == -ENOENT) {
		err_clear(e);
		return 0;
	}
	if (lock < 0 || launch_extras_from_json(old, &extras, e) < 0 ||
	    container_remove(&c->place, id, name, remover, c->store, e) < 0)
		return err_wrap(e, "--replace %s", name);
	container_event(&c->place, old, "remove");
	launch_remove_volumes(c, extras.anonymous);
	return 0;
}

int new_container_begin(struct context *c, const struct run_options *o, int argc, char **argv,
			struct new_container *n, struct err *e)
{
	struct run_plan *p = &n->plan;

	*n = (struct new_container){ .dir_fd = -1, .lock_fd = -1 };
	if (argc < 1)
		return err_msg(e, EINVAL, o->rootfs ? "--rootfs: a directory is needed" : "an image name is needed");
	if (run_options_check(o, e) < 0 || context_store(c, e) < 0)
		return -e->code;
	if (o->cidfile && path_exists_at(AT_FDCWD, o->cidfile))
		return err_msg(e, EEXIST, "container id file exists. Ensure another container is not using it or "
			       "delete %s", o->cidfile);
	note_one_id(o);
	/* From here until its record is written nobody removes the image. */
	if (o->rootfs ? find_rootfs(n, argv[0], e) < 0 || store_use_shared(c->store, e) < 0 : run_image_get(c, o, argv[0], &n->img, e) < 0)
		return -e->code;
	*p = (struct run_plan){ .c = c, .o = o, .args = argv + 1, .img = n->img, .rootfs = n->rootfs };
	p->spec = rspec_new();
	p->rec = container_record_new();
	p->rec->image_name = n->img ? arena_strdup(&p->rec->arena, n->img->names[0] ? n->img->names[0] : argv[0]) : NULL;
	{
		g_autofree char *id = text_random_hex(32);

		p->rec->id = arena_strdup(&p->rec->arena, id);
	}
	if (run_plan_make(p, e) < 0)
		return -e->code;
	hold_signals();
	if (o->replace && replace(c, o->name, e) < 0)
		return -e->code;
	if (container_reserve(&c->place, p->rec, &n->dir_fd, &n->lock_fd, e) < 0)
		return -e->code;
	n->reserved = true;
	if (make_cidfile(n, e) < 0 || run_plan_volumes(p, e) < 0)
		return -e->code;
	{
		g_autofree char *extra = launch_extras_to_json(&p->x);

		p->rec->extra_json = arena_strdup(&p->rec->arena, extra);
	}
	return new_container_interrupted(e);
}

char *new_container_config(const struct new_container *n)
{
	json_t *doc = rspec_to_json(n->plan.spec);
	char *text = json_compact(doc);

	json_decref(doc);
	return text;
}

void new_container_end(struct new_container *n)
{
	struct run_plan *p = &n->plan;
	struct err e = ERR_INIT;

	if (!n->committed) {
		if (n->cid_made)
			(void)unlink(p->rec->cid_file);
		if (n->reserved && container_remove(&p->c->place, p->rec->id, p->rec->name, remover, p->c->store, &e) < 0)
			log_warn("container %.12s: %s", p->rec->id, e.msg);
		if (p->rec)
			launch_remove_volumes(p->c, p->x.anonymous);
	}
	fd_close(&n->dir_fd);
	fd_close(&n->lock_fd);
	if (p->c && p->c->store)
		store_use_end(p->c->store);
	if (p->spec)
		rspec_free(p->spec);
	if (p->rec)
		container_record_free(p->rec);
	if (n->img)
		image_free(n->img);
	g_free(n->rootfs);
	new_container_release_signals();
}
