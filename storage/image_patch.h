/* image_patch.h - what an image's layers say only together: layers/<image ID>/.
 *
 * A layer that does not name a directory which it puts something into means the directory below, with that one's owner
 * and mode; its hard links may lead to files of layers below; and so on (below.h). The layers themselves stay what they
 * are, since other images have them too, over other layers. Where it makes a difference, the image gets one more layer on
 * top that nobody sees as such: rootfs.h mounts it, image_collect removes it with its image.
 *
 *   tree/      directories with the attributes that they should have, links to files of the layers, whiteouts
 *   from       a symbolic link, its text a number: the layers before that one are gone (an opaque root); mostly absent
 */
#ifndef CORACLE_STORAGE_IMAGE_PATCH_H
#define CORACLE_STORAGE_IMAGE_PATCH_H

#include "core/oci/image_spec.h"
#include "storage/store.h"

/* May the image of config `digest`, all of whose layers are here, need one that is not there yet? 1, 0 or -errno. */
int image_patch_wanted(struct store *s, const struct image_config *c, const char *digest, struct err *e);

/* Make it if it is needed. The caller is root of the store map and holds the shared store lock. 0 or -errno: -EBADMSG
 * for a hard link to nothing. */
int image_patch_make(struct store *s, const struct image_config *c, const char *digest, struct err *e);

/* --- image_stack.c: the layers of an image as one sees them ------------------------------------------------- */

struct stack;   /* opaque: layer 0 is the lowest */

int stack_open(struct store *s, const struct image_config *c, struct stack **ret, struct err *e);
void stack_close(struct stack *x);

size_t stack_size(const struct stack *x);
int stack_tree(const struct stack *x, size_t layer);            /* borrowed */
const struct below *stack_below(const struct stack *x, size_t layer);

enum seen { SEEN_NOT, SEEN_GONE, SEEN_FILE, SEEN_DIR };
/* Why the layers below do not count for a path any more: something above it, or it, is opaque or no directory. */
enum { STOP_ABOVE = 1, STOP_SELF = 2 };
/* What layer `k` alone has at `path`: nothing, a whiteout or something that hides it, a file, a directory. Links are not
 * followed. */
enum seen stack_look(const struct stack *x, size_t k, const char *path, unsigned *ret_stop);

/* The highest layer below number `below` that shows `path`, or -1. */
int stack_find(const struct stack *x, const char *path, size_t below, enum seen *ret);

/* Does a layer above number `k` have a say about `path`? */
bool stack_hidden_above(const struct stack *x, const char *path, size_t k);

#endif
