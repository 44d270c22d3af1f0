/* copy_options.c - see copy_options.h. */
#include "cmd/copy_options.h"

#include <stddef.h>

#define TRANSFER(member) offsetof(struct transfer_options, member)

static const struct opt transfer_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = TRANSFER(all),
	  .help = "Copy all images where the source is a list, and the list" },
	{ .name = "authfile", .type = OPT_STRING, .offset = TRANSFER(authfile), .arg = "path",
	  .help = "Read credentials of both ends from this file only", .complete = COMPLETE_FILE },
	{ .name = "dest-authfile", .type = OPT_STRING, .offset = TRANSFER(dest.authfile), .arg = "path",
	  .help = "Read the destination's credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "dest-cert-dir", .type = OPT_STRING, .offset = TRANSFER(dest.cert_dir), .arg = "directory",
	  .help = "The destination's authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "dest-creds", .type = OPT_STRING, .offset = TRANSFER(dest.creds), .arg = "user:password",
	  .help = "Credentials for the destination's registry" },
	{ .name = "dest-tls-verify", .type = OPT_FLAG, .offset = TRANSFER(dest.tls_verify),
	  .help = "Require HTTPS with a valid certificate of the destination; false allows others and plain HTTP" },
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = TRANSFER(format), .arg = "type",
	  .help = "Manifest type (default: the source's)", .choices = "oci|v2s2", .complete = COMPLETE_CHOICES },
	{ .name = "preserve-digests", .type = OPT_FLAG, .offset = TRANSFER(preserve_digests),
	  .help = "Fail where digests cannot stay" },
	{ .name = "remove-signatures", .type = OPT_IGNORED, .help = "Signatures are not copied in any case" },
	{ .name = "retry-times", .type = OPT_INT, .offset = TRANSFER(retry), .arg = "times",
	  .help = "Try again so often after a failed transfer" },
	{ .name = "src-authfile", .type = OPT_STRING, .offset = TRANSFER(src.authfile), .arg = "path",
	  .help = "Read the source's credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "src-cert-dir", .type = OPT_STRING, .offset = TRANSFER(src.cert_dir), .arg = "directory",
	  .help = "The source's authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "src-creds", .type = OPT_STRING, .offset = TRANSFER(src.creds), .arg = "user:password",
	  .help = "Credentials for the source's registry" },
	{ .name = "src-tls-verify", .type = OPT_FLAG, .offset = TRANSFER(src.tls_verify),
	  .help = "Require HTTPS with a valid certificate of the source; false allows others and plain HTTP" },
	OPT_END
};

#define COPY(member) offsetof(struct copy_options, member)

const struct opt copy_opts[] = {
	OPT_GROUP(transfer_opts),
	{ .name = "additional-tag", .type = OPT_LIST, .offset = COPY(tags), .arg = "name",
	  .help = "One more name in a docker-archive" },
	{ .name = "dest-compress", .type = OPT_FLAG, .offset = COPY(dest_compress),
	  .help = "Compress layers that are not, when writing dir:" },
	{ .name = "dest-compress-format", .type = OPT_STRING, .offset = COPY(compress_format), .arg = "format",
	  .help = "Compress layers that have to be compressed like this", .choices = "gzip|zstd",
	  .complete = COMPLETE_CHOICES },
	{ .name = "dest-compress-level", .type = OPT_INT, .offset = COPY(compress_level), .arg = "level",
	  .help = "Level of compression: 1 to 9 for gzip, 1 to 19 for zstd", .set_offset = COPY(level_set) },
	{ .name = "dest-decompress", .type = OPT_FLAG, .offset = COPY(dest_decompress),
	  .help = "Decompress layers when writing dir:" },
	{ .name = "dest-oci-accept-uncompressed-layers", .type = OPT_FLAG, .offset = COPY(accept_plain),
	  .help = "Leave layers that are not compressed as they are" },
	{ .name = "digestfile", .type = OPT_STRING, .offset = COPY(digestfile), .arg = "path",
	  .help = "Write the digest of the copy to this file", .complete = COMPLETE_FILE },
	{ .name = "multi-arch", .type = OPT_STRING, .offset = COPY(multi_arch), .arg = "what",
	  .help = "Of a list, copy one image, all, or the list alone", .choices = "system|all|index-only",
	  .complete = COMPLETE_CHOICES },
	{ .name = "override-arch", .type = OPT_STRING, .offset = COPY(arch), .arg = "arch",
	  .help = "Choose this architecture of a list instead of the machine's" },
	{ .name = "override-os", .type = OPT_STRING, .offset = COPY(os), .arg = "os",
	  .help = "Choose this operating system of a list instead of the machine's" },
	{ .name = "override-variant", .type = OPT_STRING, .offset = COPY(variant), .arg = "variant",
	  .help = "Choose this variant of the architecture" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = COPY(quiet), .help = "Show no progress" },
	OPT_END
};

#define SYNC(member) offsetof(struct sync_options, member)

const struct opt sync_opts[] = {
	OPT_GROUP(transfer_opts),
	{ .name = "dest", .letter = 'd', .type = OPT_STRING, .offset = SYNC(dest), .arg = "transport",
	  .help = "What the destination is", .choices = "docker|dir", .complete = COMPLETE_CHOICES },
	{ .name = "dry-run", .type = OPT_FLAG, .offset = SYNC(dry_run), .help = "Say what would be copied, and copy nothing" },
	{ .name = "keep-going", .type = OPT_FLAG, .offset = SYNC(keep_going),
	  .help = "Go on with the next image when one cannot be copied" },
	{ .name = "scoped", .type = OPT_FLAG, .offset = SYNC(scoped),
	  .help = "Put the source's whole name under the destination, not only its last part" },
	{ .name = "src", .letter = 's', .type = OPT_STRING, .offset = SYNC(src), .arg = "transport",
	  .help = "What the source is", .choices = "docker|dir", .complete = COMPLETE_CHOICES },
	OPT_END
};

void transfer_defaults(struct context *c, void *values)
{
	struct transfer_options *o = values;

	(void)c;
	o->src.tls_verify = o->dest.tls_verify = true;
	o->retry = 3;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_image_copy = COMMAND_IMAGE_COPY(execute);
const struct command command_image_sync = COMMAND_IMAGE_SYNC(execute);
