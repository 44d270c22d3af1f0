/* layer_tar.c - see layer_tar.h; the format that is read here is tar_record.h's. */
#include "storage/layer_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "storage/layer.h"
#include "storage/tar_record.h"
#include "storage/tree_tar.h"

#define PIECE (128 * 1024)
#define INDEX_MAX (256L * 1024 * 1024)

/* A name that something else took: replaced/<number> is what it was for operations before `until`. */
struct replaced { uint64_t until; unsigned number, order; };

struct output {
	sink_function *sink;
	void *ctx;
	EVP_MD_CTX *sum;
	int64_t size;
};

struct reader {
	int layer, tree, record;
	/* The record, inflated piece by piece. */
	ZSTD_DCtx *zstd;
	char *packed, *plain;
	ZSTD_inBuffer in;
	size_t at, len;                 /* what is left of `plain` */
	bool full;                      /* there may be more inside of zstd */
	GHashTable *replaced;           /* path -> GArray of struct replaced, in their order */
	char *replaced_text;            /* the paths */
	uint64_t n_content;
	char path[PATH_MAX];            /* of the CONTENT before */
	int file;                       /* open: that path, until something was replaced */
	struct output *out;
	bool dry;                       /* files are not read: only the size is wanted */
};

int sink_to_fd(void *ctx, const void *bytes, size_t len)
{
	return fd_write_all(*(int *)ctx, bytes, len);
}

static int output_put(void *ctx, const void *bytes, size_t len)
{
	struct output *o = ctx;

	EVP_DigestUpdate(o->sum, bytes, len);
	o->size += (int64_t)len;
	return o->sink(o->ctx, bytes, len);
}

static int damaged(struct err *e)
{
	return err_msg(e, EBADMSG, "the record of its tar is damaged");
}

static int put(struct reader *r, const void *bytes, size_t len, struct err *e)
{
	int w = r->dry ? 0 : output_put(r->out, bytes, len);

	if (r->dry)
		r->out->size += (int64_t)len;
	return w < 0 ? err_set(e, -w, "writing the tar") : 0;
}

/* Have at least one more byte of the record in `plain`. */
static int more(struct reader *r, struct err *e)
{
	while (r->at == r->len) {
		ZSTD_outBuffer out = { r->plain, PIECE, 0 };

		if (r->in.pos == r->in.size && !r->full) {
			ssize_t n = fd_read_full(r->record, r->packed, PIECE);

			if (n < 0)
				return err_set(e, (int)-n, "the record of its tar");
			if (n == 0)
				return damaged(e);
			r->in = (ZSTD_inBuffer){ r->packed, (size_t)n, 0 };
		}
		if (ZSTD_isError(ZSTD_decompressStream(r->zstd, &out, &r->in)))
			return damaged(e);
		r->at = 0;
		r->len = out.pos;
		r->full = out.pos == out.size;
	}
	return 0;
}

static int take(struct reader *r, void *to, size_t len, struct err *e)
{
	for (size_t done = 0, n; done < len; done += n, r->at += n) {
		if (more(r, e) < 0)
			return -e->code;
		n = MIN(len - done, r->len - r->at);
		memcpy((char *)to + done, r->plain + r->at, n);
	}
	return 0;
}

static int take_number(struct reader *r, uint64_t *ret, struct err *e)
{
	*ret = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = 0;

		if (take(r, &byte, 1, e) < 0)
			return -e->code;
		*ret |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return damaged(e);
}

static int copy_literal(struct reader *r, struct err *e)
{
	uint64_t left;
	int w = take_number(r, &left, e);

	while (w == 0 && left > 0) {
		size_t n;

		w = more(r, e);
		if (w < 0)
			break;
		n = (size_t)MIN(left, (uint64_t)(r->len - r->at));
		w = put(r, r->plain + r->at, n, e);
		r->at += n;
		left -= n;
	}
	return w;
}

/* The first time that `path` itself was replaced after operation `now`, or NULL. */
static const struct replaced *replaced_after(const struct reader *r, const char *path, uint64_t now)
{
	const GArray *list = g_hash_table_lookup(r->replaced, path);
	guint low = 0, high = list ? list->len : 0;

	/* They come with growing `until`. */
	while (low < high) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(list, struct replaced, middle).until > now)
			high = middle;
		else
			low = middle + 1;
	}
	return list && low < list->len ? &g_array_index(list, struct replaced, low) : NULL;
}

/* The first time that the reader's path, or something above it (*ret_len bytes of it), was replaced after `now`. */
static const struct replaced *find_replaced(struct reader *r, uint64_t now, size_t *ret_len)
{
	const struct replaced *first = NULL;

	if (g_hash_table_size(r->replaced) == 0)
		return NULL;
	for (char *end = r->path;; end++) {
		const struct replaced *x;
		char kept;

		end += strcspn(end, "/");
		kept = *end;
		*end = '\0';
		x = replaced_after(r, r->path, now);
		*end = kept;
		if (x && (!first || x->order < first->order)) {
			first = x;
			*ret_len = (size_t)(end - r->path);
		}
		if (!kept)
			return first;
	}
}

static int open_content(struct reader *r, struct err *e)
{
	size_t len = 0;
	const struct replaced *x = find_replaced(r, r->n_content, &len);
	g_autofree char *kept = NULL;

	fd_close(&r->file);
	if (x)
		kept = g_strdup_printf(TAR_REPLACED "/%u%s", x->number, r->path + len);
	r->file = path_open_beneath(x ? r->layer : r->tree, x ? kept : r->path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (r->file >= 0)
		return 0;
	(void)err_set(e, -r->file, "%s", r->path);
	r->file = -1;
	return -e->code;
}

static int copy_file(struct reader *r, uint64_t offset, uint64_t left, struct err *e)
{
	g_autofree char *buf = r->dry ? NULL : g_malloc(PIECE);

	if (r->dry) {
		r->out->size += (int64_t)left;
		return 0;
	}
	while (left > 0) {
		ssize_t n = pread(r->file, buf, (size_t)MIN(left, (uint64_t)PIECE), (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "%s", r->path);
		if (n == 0)
			return err_msg(e, EBADMSG, "%s is shorter than it was", r->path);
		if (put(r, buf, (size_t)n, e) < 0)
			return -e->code;
		offset += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return 0;
}

static int copy_content(struct reader *r, struct err *e)
{
	uint64_t offset, len, path_len;
	int w = take_number(r, &offset, e);

	if (w == 0)
		w = take_number(r, &len, e);
	if (w == 0)
		w = take_number(r, &path_len, e);
	if (w < 0)
		return w;
	if (path_len >= sizeof r->path || offset > INT64_MAX || len > INT64_MAX - offset)
		return damaged(e);
	if (path_len > 0) {
		w = take(r, r->path, (size_t)path_len, e);
		r->path[path_len] = '\0';
		if (w == 0 && !r->dry)
			w = open_content(r, e);
	} else if (r->file < 0 && !r->dry) {
		return damaged(e);
	}
	r->n_content++;
	return w < 0 ? w : copy_file(r, offset, len, e);
}

static int copy_all(struct reader *r, struct err *e)
{
	char magic[sizeof TAR_RECORD_MAGIC - 1];
	uint64_t size;
	int w = take(r, magic, sizeof magic, e);

	if (w == 0 && memcmp(magic, TAR_RECORD_MAGIC, sizeof magic) != 0)
		return damaged(e);
	while (w == 0) {
		uint8_t op = TAR_END;

		w = take(r, &op, 1, e);
		if (w < 0)
			return w;
		if (op == TAR_LITERAL)
			w = copy_literal(r, e);
		else if (op == TAR_CONTENT)
			w = copy_content(r, e);
		else
			break;
	}
	if (w == 0)
		w = take_number(r, &size, e);
	return w < 0 ? w : size == (uint64_t)r->out->size ? 0 : damaged(e);
}

static void free_list(void *list)
{
	g_array_unref(list);
}

static void add_replaced(struct reader *r, const char *path, const struct replaced *x)
{
	GArray *list = g_hash_table_lookup(r->replaced, path);

	if (!list) {
		list = g_array_new(FALSE, FALSE, sizeof *x);
		g_hash_table_insert(r->replaced, (gpointer)path, list);
	}
	g_array_append_val(list, *x);
}

static int read_replaced(struct reader *r, struct err *e)
{
	unsigned order = 0;
	size_t len = 0;
	int w = file_read(r->layer, TAR_REPLACED "/index", INDEX_MAX, &r->replaced_text, &len, e);

	r->replaced = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
	if (w == -ENOENT) {
		err_clear(e);
		return 0;
	}
	for (char *p = r->replaced_text; w == 0 && p < r->replaced_text + len; p += strlen(p) + 1) {
		struct replaced x = { .until = strtoull(p, &p, 10), .order = order++ };

		x.number = (unsigned)strtoul(p, &p, 10);
		if (*p != ' ')
			return damaged(e);
		add_replaced(r, ++p, &x);
	}
	return w;
}

/* tree < 0: only the size. */
static int read_record(int layer, int tree, int record, struct output *o, struct err *e)
{
	struct reader *r = g_new0(struct reader, 1);
	int w;

	r->layer = layer;
	r->tree = tree;
	r->record = record;
	r->out = o;
	r->dry = tree < 0;
	r->file = -1;
	r->packed = g_malloc(PIECE);
	r->plain = g_malloc(PIECE);
	r->zstd = ZSTD_createDCtx();
	w = r->zstd ? read_replaced(r, e) : err_set(e, ENOMEM, "zstd");
	if (w == 0)
		w = copy_all(r, e);
	(void)ZSTD_freeDCtx(r->zstd);
	if (r->replaced)
		g_hash_table_unref(r->replaced);
	fd_close(&r->file);
	g_free(r->replaced_text);
	g_free(r->packed);
	g_free(r->plain);
	g_free(r);
	return w;
}

static void write_digest(struct output *o, struct layer_tar *ret)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	GString *text = g_string_new(NULL);

	EVP_DigestFinal_ex(o->sum, sum, &len);
	g_string_append(text, len == 64 ? "sha512:" : "sha256:");
	for (unsigned i = 0; i < len; i++)
		g_string_append_printf(text, "%02x", sum[i]);
	g_strlcpy(ret->digest, text->str, sizeof ret->digest);
	g_string_free(text, TRUE);
	ret->size = o->size;
}

static int stream(int layer, const char *diff_id, struct output *o, struct layer_tar *ret, struct err *e)
{
	struct tree_tar_options made = TREE_TAR_OPTIONS;
	autofd tree = openat(layer, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autofd record = openat(layer, TAR_RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (tree < 0)
		return err_set(e, errno, "tree");
	if (record < 0 && errno != ENOENT)
		return err_set(e, errno, "the record of its tar");
	ret->exact = record >= 0;
	made.layer = true;
	made.owners_dir = layer;
	r = ret->exact ? read_record(layer, tree, record, o, e) : tree_tar_write(tree, &made, output_put, o, e);
	if (r < 0)
		return r;
	write_digest(o, ret);
	if (ret->exact && strcmp(ret->digest, diff_id) != 0) {
		err_msg(e, EBADMSG, "its files are not what they were: their tar is %s", ret->digest);
		return err_hint(e, "remove the image and pull it again");
	}
	return 0;
}

int layer_tar_stream_dir(int layer_fd, const char *diff_id, sink_function *sink, void *ctx, struct layer_tar *ret,
			 struct err *e)
{
	const EVP_MD *md = g_str_has_prefix(diff_id, "sha512:") ? EVP_sha512() : EVP_sha256();
	struct output o = { .sink = sink, .ctx = ctx, .sum = EVP_MD_CTX_new() };
	int r = o.sum && EVP_DigestInit_ex(o.sum, md, NULL) == 1 ? 0 : err_set(e, ENOMEM, "digest");

	*ret = (struct layer_tar){ 0 };
	if (r == 0)
		r = stream(layer_fd, diff_id, &o, ret, e);
	EVP_MD_CTX_free(o.sum);
	return r < 0 ? err_wrap(e, "layer %s", diff_id) : 0;
}

static int open_layer(struct store *s, const char *diff_id, struct err *e)
{
	const char *name = layer_name(diff_id);
	int fd;

	if (!name)
		return err_msg(e, EINVAL, "\"%.100s\" is not a layer's digest", diff_id);
	fd = openat(s->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "layer %s", diff_id) : fd;
}

int layer_tar_is_exact(struct store *s, const char *diff_id, struct err *e)
{
	autofd layer = open_layer(s, diff_id, e);

	return layer < 0 ? layer : path_exists_at(layer, TAR_RECORD_FILE);
}

static int count_only(void *ctx, const void *bytes, size_t len)
{
	(void)bytes;
	*(int64_t *)ctx += (int64_t)len;
	return 0;
}

int layer_tar_size(struct store *s, const char *diff_id, int64_t *ret, struct err *e)
{
	autofd layer = open_layer(s, diff_id, e), record = -1;
	struct output o = { 0 };
	struct layer_tar ignored;
	int r;

	*ret = 0;
	if (layer < 0)
		return layer;
	record = openat(layer, TAR_RECORD_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (record < 0)
		return layer_tar_stream_dir(layer, diff_id, count_only, ret, &ignored, e);
	r = read_record(layer, -1, record, &o, e);
	*ret = o.size;
	return r < 0 ? err_wrap(e, "layer %s", diff_id) : 0;
}

int layer_tar_stream(struct store *s, const char *diff_id, sink_function *sink, void *ctx, struct layer_tar *ret,
		     struct err *e)
{
	autofd layer = open_layer(s, diff_id, e);

	return layer < 0 ? layer : layer_tar_stream_dir(layer, diff_id, sink, ctx, ret, e);
}
