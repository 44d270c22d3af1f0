/* download.c - see download.h. */
#include "cmd/image/download.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/base/fd.h"
#include "net/registry/http.h"

#define REDIRECTS_MAX 10

struct taker { int fd, failed; };

static size_t take(void *data, const char *bytes, size_t len)
{
	struct taker *t = data;

	t->failed = fd_write_all(t->fd, bytes, len);
	return t->failed < 0 ? 0 : len;
}

bool download_is_url(const char *text)
{
	return g_str_has_prefix(text, "http://") || g_str_has_prefix(text, "https://");
}

static int judge(const struct http_request *r, const struct taker *t, struct err *e)
{
	if (t->failed < 0)
		return err_set(e, -t->failed, "what was downloaded");
	if (r->code != 0)
		return err_msg(e, EIO, "%s", r->text);
	if (r->status != 200)
		return err_msg(e, r->status == 404 ? ENOENT : EIO, "the server answers with status %ld", r->status);
	return 0;
}

/* One request. 1: *url is where it was redirected to. */
static int fetch(char **url, struct taker *t, struct err *e)
{
	bool safe = g_str_has_prefix(*url, "https://");
	struct http_request req = { .method = "GET", .url = g_strdup(*url), .bulk = true, .sink = take, .sink_data = t };
	struct certs certs = { .ca_fd = -1 };
	struct http *h = NULL;
	int r = certs_find("", NULL, http_system_ca(), &certs, e);

	if (r == 0)
		r = http_open(&certs, safe, &h, e);
	if (r == 0)
		r = http_perform(h, &req, e);
	if (r == 0 && req.status / 100 == 3 && req.redirect) {
		if (safe && !g_str_has_prefix(req.redirect, "https://")) {
			r = err_msg(e, EACCES, "it redirects to %.200s, which is not https", req.redirect);
		} else {
			g_free(*url);
			*url = g_steal_pointer(&req.redirect);
			r = 1;
		}
	} else if (r == 0) {
		r = judge(&req, t, e);
	}
	http_clear(&req);
	if (h)
		http_close(h);
	certs_clear(&certs);
	return r;
}

int download(const char *url, int out_fd, struct err *e)
{
	g_autofree char *at = g_strdup(url);
	struct taker t = { .fd = out_fd };
	int r = 1;

	for (unsigned n = 0; r > 0; n++) {
		if (n > REDIRECTS_MAX)
			r = err_msg(e, ELOOP, "too many redirects");
		else if (!download_is_url(at))
			r = err_msg(e, EACCES, "it redirects to %.200s, which is no web address", at);
		else
			r = fetch(&at, &t, e);
	}
	return r < 0 ? err_wrap(e, "%s", url) : 0;
}
