/* mount_options.c - see mount_options.h. */
#include "core/runtime/mount_options.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

/* A word and what it does to the attributes; with an "r" in front, to all mounts below too. */
static const struct attr_word {
	const char *word;
	uint64_t set, clear;
} attr_words[] = {
	{ "ro", MOUNT_ATTR_RDONLY, 0 },
	{ "rw", 0, MOUNT_ATTR_RDONLY },
	{ "nosuid", MOUNT_ATTR_NOSUID, 0 },
	{ "suid", 0, MOUNT_ATTR_NOSUID },
	{ "nodev", MOUNT_ATTR_NODEV, 0 },
	{ "dev", 0, MOUNT_ATTR_NODEV },
	{ "noexec", MOUNT_ATTR_NOEXEC, 0 },
	{ "exec", 0, MOUNT_ATTR_NOEXEC },
	{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	{ "diratime", 0, MOUNT_ATTR_NODIRATIME },
	{ "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
	{ "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
	{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
};

static const struct {
	const char *word;
	uint64_t type;
	bool all;
} propagations[] = {
	{ "private", MS_PRIVATE, false }, { "rprivate", MS_PRIVATE, true },
	{ "slave", MS_SLAVE, false }, { "rslave", MS_SLAVE, true },
	{ "shared", MS_SHARED, false }, { "rshared", MS_SHARED, true },
	{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
};

/* Said by many producers, without a meaning for us. */
static const char *const ignored[] = { "defaults", "loud", "silent", "async", "nomand", "mand", "acl", "noacl",
	"iversion", "noiversion", "auto", "noauto", "user", "nouser", "nofail", "copy", "nocopy" };

/* Of a whole file system, whatever its type: fsconfig(2) takes them. A bind is only a view of one: the kernel has no
 * place for them there, and mount(8) drops them. */
static const char *const whole[] = { "sync", "dirsync", "lazytime", "nolazytime", NULL };

static const struct attr_word *find_attr(const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(attr_words); i++)
		if (!strcmp(attr_words[i].word, word))
			return &attr_words[i];
	return NULL;
}

static void apply(uint64_t *set, uint64_t *clear, const struct attr_word *w)
{
	/* The last word wins; a kind of atime replaces every other one. */
	*set = (*set & ~w->clear) | w->set;
	*clear = (*clear & ~w->set) | w->clear;
}

static bool parse_word(const char *word, struct mount_options *o)
{
	const struct attr_word *w = find_attr(word);

	if (w) {
		apply(&o->set, &o->clear, w);
		return true;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(propagations); i++) {
		if (!strcmp(propagations[i].word, word)) {
			o->propagation = propagations[i].type;
			o->propagation_all = propagations[i].all;
			return true;
		}
	}
	w = *word == 'r' ? find_attr(word + 1) : NULL;
	if (w) {
		apply(&o->set_all, &o->clear_all, w);
		return true;
	}
	if (!strcmp(word, "bind") || !strcmp(word, "rbind")) {
		o->bind = true;
		o->recursive = *word == 'r';
	} else if (!strcmp(word, "remount")) {
		o->remount = true;
	} else if (!strcmp(word, "tmpcopyup")) {
		o->copy_up = true;
	} else if (!strcmp(word, "idmap") || !strcmp(word, "ridmap")) {
		o->idmap = true;
	} else {
		for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
			if (!strcmp(ignored[i], word))
				return true;
		return false;
	}
	return true;
}

int mount_options_parse(const char *const *options, struct mount_options *ret, struct err *e)
{
	memset(ret, 0, sizeof *ret);
	for (; options && *options; options++) {
		if (parse_word(*options, ret))
			continue;
		if (ret->n_data == MOUNT_DATA_MAX)
			return err_msg(e, E2BIG, "more than %d options", MOUNT_DATA_MAX);
		ret->data[ret->n_data++] = *options;
	}
	for (unsigned i = ret->n_data; ret->bind && i-- > 0;)
		if (g_strv_contains(whole, ret->data[i]))
			memmove(&ret->data[i], &ret->data[i + 1], (--ret->n_data - i) * sizeof ret->data[0]);
	if (ret->bind && ret->n_data)
		return err_msg(e, EINVAL, "unknown option '%s'", ret->data[0]);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **mount_options_known(void)
{
	static const char *const others[] = { "bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap" };
	GPtrArray *a = g_ptr_array_new();
	size_t n;

	for (size_t i = 0; i < G_N_ELEMENTS(attr_words); i++) {
		g_ptr_array_add(a, g_strdup(attr_words[i].word));
		g_ptr_array_add(a, g_strconcat("r", attr_words[i].word, NULL));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(propagations); i++)
		g_ptr_array_add(a, g_strdup(propagations[i].word));
	for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
		g_ptr_array_add(a, g_strdup(ignored[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		g_ptr_array_add(a, g_strdup(others[i]));
	for (const char *const *w = whole; *w; w++)
		g_ptr_array_add(a, g_strdup(*w));
	n = a->len;
	g_ptr_array_add(a, NULL);
	qsort(a->pdata, n, sizeof(char *), by_name);
	return (char **)g_ptr_array_free(a, FALSE);
}
