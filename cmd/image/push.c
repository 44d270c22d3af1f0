/* push.c - `coracle-image push`: an image of the store to a registry.
 *
 * Order: credentials (as the user), the user namespace of the store, the layers in processes of their own, then config
 * and manifest, so that a name never means an image of which a part is missing.
 */
#include "cmd/image/push.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "cmd/image/manifest.h"
#include "cmd/image/progress.h"
#include "cmd/image/push_layer.h"
#include "cmd/image/push_manifest.h"
#include "cmd/image/sources.h"
#include "cmd/push_options.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "storage/image.h"

#define AT_ONCE 3

struct job { pid_t pid; int fd; };

struct push {
	struct context *c;
	struct push_options *o;
	struct reference to;
	struct image *image;
	struct image **all;             /* of the store: who has the layers at the same registry? */
	char *stored;                   /* its manifest */
	size_t stored_len;
	struct registry *registry;
	struct progress *progress;
	struct push_result *results;
};

/* --- what is asked -------------------------------------------------------------------------------------------- */

static int find_image(struct push *p, const char *name, const char *destination, struct err *e)
{
	g_autofree char *full = NULL;
	int r = context_store(p->c, e);

	if (r == 0)
		r = image_find(p->c->store, name, &p->image, e);
	if (r == 0)
		return err_msg(e, ENOENT, "%s: image not known", name);
	if (r < 0)
		return r;
	if (p->image->host)
		return err_msg(e, EINVAL, "the built-in image host cannot be pushed: it is this machine");
	/* An ID or short name means the image's own name. */
	if (!destination)
		destination = p->image->names[0] && reference_parse(name, &p->to, e) < 0 ? p->image->names[0] : name;
	err_clear(e);
	r = reference_parse(destination, &p->to, e);
	if (r == 0 && *p->to.digest)
		r = err_msg(e, EINVAL, "%s: a destination has a tag, not a digest", destination);
	if (r == 0)
		r = image_read_blob(p->c->store, p->image->digest, &p->stored, &p->stored_len, e);
	return r;
}

static int check_options(const struct push_options *o, struct err *e)
{
	int64_t most = g_strcmp0(o->compression_format, "zstd") == 0 ? 19 : 9;

	if (o->level_set && (o->compression_level < 1 || o->compression_level > most))
		return err_msg(e, EINVAL, "--compression-level %lld: it must be from 1 to %lld",
			       (long long)o->compression_level, (long long)most);
	if (o->format && strcmp(o->format, "v2s2") == 0 && g_strcmp0(o->compression_format, "zstd") == 0)
		return err_msg(e, EINVAL, "docker's format (v2s2) has no zstd layers: --format oci has");
	return 0;
}

static int open_registry(struct push *p, struct err *e)
{
	const struct push_options *o = p->o;
	struct registry_options ro = {
		.creds = o->creds, .authfile = o->authfile, .cert_dir = o->cert_dir,
		.tls_verify = o->tls_verify, .retry = (int)CLAMP(o->retry, 0, 1000),
		.retry_delay_ms = o->retry_delay_set ? o->retry_delay_ns / 1000000 : -1,
	};

	return sources_open_push(&ro, &p->to, &p->registry, e);
}

/* --- layers ------------------------------------------------------------------------------------------------------- */

static bool has_layer(const struct image *img, const char *digest)
{
	for (size_t i = 0; i < img->manifest.n_layers; i++)
		if (strcmp(img->manifest.layers[i].digest, digest) == 0)
			return true;
	return false;
}

/* A repository of the destination's registry from which the blob most likely came. */
static char *mount_source(const struct push *p, const char *digest)
{
	for (struct image **i = p->all; i && *i; i++) {
		if (!has_layer(*i, digest))
			continue;
		for (char **name = (*i)->repo_digests; name && *name; name++) {
			struct err ignored = ERR_INIT;
			struct reference ref;

			if (reference_parse(*name, &ref, &ignored) == 0 && strcmp(ref.host, p->to.host) == 0 &&
			    strcmp(ref.path, p->to.path) != 0)
				return g_strdup(ref.path);
		}
	}
	return NULL;
}

static enum media_kind pack_kind(const struct push *p, const struct descriptor *d)
{
	const struct push_options *o = p->o;
	bool docker = o->format ? strcmp(o->format, "v2s2") == 0 : push_manifest_is_docker(p->stored, p->stored_len);

	if (o->compression_format)
		return strcmp(o->compression_format, "zstd") == 0 ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP;
	return media_kind_of(d->media_type) == MEDIA_LAYER_ZSTD && !docker ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP;
}

static int start_layer(struct push *p, size_t i, struct job *job, struct err *e)
{
	const struct push_options *o = p->o;
	const struct descriptor *d = &p->image->manifest.layers[i];
	struct push_layer l = {
		.s = p->c->store, .g = p->registry, .d = d, .diff_id = p->image->config.diff_ids[i],
		.mount_from = mount_source(p, d->digest), .kind = pack_kind(p, d),
		.level = o->level_set ? (int)o->compression_level : -1,
	};
	int r;

	/* A zstd layer has no place in docker's manifest, whether the registry has it or not. */
	l.as_kind = o->force_compression || (o->format && strcmp(o->format, "v2s2") == 0 &&
					     media_kind_of(d->media_type) == MEDIA_LAYER_ZSTD);
	r = push_layer_start(&l, &job->pid, &job->fd, e);
	g_free(l.mount_from);
	return r;
}

static void say(struct push *p, size_t i)
{
	static const char *const how[] = { "skipped: already exists", "skipped: mounted from another repository", "done" };

	progress_say(p->progress, "Copying blob %s %s", p->results[i].digest, how[p->results[i].how]);
}

static int wait_any(struct job *jobs, size_t n, size_t *ret, struct err *e)
{
	struct pollfd fds[AT_ONCE];
	size_t which[AT_ONCE];
	nfds_t count = 0;

	for (size_t i = 0; i < n && count < AT_ONCE; i++) {
		if (jobs[i].fd < 0)
			continue;
		which[count] = i;
		fds[count++] = (struct pollfd){ .fd = jobs[i].fd, .events = POLLIN };
	}
	while (poll(fds, count, -1) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "poll");
	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents)
			*ret = which[i];
	return 0;
}

/* AT_ONCE at a time; the first fault ends all. */
static int push_layers(struct push *p, struct err *e)
{
	size_t n = p->image->manifest.n_layers, started = 0, ended = 0, i = 0;
	g_autofree struct job *jobs = g_new0(struct job, n + 1);
	int r = 0;

	p->results = g_new0(struct push_result, n + 1);
	for (size_t k = 0; k < n; k++)
		jobs[k] = (struct job){ .pid = -1, .fd = -1 };
	while (r == 0 && ended < n) {
		if (started < n && started - ended < AT_ONCE) {
			r = start_layer(p, started, &jobs[started], e);
			started++;
			continue;
		}
		r = wait_any(jobs, n, &i, e);
		if (r == 0)
			r = push_layer_finish(&jobs[i].pid, &jobs[i].fd, &p->results[i], e);
		if (r == 0)
			say(p, i);
		else
			err_wrap(e, "layer %s", p->image->manifest.layers[i].digest);
		ended++;
	}
	for (size_t k = 0; k < n; k++) {
		fd_close(&jobs[k].fd);
		proc_kill_and_reap(&jobs[k].pid);
	}
	return r;
}

/* --- the rest ------------------------------------------------------------------------------------------------------- */

static int push_documents(struct push *p, struct push_manifest *m, struct err *e)
{
	const char *digest = p->image->manifest.config.digest;
	g_autofree char *config = NULL;
	size_t len;
	int r = image_read_blob(p->c->store, digest, &config, &len, e);

	if (r == 0)
		r = push_manifest_make(p->stored, p->stored_len, p->o->format, p->results, p->image->manifest.n_layers, m, e);
	if (r < 0)
		return r;
	progress_say(p->progress, "Copying config %s", digest);
	r = registry_put_blob(p->registry, digest, config, len, e);
	if (r < 0)
		return r;
	progress_say(p->progress, "Writing manifest to image destination");
	return registry_put_manifest(p->registry, p->to.tag, m->media_type, m->text, m->len, e);
}

static int push(struct push *p, const char *name, const char *destination, char ret_digest[static DIGEST_MAX],
		struct err *e)
{
	struct push_manifest m = { 0 };
	autofd lock = -1;
	int r = check_options(p->o, e);

	if (r == 0)
		r = find_image(p, name, destination, e);
	if (r == 0)
		r = open_registry(p, e);
	if (r == 0)
		r = image_list(p->c->store, &p->all, e);
	if (r == 0)
		r = lock = store_lock_shared(p->c->store, e);
	if (r >= 0)
		r = idmap_enter(idmap_store(), e);
	if (r == 0)
		r = push_layers(p, e);
	if (r == 0)
		r = push_documents(p, &m, e);
	if (r == 0)
		image_event(p->c->store, "push", p->image->id, name);
	if (r == 0)
		g_strlcpy(ret_digest, m.digest, DIGEST_MAX);
	push_manifest_clear(&m);
	return r;
}

int push_image(struct context *c, struct push_options *o, struct progress *progress, const char *name, const char *destination,
	       char ret_digest[static DIGEST_MAX], struct err *e)
{
	struct push p = { .c = c, .o = o, .progress = progress };
	int r = push(&p, name, destination, ret_digest, e);

	if (r < 0 && *p.to.host)
		err_wrap(e, "unable to push %s/%s:%s", p.to.host, p.to.path, p.to.tag);
	if (p.registry)
		registry_close(p.registry);
	if (p.image)
		image_free(p.image);
	if (p.all)
		image_list_free(p.all);
	g_free(p.results);
	g_free(p.stored);
	return r;
}

/* --all: what `manifest push` does. */
static int push_list(struct context *c, const struct push_options *o, const char *name, const char *destination)
{
	const struct manifest_push_options m = {
		.access = { .tls_verify = o->tls_verify, .authfile = o->authfile, .cert_dir = o->cert_dir, .creds = o->creds,
			    .retry = o->retry },
		.all = true, .quiet = o->quiet, .compression_format = o->compression_format, .digestfile = o->digestfile,
		.format = o->format,
	};
	struct err e = ERR_INIT;

	if (o->force_compression || o->level_set || o->retry_delay_set) {
		err_msg(&e, EINVAL, "--force-compression, --compression-level and --retry-delay are not for lists (--all)");
		return fail(&e);
	}
	return manifest_push(c, name, destination, &m);
}

static int push_run(struct context *c, void *values, int argc, char **argv)
{
	struct push_options *o = values;
	struct progress *progress;
	char digest[DIGEST_MAX];
	struct err e = ERR_INIT;
	int r;

	if (o->all)
		return push_list(c, o, argv[0], argc > 1 ? argv[1] : argv[0]);
	progress = progress_new(o->quiet);
	signal(SIGPIPE, SIG_IGN);
	r = push_image(c, o, progress, argv[0], argc > 1 ? argv[1] : NULL, digest, &e);
	if (r == 0 && o->digestfile)
		r = file_replace(AT_FDCWD, o->digestfile, digest, strlen(digest), 0644, false, &e);
	progress_free(progress);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_push = COMMAND_PUSH(push_run);
