/* completion.c - the scripts for the shells, which ask `coracle __complete` (complete.c), and the list of all commands. */
#include "cmd/completion.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cmd/globals.h"



/* Bash cuts words at the characters of COMP_WORDBREAKS, we do not: `words` has those of the line up to the cursor. What is
 * handed back stands behind the last of those characters. */
static const char bash_script[] =
	"# bash completion for coracle\n"
	"_coracle() {\n"
	"	local line=${COMP_LINE:0:COMP_POINT} words=() files= front= i w IFS=$'\\n'\n"
	"	for ((i = 0; i <= COMP_CWORD; i++)); do\n"
	"		w=${COMP_WORDS[i]}\n"
	"		if [ $i = 0 ] || [[ $line == [[:space:]]* ]]; then words+=(''); fi\n"
	"		line=${line#\"${line%%[![:space:]]*}\"}\n"
	"		[ $i != \"$COMP_CWORD\" ] || w=$line\n"
	"		line=${line#\"$w\"}\n"
	"		words[${#words[@]}-1]+=$w\n"
	"	done\n"
	"	w=${words[${#words[@]}-1]}\n"
	"	for ((i = 0; i < ${#w}; i++)); do\n"
	"		[[ $COMP_WORDBREAKS != *\"${w:i:1}\"* ]] || front=${w:0:i+1}\n"
	"	done\n"
	"	COMPREPLY=()\n"
	"	while IFS= read -r i; do\n"
	"		if [ \"$i\" = :files ]; then files=1; continue; fi\n"
	"		i=${i%%$'\\t'*}\n"
	"		COMPREPLY+=(\"${i#\"$front\"}\")\n"
	"	done < <(\"${words[0]}\" __complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"	if [ -n \"$files\" ]; then\n"
	"		compopt -o filenames\n"
	"		w=${w#\"$front\"}\n"
	"		[[ $front != *= && $w != --*=* ]] || w=${w##*=}\n"
	"		COMPREPLY+=($(compgen -f -- \"$w\"))\n"
	"	elif [ ${#COMPREPLY[@]} = 1 ] && [[ ${COMPREPLY[0]} == *: ]]; then\n"
	"		compopt -o nospace\n"
	"	fi\n"
	"}\n"
	"complete -F _coracle coracle\n";

static const char zsh_script[] =
	"#compdef coracle\n"
	"_coracle() {\n"
	"	local -a found shown\n"
	"	local line files\n"
	"	while IFS= read -r line; do\n"
	"		if [[ $line == :files ]]; then files=1; continue; fi\n"
	"		found+=(\"${line%%$'\\t'*}\")\n"
	"		shown+=(\"${line/$'\\t'/  -- }\")\n"
	"	done < <(\"${words[1]}\" __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
	"	(( $#found )) && compadd -l -d shown -- \"${found[@]}\"\n"
	"	if [[ -n $files ]]; then\n"
	"		[[ $PREFIX == --*=* ]] && compset -P '*='\n"
	"		_files\n"
	"	fi\n"
	"}\n"
	"compdef _coracle coracle\n";

static const char fish_script[] =
	"# fish completion for coracle\n"
	"function __coracle_complete\n"
	"	set -l words (commandline -opc) (commandline -ct)\n"
	"	set -l found ($words[1] __complete -- $words[2..-1] 2>/dev/null)\n"
	"	for line in $found\n"
	"		if test \"$line\" = :files\n"
	"			set -l front (string match -r -- '^--[^=]*=' $words[-1])\n"
	"			for file in (__fish_complete_path (string replace -- \"$front\" '' $words[-1]))\n"
	"				echo $front$file\n"
	"			end\n"
	"		else\n"
	"			echo $line\n"
	"		end\n"
	"	end\n"
	"end\n"
	"complete -c coracle -f -a '(__coracle_complete)'\n";

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
	.words = "bash|zsh|fish",
};

const struct command command_commands = {
	.name = "__commands", .summary = "All commands and their options", .usage = "", .opts = no_options,
	.run = run_commands, .flags = COMMAND_HIDDEN,
};
