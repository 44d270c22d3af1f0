/* toml.h - TOML as JSON values.
 *
 * TOML 1.0 without dates and times, which no file that we read has: tables, arrays of tables, inline tables, dotted and
 * quoted keys, all four kinds of strings, numbers, booleans, arrays. Two definitions of one key are an error, as the
 * specification wants it. Files are the user's or the administrator's, but are parsed as if they were foreign.
 */
#ifndef CORACLE_NET_REGISTRY_TOML_H
#define CORACLE_NET_REGISTRY_TOML_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/err.h"

#define TOML_MAX (1024 * 1024)
#define TOML_DEPTH_MAX 32

/* 0 with *ret the document's object (json_decref), or -EINVAL; e names the line. */
int toml_parse(const char *text, size_t len, json_t **ret, struct err *e);

#endif
