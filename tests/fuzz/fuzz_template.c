/* fuzz_template.c - Go templates: parse, and run over a small document. */
#include <glib.h>
#include <stdint.h>

#include "cmd/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static json_t *doc;
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GString) out = g_string_new(NULL);
	struct template *t;
	struct err e = ERR_INIT;

	if (!doc)
		doc = json_pack("{s:s, s:i, s:{s:i}, s:[s,s]}", "Name", "web", "Size", 42, "State", "Pid", 7, "Names",
				"a", "b");
	if (template_compile(text, &t, &e) == 0) {
		(void)template_exec(t, doc, out, &e);
		template_free(t);
	}
	return 0;
}
