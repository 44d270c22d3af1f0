/* http.c - requests over libcurl. */
#include "net/registry/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "net/registry/credential.h"

#define CONNECT_TIMEOUT_S 20L
#define STALL_TIMEOUT_S 30L             /* less than STALL_BYTES a second for that long is a broken transfer */
#define STALL_BYTES 64L
#define TEXT_TIMEOUT_S 120L             /* for a whole small answer */
#define PATIENT_TIMEOUT_S 600L          /* a registry checks a whole blob before it says yes */
#define BULK_BUFFER (128L * 1024)
#define CONNECTIONS_MAX 16L
#define WAIT_FDS_MAX 64

_Static_assert(CURL_WAIT_POLLIN == POLLIN && CURL_WAIT_POLLOUT == POLLOUT, "one meaning of poll events");

struct http {
	CURLM *multi;
	const struct certs *certs;
	bool verify;
	int interrupt_fd;               /* readable: give up; -1 */
};

const char *http_system_ca(void)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	return v->age >= CURLVERSION_SEVENTH ? v->cainfo : NULL;
}

int http_open(const struct certs *certs, bool verify, struct http **ret, struct err *e)
{
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_msg(e, ENOMEM, "libcurl cannot start");
	h = g_new0(struct http, 1);
	h->certs = certs;
	h->verify = verify;
	h->interrupt_fd = -1;
	h->multi = curl_multi_init();
	if (!h->multi) {
		g_free(h);
		return err_set(e, ENOMEM, "libcurl");
	}
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	*ret = h;
	return 0;
}

void http_interrupt_on(struct http *h, int fd)
{
	h->interrupt_fd = fd;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl_multi_cleanup(h->multi);
	g_free(h);
}

/* Keep the value of a header line in *slot; one that came twice counts as it came last. */
static void keep_value(char **slot, const char *value, size_t len)
{
	g_free(*slot);
	*slot = g_strndup(value, len);
}

static void forget_headers(struct http_request *r)
{
	g_clear_pointer(&r->content_type, g_free);
	g_clear_pointer(&r->content_range, g_free);
	g_clear_pointer(&r->content_digest, g_free);
	g_clear_pointer(&r->retry_after, g_free);
	g_clear_pointer(&r->location, g_free);
	g_clear_pointer(&r->range, g_free);
	g_clear_pointer(&r->link, g_free);
	challenges_clear(&r->challenges);
}

/* Headers of which the value is kept. */
static void keep_header(struct http_request *r, const char *name, size_t name_len, const char *value, size_t len)
{
	const struct { const char *name; char **slot; } kept[] = {
		{ "Content-Type", &r->content_type }, { "Content-Range", &r->content_range },
		{ "Docker-Content-Digest", &r->content_digest }, { "Retry-After", &r->retry_after },
		{ "Location", &r->location }, { "Range", &r->range }, { "Link", &r->link },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (strlen(kept[i].name) == name_len && g_ascii_strncasecmp(name, kept[i].name, name_len) == 0)
			keep_value(kept[i].slot, value, len);
}

static size_t on_header(char *line, size_t size, size_t n, void *data)
{
	struct http_request *r = data;
	size_t len = size * n, name_len, left;
	char *colon = memchr(line, ':', len);
	const char *value;

	r->header_bytes += len;
	if (r->header_bytes > HTTP_HEADERS_MAX)
		return 0;
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
		/* A new answer: what came before was "100 Continue" or a proxy's. */
		forget_headers(r);
		return len;
	}
	if (!colon)
		return len;
	name_len = (size_t)(colon - line);
	for (value = colon + 1, left = len - name_len - 1; left && (*value == ' ' || *value == '\t'); left--)
		value++;
	while (left && strchr("\r\n \t", value[left - 1]))
		left--;
	if (name_len == strlen("WWW-Authenticate") && g_ascii_strncasecmp(line, "WWW-Authenticate", name_len) == 0) {
		if (!challenges_add(&r->challenges, value, left))
			log_debug("ignoring the rest of a malformed WWW-Authenticate header");
	} else {
		keep_header(r, line, name_len, value, left);
	}
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
	struct http_request *r = data;
	size_t len = size * n;
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = status;
	if (r->sink && (status == 200 || status == 206)) {
		size_t taken = r->sink(r->sink_data, bytes, len);

		return taken == HTTP_PAUSE ? CURL_WRITEFUNC_PAUSE : taken;
	}
	if (r->body->len + len > r->body_max) {
		/* Of an error page the beginning is enough; a document must be whole. */
		if (status >= 300)
			return len;
		r->too_big = true;
		return 0;
	}
	g_string_append_len(r->body, bytes, (gssize)len);
	return len;
}

static void add_header(struct http_request *r, const char *name, const char *value)
{
	autowiped *line = g_strdup_printf("%s: %s", name, value);

	r->headers = curl_slist_append(r->headers, line);
}

static void set_protocols(CURL *c, bool verify)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, verify ? "https" : "https,http");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTPS | (verify ? 0 : CURLPROTO_HTTP)));
#endif
}

static void set_tls(CURL *c, const struct http *h)
{
	const struct certs *t = h->certs;

	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, h->verify ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, h->verify ? 2L : 0L);
	if (t->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, t->ca_file);
	if (t->ca_dir)
		curl_easy_setopt(c, CURLOPT_CAPATH, t->ca_dir);
	if (t->cert) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, t->cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY, t->key);
	}
}

static void set_limits(CURL *c, const struct http_request *r)
{
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, r->patient ? PATIENT_TIMEOUT_S : STALL_TIMEOUT_S);
	curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	if (r->bulk) {
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		curl_easy_setopt(c, CURLOPT_BUFFERSIZE, BULK_BUFFER);
	} else {
		curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
		curl_easy_setopt(c, CURLOPT_PIPEWAIT, 1L);
		curl_easy_setopt(c, CURLOPT_TIMEOUT, r->patient ? PATIENT_TIMEOUT_S : TEXT_TIMEOUT_S);
	}
}

static void set_upload(CURL *c, struct http_request *r)
{
	bool form = r->post != NULL;

	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(form ? strlen(r->post) : r->upload_len));
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, form ? r->post : r->upload ? r->upload : "");
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	/* No question beforehand whether the body is wanted: it would cost a second where nobody answers it. */
	r->headers = curl_slist_append(r->headers, "Expect:");
	if (!form && !r->upload_type)
		r->headers = curl_slist_append(r->headers, "Content-Type:");
	if (r->upload_type)
		add_header(r, "Content-Type", r->upload_type);
	if (r->upload_range)
		add_header(r, "Content-Range", r->upload_range);
}

static void set_request(CURL *c, struct http_request *r)
{
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "coracle/" PACKAGE_VERSION);
	if (strcmp(r->method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else if (strcmp(r->method, "GET") != 0)
		set_upload(c, r);
	if (r->authorization)
		add_header(r, "Authorization", r->authorization);
	if (r->accept)
		add_header(r, "Accept", r->accept);
	if (r->range_from > 0) {
		g_autofree char *range = g_strdup_printf("bytes=%" G_GINT64_FORMAT "-", r->range_from);

		add_header(r, "Range", range);
	}
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, r->headers);
}

int http_start(struct http *h, struct http_request *r, struct err *e)
{
	CURL *c = curl_easy_init();

	if (!c)
		return err_set(e, ENOMEM, "libcurl");
	r->easy = c;
	r->http = h;
	r->body = g_string_new(NULL);
	set_protocols(c, h->verify);
	set_tls(c, h);
	set_limits(c, r);
	set_request(c, r);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->text);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_PRIVATE, r);
	if (curl_multi_add_handle(h->multi, c) != CURLM_OK)
		return err_set(e, ENOMEM, "libcurl");
	return 0;
}

static void finish(CURL *c, CURLcode code)
{
	struct http_request *r = NULL;
	char *redirect = NULL;
	g_autofree char *origin = NULL;

	curl_easy_getinfo(c, CURLINFO_PRIVATE, &r);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &redirect);
	r->redirect = g_strdup(redirect);
	r->code = (int)code;
	if (code != CURLE_OK && !r->text[0])
		g_strlcpy(r->text, curl_easy_strerror(code), sizeof r->text);
	r->done = true;
	if (log_wanted(LOG_LEVEL_DEBUG)) {
		origin = http_origin(r->url);
		log_debug("%s %s: %ld%s%s", r->method, origin, r->status, code ? ", " : "", code ? r->text : "");
	}
}

/* Take what has finished from libcurl's list. */
static void take_finished(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		if (m->msg == CURLMSG_DONE)
			finish(m->easy_handle, m->data.result);
	}
}

int http_step(struct http *h, struct pollfd *fds, unsigned n_fds, int timeout_ms, struct err *e)
{
	struct curl_waitfd wait[WAIT_FDS_MAX + 1];
	struct pollfd stop = { .fd = h->interrupt_fd, .events = POLLIN };
	unsigned n = 0;
	int running;
	CURLMcode r;

	for (; n < MIN(n_fds, WAIT_FDS_MAX); n++)
		wait[n] = (struct curl_waitfd){ .fd = fds[n].fd, .events = fds[n].events };
	if (h->interrupt_fd >= 0)
		wait[n++] = (struct curl_waitfd){ .fd = h->interrupt_fd, .events = POLLIN };
	/* The wait comes first: what a sink does in curl_multi_perform may change what the caller has to wait for.
	 * libcurl's own timers make it end at once for requests that have just been added or resumed. */
	r = curl_multi_poll(h->multi, wait, n, timeout_ms, NULL);
	if (r == CURLM_OK)
		r = curl_multi_perform(h->multi, &running);
	take_finished(h);
	/* libcurl does not hand on POLLERR and POLLHUP. */
	n_fds = MIN(n_fds, WAIT_FDS_MAX);
	if (n_fds)
		(void)poll(fds, n_fds, 0);
	if (h->interrupt_fd >= 0 && poll(&stop, 1, 0) > 0)
		return err_msg(e, EINTR, "interrupted");
	if (r != CURLM_OK)
		return err_msg(e, EIO, "libcurl: %s", curl_multi_strerror(r));
	return 0;
}

int http_perform(struct http *h, struct http_request *r, struct err *e)
{
	int ret = http_start(h, r, e);

	while (ret == 0 && !r->done)
		ret = http_step(h, NULL, 0, 1000, e);
	return ret;
}

int http_wait(struct http *h, int64_t ms, struct err *e)
{
	int64_t until = g_get_monotonic_time() + ms * 1000, left;
	int r = 0;

	while (r == 0 && (left = until - g_get_monotonic_time()) > 0)
		r = http_step(h, NULL, 0, (int)MIN(left / 1000 + 1, 60000), e);
	return r;
}

void http_resume(struct http_request *r)
{
	if (r->easy && !r->done)
		curl_easy_pause(r->easy, CURLPAUSE_CONT);
}

void http_reset(struct http_request *r)
{
	if (r->easy) {
		curl_multi_remove_handle(r->http->multi, r->easy);
		curl_easy_cleanup(r->easy);
	}
	for (struct curl_slist *s = r->headers; s; s = s->next)
		explicit_bzero(s->data, strlen(s->data));
	curl_slist_free_all(r->headers);
	r->easy = r->headers = NULL;
	if (r->body) {
		explicit_bzero(r->body->str, r->body->len);
		g_string_free(r->body, TRUE);
	}
	r->body = NULL;
	g_clear_pointer(&r->redirect, g_free);
	forget_headers(r);
	r->done = r->too_big = false;
	r->code = 0;
	r->status = 0;
	r->header_bytes = 0;
	r->text[0] = '\0';
}

void http_clear(struct http_request *r)
{
	http_reset(r);
	g_free(r->url);
	g_free(r->accept);
	g_free(r->upload_type);
	g_free(r->upload_range);
	wipe_free(r->authorization);
	wipe_free(r->post);
	memset(r, 0, sizeof *r);
}

/* One part of a URL, or NULL; curl_free. */
static char *part(const char *url, CURLUPart what)
{
	CURLU *u = curl_url();
	char *ret = NULL;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		curl_url_get(u, what, &ret, CURLU_DEFAULT_PORT);
	curl_url_cleanup(u);
	return ret;
}

bool http_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	bool same = true;

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		char *x = part(a, parts[i]), *y = part(b, parts[i]);

		same = same && x && y && g_ascii_strcasecmp(x, y) == 0;
		curl_free(x);
		curl_free(y);
	}
	return same;
}

char *http_resolve(const char *base, const char *to)
{
	CURLU *u = curl_url();
	char *whole = NULL, *ret;

	if (u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK && curl_url_set(u, CURLUPART_URL, to, 0) == CURLUE_OK)
		curl_url_get(u, CURLUPART_URL, &whole, 0);
	curl_url_cleanup(u);
	ret = g_strdup(whole);
	curl_free(whole);
	return ret;
}

char *http_origin(const char *url)
{
	char *scheme = part(url, CURLUPART_SCHEME), *host = part(url, CURLUPART_HOST);
	char *port = part(url, CURLUPART_PORT);
	char *ret = g_strdup_printf("%s://%s:%s", scheme ? scheme : "?", host ? host : "?", port ? port : "?");

	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return ret;
}
