/* template_exec.c - running a parsed template; see template.h. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/template.h"
#include "cmd/template_nodes.h"

struct variable { const char *name; json_t *value; };

struct exec {
	struct template_run run;
	json_t *dot;
	GArray *variables;              /* of struct variable; the innermost last */
	GString *out;
};

json_t *template_keep(struct template_run *run, json_t *value)
{
	if (value)
		g_ptr_array_add(run->pool, value);
	return value;
}

/* Our rows and documents name struct members with capitals; a map (labels, annotations) has other keys and
 * gives an empty text for a missing one. */
static bool is_struct(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) {
		if (!g_ascii_isupper(*key))
			return false;
	}
	return json_object_size(object) > 0;
}

static json_t *no_field(struct exec *x, json_t *from, const char *name)
{
	g_autoptr(GString) have = g_string_new(NULL);
	const char *key;
	json_t *value;

	if (!json_is_object(from)) {
		err_msg(x->run.e, EINVAL, "template: can't evaluate field %s in a value that has no fields", name);
		return NULL;
	}
	json_object_foreach(from, key, value) {
		if (*key != '_')
			g_string_append_printf(have, "%s%s", have->len ? ", " : "", key);
	}
	err_msg(x->run.e, EINVAL, "template: can't evaluate field %s; there is %s", name, have->str);
	return NULL;
}

/* podman's documents have one name in Go, which templates use, and another in JSON (info: .Host.CgroupsVersion is
 * cgroupVersion): they differ in case, and here and there in more. */
static json_t *field_by_go_name(json_t *object, const char *name)
{
	static const char *const others[][2] = { { "CgroupsVersion", "cgroupVersion" } };
	const char *key;
	json_t *value;

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
		if (!strcmp(others[i][0], name))
			name = others[i][1];
	json_object_foreach(object, key, value) {
		if (g_ascii_islower(*key) && !g_ascii_strcasecmp(key, name))
			return value;
	}
	return NULL;
}

static json_t *walk_fields(struct exec *x, json_t *v, char **fields)
{
	for (char **f = fields; f && *f; f++) {
		json_t *member = json_is_object(v) ? json_object_get(v, *f) : NULL;

		if (!member && json_is_object(v) && g_ascii_isupper(**f))
			member = field_by_go_name(v, *f);
		if (!member && json_is_null(v))
			return v;
		if (!member && (!json_is_object(v) || is_struct(v)))
			return no_field(x, v, *f);
		v = member ? member : template_keep(&x->run, json_string(""));
	}
	return v;
}

static json_t *eval_pipe(struct exec *x, const struct pipe *pipe);

static json_t *variable_value(struct exec *x, const char *name)
{
	for (guint i = x->variables->len; i-- > 0;) {
		const struct variable *v = &g_array_index(x->variables, struct variable, i);

		if (!strcmp(v->name, name))
			return v->value;
	}
	err_msg(x->run.e, EINVAL, "template: undefined variable \"$%s\"", name);
	return NULL;
}

static json_t *eval_operand(struct exec *x, const struct operand *o)
{
	json_t *v = NULL;

	switch (o->kind) {
	case OPERAND_LITERAL:
		return o->literal;
	case OPERAND_DOT:
		v = x->dot;
		break;
	case OPERAND_VARIABLE:
		v = variable_value(x, o->name);
		break;
	case OPERAND_PIPE:
		v = eval_pipe(x, o->pipe);
		break;
	case OPERAND_FUNCTION:
		return template_function_find(o->name)(&x->run, NULL, 0);
	}
	return v ? walk_fields(x, v, o->fields) : NULL;
}

static json_t *eval_call(struct exec *x, const struct call *call, json_t *piped)
{
	g_autofree json_t **args = NULL;
	size_t n = 0;

	if (call->operands[0].kind != OPERAND_FUNCTION) {
		if (!piped)
			return eval_operand(x, &call->operands[0]);
		err_msg(x->run.e, EINVAL, "template: only a function can follow |");
		return NULL;
	}
	args = g_new0(json_t *, call->n + 1);
	for (size_t i = 1; i < call->n; i++) {
		args[n] = eval_operand(x, &call->operands[i]);
		if (!args[n++])
			return NULL;
	}
	if (piped)
		args[n++] = piped;
	return template_function_find(call->operands[0].name)(&x->run, args, n);
}

static void declare(struct exec *x, const char *name, json_t *value)
{
	struct variable v = { name, value };

	g_array_append_val(x->variables, v);
}

static void assign(struct exec *x, const char *name, json_t *value)
{
	for (guint i = x->variables->len; i-- > 0;) {
		struct variable *v = &g_array_index(x->variables, struct variable, i);

		if (!strcmp(v->name, name)) {
			v->value = value;
			return;
		}
	}
	declare(x, name, value);
}

static json_t *eval_pipe(struct exec *x, const struct pipe *pipe)
{
	json_t *v = NULL;

	for (size_t i = 0; i < pipe->n; i++) {
		v = eval_call(x, &pipe->calls[i], v);
		if (!v)
			return NULL;
	}
	return v;
}

/* A pipe with its declaration, outside range. */
static json_t *eval_declaring(struct exec *x, const struct pipe *pipe)
{
	json_t *v = eval_pipe(x, pipe);

	if (v && pipe->value_name) {
		if (pipe->assign)
			assign(x, pipe->value_name, v);
		else
			declare(x, pipe->value_name, v);
	}
	return v;
}

static int run_list(struct exec *x, const struct node *n);

static int run_with_dot(struct exec *x, const struct node *body, json_t *dot)
{
	json_t *outer = x->dot;
	int r;

	x->dot = dot;
	r = run_list(x, body);
	x->dot = outer;
	return r;
}

static int run_item(struct exec *x, const struct node *n, json_t *index, json_t *item)
{
	guint depth = x->variables->len;
	int r;

	if (n->pipe->index_name)
		declare(x, n->pipe->index_name, index);
	if (n->pipe->value_name)
		declare(x, n->pipe->value_name, item);
	r = run_with_dot(x, n->body, item);
	g_array_set_size(x->variables, depth);
	return r;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Go ranges over maps in the order of their keys. */
static int run_over_map(struct exec *x, const struct node *n, json_t *map)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach(map, key, value) {
		g_ptr_array_add(keys, (void *)(uintptr_t)key);
	}
	g_ptr_array_sort(keys, by_text);
	for (guint i = 0; i < keys->len && r == 0; i++)
		r = run_item(x, n, template_keep(&x->run, json_string(keys->pdata[i])),
			     json_object_get(map, keys->pdata[i]));
	return r;
}

static int run_range(struct exec *x, const struct node *n)
{
	json_t *v = eval_pipe(x, n->pipe);
	int r = 0;

	if (!v)
		return -EINVAL;
	if (!template_truth(v))
		return run_list(x, n->otherwise);
	if (json_is_object(v))
		return run_over_map(x, n, v);
	if (!json_is_array(v))
		return err_msg(x->run.e, EINVAL, "template: range can't iterate over a single value");
	for (size_t i = 0; i < json_array_size(v) && r == 0; i++)
		r = run_item(x, n, template_keep(&x->run, json_integer((json_int_t)i)), json_array_get(v, i));
	return r;
}

static int run_branch(struct exec *x, const struct node *n)
{
	guint depth = x->variables->len;
	json_t *v = eval_declaring(x, n->pipe);
	int r;

	if (!v)
		return -EINVAL;
	if (!template_truth(v))
		r = run_list(x, n->otherwise);
	else if (n->kind == NODE_WITH)
		r = run_with_dot(x, n->body, v);
	else
		r = run_list(x, n->body);
	g_array_set_size(x->variables, depth);
	return r;
}

static int run_node(struct exec *x, const struct node *n)
{
	json_t *v;

	switch (n->kind) {
	case NODE_TEXT:
		g_string_append(x->out, n->text);
		return 0;
	case NODE_RANGE:
		return run_range(x, n);
	case NODE_IF:
	case NODE_WITH:
		return run_branch(x, n);
	case NODE_PIPE:
		v = eval_declaring(x, n->pipe);
		if (!v)
			return -EINVAL;
		if (!n->pipe->value_name)
			template_print(v, x->out);
		return 0;
	}
	return 0;
}

static int run_list(struct exec *x, const struct node *n)
{
	int r = 0;

	for (; n && r == 0; n = n->next)
		r = run_node(x, n);
	return r;
}

int template_exec(const struct template *t, json_t *data, GString *out, struct err *e)
{
	struct exec x = {
		.run = { g_ptr_array_new_with_free_func((GDestroyNotify)json_decref), e },
		.dot = data, .out = out,
		.variables = g_array_new(FALSE, FALSE, sizeof(struct variable)),
	};
	int r;

	declare(&x, "", data);
	r = run_list(&x, t->first);
	g_array_free(x.variables, TRUE);
	g_ptr_array_free(x.run.pool, TRUE);
	return r;
}
