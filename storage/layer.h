/* layer.h - one unpacked layer: layers/<diffid hex>/, present = complete and durable.
 *
 *   tree/      the files, in native overlayfs form: whiteouts are 0:0 character devices, opaque directories
 *              carry user.overlay.opaque=y; owners as the store map could set them
 *   owners     what tree/ could not store: uid, gid, mode, device nodes; absent when all could be. The format
 *              is owners.h's
 *   owned      how many ids there were when reown.h set the owners later; absent when it never did
 *   info       JSON: "size" (bytes of its files), file count, compressed digest and size it came from, notes
 *   tar        what gives back the layer's tar bit for bit together with tree/ (headers, padding, order): tar_record.h;
 *              absent in layers of older versions
 *   below      what depends on the layers below: below.h; mostly absent
 *   replaced/  content whose name something else in the same tar took, for the same purpose; mostly absent
 */
#ifndef CORACLE_STORAGE_LAYER_H
#define CORACLE_STORAGE_LAYER_H

#include "storage/store.h"

/* The directory's name in layers/ (the hex digits, points into `diff_id`), or NULL when it is not a digest. */
const char *layer_name(const char *diff_id);

/* Is the layer here? 1, 0 or -errno. `diff_id` is "sha256:..." */
int layer_exists(struct store *s, const char *diff_id);

/* The lock of one layer being made, waited for; -errno or its descriptor. Two pulls of one layer: the second
 * waits and then finds it. */
int layer_lock(struct store *s, const char *diff_id, struct err *e);

/* Descriptor (O_PATH) of its tree/. fd or -errno. */
int layer_open_tree(struct store *s, const char *diff_id, struct err *e);

/* Bytes of its files as `info` says. */
int64_t layer_size(struct store *s, const char *diff_id);

/* Move a staged directory (with tree/ and the rest complete, synced) into place. 0, also when it came
 * meanwhile from somebody else, or -errno. */
int layer_publish(struct store *s, const char *staged_name, const char *diff_id, struct err *e);

#endif
