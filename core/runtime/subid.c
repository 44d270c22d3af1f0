/* subid.c - see subid.h. */
#include "core/runtime/subid.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"

#define CONFIG_MAX (4 * 1024 * 1024)    /* bytes of /etc/subuid, /etc/passwd: sites with many users */

#define FREE_FROM 100000u       /* where useradd(8) begins to give ranges */

/* Is this field the user's name or number? */
static bool is_user(const char *field, const char *user, uid_t uid)
{
	int64_t number;

	if (user && !strcmp(field, user))
		return true;
	return text_int(field, 0, UINT32_MAX, &number) && (uid_t)number == uid;
}

static bool parse_line(char *line, const char *user, uid_t uid, struct id_range *ret)
{
	char *start = strchr(line, ':'), *count = start ? strchr(start + 1, ':') : NULL;
	int64_t first, n;

	if (!count)
		return false;
	*start++ = '\0';
	*count++ = '\0';
	if (!is_user(line, user, uid) || !text_int(start, 0, UINT32_MAX - 1, &first) ||
	    !text_int(g_strchomp(count), 1, UINT32_MAX, &n) || first + n > UINT32_MAX)
		return false;
	*ret = (struct id_range){ .outside = (uint32_t)first, .count = (uint32_t)n };
	return true;
}

size_t subid_parse(const char *text, const char *user, uid_t uid, struct id_range *ret, size_t max)
{
	size_t n = 0;

	while (*text && n < max) {
		size_t len = strcspn(text, "\n");
		g_autofree char *line = g_strndup(text, len);

		if (*line != '#' && parse_line(line, user, uid, &ret[n]))
			n++;
		text += len + (text[len] != '\0');
	}
	return n;
}

uint32_t subid_next_free(const char *text)
{
	uint64_t end = FREE_FROM;

	for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		unsigned first, n;

		if (*p != '#' && sscanf(p, "%*[^:\n]:%u:%u", &first, &n) == 2 && (uint64_t)first + n > end)
			end = (uint64_t)first + n;
	}
	/* Somebody uses the end of the numbers: then the administrator has to choose. */
	return end > UINT32_MAX / 2 ? FREE_FROM : (uint32_t)end;
}

uint32_t subid_next_free_here(void)
{
	static const char *const files[] = { "/etc/subuid", "/etc/subgid" };
	uint32_t end = FREE_FROM;

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL;
		struct err e = ERR_INIT;

		if (file_read(AT_FDCWD, files[i], CONFIG_MAX, &text, NULL, &e) >= 0)
			end = MAX(end, subid_next_free(text));
	}
	return end;
}

/* Does nsswitch.conf send the question elsewhere than to the files? */
static bool asks_library(void)
{
	static enum { UNKNOWN, FILES, LIBRARY } answer;
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	char *line;

	if (answer != UNKNOWN)
		return answer == LIBRARY;
	answer = FILES;
	if (file_read(AT_FDCWD, "/etc/nsswitch.conf", 64 * 1024, &text, NULL, &e) < 0)
		return false;
	line = g_str_has_prefix(text, "subid:") ? text : strstr(text, "\nsubid:");
	if (!line)
		return false;
	line = strchr(line, ':') + 1;
	line += strspn(line, " \t");
	if (!g_str_has_prefix(line, "files") && *line && *line != '\n')
		answer = LIBRARY;
	return answer == LIBRARY;
}

/* struct subid_range of libsubid's interface. */
struct library_range { unsigned long start, count; };

/* How many, or -ENOSYS when the library is not there. */
static int library_ranges(enum subid_kind kind, const char *user, struct id_range *ret, size_t max)
{
	static const char *const files[] = { "libsubid.so.5", "libsubid.so.4", "libsubid.so.3", "libsubid.so" };
	static const char *const names[][2] = {
		{ "subid_get_uid_ranges", "get_subuid_ranges" },
		{ "subid_get_gid_ranges", "get_subgid_ranges" },
	};
	int (*get)(const char *owner, struct library_range **ranges) = NULL;
	struct library_range *ranges = NULL;
	void *lib = NULL;
	size_t n = 0;
	int found;

	for (size_t i = 0; i < G_N_ELEMENTS(files) && !lib; i++)
		lib = dlopen(files[i], RTLD_NOW | RTLD_LOCAL);
	for (int i = 0; lib && i < 2 && !get; i++)
		*(void **)&get = dlsym(lib, names[kind][i]);
	if (!get)
		return -ENOSYS;
	found = get(user, &ranges);
	for (int i = 0; i < found && n < max; i++)
		if (ranges[i].count > 0 && ranges[i].start + ranges[i].count <= UINT32_MAX)
			ret[n++] = (struct id_range){ .outside = (uint32_t)ranges[i].start,
						      .count = (uint32_t)ranges[i].count };
	/* The library stays loaded: it may have started threads of a directory service. */
	return (int)n;
}

size_t subid_ranges(enum subid_kind kind, const char *user, uid_t uid, struct id_range *ret, size_t max)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	int n = user && asks_library() ? library_ranges(kind, user, ret, max) : -ENOSYS;

	/* Without the library newuidmap too goes by the files. */
	if (n >= 0)
		return (size_t)n;
	if (file_read(AT_FDCWD, kind == SUBID_UID ? "/etc/subuid" : "/etc/subgid", CONFIG_MAX, &text, NULL, &e) < 0)
		return 0;
	return subid_parse(text, user, uid, ret, max);
}

/* From /etc/passwd itself: loading the C library's name services costs more than reading it. */
static char *name_in_passwd(uid_t uid)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, "/etc/passwd", CONFIG_MAX, &text, NULL, &e) < 0)
		return NULL;
	for (char *line = text; *line; line += strspn(line, "\n")) {
		size_t len = strcspn(line, "\n");
		char *pass = memchr(line, ':', len);
		char *number = pass ? memchr(pass + 1, ':', len - (size_t)(pass + 1 - line)) : NULL;

		if (number && g_ascii_isdigit(number[1]) && strtoul(number + 1, NULL, 10) == uid)
			return g_strndup(line, (size_t)(pass - line));
		line += len;
	}
	return NULL;
}

char *subid_user_name(uid_t uid)
{
	char *name = name_in_passwd(uid);
	struct passwd *pw;

	if (name)
		return name;
	pw = getpwuid(uid);
	return pw ? g_strdup(pw->pw_name) : NULL;
}
