/* registry.h - one repository of a registry: manifests, small blobs, and the judgement of every answer.
 *
 * See the distribution specification and the distribution project's token specification. A request ("exchange")
 * goes through sent -> answered -> judged; the verdict says whether it is over or has to be sent again: now, with
 * a token that was just got or to the place a redirect names, or later, after a wait. The same judgement serves
 * the small documents here and the layers of transfer.h.
 *
 *   - A token is kept for the whole session and got anew once when the registry does not take it any more.
 *   - Redirects: at most 10; another scheme, host or port gets no Authorization; never from https to http unless
 *     certificates are not checked anyway.
 *   - 408, 429, 5xx and broken connections are repeated `retry` times, waiting 1, 2, 4 ... seconds or as long as
 *     Retry-After asks (up to two minutes; more is an error that says so). A host that cannot be reached at all the
 *     first time is an error at once.
 *   - Everything else is one line made of the registry's own error document.
 */
#ifndef CORACLE_NET_REGISTRY_REGISTRY_H
#define CORACLE_NET_REGISTRY_REGISTRY_H

#include <stdbool.h>

#include "core/oci/image_spec.h"
#include "core/oci/reference.h"
#include "net/registry/credential.h"
#include "net/registry/http.h"

struct registry_options {
	const char *creds, *authfile, *cert_dir;        /* options' values or NULL */
	const char *const *helpers;                     /* registries_helpers(); only until the session is open */
	bool tls_verify;
	int retry;                      /* repetitions after the first attempt */
	int64_t retry_delay_ms;         /* -1: exponential */
};

struct registry;

/* Read credentials and certificates; no request yet. 0 or -errno. */
int registry_open(const struct registry_options *o, const struct reference *ref, struct registry **ret,
		  struct err *e);
void registry_close(struct registry *g);
static inline void registry_cleanup(struct registry **g) { if (*g) registry_close(*g); }
#define autoregistry __attribute__((cleanup(registry_cleanup))) struct registry

/* Every wait ends with -EINTR once `fd` (a signalfd) is readable. */
void registry_interrupt_on(struct registry *g, int fd);

/* After fork: the connections that there are belong to the parent; from here on this process has its own. Credentials and
 * tokens stay. 0 or -errno. */
int registry_renew(struct registry *g, struct err *e);

/* A manifest or index, verified against the digest it was asked by. */
struct document {
	char *text;
	size_t len;
	char *media_type;               /* Content-Type without parameters, or NULL */
	char digest[DIGEST_MAX];        /* computed here; for HEAD what the registry says, or "" */
};
void document_clear(struct document *d);

/* `what`: a tag or a digest. `size`: what the descriptor says, -1 unknown. 0 or -errno: EBADMSG for a wrong
 * digest or size, EFBIG for more than MANIFEST_MAX, ENOENT where there is none. */
int registry_manifest(struct registry *g, const char *what, int64_t size, struct document *ret, struct err *e);

/* HEAD: only digest and media type. */
int registry_manifest_head(struct registry *g, const char *what, struct document *ret, struct err *e);

/* A small blob (the config) into memory, verified. 0 or -errno as above. */
int registry_blob(struct registry *g, const struct descriptor *d, struct document *ret, struct err *e);

/* Does it take our credentials? Its answer to /v2/; the reference needs a host only. 0 or -errno (EACCES: no). */
int registry_ping(struct registry *g, struct err *e);

/* --- for transfer.c and upload.c ------------------------------------------------------------------------------------ */

struct exchange {
	struct http_request req;
	char *first_url;
	char *what;                     /* "reading manifest 12 in host/path", in front of every error */
	unsigned redirects, attempts, tokens;
	bool elsewhere;                 /* first_url is not of the registry itself: never any credentials */
	bool foreign;                   /* redirected away from the registry: no credentials */
};

enum verdict { VERDICT_OK, VERDICT_NOW, VERDICT_LATER, VERDICT_FAIL };

/* Send until it is over, with all waits. 0 or -errno. */
int exchange_perform(struct registry *g, struct exchange *x, struct err *e);
/* Send once and judge; the wait of LATER is over when it returns. -errno: e is filled, do not go on. */
int exchange_turn(struct registry *g, struct exchange *x, enum verdict *ret, struct err *e);
/* Prepare a request to `tail` of the registry ("v2/.../..."). */
void exchange_init_path(struct registry *g, struct exchange *x, const char *method, const char *tail);

/* Prepare a GET of a blob; `what` is for messages. */
void exchange_init_blob(struct registry *g, struct exchange *x, const char *digest);
int exchange_send(struct registry *g, struct exchange *x, struct err *e);
/* Of a request that is done. NOW and LATER (after *ret_wait_ms) have it ready to be sent again. On FAIL e is
 * filled. */
enum verdict exchange_judge(struct registry *g, struct exchange *x, int64_t *ret_wait_ms, struct err *e);
/* The same decision for a connection that broke or a body that was cut: LATER or FAIL. */
enum verdict exchange_broken(struct registry *g, struct exchange *x, const char *why, int64_t *ret_wait_ms,
			     struct err *e);
void exchange_clear(struct exchange *x);

/* http_step of its connections. */
int registry_step(struct registry *g, struct pollfd *fds, unsigned n, int timeout_ms, struct err *e);

/* --- for registry.c and exchange.c -------------------------------------------------------------------- */

struct registry {
	struct registry_options o;
	struct reference ref;
	struct certs certs;
	struct credential credential;
	bool have_credential;
	char *host;                     /* what is connected to: "registry-1.docker.io" for docker.io */
	const char *scheme;             /* "https", or "http" once that was fallen back to */
	bool reached;                   /* has ever answered */
	struct http *http;
	char *authorization;            /* value that worked last: "Bearer ..." or "Basic ...", or NULL */
};

/* Get what `c` asks for into g->authorization. 0 or -errno (EACCES: not accepted). */
int registry_authorize(struct registry *g, const struct challenge *c, struct err *e);

/* The registry's error document (or nothing useful) as one printable clause; g_free. */
char *registry_error_text(const char *body, size_t len, long status, char *ret_code, size_t code_len);

#endif
