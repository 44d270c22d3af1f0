/* seccomp_document.c - see seccomp_document.h. */
#include "core/runtime/seccomp_document.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#define RULES_MAX 100000
#define ERRNO_MAX 4095          /* the kernel's MAX_ERRNO */

struct word { const char *name; uint32_t value; };

static const struct word actions[] = {
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW }, { "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO },
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD }, { "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS }, { "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE }, { "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF }, { NULL, 0 },
};

static const struct word ops[] = {
	{ "SCMP_CMP_NE", SECCOMP_OP_NE }, { "SCMP_CMP_LT", SECCOMP_OP_LT }, { "SCMP_CMP_LE", SECCOMP_OP_LE },
	{ "SCMP_CMP_EQ", SECCOMP_OP_EQ }, { "SCMP_CMP_GE", SECCOMP_OP_GE }, { "SCMP_CMP_GT", SECCOMP_OP_GT },
	{ "SCMP_CMP_MASKED_EQ", SECCOMP_OP_MASKED_EQ }, { NULL, 0 },
};

/* The specification's names, libseccomp's tokens. (The names that images and Go use are in go_arch.) */
static const struct word archs[] = {
	{ "SCMP_ARCH_NATIVE", SCMP_ARCH_NATIVE }, { "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 }, { "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM }, { "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS }, { "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 }, { "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 }, { "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC }, { "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE }, { "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X }, { "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 }, { "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 }, { NULL, 0 },
};

static const struct word flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW }, { NULL, 0 },
};

/* In the order of their numbers, see capabilities(7). */
static const char *const cap_names[] = {
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
	"LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
	"SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
	"MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
	"CHECKPOINT_RESTORE",
};

static const char go_arch[] =
#if defined __x86_64__
	"amd64";
#elif defined __aarch64__
	"arm64";
#elif defined __i386__
	"386";
#elif defined __arm__
	"arm";
#elif defined __s390x__
	"s390x";
#elif defined __powerpc64__
	"ppc64le";
#elif defined __riscv
	"riscv64";
#else
	"unknown";
#endif

/* What the functions below share: where we are in the document, for messages. */
struct parser {
	struct seccomp_policy *policy;
	uint64_t capabilities;
	char where[96];
	struct err *e;
};

static int wrong(struct parser *p, const char *what)
{
	return err_msg(p->e, EINVAL, "seccomp profile: %s: %s", p->where, what);
}

static const struct word *word_find(const struct word *w, const char *name)
{
	for (; w->name; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}

/* An absent (or null) member is NULL and 0; one of another type is an error. */
static int member(struct parser *p, json_t *o, const char *key, json_type type, json_t **ret)
{
	json_t *v = json_object_get(o, key);

	*ret = NULL;
	if (!v || json_is_null(v))
		return 0;
	if (json_typeof(v) != type)
		return err_msg(p->e, EINVAL, "seccomp profile: %s%s%s: of the wrong type", p->where,
			       *p->where ? "." : "", key);
	*ret = v;
	return 0;
}

/* "errnoRet" is a number; "errno", which containers/seccomp.json has beside it, a name. Absent: EPERM. */
static int parse_errno(struct parser *p, json_t *o, const char *number, const char *name, unsigned *ret)
{
	json_t *n, *s;

	if (member(p, o, number, JSON_INTEGER, &n) < 0 || member(p, o, name, JSON_STRING, &s) < 0)
		return -EINVAL;
	*ret = EPERM;
	if (n) {
		json_int_t v = json_integer_value(n);

		if (v < 0 || v > ERRNO_MAX)
			return wrong(p, "the errno is out of range");
		*ret = (unsigned)v;
	} else if (s && *json_string_value(s)) {
		for (*ret = 1; *ret < 134; ++*ret) {
			const char *known = strerrorname_np((int)*ret);

			if (known && strcmp(known, json_string_value(s)) == 0)
				return 0;
		}
		return wrong(p, "no such errno");
	}
	return 0;
}

static int parse_action(struct parser *p, json_t *o, const char *key, const char *number, const char *name,
			uint32_t *ret)
{
	const struct word *w;
	unsigned err;
	json_t *s;

	if (member(p, o, key, JSON_STRING, &s) < 0 || parse_errno(p, o, number, name, &err) < 0)
		return -EINVAL;
	if (!s)
		return err_msg(p->e, EINVAL, "seccomp profile: %s%s%s is missing", p->where, *p->where ? "." : "",
			       key);
	w = word_find(actions, json_string_value(s));
	if (!w)
		return err_msg(p->e, EINVAL, "seccomp profile: unknown action %.64s", json_string_value(s));
	/* A default of that would wait for an answer to the very call that sends the question. */
	if (w->value == SECCOMP_RET_USER_NOTIF && !strcmp(key, "defaultAction"))
		return err_msg(p->e, EINVAL, "seccomp profile: defaultAction: cannot be SCMP_ACT_NOTIFY");
	/* "When the action doesn't support an errno, the runtime MUST print an error and fail." */
	if (w->value != SECCOMP_RET_ERRNO && w->value != SECCOMP_RET_TRACE && json_is_integer(json_object_get(o, number)))
		return err_msg(p->e, EINVAL, "seccomp profile: %s%s%s: %s has no errno", p->where, *p->where ? "." : "", number,
			       w->name);
	*ret = w->value;
	if (w->value == SECCOMP_RET_ERRNO || w->value == SECCOMP_RET_TRACE)
		*ret |= err & SECCOMP_RET_DATA;
	return 0;
}

static int add_arch(struct parser *p, json_t *name)
{
	const struct word *w = json_is_string(name) ? word_find(archs, json_string_value(name)) : NULL;
	struct seccomp_policy *to = p->policy;

	/* An architecture that came after this program is of no use to it: what is not listed is not allowed. */
	if (!w)
		return json_is_string(name) ? 0 : wrong(p, "not a name");
	for (size_t i = 0; i < to->n_archs; i++)
		if (to->archs[i] == w->value)
			return 0;
	if (to->n_archs == SECCOMP_ARCHS_MAX)
		return wrong(p, "too many architectures");
	to->archs[to->n_archs++] = w->value;
	return 0;
}

/* "architectures" of the specification, or "archMap": the companions of the native one. */
static int parse_archs(struct parser *p, json_t *doc)
{
	json_t *list, *map, *item, *sub;
	size_t i;

	if (member(p, doc, "architectures", JSON_ARRAY, &list) < 0 || member(p, doc, "archMap", JSON_ARRAY, &map) < 0)
		return -EINVAL;
	g_strlcpy(p->where, "architectures", sizeof p->where);
	json_array_foreach(list, i, item)
		if (add_arch(p, item) < 0)
			return -EINVAL;
	g_strlcpy(p->where, "archMap", sizeof p->where);
	json_array_foreach(map, i, item) {
		json_t *name = json_object_get(item, "architecture");
		const struct word *w = json_is_string(name) ? word_find(archs, json_string_value(name)) : NULL;
		size_t k;

		if (!w || w->value != seccomp_arch_native())
			continue;
		json_array_foreach(json_object_get(item, "subArchitectures"), k, sub)
			if (add_arch(p, sub) < 0)
				return -EINVAL;
	}
	p->where[0] = '\0';
	return 0;
}

static int parse_flags(struct parser *p, json_t *doc)
{
	json_t *list, *item;
	size_t i;

	if (member(p, doc, "flags", JSON_ARRAY, &list) < 0)
		return -EINVAL;
	json_array_foreach(list, i, item) {
		const struct word *w = json_is_string(item) ? word_find(flags, json_string_value(item)) : NULL;

		if (!w)
			return err_msg(p->e, EINVAL, "seccomp profile: unsupported flag %.64s",
				       json_is_string(item) ? json_string_value(item) : "(not a string)");
		p->policy->flags |= w->value;
	}
	return 0;
}

static bool has_cap(uint64_t capabilities, const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < G_N_ELEMENTS(cap_names); i++)
		if (strcasecmp(cap_names[i], name) == 0)
			return (capabilities >> i) & 1;
	return false;
}

/* Is the running kernel at least "4.8"? */
static bool kernel_is(const char *min)
{
	unsigned want[2] = { 0, 0 }, have[2] = { 0, 0 };
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &have[0], &have[1]) != 2 ||
	    sscanf(min, "%u.%u", &want[0], &want[1]) < 1)
		return false;
	return have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]);
}

/* How many strings of the array `key` hold, and how many there are. */
static int count(struct parser *p, json_t *o, const char *key, unsigned *held, unsigned *all)
{
	bool caps = strcmp(key, "caps") == 0;
	json_t *list, *item;
	size_t i;

	*held = *all = 0;
	if (member(p, o, key, JSON_ARRAY, &list) < 0)
		return -EINVAL;
	json_array_foreach(list, i, item) {
		const char *s = json_string_value(item);

		if (!s)
			return wrong(p, "not a string");
		++*all;
		*held += caps ? has_cap(p->capabilities, s) : strcmp(s, go_arch) == 0;
	}
	return 0;
}

/* 1 when the conditions of a rule hold: every capability and one architecture of "includes", none of "excludes". */
static int rule_applies(struct parser *p, json_t *rule)
{
	json_t *in, *ex, *min_in = NULL, *min_ex = NULL;
	unsigned caps, n_caps, arches, n_arches;

	if (member(p, rule, "includes", JSON_OBJECT, &in) < 0 || member(p, rule, "excludes", JSON_OBJECT, &ex) < 0)
		return -EINVAL;
	if (in) {
		if (count(p, in, "caps", &caps, &n_caps) < 0 || count(p, in, "arches", &arches, &n_arches) < 0 ||
		    member(p, in, "minKernel", JSON_STRING, &min_in) < 0)
			return -EINVAL;
		if (caps < n_caps || (n_arches && !arches) || (min_in && !kernel_is(json_string_value(min_in))))
			return 0;
	}
	if (ex) {
		if (count(p, ex, "caps", &caps, &n_caps) < 0 || count(p, ex, "arches", &arches, &n_arches) < 0 ||
		    member(p, ex, "minKernel", JSON_STRING, &min_ex) < 0)
			return -EINVAL;
		if (caps || arches || (min_ex && kernel_is(json_string_value(min_ex))))
			return 0;
	}
	return 1;
}

static int parse_arg(struct parser *p, json_t *arg, struct seccomp_rule *to)
{
	json_t *index, *value, *two, *op;
	const struct word *w;

	if (!json_is_object(arg))
		return wrong(p, "an argument is not an object");
	if (member(p, arg, "index", JSON_INTEGER, &index) < 0 || member(p, arg, "value", JSON_INTEGER, &value) < 0 ||
	    member(p, arg, "valueTwo", JSON_INTEGER, &two) < 0 || member(p, arg, "op", JSON_STRING, &op) < 0)
		return -EINVAL;
	w = op ? word_find(ops, json_string_value(op)) : NULL;
	if (!index || json_integer_value(index) < 0 || json_integer_value(index) >= SECCOMP_ARGS_MAX)
		return wrong(p, "an argument's index is not 0 to 5");
	if (!w)
		return wrong(p, "an argument has no known op");
	if (to->n_args == SECCOMP_ARGS_MAX)
		return wrong(p, "more than 6 arguments");
	to->args[to->n_args++] = (struct seccomp_arg){ (unsigned)json_integer_value(index), (enum seccomp_op)w->value,
		(uint64_t)json_integer_value(value), (uint64_t)json_integer_value(two) };
	return 0;
}

static int add_named(struct parser *p, json_t *name, const struct seccomp_rule *model)
{
	struct seccomp_rule *r;

	if (!json_is_string(name))
		return wrong(p, "a name is not a string");
	if (p->policy->n_rules == RULES_MAX)
		return wrong(p, "too many rules");
	if (model->action == SECCOMP_RET_USER_NOTIF && !strcmp(json_string_value(name), "sendmsg"))
		return wrong(p, "sendmsg cannot be SCMP_ACT_NOTIFY: the listener is told by it");
	r = seccomp_policy_add(p->policy, arena_strdup(&p->policy->arena, json_string_value(name)), model->action);
	r->n_args = model->n_args;
	memcpy(r->args, model->args, sizeof r->args);
	return 0;
}

static int parse_rule(struct parser *p, json_t *rule)
{
	struct seccomp_rule model = { .number = -1 };
	json_t *names, *name, *args, *item;
	size_t i;
	int r;

	if (!json_is_object(rule))
		return wrong(p, "not an object");
	if (parse_action(p, rule, "action", "errnoRet", "errno", &model.action) < 0 ||
	    member(p, rule, "names", JSON_ARRAY, &names) < 0 || member(p, rule, "name", JSON_STRING, &name) < 0 ||
	    member(p, rule, "args", JSON_ARRAY, &args) < 0)
		return -p->e->code;
	if (!names && !name)
		return wrong(p, "names is missing");
	json_array_foreach(args, i, item)
		if (parse_arg(p, item, &model) < 0)
			return -EINVAL;
	r = rule_applies(p, rule);
	if (r <= 0)
		return r;
	p->policy->flags |= model.action == SECCOMP_RET_USER_NOTIF ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	if (name && add_named(p, name, &model) < 0)
		return -EINVAL;
	json_array_foreach(names, i, item)
		if (add_named(p, item, &model) < 0)
			return -EINVAL;
	return 0;
}

static int parse_document(struct parser *p, json_t *doc)
{
	json_t *rules, *rule;
	size_t i;

	if (!json_is_object(doc))
		return err_msg(p->e, EINVAL, "seccomp profile: not a JSON object");
	if (parse_action(p, doc, "defaultAction", "defaultErrnoRet", "defaultErrno", &p->policy->default_action) < 0 ||
	    parse_archs(p, doc) < 0 || parse_flags(p, doc) < 0 || member(p, doc, "syscalls", JSON_ARRAY, &rules) < 0)
		return -p->e->code;
	json_array_foreach(rules, i, rule) {
		snprintf(p->where, sizeof p->where, "syscalls[%zu]", i);
		if (parse_rule(p, rule) < 0)
			return -p->e->code;
	}
	return 0;
}

int seccomp_document_parse(const char *text, size_t len, uint64_t capabilities, struct seccomp_policy *ret,
			   struct err *e)
{
	struct parser p = { .policy = ret, .capabilities = capabilities, .e = e };
	json_error_t je;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	int r;

	if (!doc)
		return err_msg(e, EINVAL, "seccomp profile: line %d: %s", je.line, je.text);
	r = parse_document(&p, doc);
	json_decref(doc);
	return r;
}

static const char *action_name(uint32_t action)
{
	for (const struct word *w = actions; w->name; w++)
		if (w->value == (action & SECCOMP_RET_ACTION_FULL))
			return w->name;
	return "SCMP_ACT_KILL_PROCESS";
}

static void print_action(json_t *o, const char *key, const char *number, uint32_t action)
{
	json_object_set_new(o, key, json_string(action_name(action)));
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		json_object_set_new(o, number, json_integer(action & SECCOMP_RET_DATA));
}

static json_t *print_rule(const struct seccomp_rule *r)
{
	json_t *o = json_pack("{s:[s]}", "names", r->name), *args = json_array();

	print_action(o, "action", "errnoRet", r->action);
	for (unsigned i = 0; i < r->n_args; i++)
		json_array_append_new(args, json_pack("{s:i, s:I, s:I, s:s}", "index", (int)r->args[i].index,
						      "value", (json_int_t)r->args[i].value, "valueTwo",
						      (json_int_t)r->args[i].value_two, "op",
						      ops[r->args[i].op].name));
	if (r->n_args > 0)
		json_object_set(o, "args", args);
	json_decref(args);
	return o;
}

static bool same_action_no_args(json_t *last, const struct seccomp_rule *prev, const struct seccomp_rule *r)
{
	return last && prev->n_args == 0 && r->n_args == 0 && prev->action == r->action;
}

char *seccomp_document_print(const struct seccomp_policy *p)
{
	json_t *o = json_object(), *list = json_array(), *rules = json_array(), *last = NULL;
	char *text, *ret;

	print_action(o, "defaultAction", "defaultErrnoRet", p->default_action);
	for (const struct word *w = archs; w->name; w++)
		for (size_t i = 0; i <= p->n_archs; i++)
			if (w->value != SCMP_ARCH_NATIVE &&
			    w->value == (i < p->n_archs ? p->archs[i] : seccomp_arch_native()))
				json_array_append_new(list, json_string(w->name));
	json_object_set_new(o, "architectures", list);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct seccomp_rule *r = &p->rules[i];

		if (same_action_no_args(last, i ? r - 1 : r, r)) {
			json_array_append_new(json_object_get(last, "names"), json_string(r->name));
			continue;
		}
		last = print_rule(r);
		json_array_append_new(rules, last);
	}
	json_object_set_new(o, "syscalls", rules);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	ret = g_strdup(text);
	free(text);
	return ret;
}
