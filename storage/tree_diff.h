/* tree_diff.h - what one layer's tree changes of the layers below it: names added, changed, deleted. */
#ifndef CORACLE_STORAGE_TREE_DIFF_H
#define CORACLE_STORAGE_TREE_DIFF_H

#include <stddef.h>

#include "core/base/err.h"

/* `kind`: 'A' added, 'C' changed, 'D' deleted. `path` begins with a slash. Another result than 0 ends the walk. */
typedef int tree_diff_function(void *ctx, char kind, const char *path);

/* Compare the tree in overlayfs form with what the `n` trees below it (top first) show together. In the order of names, a
 * directory before what is in it. The caller is root of the store map. 0 or -errno. */
int tree_diff(int tree_fd, const int *lowers, size_t n, tree_diff_function *each, void *ctx, struct err *e);

#endif
