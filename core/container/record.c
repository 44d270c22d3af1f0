/* record.c - see record.h. One table of fields serves both directions. */
#include "core/container/record.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "core/base/jread.h"
#include "core/base/text.h"
#include "core/oci/dump.h"
#include "core/container/logfile.h"

enum field_type { FIELD_STR, FIELD_STRV, FIELD_I64, FIELD_INT, FIELD_BOOL, FIELD_U16, FIELD_PORTS, FIELD_MOUNTS };

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
};

#define PORT(member, type) { #member, type, offsetof(struct port_mapping, member) }
static const struct field port_fields[] = {
	PORT(host_ip, FIELD_STR),
	PORT(host_port, FIELD_U16),
	PORT(container_port, FIELD_U16),
	PORT(protocol, FIELD_STR),
	{ NULL, 0, 0 },
};

#define MOUNT(member, type) { #member, type, offsetof(struct container_mount, member) }
static const struct field mount_fields[] = {
	MOUNT(type, FIELD_STR),
	MOUNT(name, FIELD_STR),
	MOUNT(source, FIELD_STR),
	MOUNT(destination, FIELD_STR),
	MOUNT(options, FIELD_STR),
	MOUNT(rw, FIELD_BOOL),
	{ NULL, 0, 0 },
};

#define RECORD(member, type) { #member, type, offsetof(struct container_record, member) }

static const struct field record_fields[] = {
	RECORD(id, FIELD_STR),
	RECORD(name, FIELD_STR),
	RECORD(created_ns, FIELD_I64),
	RECORD(image_id, FIELD_STR),
	RECORD(image_name, FIELD_STR),
	RECORD(image_digest, FIELD_STR),
	RECORD(rootfs, FIELD_STR),
	RECORD(command, FIELD_STRV),
	RECORD(entrypoint_words, FIELD_INT),
	RECORD(create_command, FIELD_STRV),
	RECORD(labels, FIELD_STRV),
	RECORD(user, FIELD_STR),
	RECORD(network, FIELD_STR),
	RECORD(network_options, FIELD_STRV),
	RECORD(userns, FIELD_STR),
	RECORD(uid_maps, FIELD_STRV),
	RECORD(gid_maps, FIELD_STRV),
	RECORD(group_add, FIELD_STRV),
	RECORD(log_driver, FIELD_STR),
	RECORD(log_path, FIELD_STR),
	RECORD(log_max_size, FIELD_I64),
	RECORD(log_files, FIELD_INT),
	RECORD(stop_signal, FIELD_INT),
	RECORD(stop_timeout_s, FIELD_I64),
	RECORD(timeout_s, FIELD_I64),
	RECORD(restart, FIELD_STR),
	RECORD(health_test, FIELD_STRV),
	RECORD(health_interval, FIELD_I64),
	RECORD(health_timeout, FIELD_I64),
	RECORD(health_start_period, FIELD_I64),
	RECORD(health_start_interval, FIELD_I64),
	RECORD(health_retries, FIELD_INT),
	RECORD(health_on_failure, FIELD_STR),
	RECORD(startup_test, FIELD_STRV),
	RECORD(startup_interval, FIELD_I64),
	RECORD(startup_timeout, FIELD_I64),
	RECORD(startup_success, FIELD_INT),
	RECORD(startup_retries, FIELD_INT),
	RECORD(restart_max, FIELD_INT),
	RECORD(auto_remove, FIELD_BOOL),
	RECORD(tty, FIELD_BOOL),
	RECORD(interactive, FIELD_BOOL),
	RECORD(init, FIELD_BOOL),
	RECORD(keep_groups, FIELD_BOOL),
	RECORD(privileged, FIELD_BOOL),
	RECORD(read_only, FIELD_BOOL),
	RECORD(oci_cgroup, FIELD_BOOL),
	RECORD(systemd, FIELD_BOOL),
	RECORD(pid_file, FIELD_STR),
	RECORD(conmon_pid_file, FIELD_STR),
	RECORD(cid_file, FIELD_STR),
	RECORD(sdnotify, FIELD_STR),
	RECORD(hostname, FIELD_STR),
	RECORD(limits_note, FIELD_STR),
	RECORD(extra_json, FIELD_STR),
	RECORD(ports, FIELD_PORTS),
	RECORD(mounts, FIELD_MOUNTS),
	{ NULL, 0, 0 },
};

/* A string that is not UTF-8 (a path, an argument) cannot be said in JSON: its bad bytes become U+FFFD. */
static json_t *text_to_json(const char *s)
{
	json_t *v = json_string(s);
	g_autofree char *valid = NULL;

	if (v)
		return v;
	valid = g_utf8_make_valid(s, -1);
	return json_string(valid);
}

static json_t *strv_to_json(char *const *v)
{
	json_t *a = json_array();

	for (; *v; v++)
		json_array_append_new(a, text_to_json(*v));
	return a;
}

static json_t *fields_to_json(const struct field *fields, const void *base);

static json_t *list_to_json(const struct field *fields, const void *array, size_t n, size_t size)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, fields_to_json(fields, (const char *)array + i * size));
	return a;
}

static json_t *field_to_json(const struct field *f, const void *base)
{
	const char *at = (const char *)base + f->offset;
	const struct container_record *r = base;        /* of lists only */

	switch (f->type) {
	case FIELD_STR:
		return *(char *const *)at ? text_to_json(*(char *const *)at) : NULL;
	case FIELD_STRV:
		return *(char **const *)at ? strv_to_json(*(char **const *)at) : NULL;
	case FIELD_I64:
		return json_integer(*(const int64_t *)at);
	case FIELD_INT:
		return json_integer(*(const int *)at);
	case FIELD_U16:
		return json_integer(*(const uint16_t *)at);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_PORTS:
		return list_to_json(port_fields, r->ports, r->n_ports, sizeof *r->ports);
	case FIELD_MOUNTS:
		return list_to_json(mount_fields, r->mounts, r->n_mounts, sizeof *r->mounts);
	}
	return NULL;
}

static json_t *fields_to_json(const struct field *fields, const void *base)
{
	json_t *o = json_object();

	for (const struct field *f = fields; f->key; f++) {
		json_t *v = field_to_json(f, base);

		if (v)
			json_object_set_new(o, f->key, v);
	}
	return o;
}

char *record_to_json(const struct container_record *r)
{
	json_t *doc = fields_to_json(record_fields, r);
	char *text = json_compact(doc);

	json_decref(doc);
	return text;
}

static bool read_strv(struct jread *j, struct arena *a, char ***ret)
{
	char **v = NULL, *s;

	if (!jread_begin(j, '['))
		return false;
	while (jread_more(j, ']')) {
		if (!jread_string(j, a, &s))
			return false;
		arena_strv_push(a, &v, s);
	}
	*ret = v ? v : arena_strv_dup(a, (const char *const[]){ NULL });
	return !j->bad;
}

static bool read_number(struct jread *j, int64_t min, int64_t max, int64_t *ret)
{
	return jread_int(j, ret) && *ret >= min && *ret <= max;
}

static int read_fields(struct jread *j, const struct field *fields, struct arena *a, void *base, struct err *e);

struct list { const struct field *fields; void **array; size_t *n, size; };

static bool read_list(struct jread *j, const struct list *l, struct arena *a, struct err *e)
{
	if (!jread_begin(j, '['))
		return false;
	while (jread_more(j, ']'))
		if (read_fields(j, l->fields, a, arena_grow(a, l->array, l->n, l->size), e) < 0)
			return false;
	return !j->bad;
}

static bool read_field(struct jread *j, const struct field *f, struct arena *a, void *base, struct err *e)
{
	char *at = (char *)base + f->offset;
	struct container_record *r = base;      /* of lists only */
	int64_t n;

	switch (f->type) {
	case FIELD_STR:
		return jread_string(j, a, (char **)at);
	case FIELD_STRV:
		return read_strv(j, a, (char ***)at);
	case FIELD_I64:
		return jread_int(j, (int64_t *)at);
	case FIELD_INT:
		if (!read_number(j, INT_MIN, INT_MAX, &n))
			return false;
		*(int *)at = (int)n;
		return true;
	case FIELD_U16:
		if (!read_number(j, 0, UINT16_MAX, &n))
			return false;
		*(uint16_t *)at = (uint16_t)n;
		return true;
	case FIELD_BOOL:
		return jread_bool(j, (bool *)at);
	case FIELD_PORTS:
		return read_list(j, &(struct list){ port_fields, (void **)&r->ports, &r->n_ports, sizeof *r->ports },
				 a, e);
	case FIELD_MOUNTS:
		return read_list(j, &(struct list){ mount_fields, (void **)&r->mounts, &r->n_mounts,
						    sizeof *r->mounts }, a, e);
	}
	return false;
}

/* The field of this name. What we have written has them in the table's order: the search begins after the last. */
static const struct field *find_field(const struct field *fields, const struct field *from, const char *key, size_t len)
{
	const struct field *f;

	for (f = from; f->key; f++)
		if (!strncmp(f->key, key, len) && !f->key[len])
			return f;
	for (f = fields; f < from; f++)
		if (!strncmp(f->key, key, len) && !f->key[len])
			return f;
	return NULL;
}

/* One object. Unknown members are passed over, nulls are as good as missing ones. */
static int read_fields(struct jread *j, const struct field *fields, struct arena *a, void *base, struct err *e)
{
	const struct field *f, *next = fields;
	uint64_t seen = 0;
	const char *key;
	size_t len;

	if (!jread_begin(j, '{'))
		return err_msg(e, EBADMSG, "it is not a JSON object");
	while (jread_more(j, '}')) {
		if (!jread_key(j, &key, &len))
			break;
		f = find_field(fields, next, key, len);
		if (!f) {
			(void)jread_skip(j);
			continue;
		}
		if (seen & UINT64_C(1) << (f - fields))
			return err_msg(e, EBADMSG, "%s is there twice", f->key);
		seen |= UINT64_C(1) << (f - fields);
		next = f + 1;
		if (!jread_null(j) && !read_field(j, f, a, base, e))
			return e->code ? err_wrap(e, "%s", f->key) :
			       err_msg(e, EBADMSG, "%s has the wrong type, or is cut short", f->key);
	}
	return j->bad ? err_msg(e, EBADMSG, "it is not a whole JSON document") : 0;
}

static int check_record(const struct container_record *r, struct err *e)
{
	if (!r->id || !container_id_valid(r->id))
		return err_msg(e, EBADMSG, "record.id is not a container ID");
	if (!r->name || !container_name_valid(r->name))
		return err_msg(e, EBADMSG, "record.name is not a container name");
	if (r->entrypoint_words < 0 || (size_t)r->entrypoint_words > (r->command ? g_strv_length(r->command) : 0))
		return err_msg(e, EBADMSG, "record.entrypoint_words is more than there are");
	if (r->health_test && (!r->health_test[0] || !r->health_test[1] || r->health_interval < 0 || r->health_retries < 1))
		return err_msg(e, EBADMSG, "record.health_test cannot be run");
	if (r->startup_test && (!r->health_test || !r->startup_test[0] || !r->startup_test[1] || r->startup_interval < 0))
		return err_msg(e, EBADMSG, "record.startup_test cannot be run");
	if (r->restart_max < 0)
		return err_msg(e, EBADMSG, "record.restart_max is negative");
	if (r->log_files < 0 || r->log_files > LOG_MAX_FILES)
		return err_msg(e, EBADMSG, "record.log_files is out of range");
	if (r->stop_signal < 0 || r->stop_signal > SIGRTMAX)
		return err_msg(e, EBADMSG, "record.stop_signal is not a signal");
	return 0;
}

int record_from_json(const char *text, size_t len, struct container_record *r, struct err *e)
{
	struct jread j;

	jread_init(&j, text, len);
	if (read_fields(&j, record_fields, &r->arena, r, e) < 0)
		return -e->code;
	if (!jread_end(&j))
		return err_msg(e, EBADMSG, "something follows the JSON document");
	return check_record(r, e);
}

bool container_id_valid(const char *s)
{
	return text_is_hex(s, 64);
}

bool container_name_valid(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n > 200 || !g_ascii_isalnum(s[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

static const char *const status_names[CONTAINER_STATUS_COUNT] = {
	[CONTAINER_CREATED] = "created", [CONTAINER_RUNNING] = "running", [CONTAINER_PAUSED] = "paused",
	[CONTAINER_STOPPING] = "stopping", [CONTAINER_EXITED] = "exited",
	[CONTAINER_RESTARTING] = "restarting",
};

const char *container_status_name(enum container_status s)
{
	return status_names[s];
}

char *state_to_json(const struct container_state *st, const char *boot_id)
{
	json_t *doc = json_pack("{s:s, s:i, s:i, s:I, s:I, s:i, s:b, s:b, s:i, s:i, s:i, s:s}", "status", status_names[st->status],
				"pid", (int)st->pid, "keeper_pid", (int)st->keeper_pid, "started_ns",
				(json_int_t)st->started_ns, "finished_ns", (json_int_t)st->finished_ns, "exit_code",
				st->exit_code, "oom_killed", st->oom_killed, "timed_out", st->timed_out, "health", (int)st->health, "restarts",
				st->restarts, "quick_restarts", st->quick_restarts, "boot_id",
				boot_id ? boot_id : "");
	char *text;

	json_object_set_new(doc, "error", text_to_json(st->error));
	text = json_compact(doc);
	json_decref(doc);
	return text;
}

static int state_from_doc(json_t *doc, struct container_state *st, char *boot_id, struct err *e)
{
	const char *status, *boot, *error;
	json_int_t started, finished;
	int pid, keeper, oom, timed_out, health = HEALTH_NONE;

	if (json_unpack(doc, "{s:s, s:i, s:i, s:I, s:I, s:i, s:b, s:b, s?i, s?i, s?i, s:s, s:s}", "status", &status, "pid", &pid,
			"keeper_pid", &keeper, "started_ns", &started, "finished_ns", &finished, "exit_code",
			&st->exit_code, "oom_killed", &oom, "timed_out", &timed_out, "health", &health, "restarts", &st->restarts,
			"quick_restarts", &st->quick_restarts, "boot_id", &boot, "error",
			&error) < 0)
		return err_msg(e, EBADMSG, "a field is missing or has the wrong type");
	for (st->status = 0; st->status < CONTAINER_STATUS_COUNT; st->status++)
		if (strcmp(status, status_names[st->status]) == 0)
			break;
	if (st->status == CONTAINER_STATUS_COUNT || pid < 0 || keeper < 0 || st->restarts < 0 || st->quick_restarts < 0 ||
	    health < 0 || health >= HEALTH_COUNT)
		return err_msg(e, EBADMSG, "a field has an impossible value");
	st->pid = pid;
	st->keeper_pid = keeper;
	st->started_ns = started;
	st->finished_ns = finished;
	st->oom_killed = oom;
	st->timed_out = timed_out;
	st->health = (enum container_health)health;
	g_strlcpy(st->error, error, sizeof st->error);
	g_strlcpy(boot_id, boot, 40);
	return 0;
}

int state_from_json(const char *text, size_t len, struct container_state *st, char *boot_id, struct err *e)
{
	json_error_t je;
	json_t *doc = json_loadb(text, len, 0, &je);
	int ret;

	if (!doc)
		return err_msg(e, EBADMSG, "%s (line %d)", je.text, je.line);
	ret = state_from_doc(doc, st, boot_id, e);
	json_decref(doc);
	return ret;
}
