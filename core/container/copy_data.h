/* copy_data.h - the bytes of one file into another, with its holes, by the shortest way that there is. */
#ifndef CORACLE_CONTAINER_COPY_DATA_H
#define CORACLE_CONTAINER_COPY_DATA_H

#include <stdint.h>

/* From now on SIGINT, SIGTERM and SIGHUP do not end this process but copy_data, between two pieces. */
void copy_data_interruptible(void);

/* `size` bytes of `in`, or what is left of it, into the new file `out`; a size of 0 is not believed, since files of /proc
 * say so. 0, -EINTR when a signal came, or -errno. */
int copy_data(int in, int out, int64_t size);

#endif
