/* show.c - how lists and objects are printed: tables, JSON, templates. See template.h. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/template.h"
#include "cmd/terminal.h"

#define CELL_MIN 12     /* podman's tables: cells at least this wide, two spaces between them */
#define CELL_GAP 2
#define CELL_FIT 16     /* no column is cut to less */
#define CELL_CUT 6      /* nor a cell to a few letters */

char *template_unescape(const char *format)
{
	GString *s = g_string_new(NULL);

	for (const char *p = format; *p; p++) {
		if (*p == '\\' && (p[1] == 't' || p[1] == 'n'))
			g_string_append_c(s, *++p == 't' ? '\t' : '\n');
		else
			g_string_append_c(s, *p);
	}
	return g_string_free(s, FALSE);
}

static void put_text(const char *s)
{
	fputs(s, stdout);
}

static bool whole_cells, json_lines;

void show_json_lines(bool lines)
{
	json_lines = lines;
}

void show_whole(bool whole)
{
	whole_cells = whole;
}

/* How wide each column must be, with the gap behind it. */
static GArray *column_widths(GPtrArray *lines)
{
	GArray *widths = g_array_new(FALSE, TRUE, sizeof(glong));

	for (guint i = 0; i < lines->len; i++) {
		char **cells = lines->pdata[i];

		for (guint c = 0; cells[c]; c++) {
			glong w = g_utf8_strlen(cells[c], -1) + (cells[c + 1] ? CELL_GAP : 0);

			if (c >= widths->len) {
				glong least = cells[c + 1] ? CELL_MIN : 0;

				g_array_append_val(widths, least);
			}
			if (w > g_array_index(widths, glong, c))
				g_array_index(widths, glong, c) = w;
		}
	}
	return widths;
}

/* Take from the widest column until the lines fit into `room` columns, but leave what an ID or a date needs. */
static void fit(GArray *widths, glong room)
{
	glong sum = 0;

	for (guint c = 0; c < widths->len; c++)
		sum += g_array_index(widths, glong, c);
	while (sum > room) {
		glong *widest = NULL;

		for (guint c = 0; c < widths->len; c++)
			if (!widest || g_array_index(widths, glong, c) > *widest)
				widest = &g_array_index(widths, glong, c);
		if (!widest || *widest <= CELL_FIT)
			return;
		(*widest)--;
		sum--;
	}
}

/* A cell in `width` columns, cut where it has more. */
static void print_cell(const char *text, glong width, bool last)
{
	glong len = g_utf8_strlen(text, -1), room = last ? width : width - CELL_GAP;

	if (len > room && room > CELL_CUT) {
		glong kept = room - (glong)strlen("...");

		printf("%.*s...", (int)(g_utf8_offset_to_pointer(text, kept) - text), text);
		len = room;
	} else {
		put_text(text);
	}
	if (!last)
		printf("%*s", (int)(width - len), "");
}

/* Lines of cells, printed with every column as wide as its widest cell; on a terminal, no wider than that. */
static void print_table(GPtrArray *lines)
{
	g_autoptr(GArray) widths = column_widths(lines);

	if (!whole_cells && terminal_width())
		fit(widths, terminal_width());
	for (guint i = 0; i < lines->len; i++) {
		char **cells = lines->pdata[i];

		for (guint c = 0; cells[c]; c++)
			print_cell(cells[c], g_array_index(widths, glong, c), !cells[c + 1]);
		putchar('\n');
	}
}

/* "CreatedAt" -> "CREATED AT" */
static char *heading_of(const char *field)
{
	GString *s = g_string_new(NULL);

	for (const char *p = field; *p; p++) {
		if (p != field && g_ascii_isupper(*p) && !g_ascii_isupper(p[-1]))
			g_string_append_c(s, ' ');
		g_string_append_c(s, g_ascii_toupper(*p));
	}
	return g_string_free(s, FALSE);
}

/* The heading of field `name`: that of the default column that shows just this field. */
static char *heading_for(const char *const *columns, const char *name)
{
	g_autofree char *shown = g_strdup_printf("{{.%s}}", name);

	for (const char *const *c = columns; *c; c++) {
		const char *eq = strchr(*c, '=');

		if (eq && !strcmp(eq + 1, shown))
			return g_strndup(*c, (size_t)(eq - *c));
	}
	return heading_of(name);
}

/* A row whose every field is its own heading: what a "table" template is executed on first. */
static json_t *heading_row(json_t *rows, const char *const *columns)
{
	json_t *row = json_array_get(rows, 0), *headings = json_object(), *value;
	const char *key;

	json_object_foreach(row, key, value) {
		g_autofree char *h = heading_for(columns, key);

		json_object_set_new(headings, key, json_string(h));
	}
	return headings;
}

/* A table is for people: what a label or a command line holds must not reach the terminal as control characters. */
static int add_line(GPtrArray *lines, const struct template *t, json_t *row, struct err *e)
{
	g_autoptr(GString) s = g_string_new(NULL);
	int r = template_exec(t, row, s, e);
	char **cells;

	if (r < 0)
		return r;
	cells = g_strsplit(s->str, "\t", -1);
	for (char **c = cells; *c; c++)
		err_one_line(*c);
	g_ptr_array_add(lines, cells);
	return 0;
}

static void free_line(void *line)
{
	g_strfreev(line);
}

/* The headings alone, when there is no row to take field names from. */
static void print_default_headings(const char *const *columns)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(free_line);
	g_autoptr(GString) s = g_string_new(NULL);

	for (const char *const *c = columns; *c; c++)
		g_string_append_printf(s, "%s%.*s", c == columns ? "" : "\t", (int)strcspn(*c, "="), *c);
	g_ptr_array_add(lines, g_strsplit(s->str, "\t", -1));
	print_table(lines);
}

static int show_table(json_t *rows, const char *const *columns, const char *format, bool no_heading,
		      struct err *e)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(free_line);
	g_autofree char *text = template_unescape(format);
	struct template *t;
	json_t *row, *headings;
	size_t i;
	int r = template_compile(text, &t, e);

	if (r < 0)
		return r;
	if (!no_heading && json_array_size(rows)) {
		struct err ignored = ERR_INIT;

		headings = heading_row(rows, columns);
		/* A template that indexes into a field can't be run on headings: then there are none. */
		(void)add_line(lines, t, headings, &ignored);
		json_decref(headings);
	}
	json_array_foreach(rows, i, row) {
		r = add_line(lines, t, row, e);
		if (r < 0)
			break;
	}
	if (r == 0)
		print_table(lines);
	template_free(t);
	return r;
}

static char *default_format(const char *const *columns)
{
	GString *s = g_string_new(NULL);

	for (const char *const *c = columns; *c; c++)
		g_string_append_printf(s, "%s%s", c == columns ? "" : "\t", strchr(*c, '=') + 1);
	return g_string_free(s, FALSE);
}

static void print_json(json_t *v)
{
	char *text = json_dumps(v, JSON_INDENT(4) | JSON_ENCODE_ANY);

	put_text(text ? text : "");
	putchar('\n');
	free(text);
}

static void print_lines(json_t *rows)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);

		puts(text ? text : "");
		free(text);
	}
}

/* What `json` shows of the rows: their "_json" member where they have one. */
static json_t *json_rows(json_t *rows)
{
	json_t *shown = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		json_t *own = json_object_get(row, "_json");

		json_array_append(shown, own ? own : row);
	}
	return shown;
}

/* Is it "{{range .}}...", a loop over all the objects? As podman decides it; any other range is one in each object. */
static bool loops_over_all(const char *text)
{
	static const char *const words[] = { "{{", "range", ".", "}}" };

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		text += strspn(text, " \t");
		if (!g_str_has_prefix(text, words[i]))
			return false;
		text += strlen(words[i]);
	}
	return true;
}

static int show_each(json_t *rows, const char *format, struct err *e)
{
	g_autofree char *text = template_unescape(format);
	g_autoptr(GString) out = g_string_new(NULL);
	struct template *t;
	json_t *row;
	size_t i;
	int r = template_compile(text, &t, e);

	if (r < 0)
		return r;
	if (loops_over_all(text)) {
		r = template_exec(t, rows, out, e);
		g_string_append_c(out, '\n');
	} else {
		json_array_foreach(rows, i, row) {
			if (r == 0)
				r = template_exec(t, row, out, e);
			g_string_append_c(out, '\n');
		}
	}
	if (r == 0)
		put_text(out->str);
	template_free(t);
	return r;
}

int show_rows(json_t *rows, const char *const *columns, const char *format, bool no_heading, struct err *e)
{
	if (format && (!strcmp(format, "json") || !strcmp(format, "{{json .}}"))) {
		json_t *shown = json_rows(rows);

		if (json_lines)
			print_lines(shown);
		else
			print_json(shown);
		json_decref(shown);
		return 0;
	}
	if (!format || !strcmp(format, "table")) {
		g_autofree char *all = default_format(columns);

		if (json_array_size(rows))
			return show_table(rows, columns, all, no_heading, e);
		if (!no_heading)
			print_default_headings(columns);
		return 0;
	}
	if (g_str_has_prefix(format, "table "))
		return show_table(rows, columns, format + strlen("table "), no_heading, e);
	return show_each(rows, format, e);
}

int show_objects(json_t *objects, const char *format, struct err *e)
{
	if (!format || !strcmp(format, "json")) {
		print_json(objects);
		return 0;
	}
	return show_each(objects, format, e);
}
