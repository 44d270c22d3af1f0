/* doctor.c - coracle doctor: tries what containers need, and says what mends what lacks. See doctor.h. */
#include "cmd/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/globals.h"
#include "cmd/image_commands.h"
#include "cmd/terminal.h"
#include "core/base/fd.h"
#include "core/base/proc.h"

#define LIBRARIES "libcurl4 libarchive13 libssl3 zlib1g libzstd1"

#define DOCTOR_INDENT 26        /* columns of status and name */

struct values { bool unused, json; };

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .offset = offsetof(struct values, json), .help = "Print the findings as JSON" },
	OPT_END
};

static const char *const status_names[DOCTOR_STATUS_COUNT] = { "ok", "lacking", "failed" };
static const char *const status_colours[DOCTOR_STATUS_COUNT] = { "\033[32m", "\033[33m", "\033[31m" };

static void say(char *to, size_t size, const char *format, va_list ap)
{
	(void)vsnprintf(to, size, format, ap);
	/* A message of several lines: the first. */
	to[strcspn(to, "\n")] = '\0';
}

void doctor_ok(struct finding *f, const char *format, ...)
{
	va_list ap;

	f->status = DOCTOR_OK;
	va_start(ap, format);
	say(f->found, sizeof f->found, format, ap);
	va_end(ap);
}

void doctor_lacking(struct finding *f, enum doctor_status status, const char *cost, const char *format, ...)
{
	va_list ap;

	f->status = status;
	g_strlcpy(f->cost, cost, sizeof f->cost);
	va_start(ap, format);
	say(f->found, sizeof f->found, format, ap);
	va_end(ap);
}

void doctor_mend(struct finding *f, enum doctor_who who, const char *format, ...)
{
	va_list ap;

	f->who = who;
	va_start(ap, format);
	say(f->command, sizeof f->command, format, ap);
	va_end(ap);
}

void doctor_mend_device(struct finding *f, int code, const char *device, const char *module)
{
	bool in_container = access("/run/.containerenv", F_OK) == 0 || access("/.dockerenv", F_OK) == 0;

	if (code == ENOENT && in_container)
		doctor_mend(f, DOCTOR_USER, "podman run --device %s ...   # how the outer container is started", device);
	else if (code == EACCES || code == EPERM)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "chmod 666 %s", device);
	else
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "modprobe %s", module);
}

/* Does coracle-image start, with the libraries that it needs? */
static void programs(struct context *c, struct finding *f)
{
	g_autofree char *image = own_program("coracle-image"), *init = own_program("coracle-init");
	char *const argv[] = { image, (char *)"--version", NULL };
	struct proc p;
	struct err e = ERR_INIT;

	(void)c;
	if (proc_start(argv, -1, &p, &e) < 0 || proc_finish(&p, image, &e) < 0) {
		doctor_lacking(f, DOCTOR_LACKING, "no pull, push, login, save, load, commit", "%s", e.msg);
		if (access(image, X_OK) == 0)
			doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install " LIBRARIES);
		else
			doctor_mend(f, DOCTOR_ADMINISTRATOR, "make install   # of coracle");
	} else if (access(init, X_OK) < 0) {
		doctor_lacking(f, DOCTOR_LACKING, "no --init", "%s: %s", init, strerror(errno));
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "make install   # of coracle");
	} else {
		doctor_ok(f, "coracle-image and coracle-init are there and start");
	}
}

/* All of it together. */
static void start(struct context *c, struct finding *f)
{
	static const char *const words[] = { "run", "--rm", "--quiet", "--network", "none", "host", "true", NULL };
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_auto(GStrv) argv = own_command(c, words);
	struct proc p;
	struct err e = ERR_INIT;

	if (self) {
		g_free(argv[0]);
		argv[0] = g_strdup(self);
	}
	if (self && proc_start(argv, -1, &p, &e) == 0 && proc_finish(&p, "a container of the image host", &e) == 0)
		doctor_ok(f, "a container of the image host ran");
	else
		doctor_lacking(f, DOCTOR_FAILED, "no container runs", "%s", e.msg);
}

static const struct check { const char *name; void (*try)(struct context *c, struct finding *f); } checks[] = {
	{ "user-namespaces", doctor_user_namespaces },
	{ "proc-mount", doctor_proc_mount },
	{ "subordinate-ids", doctor_subordinate_ids },
	{ "id-helpers", doctor_id_helpers },
	{ "store", doctor_store },
	{ "file-system", doctor_file_system },
	{ "space", doctor_space },
	{ "overlay", doctor_overlay },
	{ "fuse", doctor_fuse },
	{ "runtime-dir", doctor_runtime_dir },
	{ "tun", doctor_tun },
	{ "resolv-conf", doctor_resolv_conf },
	{ "ping", doctor_ping },
	{ "low-ports", doctor_low_ports },
	{ "cgroups", doctor_cgroups },
	{ "lingering", doctor_lingering },
	{ "seccomp", doctor_seccomp },
	{ "landlock", doctor_landlock },
	{ "open-files", doctor_open_files },
	{ "programs", programs },
	{ "start", start },
};

static void try_apart(struct context *c, const struct check *check, struct finding *f)
{
	int p[2], status;
	autofd from = -1;
	pid_t pid;

	memset(f, 0, sizeof *f);
	if (pipe2(p, O_CLOEXEC) < 0) {
		doctor_lacking(f, DOCTOR_LACKING, "", "not tried: a pipe: %s", strerror(errno));
		return;
	}
	from = p[0];
	pid = fork();
	if (pid == 0) {
		(void)close(p[0]);
		check->try(c, f);
		(void)fd_write_all(p[1], f, sizeof *f);
		_exit(0);
	}
	(void)close(p[1]);
	if (pid < 0) {
		doctor_lacking(f, DOCTOR_FAILED, "no container runs", "fork: %s", strerror(errno));
		return;
	}
	if (fd_read_full(from, f, sizeof *f) != (ssize_t)sizeof *f)
		memset(f, 0, sizeof *f);
	status = proc_wait(pid);
	if (!*f->found)
		doctor_lacking(f, DOCTOR_LACKING, "not known", "the trial ended unexpectedly with status %d", status);
}

static json_t *finding_json(const char *name, const struct finding *f)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "name", name, "status", status_names[f->status], "found", f->found, "cost",
			      f->cost);

	if (*f->command)
		json_object_set_new(o, "remedy", json_pack("{s:s,s:s}", "command", f->command, "who",
							   f->who == DOCTOR_USER ? "user" : "administrator"));
	else
		json_object_set_new(o, "remedy", json_null());
	return o;
}

static void print_finding(const char *name, const struct finding *f, bool colour)
{
	int width = terminal_width();

	printf("%s%-7s%s  %-15s  ", colour ? status_colours[f->status] : "", status_names[f->status],
	       colour ? "\033[0m" : "", name);
	terminal_wrap(f->found, DOCTOR_INDENT, width);
	if (*f->cost) {
		printf("%*scosts: ", DOCTOR_INDENT, "");
		terminal_wrap(f->cost, DOCTOR_INDENT + (int)strlen("costs: "), width);
	}
	/* Never broken: it is to be copied. */
	if (*f->command)
		printf("%*smend, as %s: %s\n", DOCTOR_INDENT, "", f->who == DOCTOR_USER ? "yourself" : "administrator", f->command);
}

static int run_doctor(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	unsigned count[DOCTOR_STATUS_COUNT] = { 0 };
	json_t *list = json_array();
	bool colour = terminal_colour();
	struct err ignored = ERR_INIT;

	(void)argc;
	(void)argv;
	/* Once for all trials; those that need it open it again, and say why where that fails. */
	(void)context_store(c, &ignored);
	for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
		struct finding f;

		(void)fflush(stdout);
		try_apart(c, &checks[i], &f);
		count[f.status]++;
		if (v->json)
			json_array_append_new(list, finding_json(checks[i].name, &f));
		else
			print_finding(checks[i].name, &f, colour);
	}
	if (v->json) {
		json_t *o = json_pack("{s:b,s:o}", "ok", count[DOCTOR_FAILED] == 0, "checks", list);

		json_dumpf(o, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(o);
	} else {
		json_decref(list);
		printf("\nContainers %s be run. %u of %zu are as they should be.\n", count[DOCTOR_FAILED] ? "cannot" : "can",
		       count[DOCTOR_OK], G_N_ELEMENTS(checks));
	}
	return count[DOCTOR_FAILED] ? 1 : 0;
}

const struct command command_doctor = {
	.name = "doctor", .summary = "Try what containers need, and say what mends what lacks", .usage = "[options]",
	.opts = opts, .values_size = sizeof(struct values), .run = run_doctor,
};
