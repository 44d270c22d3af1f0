/* subid.h - the subordinate ids that the machine grants a user: /etc/subuid and /etc/subgid, or libsubid
 * where nsswitch.conf(5) says that they come from somewhere else. See subuid(5), subid(5).
 */
#ifndef CORACLE_RUNTIME_SUBID_H
#define CORACLE_RUNTIME_SUBID_H

#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/runtime/idmap.h"

enum subid_kind { SUBID_UID, SUBID_GID };

/* The granted ranges of `user` (also listed by the number `uid`), in the order of the file; `outside` and
 * `count` are filled in. How many (0: none, also when there is no such file), at most `max`. */
size_t subid_ranges(enum subid_kind kind, const char *user, uid_t uid, struct id_range *ret, size_t max);

/* The same for a whole text in the format of subuid(5), for tests. Lines that make no sense are skipped. */
size_t subid_parse(const char *text, const char *user, uid_t uid, struct id_range *ret, size_t max);

/* The first id after all ranges of such a text, at least 100000: where a new range can begin. */
uint32_t subid_next_free(const char *text);

/* The same of this machine's /etc/subuid and /etc/subgid together. */
uint32_t subid_next_free_here(void);

/* The login name of `uid` (g_free it), or NULL when the user data base does not have it. */
char *subid_user_name(uid_t uid);

#endif
