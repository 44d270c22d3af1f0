/* names.c - see names.h. */
#include "core/container/names.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/container/record.h"

#define NAMES_LOCK "names.lock" /* in the run directory: names/ holds names only */

/* What `name` says, whether or not that container is there. 1, 0 or -errno. */
static int read_claim(const struct container_place *p, const char *name, char *ret_id)
{
	char id[66];
	ssize_t n = readlinkat(p->names_fd, name, id, sizeof id);

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	if (n != 64)
		return -EBADMSG;
	id[64] = '\0';
	if (!container_id_valid(id))
		return -EBADMSG;
	memcpy(ret_id, id, 65);
	return 1;
}

static bool is_committed(const struct container_place *p, const char *id)
{
	char path[96];

	snprintf(path, sizeof path, "%s/" RECORD_FILE, id);
	return faccessat(p->containers_fd, path, F_OK, 0) == 0;
}

static bool is_locked(const struct container_place *p, const char *id)
{
	char path[96];

	snprintf(path, sizeof path, "%s/" LOCK_FILE, id);
	return lock_is_held(p->containers_fd, path) == 1;
}

int name_lookup(const struct container_place *p, const char *name, char *ret_id)
{
	char id[65];
	int r = read_claim(p, name, id);

	if (r == -EBADMSG)
		return 0;
	if (r <= 0)
		return r;
	if (!is_committed(p, id))
		return 0;
	memcpy(ret_id, id, sizeof id);
	return 1;
}

static int taken(const char *name, const char *id, struct err *e)
{
	return err_msg(e, EEXIST, "the container name \"%s\" is already in use by %s; remove that container or "
		       "use --replace to be able to reuse that name", name, id);
}

/* The link says something stale: replace it, one at a time. */
static int take_over(const struct container_place *p, const char *name, const char *id, struct err *e)
{
	autofd lock = lock_open(p->run_fd, NAMES_LOCK);
	char holder[65], tmp[72];
	int r = lock < 0 ? lock : lock_wait(lock, LOCK_EXCLUSIVE);

	if (r < 0)
		return err_set(e, -r, "lock the container names");
	r = read_claim(p, name, holder);
	if (r == 1 && (is_committed(p, holder) || is_locked(p, holder)))
		return taken(name, holder, e);
	snprintf(tmp, sizeof tmp, ".%s", id);
	if (symlinkat(id, p->names_fd, tmp) < 0 || renameat(p->names_fd, tmp, p->names_fd, name) < 0)
		return err_set(e, errno, "claim the container name %s", name);
	return 0;
}

int name_claim(const struct container_place *p, const char *name, const char *id, struct err *e)
{
	char holder[65];
	int r;

	if (symlinkat(id, p->names_fd, name) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(e, errno, "claim the container name %s", name);
	r = read_claim(p, name, holder);
	if (r == 1 && (is_committed(p, holder) || is_locked(p, holder)))
		return taken(name, holder, e);
	return take_over(p, name, id, e);
}

bool name_release(const struct container_place *p, const char *name, const char *id)
{
	char holder[65];

	return read_claim(p, name, holder) == 1 && strcmp(holder, id) == 0 && unlinkat(p->names_fd, name, 0) == 0;
}

void name_collect(const struct container_place *p, const char *name)
{
	autofd lock = -1;
	char holder[65];

	if (read_claim(p, name, holder) != 1 || is_committed(p, holder) || is_locked(p, holder))
		return;
	/* A free claim changes hands under this lock only. */
	lock = lock_open(p->run_fd, NAMES_LOCK);
	if (lock < 0 || lock_wait(lock, LOCK_EXCLUSIVE) < 0)
		return;
	if (read_claim(p, name, holder) == 1 && !is_committed(p, holder) && !is_locked(p, holder))
		(void)unlinkat(p->names_fd, name, 0);
}

static const char *const adjectives[] = {
	"airy", "amber", "ample", "azure", "balmy", "bold", "brackish", "brave", "breezy", "bright", "brisk", "calm",
	"choppy", "clear", "coastal", "cobalt", "cool", "coral", "crisp", "deep", "drifting", "eager", "easy", "ebbing",
	"fair", "fleet", "floating", "foamy", "fresh", "gentle", "gliding", "golden", "grand", "hale", "hardy", "hazel",
	"hearty", "inland", "ivory", "jaunty", "jolly", "keen", "kind", "lively", "lucid", "lunar", "mellow", "merry",
	"misty", "moored", "nimble", "noble", "northern", "opal", "pearly", "placid", "plucky", "polar", "proud",
	"quick", "quiet", "rapid", "rippling", "rosy", "rustic", "salty", "sandy", "serene", "shady", "silver", "sleek",
	"smooth", "snug", "southern", "spry", "stately", "steady", "still", "stout", "sunny", "swift", "tidal", "tidy",
	"tranquil", "trim", "upbeat", "vivid", "warm", "wavy", "western", "wide", "windy", "winding", "witty", "woven",
	"young", "zesty",
};
static const char *const nouns[] = {
	"anchor", "auk", "avocet", "barge", "bay", "beacon", "beaver", "bittern", "boom", "bow", "breeze", "brook",
	"buoy", "canoe", "capstan", "catfish", "channel", "cod", "compass", "coot", "cormorant", "cove", "crab", "crane",
	"creek", "current", "cutter", "delta", "dhow", "dinghy", "dolphin", "dory", "duck", "dune", "eddy", "eel",
	"egret", "eider", "estuary", "ferry", "fjord", "ford", "frigate", "gannet", "grebe", "gull", "halyard",
	"harbour", "haven", "heron", "hull", "island", "jetty", "kayak", "keel", "ketch", "kingfisher", "lagoon",
	"lake", "lantern", "lighter", "lock", "loon", "lugger", "marsh", "mast", "minnow", "mooring", "oar", "otter",
	"oyster", "paddle", "pelican", "perch", "petrel", "pier", "pike", "pilot", "plover", "pond", "prow", "puffin",
	"punt", "quay", "raft", "reed", "reef", "ripple", "river", "rudder", "salmon", "sandbar", "schooner", "seal",
	"shoal", "shore", "skiff", "sloop", "spray", "spring", "squid", "stern", "strait", "stream", "swan", "tarn",
	"teal", "tern", "thwart", "tide", "tiller", "trout", "turtle", "walrus", "wave", "weir", "wharf", "yawl",
};

char *name_random(void)
{
	uint32_t r[2] = { 0, 0 };

	if (getrandom(r, sizeof r, 0) != sizeof r)
		r[0] = r[1] = (uint32_t)getpid();
	return g_strdup_printf("%s_%s", adjectives[r[0] % G_N_ELEMENTS(adjectives)],
			       nouns[r[1] % G_N_ELEMENTS(nouns)]);
}
