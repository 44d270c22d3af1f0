/* complete.c - coracle __complete WORDS: what could come next on a command line; the last word is the one being typed.
 *
 * What the scripts of completion.c ask. One candidate a line, with a tab and a description where there is one. A line
 * ":files" says that names of files fit too. Candidates of "--option=value" are the whole word.
 */
#include "cmd/completion.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/globals.h"
#include "core/base/fd.h"
#include "core/oci/capability.h"
#include "storage/image.h"
#include "storage/secret.h"

#define SHORT_ID 12

/* The word being typed. `front` is what stands before the value in it ("--name="), and comes back with each candidate. */
struct typed {
	const char *front, *text;
	GHashTable *seen;       /* offered already, or given before on the line */
};

/* Where the words up to the typed one lead. */
struct line {
	const struct command *cmd;
	const struct opt *pending;      /* the typed word is this option's value */
	int n_args;                     /* arguments before it */
	bool only_args;                 /* options have ended */
};

static void offer(const struct typed *t, const char *candidate, const char *description)
{
	if (!g_str_has_prefix(candidate, t->text) || !g_hash_table_add(t->seen, g_strdup(candidate)))
		return;
	printf("%s%s%s%s\n", t->front, candidate, description ? "\t" : "", description ? description : "");
}

static void offer_option(const struct opt *o, void *data)
{
	g_autofree char *text = g_strconcat("--", o->name, NULL);
	const char letter[] = { '-', o->letter, '\0' };

	offer(data, text, o->help);
	if (o->letter && !strcmp(((const struct typed *)data)->text, "-"))
		offer(data, letter, o->help);
}

static void offer_entries(const struct typed *t, int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			offer(t, d->d_name, NULL);
	if (dir)
		(void)closedir(dir);
	else
		fd_close(&fd);
}

static void offer_container(struct context *c, const struct typed *t, const char *id, bool running)
{
	autorecord *r = NULL;
	struct container_state st;
	struct err ignored = ERR_INIT;
	g_autofree char *short_id = g_strndup(id, SHORT_ID);

	if (container_load(&c->place, id, &r, &ignored) < 0)
		return;
	if (running && (container_read_state(&c->place, id, &st, &ignored) < 0 || (st.status != CONTAINER_RUNNING &&
										   st.status != CONTAINER_PAUSED)))
		return;
	if (r->name)
		offer(t, r->name, r->image_name);
	/* An empty word gets names only. */
	if (*t->text)
		offer(t, short_id, r->name);
}

static void offer_containers(struct context *c, const struct typed *t, bool running)
{
	g_auto(GStrv) ids = NULL;
	struct err ignored = ERR_INIT;

	if (container_list_ids(&c->place, &ids, &ignored) < 0)
		return;
	for (char **id = ids; *id; id++)
		offer_container(c, t, *id, running);
}

/* A name in all its forms that mean the same: with and without host, library/ and :latest. */
static void offer_image_name(const struct typed *t, const char *name)
{
	static const char *const fronts[] = { "docker.io/library/", "docker.io/", "localhost/", "" };
	g_autofree char *untagged = g_str_has_suffix(name, ":latest") ?
		g_strndup(name, strlen(name) - strlen(":latest")) : NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(fronts); i++) {
		if (!g_str_has_prefix(name, fronts[i]))
			continue;
		offer(t, name + strlen(fronts[i]), NULL);
		if (untagged)
			offer(t, untagged + strlen(fronts[i]), NULL);
	}
}

static void offer_images(struct context *c, const struct typed *t)
{
	struct err e = ERR_INIT;
	struct image **list;

	if (image_list(c->store, &list, &e) < 0)
		return;
	for (struct image **i = list; *i; i++) {
		for (char **n = (*i)->names; n && *n; n++)
			offer_image_name(t, *n);
		if (*t->text) {
			g_autofree char *short_id = g_strndup((*i)->id, SHORT_ID);

			offer(t, short_id, NULL);
		}
	}
	image_list_free(list);
}

static void offer_secrets(struct context *c, const struct typed *t)
{
	struct secret **list;
	struct err ignored = ERR_INIT;

	if (secret_list(c->store, &list, &ignored) < 0)
		return;
	for (struct secret **x = list; *x; x++)
		offer(t, (*x)->name, NULL);
	secret_list_free(list);
}

static void offer_signals(const struct typed *t)
{
	for (int n = 1; n < 32; n++) {
		const char *name = sigabbrev_np(n);

		if (name)
			offer(t, name, NULL);
	}
}

static void offer_capabilities(const struct typed *t)
{
	offer(t, "all", NULL);
	for (int n = 0; n < 64; n++) {
		const char *name = capability_name(n);

		if (name)
			offer(t, name, NULL);
	}
}

static bool needs_store(enum opt_complete kind)
{
	return kind != COMPLETE_NONE && kind != COMPLETE_FILE && kind != COMPLETE_CHOICES && kind != COMPLETE_SIGNAL &&
	       kind != COMPLETE_CAPABILITY;
}

static void offer_things(struct context *c, enum opt_complete kind, const struct typed *t)
{
	struct err ignored = ERR_INIT;

	if (needs_store(kind) && context_store(c, &ignored) < 0)
		return;
	switch (kind) {
	case COMPLETE_NONE: case COMPLETE_CHOICES:
		break;
	case COMPLETE_FILE:
		puts(":files");
		break;
	case COMPLETE_IMAGE:
		offer_images(c, t);
		break;
	case COMPLETE_CONTAINER: case COMPLETE_RUNNING:
		offer_containers(c, t, kind == COMPLETE_RUNNING);
		break;
	case COMPLETE_SOURCE:
		puts(":files");
		__attribute__((fallthrough));
	case COMPLETE_VOLUME:
		offer_entries(t, c->store->root_fd, "volumes");
		break;
	case COMPLETE_SECRET:
		offer_secrets(c, t);
		break;
	case COMPLETE_SIGNAL:
		offer_signals(t);
		break;
	case COMPLETE_CAPABILITY:
		offer_capabilities(t);
		break;
	case COMPLETE_ANY:
		offer_containers(c, t, false);
		offer_images(c, t);
		offer_entries(t, c->store->root_fd, "volumes");
		break;
	}
}

/* "host|none|container:": one that ends with a colon goes on with a container's name. */
static void offer_words(struct context *c, const char *words, const struct typed *t)
{
	g_auto(GStrv) list = g_strsplit(words, "|", -1);

	for (char **w = list; *w; w++) {
		g_autofree char *front = g_strconcat(t->front, *w, NULL);
		const struct typed name = { front, t->text + strlen(*w), t->seen };

		if (g_str_has_suffix(*w, ":") && g_str_has_prefix(t->text, *w))
			offer_things(c, COMPLETE_CONTAINER, &name);
		else
			offer(t, *w, NULL);
	}
}

static void offer_value(struct context *c, const struct opt *o, const struct typed *t)
{
	if (o->choices)
		offer_words(c, o->choices + (*o->choices == '~'), t);
	offer_things(c, o->complete, t);
}

/* All names of a command, "|" between them. */
static char *all_names(const struct command *cmd)
{
	return cmd->alias ? g_strconcat(cmd->name, "|", cmd->alias, NULL) : g_strdup(cmd->name);
}

/* The command's words that can stand after `group` ("": at the beginning). Aliases are for those who are in a group. */
static void offer_command(const struct command *cmd, const char *group, const struct typed *t)
{
	g_autofree char *all = *group ? all_names(cmd) : g_strdup(cmd->name);
	g_auto(GStrv) names = g_strsplit(all, "|", -1);

	for (char **n = names; *n; n++) {
		g_auto(GStrv) words = g_strsplit(*n, " ", 2);

		if (!*group)
			offer(t, words[0], words[1] ? NULL : cmd->summary);
		else if (words[1] && !strcmp(words[0], group))
			offer(t, words[1], cmd->summary);
	}
}

static void offer_commands(const char *group, const struct typed *t)
{
	for (const struct command *const *cmd = commands; *cmd; cmd++)
		if (!((*cmd)->flags & COMMAND_HIDDEN))
			offer_command(*cmd, group, t);
}

/* The option of a word whose value is the next word, or NULL. */
static const struct opt *takes_next(const struct opt *table, const char *word)
{
	const struct opt *o;

	if (g_str_has_prefix(word, "--")) {
		o = opt_find(table, word + 2, strlen(word + 2));
		return o && opt_takes_value(o) ? o : NULL;
	}
	for (const char *l = word + 1; *l; l++) {
		o = opt_find_letter(table, *l);
		if (!o)
			return NULL;
		if (opt_takes_value(o))
			return l[1] ? NULL : o;
	}
	return NULL;
}

/* How many of the words are global options; *ret_pending: the typed word is the value of one. */
static int skip_globals(int argc, char **argv, const struct opt **ret_pending)
{
	int i = 0;

	for (*ret_pending = NULL; i < argc - 1 && argv[i][0] == '-' && argv[i][1]; i++) {
		*ret_pending = takes_next(global_options, argv[i]);
		if (*ret_pending && i + 1 < argc - 1) {
			*ret_pending = NULL;
			i++;
		}
	}
	return i;
}

/* Go through the words between the command's name and the typed one. */
static void walk(struct line *l, int argc, char **argv, const struct typed *t)
{
	bool stop = l->cmd->flags & COMMAND_STOP_AT_FIRST;

	for (int i = 0; i < argc - 1; i++) {
		const char *w = argv[i];

		if (l->pending) {
			l->pending = NULL;
		} else if (l->only_args || *w != '-' || !w[1]) {
			l->n_args++;
			l->only_args |= stop;
			g_hash_table_add(t->seen, g_strdup(w));
		} else if (!strcmp(w, "--")) {
			l->only_args = true;
		} else {
			l->pending = takes_next(l->cmd->opts, w);
		}
	}
}

static void offer_argument(struct context *c, const struct line *l, const struct typed *t)
{
	const struct command *cmd = l->cmd;

	/* Behind the first word is the container's own command line: its files are not here. */
	if ((cmd->flags & COMMAND_STOP_AT_FIRST && l->n_args > 0) || (cmd->max_args >= 0 && l->n_args >= cmd->max_args))
		return;
	if (cmd->flags & COMMAND_FIRST_EXISTS && l->n_args > 0)
		return;
	if (cmd->words)
		offer_words(c, cmd->words, t);
	offer_things(c, cmd->complete, t);
}

/* An option's name, or its value in the same word: --name=value, -nvalue. */
static void offer_option_word(struct context *c, const struct opt *table, const char *word, const struct typed *t)
{
	const char *eq = g_str_has_prefix(word, "--") ? strchr(word, '=') : NULL;
	const struct opt *o = eq ? opt_find(table, word + 2, (size_t)(eq - word - 2)) : NULL;
	g_autofree char *front = eq ? g_strndup(word, (size_t)(eq + 1 - word)) : NULL;

	if (o) {
		const struct typed value = { front, eq + 1, t->seen };

		if (opt_takes_value(o))
			offer_value(c, o, &value);
		else
			offer_words(c, "true|false", &value);
		return;
	}
	for (const char *l = word + 1; word[0] == '-' && word[1] && word[1] != '-' && *l; l++) {
		o = opt_find_letter(table, *l);
		if (o && opt_takes_value(o) && l[1]) {
			g_autofree char *before = g_strndup(word, (size_t)(l + 1 - word));
			const struct typed value = { before, l + 1, t->seen };

			offer_value(c, o, &value);
			return;
		}
	}
	opt_each(table, offer_option, (void *)(uintptr_t)t);
	offer(t, "--help", "Show how the command is used");
}

static int run_complete_words(struct context *c, void *values, int argc, char **argv)
{
	static char empty[] = "";
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char *typed = argc > 0 ? argv[argc - 1] : empty;
	const struct typed t = { "", typed, seen };
	struct line l = { NULL, NULL, 0, false };
	int n = skip_globals(argc, argv, &l.pending), words = 0;

	(void)values;
	/* The store that the line names is the one that has its containers. */
	globals_use_words(c, n, argv);
	if (l.pending) {
		offer_value(c, l.pending, &t);
		return 0;
	}
	argc -= n;
	argv += n;
	if (argc > 1 && !strcmp(argv[0], "help")) {
		argc--;
		argv++;
	}
	l.cmd = argc > 1 ? command_find(commands, argc - 1, argv, &words) : NULL;
	if (!l.cmd) {
		if (argc <= 1 && *typed == '-')
			offer_option_word(c, global_options, typed, &t);
		else if (argc <= 2)
			offer_commands(argc == 2 ? argv[0] : "", &t);
		return 0;
	}
	walk(&l, argc - words, argv + words, &t);
	if (l.pending)
		offer_value(c, l.pending, &t);
	else if (*typed == '-' && !l.only_args)
		offer_option_word(c, l.cmd->opts, typed, &t);
	else
		offer_argument(c, &l, &t);
	return 0;
}

static const struct opt no_options[] = { OPT_END };

const struct command command_complete_words = {
	.name = "__complete", .summary = "What could come next on a command line", .usage = "WORD...",
	.opts = no_options, .run = run_complete_words, .min_args = 0, .max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST | COMMAND_HIDDEN,
};
