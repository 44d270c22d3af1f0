/* credential.c - the search through the files. */
#include "net/registry/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "net/registry/registries.h"

/* One file: 1 found, 0 nothing for this host or no such file, -errno. */
static int search_file(const char *file, bool must_exist, const char *host, const char *path,
		       struct credential *ret, struct err *e)
{
	struct auth_answer a = { 0 };
	autowiped *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, file, AUTH_FILE_MAX, &text, &len, e);

	if ((r == -ENOENT || r == -ENOTDIR) && !must_exist) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "credentials");
	if (len == 0)
		return 0;
	r = auth_json_lookup(text, len, host, path, &a, e);
	if (r < 0)
		return err_wrap(e, "credentials in %s", file);
	if (a.found == AUTH_HELPER) {
		r = credential_ask_helper(a.helper, a.helper_key, ret, e);
		if (r < 0)
			err_wrap(e, "credentials for %s, see %s", host, file);
	} else if (a.found == AUTH_ENTRY) {
		*ret = a.entry;
		memset(&a.entry, 0, sizeof a.entry);
		r = 1;
	}
	if (r > 0)
		log_debug("credentials for %s are from %s", host, file);
	auth_answer_clear(&a);
	return r;
}

static char *home_file(const char *variable, const char *below_home, const char *name)
{
	const char *dir = getenv(variable), *home;

	if (dir && *dir)
		return g_strdup_printf("%s/%s", dir, name);
	home = getenv("HOME");
	if (!home || !*home)
		home = g_get_home_dir();
	return below_home ? g_strdup_printf("%s/%s/%s", home, below_home, name) : NULL;
}

/* `must_exist`: a file that was named has to be there. */
struct search { const char *authfile; bool must_exist; const char *host, *path; };

/* The files. */
static int search(const struct search *s, struct credential *ret, struct err *e)
{
	const char *authfile = s->authfile;
	g_autofree char *run = home_file("XDG_RUNTIME_DIR", NULL, "containers/auth.json");
	g_autofree char *config = home_file("XDG_CONFIG_HOME", ".config", "containers/auth.json");
	g_autofree char *docker = home_file("DOCKER_CONFIG", ".docker", "config.json");
	const char *files[] = { run, config, docker };
	int r = 0;

	if (!authfile)
		authfile = getenv("REGISTRY_AUTH_FILE");
	if (authfile && *authfile)
		return search_file(authfile, s->must_exist, s->host, s->path, ret, e);
	for (size_t i = 0; i < G_N_ELEMENTS(files) && r == 0; i++)
		if (files[i])
			r = search_file(files[i], false, s->host, s->path, ret, e);
	return r;
}

/* By the helpers of registries.conf. One that fails does not keep the others from answering. */
static int search_helpers(const struct search *s, const char *const *helpers, struct credential *ret, struct err *e)
{
	struct err first = ERR_INIT;

	for (const char *const *h = helpers; *h; h++) {
		bool files = strcmp(*h, REGISTRIES_AUTH_FILE) == 0;
		int r = files ? search(s, ret, e) : credential_ask_helper(*h, s->host, ret, e);

		if (r > 0)
			return r;
		if (r < 0 && !first.code)
			first = *e;
		err_clear(e);
	}
	*e = first;
	return -e->code;
}

static int search_all(const struct search *s, const char *const *helpers, struct credential *ret, struct err *e)
{
	return helpers ? search_helpers(s, helpers, ret, e) : search(s, ret, e);
}

int credential_find(const char *creds, const char *authfile, const char *const *helpers, const char *host,
		    const char *path, struct credential *ret, struct err *e)
{
	const struct search s = { authfile, true, host, path };
	int r;

	if (!creds)
		return search_all(&s, helpers, ret, e);
	r = credential_from_text(creds, ret, e);
	return r < 0 ? r : 1;
}

int credential_find_here(const char *authfile, const char *const *helpers, const char *host, const char *path,
			 struct credential *ret, struct err *e)
{
	const struct search s = { authfile, false, host, path };

	return search_all(&s, helpers, ret, e);
}
