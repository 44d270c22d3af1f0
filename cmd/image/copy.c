/* copy.c - `coracle-image image copy`: an image from one place to another, see skopeo-copy(1). */
#include "cmd/image/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "core/base/file.h"
#include "storage/compress.h"

static struct registry_options end_of(const struct transfer_options *o, const struct end_options *end)
{
	return (struct registry_options){ .creds = end->creds, .authfile = end->authfile ? end->authfile : o->authfile,
					  .cert_dir = end->cert_dir, .tls_verify = end->tls_verify,
					  .retry = (int)CLAMP(o->retry, 0, 1000), .retry_delay_ms = -1 };
}

void copy_how_of(const struct transfer_options *o, struct copy_how *ret)
{
	*ret = (struct copy_how){
		.src = end_of(o, &o->src), .dest = end_of(o, &o->dest), .lists = o->all ? COPY_ALL : COPY_SYSTEM,
		.want = platform_host(), .format = o->format, .preserve = o->preserve_digests,
		.kind = MEDIA_LAYER_GZIP, .level = COMPRESS_LEVEL_DEFAULT,
	};
}

static int set_compression(const struct copy_options *o, struct copy_how *how, struct err *e)
{
	bool zstd = g_strcmp0(o->compress_format, "zstd") == 0;
	int64_t most = zstd ? 19 : 9;

	if (o->dest_compress && o->dest_decompress)
		return err_msg(e, EINVAL, "--dest-compress and --dest-decompress exclude each other");
	if (o->level_set && (o->compress_level < 1 || o->compress_level > most))
		return err_msg(e, EINVAL, "--dest-compress-level %lld: it must be from 1 to %lld",
			       (long long)o->compress_level, (long long)most);
	if (zstd && g_strcmp0(o->t.format, "v2s2") == 0)
		return err_msg(e, EINVAL, "docker's format (v2s2) has no zstd layers: --format oci has");
	how->compress = o->dest_compress;
	how->decompress = o->dest_decompress;
	how->accept_plain = o->accept_plain;
	how->kind = zstd ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP;
	if (o->level_set)
		how->level = (int)o->compress_level;
	return 0;
}

static int set_lists(const struct copy_options *o, struct copy_how *how, struct err *e)
{
	if (o->t.all && o->multi_arch)
		return err_msg(e, EINVAL, "--all and --multi-arch exclude each other");
	if (o->multi_arch && strcmp(o->multi_arch, "system") != 0)
		how->lists = strcmp(o->multi_arch, "all") == 0 ? COPY_ALL : COPY_INDEX_ONLY;
	if (how->lists != COPY_SYSTEM && (o->os || o->arch || o->variant))
		return err_msg(e, EINVAL, "--override-os, -arch and -variant choose one image: not together with --all");
	if (o->os)
		how->want.os = o->os;
	if (o->arch && strcmp(o->arch, how->want.architecture) != 0)
		how->want.variant = (char *)"";
	if (o->arch)
		how->want.architecture = o->arch;
	if (o->variant)
		how->want.variant = o->variant;
	return 0;
}

static int copy_run(struct context *c, void *values, int argc, char **argv)
{
	const struct copy_options *o = values;
	char digest[DIGEST_MAX] = "";
	struct copy_how how;
	struct err e = ERR_INIT;
	int r;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	copy_how_of(&o->t, &how);
	r = set_compression(o, &how, &e);
	if (r == 0)
		r = set_lists(o, &how, &e);
	how.tags = o->tags;
	how.progress = progress_new(o->quiet);
	if (r == 0 && (r = copy_image(c, &how, argv[0], argv[1], digest, &e)) < 0)
		err_wrap(&e, "copying %s to %s", argv[0], argv[1]);
	if (r == 0 && o->digestfile)
		r = file_replace(AT_FDCWD, o->digestfile, digest, strlen(digest), 0644, false, &e);
	progress_free(how.progress);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_copy = COMMAND_IMAGE_COPY(copy_run);
