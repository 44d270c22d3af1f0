/* secret.h - secrets: secrets/<name>/{secret.json,data}. See podman-secret(1).
 *
 * The data is a file that only the user can read, and stays where it is: nothing else of ours holds a copy of it but the
 * containers that are given it, in memory, while they run.
 */
#ifndef CORACLE_STORAGE_SECRET_H
#define CORACLE_STORAGE_SECRET_H

#include "storage/store.h"

#define SECRET_MAX 512000       /* bytes of data, podman's */

struct secret {
	char *id, *name;        /* 25 hex digits */
	int64_t created_ns;
	char **labels;          /* "key=value", NULL-terminated */
};

void secret_free(struct secret *x);
static inline void secret_cleanup(struct secret **x) { if (*x) secret_free(*x); }
#define autosecret __attribute__((cleanup(secret_cleanup))) struct secret

/* By name, ID, or a beginning of one ID only. 1 found, 0 missing, -errno (ambiguous). */
int secret_find(struct store *s, const char *name_or_id, struct secret **ret, struct err *e);
/* Make it; -EEXIST when the name is taken. `ret` gets what was made. */
int secret_create(struct store *s, const char *name, const void *data, size_t len, char *const *labels,
		  struct secret **ret, struct err *e);
int secret_list(struct store *s, struct secret ***ret, struct err *e);  /* by name; NULL-terminated */
void secret_list_free(struct secret **list);
int secret_remove(struct store *s, const struct secret *x, struct err *e);
/* Open the data of the secret with this ID for reading: fd, -ENOENT when it is gone, or -errno. */
int secret_open(struct store *s, const char *id, struct err *e);

#endif
