/* sink.h - where a stream of bytes goes, piece by piece. */
#ifndef CORACLE_STORAGE_SINK_H
#define CORACLE_STORAGE_SINK_H

#include <stddef.h>

/* Take `len` bytes. 0 or -errno, which ends the stream. */
typedef int sink_function(void *ctx, const void *bytes, size_t len);

/* The sink that is a descriptor; ctx is an int *. */
int sink_to_fd(void *ctx, const void *bytes, size_t len);

#endif
