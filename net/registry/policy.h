/* policy.h - policy.json: which images may come from where, and whose signature they need.
 *
 * containers-policy.json(5): "default" and "transports" -> "docker" -> scopes, the most specific scope alone counts:
 * host/path:tag (or @digest), host/path and its parents, host, *.parent-domains, "". Requirements, all of which must hold:
 * insecureAcceptAnything, reject, and sigstoreSigned with a public key (keyPath, keyPaths, keyData). What we cannot check
 * (signedBy with GPG keys, fulcio, rekor, remapped identities) refuses the image: a policy is never ignored. Files:
 * ~/.config/containers/policy.json, else /etc/containers/policy.json; without one everything is accepted.
 *
 * Archives have transports of their own: docker-archive, oci-archive, oci, dir and tarball (a root file system), whose scopes
 * are absolute paths and what lies above them.
 */
#ifndef CORACLE_NET_REGISTRY_POLICY_H
#define CORACLE_NET_REGISTRY_POLICY_H

#include <jansson.h>

#include "net/registry/registry.h"

#define POLICY_MAX (1024 * 1024)

struct policy;          /* opaque */

/* Read the file that counts. 0 or -errno. */
int policy_load(struct policy **ret, struct err *e);
/* From a file's text; `file` is for messages. 0 or -errno. */
int policy_parse(const char *file, const char *text, size_t len, struct policy **ret, struct err *e);
void policy_free(struct policy *p);

/* Before anything is asked: 0, or -EACCES when no image of that name can be accepted. */
int policy_check_name(const struct policy *p, const struct reference *ref, struct err *e);

/* May an image come from an archive at `path` (absolute, without links; NULL: from a pipe, or paths are no scopes of the
 * transport)? 0 or -EACCES. */
int policy_check_archive(const struct policy *p, const char *transport, const char *path, struct err *e);

/* The manifest is known: fetch signatures from where it came from, if the policy wants some. `digests` (NULL-terminated): the
 * manifest's, and that of the index that named it. 0 or -errno (EACCES: no good signature). */
int policy_check_image(const struct policy *p, const struct reference *ref, struct registry *g,
		       const char *const *digests, struct err *e);

/* --- policy_signature.c ------------------------------------------------------------------------------------ */

/* Does the requirement's key vouch for one of `digests` under the name `ref`? 0 or -errno. */
int policy_check_signed(json_t *requirement, const char *file, const struct reference *ref, struct registry *g,
			const char *const *digests, struct err *e);

/* What a signature's payload says (simple signing): is it about `digest`, and for a name that `match` accepts?
 * 0 or -EACCES. Foreign bytes, but their signature was good. */
int policy_check_payload(const char *text, size_t len, const char *match, const char *wanted_name,
			 const struct reference *ref, const char *digest, struct err *e);

#endif
