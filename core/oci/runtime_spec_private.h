/* runtime_spec_private.h - names that reading and writing config.json share. */
#ifndef CORACLE_OCI_RUNTIME_SPEC_PRIVATE_H
#define CORACLE_OCI_RUNTIME_SPEC_PRIVATE_H

#include "core/oci/runtime_spec.h"

/* This annotation stands for the built-in system call filter, which would be 1,500 lines in every config.json. */
#define RSPEC_DEFAULT_SECCOMP "io.coracle.seccomp.default"

/* The number of an unlimited resource, as a string in documents made by rspec_to_json. */
#define RSPEC_LARGEST "18446744073709551615"

extern const char *const rspec_ns_names[RSPEC_NS_COUNT];
extern const char *const rspec_cap_set_names[CAP_SET_COUNT];
extern const char *const rspec_hook_names[HOOK_KIND_COUNT];

#endif
