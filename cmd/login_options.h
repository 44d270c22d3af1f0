/* login_options.h - options of `login` and `logout`, shared by coracle (help, completion) and coracle-image (which does
 * it). */
#ifndef CORACLE_CMD_LOGIN_OPTIONS_H
#define CORACLE_CMD_LOGIN_OPTIONS_H

#include "cmd/command.h"

struct login_options {
	bool get_login;                 /* first: never has a set_offset */
	bool password_stdin, verbose, tls_verify;
	char *username, *password;
	char *authfile, *compat_auth_file, *cert_dir;
};

struct logout_options {
	bool all;
	char *authfile, *compat_auth_file;
};

extern const struct opt login_opts[], logout_opts[];
void login_defaults(struct context *c, void *values);

/* Both programs' commands; `function` is what they do. */
#define COMMAND_LOGIN(function) { \
	.name = "login", .summary = "Log in to a registry", .usage = "[options] [REGISTRY]", \
	.opts = login_opts, .values_size = sizeof(struct login_options), .defaults = login_defaults, \
	.run = function, .max_args = 1, .flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_LOGOUT(function) { \
	.name = "logout", .summary = "Forget the credentials of a registry", .usage = "[options] [REGISTRY]", \
	.opts = logout_opts, .values_size = sizeof(struct logout_options), \
	.run = function, .max_args = 1, .flags = COMMAND_IMAGE_PROGRAM }

/* coracle's entries: execute coracle-image. */
extern const struct command command_login, command_logout;

#endif
