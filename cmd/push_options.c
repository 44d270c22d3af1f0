/* push_options.c - the table of `push`. */
#include "cmd/push_options.h"

#include <stddef.h>

#define AT(member) offsetof(struct push_options, member)

const struct opt push_opts[] = {
	{ .name = "all", .type = OPT_FLAG, .offset = AT(all), .help = "The image is a list: push that and all its images" },
	{ .name = "authfile", .type = OPT_STRING, .offset = AT(authfile), .arg = "path",
	  .help = "Read credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "cert-dir", .type = OPT_STRING, .offset = AT(cert_dir), .arg = "directory",
	  .help = "Directory with authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "compression-format", .type = OPT_STRING, .offset = AT(compression_format), .arg = "format",
	  .help = "Compress layers that have to be sent like this", .choices = "gzip|zstd", .complete = COMPLETE_CHOICES },
	{ .name = "compression-level", .type = OPT_INT, .offset = AT(compression_level), .arg = "level",
	  .help = "Level of compression: 1 to 9 for gzip, 1 to 19 for zstd", .set_offset = AT(level_set) },
	{ .name = "creds", .type = OPT_STRING, .offset = AT(creds), .arg = "user:password",
	  .help = "Credentials for the registry" },
	{ .name = "digestfile", .type = OPT_STRING, .offset = AT(digestfile), .arg = "path",
	  .help = "Write the digest of the pushed manifest to this file", .complete = COMPLETE_FILE },
	{ .name = "disable-content-trust", .type = OPT_IGNORED, .help = "Accepted for docker's sake" },
	{ .name = "force-compression", .type = OPT_FLAG, .offset = AT(force_compression),
	  .help = "Compress anew what the registry has or the image came with in another format" },
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = AT(format), .arg = "type",
	  .help = "Manifest type (default: as the image has it)", .choices = "oci|v2s2", .complete = COMPLETE_CHOICES },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = AT(quiet), .help = "Show no progress" },
	{ .name = "remove-signatures", .type = OPT_IGNORED, .help = "Signatures are not pushed in any case" },
	{ .name = "retry", .type = OPT_INT, .offset = AT(retry), .arg = "times",
	  .help = "Try again so often after a failed transfer" },
	{ .name = "retry-delay", .type = OPT_DURATION, .offset = AT(retry_delay_ns), .arg = "duration",
	  .help = "Wait so long between attempts (default: 1s, doubling)", .set_offset = AT(retry_delay_set) },
	{ .name = "tls-verify", .type = OPT_FLAG, .offset = AT(tls_verify),
	  .help = "Require HTTPS with a valid certificate; false allows others and plain HTTP" },
	OPT_END
};

void push_defaults(struct context *c, void *values)
{
	struct push_options *o = values;

	(void)c;
	o->tls_verify = true;
	o->retry = 3;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_push = COMMAND_PUSH(execute);
