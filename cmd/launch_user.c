/* launch_user.c - see launch_user.h. The files are foreign bytes: lines that make no sense are skipped. */
#include "cmd/launch_user.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/text.h"

#define FIELDS_MAX 7
#define ACCOUNTS_MAX (16 * 1024 * 1024)

char *account_file_read(int rootfd, const char *path)
{
	autofd fd = path_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK, 0);
	char *text = NULL;
	size_t len;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fd_read_all(fd, ACCOUNTS_MAX, &text, &len) < 0)
		return NULL;
	return text;
}

/* One line of a passwd or group file, split at colons; pointers into `line`, which is changed. */
static unsigned split_line(char *line, char *fields[FIELDS_MAX])
{
	unsigned n = 0;

	for (char *p = line; n < FIELDS_MAX; n++) {
		fields[n] = p;
		p += strcspn(p, ":");
		if (!*p)
			return n + 1;
		*p++ = '\0';
	}
	return n;
}

/* Call f with the fields of every line until it returns true. */
typedef bool line_reader(char *const *fields, unsigned n, void *data);
static bool each_line(const char *text, line_reader *f, void *data)
{
	while (text && *text) {
		size_t len = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, len);
		char *fields[FIELDS_MAX];
		unsigned n = split_line(line, fields);

		if (*line && *line != '#' && f(fields, n, data))
			return true;
		text += len + (text[len] == '\n');
	}
	return false;
}

static bool number(const char *s, uint32_t *ret)
{
	int64_t v;

	if (!*s || strspn(s, "0123456789") != strlen(s) || !text_int(s, 0, UINT32_MAX - 1, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

struct user_search {
	struct arena *a;
	const char *name;       /* or NULL: */
	uint32_t uid;
	struct found_user *found;
};

static bool user_line(char *const *f, unsigned n, void *data)
{
	struct user_search *s = data;
	uint32_t uid, gid;

	if (n < 4 || !number(f[2], &uid) || !number(f[3], &gid))
		return false;
	if (s->name ? strcmp(s->name, f[0]) != 0 : s->uid != uid)
		return false;
	s->found->uid = uid;
	s->found->gid = gid;
	s->found->in_passwd = true;
	s->found->name = arena_strdup(s->a, f[0]);
	if (n > 5 && *f[5] == '/')
		s->found->home = arena_strdup(s->a, f[5]);
	return true;
}

struct group_search { const char *name; uint32_t gid; bool by_gid; };

static bool group_line(char *const *f, unsigned n, void *data)
{
	struct group_search *s = data;
	uint32_t gid;

	if (n < 3 || !number(f[2], &gid) || (s->by_gid ? gid != s->gid : strcmp(s->name, f[0]) != 0))
		return false;
	s->gid = gid;
	return true;
}

struct member_search { struct arena *a; struct found_user *found; };

static bool member_line(char *const *f, unsigned n, void *data)
{
	struct member_search *s = data;
	g_auto(GStrv) members = g_strsplit(n > 3 ? f[3] : "", ",", -1);
	uint32_t gid;

	if (n > 3 && number(f[2], &gid) && gid != s->found->gid && s->found->n_groups < 256 &&
	    g_strv_contains((const char *const *)members, s->found->name))
		*ARENA_PUSH(s->a, s->found->groups, s->found->n_groups) = gid;
	return false;
}

int group_find(const char *group, const char *name, uint32_t *ret, struct err *e)
{
	struct group_search s = { .name = name };

	/* A name made of digits is looked for first, as podman does. */
	if (each_line(group, group_line, &s)) {
		*ret = s.gid;
		return 0;
	}
	if (number(name, ret))
		return 0;
	err_msg(e, ENOENT, "unable to find group %s: no matching entries in group file", name);
	return err_exit(e, EXIT_NOT_EXECUTABLE);
}

int user_find(struct arena *a, const char *passwd, const char *group, const char *user, struct found_user *ret,
	      struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(user ? user : "", ":", 2);
	const char *name = parts[0] && *parts[0] ? parts[0] : "0", *of_group = parts[0] ? parts[1] : NULL;
	struct found_user u = { .home = arena_strdup(a, "/") };
	struct user_search s = { .a = a, .name = name, .found = &u };
	struct group_search by_gid = { .by_gid = true };
	struct member_search m = { a, &u };

	if (!each_line(passwd, user_line, &s)) {
		if (!number(name, &s.uid)) {
			err_msg(e, ENOENT, "unable to find user %s: no matching entries in passwd file", name);
			return err_exit(e, EXIT_NOT_EXECUTABLE);
		}
		s.name = NULL;
		u.uid = s.uid;
		(void)each_line(passwd, user_line, &s);
	}
	if (of_group && *of_group) {
		if (group_find(group, of_group, &u.gid, e) < 0)
			return -e->code;
	} else if (u.name) {
		(void)each_line(group, member_line, &m);
	}
	by_gid.gid = u.gid;
	u.gid_in_group = each_line(group, group_line, &by_gid);
	*ret = u;
	return 0;
}

struct gid_search { struct arena *a; uint32_t gid; char *name; };

static bool gid_line(char *const *f, unsigned n, void *data)
{
	struct gid_search *s = data;
	uint32_t gid;

	if (n < 3 || !number(f[2], &gid) || gid != s->gid)
		return false;
	s->name = arena_strdup(s->a, f[0]);
	return true;
}

char *group_name(struct arena *a, const char *group, uint32_t gid)
{
	struct gid_search s = { .a = a, .gid = gid };

	(void)each_line(group, gid_line, &s);
	return s.name;
}
