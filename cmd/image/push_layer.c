/* push_layer.c - see push_layer.h. */
#include "cmd/image/push_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "storage/compress.h"
#include "storage/layer.h"
#include "storage/layer_tar.h"

#define RESTARTS_MAX 2

/* --- what an earlier push made --------------------------------------------------------------------------------- */

static char *note_path(const struct push_layer *l)
{
	return g_strdup_printf("%s/packed-%s-%d", layer_name(l->diff_id), l->kind == MEDIA_LAYER_ZSTD ? "zstd" : "gzip",
			       l->level);
}

static bool read_note(const struct push_layer *l, struct push_result *out)
{
	g_autofree char *path = note_path(l), *text = NULL;
	struct err ignored = ERR_INIT;
	char *space;
	size_t len;

	if (file_read(l->s->layers_fd, path, 1024, &text, &len, &ignored) < 0)
		return false;
	space = strchr(text, ' ');
	if (!space)
		return false;
	*space = '\0';
	if (!digest_valid(text) || !text_int(g_strchomp(space + 1), 0, INT64_MAX, &out->size))
		return false;
	g_strlcpy(out->digest, text, sizeof out->digest);
	return true;
}

/* Only a convenience: without it the next push packs once more. */
static void write_note(const struct push_layer *l, const struct push_result *out)
{
	g_autofree char *path = note_path(l);
	g_autofree char *text = g_strdup_printf("%s %lld\n", out->digest, (long long)out->size);
	struct err e = ERR_INIT;

	if (file_replace(l->s->layers_fd, path, text, strlen(text), 0600, false, &e) < 0)
		log_debug("%s", e.msg);
}

/* --- packing and sending ----------------------------------------------------------------------------------------- */

struct packing {
	struct upload *u;
	EVP_MD_CTX *md;
	int64_t size;
};

static int on_packed(void *ctx, const void *bytes, size_t len)
{
	struct packing *p = ctx;

	p->size += (int64_t)len;
	if (!EVP_DigestUpdate(p->md, bytes, len))
		return -EIO;
	return upload_write(p->u, bytes, len);
}

static void finish_digest(struct packing *p, struct push_result *out)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char *at = g_stpcpy(out->digest, "sha256:");

	(void)EVP_DigestFinal_ex(p->md, raw, &n);
	for (unsigned i = 0; i < n; i++, at += 2)
		g_snprintf(at, 3, "%02x", raw[i]);
	out->size = p->size;
}

static int pack(const struct push_layer *l, struct packing *p, struct push_result *out, struct err *e)
{
	struct layer_tar tar = { 0 };
	struct compress *z = NULL;
	int r = compress_new(l->kind, l->level, on_packed, p, &z, e);

	if (r < 0)
		return r;
	r = layer_tar_stream(l->s, l->diff_id, compress_write, z, &tar, e);
	if (r == 0) {
		r = compress_finish(z);
		if (r < 0 && !upload_fault(p->u)->code)
			err_set(e, -r, "compressing");
	}
	/* What the sink failed with is the story. */
	if (r < 0 && upload_fault(p->u)->code) {
		*e = *upload_fault(p->u);
		r = -e->code;
	}
	compress_free(z);
	if (r == 0 && !tar.exact) {
		err_msg(e, EBADMSG, "layer %s was stored by an older version and cannot be given back as it was", l->diff_id);
		r = err_hint(e, "remove the image and pull it again");
	}
	if (r == 0)
		finish_digest(p, out);
	return r;
}

static int send_once(const struct push_layer *l, struct upload *opened, struct push_result *out, struct err *e)
{
	struct packing p = { .u = opened, .md = EVP_MD_CTX_new() };
	int r = 0;

	if (!p.md || !EVP_DigestInit_ex(p.md, EVP_sha256(), NULL))
		r = err_msg(e, EIO, "no SHA-256");
	if (r == 0 && !p.u)
		r = upload_begin(l->g, l->d->digest, NULL, &p.u, e);
	if (r == 0)
		r = pack(l, &p, out, e);
	if (r == 0)
		r = upload_finish(p.u, out->digest, e);
	upload_free(p.u);
	EVP_MD_CTX_free(p.md);
	return r;
}

/* 1 done, 0 it has to be sent (*ret_upload may be open for it), -errno. */
static int find(const struct push_layer *l, struct push_result *out, struct upload **ret_upload, struct err *e)
{
	bool as_it_is = !l->as_kind || media_kind_of(l->d->media_type) == l->kind;
	int r = as_it_is ? registry_has_blob(l->g, l->d->digest, e) : 0;

	out->how = PUSH_THERE;
	if (r == 0 && as_it_is && l->mount_from) {
		r = upload_begin(l->g, l->d->digest, l->mount_from, ret_upload, e);
		out->how = PUSH_MOUNTED;
		if (r == 0)
			r = *ret_upload == NULL;
	}
	if (r > 0) {
		g_strlcpy(out->digest, l->d->digest, sizeof out->digest);
		out->size = l->d->size;
		out->kind = media_kind_of(l->d->media_type);
	}
	if (r != 0)
		return r;
	out->how = PUSH_THERE;
	out->kind = l->kind;
	return read_note(l, out) ? registry_has_blob(l->g, out->digest, e) : 0;
}

static int push(const struct push_layer *l, struct push_result *out, struct err *e)
{
	struct upload *u = NULL;
	int r = find(l, out, &u, e);

	if (r != 0) {
		upload_free(u);
		return MIN(r, 0);
	}
	out->how = PUSH_SENT;
	r = send_once(l, u, out, e);
	for (int i = 0; r == -ESTALE && i < RESTARTS_MAX; i++) {
		log_info("layer %s: %s: once more from the start", l->diff_id, e->msg);
		err_clear(e);
		r = send_once(l, NULL, out, e);
	}
	if (r == 0)
		write_note(l, out);
	return r;
}

int push_layer_start(const struct push_layer *l, pid_t *ret_pid, int *ret_fd, struct err *e)
{
	pid_t parent = getpid(), pid;
	struct push_result out = { 0 };
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		proc_die_with_parent(parent);
		proc_set_name("coracle-push");
		out.code = push(l, &out, &out.e);
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

int push_layer_finish(pid_t *pid, int *fd, struct push_result *ret, struct err *e)
{
	ssize_t n = fd_read_full(*fd, ret, sizeof *ret);
	int status = proc_wait(*pid);

	*pid = -1;
	fd_close(fd);
	if (n != (ssize_t)sizeof *ret)
		return err_msg(e, EIO, "the pushing process died (status %d)", status);
	if (ret->code < 0) {
		*e = ret->e;
		e->msg[sizeof e->msg - 1] = '\0';
	}
	return ret->code;
}
