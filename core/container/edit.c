/* edit.c - see edit.h. */
#include "core/container/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/container/ctl.h"
#include "core/container/names.h"
#include "core/container/record.h"

#define EDIT_LOCK "records.lock"        /* in the run directory; held for the time of one small write */

/* Take the lock and read the record as it is now. The lock or -errno. */
static int begin(const struct container_place *p, const char *id, struct container_record **ret, struct err *e)
{
	autofd lock = lock_open(p->run_fd, EDIT_LOCK);
	int r = lock < 0 ? lock : lock_wait(lock, LOCK_EXCLUSIVE);

	if (r < 0)
		return err_set(e, -r, "lock the containers' records");
	r = container_load(p, id, ret, e);
	return r < 0 ? r : take_fd(&lock);
}

static int write_record(const struct container_place *p, const struct container_record *r, struct err *e)
{
	autofd dir = container_open(p, r->id, e);
	char *text;
	int ret;

	if (dir < 0)
		return dir;
	text = record_to_json(r);
	if (!text)
		return err_msg(e, EINVAL, "the container's record cannot be written as JSON");
	ret = file_replace(dir, RECORD_FILE, text, strlen(text), 0600, true, e);
	free(text);
	return ret;
}

/* The keeper, if there is one, says it in its events. */
static void tell_name(const struct container_place *p, const struct container_record *r)
{
	autofd sock = ctl_connect(p, r->id);

	if (sock >= 0)
		(void)ctl_send(sock, CTL_RENAMED, 0, 0, 0, r->name, strlen(r->name));
}

int container_rename(const struct container_place *p, const char *id, const char *name, struct err *e)
{
	autorecord *record = NULL;
	autofd lock = -1;
	char *old;
	int r;

	if (!container_name_valid(name))
		return err_msg(e, EINVAL, "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument");
	lock = begin(p, id, &record, e);
	if (lock < 0)
		return lock;
	if (strcmp(record->name, name) == 0)
		return 0;
	r = name_claim(p, name, id, e);
	if (r < 0)
		return err_wrap(e, "renaming container %.12s", id);
	old = record->name;
	record->name = arena_strdup(&record->arena, name);
	r = write_record(p, record, e);
	(void)name_release(p, r < 0 ? name : old, id);
	if (r == 0) {
		tell_name(p, record);
		container_event(p, record, "rename");
	}
	return r;
}

int container_set_host_ports(const struct container_place *p, const char *id, const struct port_mapping *ports, size_t n,
			     struct err *e)
{
	autorecord *record = NULL;
	autofd lock = begin(p, id, &record, e);
	bool changed = false;

	if (lock < 0)
		return lock;
	for (size_t i = 0; i < n && i < record->n_ports; i++) {
		changed = changed || record->ports[i].host_port != ports[i].host_port;
		record->ports[i].host_port = ports[i].host_port;
	}
	return changed ? write_record(p, record, e) : 0;
}

int container_set_config(const struct container_place *p, const char *id, const char *config_json, struct err *e)
{
	autofd dir = container_open(p, id, e);

	return dir < 0 ? dir : file_replace(dir, CONFIG_FILE, config_json, strlen(config_json), 0600, true, e);
}
