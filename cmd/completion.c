/* completion.c - see completion.h. The scripts ask `coracle __complete WORDS`; the last word is the one being
 * typed. One candidate a line; no line means: file names. */
#include "cmd/completion.h"

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "cmd/globals.h"
#include "storage/image.h"
#include "storage/secret.h"


static const char bash_script[] =
	"# bash completion for coracle\n"
	"_coracle() {\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} IFS=$'\\n'\n"
	"	COMPREPLY=($(\"${COMP_WORDS[0]}\" __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
	"	[ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))\n"
	"}\n"
	"complete -o filenames -F _coracle coracle\n";

static const char zsh_script[] =
	"#compdef coracle\n"
	"_coracle() {\n"
	"	local -a found\n"
	"	found=(\"${(@f)$(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"	if [[ -n ${found[1]} ]]; then compadd -- \"${found[@]}\"; else _files; fi\n"
	"}\n"
	"compdef _coracle coracle\n";

static const char fish_script[] =
	"# fish completion for coracle\n"
	"function __coracle_complete\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	$words[1] __complete -- $words[2..-1] 2>/dev/null\n"
	"end\n"
	"complete -c coracle -a '(__coracle_complete)'\n";

static int run_completion(struct context *c, void *values, int argc, char **argv)
{
	static const struct { const char *shell, *script; } scripts[] = {
		{ "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script },
	};
	struct err e = ERR_INIT;

	(void)c;
	(void)values;
	(void)argc;
	for (unsigned i = 0; i < G_N_ELEMENTS(scripts); i++) {
		if (!strcmp(scripts[i].shell, argv[0])) {
			fputs(scripts[i].script, stdout);
			return 0;
		}
	}
	err_msg(&e, EINVAL, "no completion for \"%s\": it takes one of bash|zsh|fish", argv[0]);
	return fail(&e);
}

/* The word being typed, and what fits it is printed. */
static void offer(const char *typed, const char *candidate)
{
	if (g_str_has_prefix(candidate, typed))
		puts(candidate);
}

static void offer_option(const struct opt *o, void *data)
{
	g_autofree char *text = g_strconcat("--", o->name, NULL);

	offer(data, text);
}

static void offer_choices(const char *typed, const char *choices)
{
	g_auto(GStrv) words = g_strsplit(choices, "|", -1);

	for (char **w = words; *w; w++)
		offer(typed, *w);
}

static void offer_entries(int dirfd, const char *typed)
{
	int fd = dup(dirfd);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return;
	rewinddir(dir);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			offer(typed, d->d_name);
	closedir(dir);
}

/* A name in all its forms that mean the same: with and without host, library/ and :latest. */
static void offer_image_name(const char *typed, const char *name)
{
	static const char *const fronts[] = { "docker.io/library/", "docker.io/", "localhost/", "" };
	g_autofree char *untagged = g_str_has_suffix(name, ":latest") ?
		g_strndup(name, strlen(name) - strlen(":latest")) : NULL;

	for (unsigned i = 0; i < G_N_ELEMENTS(fronts); i++) {
		if (!g_str_has_prefix(name, fronts[i]))
			continue;
		offer(typed, name + strlen(fronts[i]));
		if (untagged)
			offer(typed, untagged + strlen(fronts[i]));
	}
}

static void offer_images(struct context *c, const char *typed)
{
	struct err e = ERR_INIT;
	struct image **list;

	if (image_list(c->store, &list, &e) < 0)
		return;
	for (struct image **i = list; *i; i++)
		for (char **n = (*i)->names; n && *n; n++)
			offer_image_name(typed, *n);
	image_list_free(list);
}

static void offer_secrets(struct context *c, const char *typed)
{
	struct secret **list;
	struct err e = ERR_INIT;

	if (secret_list(c->store, &list, &e) < 0)
		return;
	for (struct secret **x = list; *x; x++)
		offer(typed, (*x)->name);
	secret_list_free(list);
}

static void offer_things(struct context *c, enum opt_complete kind, const char *choices, const char *typed)
{
	struct err e = ERR_INIT;

	if (choices)
		offer_choices(typed, choices);
	if (kind == COMPLETE_NONE || kind == COMPLETE_FILE || kind == COMPLETE_CHOICES)
		return;
	if (context_store(c, &e) < 0)
		return;
	if (kind == COMPLETE_IMAGE)
		offer_images(c, typed);
	else if (kind == COMPLETE_SECRET)
		offer_secrets(c, typed);
	else if (kind == COMPLETE_VOLUME)
		offer_entries(c->store->volumes_fd, typed);
	else
		offer_entries(c->store->names_fd, typed);
}

static void offer_commands(int argc, char **argv, const char *typed)
{
	for (const struct command *const *cmd = commands; *cmd; cmd++) {
		g_auto(GStrv) words = g_strsplit((*cmd)->name, " ", 2);

		if ((*cmd)->flags & COMMAND_HIDDEN)
			continue;
		if (argc == 1)
			offer(typed, words[0]);
		else if (argc == 2 && words[1] && !strcmp(words[0], argv[0]))
			offer(typed, words[1]);
	}
}

/* The option whose value is being typed: the word before is one that takes a value. */
static const struct opt *pending_option(const struct command *cmd, int argc, char **argv)
{
	const char *before = argc > 1 ? argv[argc - 2] : "";
	const struct opt *o;

	if (!g_str_has_prefix(before, "--") || strchr(before, '='))
		return NULL;
	o = opt_find(cmd->opts, before + 2, strlen(before + 2));
	return o && o->arg ? o : NULL;
}

static int run_complete_words(struct context *c, void *values, int argc, char **argv)
{
	const char *typed = argc > 0 ? argv[argc - 1] : "";
	const struct command *cmd;
	const struct opt *o;
	int words;

	(void)values;
	cmd = argc > 1 ? command_find(commands, argc - 1, argv, &words) : NULL;
	if (!cmd) {
		offer_commands(argc, argv, typed);
		return 0;
	}
	o = pending_option(cmd, argc, argv);
	if (o)
		offer_things(c, o->complete, o->choices, typed);
	else if (typed[0] == '-')
		opt_each(cmd->opts, offer_option, (void *)(uintptr_t)typed);
	else
		offer_things(c, cmd->complete, NULL, typed);
	return 0;
}

static void print_name(const struct opt *o, void *data)
{
	(void)data;
	printf(" -%s", o->name);
}

/* What the check of the man pages reads: "name TAB -option -option ..." a line. */
static int run_commands(struct context *c, void *values, int argc, char **argv)
{
	(void)c;
	(void)values;
	(void)argc;
	(void)argv;
	for (const struct command *const *cmd = commands; *cmd; cmd++) {
		if ((*cmd)->flags & COMMAND_HIDDEN)
			continue;
		printf("%s\t", (*cmd)->name);
		opt_each((*cmd)->opts, print_name, NULL);
		putchar('\n');
	}
	return 0;
}

static const struct opt no_options[] = { OPT_END };

const struct command command_completion = {
	.name = "completion", .summary = "Print a completion script for a shell",
	.usage = "bash|zsh|fish", .opts = no_options, .run = run_completion, .min_args = 1, .max_args = 1,
};

const struct command command_complete_words = {
	.name = "__complete", .summary = "What could come next on a command line", .usage = "WORD...",
	.opts = no_options, .run = run_complete_words, .min_args = 0, .max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST | COMMAND_HIDDEN,
};

const struct command command_commands = {
	.name = "__commands", .summary = "All commands and their options", .usage = "", .opts = no_options,
	.run = run_commands, .flags = COMMAND_HIDDEN,
};
