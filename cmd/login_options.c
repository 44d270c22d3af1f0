/* login_options.c - the tables of `login` and `logout`. */
#include "cmd/login_options.h"

#include <stddef.h>

#define AT(member) offsetof(struct login_options, member)
#define OUT_AT(member) offsetof(struct logout_options, member)

const struct opt login_opts[] = {
	{ .name = "authfile", .type = OPT_STRING, .offset = AT(authfile), .arg = "path",
	  .help = "Keep the credentials in this file", .complete = COMPLETE_FILE },
	{ .name = "cert-dir", .type = OPT_STRING, .offset = AT(cert_dir), .arg = "directory",
	  .help = "Directory with authorities (*.crt) and client certificates (*.cert, *.key)",
	  .complete = COMPLETE_FILE },
	{ .name = "compat-auth-file", .type = OPT_STRING, .offset = AT(compat_auth_file), .arg = "path",
	  .help = "Keep the credentials in this file of docker's (config.json)", .complete = COMPLETE_FILE },
	{ .name = "get-login", .type = OPT_FLAG, .offset = AT(get_login),
	  .help = "Only print the user name that is logged in" },
	{ .name = "password", .letter = 'p', .type = OPT_STRING, .offset = AT(password), .arg = "password",
	  .help = "Password, for all to see in the process list: better --password-stdin" },
	{ .name = "password-stdin", .type = OPT_FLAG, .offset = AT(password_stdin),
	  .help = "Read the password from stdin" },
	{ .name = "tls-verify", .type = OPT_FLAG, .offset = AT(tls_verify),
	  .help = "Require HTTPS with a valid certificate; false allows others and plain HTTP" },
	{ .name = "username", .letter = 'u', .type = OPT_STRING, .offset = AT(username), .arg = "name",
	  .help = "User name" },
	{ .name = "verbose", .letter = 'v', .type = OPT_FLAG, .offset = AT(verbose),
	  .help = "Say where the credentials are kept" },
	OPT_END
};

const struct opt logout_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = OUT_AT(all),
	  .help = "Forget the credentials of all registries" },
	{ .name = "authfile", .type = OPT_STRING, .offset = OUT_AT(authfile), .arg = "path",
	  .help = "Remove them from this file", .complete = COMPLETE_FILE },
	{ .name = "compat-auth-file", .type = OPT_STRING, .offset = OUT_AT(compat_auth_file), .arg = "path",
	  .help = "Remove them from this file of docker's (config.json)", .complete = COMPLETE_FILE },
	OPT_END
};

void login_defaults(struct context *c, void *values)
{
	(void)c;
	((struct login_options *)values)->tls_verify = true;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_login = COMMAND_LOGIN(execute);
const struct command command_logout = COMMAND_LOGOUT(execute);
