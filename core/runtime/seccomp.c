/* seccomp.c - see seccomp.h. */
#include "core/runtime/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/runtime/pretend.h"
#include "core/runtime/seccomp_document.h"
#include "core/runtime/seccomp_notify.h"
#include "core/runtime/seccomp_table.h"

#include "core/runtime/seccomp_default.inc"

/*
 * A cache file: this header, then `n` instructions, nothing else. Its name is the hash of all that the program
 * was made from. It is believed when it is a regular file of ours that nobody else can write, of exactly the
 * length that it says, for the name that it is found under.
 */
struct cache_header {
	char magic[8];
	uint32_t n, flags;
	char key[64];
};

static const char cache_magic[8] = { 'c', 'o', 'r', 'B', 'P', 'F', '1', '\n' };

int seccomp_install(const struct seccomp_program *p, struct err *e)
{
	struct sock_fprog prog = { .len = p->n };
	/* The two exclude each other, and there is one thread. */
	unsigned flags = seccomp_notify_wanted(p) ? p->flags & ~SECCOMP_FILTER_FLAG_TSYNC : p->flags;
	int fd, r;

	if (!p->insns)
		return 0;
	/* Before this one, which may forbid what that takes. */
	if (p->pretend && pretend_install(p->pretend, e) < 0)
		return -e->code;
	/* The kernel only reads them; its struct lacks the const. */
	memcpy(&prog.filter, &p->insns, sizeof prog.filter);
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (fd < 0) {
		if (errno == EACCES)
			return err_set(e, EACCES, "load the seccomp filter without CAP_SYS_ADMIN or "
				       "no_new_privileges");
		return err_set(e, errno, "load the seccomp filter");
	}
	if (!seccomp_notify_wanted(p))
		return 0;
	r = seccomp_notify_send(p->notify, fd);
	(void)close(fd);
	return r < 0 ? err_set(e, -r, "tell the listener of linux.seccomp") : 0;
}

void seccomp_program_free(struct seccomp_program *p)
{
	g_free(p->owned);
	*p = (struct seccomp_program)SECCOMP_PROGRAM_INIT;
}

/* What a cached filter depends on, as a file name (64 hex digits). */
static char *cache_key(const char *kind, const char *text, uint64_t capabilities)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const struct scmp_version *v = seccomp_version();
	struct utsname u = { .release = "" };
	g_autofree char *head = NULL;

	(void)uname(&u);
	head = g_strdup_printf("%.8s%s libseccomp %u.%u.%u arch %x kernel %s caps %llx\n", cache_magic, kind,
			       v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0, seccomp_arch_native(), u.release,
			       (unsigned long long)capabilities);
	g_checksum_update(sum, (const guchar *)head, (gssize)strlen(head));
	if (text)
		g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text));
	return g_strdup(g_checksum_get_string(sum));
}

/* The cache directory, made when missing; -1 when there is none to be had. */
static int cache_open(const char *dir)
{
	g_autofree char *own = NULL;
	struct stat st;
	autofd fd = -1;

	if (!dir) {
		own = g_build_filename(g_get_user_cache_dir(), PACKAGE, "seccomp", NULL);
		dir = own;
	}
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && path_mkdirs(dir, 0700) == 0)
		fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022)) {
		log_debug("no cache of seccomp filters in %s", dir);
		return -1;
	}
	return take_fd(&fd);
}

static bool cache_believable(int fd, const struct cache_header *h, const char *key)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
	       memcmp(h->magic, cache_magic, sizeof h->magic) == 0 && memcmp(h->key, key, sizeof h->key) == 0 &&
	       h->n > 0 && h->n <= BPF_MAXINSNS &&
	       st.st_size == (off_t)(sizeof *h + h->n * sizeof(struct sock_filter));
}

static bool cache_read(int dirfd, const char *key, struct seccomp_program *ret)
{
	autofd fd = openat(dirfd, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	g_autofree struct sock_filter *insns = NULL;
	struct cache_header h;
	size_t len;

	if (fd < 0 || fd_read_full(fd, &h, sizeof h) != (ssize_t)sizeof h || !cache_believable(fd, &h, key))
		return false;
	len = h.n * sizeof *insns;
	insns = g_malloc(len);
	if (fd_read_full(fd, insns, len) != (ssize_t)len)
		return false;
	ret->flags = h.flags;
	ret->n = (unsigned short)h.n;
	ret->owned = g_steal_pointer(&insns);
	ret->insns = ret->owned;
	return true;
}

static void cache_write(int dirfd, const char *key, const struct seccomp_program *p)
{
	struct cache_header h = { .n = p->n, .flags = p->flags };
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct err e = ERR_INIT;

	memcpy(h.magic, cache_magic, sizeof h.magic);
	memcpy(h.key, key, sizeof h.key);
	g_byte_array_append(bytes, (const guint8 *)&h, sizeof h);
	g_byte_array_append(bytes, (const guint8 *)p->insns, (guint)(p->n * sizeof *p->insns));
	/* Not durable: a file that a crash cut short has the wrong length. */
	if (file_replace(dirfd, key, bytes->data, bytes->len, 0600, false, &e) < 0)
		log_debug("ignoring: cache of seccomp filters: %s", e.msg);
}

/* From the cache, or from `text` (NULL: the built-in table) by way of libseccomp. */
static int cached(const char *cache_dir, const char *kind, const char *text, uint64_t capabilities,
		  struct seccomp_program *ret, struct err *e)
{
	g_autofree char *key = cache_key(kind, text, capabilities);
	struct seccomp_policy policy = SECCOMP_POLICY_INIT;
	struct sock_filter *insns = NULL;
	autofd dirfd = cache_open(cache_dir);
	int r = 0;

	if (dirfd >= 0 && cache_read(dirfd, key, ret))
		return 0;
	if (text)
		r = seccomp_document_parse(text, strlen(text), capabilities, &policy, e);
	else
		seccomp_table_policy(capabilities, &policy);
	if (r == 0)
		r = seccomp_policy_compile(&policy, &insns, &ret->n, e);
	if (r == 0) {
		ret->flags = policy.flags;
		ret->insns = ret->owned = insns;
		if (dirfd >= 0)
			cache_write(dirfd, key, ret);
	}
	seccomp_policy_free(&policy);
	return r;
}

static int prepare_default(uint64_t capabilities, const char *cache_dir, struct seccomp_program *ret, struct err *e)
{
	uint64_t key = seccomp_table_key(capabilities);

	for (size_t i = 0; i < G_N_ELEMENTS(default_variants); i++)
		if (default_variants[i].key == key) {
			ret->insns = default_variants[i].insns;
			ret->n = default_variants[i].n;
			return 0;
		}
	return cached(cache_dir, "built-in of " PACKAGE_VERSION, NULL, key, ret, e);
}

int seccomp_prepare(const struct rspec *spec, const char *cache_dir, struct seccomp_program *ret, struct err *e)
{
	struct seccomp_program p = SECCOMP_PROGRAM_INIT;
	/* A spec without capabilities keeps what the caller has, which in its own user namespace is everything. */
	uint64_t caps = spec->process.has_capabilities ? spec->process.capabilities[CAP_SET_BOUNDING] : UINT64_MAX;
	int r = 0;

	if (spec->seccomp == SECCOMP_DEFAULT)
		r = prepare_default(caps, cache_dir, &p, e);
	else if (spec->seccomp == SECCOMP_DOCUMENT)
		r = cached(cache_dir, "document", spec->seccomp_json ? spec->seccomp_json : "{}", caps, &p, e);
	if (r < 0)
		return r;
	*ret = p;
	return 0;
}

int seccomp_check_document(const char *text, size_t len, struct err *e)
{
	struct seccomp_policy policy = SECCOMP_POLICY_INIT;
	int r = len > SECCOMP_DOCUMENT_MAX ? err_msg(e, EFBIG, "seccomp profile: larger than %d bytes",
						     SECCOMP_DOCUMENT_MAX)
					   : seccomp_document_parse(text, len, UINT64_MAX, &policy, e);

	if (r == 0 && (policy.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		r = err_msg(e, ENOTSUP, "seccomp profile: SCMP_ACT_NOTIFY is not supported: there is no listener");
	seccomp_policy_free(&policy);
	return r;
}

char *seccomp_default_document(uint64_t capabilities)
{
	struct seccomp_policy policy = SECCOMP_POLICY_INIT;
	char *text;

	seccomp_table_policy(capabilities, &policy);
	text = seccomp_document_print(&policy);
	seccomp_policy_free(&policy);
	return text;
}
