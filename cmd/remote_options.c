/* remote_options.c - see remote_options.h. */
#include "cmd/remote_options.h"

#include <stddef.h>

#define ACCESS(member) offsetof(struct access_options, member)

const struct opt access_opts[] = {
	{ .name = "authfile", .type = OPT_STRING, .offset = ACCESS(authfile), .arg = "path",
	  .help = "Read credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "cert-dir", .type = OPT_STRING, .offset = ACCESS(cert_dir), .arg = "directory",
	  .help = "Directory with authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "creds", .type = OPT_STRING, .offset = ACCESS(creds), .arg = "user:password",
	  .help = "Credentials for the registry" },
	{ .name = "retry-times", .type = OPT_INT, .offset = ACCESS(retry), .arg = "times",
	  .help = "Try again so often after a failed transfer" },
	{ .name = "tls-verify", .type = OPT_FLAG, .offset = ACCESS(tls_verify),
	  .help = "Require HTTPS with a valid certificate; false allows others and plain HTTP" },
	OPT_END
};

#define INSPECT(member) offsetof(struct inspect_options, member)

const struct opt inspect_opts[] = {
	OPT_GROUP(access_opts),
	{ .name = "config", .type = OPT_FLAG, .offset = INSPECT(config), .help = "Show the config document instead" },
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = INSPECT(format), .arg = "template",
	  .help = "json or a Go template" },
	{ .name = "no-tags", .letter = 'n', .type = OPT_FLAG, .offset = INSPECT(no_tags),
	  .help = "Do not ask the registry for the repository's tags" },
	{ .name = "raw", .type = OPT_FLAG, .offset = INSPECT(raw),
	  .help = "Show the manifest, or with --config the config, byte for byte" },
	OPT_END
};

const struct opt digest_opts[] = {
	OPT_GROUP(access_opts),
	{ .name = "platform", .type = OPT_STRING, .offset = offsetof(struct digest_options, platform),
	  .arg = "os/arch[/variant]", .help = "Of an index, print the digest of what it has for this platform" },
	OPT_END
};

const struct opt delete_opts[] = { OPT_GROUP(access_opts), OPT_END };

void access_defaults(struct context *c, void *values)
{
	struct access_options *o = values;

	(void)c;
	o->tls_verify = true;
	o->retry = 3;
}

bool inspect_is_remote(const struct inspect_options *o)
{
	const struct access_options *a = &o->access;

	return o->config || o->raw || o->no_tags || a->authfile || a->cert_dir || a->creds;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_image_digest = COMMAND_IMAGE_DIGEST(execute);
const struct command command_image_delete = COMMAND_IMAGE_DELETE(execute);
