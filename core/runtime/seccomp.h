/* seccomp.h - the container's system call filter: chosen and compiled in the keeper, loaded in init.
 *
 * 1. seccomp_prepare() in the keeper, before the clone: finds or makes the BPF program. The built-in profile
 *    (SECCOMP_DEFAULT) was compiled when coracle was built and costs nothing; a document (SECCOMP_DOCUMENT) is
 *    compiled by libseccomp once and kept in a cache directory under the hash of its content.
 * 2. seccomp_install() in init, which inherited the program's memory: one system call, no memory, no files.
 *    With spec->process.no_new_privileges it is called last, after PR_SET_NO_NEW_PRIVS. Without, it is called
 *    while init still has CAP_SYS_ADMIN in its user namespace (so before capabilities are dropped): then setuid
 *    programs keep working inside. See seccomp(2).
 * A filter without restrictions (SECCOMP_NONE) is an empty program, and loading it does nothing.
 */
#ifndef CORACLE_RUNTIME_SECCOMP_H
#define CORACLE_RUNTIME_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

struct seccomp_program {
	const struct sock_filter *insns;        /* NULL: nothing to load */
	unsigned short n;                       /* instructions */
	unsigned flags;                         /* SECCOMP_FILTER_FLAG_* */
	void *owned;                            /* what seccomp_program_free frees, or NULL */
	const struct seccomp_notify *notify;    /* who is told of it, where it notifies (seccomp_notify.h), or NULL */
	const struct pretend *pretend;          /* what is loaded before it (pretend.h), or NULL */
};

#define SECCOMP_PROGRAM_INIT { NULL, 0, 0, NULL, NULL, NULL }
#define SECCOMP_DOCUMENT_MAX (1024 * 1024)      /* bytes of a profile that is read from a file */

/* The program for spec->seccomp. The document's conditions on capabilities are answered from the spec's
 * bounding set. `cache_dir`: absolute path of the directory for compiled filters (made when missing);
 * NULL: $XDG_CACHE_HOME/coracle/seccomp or ~/.cache/coracle/seccomp. A cache that cannot be used is no error.
 * 0 or -errno; `e` names the rule that is wrong. */
int seccomp_prepare(const struct rspec *spec, const char *cache_dir, struct seccomp_program *ret, struct err *e);

/* Load it into the calling thread, for good, and tell p->notify where it is one that notifies. Allocates nothing. 0 or
 * -errno. */
int seccomp_install(const struct seccomp_program *p, struct err *e);

void seccomp_program_free(struct seccomp_program *p);
#define autoseccomp __attribute__((cleanup(seccomp_program_free))) struct seccomp_program

/* Is `text` a profile that seccomp_prepare would take, and that needs no listener (for --security-opt seccomp=FILE, early and with the
 * name of what is wrong)? Compiles nothing. 0 or -errno. */
int seccomp_check_document(const char *text, size_t len, struct err *e);

/* The built-in profile for these capabilities (bit n: capability n) as a linux.seccomp object of the
 * runtime specification; g_free it. For config.json files that other runtimes read. */
char *seccomp_default_document(uint64_t capabilities);

#endif
