/* fuzz_mount.c - what run's options say in words: the first byte chooses the parser. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/launch_user.h"
#include "cmd/run_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every accepted mount promises to those who use it. */
static void check(int r, const struct run_mount *m, const struct err *e)
{
	if (r == 0 && (!m->destination || *m->destination != '/' || strstr(m->destination, "/../")))
		abort();
	if (r < 0 && !e->code)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = size ? g_strndup((const char *)data + 1, size - 1) : NULL;
	autorspec *s = rspec_new();
	struct arena *a = &s->arena;
	struct err e = ERR_INIT;
	struct run_device d;
	struct found_user u;
	struct run_mount m;

	if (!text)
		return 0;
	switch (*data % 7) {
	case 0: check(run_volume_parse(a, text, &m, &e), &m, &e); break;
	case 1: check(run_mount_parse(a, text, &m, &e), &m, &e); break;
	case 2: check(run_tmpfs_parse(a, text, &m, &e), &m, &e); break;
	case 3: (void)run_ulimit_parse(s, text, &e); break;
	case 4: (void)run_device_parse(a, text, &d, &e); break;
	case 5: (void)run_entrypoint(a, text); (void)run_signal_number(text); break;
	case 6: (void)user_find(a, text, text, "www:audio", &u, &e); (void)user_find(a, text, text, "7", &u, &e); break;
	}
	return 0;
}
