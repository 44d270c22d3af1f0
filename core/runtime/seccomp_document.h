/* seccomp_document.h - a seccomp profile as JSON: linux.seccomp of the OCI runtime specification, and the format of
 * containers/seccomp.json and docker's profiles (archMap, includes, excludes). Foreign bytes.
 */
#ifndef CORACLE_RUNTIME_SECCOMP_DOCUMENT_H
#define CORACLE_RUNTIME_SECCOMP_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/runtime/seccomp_policy.h"

/* Parse `text` into an empty policy (strings live in its arena; free it also after an error). Conditions are
 * answered with `capabilities`, this machine's architecture and the running kernel. 0 or -errno; `e` names the
 * place ("syscalls[3].args[0].op: ..."). */
int seccomp_document_parse(const char *text, size_t len, uint64_t capabilities, struct seccomp_policy *ret,
			   struct err *e);

/* A policy as a linux.seccomp object; g_free it. */
char *seccomp_document_print(const struct seccomp_policy *p);

#endif
