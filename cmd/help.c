/* help.c - --help, made from the tables. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/globals.h"
#include "cmd/terminal.h"

#define NAME_WIDTH 17
#define EXAMPLES_MAX 6          /* the man page has them all */

static void option_left(const struct opt *o, GString *s)
{
	if (o->letter)
		g_string_append_printf(s, "  -%c, --%s", o->letter, o->name);
	else
		g_string_append_printf(s, "      --%s", o->name);
	if (o->arg)
		g_string_append_printf(s, " %s", o->arg);
}

static void widest(const struct opt *o, void *data)
{
	g_autoptr(GString) s = g_string_new(NULL);
	size_t *width = data;

	option_left(o, s);
	if (s->len > *width)
		*width = s->len;
}

static void print_option(const struct opt *o, void *data)
{
	g_autoptr(GString) s = g_string_new(NULL), text = g_string_new(o->help);
	size_t *width = data;

	option_left(o, s);
	if (o->choices && *o->choices != '~')
		g_string_append_printf(text, " (%s)", o->choices);
	printf("%-*s   ", (int)*width, s->str);
	terminal_wrap(text->str, (int)*width + 3, terminal_width());
}

static void print_options(const char *title, const struct opt *table)
{
	size_t width = 0;

	opt_each(table, widest, &width);
	if (!width)
		return;
	printf("\n%s:\n", title);
	opt_each(table, print_option, &width);
}

/* The man pages' examples, by the page's name. */
static const struct { const char *page, *line; } examples[] = {
#include "cmd/examples.inc"
};

/* Is it one of the command's? A family that has one page has its examples there. */
static bool is_example(const struct command *cmd, const char *page, const char *line)
{
	const char *space = strchr(cmd->name, ' ');
	g_autofree char *words = g_strconcat("coracle ", cmd->name, " ", NULL), *all = g_strconcat(line, " ", NULL);

	if (!strcmp(page, cmd->name))
		return true;
	return space && strlen(page) == (size_t)(space - cmd->name) && g_str_has_prefix(cmd->name, page) && strstr(all, words);
}

static void print_examples(const struct command *cmd)
{
	unsigned n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(examples) && n < EXAMPLES_MAX; i++) {
		if (!is_example(cmd, examples[i].page, examples[i].line))
			continue;
		printf("%s  %s\n", n++ ? "" : "\nExamples:\n", examples[i].line);
	}
}

void help_command(const struct command *cmd)
{
	printf("%s\n\nUsage:\n  coracle %s%s%s\n", cmd->summary, cmd->name, *cmd->usage ? " " : "", cmd->usage);
	if (cmd->alias) {
		g_auto(GStrv) names = g_strsplit(cmd->alias, "|", -1);
		g_autofree char *text = g_strjoinv(", coracle ", names);

		printf("\nAliases:\n  coracle %s\n", text);
	}
	print_options("Options", cmd->opts);
	print_examples(cmd);
}

/* The name under which `cmd` is a member of `group`, without the group's word; NULL when it is none. */
static char *name_in_group(const struct command *cmd, const char *group)
{
	g_autofree char *all = cmd->alias ? g_strconcat(cmd->name, "|", cmd->alias, NULL) : g_strdup(cmd->name);
	g_auto(GStrv) names = g_strsplit(all, "|", -1);
	g_autofree char *front = g_strconcat(group, " ", NULL);

	for (char **n = names; *n; n++)
		if (g_str_has_prefix(*n, front))
			return g_strdup(*n + strlen(front));
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void help_program(const struct command *const *list, const char *group)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

	if (group)
		printf("Manage %ss\n\nUsage:\n  coracle %s COMMAND [options] [arguments]\n", group, group);
	else
		printf("Run OCI containers without root and without a daemon\n\n"
		       "Usage:\n  coracle [options] COMMAND [options] [arguments]\n");
	for (; *list; list++) {
		g_autofree char *name = group ? name_in_group(*list, group) : g_strdup((*list)->name);

		if (name && !((*list)->flags & COMMAND_HIDDEN))
			g_ptr_array_add(lines, g_strdup_printf("  %-*s %s", NAME_WIDTH, name, (*list)->summary));
	}
	g_ptr_array_sort(lines, by_name);
	printf("\nCommands:\n");
	for (guint i = 0; i < lines->len; i++)
		terminal_wrap(lines->pdata[i], NAME_WIDTH + 3, terminal_width());
	if (!group)
		print_options("Options", global_options);
	printf("\nSee `coracle %s%sCOMMAND --help` for one command.\n", group ? group : "", group ? " " : "");
}
