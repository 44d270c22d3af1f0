/* pull_options.c - the table of `pull`. */
#include "cmd/pull_options.h"

#include <glib.h>
#include <stddef.h>

#define AT(member) offsetof(struct pull_options, member)

const struct opt pull_opts[] = {
	{ .name = "all-tags", .letter = 'a', .type = OPT_FLAG, .offset = AT(all_tags),
	  .help = "Pull all tags of the repository" },
	{ .name = "arch", .type = OPT_STRING, .offset = AT(arch), .arg = "arch",
	  .help = "Choose this processor architecture instead of the machine's" },
	{ .name = "authfile", .type = OPT_STRING, .offset = AT(authfile), .arg = "path",
	  .help = "Read credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "cert-dir", .type = OPT_STRING, .offset = AT(cert_dir), .arg = "directory",
	  .help = "Directory with authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "creds", .type = OPT_STRING, .offset = AT(creds), .arg = "user:password",
	  .help = "Credentials for the registry" },
	{ .name = "disable-content-trust", .type = OPT_IGNORED, .help = "Accepted for docker's sake" },
	{ .name = "os", .type = OPT_STRING, .offset = AT(os), .arg = "os",
	  .help = "Choose this operating system instead of the machine's" },
	{ .name = "platform", .type = OPT_STRING, .offset = AT(platform), .arg = "os/arch[/variant]",
	  .help = "Choose this platform's image" },
	{ .name = "policy", .type = OPT_STRING, .offset = AT(policy), .arg = "policy",
	  .help = "When to ask the registry", .choices = "always|missing|never|newer",
	  .complete = COMPLETE_CHOICES },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = AT(quiet), .help = "Show no progress" },
	{ .name = "retry", .type = OPT_INT, .offset = AT(retry), .arg = "times",
	  .help = "Try again so often after a failed transfer" },
	{ .name = "retry-delay", .type = OPT_DURATION, .offset = AT(retry_delay_ns), .arg = "duration",
	  .help = "Wait so long between attempts (default: 1s, doubling)", .set_offset = AT(retry_delay_set) },
	{ .name = "tls-verify", .type = OPT_FLAG, .offset = AT(tls_verify),
	  .help = "Require HTTPS with a valid certificate; false allows others and plain HTTP" },
	{ .name = "variant", .type = OPT_STRING, .offset = AT(variant), .arg = "variant",
	  .help = "Choose this variant of the architecture" },
	OPT_END
};

void pull_defaults(struct context *c, void *values)
{
	struct pull_options *o = values;

	(void)c;
	o->tls_verify = true;
	o->retry = 3;
	o->policy = g_strdup("always");
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_pull = {
	.name = "pull",
	.alias = "image pull",
	.summary = "Pull an image from a registry",
	.usage = "[options] IMAGE [IMAGE...]",
	.opts = pull_opts,
	.values_size = sizeof(struct pull_options),
	.defaults = pull_defaults,
	.run = execute,
	.min_args = 1,
	.max_args = -1,
	.complete = COMPLETE_IMAGE,
	.flags = COMMAND_IMAGE_PROGRAM,
};
