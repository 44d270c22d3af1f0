/* libslirp.c - see libslirp.h. */
#include "net/libslirp.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib.h>
#include <stddef.h>

#define LIBRARY "libslirp.so.0"

struct libslirp libslirp;

int libslirp_load(struct err *e)
{
	static const struct { const char *name; void **to; } functions[] = {
		{ "slirp_new", (void **)&libslirp.new },
		{ "slirp_input", (void **)&libslirp.input },
		{ "slirp_pollfds_fill", (void **)&libslirp.pollfds_fill },
		{ "slirp_pollfds_poll", (void **)&libslirp.pollfds_poll },
		{ "slirp_handle_timer", (void **)&libslirp.handle_timer },
		{ "slirp_connection_info", (void **)&libslirp.connection_info },
	};
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return err_hint((err_msg(e, ENOENT, "%s", dlerror()), e), "on Debian: apt-get install libslirp0");
	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		*functions[i].to = dlsym(lib, functions[i].name);
		if (!*functions[i].to)
			return err_msg(e, ENOSYS, LIBRARY " has no %s: it is too old", functions[i].name);
	}
	return 0;
}
