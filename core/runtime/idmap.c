/* idmap.c - which ids a user namespace holds: the store map and the maps of --userns. Text: idmap.h.
 * Writing the maps is in idmap_write.c. */
#include "core/runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/runtime/caps.h"
#include "core/runtime/idmap_private.h"
#include "core/runtime/subid.h"


int64_t idmap_outside(const struct id_range *r, size_t n, uint32_t inside)
{
	for (size_t i = 0; i < n; i++)
		if (inside >= r[i].inside && inside - r[i].inside < r[i].count)
			return (int64_t)r[i].outside + (inside - r[i].inside);
	return -1;
}

int64_t idmap_inside(const struct id_range *r, size_t n, uint32_t outside)
{
	for (size_t i = 0; i < n; i++)
		if (outside >= r[i].outside && outside - r[i].outside < r[i].count)
			return (int64_t)r[i].inside + (outside - r[i].outside);
	return -1;
}

/* The last id inside plus one. */
static uint32_t end_of(const struct id_range *r, size_t n)
{
	uint32_t end = 0;

	for (size_t i = 0; i < n; i++)
		if (r[i].inside + r[i].count > end)
			end = r[i].inside + r[i].count;
	return end;
}

static void set_one_id(struct idmap *m, uint32_t inside_uid, uint32_t inside_gid)
{
	m->one_id = true;
	m->n_uid = m->n_gid = 1;
	m->uid[0] = (struct id_range){ inside_uid, geteuid(), 1 };
	m->gid[0] = (struct id_range){ inside_gid, getegid(), 1 };
}

/* The ranges of a uid_map or gid_map file of /proc. */
static size_t read_ranges(const char *file, struct id_range *ret, size_t max)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;
	unsigned inside, outside, count;
	int used;

	if (file_read(AT_FDCWD, file, 64 * 1024, &text, NULL, &e) < 0)
		return 0;
	for (char *p = text; n < max && sscanf(p, "%u %u %u%n", &inside, &outside, &count, &used) == 3; p += used)
		ret[n++] = (struct id_range){ inside, outside, count };
	return n;
}

void idmap_of(pid_t pid, struct idmap *ret)
{
	char file[32];

	memset(ret, 0, sizeof *ret);
	snprintf(file, sizeof file, "/proc/%d/uid_map", (int)pid);
	ret->n_uid = read_ranges(file, ret->uid, IDMAP_MAX);
	snprintf(file, sizeof file, "/proc/%d/gid_map", (int)pid);
	ret->n_gid = read_ranges(file, ret->gid, IDMAP_MAX);
	ret->one_id = ret->n_uid == 1 && ret->uid[0].count == 1 && ret->n_gid == 1 && ret->gid[0].count == 1;
}

/* Is the whole of this range one that exists in our own user namespace? */
static bool exists_here(const struct id_range *own, size_t n_own, const struct id_range *r)
{
	for (size_t i = 0; i < n_own; i++)
		if (r->outside >= own[i].inside && r->count <= own[i].count &&
		    r->outside - own[i].inside <= own[i].count - r->count)
			return true;
	return false;
}

/* 0 is the user, 1... the granted ranges one after the other. False when none can be used. */
static bool fill_side(enum subid_kind kind, const char *user, uint32_t own_id, struct id_range *out, size_t *ret_n)
{
	struct id_range granted[IDMAP_MAX], own[IDMAP_MAX];
	size_t n = subid_ranges(kind, user, getuid(), granted, IDMAP_MAX - 1), count = 0;
	size_t n_own = read_ranges(kind == SUBID_UID ? "/proc/self/uid_map" : "/proc/self/gid_map", own, IDMAP_MAX);
	uint32_t next = 1;

	out[count++] = (struct id_range){ 0, own_id, 1 };
	for (size_t i = 0; i < n; i++) {
		if (!exists_here(own, n_own, &granted[i]) || granted[i].count > UINT32_MAX - 1 - next)
			continue;
		out[count] = granted[i];
		out[count++].inside = next;
		next += granted[i].count;
	}
	*ret_n = count;
	return count > 1;
}

bool idmap_find_helper(const char *name, char *path, size_t size)
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin", "/run/wrappers/bin",
		"/run/current-system/sw/bin" };

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		snprintf(path, size, "%s/%s", dirs[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void range_command(char *to, size_t size, const char *user, bool uids_too)
{
	uint32_t from = subid_next_free_here(), last = from + 65535;
	char uids[48] = "";

	if (uids_too)
		snprintf(uids, sizeof uids, " --add-subuids %u-%u", from, last);
	snprintf(to, size, "usermod%s --add-subgids %u-%u %s", uids, from, last, user);
}

void idmap_more_ids(char *command, size_t size)
{
	g_autofree char *user = subid_user_name(getuid());

	range_command(command, size, user ? user : "USER", true);
}

/* With the command that gives this user ids that nobody else has. */
static void explain_no_range(struct idmap *m, const char *user, const char *kind)
{
	range_command(m->mend_one_id, sizeof m->mend_one_id, user, *kind == 'u');
	snprintf(m->why_one_id, sizeof m->why_one_id, "no usable range for %s in /etc/sub%s; as root: %.*s", user, kind,
		 (int)sizeof m->mend_one_id, m->mend_one_id);
}

static void explain_no_helper(struct idmap *m)
{
	snprintf(m->mend_one_id, sizeof m->mend_one_id, "apt-get install uidmap");
	snprintf(m->why_one_id, sizeof m->why_one_id, "newuidmap and newgidmap are not installed; on Debian: %.*s",
		 (int)sizeof m->mend_one_id, m->mend_one_id);
}

/* The store map of an ordinary user, or the reason why it has one id only ("" when it has more). */
static void plan_user(struct idmap *m)
{
	g_autofree char *user = subid_user_name(getuid());
	char path[64];
	const char *kind = NULL;

	if (!user)
		snprintf(m->why_one_id, sizeof m->why_one_id,
			 "uid %u has no entry in the user data base (passwd)", getuid());
	else if (!fill_side(SUBID_UID, user, geteuid(), m->uid, &m->n_uid))
		kind = "uid";
	else if (!fill_side(SUBID_GID, user, getegid(), m->gid, &m->n_gid))
		kind = "gid";
	else if (!idmap_find_helper("newuidmap", path, sizeof path) ||
		 !idmap_find_helper("newgidmap", path, sizeof path))
		explain_no_helper(m);
	else if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		snprintf(m->why_one_id, sizeof m->why_one_id,
			 "this session may not gain privileges (no_new_privs), so newuidmap cannot work");
	if (kind)
		explain_no_range(m, user, kind);
	if (*m->why_one_id)
		set_one_id(m, 0, 0);
}

/* uid 0, of the machine or of a container that we run in: every id there is, unchanged. */
static void plan_root(struct idmap *m)
{
	struct id_range here[IDMAP_MAX];

	m->n_uid = read_ranges("/proc/self/uid_map", here, IDMAP_MAX);
	for (size_t i = 0; i < m->n_uid; i++)
		m->uid[i] = (struct id_range){ here[i].inside, here[i].inside, here[i].count };
	m->n_gid = read_ranges("/proc/self/gid_map", here, IDMAP_MAX);
	for (size_t i = 0; i < m->n_gid; i++)
		m->gid[i] = (struct id_range){ here[i].inside, here[i].inside, here[i].count };
	m->none = caps_have(CAP_SYS_ADMIN);
	if (m->n_uid == 0 || m->n_gid == 0 || (!m->none && !(caps_have(CAP_SETUID) && caps_have(CAP_SETGID)))) {
		snprintf(m->why_one_id, sizeof m->why_one_id,
			 "this root has not the capabilities CAP_SETUID and CAP_SETGID");
		m->none = false;
		set_one_id(m, 0, 0);
	} else {
		m->one_id = end_of(m->uid, m->n_uid) == 1 && end_of(m->gid, m->n_gid) == 1;
		if (m->one_id)
			snprintf(m->why_one_id, sizeof m->why_one_id,
				 "the user namespace that this runs in has a single id");
	}
}

const struct idmap *idmap_store(void)
{
	static struct idmap store;
	static bool known;

	if (known)
		return &store;
	if (geteuid() == 0)
		plan_root(&store);
	else
		plan_user(&store);
	known = true;
	return &store;
}

/* One side of a map being made: ranges appended, store ids turned into host ids. */
struct side {
	const struct id_range *store;
	size_t n_store;
	struct id_range *out;
	size_t *n;
	const char *what;       /* "uid", "gid" */
};

/* Neighbours stay two ranges: the kernel takes none that spans two of the namespace that we are in. */
static int add_host(struct side *s, uint32_t inside, uint32_t outside, uint32_t count, struct err *e)
{
	for (size_t i = 0; i < *s->n; i++) {
		const struct id_range *r = &s->out[i];

		if ((inside < (uint64_t)r->inside + r->count && r->inside < (uint64_t)inside + count) ||
		    (outside < (uint64_t)r->outside + r->count && r->outside < (uint64_t)outside + count))
			return err_msg(e, EINVAL, "%s map %u:%u:%u overlaps another one", s->what, inside, outside,
				       count);
	}
	if (*s->n == IDMAP_MAX)
		return err_msg(e, E2BIG, "%s map has more than %d ranges", s->what, IDMAP_MAX);
	s->out[(*s->n)++] = (struct id_range){ inside, outside, count };
	return 0;
}

/* `count` ids from store id `from`; they may lie in several ranges of the host. */
static int add_store(struct side *s, uint32_t inside, uint32_t from, uint32_t count, struct err *e)
{
	while (count > 0) {
		uint32_t take = 0;
		int r;

		for (size_t i = 0; i < s->n_store; i++) {
			const struct id_range *g = &s->store[i];

			if (from < g->inside || from - g->inside >= g->count)
				continue;
			take = MIN(count, g->count - (from - g->inside));
			r = add_host(s, inside, g->outside + (from - g->inside), take, e);
			if (r < 0)
				return r;
			break;
		}
		if (!take)
			return err_msg(e, EINVAL, "%s %u is not available: there are %u %ss here (subordinate ids, "
				       "see subuid(5))", s->what, from, end_of(s->store, s->n_store), s->what);
		inside += take;
		from += take;
		count -= take;
	}
	return 0;
}

/* 0 ... own-1 and own+1 ... are subordinate ids, `own` is the user. */
static int keep_side(struct side *s, uint32_t own, struct err *e)
{
	uint32_t subs = end_of(s->store, s->n_store) - 1, below = MIN(own, subs);
	int r = below ? add_store(s, 0, 1, below, e) : 0;

	if (r == 0)
		r = add_store(s, own, 0, 1, e);
	if (r == 0 && subs > own)
		r = add_store(s, own + 1, own + 1, subs - own, e);
	return r;
}

/* "inside:outside[:count]"; outside "@N" is a host id, and the flags u and g choose a side. */
static int maps_side(struct side *s, const char *const *maps, struct err *e)
{
	char other = s->what[0] == 'u' ? 'g' : 'u';

	for (; maps && *maps; maps++) {
		const char *text = *maps;
		g_auto(GStrv) part = NULL;
		int64_t inside, outside, count = 1;
		bool host;
		int r;

		if (*text == other && g_ascii_isdigit(text[1]))
			continue;
		part = g_strsplit(text + (*text == s->what[0]), ":", -1);
		host = part[0] && part[1] && *part[1] == '@';
		if (g_strv_length(part) < 2 || g_strv_length(part) > 3 ||
		    !text_int(part[0], 0, UINT32_MAX - 1, &inside) ||
		    !text_int(part[1] + host, 0, UINT32_MAX - 1, &outside) ||
		    (part[2] && !text_int(part[2], 1, UINT32_MAX, &count)) || inside + count > UINT32_MAX)
			return err_msg(e, EINVAL, "--%smap %s: not of the form inside:outside[:count]", s->what, text);
		r = host ? add_host(s, (uint32_t)inside, (uint32_t)outside, (uint32_t)count, e) :
			   add_store(s, (uint32_t)inside, (uint32_t)outside, (uint32_t)count, e);
		if (r < 0)
			return err_wrap(e, "--%smap %s", s->what, text);
	}
	if (*s->n == 0)
		return err_msg(e, EINVAL, "--%smap: no range given", s->what);
	return 0;
}

static int plan_side(const struct userns_request *req, struct side *s, struct err *e)
{
	bool uid = s->what[0] == 'u';
	uint32_t subs = end_of(s->store, s->n_store) - 1;
	const char *const *maps = uid ? req->uid_maps : req->gid_maps;

	switch (req->mode) {
	case USERNS_KEEP_ID:
		return keep_side(s, uid ? req->keep_uid : req->keep_gid, e);
	case USERNS_NOMAP:
		return add_store(s, 0, 1, subs, e);
	case USERNS_AUTO:
		return add_store(s, 0, req->auto_first, req->auto_size, e);
	case USERNS_MAPS:
		/* As podman: with one side given, it is used for both. */
		if (!maps || !*maps)
			maps = uid ? req->gid_maps : req->uid_maps;
		return maps_side(s, maps, e);
	case USERNS_HOST:
		break;
	}
	return -EINVAL;
}

/* Replace the store's subordinate ids by those granted to another name (--subuidname). */
static int named_store(const struct userns_request *req, struct idmap *store, struct err *e)
{
	if (req->subuid_name && !fill_side(SUBID_UID, req->subuid_name, geteuid(), store->uid, &store->n_uid))
		return err_msg(e, ENOENT, "--subuidname %s: no range in /etc/subuid", req->subuid_name);
	if (req->subgid_name && !fill_side(SUBID_GID, req->subgid_name, getegid(), store->gid, &store->n_gid))
		return err_msg(e, ENOENT, "--subgidname %s: no range in /etc/subgid", req->subgid_name);
	return 0;
}

int idmap_plan(const struct userns_request *req, struct idmap *ret, struct err *e)
{
	struct idmap store = *idmap_store(), m = { .none = false };
	struct side uid = { store.uid, 0, m.uid, &m.n_uid, "uid" };
	struct side gid = { store.gid, 0, m.gid, &m.n_gid, "gid" };
	int r = named_store(req, &store, e);

	if (r < 0)
		return r;
	uid.n_store = store.n_uid;
	gid.n_store = store.n_gid;
	if (req->mode == USERNS_HOST && !req->subuid_name && !req->subgid_name) {
		*ret = store;
		return 0;
	}
	if (req->mode == USERNS_HOST) {
		store.none = false;
		*ret = store;
		return 0;
	}
	if (store.one_id && req->mode == USERNS_KEEP_ID) {
		set_one_id(&store, req->keep_uid, req->keep_gid);
		*ret = store;
		return 0;
	}
	if (store.one_id && req->mode != USERNS_MAPS)
		return err_msg(e, EINVAL, "--userns=%s needs subordinate ids: %s",
			       req->mode == USERNS_NOMAP ? "nomap" : "auto", store.why_one_id);
	r = plan_side(req, &uid, e);
	if (r == 0)
		r = plan_side(req, &gid, e);
	if (r < 0)
		return store.one_id ? err_hint(e, "%s", store.why_one_id) : r;
	m.one_id = m.n_uid == 1 && m.uid[0].count == 1 && m.n_gid == 1 && m.gid[0].count == 1;
	*ret = m;
	return 0;
}

static bool same_ranges(const struct id_range *a, size_t na, const struct id_range *b, size_t nb)
{
	uint32_t id = 0, end = end_of(a, na);

	if (end != end_of(b, nb))
		return false;
	/* Ranges may be cut differently; owners differ only where a range begins. */
	for (size_t i = 0; i < na + nb; i++) {
		id = i < na ? a[i].inside : b[i - na].inside;
		if (idmap_outside(a, na, id) != idmap_outside(b, nb, id))
			return false;
	}
	return true;
}

bool idmap_shows_store(const struct idmap *m)
{
	const struct idmap *s = idmap_store();

	return same_ranges(m->uid, m->n_uid, s->uid, s->n_uid) && same_ranges(m->gid, m->n_gid, s->gid, s->n_gid);
}
