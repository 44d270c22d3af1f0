/* main.c - the program `coracle`; called coracle-overlay, it is that command of it. */
#include <glib.h>
#include <string.h>

#include "cmd/globals.h"

int main(int argc, char **argv)
{
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

	if (argv[0] && !strcmp(slash ? slash + 1 : argv[0], "coracle-overlay")) {
		char **longer = g_new0(char *, (size_t)argc + 2);

		longer[0] = argv[0];
		longer[1] = g_strdup("overlay");
		memcpy(longer + 2, argv + 1, ((size_t)argc - 1) * sizeof *argv);
		return program_main(argc + 1, longer, commands);
	}
	return program_main(argc, argv, commands);
}
