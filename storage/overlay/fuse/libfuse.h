/* libfuse.h - libfuse's functions, loaded by the process that uses them: no other start pays for the library. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_LIBFUSE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_LIBFUSE_H

#include <fuse3/fuse_lowlevel.h>

#include "core/base/err.h"

#define LIBFUSE_FUNCTIONS(X) \
	X(add_direntry) \
	X(add_direntry_plus) \
	X(lowlevel_notify_inval_inode) \
	X(reply_attr) \
	X(reply_buf) \
	X(reply_create) \
	X(reply_data) \
	X(reply_entry) \
	X(reply_err) \
	X(reply_lseek) \
	X(reply_none) \
	X(reply_readlink) \
	X(reply_statfs) \
	X(reply_write) \
	X(reply_xattr) \
	X(req_ctx) \
	X(req_userdata) \
	X(session_custom_io) \
	X(session_new) \
	X(session_process_buf) \
	X(session_receive_buf)

struct libfuse {
#define X(name) __typeof__(fuse_##name) *name;
	LIBFUSE_FUNCTIONS(X)
#undef X
};

/* Valid once libfuse_load() has returned 0. */
extern struct libfuse libfuse;

/* 0 or -errno: not installed, or too old. */
int libfuse_load(struct err *e);

#endif
