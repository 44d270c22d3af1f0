/* search_options.c - the table of `search`. */
#include "cmd/search_options.h"

#include <stddef.h>

#define AT(member) offsetof(struct search_options, member)

const struct opt search_opts[] = {
	{ .name = "authfile", .type = OPT_STRING, .offset = AT(authfile), .arg = "path",
	  .help = "Read credentials from this file only", .complete = COMPLETE_FILE },
	{ .name = "cert-dir", .type = OPT_STRING, .offset = AT(cert_dir), .arg = "directory",
	  .help = "Directory with authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "creds", .type = OPT_STRING, .offset = AT(creds), .arg = "user:password",
	  .help = "Credentials for the registry" },
	{ .name = "compatible", .type = OPT_FLAG, .offset = AT(compatible),
	  .help = "Show stars, and which are official and automated" },
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = "~stars=|is-official=true|is-official=false|is-automated=true|is-automated=false",
	  .help = "Only those that match: stars (so many at least), is-official, is-automated" },
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "template", .choices = "~json",
	  .help = "json or a Go template" },
	{ .name = "limit", .type = OPT_INT, .offset = AT(limit), .arg = "n",
	  .help = "Show so many at most (default: 25 repositories, all tags)" },
	{ .name = "list-tags", .type = OPT_FLAG, .offset = AT(list_tags), .help = "List the tags of the repository TERM" },
	{ .name = "no-trunc", .type = OPT_FLAG, .offset = AT(no_trunc), .help = "Show whole descriptions" },
	{ .name = "tls-verify", .type = OPT_FLAG, .offset = AT(tls_verify),
	  .help = "Require HTTPS with a valid certificate; false allows others and plain HTTP" },
	OPT_END
};

void search_defaults(struct context *c, void *values)
{
	(void)c;
	((struct search_options *)values)->tls_verify = true;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_search = COMMAND_SEARCH(execute);
