/* template_nodes.h - the parsed form of a template, between template.c (parse), template_exec.c (run) and
 * template_funcs.c. Nothing outside these includes it.
 */
#ifndef CORACLE_CMD_TEMPLATE_NODES_H
#define CORACLE_CMD_TEMPLATE_NODES_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/err.h"

#define TEMPLATE_DEPTH_MAX 64   /* nesting of actions and of parentheses */

enum operand_kind { OPERAND_LITERAL, OPERAND_DOT, OPERAND_VARIABLE, OPERAND_PIPE, OPERAND_FUNCTION };

/* `.A.B`, `$x.A`, `(pipe).A`, a literal, a function's name. */
struct operand {
	enum operand_kind kind;
	json_t *literal;                /* owned by the template */
	char *name;                     /* variable or function */
	struct pipe *pipe;
	char **fields;                  /* .A.B -> "A", "B"; NULL-terminated or NULL */
};

struct call {                           /* operands side by side: function and arguments, or one value */
	struct operand *operands;
	size_t n;
};

struct pipe {
	char *index_name, *value_name;  /* $i, $v := ...; NULL where there is none */
	bool assign;                    /* "=" instead of ":=" */
	struct call *calls;
	size_t n;
};

enum node_kind { NODE_TEXT, NODE_PIPE, NODE_IF, NODE_RANGE, NODE_WITH };

struct node {
	enum node_kind kind;
	char *text;
	struct pipe *pipe;
	struct node *body, *otherwise;
	struct node *next;
};

struct template {
	struct arena arena;
	GPtrArray *literals;            /* json_t */
	struct node *first;
};

/* One execution. Values are borrowed: from the data, the literals, or `pool`. */
struct template_run {
	GPtrArray *pool;
	struct err *e;
};

/* Keep a new reference until the end of the run. */
json_t *template_keep(struct template_run *run, json_t *value);

typedef json_t *template_function(struct template_run *run, json_t **args, size_t n);

/* NULL when there is no such function. */
template_function *template_function_find(const char *name);

/* A value as Go prints it: strings bare, arrays [a b], maps map[k:v]. */
void template_print(json_t *v, GString *out);

/* Go's idea of an empty value. */
bool template_truth(json_t *v);

#endif
