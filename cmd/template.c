/* template.c - parsing of Go templates; see template.h. */
#include "cmd/template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/template_nodes.h"

struct parser {
	struct template *t;
	const char *at, *end;           /* inside an action: the rest of it; else the rest of the text */
	const char *text_at;            /* after the current action */
	bool trim_next;
	int depth;
	struct err *e;
};

static int syntax(struct parser *p, const char *what)
{
	return err_msg(p->e, EINVAL, "template: %s near \"%.20s\"", what, p->at);
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && g_ascii_isspace(*p->at))
		p->at++;
}

static bool at_end(struct parser *p)
{
	skip_space(p);
	return p->at >= p->end;
}

static bool take(struct parser *p, char c)
{
	if (at_end(p) || *p->at != c)
		return false;
	p->at++;
	return true;
}

static size_t name_length(const char *s, const char *end)
{
	const char *q = s;

	while (q < end && (g_ascii_isalnum(*q) || *q == '_'))
		q++;
	return (size_t)(q - s);
}

static bool take_word(struct parser *p, const char *word)
{
	size_t len = strlen(word);

	skip_space(p);
	if (name_length(p->at, p->end) != len || strncmp(p->at, word, len) != 0)
		return false;
	p->at += len;
	return true;
}

static json_t *own_literal(struct parser *p, json_t *v)
{
	if (v)
		g_ptr_array_add(p->t->literals, v);
	return v;
}

/* A quoted string: the bytes between, with Go's escapes undone. */
static int parse_string(struct parser *p, struct operand *o)
{
	char quote = *p->at++;
	g_autoptr(GString) s = g_string_new(NULL);

	while (p->at < p->end && *p->at != quote) {
		char c = *p->at++;

		if (c == '\\' && quote == '"' && p->at < p->end) {
			static const char from[] = "nrt\\\"'", to[] = "\n\r\t\\\"'";
			const char *known = strchr(from, *p->at);

			if (!known || !*known)
				return syntax(p, "unknown escape");
			c = to[known - from];
			p->at++;
		}
		g_string_append_c(s, c);
	}
	if (p->at >= p->end)
		return syntax(p, "unterminated string");
	p->at++;
	o->kind = OPERAND_LITERAL;
	o->literal = own_literal(p, json_stringn(s->str, s->len));
	return o->literal ? 0 : syntax(p, "text that is not UTF-8");
}

static int parse_number(struct parser *p, struct operand *o)
{
	g_autofree char *text = NULL;
	size_t n = strspn(p->at, "+-0123456789.eE");
	char *stop;
	json_t *v;

	if (n > (size_t)(p->end - p->at))
		n = (size_t)(p->end - p->at);
	text = g_strndup(p->at, n);
	if (strpbrk(text, ".eE"))
		v = json_real(g_ascii_strtod(text, &stop));
	else
		v = json_integer(strtoll(text, &stop, 10));
	o->kind = OPERAND_LITERAL;
	o->literal = own_literal(p, v);
	if (*stop || !v)
		return syntax(p, "bad number");
	p->at += n;
	return 0;
}

static struct pipe *parse_pipe(struct parser *p);

static int parse_fields(struct parser *p, struct operand *o)
{
	while (p->at < p->end && *p->at == '.') {
		size_t n = name_length(p->at + 1, p->end);

		if (n == 0)
			return syntax(p, "a field's name is missing");
		arena_strv_push(&p->t->arena, &o->fields, arena_strndup(&p->t->arena, p->at + 1, n));
		p->at += 1 + n;
	}
	return 0;
}

static int parse_paren(struct parser *p, struct operand *o)
{
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return syntax(p, "nested too deeply");
	p->at++;
	o->kind = OPERAND_PIPE;
	o->pipe = parse_pipe(p);
	if (!o->pipe)
		return -EINVAL;
	if (!take(p, ')'))
		return syntax(p, "missing )");
	p->depth--;
	return parse_fields(p, o);
}

static int parse_name(struct parser *p, struct operand *o)
{
	static const struct { const char *word; int value; } constants[] = {
		{ "true", 1 }, { "false", 0 }, { "nil", -1 },
	};
	size_t n = name_length(p->at, p->end);

	if (n == 0)
		return syntax(p, "unexpected character");
	o->name = arena_strndup(&p->t->arena, p->at, n);
	p->at += n;
	o->kind = OPERAND_FUNCTION;
	for (unsigned i = 0; i < G_N_ELEMENTS(constants); i++) {
		if (!strcmp(o->name, constants[i].word)) {
			o->kind = OPERAND_LITERAL;
			o->literal = constants[i].value < 0 ? json_null() : json_boolean(constants[i].value);
		}
	}
	if (o->kind == OPERAND_FUNCTION && !template_function_find(o->name))
		return err_msg(p->e, EINVAL, "template: function \"%s\" not defined", o->name);
	return 0;
}

static int parse_operand(struct parser *p, struct operand *o)
{
	char c;

	if (at_end(p))
		return syntax(p, "a value is missing");
	c = *p->at;
	if (c == '"' || c == '`')
		return parse_string(p, o);
	if (g_ascii_isdigit(c) || ((c == '-' || c == '+') && p->at + 1 < p->end && g_ascii_isdigit(p->at[1])))
		return parse_number(p, o);
	if (c == '(')
		return parse_paren(p, o);
	if (c == '$') {
		size_t n = name_length(p->at + 1, p->end);

		o->kind = OPERAND_VARIABLE;
		o->name = arena_strndup(&p->t->arena, p->at + 1, n);
		p->at += 1 + n;
		return parse_fields(p, o);
	}
	if (c == '.') {
		o->kind = OPERAND_DOT;
		if (p->at + 1 >= p->end || !name_length(p->at + 1, p->end)) {
			p->at++;
			return 0;
		}
		return parse_fields(p, o);
	}
	return parse_name(p, o);
}

static int parse_call(struct parser *p, struct call *call)
{
	while (!at_end(p) && *p->at != '|' && *p->at != ')') {
		struct operand *o = ARENA_PUSH(&p->t->arena, call->operands, call->n);
		struct operand parsed = { 0 };
		int r = parse_operand(p, &parsed);

		if (r < 0)
			return r;
		*o = parsed;
		if (call->n > 1 && call->operands[0].kind != OPERAND_FUNCTION)
			return syntax(p, "only a function takes arguments");
	}
	return call->n ? 0 : syntax(p, "a value is missing");
}

/* "$x :=", "$i, $x :=", "$x =" in front of a pipeline. */
static int parse_declaration(struct parser *p, struct pipe *pipe)
{
	const char *back;
	char *names[2] = { NULL, NULL };
	unsigned n = 0;

	skip_space(p);
	back = p->at;
	while (n < 2 && take(p, '$')) {
		size_t len = name_length(p->at, p->end);

		names[n++] = arena_strndup(&p->t->arena, p->at, len);
		p->at += len;
		if (!take(p, ','))
			break;
	}
	if (n > 0 && !at_end(p) && (*p->at == '=' || (*p->at == ':' && p->at + 1 < p->end && p->at[1] == '='))) {
		pipe->assign = *p->at == '=';
		p->at += pipe->assign ? 1 : 2;
		pipe->value_name = names[n - 1];
		pipe->index_name = n == 2 ? names[0] : NULL;
		return 0;
	}
	p->at = back;
	return 0;
}

static struct pipe *parse_pipe(struct parser *p)
{
	struct pipe *pipe = arena_alloc(&p->t->arena, sizeof *pipe);

	if (parse_declaration(p, pipe) < 0)
		return NULL;
	do {
		struct call parsed = { 0 };

		if (parse_call(p, &parsed) < 0)
			return NULL;
		*ARENA_PUSH(&p->t->arena, pipe->calls, pipe->n) = parsed;
	} while (take(p, '|'));
	return pipe;
}

/* Move to the next "{{": *ret gets the text before it (NULL: none). 1: an action follows, 0: the end. */
static int next_action(struct parser *p, char **ret, struct err *e)
{
	const char *open = strstr(p->text_at, "{{"), *close, *text = p->text_at;
	size_t n = open ? (size_t)(open - text) : strlen(text);

	if (p->trim_next)
		while (n && g_ascii_isspace(*text))
			text++, n--;
	p->trim_next = false;
	if (open && open[2] == '-' && g_ascii_isspace(open[3]))
		while (n && g_ascii_isspace(text[n - 1]))
			n--;
	*ret = n ? arena_strndup(&p->t->arena, text, n) : NULL;
	if (!open)
		return 0;
	p->at = open + 2 + (open[2] == '-' && g_ascii_isspace(open[3]));
	close = p->at;
	for (char quote = 0; *close && (quote || strncmp(close, "}}", 2) != 0); close++) {
		if (quote == '"' && *close == '\\' && close[1])
			close++;
		else if (quote ? *close == quote : *close == '"' || *close == '`')
			quote = quote ? 0 : *close;
	}
	if (!*close)
		return err_msg(e, EINVAL, "template: unclosed action");
	p->end = close;
	p->text_at = close + 2;
	if (close - p->at >= 2 && close[-1] == '-' && g_ascii_isspace(close[-2])) {
		p->end = close - 1;
		p->trim_next = true;
	}
	return 1;
}

enum stop { STOP_END_OF_TEXT, STOP_END, STOP_ELSE };

static int parse_list(struct parser *p, struct node **ret, enum stop *stop);

static int parse_block(struct parser *p, struct node *node)
{
	enum stop stop;
	int r;

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return syntax(p, "nested too deeply");
	node->pipe = parse_pipe(p);
	if (!node->pipe)
		return -EINVAL;
	if (!at_end(p))
		return syntax(p, "unexpected text");
	r = parse_list(p, &node->body, &stop);
	if (r == 0 && stop == STOP_ELSE) {
		if (take_word(p, "if")) {
			/* `else if` is an if inside else that shares its end. */
			node->otherwise = arena_alloc(&p->t->arena, sizeof *node);
			node->otherwise->kind = NODE_IF;
			r = parse_block(p, node->otherwise);
			p->depth--;
			return r;
		}
		r = parse_list(p, &node->otherwise, &stop);
		if (r == 0 && stop == STOP_ELSE)
			return syntax(p, "second else");
	}
	if (r == 0 && stop == STOP_END_OF_TEXT)
		return err_msg(p->e, EINVAL, "template: missing {{end}}");
	p->depth--;
	return r;
}

static int parse_action(struct parser *p, struct node *node)
{
	if (take_word(p, "if"))
		node->kind = NODE_IF;
	else if (take_word(p, "range"))
		node->kind = NODE_RANGE;
	else if (take_word(p, "with"))
		node->kind = NODE_WITH;
	else
		node->kind = NODE_PIPE;
	if (node->kind != NODE_PIPE)
		return parse_block(p, node);
	node->pipe = parse_pipe(p);
	if (!node->pipe)
		return -EINVAL;
	return at_end(p) ? 0 : syntax(p, "unexpected text");
}

static int parse_list(struct parser *p, struct node **ret, enum stop *stop)
{
	struct node **tail = ret;

	for (;;) {
		char *text;
		int more = next_action(p, &text, p->e), r;

		if (more < 0)
			return more;
		if (text) {
			*tail = arena_alloc(&p->t->arena, sizeof **tail);
			(*tail)->kind = NODE_TEXT;
			(*tail)->text = text;
			tail = &(*tail)->next;
		}
		if (!more) {
			*stop = STOP_END_OF_TEXT;
			return 0;
		}
		if (take_word(p, "end") || take_word(p, "else")) {
			*stop = p->at[-1] == 'd' ? STOP_END : STOP_ELSE;
			return 0;
		}
		if (at_end(p) || g_str_has_prefix(p->at, "/*"))
			continue;
		*tail = arena_alloc(&p->t->arena, sizeof **tail);
		r = parse_action(p, *tail);
		if (r < 0)
			return r;
		tail = &(*tail)->next;
	}
}

int template_compile(const char *text, struct template **ret, struct err *e)
{
	struct template *t = g_new0(struct template, 1);
	struct parser p = { .t = t, .text_at = text, .at = "", .e = e };
	enum stop stop;
	int r;

	t->literals = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	p.end = p.at;
	r = parse_list(&p, &t->first, &stop);
	if (r == 0 && stop != STOP_END_OF_TEXT)
		r = err_msg(e, EINVAL, "template: unexpected {{%s}}", stop == STOP_END ? "end" : "else");
	if (r < 0) {
		template_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	g_ptr_array_free(t->literals, TRUE);
	arena_free(&t->arena);
	g_free(t);
}
