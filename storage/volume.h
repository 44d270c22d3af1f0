/* volume.h - named volumes: volumes/<name>/{volume.json,data/}. See podman-volume(1). */
#ifndef CORACLE_STORAGE_VOLUME_H
#define CORACLE_STORAGE_VOLUME_H

#include "storage/store.h"

struct volume {
	char *name, *driver, *mountpoint;       /* mountpoint: host path of data/ */
	int64_t created_ns;
	char **labels, **options;               /* "key=value", NULL-terminated */
	bool anonymous;
	bool needs_copy_up;                     /* never been mounted: filled from the image at first use */
};

void volume_free(struct volume *v);
static inline void volume_cleanup(struct volume **v) { if (*v) volume_free(*v); }
#define autovolume __attribute__((cleanup(volume_cleanup))) struct volume

bool volume_name_valid(const char *name);       /* [a-zA-Z0-9][a-zA-Z0-9_.-]* */

/* 1 found, 0 missing, -errno. */
int volume_find(struct store *s, const char *name, struct volume **ret, struct err *e);
/* Make it (name NULL: an anonymous one with 64 hex digits); -EEXIST when there. */
int volume_create(struct store *s, const char *name, const char *const *labels, const char *const *options,
		  bool anonymous, struct volume **ret, struct err *e);
int volume_list(struct store *s, struct volume ***ret, struct err *e);  /* by name; NULL-terminated */
void volume_list_free(struct volume **list);
int volume_remove(struct store *s, const char *name, struct err *e);    /* does not ask who uses it */
/* Say in the event log (core/base/event.h) what was done with it; volume_create and volume_remove do so. */
void volume_event(struct store *s, const char *status, const char *name);
/* Remember that it has been mounted: no copy-up any more. */
int volume_mark_used(struct store *s, const struct volume *v, struct err *e);

#endif
