/* reference.c - see reference.h. */
#include "core/oci/reference.h"

#include <ctype.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/oci/image_spec.h"

#define PATH_LIMIT 255          /* of host and path together, as the distribution specification says */
#define REFERENCE_LIMIT 1024    /* bytes of text worth looking at */

static bool lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of a separator inside a path component: ".", "_", "__" or any number of "-"; 0 for none. */
static size_t separator(const char *p)
{
	if (*p == '-')
		return strspn(p, "-");
	if (p[0] == '_' && p[1] == '_')
		return 2;
	return *p == '_' || *p == '.' ? 1 : 0;
}

/* "a.b/c__d": components of lower case letters and digits, with separators between them only. */
static bool path_valid(const char *p)
{
	for (;;) {
		if (!lower_or_digit(*p))
			return false;
		while (lower_or_digit(*p))
			p++;
		if (*p == '\0')
			return true;
		if (*p == '/')
			p++;
		else if (separator(p) > 0)
			p += separator(p);
		else
			return false;
	}
}

static bool host_label_end(char before, char after)
{
	return isalnum((unsigned char)before) && (after == '\0' || after == '.' || after == ':');
}

/* A domain name, IPv4 address or "[IPv6]", with an optional port. */
static bool host_valid(const char *h)
{
	const char *p = h;

	if (*p == '[') {
		p += 1 + strspn(p + 1, "0123456789abcdefABCDEF:");
		if (p == h + 1 || *p++ != ']')
			return false;
	} else {
		for (;;) {
			if (!isalnum((unsigned char)*p))
				return false;
			while (isalnum((unsigned char)*p) || *p == '-')
				p++;
			if (!host_label_end(p[-1], *p))
				return false;
			if (*p != '.')
				break;
			p++;
		}
	}
	if (*p == ':') {
		size_t digits = strspn(p + 1, "0123456789");

		return digits >= 1 && digits <= 5 && p[1 + digits] == '\0';
	}
	return *p == '\0';
}

bool tag_valid(const char *t)
{
	size_t len = strlen(t);

	if (len < 1 || len > 128 || !(isalnum((unsigned char)*t) || *t == '_'))
		return false;
	for (; *t; t++)
		if (!isalnum((unsigned char)*t) && !strchr("_.-", *t))
			return false;
	return true;
}

static bool has_upper(const char *s)
{
	for (; *s; s++)
		if (isupper((unsigned char)*s))
			return true;
	return false;
}

/* Is the part before the first slash a registry? Docker's rule. */
static bool is_host(const char *first)
{
	return strpbrk(first, ".:") || strcmp(first, "localhost") == 0 || has_upper(first);
}

/* Split "name" (no tag, no digest) into host and path, filling in docker.io and library/. */
static int split_name(const char *shown, char *name, struct reference *r, struct err *e)
{
	char *slash = strchr(name, '/');
	const char *host = "docker.io", *path = name;
	const char *library;

	if (slash) {
		*slash = '\0';
		if (is_host(name)) {
			host = name;
			path = slash + 1;
		} else {
			*slash = '/';
		}
	}
	if (strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0)
		host = "docker.io";
	if (!host_valid(host))
		return err_msg(e, EINVAL, "\"%s\": \"%s\" is not a registry's host name", shown, host);
	if (*path == '\0')
		return err_msg(e, EINVAL, "\"%s\": no repository name", shown);
	if (has_upper(path))
		return err_msg(e, EINVAL, "\"%s\": repository names must be lower case", shown);
	if (!path_valid(path))
		return err_msg(e, EINVAL, "\"%s\": \"%s\" is not a repository name", shown, path);
	library = strcmp(host, "docker.io") == 0 && !strchr(path, '/') ? "library/" : "";
	if (strlen(host) + 1 + strlen(library) + strlen(path) > PATH_LIMIT)
		return err_msg(e, EINVAL, "\"%.40s...\": longer than %d bytes", shown, PATH_LIMIT);
	g_strlcpy(r->host, host, sizeof r->host);
	snprintf(r->path, sizeof r->path, "%s%s", library, path);
	return 0;
}

int reference_parse(const char *s, struct reference *ret, struct err *e)
{
	g_autofree char *name = NULL, *shown = NULL;
	struct reference r = { 0 };
	char *at, *colon, *slash;
	int err;

	if (g_str_has_prefix(s, "docker://"))
		s += strlen("docker://");
	if (*s == '\0')
		return err_msg(e, EINVAL, "an image name is empty");
	if (strnlen(s, REFERENCE_LIMIT + 1) > REFERENCE_LIMIT)
		return err_msg(e, EINVAL, "an image name is longer than %d bytes", REFERENCE_LIMIT);
	shown = text_printable(s);
	name = g_strdup(s);

	at = strchr(name, '@');
	if (at) {
		*at++ = '\0';
		if (!digest_valid(at))
			return err_msg(e, EINVAL, "\"%s\": not a digest after the @ (sha256: and 64 "
				       "lower-case hex digits)", shown);
		g_strlcpy(r.digest, at, sizeof r.digest);
	}
	slash = strrchr(name, '/');
	colon = strrchr(slash ? slash : name, ':');
	if (colon) {
		*colon++ = '\0';
		if (!tag_valid(colon))
			return err_msg(e, EINVAL, "\"%s\": not a tag after the colon (letters, digits, _ . -, "
				       "at most 128)", shown);
		g_strlcpy(r.tag, colon, sizeof r.tag);
	} else if (!at) {
		g_strlcpy(r.tag, "latest", sizeof r.tag);
	}
	if (!slash && text_is_hex(name, 64))
		return err_msg(e, EINVAL, "\"%s\": an image ID, not a name", shown);
	err = split_name(shown, name, &r, e);
	if (err < 0)
		return err;
	*ret = r;
	return 0;
}

bool reference_is_short(const char *s)
{
	g_autofree char *first = g_strndup(s, strcspn(s, "/"));

	if (g_str_has_prefix(s, "docker://"))
		return false;
	return first[0] && (!strchr(s, '/') || !is_host(first));
}

char *reference_name(const struct reference *r)
{
	if (*r->digest)
		return g_strdup_printf("%s/%s@%s", r->host, r->path, r->digest);
	return g_strdup_printf("%s/%s:%s", r->host, r->path, *r->tag ? r->tag : "latest");
}

int reference_parse_local(const char *s, struct reference *ret, struct err *e)
{
	g_autofree char *local = NULL, *first = NULL;
	const char *name = g_str_has_prefix(s, "docker://") ? s + strlen("docker://") : s;

	if (*name && name == s && strnlen(name, REFERENCE_LIMIT + 1) <= REFERENCE_LIMIT) {
		first = g_strndup(name, strcspn(name, "/"));
		if (!strchr(name, '/') || !is_host(first))
			local = g_strconcat("localhost/", name, NULL);
	}
	return reference_parse(local ? local : name, ret, e);
}
