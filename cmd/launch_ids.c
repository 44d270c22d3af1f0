/* launch_ids.c - the id map of a container, from the words in its record. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/launch.h"
#include "core/base/text.h"
#include "core/runtime/idmap.h"

static int one_option(const char *mode, const char *option, struct userns_request *req, struct err *e)
{
	bool keep = req->mode == USERNS_KEEP_ID, aut = req->mode == USERNS_AUTO;
	const char *eq = strchr(option, '=');
	int64_t v;

	if (!eq || !text_int(eq + 1, 0, UINT32_MAX - 1, &v))
		return err_msg(e, EINVAL, "--userns %s: '%s': name=number is needed", mode, option);
	if (keep && g_str_has_prefix(option, "uid="))
		req->keep_uid = (uint32_t)v;
	else if (keep && g_str_has_prefix(option, "gid="))
		req->keep_gid = (uint32_t)v;
	else if (aut && g_str_has_prefix(option, "size="))
		req->auto_size = (uint32_t)v;
	else
		return err_msg(e, EINVAL, "--userns %s: unknown option '%s'", mode, option);
	return 0;
}

int launch_userns_parse(const char *mode, struct userns_request *req, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(mode, ":", 2);
	g_auto(GStrv) options = g_strsplit(parts[1] ? parts[1] : "", ",", -1);

	if (!strcmp(parts[0], "host"))
		req->mode = USERNS_HOST;
	else if (!strcmp(parts[0], "keep-id"))
		req->mode = USERNS_KEEP_ID;
	else if (!strcmp(parts[0], "nomap"))
		req->mode = USERNS_NOMAP;
	else if (!strcmp(parts[0], "auto"))
		req->mode = USERNS_AUTO;
	else
		return err_msg(e, EINVAL, "--userns %s: host, keep-id, nomap, auto or container:NAME is needed", mode);
	for (char **o = options; *o; o++)
		if (one_option(mode, *o, req, e) < 0)
			return -e->code;
	return 0;
}

/* --uidmap without --gidmap is both, and the other way round, as podman's. */
static void use_maps(const struct container_record *r, const struct launch_extras *x, struct userns_request *req)
{
	req->mode = USERNS_MAPS;
	req->uid_maps = (const char *const *)(r->uid_maps ? r->uid_maps : r->gid_maps);
	req->gid_maps = (const char *const *)(r->gid_maps ? r->gid_maps : r->uid_maps);
	req->subuid_name = x->subuid_name ? x->subuid_name : x->subgid_name;
	req->subgid_name = x->subgid_name ? x->subgid_name : x->subuid_name;
}

int launch_idmap(struct context *c, const struct container_record *r, const struct launch_extras *x,
		 struct idmap *ret, struct err *e)
{
	struct userns_request req = { .mode = USERNS_HOST, .keep_uid = getuid(), .keep_gid = getgid() };
	const char *of = x->join[RSPEC_NS_USER];

	if (of && (!r->id || strcmp(of, r->id) != 0)) {
		autorecord *other = NULL;
		struct launch_extras theirs;

		if (container_load(&c->place, of, &other, e) < 0 || launch_extras_from_json(other, &theirs, e) < 0)
			return -e->code;
		return launch_idmap(c, other, &theirs, ret, e);
	}
	if (r->uid_maps || r->gid_maps || x->subuid_name || x->subgid_name)
		use_maps(r, x, &req);
	else if (r->userns && *r->userns && launch_userns_parse(r->userns, &req, e) < 0)
		return -e->code;
	req.auto_first = x->auto_first;
	req.auto_size = x->auto_size;
	return idmap_plan(&req, ret, e);
}

void launch_keep_ids(const struct container_record *r, uint32_t *uid, uint32_t *gid)
{
	struct userns_request req = { .mode = USERNS_HOST, .keep_uid = getuid(), .keep_gid = getgid() };
	struct err ignored = ERR_INIT;

	(void)launch_userns_parse(r->userns ? r->userns : "", &req, &ignored);
	*uid = req.keep_uid;
	*gid = req.keep_gid;
}
