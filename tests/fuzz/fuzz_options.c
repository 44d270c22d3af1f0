/* fuzz_options.c - option parsing: the input is a command line, words separated by newlines. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/globals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct values { bool first, flag; char *text, **list, **csv; int64_t n, size, wait; };

#define AT(m) offsetof(struct values, m)
static const struct opt table[] = {
	{ "flag", 'f', OPT_FLAG, AT(flag), NULL, "Flag", NULL, COMPLETE_NONE, 0, NULL },
	{ "text", 't', OPT_STRING, AT(text), "x", "Text", "a|b", COMPLETE_NONE, 0, "txt" },
	{ "list", 'l', OPT_LIST, AT(list), "x", "List", NULL, COMPLETE_NONE, 0, NULL },
	{ "csv", 'c', OPT_CSV, AT(csv), "x", "Csv", NULL, COMPLETE_NONE, 0, NULL },
	{ "n", 'n', OPT_INT, AT(n), "x", "N", NULL, COMPLETE_NONE, 0, NULL },
	{ "size", 's', OPT_SIZE, AT(size), "x", "Size", NULL, COMPLETE_NONE, 0, NULL },
	{ "wait", 'w', OPT_DURATION, AT(wait), "x", "Wait", NULL, COMPLETE_NONE, 0, NULL },
	OPT_END
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) words = g_strsplit(text, "\n", 200);
	g_autofree char **argv = g_new0(char *, g_strv_length(words) + 2);
	struct values v = { 0 };
	struct err e = ERR_INIT;
	int argc = 1 + (int)g_strv_length(words);
	bool help = false;
	char name[] = "x";

	argv[0] = name;
	for (int i = 1; i < argc; i++)
		argv[i] = words[i - 1];
	(void)opt_parse(table, &v, &argc, argv, size % 2, &help, &e);
	g_free(v.text);
	g_strfreev(v.list);
	g_strfreev(v.csv);
	return 0;
}
