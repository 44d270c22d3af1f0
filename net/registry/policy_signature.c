/* policy_signature.c - sigstore signatures: fetched, verified, and what they say.
 *
 * As cosign keeps them: for the manifest sha256:HEX the tag sha256-HEX.sig of the same repository means a manifest whose
 * layers are payloads, each with its signature in an annotation.
 */
#include "net/registry/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/log.h"

#define PAYLOAD_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGNATURE "dev.cosignproject.cosign/signature="
#define KEY_MAX (64 * 1024)
#define SIGNATURES_MAX 100

/* --- keys ---------------------------------------------------------------------------------------------------- */

static int add_key(GPtrArray *keys, const char *pem, size_t len, const char *from, struct err *e)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (!key)
		return err_msg(e, EINVAL, "%s: not a public key (PEM)", from);
	g_ptr_array_add(keys, key);
	return 0;
}

static int add_key_file(GPtrArray *keys, const char *path, struct err *e)
{
	g_autofree char *pem = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, path, KEY_MAX, &pem, &len, e);

	return r == 0 ? add_key(keys, pem, len, path, e) : r;
}

static int read_keys(json_t *requirement, GPtrArray *keys, struct err *e)
{
	const char *path = json_string_value(json_object_get(requirement, "keyPath"));
	const char *data = json_string_value(json_object_get(requirement, "keyData"));
	json_t *one;
	size_t i, len = 0;
	int r = 0;

	if (json_object_get(requirement, "fulcio") || json_object_get(requirement, "rekorPublicKeyPath") ||
	    json_object_get(requirement, "rekorPublicKeyData") || json_object_get(requirement, "pki"))
		return err_msg(e, EACCES, "it wants fulcio, rekor or a PKI, which cannot be checked here");
	if (path)
		r = add_key_file(keys, path, e);
	json_array_foreach(json_object_get(requirement, "keyPaths"), i, one)
		if (r == 0 && json_is_string(one))
			r = add_key_file(keys, json_string_value(one), e);
	if (r == 0 && data) {
		g_autofree guchar *pem = g_base64_decode(data, &len);

		r = add_key(keys, (const char *)pem, len, "keyData", e);
	}
	if (r == 0 && !keys->len)
		r = err_msg(e, EINVAL, "sigstoreSigned without a key");
	return r;
}

static bool verifies(EVP_PKEY *key, const void *signature, size_t sig_len, const char *payload, size_t len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool own_hash = EVP_PKEY_base_id(key) == EVP_PKEY_ED25519;
	bool ok = c && EVP_DigestVerifyInit(c, NULL, own_hash ? NULL : EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(c, signature, sig_len, (const unsigned char *)payload, len) == 1;

	EVP_MD_CTX_free(c);
	return ok;
}

/* --- what is signed --------------------------------------------------------------------------------------------- */

static bool name_matches(const char *match, const char *wanted, const struct reference *ref, const struct reference *said,
			 const char *text)
{
	g_autofree char *full = reference_name(ref);
	bool same_repository = strcmp(ref->host, said->host) == 0 && strcmp(ref->path, said->path) == 0;

	if (strcmp(match, "matchRepository") == 0)
		return same_repository;
	if (strcmp(match, "exactReference") == 0)
		return wanted && strcmp(wanted, text) == 0;
	if (strcmp(match, "exactRepository") == 0) {
		struct err ignored = ERR_INIT;
		struct reference want;

		return wanted && reference_parse(wanted, &want, &ignored) == 0 && strcmp(want.host, said->host) == 0 &&
		       strcmp(want.path, said->path) == 0;
	}
	/* matchExact, and matchRepoDigestOrExact: with a digest the repository is enough. */
	if (strcmp(match, "matchRepoDigestOrExact") == 0 && *ref->digest)
		return same_repository;
	return strpbrk(text, ":@") && strcmp(full, text) == 0;
}

int policy_check_payload(const char *text, size_t len, const char *match, const char *wanted_name,
			 const struct reference *ref, const char *digest, struct err *e)
{
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL), *critical = json_object_get(root, "critical");
	const char *type = json_string_value(json_object_get(critical, "type"));
	const char *about = json_string_value(json_object_get(json_object_get(critical, "image"), "docker-manifest-digest"));
	const char *name = json_string_value(json_object_get(json_object_get(critical, "identity"), "docker-reference"));
	struct err ignored = ERR_INIT;
	struct reference said;
	int r = 0;

	if (!type || strcmp(type, "cosign container image signature") != 0 || !about || !name)
		r = err_msg(e, EACCES, "a signature's payload is not one for a container image");
	else if (strcmp(about, digest) != 0)
		r = err_msg(e, EACCES, "a signature is for another image");
	else if (reference_parse(name, &said, &ignored) < 0 || !name_matches(match, wanted_name, ref, &said, name))
		r = err_msg(e, EACCES, "the signature is for the name %.200s", name);
	json_decref(root);
	return r;
}

struct check {
	GPtrArray *keys;
	const char *match, *wanted;
	const struct reference *ref;
	struct registry *g;
};

static int check_one(const struct check *c, const struct descriptor *d, const char *digest, struct err *e)
{
	const char *coded = NULL;
	struct document payload = { 0 };
	size_t len = 0;
	g_autofree guchar *signature = NULL;
	bool good = false;
	int r;

	for (char **a = d->annotations; a && *a; a++)
		if (g_str_has_prefix(*a, SIGNATURE))
			coded = *a + strlen(SIGNATURE);
	if (!coded || !d->media_type || strcmp(d->media_type, PAYLOAD_TYPE) != 0)
		return err_msg(e, EACCES, "no signature is in the signature's manifest");
	signature = g_base64_decode(coded, &len);
	r = registry_blob(c->g, d, &payload, e);
	for (guint i = 0; r == 0 && i < c->keys->len && !good; i++)
		good = verifies(c->keys->pdata[i], signature, len, payload.text, payload.len);
	if (r == 0 && !good)
		r = err_msg(e, EACCES, "no signature is by a key of the policy");
	if (r == 0)
		r = policy_check_payload(payload.text, payload.len, c->match, c->wanted, c->ref, digest, e);
	document_clear(&payload);
	return r;
}

/* Any good signature of `digest` will do. 0 or -errno; ENOENT: there is none at all. */
static int check_digest(const struct check *c, const char *digest, struct err *e)
{
	g_autofree char *tag = g_strdelimit(g_strconcat(digest, ".sig", NULL), ":", '-');
	struct manifest m = { .arena = ARENA_INIT };
	struct document doc = { 0 };
	int r = registry_manifest(c->g, tag, -1, &doc, e);

	if (r == 0)
		r = manifest_parse(doc.text, doc.len, &m, e);
	if (r == 0 && !m.n_layers)
		r = err_msg(e, EACCES, "the signature's manifest is empty");
	for (size_t i = 0; r == 0 && i < MIN(m.n_layers, SIGNATURES_MAX); i++) {
		err_clear(e);
		r = check_one(c, &m.layers[i], digest, e);
		if (r == 0)
			break;
		if (i + 1 < MIN(m.n_layers, SIGNATURES_MAX) && r != -EINTR)
			r = 0;
	}
	arena_free(&m.arena);
	document_clear(&doc);
	return r;
}

int policy_check_signed(json_t *requirement, const char *file, const struct reference *ref, struct registry *g,
			const char *const *digests, struct err *e)
{
	json_t *identity = json_object_get(requirement, "signedIdentity");
	const char *match = json_string_value(json_object_get(identity, "type"));
	const char *name = json_string_value(json_object_get(identity, "dockerReference"));
	g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)EVP_PKEY_free);
	struct check c = { .keys = keys, .match = match ? match : "matchRepoDigestOrExact", .ref = ref, .g = g };
	static const char *const known[] = { "matchExact", "matchRepoDigestOrExact", "matchRepository", "exactReference",
					     "exactRepository", NULL };
	int r = -ENOENT;

	c.wanted = name ? name : json_string_value(json_object_get(identity, "dockerRepository"));
	if (!g_strv_contains(known, c.match))
		return err_msg(e, EACCES, "the policy %s wants identities by %.50s, which cannot be checked here", file, c.match);
	if (read_keys(requirement, keys, e) < 0)
		return err_wrap(e, "policy %s", file);
	for (size_t i = 0; digests[i] && (r == -ENOENT || r == -EACCES); i++) {
		err_clear(e);
		r = check_digest(&c, digests[i], e);
	}
	if (r == -ENOENT) {
		err_clear(e);
		r = err_msg(e, EACCES, "it is not signed");
	}
	return r < 0 ? err_wrap(e, "the policy %s wants a signature of %s/%s", file, ref->host, ref->path) : 0;
}
