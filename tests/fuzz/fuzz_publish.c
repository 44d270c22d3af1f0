/* fuzz_publish.c - --network and -p: the first line is a network, the others are ports to publish. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "net/names.h"
#include "net/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, MIN(size, 4096));
	g_auto(GStrv) lines = g_strsplit(text, "\n", 8);
	const char *const *ports = lines[0] ? (const char *const *)lines + 1 : NULL;
	struct err e = ERR_INIT;
	struct net_plan p;

	if (net_plan_parse(&p, lines[0], ports, true, ports, &e) == 0) {
		g_autofree char *hosts = NULL, *resolv = net_resolv_from(&p, text);

		p.add_host = lines;
		(void)net_names_check(&p, &e);
		hosts = net_hosts_text(&p, lines[0], text);
		net_plan_free(&p);
	}
	return 0;
}
