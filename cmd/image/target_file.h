/* target_file.h - the file of an archive that is being written: it takes the place of an older one when it is whole. */
#ifndef CORACLE_CMD_IMAGE_TARGET_FILE_H
#define CORACLE_CMD_IMAGE_TARGET_FILE_H

#include "cmd/image/save_out.h"
#include "core/base/err.h"

struct target_file {
	int fd;
	char *path, *part;              /* part: what it is called until it is whole; NULL: a pipe or device */
};
#define TARGET_FILE_NONE { -1, NULL, NULL }

/* 0 or -errno. */
int target_file_open(const char *path, struct target_file *ret, struct err *e);
/* It is whole. 0 or -errno. */
int target_file_keep(struct target_file *f, struct err *e);
/* Without target_file_keep it is gone. */
void target_file_close(struct target_file *f);

/* A temporary file without a name, for a member whose size is not known beforehand. fd or -errno. */
int target_file_spool(struct err *e);
/* Make a member of what it holds, and close it. 0 or -errno. */
int target_file_unspool(int *spool, struct save_out *out, const char *name, struct err *e);

#endif
