/* tree_size.c - see tree_size.h. */
#include "cmd/tree_size.h"

#include <ftw.h>
#include <sys/stat.h>

#define OPEN_MAX_DIRS 32

/* nftw() hands nothing through. */
static int64_t sum;
static enum tree_measure measure;

static int add(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)path;
	(void)f;
	if (measure == TREE_BYTES && type == FTW_F)
		sum += st->st_size;
	if (measure == TREE_BLOCKS && (type == FTW_F || type == FTW_SL))
		sum += st->st_blocks * 512;
	return 0;
}

int64_t tree_size(const char *path, enum tree_measure m)
{
	sum = 0;
	measure = m;
	(void)nftw(path, add, OPEN_MAX_DIRS, FTW_PHYS | FTW_MOUNT);
	return sum;
}
