/* template.h - Go's text/template, as far as --format needs it, over JSON values.
 *
 * Fields (.A.B, $, $x := ...), pipelines, range/else/end with index variables, if/else if/else/end, with, and the
 * functions json, join, len, index, printf, print, println, upper, lower, title, split, trim(Prefix|Suffix),
 * eq ne lt le gt ge, and or not, slice, urlquery, html. A field that a map does not have is
 * an error that names it, as podman's. `{{-` and `-}}` trim. See Go's documentation of text/template.
 */
#ifndef CORACLE_CMD_TEMPLATE_H
#define CORACLE_CMD_TEMPLATE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "core/base/err.h"

struct template;

int template_compile(const char *text, struct template **ret, struct err *e);
int template_exec(const struct template *t, json_t *data, GString *out, struct err *e);
void template_free(struct template *t);
/* A format as users type it in single quotes: with '\t' and '\n' for what they mean. g_free it. */
char *template_unescape(const char *format);

/* How a list command shows its rows.
 *
 * `columns`: what the default table shows, NULL-terminated, each "HEADER=template" ("IMAGE ID={{.Id}}").
 * `format`: the user's --format: NULL (default table), "json", "table {{...}}", or a template printed per row.
 * Each row is an object with every field that a template may name; its member "_json", if it has one, is what the
 * format "json" shows in its place. Headings of "table" templates are those of `columns` where one shows just
 * that field, else the field's name in capitals. Rows are printed to stdout. */
int show_rows(json_t *rows, const char *const *columns, const char *format, bool no_heading, struct err *e);

/* Tables on a terminal are cut to its width; with `whole` (--no-trunc) they are not. */
void show_whole(bool whole);

/* `json` and `{{json .}}` print each row as one line, with its keys in order, as docker's. */
void show_json_lines(bool lines);

/* inspect: an array of objects as indented JSON, or `format` applied to each. */
int show_objects(json_t *objects, const char *format, struct err *e);

#endif
