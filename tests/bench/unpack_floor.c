/* unpack_floor.c - the least that unpacking an image's layers takes: `curl` | digest | inflate | digest | files.
 *
 *     unpack_floor DIRECTORY CA URL...
 *
 * One process a layer, all at once, each with one thread: what the store's own unpacking does beside this (three threads,
 * records, locks, confinement, verification of names) is what it is measured for. Run as root of a user namespace. Owners,
 * modes and times are set; names are trusted, whiteouts are files.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

#define PIECE (256 * 1024)

struct layer {
	int fd;
	EVP_MD_CTX *packed, *plain;
	uint8_t in[PIECE], out[PIECE];
#ifdef HAVE_ISAL
	struct inflate_state z;
#else
	z_stream z;
#endif
};

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

static void refill(struct layer *l)
{
	ssize_t n = read(l->fd, l->in, sizeof l->in);

	if (n < 0)
		die("read");
	EVP_DigestUpdate(l->packed, l->in, (size_t)n);
	l->z.next_in = l->in;
	l->z.avail_in = (unsigned)n;
}

static la_ssize_t next_bytes(struct archive *a, void *ctx, const void **ret)
{
	struct layer *l = ctx;
	size_t n;

	(void)a;
	if (l->z.avail_in == 0)
		refill(l);
	l->z.next_out = l->out;
	l->z.avail_out = sizeof l->out;
#ifdef HAVE_ISAL
	if (isal_inflate(&l->z) < 0)
		die("inflate");
#else
	if (inflate(&l->z, Z_NO_FLUSH) < 0)
		die("inflate");
#endif
	n = sizeof l->out - l->z.avail_out;
	EVP_DigestUpdate(l->plain, l->out, n);
	*ret = l->out;
	return (la_ssize_t)n;
}

static void make_parents(int dir, const char *name)
{
	char *copy = strdup(name);

	for (char *p = copy; (p = strchr(p + 1, '/'));) {
		*p = '\0';
		(void)mkdirat(dir, copy, 0755);
		*p = '/';
	}
	free(copy);
}

static void put_file(int dir, const char *name, struct archive *a, struct archive_entry *ae)
{
	const struct timespec times[2] = { { archive_entry_mtime(ae), 0 }, { archive_entry_mtime(ae), 0 } };
	int fd = openat(dir, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	const void *block;
	la_int64_t offset;
	size_t len;

	if (fd < 0 && errno == ENOENT) {
		make_parents(dir, name);
		fd = openat(dir, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		die(name);
	while (archive_read_data_block(a, &block, &len, &offset) == ARCHIVE_OK)
		if (pwrite(fd, block, len, offset) != (ssize_t)len)
			die("write");
	if (fchown(fd, (uid_t)archive_entry_uid(ae), (gid_t)archive_entry_gid(ae)) < 0 || fchmod(fd, archive_entry_perm(ae)) < 0 ||
	    futimens(fd, times) < 0)
		die(name);
	(void)close(fd);
}

static void put(int dir, struct archive *a, struct archive_entry *ae)
{
	const char *name = archive_entry_pathname(ae), *link = archive_entry_hardlink(ae);

	while (*name == '/' || !strncmp(name, "./", 2))
		name += *name == '/' ? 1 : 2;
	if (link) {
		while (*link == '/' || !strncmp(link, "./", 2))
			link += *link == '/' ? 1 : 2;
		make_parents(dir, name);
		(void)!linkat(dir, link, dir, name, 0);
		return;
	}
	switch (archive_entry_filetype(ae)) {
	case AE_IFREG:
		put_file(dir, name, a, ae);
		return;
	case AE_IFDIR:
		make_parents(dir, name);
		(void)mkdirat(dir, *name ? name : ".", archive_entry_perm(ae));
		(void)!fchmodat(dir, *name ? name : ".", archive_entry_perm(ae), 0);
		break;
	case AE_IFLNK:
		make_parents(dir, name);
		(void)!symlinkat(archive_entry_symlink(ae), dir, name);
		break;
	default:
		return;
	}
	(void)!fchownat(dir, *name ? name : ".", (uid_t)archive_entry_uid(ae), (gid_t)archive_entry_gid(ae), AT_SYMLINK_NOFOLLOW);
}

static void unpack(int fd, const char *place)
{
	struct layer *l = calloc(1, sizeof *l);
	struct archive *a = archive_read_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct archive_entry *ae;
	const void *rest;
	int dir;

	if (mkdir(place, 0755) < 0 || (dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		die(place);
	umask(0);
	l->fd = fd;
	l->packed = EVP_MD_CTX_new();
	l->plain = EVP_MD_CTX_new();
	EVP_DigestInit_ex(l->packed, EVP_sha256(), NULL);
	EVP_DigestInit_ex(l->plain, EVP_sha256(), NULL);
#ifdef HAVE_ISAL
	isal_inflate_init(&l->z);
	l->z.crc_flag = ISAL_GZIP;
#else
	(void)inflateInit2(&l->z, 15 + 16);
#endif
	archive_read_support_format_tar(a);
	archive_read_open(a, l, NULL, next_bytes, NULL);
	while (archive_read_next_header(a, &ae) == ARCHIVE_OK)
		put(dir, a, ae);
	while (next_bytes(a, l, &rest) > 0)
		;
	EVP_DigestFinal_ex(l->packed, sum, NULL);
	EVP_DigestFinal_ex(l->plain, sum, NULL);
	_exit(0);
}

static int fetch(const char *ca, const char *url)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		die("pipe");
	(void)fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	if (fork() == 0) {
		(void)dup2(p[1], STDOUT_FILENO);
		execlp("curl", "curl", "-sf", "--cacert", ca, url, (char *)NULL);
		die("curl");
	}
	(void)close(p[1]);
	return p[0];
}

int main(int argc, char **argv)
{
	int status, failed = 0;

	for (int i = 3; i < argc; i++) {
		char place[4096];
		int fd = fetch(argv[2], argv[i]);

		snprintf(place, sizeof place, "%s/%d", argv[1], i);
		if (fork() == 0)
			unpack(fd, place);
		(void)close(fd);
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
