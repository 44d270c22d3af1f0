/* certs.h - which authorities we trust for a registry's host, and what we show it.
 *
 * See containers-certs.d(5): HOST[:PORT]/ with *.crt (authorities), NAME.cert with NAME.key (client). Authorities
 * found there are added to the system's (or $SSL_CERT_FILE's): the sum is put in a memory file that libcurl reads by
 * its /proc path, which works with any TLS library behind it.
 */
#ifndef CORACLE_NET_REGISTRY_CERTS_H
#define CORACLE_NET_REGISTRY_CERTS_H

#include "core/base/err.h"

#define CERTS_MAX (8 * 1024 * 1024)     /* bytes of all authorities together */

struct certs {
	char *ca_file;          /* NULL: libcurl's own */
	char *ca_dir;           /* $SSL_CERT_DIR, NULL */
	char *cert, *key;       /* the client's, NULL */
	int ca_fd;              /* the memory file behind ca_file, or -1 */
};

/* For `host` ("localhost:5000"); `cert_dir` is --cert-dir or NULL, `system_ca` libcurl's default file or NULL.
 * 0 or -errno. */
int certs_find(const char *host, const char *cert_dir, const char *system_ca, struct certs *ret, struct err *e);
void certs_clear(struct certs *c);

#endif
