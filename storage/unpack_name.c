/* unpack_name.c - names of files and attributes in a layer's tar: see unpack_tree.h. */
#include <glib.h>
#include <string.h>

#include "storage/unpack_tree.h"

enum whiteout whiteout_kind(const char *base)
{
	if (strncmp(base, ".wh.", 4) != 0)
		return WHITEOUT_NONE;
	if (!strcmp(base, ".wh..wh..opq"))
		return WHITEOUT_OPAQUE;
	/* What aufs kept for itself. */
	if (!strncmp(base, ".wh..wh.", 8))
		return WHITEOUT_IGNORED;
	if (!base[4] || !strcmp(base + 4, ".") || !strcmp(base + 4, ".."))
		return WHITEOUT_BAD;
	return WHITEOUT_NAME;
}

char *unpack_clean_name(const char *name)
{
	GString *out = g_string_sized_new(strlen(name));

	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.') {
			char *slash = strrchr(out->str, '/');

			if (out->len == 0) {
				g_string_free(out, TRUE);
				return NULL;
			}
			g_string_truncate(out, slash ? (gsize)(slash - out->str) : 0);
		} else if (n > 0 && !(n == 1 && name[0] == '.')) {
			if (n > 255) {
				g_string_free(out, TRUE);
				return NULL;
			}
			if (out->len > 0)
				g_string_append_c(out, '/');
			g_string_append_len(out, name, (gssize)n);
		}
		name += n;
		name += strspn(name, "/");
	}
	return g_string_free(out, FALSE);
}

/* Attributes that an image may set. Marks of overlayfs and of container tools would change what is shown of
 * other layers; the rest of security. and trusted. is the host's. */
bool unpack_xattr_allowed(const char *name)
{
	if (g_str_has_prefix(name, "user."))
		return !g_str_has_prefix(name, "user.overlay.") && !g_str_has_prefix(name, "user.containers.");
	return !strcmp(name, "security.capability") || g_str_has_prefix(name, "system.posix_acl_");
}
