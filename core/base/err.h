/* err.h - errors as values: what failed, on which thing, and what to do about it.
 *
 * The contract, everywhere in coracle:
 *   - a function that can fail returns 0 or a negative errno and takes a
 *     `struct err *e` as its last parameter (never NULL);
 *   - the site that fails fills it: `return err_set(e, errno, "mount %s", dst);`
 *   - a caller that knows a name the user knows puts it in front, once:
 *     `return err_wrap(e, "container %s", name);`
 *   - only cmd/ and the process roles ever print one.
 *
 * The object has a fixed size and no pointers: it is valid after fork, without
 * memory, and is sent as it is from the container's init to the keeper.
 */
#ifndef CORACLE_BASE_ERR_H
#define CORACLE_BASE_ERR_H

#include <stdarg.h>

/* Exit statuses that are ours, as podman's and the shells' (128+n: signal n). */
enum {
	EXIT_OURS = 125,        /* coracle itself failed */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

struct err {
	int code;               /* errno value, > 0; 0 while nothing failed */
	int exit_status;        /* what the command should exit with; 0: EXIT_OURS */
	char msg[1016];         /* one line for the user, always terminated */
};

#define ERR_INIT { 0, 0, "" }

/* Set `e` to "fmt: strerror(code)" and return -code. A code of 0 is EINVAL. */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3), cold));

/* The same without the strerror text: the message says it all. */
int err_msg(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), nonnull(1, 3), cold));

/* Put "fmt: " in front of the message; returns -e->code. */
int err_wrap(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2), cold));

/* Append "; fmt" as a remedy; returns -e->code. */
int err_hint(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), nonnull(1, 2), cold));

/* Say which status the command exits with because of this error; returns -e->code. */
int err_exit(struct err *e, int exit_status) __attribute__((nonnull(1), cold));

/* Forget the error, so that `e` can be used again. */
void err_clear(struct err *e);

/* Control characters would let a foreign name move the user's cursor: show them as '?', in place. Those of ASCII, and those
 * from U+0080 to U+009F, as UTF-8 and as single bytes. */
void err_one_line(char *s);

/* The status to exit with for `e`. */
int err_status(const struct err *e);

#endif
