/* certs.c - certs.d directories. */
#include "net/registry/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"

static int append_file(const char *file, GString *sum, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, file, CERTS_MAX - sum->len, &text, &len, e);

	if (r < 0)
		return err_wrap(e, "certificates");
	g_string_append_len(sum, text, (gssize)len);
	g_string_append_c(sum, '\n');
	return 0;
}

static int use_client(const char *dir, const char *name, struct certs *ret, struct err *e)
{
	g_autofree char *base = g_strndup(name, strlen(name) - strlen(".cert"));
	g_autofree char *cert = g_strdup_printf("%s/%s", dir, name);
	g_autofree char *key = g_strdup_printf("%s/%s.key", dir, base);

	if (access(key, R_OK) < 0)
		return err_set(e, errno, "client certificate %s: its key %s", cert, key);
	if (ret->cert)
		return 0;
	ret->cert = g_steal_pointer(&cert);
	ret->key = g_steal_pointer(&key);
	return 0;
}

static int key_without_cert(const char *dir, const char *name, struct err *e)
{
	g_autofree char *base = g_strndup(name, strlen(name) - strlen(".key"));
	g_autofree char *cert = g_strdup_printf("%s/%s.cert", dir, base);

	if (access(cert, R_OK) == 0)
		return 0;
	return err_set(e, errno, "client key %s/%s: its certificate %s", dir, name, cert);
}

/* Take what is in one directory; a missing one has nothing unless `must_exist`. */
static int search_dir(const char *dir, bool must_exist, GString *sum, struct certs *ret, struct err *e)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	const char *name;
	int r = 0;

	if (!d) {
		if (must_exist)
			return err_set(e, errno ? errno : ENOENT, "certificate directory %s", dir);
		return 0;
	}
	while (r == 0 && (name = g_dir_read_name(d))) {
		if (g_str_has_suffix(name, ".crt")) {
			g_autofree char *file = g_strdup_printf("%s/%s", dir, name);

			r = append_file(file, sum, e);
		} else if (g_str_has_suffix(name, ".cert")) {
			r = use_client(dir, name, ret, e);
		} else if (g_str_has_suffix(name, ".key")) {
			r = key_without_cert(dir, name, e);
		}
	}
	g_dir_close(d);
	return r;
}

static int search_all(const char *host, const char *cert_dir, GString *sum, struct certs *ret, struct err *e)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	g_autofree char *user_dir = config && *config ? g_strdup(config) :
				    home ? g_strdup_printf("%s/.config", home) : NULL;
	g_autofree char *own = user_dir ? g_strdup_printf("%s/containers/certs.d/%s", user_dir, host) : NULL;
	g_autofree char *containers = g_strdup_printf("/etc/containers/certs.d/%s", host);
	g_autofree char *docker = g_strdup_printf("/etc/docker/certs.d/%s", host);
	const char *dirs[] = { own, containers, docker };

	if (cert_dir)
		return search_dir(cert_dir, true, sum, ret, e);
	/* The first directory that is there counts alone, as for podman. */
	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (dirs[i] && path_exists_at(AT_FDCWD, dirs[i]))
			return search_dir(dirs[i], false, sum, ret, e);
	return 0;
}

int certs_find(const char *host, const char *cert_dir, const char *system_ca, struct certs *ret, struct err *e)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
	g_autoptr(GString) sum = g_string_new(NULL);
	int r;

	*ret = (struct certs){ .ca_fd = -1 };
	ret->ca_dir = dir && *dir ? g_strdup(dir) : NULL;
	if (file && *file)
		system_ca = file;
	r = search_all(host, cert_dir, sum, ret, e);
	if (r < 0)
		return r;
	if (!sum->len) {
		ret->ca_file = file && *file ? g_strdup(file) : NULL;
		return 0;
	}
	if (system_ca && access(system_ca, R_OK) == 0) {
		r = append_file(system_ca, sum, e);
		if (r < 0)
			return r;
	}
	ret->ca_fd = memfd_create("coracle-ca", MFD_CLOEXEC);
	if (ret->ca_fd < 0)
		return err_set(e, errno, "certificates of %s", host);
	r = fd_write_all(ret->ca_fd, sum->str, sum->len);
	if (r < 0)
		return err_set(e, -r, "certificates of %s", host);
	ret->ca_file = g_strdup_printf("/proc/self/fd/%d", ret->ca_fd);
	return 0;
}

void certs_clear(struct certs *c)
{
	g_free(c->ca_file);
	g_free(c->ca_dir);
	g_free(c->cert);
	g_free(c->key);
	fd_close(&c->ca_fd);
	*c = (struct certs){ .ca_fd = -1 };
}
