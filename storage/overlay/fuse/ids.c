/* ids.c - see ids.h. */
#include "storage/overlay/fuse/ids.h"

#include <errno.h>
#include <stdlib.h>

#define OVERFLOW 65534

/* A number of 32 bits and what comes after it; -1: none. */
static int64_t number(const char **text)
{
	char *end;
	unsigned long long v;

	if (**text < '0' || **text > '9')
		return -1;
	errno = 0;
	v = strtoull(*text, &end, 10);
	*text = end;
	return errno || v >= UINT32_MAX ? -1 : (int64_t)v;
}

int ids_parse(const char *text, struct ids_map *ret)
{
	for (ret->n = 0; ret->n < IDS_PIECES; text++) {
		int64_t v[3];

		for (int i = 0; i < 3; i++) {
			v[i] = number(&text);
			if (v[i] < 0 || (i < 2 && *text++ != ':'))
				return -EINVAL;
		}
		if (v[2] == 0 || v[0] + v[2] > UINT32_MAX || v[1] + v[2] > UINT32_MAX)
			return -EINVAL;
		ret->pieces[ret->n++] = (struct ids_piece){ (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2] };
		if (!*text)
			return 0;
		if (*text != ':')
			return -EINVAL;
	}
	return -EINVAL;
}

static uint32_t shown(const struct ids_map *m, uint32_t id)
{
	if (m->squashed != IDS_KEPT)
		return m->squashed;
	if (m->n == 0)
		return id;
	for (size_t i = 0; i < m->n; i++)
		if (id >= m->pieces[i].stored && id - m->pieces[i].stored < m->pieces[i].length)
			return m->pieces[i].shown + (id - m->pieces[i].stored);
	return OVERFLOW;
}

static int store(const struct ids_map *m, uint32_t *id)
{
	if (*id == UINT32_MAX)
		return 0;
	if (m->squashed != IDS_KEPT)
		*id = m->squashed;
	if (m->squashed != IDS_KEPT || m->n == 0)
		return 0;
	for (size_t i = 0; i < m->n; i++)
		if (*id >= m->pieces[i].shown && *id - m->pieces[i].shown < m->pieces[i].length) {
			*id = m->pieces[i].stored + (*id - m->pieces[i].shown);
			return 0;
		}
	return -EINVAL;
}

void ids_show(const struct ids *ids, struct stat *st)
{
	if (!ids)
		return;
	st->st_uid = shown(&ids->users, st->st_uid);
	st->st_gid = shown(&ids->groups, st->st_gid);
}

int ids_store(const struct ids *ids, uid_t *uid, gid_t *gid)
{
	int r = ids ? store(&ids->users, uid) : 0;

	return r < 0 || !ids ? r : store(&ids->groups, gid);
}
