/* http.h - requests over libcurl's multi interface: the only file of coracle that calls libcurl's transfers.
 *
 * All requests run in one loop that the caller turns with http_step, together with descriptors of its own. A
 * finished request has `done` set; nobody is called back. So a small request (a token) can be waited for with
 * http_perform while big ones go on, and no file needs to be re-entrant.
 *
 * A request whose body goes to a sink may be paused by it: libcurl then stops reading its connection. Big bodies
 * are asked for with `bulk`, which means HTTP/1.1 and a connection of their own: with HTTP/2 one paused stream would
 * have to be buffered up to its window (megabytes each), or hold up all others. Everything else uses HTTP/2
 * where the server has it, and connections are kept.
 *
 * Redirects are never followed here: registry.c does, and decides what may go to another host.
 */
#ifndef CORACLE_NET_REGISTRY_HTTP_H
#define CORACLE_NET_REGISTRY_HTTP_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "net/registry/certs.h"
#include "net/registry/challenge.h"

#define HTTP_HEADERS_MAX (256 * 1024)   /* bytes of all headers of one response */

struct http;

/* Takes body bytes: `len` when taken, HTTP_PAUSE to be given the same bytes again after http_resume, anything else
 * breaks the transfer off. */
typedef size_t http_sink(void *data, const char *bytes, size_t len);
#define HTTP_PAUSE ((size_t)-1)

struct http_request {
	/* asked */
	const char *method;             /* "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" */
	char *url;
	char *authorization;            /* value of the header, or NULL; wiped when freed */
	char *accept;                   /* NULL: nothing said */
	char *post;                     /* body of a POST (a form); wiped when freed */
	const void *upload;             /* body of PUT, PATCH and POST (without `post`), upload_len bytes; the caller's */
	size_t upload_len;
	char *upload_type, *upload_range;       /* its Content-Type and Content-Range, or NULL */
	bool patient;                   /* the server may think for minutes before it answers */
	int64_t range_from;             /* > 0: "Range: bytes=N-" */
	bool bulk;
	http_sink *sink;                /* for bodies of 200 and 206; NULL: into `body` */
	void *sink_data;
	size_t body_max;                /* of `body`; a longer one breaks off with too_big set */

	/* answered */
	bool done;
	int code;                       /* libcurl's result */
	long status;
	bool too_big;
	GString *body;
	char *redirect;                 /* absolute URL of a Location header, or NULL */
	char *content_type, *content_range, *content_digest, *retry_after, *location, *range, *link;      /* or NULL */
	struct challenges challenges;
	char text[256];                 /* libcurl's words for a failure */

	/* libcurl's */
	void *easy, *headers;
	size_t header_bytes;
	struct http *http;
};

/* 0 or -errno. `certs` must outlive it. `verify`: false for --tls-verify=false. */
int http_open(const struct certs *certs, bool verify, struct http **ret, struct err *e);
void http_close(struct http *h);

/* http_step and all that is built on it returns -EINTR once `fd` (a signalfd) is readable. */
void http_interrupt_on(struct http *h, int fd);

/* The CA file libcurl uses when nobody says another, or NULL. */
const char *http_system_ca(void);

/* Start what the asked fields say. 0 or -errno. */
int http_start(struct http *h, struct http_request *r, struct err *e);

/* Let things happen: wait until a transfer or one of `fds` (revents set) has something to do, at most `timeout_ms`. 0 or
 * -errno. */
int http_step(struct http *h, struct pollfd *fds, unsigned n, int timeout_ms, struct err *e);

/* Start it and turn the loop until it is done. 0 (also for failures that the request tells) or -errno. */
int http_perform(struct http *h, struct http_request *r, struct err *e);

/* Turn the loop for `ms` milliseconds: a server has asked for that pause. 0 or -errno. */
int http_wait(struct http *h, int64_t ms, struct err *e);

/* Give a paused request its bytes. */
void http_resume(struct http_request *r);

/* Forget the answer, keep what was asked. */
void http_reset(struct http_request *r);

/* Stop it if it runs and free all it holds; the struct is zero afterwards. */
void http_clear(struct http_request *r);

/* Do both URLs have the same scheme, host and port? */
bool http_same_origin(const char *a, const char *b);

/* `to` (absolute or relative) as seen from `base`; g_free, NULL when it is no URL. */
char *http_resolve(const char *base, const char *to);

/* "https://host:5000" of a URL for messages, without path, query and user; g_free. */
char *http_origin(const char *url);

#endif
