/* top_fields.c - see top_fields.h. */
#include "cmd/top_fields.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "cmd/launch_user.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/oci/capability.h"
#include "storage/unpack_ids.h"

#define SECOND INT64_C(1000000000)
#define TEXT_MAX (4 * 1024 * 1024)

static size_t read_map(pid_t pid, const char *file, struct id_range *map)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);

	return unpack_read_map(path, map);
}

/* The line "Key:\t..." of a status text, without the key, in the arena; "" when there is none. */
static char *status_line(struct top_view *v, const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *s = status; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (!strncmp(s, key, len) && s[len] == ':') {
			s += len + 1 + strspn(s + len + 1, " \t");
			return arena_strndup(&v->arena, s, strcspn(s, "\n"));
		}
	return arena_strdup(&v->arena, "");
}

/* The n-th word of a status line as a number, or -1. */
static int64_t status_number(struct top_view *v, const char *status, const char *key, unsigned n)
{
	char *save = NULL, *word = strtok_r(status_line(v, status, key), " \t", &save);

	while (word && n-- > 0)
		word = strtok_r(NULL, " \t", &save);
	return word ? strtoll(word, NULL, 10) : -1;
}

static char *read_status(struct top_view *v, pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid), *text = NULL;
	struct err e = ERR_INIT;

	return file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL, &e) < 0 ? arena_strdup(&v->arena, "") :
	       arena_strdup(&v->arena, text);
}

int top_view_init(struct top_view *v, pid_t init, GArray *processes, struct err *e)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/root", (int)init);
	autofd root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct timespec up;
	const char *pids;

	*v = (struct top_view){ .init = init, .processes = processes, .ticks = sysconf(_SC_CLK_TCK) };
	if (root < 0)
		return err_set(e, errno, "open %s", path);
	v->passwd = account_file_read(root, "/etc/passwd");
	v->group = account_file_read(root, "/etc/group");
	v->n_uids = read_map(init, "uid_map", v->uids);
	v->n_gids = read_map(init, "gid_map", v->gids);
	pids = status_line(v, read_status(v, init), "NSpid");
	for (const char *s = pids; *s; s++)
		v->depth += *s == '\t';
	(void)clock_gettime(CLOCK_BOOTTIME, &up);
	v->now_ns = text_now_ns();
	v->boot_ns = v->now_ns - (up.tv_sec * SECOND + up.tv_nsec);
	return 0;
}

/* A host id as the container sees it: nobody where it is not mapped. */
static uint32_t inside(uint32_t id, const struct id_range *map, size_t n)
{
	int64_t v = idmap_inside(map, n, id);

	return v < 0 ? 65534 : (uint32_t)v;
}

static char *user_text(struct top_view *v, uint32_t outside)
{
	uint32_t uid = inside(outside, v->uids, v->n_uids);
	char *number = arena_printf(&v->arena, "%u", uid);
	struct found_user u;
	struct err e = ERR_INIT;

	return user_find(&v->arena, v->passwd, NULL, number, &u, &e) == 0 && u.name ? u.name : number;
}

static char *group_text(struct top_view *v, uint32_t outside)
{
	uint32_t gid = inside(outside, v->gids, v->n_gids);
	char *name = group_name(&v->arena, v->group, gid);

	return name ? name : arena_printf(&v->arena, "%u", gid);
}

#define FIELD(name) static char *f_##name(struct top_view *v, const struct process *p, const char *status)
#define UNUSED_STATUS (void)status

FIELD(args)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int)p->pid), *text = NULL, *clean = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;

	UNUSED_STATUS;
	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &len, &e) < 0 || len == 0)
		return arena_printf(&v->arena, "[%s]", p->comm);
	while (len > 0 && !text[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		if (!text[i])
			text[i] = ' ';
	clean = text_printable(text);
	return arena_strdup(&v->arena, clean);
}

FIELD(comm)
{
	g_autofree char *clean = text_printable(p->comm);

	UNUSED_STATUS;
	return arena_strdup(&v->arena, clean);
}

static char *caps_text(struct top_view *v, const char *status, const char *key)
{
	uint64_t bits = strtoull(status_line(v, status, key), NULL, 16);
	g_autoptr(GString) s = g_string_new(NULL);

	if (!bits)
		return arena_strdup(&v->arena, "none");
	if ((bits & capability_all()) == capability_all())
		return arena_strdup(&v->arena, "full");
	for (int n = 0; n < 64; n++)
		if (bits >> n & 1 && capability_name(n))
			g_string_append_printf(s, "%s%s", s->len ? "," : "", capability_name(n) + strlen("CAP_"));
	return arena_strdup(&v->arena, s->str);
}

FIELD(capamb) { (void)p; return caps_text(v, status, "CapAmb"); }
FIELD(capbnd) { (void)p; return caps_text(v, status, "CapBnd"); }
FIELD(capeff) { (void)p; return caps_text(v, status, "CapEff"); }
FIELD(capinh) { (void)p; return caps_text(v, status, "CapInh"); }
FIELD(capprm) { (void)p; return caps_text(v, status, "CapPrm"); }

/* As Go prints a duration: "1.5s", "2m3.04s", "1h0m1s". */
static char *duration(struct top_view *v, int64_t ns)
{
	g_autofree char *fraction = g_strdup_printf("%09d", (int)(ns % SECOND));
	int64_t s = ns / SECOND;
	char *hours = arena_printf(&v->arena, s >= 3600 ? "%dh" : "", (int)(s / 3600));
	char *minutes = arena_printf(&v->arena, s >= 60 ? "%dm" : "", (int)(s / 60 % 60));

	for (size_t n = strlen(fraction); n > 0 && fraction[n - 1] == '0'; n--)
		fraction[n - 1] = '\0';
	return arena_printf(&v->arena, "%s%s%d%s%ss", hours, minutes, (int)(s % 60), *fraction ? "." : "", fraction);
}

static int64_t ticks_ns(const struct top_view *v, uint64_t ticks)
{
	return (int64_t)(ticks * (uint64_t)(SECOND / v->ticks));
}

static int64_t elapsed(const struct top_view *v, const struct process *p)
{
	int64_t ns = v->now_ns - v->boot_ns - ticks_ns(v, p->start);

	return ns > 0 ? ns : 0;
}

FIELD(etime) { UNUSED_STATUS; return duration(v, elapsed(v, p)); }
FIELD(time) { UNUSED_STATUS; return duration(v, ticks_ns(v, p->utime + p->stime)); }

FIELD(pcpu)
{
	double busy = (double)ticks_ns(v, p->utime + p->stime), all = (double)elapsed(v, p);

	UNUSED_STATUS;
	return arena_printf(&v->arena, "%.3f", all > 0 ? 100 * busy / all : 0);
}

FIELD(stime)
{
	time_t t = (time_t)((v->boot_ns + ticks_ns(v, p->start)) / SECOND);
	char text[64] = "?";
	struct tm tm;

	UNUSED_STATUS;
	if (localtime_r(&t, &tm))
		(void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z %Z", &tm);
	return arena_strdup(&v->arena, text);
}

FIELD(user) { (void)p; return user_text(v, (uint32_t)status_number(v, status, "Uid", 1)); }
FIELD(ruser) { (void)p; return user_text(v, (uint32_t)status_number(v, status, "Uid", 0)); }
FIELD(group) { (void)p; return group_text(v, (uint32_t)status_number(v, status, "Gid", 1)); }
FIELD(rgroup) { (void)p; return group_text(v, (uint32_t)status_number(v, status, "Gid", 0)); }
FIELD(hgroup) { (void)p; return arena_printf(&v->arena, "%lld", (long long)status_number(v, status, "Gid", 1)); }

FIELD(huser)
{
	int64_t uid = status_number(v, status, "Uid", 1);
	const struct passwd *pw = getpwuid((uid_t)uid);

	(void)p;
	return pw ? arena_strdup(&v->arena, pw->pw_name) : arena_printf(&v->arena, "%lld", (long long)uid);
}

static char *group_list(struct top_view *v, const char *status, bool names)
{
	g_autoptr(GString) s = g_string_new(NULL);
	char *save = NULL, *word = strtok_r(status_line(v, status, "Groups"), " \t", &save);

	for (; word; word = strtok_r(NULL, " \t", &save))
		g_string_append_printf(s, "%s%s", s->len ? "," : "",
				       names ? group_text(v, (uint32_t)strtoul(word, NULL, 10)) : word);
	return arena_strdup(&v->arena, s->str);
}

FIELD(groups) { (void)p; return group_list(v, status, true); }
FIELD(hgroups) { (void)p; return group_list(v, status, false); }
FIELD(hpid) { UNUSED_STATUS; return arena_printf(&v->arena, "%d", (int)p->pid); }
FIELD(nice) { UNUSED_STATUS; return arena_printf(&v->arena, "%d", p->nice); }
FIELD(rss) { UNUSED_STATUS; return arena_printf(&v->arena, "%llu", (unsigned long long)p->rss / 1024); }
FIELD(vsz) { UNUSED_STATUS; return arena_printf(&v->arena, "%llu", (unsigned long long)p->vsz / 1024); }
FIELD(state) { UNUSED_STATUS; return arena_printf(&v->arena, "%c", p->state); }
FIELD(pid) { (void)p; return arena_printf(&v->arena, "%lld", (long long)status_number(v, status, "NSpid", v->depth)); }
FIELD(pgid) { (void)p; return arena_printf(&v->arena, "%lld", (long long)status_number(v, status, "NSpgid", v->depth)); }

FIELD(ppid)
{
	UNUSED_STATUS;
	for (guint i = 0; p->pid != v->init && i < v->processes->len; i++)
		if (g_array_index(v->processes, struct process, i).pid == p->ppid)
			return f_pid(v, p, read_status(v, p->ppid));
	return arena_strdup(&v->arena, "0");
}

FIELD(label)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/attr/current", (int)p->pid), *text = NULL;
	struct err e = ERR_INIT;

	UNUSED_STATUS;
	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &e) < 0 || !*g_strchomp(text))
		return arena_strdup(&v->arena, "?");
	return arena_strdup(&v->arena, text);
}

FIELD(seccomp)
{
	int64_t mode = status_number(v, status, "Seccomp", 0);

	(void)p;
	return arena_strdup(&v->arena, mode == 0 ? "disabled" : mode == 1 ? "strict" : mode == 2 ? "filter" : "?");
}

FIELD(tty)
{
	unsigned at = major((dev_t)p->tty), n = minor((dev_t)p->tty);

	UNUSED_STATUS;
	if (at >= 136 && at <= 143)
		return arena_printf(&v->arena, "pts/%u", (at - 136) * 256 + n);
	return at == 4 ? arena_printf(&v->arena, "tty%u", n) : arena_strdup(&v->arena, "?");
}

static const struct top_field fields[] = {
	{ "args", "%a", "COMMAND", f_args },
	{ "capamb", NULL, "AMBIENT CAPS", f_capamb },
	{ "capbnd", NULL, "BOUNDING CAPS", f_capbnd },
	{ "capeff", NULL, "EFFECTIVE CAPS", f_capeff },
	{ "capinh", NULL, "INHERITED CAPS", f_capinh },
	{ "capprm", NULL, "PERMITTED CAPS", f_capprm },
	{ "comm", "%c", "COMMAND", f_comm },
	{ "etime", "%t", "ELAPSED", f_etime },
	{ "group", "%G", "GROUP", f_group },
	{ "groups", NULL, "GROUPS", f_groups },
	{ "hgroup", NULL, "HGROUP", f_hgroup },
	{ "hgroups", NULL, "HGROUPS", f_hgroups },
	{ "hpid", NULL, "HPID", f_hpid },
	{ "huser", NULL, "HUSER", f_huser },
	{ "label", NULL, "LABEL", f_label },
	{ "nice", "%n", "NI", f_nice },
	{ "pcpu", "%C", "%CPU", f_pcpu },
	{ "pgid", "%r", "PGID", f_pgid },
	{ "pid", "%p", "PID", f_pid },
	{ "ppid", "%P", "PPID", f_ppid },
	{ "rgroup", "%g", "RGROUP", f_rgroup },
	{ "rss", NULL, "RSS", f_rss },
	{ "ruser", "%u", "RUSER", f_ruser },
	{ "seccomp", NULL, "SECCOMP", f_seccomp },
	{ "state", NULL, "STATE", f_state },
	{ "stime", NULL, "STIME", f_stime },
	{ "time", "%x", "TIME", f_time },
	{ "tty", "%y", "TTY", f_tty },
	{ "user", "%U", "USER", f_user },
	{ "vsz", "%z", "VSZ", f_vsz },
};

const struct top_field *top_field_find(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
		if (!strcmp(fields[i].name, name) || (fields[i].code && !strcmp(fields[i].code, name)))
			return &fields[i];
	return NULL;
}

char *top_field_names(void)
{
	GString *s = g_string_new(NULL);

	for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
		g_string_append_printf(s, "%s%s", i ? "," : "", fields[i].name);
	return g_string_free(s, FALSE);
}
