/* tree_size.h - how large a directory tree is, as far as this user may look. */
#ifndef CORACLE_CMD_TREE_SIZE_H
#define CORACLE_CMD_TREE_SIZE_H

#include <stdint.h>

enum tree_measure {
	TREE_BYTES,             /* the bytes that its files hold, as ls shows them */
	TREE_BLOCKS,            /* what files and links take on the disk */
};

/* Without following links and without leaving the file system; 0 where nothing is there. */
int64_t tree_size(const char *path, enum tree_measure m);

#endif
