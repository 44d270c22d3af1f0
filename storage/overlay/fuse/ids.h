/* ids.h - owners that are shown other than they are stored: fuse-overlayfs' uidmapping, gidmapping, squash_to_*.
 *
 * A container needs none of this: its server has the id map of the user namespace that it is in.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_IDS_H
#define CORACLE_STORAGE_OVERLAY_FUSE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define IDS_PIECES 340          /* as many as a user namespace takes */
#define IDS_KEPT UINT32_MAX     /* no squashing */

struct ids_piece { uint32_t stored, shown, length; };

struct ids_map {
	uint32_t squashed;              /* everything belongs to this one, or IDS_KEPT */
	size_t n;                       /* 0: each as it is */
	struct ids_piece pieces[IDS_PIECES];
};

struct ids { struct ids_map users, groups; };

/* Read "STORED:SHOWN:LENGTH[:STORED:SHOWN:LENGTH...]". 0 or -EINVAL. */
int ids_parse(const char *text, struct ids_map *ret);

/* NULL for `ids` changes nothing. What the map has not is shown as 65534, the kernel's overflow id. */
void ids_show(const struct ids *ids, struct stat *st);

/* From what is shown to what is stored; (uid_t)-1 stays. 0 or -EINVAL: the map has it not. */
int ids_store(const struct ids *ids, uid_t *uid, gid_t *gid);

#endif
