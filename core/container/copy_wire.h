/* copy_wire.h - the messages between the two sides of a copy: see copy.h. Both are the same program. */
#ifndef CORACLE_CONTAINER_COPY_WIRE_H
#define CORACLE_CONTAINER_COPY_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define COPY_NAME_MAX 256
#define COPY_TEXT_MAX (64 * 1024)       /* a link's target, a path, the value of an attribute */
#define COPY_DEPTH_MAX 1000             /* each level holds a descriptor on both sides */

enum copy_kind { COPY_START, COPY_XATTR, COPY_ENTER, COPY_LEAVE, COPY_FILE, COPY_SYMLINK, COPY_LINK, COPY_FIFO, COPY_END,
	COPY_ERROR, COPY_KIND_COUNT };

struct copy_message {
	uint32_t kind;
	uint32_t mode, uid, gid;        /* START: mode is 0 when only what is in the directory is meant */
	int64_t size, mtime_s;
	uint32_t mtime_ns, text_len;
	char name[COPY_NAME_MAX];       /* one component; XATTR: the attribute's name */
	char text[COPY_TEXT_MAX];       /* text_len bytes of it are sent */
};
#define COPY_HEAD offsetof(struct copy_message, text)

#endif
