/* origin_registry.c - docker://: a registry and its mirrors. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>

#include "cmd/image/origin.h"
#include "cmd/image/sources.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "net/registry/policy.h"
#include "net/registry/transfer.h"

struct registry_origin {
	struct origin p;
	struct sources sources;
	struct policy *policy;
};

/* The first of the places that has it is where all else is asked. */
static int find_manifest(struct registry_origin *rp, const char *digest, struct document *ret, struct err *e)
{
	int r = -ENOENT;

	for (size_t i = 0; i < rp->sources.n; i++) {
		struct source *from = &rp->sources.list[i];
		const char *what = digest ? digest : from->ref.digest[0] ? from->ref.digest : from->ref.tag;

		err_clear(e);
		r = registry_manifest(from->registry, what, -1, ret, e);
		if (r == 0) {
			rp->p.registry = from->registry;
			rp->p.ref = from->ref;
			return 0;
		}
		if (i + 1 < rp->sources.n)
			log_warn("%s: %s: trying the next place", from->name, e->msg);
	}
	return r;
}

static int get_manifest(struct origin *p, const char *digest, struct document *ret, struct err *e)
{
	struct registry_origin *rp = (struct registry_origin *)p;
	const char *digests[2] = { NULL, NULL };
	bool first = !p->registry;
	int r = digest && p->registry ? registry_manifest(p->registry, digest, -1, ret, e) : find_manifest(rp, digest, ret, e);

	/* What an index vouches for by digest needs no signature of its own. */
	if (r < 0 || (digest && !first))
		return r;
	digests[0] = ret->digest;
	return policy_check_image(rp->policy, &p->ref, p->registry, digests, e);
}

static int get_blob(struct origin *p, const struct descriptor *d, struct document *ret, struct err *e)
{
	return registry_blob(p->registry, d, ret, e);
}

static int pump(struct registry *g, struct transfer *t, struct err *e)
{
	int r;

	while ((r = transfer_advance(t, e)) == 0) {
		struct pollfd fd;
		int wait = transfer_waits(t, &fd);

		r = registry_step(g, &fd, fd.fd >= 0 ? 1 : 0, wait >= 0 ? wait : 1000, e);
		if (r < 0)
			return r;
	}
	return MIN(r, 0);
}

static int send_blob(struct origin *p, const struct descriptor *d, int out_fd, struct err *e)
{
	struct transfer *t;
	int r = registry_renew(p->registry, e), fd;

	if (r < 0)
		return r;
	fd = fcntl(out_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set(e, errno, "blob %s", d->digest);
	(void)fd_set_nonblock(fd, true);
	t = transfer_new(p->registry, d, fd, -1, 0);
	r = pump(p->registry, t, e);
	transfer_free(t);
	return r;
}

static void close_origin(struct origin *p)
{
	struct registry_origin *rp = (struct registry_origin *)p;

	sources_close(&rp->sources);
	policy_free(rp->policy);
}

static const struct origin_ops ops = { get_manifest, get_blob, send_blob, close_origin };

int origin_open_registry(struct context *c, const struct registry_options *ro, struct origin **p, struct err *e)
{
	struct registry_origin *rp = g_new0(struct registry_origin, 1);
	autoregistries *conf = NULL;
	int r;

	(void)c;
	rp->p = **p;
	rp->p.ops = &ops;
	g_free(*p);
	*p = &rp->p;
	r = registries_load(&conf, e);
	if (r == 0)
		r = policy_load(&rp->policy, e);
	if (r == 0)
		r = sources_open(conf, ro, rp->p.name.ref, &rp->sources, e);
	for (size_t i = 0; r == 0 && i < rp->sources.n; i++)
		r = policy_check_name(rp->policy, &rp->sources.list[i].ref, e);
	if (r == 0)
		rp->p.ref = rp->sources.list[0].ref;
	return r;
}
