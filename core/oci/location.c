/* location.c - see location.h. */
#include "core/oci/location.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <string.h>

#include "core/base/text.h"

#define REF_LIMIT 1024

static const char *const words[TRANSPORT_COUNT] = {
	[TRANSPORT_DOCKER] = "docker", [TRANSPORT_STORE] = "store", [TRANSPORT_OCI] = "oci",
	[TRANSPORT_OCI_ARCHIVE] = "oci-archive", [TRANSPORT_DOCKER_ARCHIVE] = "docker-archive", [TRANSPORT_DIR] = "dir",
};

const char *transport_word(enum transport t)
{
	return words[t];
}

/* What follows the transport, or NULL. */
static const char *split(const char *text, enum transport *ret)
{
	for (unsigned t = 0; t < TRANSPORT_COUNT; t++) {
		size_t len = strlen(words[t]);

		if (strncmp(text, words[t], len) != 0 || text[len] != ':')
			continue;
		*ret = (enum transport)t;
		if (t != TRANSPORT_DOCKER)
			return text + len + 1;
		return strncmp(text + len, "://", 3) == 0 ? text + len + 3 : NULL;
	}
	return NULL;
}

bool location_has_transport(const char *text)
{
	enum transport t;

	return split(text, &t) != NULL;
}

/* "[a-zA-Z0-9._+:@/-]", as the OCI layout's annotation has it. */
static bool ref_valid(const char *ref)
{
	if (!g_ascii_isalnum(*ref) || strlen(ref) > REF_LIMIT)
		return false;
	for (; *ref; ref++)
		if (!g_ascii_isalnum(*ref) && !strchr("-._:@/+", *ref))
			return false;
	return true;
}

static int take_ref(const char *text, struct location *n, struct err *e)
{
	struct reference ref;
	int64_t index;

	if (n->transport != TRANSPORT_DOCKER_ARCHIVE) {
		if (!ref_valid(n->ref))
			return err_msg(e, EINVAL, "%s: the part after the second colon is not a reference of an OCI layout", text);
		return 0;
	}
	if (*n->ref != '@')
		return reference_parse(n->ref, &ref, e);
	if (!text_int(n->ref + 1, 0, INT_MAX, &index))
		return err_msg(e, EINVAL, "%s: there is no number after the @", text);
	n->index = (int)index;
	return 0;
}

static int take_path(const char *text, const char *rest, struct location *n, struct err *e)
{
	const char *colon = n->transport == TRANSPORT_DIR ? NULL : strchr(rest, ':');

	n->path = colon ? g_strndup(rest, (gsize)(colon - rest)) : g_strdup(rest);
	if (!*n->path || strlen(n->path) >= PATH_MAX)
		return err_msg(e, EINVAL, "%.200s: no path after the transport, or one that is too long", text);
	/* "oci:dir:" is the same as "oci:dir". */
	if (colon && colon[1])
		n->ref = g_strdup(colon + 1);
	return n->ref ? take_ref(text, n, e) : 0;
}

static int unknown(const char *text, struct err *e)
{
	g_autofree char *shown = text_printable(text);

	err_msg(e, EINVAL, "\"%.200s\" does not begin with a transport", shown);
	return err_hint(e, "it is one of docker://NAME, store:NAME, oci:DIR[:REF], oci-archive:FILE[:REF], "
			"docker-archive:FILE[:NAME] and dir:DIR");
}

int location_parse(const char *text, struct location *ret, struct err *e)
{
	struct location n = { .index = -1 };
	const char *rest = split(text, &n.transport);
	struct reference ref;
	int r;

	if (!rest)
		return unknown(text, e);
	if (n.transport == TRANSPORT_DOCKER) {
		r = reference_parse(rest, &ref, e);
		n.ref = g_strdup(rest);
	} else if (n.transport == TRANSPORT_STORE) {
		r = *rest ? 0 : err_msg(e, EINVAL, "store: without a name");
		n.ref = g_strdup(rest);
	} else {
		r = take_path(text, rest, &n, e);
	}
	if (r < 0)
		location_clear(&n);
	else
		*ret = n;
	return r;
}

void location_clear(struct location *n)
{
	g_free(n->path);
	g_free(n->ref);
	*n = (struct location){ .index = -1 };
}
