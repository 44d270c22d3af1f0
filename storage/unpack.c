/* unpack.c - see unpack.h. Three threads of one process, two rings between them:
 *
 *   reader     in_fd -> compressed digest -> ring 1
 *   inflater   ring 1 -> inflate -> DiffID -> ring 2
 *   caller     ring 2 -> libarchive -> tree/
 *
 * Corrupt data stops the stage that notices it, but not the ones before: what the bytes' digest says matters
 * more to the user than where a parser stumbled. A failure of the disk stops all.
 */
#include "storage/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <glib.h>
#include <locale.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "storage/inflate.h"
#include "storage/ring.h"
#include "storage/tar_record.h"
#include "storage/unpack_tree.h"

struct digester { EVP_MD_CTX *ctx; const char *want; };

struct pipeline {
	int in_fd;
	const struct descriptor *d;
	struct ring packed, tar;
	struct digester packed_sum, tar_sum;
	int64_t packed_bytes, tar_bytes;
	struct err read_err, inflate_err, tree_err;     /* each of one thread */
	bool ring_has_slot;                             /* the tree's: the slot that libarchive reads from */
	struct tar_record *record;                      /* the tree's */
	const struct unpack_options *plain;             /* no layer */
};

/* `want` NULL: it is not known what will come. */
static int digester_start(struct digester *s, const char *want, struct err *e)
{
	const EVP_MD *md = !want || g_str_has_prefix(want, "sha256:") ? EVP_sha256() :
			   g_str_has_prefix(want, "sha512:") ? EVP_sha512() : NULL;

	if (!md)
		return err_msg(e, EINVAL, "digest %s: unknown algorithm", want);
	s->want = want;
	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || EVP_DigestInit_ex(s->ctx, md, NULL) != 1)
		return err_set(e, ENOMEM, "digest");
	return 0;
}

static int digester_check(struct digester *s, const char *what, char ret[static DIGEST_MAX], struct err *e)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	GString *got = g_string_new(NULL);
	int r = 0;

	EVP_DigestFinal_ex(s->ctx, sum, &len);
	g_string_append(got, len == 64 ? "sha512:" : "sha256:");
	for (unsigned i = 0; i < len; i++)
		g_string_append_printf(got, "%02x", sum[i]);
	g_strlcpy(ret, got->str, DIGEST_MAX);
	if (s->want && strcmp(got->str, s->want) != 0)
		r = err_msg(e, EBADMSG, "%s mismatch: expected %s, got %s", what, s->want, got->str);
	g_string_free(got, TRUE);
	return r;
}

static void *reader(void *arg)
{
	struct pipeline *p = arg;
	uint8_t *slot;

	while ((slot = ring_slot(&p->packed))) {
		ssize_t n = read(p->in_fd, slot, RING_SLOT_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err_set(&p->read_err, errno, "reading the layer");
		if (n <= 0)
			break;
		p->packed_bytes += n;
		if (p->d->size >= 0 && p->packed_bytes > p->d->size) {
			err_msg(&p->read_err, EBADMSG, "layer %s is longer than the %lld bytes its manifest says",
				p->d->digest, (long long)p->d->size);
			break;
		}
		EVP_DigestUpdate(p->packed_sum.ctx, slot, (size_t)n);
		ring_push(&p->packed, (size_t)n);
	}
	ring_end(&p->packed);
	return NULL;
}

/* Inflate all of one piece; `in` NULL: the end, what is left inside. False when nobody wants more. */
static bool inflate_piece(struct pipeline *p, struct inflate *z, const uint8_t *in, size_t len)
{
	bool last = len == 0;
	size_t got;

	do {
		uint8_t *slot = ring_slot(&p->tar);

		if (!slot || inflate_step(z, &in, &len, slot, RING_SLOT_SIZE, &got, &p->inflate_err) < 0)
			return false;
		EVP_DigestUpdate(p->tar_sum.ctx, slot, got);
		p->tar_bytes += (int64_t)got;
		ring_push(&p->tar, got);
		/* A full slot may mean that there is more inside. */
	} while (len > 0 || got == RING_SLOT_SIZE || (last && got > 0));
	return true;
}

static void *inflater(void *arg)
{
	struct pipeline *p = arg;
	struct inflate *z = inflate_new();
	const uint8_t *in;
	bool wanted = true;
	size_t len;

	while ((len = ring_peek(&p->packed, &in)) > 0) {
		if (wanted)
			wanted = inflate_piece(p, z, in, len);
		ring_pop(&p->packed);
	}
	if (wanted && inflate_piece(p, z, (const uint8_t *)"", 0) && !inflate_complete(z))
		err_msg(&p->inflate_err, EBADMSG, "the compressed data ends too early");
	ring_end(&p->tar);
	inflate_free(z);
	return NULL;
}

/* The next piece of the tar, 0 at its end; what lies before `passed` has been dealt with. */
static size_t next_piece(struct pipeline *p, uint64_t passed, const uint8_t **ret)
{
	size_t n;

	if (p->ring_has_slot && p->record)
		tar_record_release(p->record, passed);
	if (p->ring_has_slot)
		ring_pop(&p->tar);
	n = ring_peek(&p->tar, ret);
	p->ring_has_slot = n > 0;
	if (n > 0 && p->record)
		tar_record_feed(p->record, *ret, n);
	return n;
}

static la_ssize_t next_tar_bytes(struct archive *a, void *ctx, const void **ret)
{
	const uint8_t *bytes = NULL;
	size_t n = next_piece(ctx, (uint64_t)MAX(archive_filter_bytes(a, 0), 0), &bytes);

	*ret = bytes;
	return (la_ssize_t)n;
}

/* What follows the archive's end is part of the digest. Nobody reads it any more: it is not kept in memory. */
static void drain(struct pipeline *p)
{
	const uint8_t *ignored;

	while (next_piece(p, UINT64_MAX, &ignored) > 0)
		;
}

static int read_entries(struct pipeline *p, struct unpack_tree *t, struct archive *a, struct err *e)
{
	struct archive_entry *ae;
	int r;

	if (archive_read_support_format_tar(a) != ARCHIVE_OK || archive_read_support_format_empty(a) != ARCHIVE_OK)
		return err_msg(e, ENOMEM, "libarchive: %s", archive_error_string(a));
	r = archive_read_open(a, p, NULL, next_tar_bytes, NULL);
	while (r >= ARCHIVE_WARN && (r = archive_read_next_header(a, &ae)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		int failed = unpack_tree_entry(t, a, ae, e);

		if (failed < 0)
			return failed;
	}
	if (r != ARCHIVE_EOF)
		return err_msg(e, EBADMSG, "corrupt tar archive: %s",
			       archive_error_string(a) ? archive_error_string(a) : "unknown reason");
	return 0;
}

static int write_entries(struct pipeline *p, struct archive *a, int stage_fd, struct unpack_result *ret)
{
	struct unpack_tree *t;
	int r;

	p->record = p->plain ? NULL : tar_record_new(stage_fd, &p->tree_err);
	t = p->plain ? unpack_tree_into(stage_fd, p->plain, &p->tree_err) :
	    p->record ? unpack_tree_new(stage_fd, p->record, &p->tree_err) : NULL;
	r = t ? read_entries(p, t, a, &p->tree_err) : -p->tree_err.code;
	if (r == 0)
		r = unpack_tree_finish(t, ret, &p->tree_err);
	unpack_tree_free(t);
	return r;
}

static void write_tree(struct pipeline *p, int stage_fd, struct unpack_result *ret)
{
	struct archive *a = archive_read_new();
	int r = write_entries(p, a, stage_fd, ret);

	if (r < 0 && r != -EBADMSG) {
		ring_abort(&p->tar);
		ring_abort(&p->packed);
	}
	drain(p);
	if (r == 0 && p->record)
		(void)tar_record_finish(p->record, &p->tree_err);
	tar_record_free(p->record);
	archive_read_free(a);
}

/* The first of these that is true is the reason of the others. */
static int verdict(struct pipeline *p, struct unpack_result *ret, struct err *e)
{
	const struct err *local = p->tree_err.code && p->tree_err.code != EBADMSG ? &p->tree_err : &p->read_err;
	char packed[DIGEST_MAX];
	int r;

	if (local->code) {
		*e = *local;
		return -e->code;
	}
	if (p->d->size >= 0 && p->packed_bytes != p->d->size)
		return err_msg(e, EBADMSG, "layer %s ended after %lld of %lld bytes", p->d->digest,
			       (long long)p->packed_bytes, (long long)p->d->size);
	r = digester_check(&p->packed_sum, "layer digest", packed, e);
	if (r < 0)
		return r;
	local = p->inflate_err.code ? &p->inflate_err : &p->tree_err;
	if (local->code) {
		*e = *local;
		return p->d->digest ? err_wrap(e, "layer %s", p->d->digest) : -e->code;
	}
	ret->tar_size = p->tar_bytes;
	return digester_check(&p->tar_sum, "DiffID", ret->diff_id, e);
}

static int write_info(const struct pipeline *p, int stage_fd, const struct unpack_result *u, struct err *e)
{
	g_autofree char *text = g_strdup_printf(
		"{\"size\":%lld,\"files\":%lld,\"digest\":\"%s\",\"compressed_size\":%lld,"
		"\"skipped_devices\":%lld,\"unset_owners\":%lld}\n",
		(long long)u->bytes, (long long)u->files, p->d->digest ? p->d->digest : u->diff_id,
		(long long)p->packed_bytes,
		(long long)u->skipped_devices, (long long)u->unset_owners);

	return file_replace(stage_fd, "info", text, strlen(text), 0600, false, e);
}

static int run_pipeline(struct pipeline *p, int stage_fd, struct unpack_result *ret, struct err *e)
{
	pthread_t threads[2];
	int r = pthread_create(&threads[0], NULL, reader, p);

	if (r != 0)
		return err_set(e, r, "thread");
	r = pthread_create(&threads[1], NULL, inflater, p);
	if (r != 0) {
		ring_abort(&p->packed);
		(void)pthread_join(threads[0], NULL);
		return err_set(e, r, "thread");
	}
	write_tree(p, stage_fd, ret);
	(void)pthread_join(threads[0], NULL);
	(void)pthread_join(threads[1], NULL);
	return verdict(p, ret, e);
}

static int unpack(struct pipeline *p, int stage_fd, const char *diff_id, struct unpack_result *ret, struct err *e)
{
	/* Names in tar headers are UTF-8 or bytes; libarchive converts them through the thread's locale. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	struct unpack_result done = { 0 };
	int r = digester_start(&p->packed_sum, p->d->digest, e);

	ring_init(&p->packed);
	ring_init(&p->tar);
	if (r == 0)
		r = digester_start(&p->tar_sum, diff_id, e);
	if (r == 0)
		r = run_pipeline(p, stage_fd, &done, e);
	if (r == 0 && !p->plain)
		r = write_info(p, stage_fd, &done, e);
	ring_free(&p->packed);
	ring_free(&p->tar);
	EVP_MD_CTX_free(p->packed_sum.ctx);
	EVP_MD_CTX_free(p->tar_sum.ctx);
	if (utf8) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	if (r == 0)
		*ret = done;
	return r;
}

int unpack_layer(int in_fd, int stage_fd, const struct descriptor *d, const char *diff_id,
		 struct unpack_result *ret, struct err *e)
{
	struct pipeline p = { .in_fd = in_fd, .d = d };

	return unpack(&p, stage_fd, diff_id, ret, e);
}

int unpack_into(int in_fd, int dir_fd, const struct unpack_options *o, struct unpack_result *ret, struct err *e)
{
	static const struct descriptor any = { .size = -1 };
	struct pipeline p = { .in_fd = in_fd, .d = &any, .plain = o };

	return unpack(&p, dir_fd, NULL, ret, e);
}
