/* port.c - port. See podman-port(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "core/base/text.h"

struct port_options {
	bool all, latest;
};
#define AT(member) offsetof(struct port_options, member)

static const struct opt port_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "Ports of all running containers" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	OPT_END
};

/* "80", "80/tcp". */
static int parse_port(const char *text, int64_t *port, const char **protocol, struct err *e)
{
	const char *slash = strchr(text, '/');
	g_autofree char *number = g_strndup(text, slash ? (size_t)(slash - text) : strlen(text));

	*protocol = slash ? slash + 1 : "tcp";
	if (!text_int(number, 1, 65535, port))
		return err_msg(e, EINVAL, "\"%s\" is not a port: give a number, or a number and protocol as in 80/tcp", text);
	return 0;
}

static const char *protocol_of(const struct port_mapping *m)
{
	return m->protocol ? m->protocol : "tcp";
}

static const char *host_of(const struct port_mapping *m)
{
	return m->host_ip && *m->host_ip ? m->host_ip : "0.0.0.0";
}

static void print_all(const struct container_record *r, bool with_id)
{
	for (size_t n = 0; n < r->n_ports; n++) {
		const struct port_mapping *m = &r->ports[n];

		if (with_id)
			printf("%.12s\t", r->id);
		printf("%u/%s -> %s:%u\n", m->container_port, protocol_of(m), host_of(m), m->host_port);
	}
}

static int print_one(const struct container_record *r, const char *text, struct err *e)
{
	const char *protocol;
	int64_t port;

	if (parse_port(text, &port, &protocol, e) < 0)
		return -e->code;
	for (size_t n = 0; n < r->n_ports; n++) {
		const struct port_mapping *m = &r->ports[n];

		if (m->container_port == port && !strcmp(protocol_of(m), protocol)) {
			printf("%s:%u\n", host_of(m), m->host_port);
			return 0;
		}
	}
	return r->n_ports ? err_msg(e, ENOENT, "failed to find published port \"%s\"", text) : 0;
}

static int check_arguments(const struct port_options *o, int argc, struct err *e)
{
	if (o->all && argc > 0)
		return err_msg(e, EINVAL, "no arguments are needed with --all");
	if (o->all && o->latest)
		return err_msg(e, EINVAL, "--all and --latest cannot be used together");
	if (!o->all && !o->latest && argc == 0)
		return err_msg(e, EINVAL, "you must supply a running container name or id");
	if (o->latest && argc > 1)
		return err_msg(e, EINVAL, "`port` takes at most one argument with --latest");
	return 0;
}

static int run_port(struct context *c, void *values, int argc, char **argv)
{
	const struct port_options *o = values;
	struct container_choice choice = { .all = o->all, .latest = o->latest };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	const char *port;
	int worst = 0, r = check_arguments(o, argc, &e);

	if (r == 0)
		r = context_store(c, &e);
	if (r == 0)
		r = container_choose(c, &choice, o->all || o->latest ? 0 : 1, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	port = o->latest ? argv[0] : argc > 1 ? argv[1] : NULL;
	for (guint n = 0; r == 0 && n < set->len; n++) {
		const struct container_info *i = set->pdata[n];

		/* The ports of one that does not run are nobody's yet. */
		if (i->state.status == CONTAINER_CREATED || i->state.status == CONTAINER_EXITED)
			continue;
		if (port)
			r = print_one(i->record, port, &e);
		else
			print_all(i->record, o->all);
	}
	return r < 0 ? fail(&e) : worst;
}

const struct command command_port = {
	.name = "port", .alias = "container port", .summary = "Show published ports", .opts = port_opts,
	.usage = "[options] CONTAINER [PORT]", .values_size = sizeof(struct port_options), .run = run_port,
	.min_args = 0, .max_args = 2, .complete = COMPLETE_RUNNING, .flags = COMMAND_FIRST_EXISTS,
};
