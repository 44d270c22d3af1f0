/* libfuse.c - see libfuse.h. */
#include "storage/overlay/fuse/libfuse.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define LIBRARY "libfuse3.so.3"

struct libfuse libfuse;

int libfuse_load(struct err *e)
{
	static const struct { const char *name; void **to; } functions[] = {
#define X(name) { "fuse_" #name, (void **)&libfuse.name },
		LIBFUSE_FUNCTIONS(X)
#undef X
	};
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return err_hint((err_msg(e, ENOENT, "%s", dlerror()), e), "on Debian: apt-get install libfuse3-3");
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		*functions[i].to = dlsym(lib, functions[i].name);
		if (!*functions[i].to)
			return err_msg(e, ENOSYS, LIBRARY " has no %s: it is too old", functions[i].name);
	}
	return 0;
}
