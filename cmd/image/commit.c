/* commit.c - `coracle-image commit`: what a container changed becomes a layer on top of its image.
 *
 * Only the container's upper directory is read: it is packed (storage/tree_tar.h) straight into the worker that makes the
 * layer. The config is the image's with what the container was run with, then --change.
 */
#include "cmd/image/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "cmd/container_set.h"
#include "cmd/image/changes.h"
#include "cmd/image/new_image.h"
#include "cmd/image/new_layer.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/container/pause.h"
#include "core/container/record.h"
#include "core/oci/reference.h"
#include "storage/layer_tar.h"
#include "storage/rootfs.h"
#include "storage/tree_tar.h"

struct commit {
	struct context *c;
	const struct commit_options *o;
	const struct container_info *container;
	struct image *img;
	char *name;             /* or NULL */
	json_t *config;
	int64_t *sizes;
	int64_t created_ns;
};

/* What the start put there to mount over is nobody's change. */
static const char *const mount_points[] = { "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf",
	"run/.containerenv", NULL };

/* --- the config ------------------------------------------------------------------------------------------------ */

static json_t *inner(json_t *config)
{
	json_t *c = json_object_get(config, "config");

	if (json_is_object(c))
		return c;
	c = json_object();
	json_object_set_new(config, "config", c);
	return c;
}

/* Variables that each start sets by itself. */
static bool is_own_variable(const char *pair)
{
	static const char *const own[] = { "HOSTNAME=", "HOME=", "TERM=", "container=" };

	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		if (g_str_has_prefix(pair, own[i]))
			return true;
	return false;
}

/* Environment and working directory are in the runtime's document. */
static int take_process(struct commit *k, json_t *config, struct err *e)
{
	autofd dir = container_open(&k->c->place, k->container->record->id, e);
	g_autofree char *text = NULL;
	json_t *doc, *process, *variable;
	size_t len, i;
	const char *cwd;

	if (dir < 0 || file_read(dir, CONFIG_FILE, RECORD_MAX, &text, &len, e) < 0)
		return -e->code;
	doc = json_loadb(text, len, 0, NULL);
	process = json_object_get(doc, "process");
	json_array_foreach(json_object_get(process, "env"), i, variable)
		if (json_is_string(variable) && !is_own_variable(json_string_value(variable)))
			config_set_env(config, json_string_value(variable));
	cwd = json_string_value(json_object_get(process, "cwd"));
	if (cwd && (strcmp(cwd, "/") != 0 || json_object_get(config, "WorkingDir")))
		json_object_set_new(config, "WorkingDir", json_string(cwd));
	json_decref(doc);
	return 0;
}

static void take_record(const struct commit *k, json_t *config)
{
	const struct container_record *r = k->container->record;
	int words = r->entrypoint_words;

	if (words > 0) {
		json_t *list = json_array();

		for (int i = 0; i < words && r->command[i]; i++)
			json_array_append_new(list, json_string(r->command[i]));
		json_object_set_new(config, "Entrypoint", list);
	} else {
		json_object_del(config, "Entrypoint");
	}
	if (r->command && r->command[words])
		json_object_set_new(config, "Cmd", json_of_strings(r->command + words));
	else
		json_object_del(config, "Cmd");
	if (r->user && *r->user)
		json_object_set_new(config, "User", json_string(r->user));
	if (r->labels && *r->labels)
		json_object_set_new(config, "Labels", json_of_pairs(r->labels));
	for (size_t i = 0; k->o->include_volumes && i < r->n_mounts; i++) {
		json_t *volumes = json_object_get(config, "Volumes");

		if (g_strcmp0(r->mounts[i].type, "volume") != 0)
			continue;
		if (!json_is_object(volumes)) {
			volumes = json_object();
			json_object_set_new(config, "Volumes", volumes);
		}
		json_object_set_new(volumes, r->mounts[i].destination, json_object());
	}
}

static int make_config(struct commit *k, struct err *e)
{
	/* Of the container that made the image below, in docker's documents. */
	static const char *const stale[] = { "container", "container_config", "id", "parent" };
	g_autofree char *text = NULL, *created = text_time_rfc3339(k->created_ns);
	size_t len;
	int r = image_read_blob(k->c->store, k->img->manifest.config.digest, &text, &len, e);

	if (r < 0)
		return r;
	k->config = json_loadb(text, len, 0, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(stale); i++)
		json_object_del(k->config, stale[i]);
	json_object_set_new(k->config, "created", json_string(created));
	if (k->o->author)
		json_object_set_new(k->config, "author", json_string(k->o->author));
	r = take_process(k, inner(k->config), e);
	if (r < 0)
		return r;
	take_record(k, inner(k->config));
	return changes_apply(inner(k->config), k->o->changes, e);
}

/* --- the layer ------------------------------------------------------------------------------------------------- */

/* What is to be packed: the upper directory, or all for --squash. -ENOENT: it never ran. */
static int open_tree_of(const struct commit *k, struct err *e)
{
	const char *id = k->container->record->id;
	g_autofree char *upper = g_strconcat(id, "/upper", NULL), *whole = g_strconcat(id, "/root", NULL);
	int fd;

	if (k->o->squash)
		return rootfs_open_container(k->c->store, k->img, id, e);
	fd = openat(k->c->store->containers_fd, upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && faccessat(k->c->store->containers_fd, whole, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_msg(e, EOPNOTSUPP, "the vfs driver keeps no record of what a container changed; use --squash");
	return fd < 0 ? err_set(e, errno, "what the container changed") : fd;
}

static int make_layer(const struct commit *k, struct new_layer *n, int tree, struct err *e)
{
	struct tree_tar_options o = TREE_TAR_OPTIONS;
	int r = new_layer_begin(k->c->store, NULL, NULL, n, e), packed;
	struct remembered *remembered;

	remembered = remembered_open(k->c->store, k->container->record->id, k->img);
	o.remembered = remembered;
	o.layer = !k->o->squash;
	o.whole_seconds = true;
	o.no_root = true;
	o.without = mount_points;
	if (getenv("SOURCE_DATE_EPOCH"))
		o.latest = k->created_ns / 1000000000;
	packed = r < 0 ? r : tree_tar_write(tree, &o, sink_to_fd, &n->in, e);
	remembered_free(remembered);
	if (r < 0)
		return r;
	if (packed < 0 && packed != -EPIPE)
		return packed;
	err_clear(e);
	return new_layer_finish(n, e);
}

/* Layers below, and this one; for --squash this one alone. */
static int add_layer(struct commit *k, const struct new_layer *n, struct err *e)
{
	const struct image_config *below = &k->img->config;
	size_t i = 0;
	int r = 0;

	k->sizes = g_new0(int64_t, below->n_diff_ids + 1);
	if (k->o->squash) {
		json_object_del(k->config, "rootfs");
		json_object_del(k->config, "history");
	}
	for (; !k->o->squash && i < below->n_diff_ids && r == 0; i++)
		r = layer_tar_size(k->c->store, below->diff_ids[i], &k->sizes[i], e);
	if (n) {
		new_config_add_layer(k->config, n->result.diff_id);
		k->sizes[i] = n->result.tar_size;
	}
	return r;
}

static int store_image(struct commit *k, const struct new_layer *n, char **ret_id, struct err *e)
{
	const struct container_record *record = k->container->record;
	g_autofree char *by = record->command ? g_strjoinv(" ", record->command) : NULL;
	enum image_format f = strcmp(k->o->format, "docker") == 0 ? IMAGE_DOCKER : IMAGE_OCI;
	int r = add_layer(k, n, e);
	char *text;

	if (r < 0)
		return r;
	new_config_add_history(k->config, k->created_ns, by, k->o->message, k->o->author, !n);
	text = json_dumps(k->config, JSON_COMPACT);
	r = new_image_commit(k->c->store, k->name, f, text, strlen(text), k->sizes, ret_id, e);
	free(text);
	return r;
}

static int make_image(struct commit *k, char **ret_id, struct err *e)
{
	struct new_layer n = { .stage_fd = -1, .stage_lock = -1, .in = -1, .worker = WORKER_NONE };
	autofd tree = open_tree_of(k, e);
	int r;

	if (tree < 0 && tree != -ENOENT)
		return tree;
	r = tree >= 0 ? make_layer(k, &n, tree, e) : 0;
	if (tree < 0)
		err_clear(e);
	if (r == 0)
		r = store_image(k, tree >= 0 ? &n : NULL, ret_id, e);
	new_layer_end(&n);
	return r;
}

/* --- the command ------------------------------------------------------------------------------------------------ */

static int prepare(struct commit *k, int argc, char **argv, struct err *e)
{
	struct reference ref;
	int r = 0;

	if (!k->container->record->image_id)
		return err_msg(e, EOPNOTSUPP, "a container of --rootfs has no image below; use export and import");
	r = image_get(k->c, k->container->record->image_id, &k->img, e);
	if (r == 0 && k->img->host)
		return err_msg(e, EOPNOTSUPP, "a container of the image host cannot become an image");
	if (r == 0 && argc > 1)
		r = reference_parse_local(argv[1], &ref, e);
	if (r == 0 && argc > 1)
		k->name = reference_name(&ref);
	return r < 0 ? r : make_config(k, e);
}

struct outcome { int r; char id[72]; struct err e; };

static int make_as_root(struct commit *k, struct outcome *out)
{
	g_autofree char *id = NULL;

	out->r = idmap_enter(idmap_store(), &out->e);
	if (out->r == 0)
		out->r = make_image(k, &id, &out->e);
	g_strlcpy(out->id, id ? id : "", sizeof out->id);
	return out->r;
}

/* In a child: root of the store map has no rights over the container's processes any more. */
static int make_in_child(struct commit *k, struct outcome *out)
{
	autochild child = -1;
	autofd from = -1;
	pid_t parent = getpid();
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return out->r = err_set(&out->e, errno, "pipe");
	from = p[0];
	child = fork();
	if (child == 0) {
		proc_die_with_parent(parent);
		(void)make_as_root(k, out);
		_exit(fd_write_all(p[1], out, sizeof *out) < 0);
	}
	(void)close(p[1]);
	if (child < 0)
		return out->r = err_set(&out->e, errno, "fork");
	if (fd_read_full(from, out, sizeof *out) != (ssize_t)sizeof *out)
		return out->r = err_msg(&out->e, EIO, "making the image ended unexpectedly");
	(void)proc_wait(take_child(&child));
	return out->r;
}

static int make_paused(struct commit *k, char **ret_id, struct err *e)
{
	const char *id = k->container->record->id;
	bool pause = k->o->pause && k->container->state.status == CONTAINER_RUNNING;
	struct outcome out = { 0 };
	struct err ignored = ERR_INIT;
	int r = pause ? container_pause(&k->c->place, id, true, e) : 0;

	if (r < 0)
		return r;
	r = pause ? make_in_child(k, &out) : make_as_root(k, &out);
	if (pause && container_pause(&k->c->place, id, false, &ignored) < 0)
		log_warn("%s stays paused: %s", id, ignored.msg);
	*e = out.e;
	*ret_id = r == 0 ? g_strdup(out.id) : NULL;
	if (r == 0)
		container_event(&k->c->place, k->container->record, "commit");
	return r;
}

static int commit_container(struct commit *k, int argc, char **argv, char **ret_id, struct err *e)
{
	struct container_choice choice = { .missing_status = EXIT_OURS };
	g_autoptr(GPtrArray) set = NULL;
	autofd lock = -1;
	int worst = 0, r = container_choose(k->c, &choice, 1, argv, &set, &worst, e);

	if (r < 0)
		return r;
	/* container_choose has said why. */
	if (set->len == 0)
		return -(e->code = ENOENT);
	k->container = set->pdata[0];
	lock = store_lock_shared(k->c->store, e);
	r = lock < 0 ? lock : prepare(k, argc, argv, e);
	return r < 0 ? r : make_paused(k, ret_id, e);
}

static int commit_run(struct context *c, void *values, int argc, char **argv)
{
	struct commit k = { .c = c, .o = values, .created_ns = new_image_time() };
	g_autofree char *id = NULL;
	struct err e = ERR_INIT;
	int r;

	signal(SIGPIPE, SIG_IGN);
	r = context_store(c, &e);
	if (r == 0)
		r = commit_container(&k, argc, argv, &id, &e);
	if (r == 0 && k.o->iidfile) {
		g_autofree char *line = g_strconcat("sha256:", id, NULL);

		r = file_replace(AT_FDCWD, k.o->iidfile, line, strlen(line), 0644, false, &e);
	}
	if (r == 0)
		puts(id);
	if (k.img)
		image_free(k.img);
	json_decref(k.config);
	g_free(k.sizes);
	g_free(k.name);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_commit = COMMAND_COMMIT(commit_run);
