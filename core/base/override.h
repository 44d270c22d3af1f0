/* override.h - owner, mode and kind that a file was given, where the file system could not store them.
 *
 * They are in an extended attribute of the file, in the form that containers/storage uses: "UID:GID:MODE:KIND", mode in octal,
 * kind one of dir, symlink, pipe, socket, file, char-MAJOR-MINOR, block-MAJOR-MINOR. Where a file cannot have user attributes
 * (links, pipes; file systems without them) the same text is a line of a file beside the tree, under the handle that the
 * file system has for the file: that stays through renames and is never given to another file.
 */
#ifndef CORACLE_BASE_OVERRIDE_H
#define CORACLE_BASE_OVERRIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OVERRIDE_XATTR "user.containers.override_stat"
#define OVERRIDE_TEXT_MAX 80
#define OVERRIDE_KEY_MAX 272    /* a handle in hexadecimal digits */

struct override {
	uint32_t uid, gid;
	mode_t mode;            /* with the type; without (S_IFMT is 0) the file's own holds */
	uint32_t major, minor;  /* of a device */
};

/* Read the text, `len` bytes without an end. */
bool override_parse(const char *text, size_t len, struct override *ret);
/* Write it into buf[OVERRIDE_TEXT_MAX]; its length. */
size_t override_format(const struct override *o, char *buf);

/* The attribute of `path`, whose last part may be a link of /proc that is followed. 1 found, 0 none (or one that makes no
 * sense), -EOPNOTSUPP where there are no such attributes, -errno. */
int override_get(const char *path, struct override *ret);
/* 0 or -errno. */
int override_set(const char *path, const struct override *o);

/* The handle of the file `fd`, as text in key[OVERRIDE_KEY_MAX]. 0 or -errno: the file system has none. */
int override_key(int fd, char *key);

#endif
