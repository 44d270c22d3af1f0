/* copy_blob.c - see copy_blob.h. */
#include "cmd/image/copy_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "storage/compress.h"
#include "storage/inflate.h"

#define PIECE (128 * 1024)
#define RESTARTS_MAX 2

/* --- the feeder ----------------------------------------------------------------------------------------------------- */

int feeder_start(struct origin *from, const struct descriptor *d, int out_fd, struct feeder *ret, struct err *e)
{
	pid_t parent = getpid();
	struct err failed = ERR_INIT;
	int p[2];

	*ret = (struct feeder){ -1, -1 };
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	ret->fd = p[0];
	ret->pid = fork();
	if (ret->pid == 0) {
		int r;

		proc_die_with_parent(parent);
		proc_set_name("coracle-feed");
		r = from->ops->send(from, d, out_fd, &failed);
		/* When nobody reads any more, the reader says why. */
		if (r < 0 && r != -EPIPE)
			(void)fd_write_all(p[1], &failed, sizeof failed);
		_exit(r < 0);
	}
	(void)close(p[1]);
	return ret->pid < 0 ? err_set(e, errno, "fork") : 0;
}

int feeder_finish(struct feeder *f, struct err *e)
{
	struct err sent;
	ssize_t n = fd_read_full(f->fd, &sent, sizeof sent);
	int status = proc_wait(f->pid);

	f->pid = -1;
	fd_close(&f->fd);
	if (n == (ssize_t)sizeof sent) {
		*e = sent;
		e->msg[sizeof e->msg - 1] = '\0';
		return -e->code;
	}
	return status == 0 ? 0 : err_msg(e, EPIPE, "reading the blob ended early (status %d)", status);
}

void feeder_kill(struct feeder *f)
{
	proc_kill_and_reap(&f->pid);
	fd_close(&f->fd);
}

/* --- the bytes ------------------------------------------------------------------------------------------------------- */

struct stream {
	const struct blob *b;
	EVP_MD_CTX *came, *goes;        /* goes: sha256 of what is written */
	struct inflate *inflate;
	struct compress *compress;
	uint8_t *buf;                   /* of the inflater */
	int64_t came_size, goes_size;
};

static int to_target(void *ctx, const void *bytes, size_t len)
{
	struct stream *s = ctx;

	s->goes_size += (int64_t)len;
	if (s->goes && !EVP_DigestUpdate(s->goes, bytes, len))
		return -EIO;
	return s->b->to->ops->write(s->b->to, bytes, len);
}

static void hex_digest(EVP_MD_CTX *md, const char *algorithm, char ret[static DIGEST_MAX])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	char *at = g_stpcpy(ret, algorithm);
	unsigned n = 0;

	(void)EVP_DigestFinal_ex(md, raw, &n);
	for (unsigned i = 0; i < n; i++, at += 2)
		g_snprintf(at, 3, "%02x", raw[i]);
}

static int stream_open(struct stream *s, const struct blob *b, struct err *e)
{
	bool long_one = g_str_has_prefix(b->d->digest, "sha512:");

	*s = (struct stream){ .b = b, .came = EVP_MD_CTX_new() };
	if (!s->came || !EVP_DigestInit_ex(s->came, long_one ? EVP_sha512() : EVP_sha256(), NULL))
		return err_msg(e, EIO, "no digests");
	if (b->change == BLOB_KEEP && !b->from->remade)
		return 0;
	s->goes = EVP_MD_CTX_new();
	if (!s->goes || !EVP_DigestInit_ex(s->goes, EVP_sha256(), NULL))
		return err_msg(e, EIO, "no digests");
	if (b->change == BLOB_KEEP)
		return 0;
	s->inflate = inflate_new();
	s->buf = g_malloc(INFLATE_PIECE);
	return b->change == BLOB_COMPRESS ? compress_new(b->kind, b->level, to_target, s, &s->compress, e) : 0;
}

static void stream_close(struct stream *s)
{
	EVP_MD_CTX_free(s->came);
	EVP_MD_CTX_free(s->goes);
	if (s->inflate)
		inflate_free(s->inflate);
	if (s->compress)
		compress_free(s->compress);
	g_free(s->buf);
}

static int stream_piece(struct stream *s, const uint8_t *bytes, size_t len, struct err *e)
{
	int r;

	s->came_size += (int64_t)len;
	if (!EVP_DigestUpdate(s->came, bytes, len))
		return err_msg(e, EIO, "no digests");
	if (!s->b->from->remade && s->came_size > s->b->d->size)
		return err_msg(e, EBADMSG, "there are more than the %lld bytes its manifest promised", (long long)s->b->d->size);
	if (s->b->change != BLOB_KEEP)
		return inflate_to(s->inflate, bytes, len, s->buf, s->compress ? compress_write : to_target,
				  s->compress ? (void *)s->compress : (void *)s, e);
	r = len ? to_target(s, bytes, len) : 0;
	return r < 0 ? err_set(e, -r, "write") : 0;
}

/* All has come: is it what was promised? */
static int stream_check(struct stream *s, struct push_result *ret, struct err *e)
{
	const struct blob *b = s->b;
	char digest[DIGEST_MAX];
	int r = s->compress ? compress_finish(s->compress) : 0;

	if (r < 0)
		return err_set(e, -r, "write");
	if (s->inflate && !inflate_complete(s->inflate))
		return err_msg(e, EBADMSG, "the compressed data ends too early");
	hex_digest(s->came, g_str_has_prefix(b->d->digest, "sha512:") ? "sha512:" : "sha256:", digest);
	if (!b->from->remade && (s->came_size != b->d->size || strcmp(digest, b->d->digest) != 0))
		return err_msg(e, EBADMSG, "digest mismatch: %lld bytes with %s came", (long long)s->came_size, digest);
	ret->size = s->goes_size;
	if (s->goes)
		hex_digest(s->goes, "sha256:", ret->digest);
	else
		g_strlcpy(ret->digest, b->d->digest, sizeof ret->digest);
	if (b->change == BLOB_PLAIN && b->plain_digest && strcmp(ret->digest, b->plain_digest) != 0)
		return err_msg(e, EBADMSG, "its tar is %s, not %s as the config says", ret->digest, b->plain_digest);
	return 0;
}

static int pump(struct stream *s, int fd, struct err *e)
{
	g_autofree uint8_t *piece = g_malloc(PIECE);
	ssize_t n;
	int r;

	do {
		n = fd_read_full(fd, piece, PIECE);
		r = n < 0 ? err_set(e, (int)-n, "read") : stream_piece(s, piece, (size_t)n, e);
	} while (r == 0 && n > 0);
	return r;
}

static int stream(const struct blob *b, struct push_result *ret, struct err *e)
{
	struct feeder f = { -1, -1 };
	struct err fed = ERR_INIT;
	struct stream s;
	int p[2], r = stream_open(&s, b, e);

	if (r == 0 && pipe2(p, O_CLOEXEC) < 0)
		r = err_set(e, errno, "pipe");
	if (r == 0) {
		autofd in = p[0];

		r = feeder_start(b->from, b->d, p[1], &f, e);
		(void)close(p[1]);
		if (r == 0)
			r = pump(&s, in, e);
	}
	/* Where the bytes ended early, the feeder knows why. */
	if (r == 0 && (r = feeder_finish(&f, &fed)) < 0)
		*e = fed;
	feeder_kill(&f);
	if (r == 0)
		r = stream_check(&s, ret, e);
	stream_close(&s);
	return r;
}

/* --- one blob ---------------------------------------------------------------------------------------------------------- */

static enum media_kind kind_now(const struct blob *b)
{
	if (b->change == BLOB_COMPRESS)
		return b->kind;
	return b->change == BLOB_PLAIN || (b->from->plain && b->from->remade) ? MEDIA_LAYER_TAR :
										  media_kind_of(b->d->media_type);
}

static int send_once(const struct blob *b, struct push_result *ret, struct err *e)
{
	const struct target_ops *to = b->to->ops;
	bool known = b->change == BLOB_KEEP && !b->from->remade;
	const struct err *fault;
	int r = to->begin(b->to, known ? b->d->digest : NULL, known ? b->d->size : -1, e);

	if (r == 0) {
		r = stream(b, ret, e);
		fault = r < 0 ? to->fault(b->to) : NULL;
		if (fault) {
			*e = *fault;
			r = -e->code;
		}
	}
	if (r == 0)
		r = to->end(b->to, ret->digest, e);
	if (r < 0)
		to->abandon(b->to);
	return r;
}

int copy_blob(const struct blob *b, struct push_result *ret, struct err *e)
{
	int r = b->change == BLOB_KEEP && !b->from->plain ? b->to->ops->has(b->to, b->d, e) : 0;

	ret->kind = kind_now(b);
	ret->how = PUSH_THERE;
	if (r > 0) {
		g_strlcpy(ret->digest, b->d->digest, sizeof ret->digest);
		ret->size = b->d->size;
	}
	if (r != 0)
		return MIN(r, 0);
	ret->how = PUSH_SENT;
	r = send_once(b, ret, e);
	for (int i = 0; r == -ESTALE && i < RESTARTS_MAX; i++) {
		log_info("blob %s: %s: once more from the start", b->d->digest, e->msg);
		err_clear(e);
		r = send_once(b, ret, e);
	}
	return r;
}

int copy_blob_start(const struct blob *b, pid_t *ret_pid, int *ret_fd, struct err *e)
{
	pid_t parent = getpid(), pid;
	struct push_result out = { 0 };
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		proc_die_with_parent(parent);
		proc_set_name("coracle-copy");
		out.code = b->to->ops->renew(b->to, &out.e);
		if (out.code == 0)
			out.code = copy_blob(b, &out, &out.e);
		_exit(fd_write_all(p[1], &out, sizeof out) == 0 && out.code == 0 ? 0 : 1);
	}
	close(p[1]);
	if (pid < 0) {
		close(p[0]);
		return err_set(e, errno, "fork");
	}
	*ret_pid = pid;
	*ret_fd = p[0];
	return 0;
}
