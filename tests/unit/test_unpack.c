/* test_unpack.c - layers made on the spot, good ones and hostile ones, become trees or clear errors. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/runtime/idmap.h"
#include "storage/layer_tar.h"
#include "storage/owners.h"
#include "storage/unpack.h"
#include "storage/unpack_tree.h"

struct layer { struct archive *a; char *buf; size_t room, len; };

static void begin(struct layer *l, int filter)
{
	l->room = 4 << 20;
	l->buf = g_malloc(l->room);
	l->a = archive_write_new();
	archive_write_set_format_pax(l->a);
	archive_write_add_filter(l->a, filter);
	archive_write_set_bytes_in_last_block(l->a, 1);
	g_assert_cmpint(archive_write_open_memory(l->a, l->buf, l->room, &l->len), ==, ARCHIVE_OK);
}

static struct archive_entry *entry(const char *name, mode_t mode, uint32_t uid, int64_t size)
{
	struct archive_entry *ae = archive_entry_new();

	archive_entry_set_pathname(ae, name);
	archive_entry_set_mode(ae, mode);
	archive_entry_set_uid(ae, uid);
	archive_entry_set_gid(ae, uid);
	archive_entry_set_size(ae, size);
	archive_entry_set_mtime(ae, 1000000000, 0);
	return ae;
}

static void add_entry(struct layer *l, struct archive_entry *ae, const char *data)
{
	g_assert_cmpint(archive_write_header(l->a, ae), >=, ARCHIVE_WARN);
	if (data)
		g_assert_cmpint(archive_write_data(l->a, data, strlen(data)), ==, (int)strlen(data));
	archive_entry_free(ae);
}

static void add_file(struct layer *l, const char *name, const char *data)
{
	add_entry(l, entry(name, S_IFREG | 0644, 0, (int64_t)strlen(data)), data);
}

static void add_dir(struct layer *l, const char *name, mode_t mode)
{
	add_entry(l, entry(name, S_IFDIR | mode, 0, 0), NULL);
}

static void add_link(struct layer *l, const char *name, const char *to, bool hard)
{
	struct archive_entry *ae = entry(name, (hard ? S_IFREG : S_IFLNK) | 0777, 0, 0);

	if (hard)
		archive_entry_set_hardlink(ae, to);
	else
		archive_entry_set_symlink(ae, to);
	add_entry(l, ae, NULL);
}

static char *digest_of(const void *data, size_t len)
{
	unsigned char sum[32];
	GString *s = g_string_new("sha256:");

	g_assert_cmpint(EVP_Digest(data, len, sum, NULL, EVP_sha256(), NULL), ==, 1);
	for (size_t i = 0; i < sizeof sum; i++)
		g_string_append_printf(s, "%02x", sum[i]);
	return g_string_free(s, FALSE);
}

static int nowhere(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	(void)bytes;
	(void)len;
	return 0;
}

/* Every layer that could be unpacked can be given back bit for bit. */
static void assert_given_back(int stage, const char *diff_id)
{
	struct err e = ERR_INIT;
	struct layer_tar given;

	layer_tar_stream_dir(stage, diff_id, nowhere, NULL, &given, &e);
	g_assert_cmpstr(e.msg, ==, "");
	g_assert_true(given.exact);
	g_assert_cmpstr(given.digest, ==, diff_id);
}

/* Unpack `len` bytes into a new directory of the current one; a descriptor of it. */
static int unpack(const char *bytes, size_t len, const char *diff_id, struct unpack_result *ret, struct err *e)
{
	static unsigned count;
	g_autofree char *name = g_strdup_printf("stage%u", count++);
	g_autofree char *digest = digest_of(bytes, len);
	struct descriptor d = { .digest = digest, .size = (int64_t)len };
	autofd in = memfd_create("layer", MFD_CLOEXEC);
	int stage;

	g_assert_cmpint(fd_write_all(in, bytes, len), ==, 0);
	g_assert_cmpint(lseek(in, 0, SEEK_SET), ==, 0);
	g_assert_cmpint(mkdir(name, 0755), ==, 0);
	stage = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (unpack_layer(in, stage, &d, diff_id ? diff_id : digest, ret, e) == 0)
		assert_given_back(stage, diff_id ? diff_id : digest);
	return stage;
}

static int finish(struct layer *l, struct unpack_result *ret, struct err *e)
{
	int stage;

	g_assert_cmpint(archive_write_close(l->a), ==, ARCHIVE_OK);
	archive_write_free(l->a);
	stage = unpack(l->buf, l->len, NULL, ret, e);
	g_free(l->buf);
	return stage;
}

static int finish_well(struct layer *l, struct unpack_result *ret)
{
	struct err e = ERR_INIT;
	int stage = finish(l, ret, &e);

	g_assert_cmpstr(e.msg, ==, "");
	return stage;
}

static void finish_badly(struct layer *l, const char *reason)
{
	struct unpack_result res;
	struct err e = ERR_INIT;
	autofd stage = finish(l, &res, &e);

	g_assert_cmpint(e.code, ==, EBADMSG);
	if (!strstr(e.msg, reason))
		g_error("\"%s\" does not say \"%s\"", e.msg, reason);
}

static struct stat stat_of(int stage, const char *name)
{
	struct stat st;

	if (fstatat(stage, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		g_error("%s: %s", name, strerror(errno));
	return st;
}

static void assert_text(int stage, const char *name, const char *text)
{
	g_autofree char *got = NULL;
	struct err e = ERR_INIT;

	file_read(stage, name, 4096, &got, NULL, &e);
	g_assert_cmpstr(e.msg, ==, "");
	g_assert_cmpstr(got, ==, text);
}

static bool is_opaque(int stage, const char *name)
{
	autofd fd = openat(stage, name, O_RDONLY | O_DIRECTORY);
	char v;

	return fgetxattr(fd, "user.overlay.opaque", &v, 1) == 1;
}

static void test_plain(void)
{
	struct unpack_result res;
	g_autofree char *deep = g_strdup_printf("d/%0200d/%0150d", 1, 2);
	g_autofree char *deep_in_tree = g_strconcat("tree/", deep, NULL);
	struct layer l;
	struct stat st;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "missing/parent/file", "1");
	add_dir(&l, "d", 0750);
	add_file(&l, "./d/../d//f", "hello");
	add_file(&l, deep, "long");
	add_file(&l, "d/\303\244\n:,", "odd");
	add_link(&l, "d/hard", "missing/parent/file", true);
	add_link(&l, "d/soft", "/etc/passwd", false);
	add_entry(&l, entry("d/setuid", S_IFREG | 04755, 0, 1), "x");
	add_entry(&l, entry("d/fifo", S_IFIFO | 0640, 0, 0), NULL);
	add_entry(&l, entry("d/null", S_IFCHR | 0666, 0, 0), NULL);
	add_dir(&l, "missing", 0711);
	stage = finish_well(&l, &res);
	assert_text(stage, "tree/missing/parent/file", "1");
	assert_text(stage, "tree/d/f", "hello");
	assert_text(stage, deep_in_tree, "long");
	assert_text(stage, "tree/d/\303\244\n:,", "odd");
	g_assert_cmpint(stat_of(stage, "tree/d/hard").st_nlink, ==, 2);
	g_assert_true(S_ISLNK(stat_of(stage, "tree/d/soft").st_mode));
	g_assert_cmpint(stat_of(stage, "tree/d/setuid").st_mode & 07777, ==, 04755);
	g_assert_true(S_ISFIFO(stat_of(stage, "tree/d/fifo").st_mode));
	g_assert_false(path_exists_at(stage, "tree/d/null"));
	g_assert_cmpint(res.skipped_devices, ==, 1);
	st = stat_of(stage, "tree/missing");
	g_assert_cmpint(st.st_mode & 07777, ==, 0711);
	g_assert_cmpint(st.st_mtime, ==, 1000000000);
	g_assert_cmpint(stat_of(stage, "tree/d").st_mtime, ==, 1000000000);
	g_assert_cmpint(stat_of(stage, "tree/d/soft").st_mtime, ==, 1000000000);
	g_assert_true(path_exists_at(stage, "info"));
}

static void test_whiteouts(void)
{
	struct unpack_result res;
	struct layer l;
	struct stat st;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "a/.wh.gone", "");
	add_file(&l, "o/x", "1");
	add_file(&l, "o/.wh..wh..opq", "");
	add_file(&l, ".wh.again", "");
	add_file(&l, "again/x", "1");
	add_file(&l, "before/x", "1");
	add_file(&l, ".wh.before", "");
	add_file(&l, ".wh.file", "");
	add_file(&l, "file", "1");
	add_file(&l, ".wh..wh.plnk/7", "");
	stage = finish_well(&l, &res);
	st = stat_of(stage, "tree/a/gone");
	g_assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	g_assert_true(is_opaque(stage, "tree/o"));
	g_assert_true(is_opaque(stage, "tree/again"));
	g_assert_true(is_opaque(stage, "tree/before"));
	assert_text(stage, "tree/file", "1");
	g_assert_false(path_exists_at(stage, "tree/.wh..wh.plnk"));
	g_assert_false(path_exists_at(stage, "tree/a/.wh.gone"));
}

static void test_duplicates(void)
{
	struct unpack_result res;
	struct layer l;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "f", "one");
	add_file(&l, "f", "two");
	add_file(&l, "to-dir", "1");
	add_dir(&l, "to-dir", 0755);
	add_file(&l, "to-dir/x", "2");
	add_file(&l, "to-file/a/b", "1");
	add_file(&l, "to-file", "2");
	add_link(&l, "link", "to-dir", false);
	add_file(&l, "link", "3");
	stage = finish_well(&l, &res);
	assert_text(stage, "tree/f", "two");
	assert_text(stage, "tree/to-dir/x", "2");
	assert_text(stage, "tree/to-file", "2");
	assert_text(stage, "tree/link", "3");
	g_assert_cmpint(stat_of(stage, "tree/to-dir").st_mode & S_IFMT, ==, S_IFDIR);
}

/* Links lead nowhere outside of the tree, whatever comes through them. */
static void test_escapes(void)
{
	struct unpack_result res;
	g_autofree char *here = g_get_current_dir(), *outside = g_build_filename(here, "outside", NULL);
	struct layer l;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_link(&l, "out", "../../", false);
	add_link(&l, "abs", here, false);
	add_dir(&l, "real", 0755);
	add_link(&l, "in", "real", false);
	add_file(&l, "in/through", "1");
	add_file(&l, "/absolute", "1");
	add_file(&l, "out/written", "1");
	stage = finish_well(&l, &res);
	assert_text(stage, "tree/real/through", "1");
	assert_text(stage, "tree/absolute", "1");
	g_assert_false(path_exists_at(AT_FDCWD, "written"));
	g_assert_false(path_exists_at(stage, "written"));
	g_assert_false(path_exists_at(AT_FDCWD, outside));

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "../x", "1");
	finish_badly(&l, "outside of its root");
	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "a/../../x", "1");
	finish_badly(&l, "outside of its root");
	begin(&l, ARCHIVE_FILTER_NONE);
	add_link(&l, "h", "../../../etc/passwd", true);
	finish_badly(&l, "outside of the layer");
	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "d/.wh...", "");
	finish_badly(&l, "bad whiteout");
	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, ".wh.", "");
	finish_badly(&l, "bad whiteout");
}

static void test_xattrs(void)
{
	struct archive_entry *ae = entry("f", S_IFREG | 0644, 0, 1);
	struct unpack_result res;
	struct layer l;
	autofd stage = -1, fd = -1;
	char buf[64];

	begin(&l, ARCHIVE_FILTER_NONE);
	archive_entry_xattr_add_entry(ae, "user.mine", "v", 1);
	archive_entry_xattr_add_entry(ae, "user.overlay.redirect", "/x", 2);
	archive_entry_xattr_add_entry(ae, "trusted.overlay.opaque", "y", 1);
	add_entry(&l, ae, "1");
	stage = finish_well(&l, &res);
	fd = openat(stage, "tree/f", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(fgetxattr(fd, "user.mine", buf, sizeof buf), ==, 1);
	g_assert_cmpint(fgetxattr(fd, "user.overlay.redirect", buf, sizeof buf), <, 0);
}

static int count_owner(void *ctx, const struct owner *o)
{
	if (!strcmp(o->path, "theirs") && o->uid == 4000000000U && (o->mode & 07777) == 04755)
		++*(int *)ctx;
	return 0;
}

static void test_owners(void)
{
	struct unpack_result res;
	struct err e = ERR_INIT;
	struct layer l;
	int found = 0;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_entry(&l, entry("theirs", S_IFREG | 04755, 4000000000U, 1), "1");
	stage = finish_well(&l, &res);
	if (idmap_store()->none)
		return;
	g_assert_cmpint(res.unset_owners, ==, 1);
	g_assert_cmpint(stat_of(stage, "tree/theirs").st_mode & 04000, ==, 0);
	g_assert_cmpint(owners_read(stage, count_owner, &found, &e), ==, 0);
	g_assert_cmpint(found, ==, 1);
}

static int list_owner(void *ctx, const struct owner *o)
{
	g_string_append_printf(ctx, "%s %u %c;", o->path, o->uid, S_ISDIR(o->mode) ? 'd' : S_ISCHR(o->mode) ? 'c' : 'f');
	return 0;
}

/* Records are of what is there at the end, under its real name. */
static void test_stale_owners(void)
{
	const uint32_t theirs = 4000000000U;
	g_autoptr(GString) got = g_string_new(NULL);
	struct unpack_result res;
	struct err e = ERR_INIT;
	struct layer l;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_entry(&l, entry("file", S_IFREG | 0644, theirs, 1), "1");
	add_file(&l, "file", "mine");
	add_entry(&l, entry("dir", S_IFDIR | 0755, theirs, 0), NULL);
	add_entry(&l, entry("dir/x", S_IFREG | 0644, theirs, 1), "1");
	add_file(&l, "dir", "no directory now");
	add_entry(&l, entry("again", S_IFDIR | 0755, theirs, 0), NULL);
	add_entry(&l, entry("again/x", S_IFREG | 0644, theirs, 1), "1");
	add_dir(&l, "again", 0755);
	add_entry(&l, entry("null", S_IFCHR | 0666, 0, 0), NULL);
	add_file(&l, "null", "no device now");
	add_dir(&l, "real", 0755);
	add_link(&l, "link", "real", false);
	add_entry(&l, entry("link/through", S_IFREG | 0644, theirs, 1), "1");
	add_entry(&l, entry("first", S_IFREG | 0644, theirs, 1), "1");
	{
		struct archive_entry *ae = entry("second", S_IFREG | 0644, theirs, 0);

		archive_entry_set_hardlink(ae, "first");
		add_entry(&l, ae, NULL);
	}
	add_file(&l, "first", "mine");
	stage = finish_well(&l, &res);
	if (idmap_store()->none)
		return;
	g_assert_cmpint(owners_read(stage, list_owner, got, &e), ==, 0);
	g_assert_cmpstr(got->str, ==, "again/x 4000000000 f;real/through 4000000000 f;second 4000000000 f;");
}

/* Content whose name was taken by something else is still there for the tar. */
static void test_replaced_content(void)
{
	g_autofree char *big = g_strnfill(300000, 'b');
	struct unpack_result res;
	struct layer l;
	autofd stage = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "f", big);
	add_file(&l, "d/e/deep", "deep one");
	add_file(&l, "d/other", "two");
	add_link(&l, "kept", "d/other", true);
	add_file(&l, "f", "second");
	add_file(&l, "d", "no directory");
	add_file(&l, "f", "third");
	add_file(&l, "d/again", "a directory");
	add_file(&l, "kept", "changed");
	add_link(&l, "to", "d", false);
	add_file(&l, "to/linked", "by a link");
	add_file(&l, "to", "no link");
	add_file(&l, ".wh.gone", "a whiteout with content");
	stage = finish_well(&l, &res);
	assert_text(stage, "tree/f", "third");
	assert_text(stage, "tree/d/again", "a directory");
	assert_text(stage, "tree/d/linked", "by a link");
	assert_text(stage, "tree/to", "no link");
	g_assert_cmpint(stat_of(stage, "tree/kept").st_nlink, ==, 1);
	g_assert_true(is_opaque(stage, "tree/d"));
}

/* A tree that has changed is told. */
static void test_changed_tree(void)
{
	struct unpack_result res;
	struct err e = ERR_INIT;
	struct layer_tar given;
	struct layer l;
	g_autofree char *diff_id = NULL;
	autofd stage = -1, fd = -1;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_file(&l, "f", "hello");
	archive_write_close(l.a);
	archive_write_free(l.a);
	diff_id = digest_of(l.buf, l.len);
	stage = unpack(l.buf, l.len, NULL, &res, &e);
	fd = openat(stage, "tree/f", O_WRONLY);
	g_assert_cmpint(pwrite(fd, "j", 1, 0), ==, 1);
	g_assert_cmpint(layer_tar_stream_dir(stage, diff_id, nowhere, NULL, &given, &e), ==, -EBADMSG);
	g_assert_nonnull(strstr(e.msg, "not what they were"));
	err_clear(&e);
	g_assert_cmpint(ftruncate(fd, 2), ==, 0);
	g_assert_cmpint(layer_tar_stream_dir(stage, diff_id, nowhere, NULL, &given, &e), ==, -EBADMSG);
	g_assert_nonnull(strstr(e.msg, "shorter"));
	err_clear(&e);
	/* Without the record: another tar, and it says so. */
	g_assert_cmpint(unlinkat(stage, "tar", 0), ==, 0);
	g_assert_cmpint(layer_tar_stream_dir(stage, diff_id, nowhere, NULL, &given, &e), ==, 0);
	g_assert_false(given.exact);
	g_assert_cmpstr(given.digest, !=, diff_id);
	g_free(l.buf);
}

static int into_buffer(void *ctx, const void *bytes, size_t len)
{
	g_byte_array_append(ctx, bytes, (guint)len);
	return 0;
}

static GByteArray *made_tar(int stage)
{
	GByteArray *bytes = g_byte_array_new();
	struct err e = ERR_INIT;
	struct layer_tar given;

	(void)unlinkat(stage, "tar", 0);
	layer_tar_stream_dir(stage, "sha256:none", into_buffer, bytes, &given, &e);
	g_assert_cmpstr(e.msg, ==, "");
	return bytes;
}

/* A tar made from a tree unpacks to the same tree, which makes the same tar. */
static void test_made(void)
{
	struct unpack_result res;
	struct err e = ERR_INIT;
	struct layer l;
	autofd stage = -1, again = -1;
	g_autoptr(GByteArray) one = NULL, two = NULL;

	begin(&l, ARCHIVE_FILTER_NONE);
	add_entry(&l, entry("theirs", S_IFREG | 04755, 4000000000U, 1), "1");
	add_entry(&l, entry("null", S_IFCHR | 0666, 0, 0), NULL);
	add_file(&l, "z\377\n", "odd");
	add_link(&l, "hard", "theirs", true);
	add_link(&l, "soft", "/nowhere", false);
	add_file(&l, "o/.wh..wh..opq", "");
	add_file(&l, "o/x", "1");
	add_file(&l, ".wh.gone", "");
	add_entry(&l, entry("fifo", S_IFIFO | 0640, 0, 0), NULL);
	stage = finish_well(&l, &res);
	one = made_tar(stage);
	again = unpack((char *)one->data, one->len, NULL, &res, &e);
	g_assert_cmpstr(e.msg, ==, "");
	two = made_tar(again);
	g_assert_cmpmem(one->data, one->len, two->data, two->len);
	g_assert_true(is_opaque(again, "tree/o"));
	g_assert_cmpint(stat_of(again, "tree/hard").st_nlink, ==, 2);
	g_assert_true(S_ISCHR(stat_of(again, "tree/gone").st_mode));
	g_assert_false(path_exists_at(again, "tree/.wh.gone"));
}

/* A gzip or zstd stream, whole, in two members, cut off, followed by garbage, and with a wrong digest. */
static void test_compressed(gconstpointer filter)
{
	struct unpack_result res;
	struct layer l, plain;
	g_autofree char *diff_id = NULL, *twice = NULL;
	struct err e = ERR_INIT;
	autofd good = -1, cut = -1, junk = -1, wrong = -1;

	begin(&plain, ARCHIVE_FILTER_NONE);
	add_file(&plain, "f", "hello");
	archive_write_close(plain.a);
	diff_id = digest_of(plain.buf, plain.len);
	begin(&l, GPOINTER_TO_INT(filter));
	add_file(&l, "f", "hello");
	archive_write_close(l.a);
	good = unpack(l.buf, l.len, diff_id, &res, &e);
	g_assert_cmpstr(e.msg, ==, "");
	assert_text(good, "tree/f", "hello");
	cut = unpack(l.buf, l.len - 5, diff_id, &res, &e);
	g_assert_cmpint(e.code, ==, EBADMSG);
	g_assert_nonnull(strstr(e.msg, "too early"));
	l.buf[l.len] = 'x';
	err_clear(&e);
	junk = unpack(l.buf, l.len + 1, diff_id, &res, &e);
	g_assert_cmpint(e.code, ==, EBADMSG);
	err_clear(&e);
	wrong = unpack(l.buf, l.len, "sha256:0000000000000000000000000000000000000000000000000000000000000000",
		       &res, &e);
	g_assert_cmpint(e.code, ==, EBADMSG);
	g_assert_nonnull(strstr(e.msg, diff_id));
	archive_write_free(l.a);
	archive_write_free(plain.a);
	g_free(l.buf);
	g_free(plain.buf);
}

/* A frame that wants a window of 2 GiB: clear, and nothing is allocated. */
static void test_zstd_window(void)
{
	/* magic; no content size, no checksum; window 2^31; one raw block of a byte, the last */
	static const char frame[] = { 0x28, (char)0xb5, 0x2f, (char)0xfd, 0x00, (char)0xa8, 0x09, 0x00, 0x00, 'x' };
	struct unpack_result res;
	struct err e = ERR_INIT;
	autofd stage = unpack(frame, sizeof frame, NULL, &res, &e);

	g_assert_cmpint(e.code, ==, EBADMSG);
	g_assert_nonnull(strstr(e.msg, "a window of more than 128 MiB"));
}

static void test_names(void)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "a/b", "a/b" }, { "/a//b/", "a/b" }, { "./a/./b", "a/b" }, { "a/../b", "b" }, { ".", "" },
		{ "", "" }, { "a/b/..", "a" }, { "..", NULL }, { "a/../../b", NULL }, { "...", "..." },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = unpack_clean_name(cases[i].in);

		g_assert_cmpstr(got, ==, cases[i].out);
	}
}

/* All of it in a child that is root of the store map, in a directory that goes away with it. */
static int all_tests(void)
{
	g_test_add_func("/unpack/names", test_names);
	g_test_add_func("/unpack/plain", test_plain);
	g_test_add_func("/unpack/whiteouts", test_whiteouts);
	g_test_add_func("/unpack/duplicates", test_duplicates);
	g_test_add_func("/unpack/escapes", test_escapes);
	g_test_add_func("/unpack/xattrs", test_xattrs);
	g_test_add_func("/unpack/owners", test_owners);
	g_test_add_func("/unpack/stale-owners", test_stale_owners);
	g_test_add_func("/unpack/replaced-content", test_replaced_content);
	g_test_add_func("/unpack/changed-tree", test_changed_tree);
	g_test_add_func("/unpack/made", test_made);
	g_test_add_func("/unpack/zstd-window", test_zstd_window);
	g_test_add_data_func("/unpack/gzip", GINT_TO_POINTER(ARCHIVE_FILTER_GZIP), test_compressed);
	g_test_add_data_func("/unpack/zstd", GINT_TO_POINTER(ARCHIVE_FILTER_ZSTD), test_compressed);
	return g_test_run();
}

int main(int argc, char **argv)
{
	g_autofree char *dir = g_dir_make_tmp("coracle-unpack-XXXXXX", NULL);
	struct err e = ERR_INIT;
	int r;

	g_test_init(&argc, &argv, NULL);
	g_assert_nonnull(dir);
	g_assert_cmpint(idmap_enter(idmap_store(), &e), ==, 0);
	g_assert_cmpint(chdir(dir), ==, 0);
	r = all_tests();
	(void)path_remove_tree(AT_FDCWD, dir);
	return r;
}
