/* runtime_spec_read_process.c - the `process` object: of config.json, and of `exec --process`. */
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <string.h>

#include "core/oci/capability.h"
#include "core/oci/runtime_spec_private.h"
#include "core/oci/runtime_spec_reader.h"

static void read_user(struct reader *r, json_t *process)
{
	const char *path = "process.user";
	json_t *o = reader_object(r, process, "process", "user"), *a, *v;
	struct rspec_user *u = &r->s->process.user;
	int64_t n = 0;
	size_t i;

	if (reader_number(r, o, path, "uid", 0, UINT32_MAX - 1, &n))
		u->uid = (uint32_t)n;
	if (reader_number(r, o, path, "gid", 0, UINT32_MAX - 1, &n))
		u->gid = (uint32_t)n;
	u->has_umask = reader_number(r, o, path, "umask", 0, 0777, &n);
	u->umask = u->has_umask ? (mode_t)n : 0;
	a = reader_array(r, o, path, "additionalGids");
	u->additional_gids = arena_alloc(&r->s->arena, (json_array_size(a) + 1) * sizeof *u->additional_gids);
	json_array_foreach(a, i, v) {
		if (!reader_integer(v, &n) || n < 0 || n >= UINT32_MAX)
			reader_wrong(r, path, "additionalGids", "not an array of group numbers", a);
		u->additional_gids[u->n_additional_gids++] = (uint32_t)n;
	}
}

static void read_rlimits(struct reader *r, json_t *process)
{
	json_t *a = reader_array(r, process, "process", "rlimits");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "process.rlimits", at, sizeof at);
		struct rspec_rlimit *l = ARENA_PUSH(&r->s->arena, r->s->process.rlimits, r->s->process.n_rlimits);

		l->type = reader_string(r, o, at, "type");
		(void)reader_large_number(r, o, at, "hard", &l->hard);
		(void)reader_large_number(r, o, at, "soft", &l->soft);
		if (!l->type)
			reader_wrong(r, at, "type", "is missing", NULL);
		/* "If duplicated entries with same type, the runtime MUST generate an error." */
		for (size_t k = 0; l->type && k < i; k++)
			if (r->s->process.rlimits[k].type && !strcmp(r->s->process.rlimits[k].type, l->type))
				reader_wrong(r, at, "type", "is listed twice", json_object_get(o, "type"));
	}
}

static void read_capabilities(struct reader *r, json_t *process)
{
	json_t *o = reader_object(r, process, "process", "capabilities"), *v;
	size_t i;

	r->s->process.has_capabilities = o != NULL;
	for (int set = 0; o && set < CAP_SET_COUNT; set++) {
		json_t *a = reader_array(r, o, "process.capabilities", rspec_cap_set_names[set]);

		json_array_foreach(a, i, v) {
			int cap = json_is_string(v) ? capability_number(json_string_value(v)) : -1;

			if (!json_is_string(v))
				reader_wrong(r, "process.capabilities", rspec_cap_set_names[set],
					     "not an array of strings", a);
			/* One of a newer kernel: the specification says that it is to be ignored, with a warning. */
			else if (cap >= 0)
				r->s->process.capabilities[set] |= 1ULL << cap;
			else
				r->s->process.unknown_capability = arena_strdup(&r->s->arena, json_string_value(v));
		}
	}
}

/* One word of a list ("A|B|C"), or a mistake that names the list. */
static char *word(struct reader *r, json_t *o, const char *path, const char *key, const char *const *words)
{
	char *s = reader_string(r, o, path, key);
	g_autofree char *all = NULL, *what = NULL;

	if (!s || g_strv_contains(words, s))
		return s;
	all = g_strjoinv(", ", (char **)words);
	what = g_strconcat("not one of ", all, NULL);
	reader_wrong(r, path, key, what, json_object_get(o, key));
	return NULL;
}

static void read_scheduler(struct reader *r, json_t *process)
{
	static const char *const policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO",
		"SCHED_IDLE", "SCHED_DEADLINE", NULL };
	static const char *const known[] = { "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN",
		"SCHED_FLAG_KEEP_POLICY", "SCHED_FLAG_KEEP_PARAMS", "SCHED_FLAG_UTIL_CLAMP_MIN",
		"SCHED_FLAG_UTIL_CLAMP_MAX", NULL };
	const char *at = "process.scheduler";
	json_t *o = reader_object(r, process, "process", "scheduler");
	struct rspec_scheduler *s = &r->s->process.scheduler;
	int64_t n = 0;

	if (!o)
		return;
	s->policy = word(r, o, at, "policy", policies);
	if (!s->policy)
		reader_wrong(r, at, "policy", "is missing", NULL);
	if (reader_number(r, o, at, "nice", -20, 19, &n))
		s->nice = (int)n;
	if (reader_number(r, o, at, "priority", 0, 99, &n))
		s->priority = (int)n;
	s->flags = reader_strings(r, o, at, "flags");
	for (char **f = s->flags; f && *f; f++)
		if (!g_strv_contains(known, *f))
			reader_wrong(r, at, "flags", "unknown flag", json_object_get(o, "flags"));
	(void)reader_large_number(r, o, at, "runtime", &s->runtime);
	(void)reader_large_number(r, o, at, "deadline", &s->deadline);
	(void)reader_large_number(r, o, at, "period", &s->period);
}

static void read_priority(struct reader *r, json_t *process)
{
	static const char *const classes[] = { "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL };
	json_t *o = reader_object(r, process, "process", "ioPriority");
	struct rspec_process *p = &r->s->process;
	int64_t n = 0;

	if (!o)
		return;
	p->io_class = word(r, o, "process.ioPriority", "class", classes);
	if (!p->io_class)
		reader_wrong(r, "process.ioPriority", "class", "is missing", NULL);
	if (reader_number(r, o, "process.ioPriority", "priority", 0, 7, &n))
		p->io_priority = (int)n;
}

void read_process_object(struct reader *r, json_t *o, const char *path)
{
	json_t *size = reader_object(r, o, path, "consoleSize"), *affinity;
	struct rspec_process *p = &r->s->process;
	int64_t n = 0;

	p->terminal = reader_flag(r, o, path, "terminal");
	if (reader_number(r, size, "process.consoleSize", "height", 0, USHRT_MAX, &n))
		p->console_rows = (unsigned short)n;
	if (reader_number(r, size, "process.consoleSize", "width", 0, USHRT_MAX, &n))
		p->console_cols = (unsigned short)n;
	p->cwd = reader_string(r, o, path, "cwd");
	p->env = reader_strings(r, o, path, "env");
	p->args = reader_strings(r, o, path, "args");
	p->no_new_privileges = reader_flag(r, o, path, "noNewPrivileges");
	p->has_oom_score_adj = reader_number(r, o, path, "oomScoreAdj", -1000, 1000, &n);
	p->oom_score_adj = p->has_oom_score_adj ? (int)n : 0;
	p->apparmor_profile = reader_string(r, o, path, "apparmorProfile");
	p->selinux_label = reader_string(r, o, path, "selinuxLabel");
	affinity = reader_object(r, o, path, "execCPUAffinity");
	p->cpus_initial = reader_string(r, affinity, "process.execCPUAffinity", "initial");
	p->cpus_final = reader_string(r, affinity, "process.execCPUAffinity", "final");
	read_user(r, o);
	read_rlimits(r, o);
	read_capabilities(r, o);
	read_scheduler(r, o);
	read_priority(r, o);
}
