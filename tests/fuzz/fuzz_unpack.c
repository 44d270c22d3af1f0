/* fuzz_unpack.c - a layer's tar through the whole unpacking: nothing outside of its tree changes, and a tar that could be
 * unpacked can be given back bit for bit.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/idmap.h"
#include "storage/layer_tar.h"
#include "storage/unpack.h"

#define BLOCK 512

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int top = -1;            /* holds canary and stage, and nothing else */
static char top_name[] = "/tmp/coracle-fuzz-XXXXXX";

static void clean_up(void)
{
	(void)path_remove_tree(AT_FDCWD, top_name);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e = ERR_INIT;

	(void)argc;
	(void)argv;
	if (idmap_enter(idmap_store(), &e) < 0 || !mkdtemp(top_name))
		abort();
	top = open(top_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || mkdirat(top, "canary", 0700) < 0)
		abort();
	atexit(clean_up);
	return 0;
}

/* Correct every header's checksum: nothing else would be looked at. */
static void fix_checksums(uint8_t *tar, size_t size)
{
	for (size_t at = 0; at + BLOCK <= size;) {
		unsigned sum = 0;
		char field[13] = "", digits[8];
		uint64_t len;

		memset(tar + at + 148, ' ', 8);
		for (size_t i = 0; i < BLOCK; i++)
			sum += tar[at + i];
		snprintf(digits, sizeof digits, "%06o", sum & 0777777);
		memcpy(tar + at + 148, digits, 7);
		memcpy(field, tar + at + 124, 12);
		len = strtoull(field, NULL, 8);
		at += BLOCK + (len < size ? (len + BLOCK - 1) / BLOCK * BLOCK : 0);
	}
}

static int nowhere(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return 0;
}

static void check_outside(void)
{
	struct stat st;

	/* Its own two, ".." and "." */
	if (fstatat(top, "canary", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) || st.st_nlink != 2)
		abort();
	if (fstat(top, &st) < 0 || st.st_nlink > 4)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree uint8_t *tar = g_memdup2(data, size ? size : 1);
	unsigned char sum[32];
	char digest[72] = "sha256:";
	struct descriptor d = { .digest = digest, .size = (int64_t)size };
	struct unpack_result res;
	struct layer_tar given;
	struct err e = ERR_INIT, back = ERR_INIT;
	autofd in = memfd_create("layer", MFD_CLOEXEC), stage = -1;

	if (size > 2 && data[0] == 0x1f && data[1] == 0x8b)
		return 0;
	fix_checksums(tar, size);
	(void)EVP_Digest(tar, size, sum, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < sizeof sum; i++)
		snprintf(digest + 7 + 2 * i, 3, "%02x", sum[i]);
	if (in < 0 || fd_write_all(in, tar, size) < 0 || lseek(in, 0, SEEK_SET) < 0)
		abort();
	(void)path_remove_tree(top, "stage");
	if (mkdirat(top, "stage", 0700) < 0)
		abort();
	stage = openat(top, "stage", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (unpack_layer(in, stage, &d, digest, &res, &e) == 0 &&
	    (layer_tar_stream_dir(stage, digest, nowhere, NULL, &given, &back) < 0 || !given.exact)) {
		fprintf(stderr, "not given back: %s\n", back.msg);
		abort();
	}
	check_outside();
	return 0;
}
