/* fuzz_archive.c - image archives: a tar, compressed or not, and what its documents name is read. */
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/oci/image_spec.h"
#include "storage/archive_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_blob(struct archive_in *a, const struct descriptor *d)
{
	g_autofree char *name = g_strdup_printf("blobs/sha256/%s", d->digest + strlen("sha256:")), *text = NULL;
	struct manifest m;
	struct err e = ERR_INIT;
	char piece[512];
	size_t len;

	(void)archive_in_pread(a, name, piece, sizeof piece, 0, &e);
	if (archive_in_read(a, name, MANIFEST_MAX, &text, &len, &e) == 0 && manifest_parse(text, len, &m, &e) == 0)
		arena_free(&m.arena);
}

static void read_all(struct archive_in *a)
{
	g_autofree char *text = NULL, *list = NULL;
	struct image_index idx;
	struct err e = ERR_INIT;
	size_t len;

	(void)archive_in_has(a, "manifest.json");
	(void)archive_in_read(a, "manifest.json", MANIFEST_MAX, &list, &len, &e);
	if (archive_in_read(a, "index.json", MANIFEST_MAX, &text, &len, &e) < 0 || image_index_parse(text, len, &idx, &e) < 0)
		return;
	for (size_t i = 0; i < idx.n_manifests; i++)
		read_blob(a, &idx.manifests[i]);
	arena_free(&idx.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofd fd = memfd_create("archive", MFD_CLOEXEC), tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct store s = { .root = (char *)"/tmp", .tmp_fd = tmp };
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
	struct archive_in *a = NULL;
	struct err e = ERR_INIT;

	if (fd < 0 || fd_write_all(fd, data, size) < 0 || archive_in_open(&s, path, &a, &e) < 0)
		return 0;
	read_all(a);
	archive_in_close(a);
	return 0;
}
