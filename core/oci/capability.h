/* capability.h - numbers and names of capabilities(7). */
#ifndef CORACLE_OCI_CAPABILITY_H
#define CORACLE_OCI_CAPABILITY_H

#include <stdint.h>

/* "CAP_NET_RAW", "net_raw", "NET_RAW" -> number, or -1. */
int capability_number(const char *name);
/* Number -> "CAP_NET_RAW", or NULL for one that we have no name for. */
const char *capability_name(int number);
/* Bits of all that have a name. */
uint64_t capability_all(void);

#endif
