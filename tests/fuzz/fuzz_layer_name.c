/* fuzz_layer_name.c - names and whiteouts in a layer's tar: a clean name stays inside whatever it was. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "storage/unpack_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_component(const char *c)
{
	if (!*c || !strcmp(c, ".") || !strcmp(c, "..") || strlen(c) > 255)
		abort();
	/* A whiteout that names something names one thing beside itself. */
	if (whiteout_kind(c) == WHITEOUT_NAME && (!c[4] || !strcmp(c + 4, ".") || !strcmp(c + 4, "..")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *name = g_strndup((const char *)data, size);
	g_autofree char *clean = unpack_clean_name(name);
	g_autofree char *again = clean ? unpack_clean_name(clean) : NULL;
	g_auto(GStrv) parts = clean ? g_strsplit(clean, "/", -1) : NULL;

	(void)unpack_xattr_allowed(name);
	if (clean && strcmp(clean, again) != 0)
		abort();
	for (char **p = parts; p && *clean && *p; p++)
		check_component(*p);
	return 0;
}
