/* main.c - the program `coracle`; called coracle-overlay or coracle-oci, it is that command of it. */
#include <glib.h>
#include <string.h>

#include "cmd/globals.h"

int main(int argc, char **argv)
{
	static const char *const names[] = { "coracle-overlay", "coracle-oci" };
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL, *name = slash ? slash + 1 : argv[0];

	for (size_t i = 0; name && i < G_N_ELEMENTS(names); i++) {
		char **longer;

		if (strcmp(name, names[i]) != 0)
			continue;
		longer = g_new0(char *, (size_t)argc + 2);
		longer[0] = argv[0];
		longer[1] = g_strdup(name + strlen("coracle-"));
		memcpy(longer + 2, argv + 1, ((size_t)argc - 1) * sizeof *argv);
		return program_main(argc + 1, longer, commands, false);
	}
	return program_main(argc, argv, commands, false);
}
