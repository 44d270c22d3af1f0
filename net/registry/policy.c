/* policy.c - see policy.h. */
#include "net/registry/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "core/base/file.h"

struct policy {
	char *file;
	json_t *root;           /* NULL: everything is accepted */
};

void policy_free(struct policy *p)
{
	if (!p)
		return;
	g_free(p->file);
	json_decref(p->root);
	g_free(p);
}

static int check_requirements(json_t *list, struct err *e)
{
	json_t *one;
	size_t i;

	/* An empty list would demand nothing by oversight: the specification forbids it. */
	if (!json_array_size(list))
		return err_msg(e, EINVAL, "a list of requirements is missing or empty");
	json_array_foreach(list, i, one)
		if (!json_is_string(json_object_get(one, "type")))
			return err_msg(e, EINVAL, "a requirement has no type");
	return 0;
}

static int check_root(json_t *root, struct err *e)
{
	json_t *transports = json_object_get(root, "transports"), *scopes, *list;
	const char *transport, *scope;
	int r = check_requirements(json_object_get(root, "default"), e);

	if (r < 0)
		return err_wrap(e, "default");
	json_object_foreach(transports, transport, scopes) {
		json_object_foreach(scopes, scope, list) {
			r = check_requirements(list, e);
			if (r < 0)
				return err_wrap(e, "%.50s, scope \"%.100s\"", transport, scope);
		}
	}
	return 0;
}

int policy_parse(const char *file, const char *text, size_t len, struct policy **ret, struct err *e)
{
	json_error_t je;
	json_t *root = len <= POLICY_MAX ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &je) : NULL;
	int r = json_is_object(root) ? check_root(root, e) : err_msg(e, EINVAL, "not a JSON object");

	if (r < 0) {
		json_decref(root);
		return err_wrap(e, "policy %s", file);
	}
	*ret = g_new0(struct policy, 1);
	(*ret)->file = g_strdup(file);
	(*ret)->root = root;
	return 0;
}

int policy_load(struct policy **ret, struct err *e)
{
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), "containers", "policy.json", NULL);
	const char *files[] = { own, "/etc/containers/policy.json" };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *text = NULL;
		size_t len;
		int r = file_read(AT_FDCWD, files[i], POLICY_MAX, &text, &len, e);

		if (r == 0)
			return policy_parse(files[i], text, len, ret, e);
		/* One that is there but cannot be read might forbid everything. */
		if (r != -ENOENT && r != -ENOTDIR)
			return err_wrap(e, "policy");
		err_clear(e);
	}
	*ret = g_new0(struct policy, 1);
	return 0;
}

/* The list for the longest scope; "*.example.org" after the host itself. */
static json_t *requirements(const struct policy *p, const struct reference *ref)
{
	json_t *scopes = json_object_get(json_object_get(p->root, "transports"), "docker"), *list;
	g_autofree char *scope = reference_name(ref);
	const char *dot;
	char *cut;

	list = json_object_get(scopes, scope);
	if (list)
		return list;
	g_free(scope);
	scope = g_strdup_printf("%s/%s", ref->host, ref->path);
	for (;;) {
		list = json_object_get(scopes, scope);
		cut = strrchr(scope, '/');
		if (list || !cut)
			break;
		*cut = '\0';
	}
	for (dot = strchr(ref->host, '.'); !list && dot; dot = strchr(dot + 1, '.')) {
		g_autofree char *wild = g_strconcat("*", dot, NULL);

		list = json_object_get(scopes, wild);
	}
	if (!list)
		list = json_object_get(scopes, "");
	return list ? list : json_object_get(p->root, "default");
}

static int refuse(const struct policy *p, const struct reference *ref, struct err *e)
{
	return err_msg(e, EACCES, "%s/%s is rejected by the policy %s", ref->host, ref->path, p->file);
}

/* The list for an archive: for its path, a directory above it, the whole transport, or by default. */
static json_t *archive_requirements(const struct policy *p, const char *transport, const char *path)
{
	json_t *scopes = json_object_get(json_object_get(p->root, "transports"), transport), *list = NULL;
	g_autofree char *scope = g_strdup(path ? path : "");

	/* Not "/": that is what "" says. */
	while (!list && *scope) {
		list = json_object_get(scopes, scope);
		*strrchr(scope, '/') = '\0';
	}
	if (!list)
		list = json_object_get(scopes, "");
	return list ? list : json_object_get(p->root, "default");
}

int policy_check_archive(const struct policy *p, const char *transport, const char *path, struct err *e)
{
	json_t *list = p->root ? archive_requirements(p, transport, path) : NULL, *one;
	g_autofree char *shown = path ? g_strdup_printf("%s:%s", transport, path) : g_strdup(transport);
	size_t i;

	json_array_foreach(list, i, one) {
		const char *type = json_string_value(json_object_get(one, "type"));

		if (strcmp(type, "reject") == 0)
			return err_msg(e, EACCES, "%s is rejected by the policy %s", shown, p->file);
		if (strcmp(type, "insecureAcceptAnything") != 0)
			return err_msg(e, EACCES, "the policy %s wants %.50s for %s, which cannot be checked here: refused",
				       p->file, type, shown);
	}
	return 0;
}

int policy_check_name(const struct policy *p, const struct reference *ref, struct err *e)
{
	json_t *list = p->root ? requirements(p, ref) : NULL, *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const char *type = json_string_value(json_object_get(one, "type"));

		if (strcmp(type, "reject") == 0)
			return refuse(p, ref, e);
		if (strcmp(type, "insecureAcceptAnything") != 0 && strcmp(type, "sigstoreSigned") != 0)
			return err_msg(e, EACCES, "the policy %s wants %.50s for %s/%s, which cannot be checked here: refused",
				       p->file, type, ref->host, ref->path);
	}
	return 0;
}

int policy_check_image(const struct policy *p, const struct reference *ref, struct registry *g,
		       const char *const *digests, struct err *e)
{
	json_t *list = p->root ? requirements(p, ref) : NULL, *one;
	int r = policy_check_name(p, ref, e);
	size_t i;

	json_array_foreach(list, i, one) {
		if (r == 0 && strcmp(json_string_value(json_object_get(one, "type")), "sigstoreSigned") == 0)
			r = policy_check_signed(one, p->file, ref, g, digests, e);
	}
	return r;
}
