/* below.h - what of a layer depends on the layers below it: the file layers/<diffid>/below.
 *
 * A layer is unpacked alone, and the same for every image that has it. What cannot be known then is noted here, and
 * image_patch.h deals with it when all layers of an image are there. Records, each ended by a NUL byte: one letter and
 * a path relative to tree/.
 *
 *   i PATH         a directory that the archive did not name: it has the attributes that it has below
 *   w PATH         a directory with whiteouts: where nothing below has it, the kernel would show them
 *   d PATH         a device, which is not in tree/: it hides what has its name below
 *   l PATH TARGET  (two records) a hard link to a file that this layer has not
 *   o PATH         an opaque directory: what was in it is gone, its attributes are not
 */
#ifndef CORACLE_STORAGE_BELOW_H
#define CORACLE_STORAGE_BELOW_H

#include <glib.h>

#include "core/base/err.h"

struct below {
	GHashTable *implied, *whiteouts, *devices, *opaque;     /* sets of paths */
	GHashTable *links;                                      /* path -> target */
};

struct below *below_new(void);
void below_free(struct below *b);

/* Write the file where there is anything to say. 0 or -errno. */
int below_write(const struct below *b, int layer_fd, struct err *e);

/* A missing file says nothing. 0 or -errno. */
int below_read(int layer_fd, struct below **ret, struct err *e);

#endif
