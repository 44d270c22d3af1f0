/* launch_user.h - who the program runs as: -u against the passwd and group files of the container's root. */
#ifndef CORACLE_CMD_LAUNCH_USER_H
#define CORACLE_CMD_LAUNCH_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

struct found_user {
	uint32_t uid, gid;
	bool in_passwd;         /* the uid has an entry */
	bool gid_in_group;
	char *name;             /* of the entry, NULL */
	char *home;             /* of the entry, "/" */
	uint32_t *groups;       /* supplementary groups that the group file gives this user */
	size_t n_groups;
};

/* A file of the container (/etc/passwd, /etc/group) as text, g_free; NULL where there is none. */
char *account_file_read(int rootfd, const char *path);

/* Look `user` up ("", "name", "uid", either with ":group" or ":gid") in the texts of the files (NULL: the file is
 * missing). Memory comes from the arena. 0, or -ENOENT and -EINVAL with podman's messages. */
int user_find(struct arena *a, const char *passwd, const char *group, const char *user, struct found_user *ret,
	      struct err *e);

/* A group by name or number. 0 or -ENOENT. */
int group_find(const char *group, const char *name, uint32_t *ret, struct err *e);

/* The name of a group, by its number, in the text of a group file: a copy in the arena, or NULL. */
char *group_name(struct arena *a, const char *group, uint32_t gid);

#endif
