/* The store: opening, staging, collection, images, volumes. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "storage/image.h"
#include "storage/layer.h"
#include "storage/volume.h"

static char *base;

static struct store *open_store(void)
{
	g_autofree char *root = g_strconcat(base, "/root", NULL), *run = g_strconcat(base, "/run", NULL);
	struct store_options o = { .root = root, .run_root = run };
	struct err e = ERR_INIT;
	struct store *s;

	if (store_open(&o, &s, &e) < 0)
		g_error("%s", e.msg);
	return s;
}

static char *digest_of(const char *text)
{
	g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strconcat("sha256:", hex, NULL);
}

/* A layer, then an image of it; `what` makes it another image. */
static void make_image(struct store *s, const char *name, const char *what)
{
	g_autofree char *diff_id = digest_of(what), *config = NULL, *config_digest = NULL, *text = NULL, *staged = NULL;
	g_autofree char *digest = NULL;
	struct descriptor d = { .media_type = (char *)"application/vnd.oci.image.manifest.v1+json" };
	struct err e = ERR_INIT;
	autofd lock = -1, stage = store_stage(s, &staged, &lock, &e);

	g_assert_cmpint(mkdirat(stage, "tree", 0755), ==, 0);
	g_assert_cmpint(file_replace(stage, "info", "{\"size\":100}", 12, 0600, false, &e), ==, 0);
	g_assert_cmpint(layer_publish(s, staged, diff_id, &e), ==, 0);
	config = g_strdup_printf("{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"%s\",\"rootfs\":"
				 "{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}", what, diff_id);
	config_digest = digest_of(config);
	text = g_strdup_printf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"c\",\"digest\":\"%s\",\"size\":%zu},"
			       "\"layers\":[]}", config_digest, strlen(config));
	d.digest = digest = digest_of(text);
	d.size = (int64_t)strlen(text);
	g_assert_cmpint(image_put_blob(s, config_digest, config, strlen(config), &e), ==, 0);
	g_assert_cmpint(image_put_blob(s, digest, text, strlen(text), &e), ==, 0);
	g_assert_cmpint(image_commit(s, name, &d, &e), ==, 0);
}

static void test_images(void)
{
	autostore *s = open_store();
	g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
	autoimage *one = NULL, *two = NULL, *none = NULL, *host = NULL, *by_id = NULL;
	struct err e = ERR_INIT;
	struct image **list;

	make_image(s, "docker.io/library/a:latest", "one");
	g_assert_cmpint(image_find(s, "a", &one, &e), ==, 1);
	g_assert_cmpint(image_tag(s, one, "localhost/b:latest", &e), ==, 0);
	make_image(s, "docker.io/library/a:latest", "two");
	g_assert_cmpint(image_find(s, "docker.io/library/a", &two, &e), ==, 1);
	g_assert_cmpstr(two->config.author, ==, "two");
	g_assert_cmpint(image_find(s, one->id, &by_id, &e), ==, 1);
	g_assert_cmpstr(by_id->names[0], ==, "localhost/b:latest");
	g_assert_null(by_id->names[1]);
	g_assert_cmpint(image_untag(s, one, NULL, &e), ==, 0);
	g_assert_cmpint(image_find(s, "b", &none, &e), ==, 0);
	g_assert_cmpint(image_list(s, &list, &e), ==, 0);
	g_assert_nonnull(list[0]);
	g_assert_nonnull(list[1]);
	g_assert_null(list[2]);
	g_assert_cmpint(list[0]->size, ==, 100);
	image_list_free(list);
	g_assert_cmpint(layer_exists(s, one->config.diff_ids[0]), ==, 1);
	g_assert_cmpint(image_remove(s, one, removed, &e), ==, 0);
	g_assert_cmpint(layer_exists(s, one->config.diff_ids[0]), ==, 0);
	g_assert_cmpint(layer_exists(s, two->config.diff_ids[0]), ==, 1);
	g_assert_cmpint(image_find(s, "host", &host, &e), ==, 1);
	g_assert_true(host->host);
}

static void test_collect(void)
{
	autostore *s = open_store();
	g_autofree char *dead = NULL, *alive = NULL;
	struct err e = ERR_INIT;
	int dead_lock;
	autofd lock = -1, a = store_stage(s, &dead, &dead_lock, &e), b = store_stage(s, &alive, &lock, &e);

	close(dead_lock);
	g_assert_cmpint(mkdirat(a, "x", 0), ==, 0);
	g_assert_cmpint(store_collect(s, &e), ==, 0);
	g_assert_false(path_exists_at(s->tmp_fd, dead));
	g_assert_true(path_exists_at(s->tmp_fd, alive));
	(void)b;
}

static void test_refusals(void)
{
	g_autofree char *other = g_strconcat(base, "/other", NULL), *run = g_strconcat(base, "/run2", NULL);
	g_autofree char *file = g_strconcat(other, "/letter", NULL), *version = g_strconcat(base, "/root/version", NULL);
	g_autofree char *root = g_strconcat(base, "/root", NULL);
	struct store_options o = { .root = other, .run_root = run };
	struct err e = ERR_INIT;
	struct store *s;

	g_assert_cmpint(mkdir(other, 0755), ==, 0);
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	g_assert_cmpint(store_open(&o, &s, &e), ==, -ENOTEMPTY);
	o.root = root;
	g_assert_cmpint(symlink(base, run), ==, 0);
	g_assert_cmpint(store_open(&o, &s, &e), <, 0);
	g_assert_cmpint(unlink(run), ==, 0);
	g_assert_true(g_file_set_contents(version, "99\n", 3, NULL));
	g_assert_cmpint(store_open(&o, &s, &e), ==, -EPROTO);
	g_assert_nonnull(strstr(e.msg, "format 99"));
}

/* Opens the store at `root` when `gate` ends. */
static void open_at_once(const char *root, const char *run, int gate)
{
	struct store_options o = { .root = root, .run_root = run };
	struct err e = ERR_INIT;
	struct store *s;
	char byte;

	if (read(gate, &byte, 1) != 0 || store_open(&o, &s, &e) < 0) {
		fprintf(stderr, "# %s\n", e.msg);
		_exit(1);
	}
	_exit(0);
}

/* Many first commands at once: each makes the store, or finds what another made just now. */
static void test_first_opens(void)
{
	enum { PROCESSES = 8, ROUNDS = 100 };
	g_autofree char *run = g_strconcat(base, "/run", NULL);

	for (int round = 0; round < ROUNDS; round++) {
		g_autofree char *root = g_strdup_printf("%s/first%d", base, round);
		pid_t pids[PROCESSES];
		int gate[2], status;

		g_assert_cmpint(pipe(gate), ==, 0);
		for (int i = 0; i < PROCESSES; i++) {
			pids[i] = fork();
			g_assert_cmpint(pids[i], >=, 0);
			if (pids[i] == 0) {
				close(gate[1]);
				open_at_once(root, run, gate[0]);
			}
		}
		close(gate[0]);
		close(gate[1]);
		for (int i = 0; i < PROCESSES; i++) {
			g_assert_cmpint(waitpid(pids[i], &status, 0), ==, pids[i]);
			g_assert_cmpint(status, ==, 0);
		}
	}
}

static void test_volumes(void)
{
	static const char *const labels[] = { "a=b", NULL };
	autostore *s = open_store();
	autovolume *v = NULL, *again = NULL;
	struct err e = ERR_INIT;

	g_assert_cmpint(volume_create(s, "data", labels, NULL, false, &v, &e), ==, 0);
	g_assert_cmpstr(v->labels[0], ==, "a=b");
	g_assert_true(v->needs_copy_up);
	g_assert_cmpint(volume_create(s, "data", NULL, NULL, false, NULL, &e), ==, -EEXIST);
	g_assert_cmpint(volume_create(s, "../x", NULL, NULL, false, NULL, &e), ==, -EINVAL);
	g_assert_cmpint(volume_mark_used(s, v, &e), ==, 0);
	g_assert_cmpint(volume_find(s, "data", &again, &e), ==, 1);
	g_assert_false(again->needs_copy_up);
	g_assert_cmpint(volume_remove(s, "data", &e), ==, 0);
	g_assert_cmpint(volume_remove(s, "data", &e), ==, -ENOENT);
}

int main(int argc, char **argv)
{
	int r;

	g_test_init(&argc, &argv, NULL);
	base = g_dir_make_tmp("coracle-store-XXXXXX", NULL);
	g_test_add_func("/store/images", test_images);
	g_test_add_func("/store/collect", test_collect);
	g_test_add_func("/store/first-opens", test_first_opens);
	g_test_add_func("/store/volumes", test_volumes);
	g_test_add_func("/store/refusals", test_refusals);
	r = g_test_run();
	(void)path_remove_tree(AT_FDCWD, base);
	return r;
}
