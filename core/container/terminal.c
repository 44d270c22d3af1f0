/* terminal.c - see terminal.h. */
#include "core/container/terminal.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

void terminal_raw(struct terminal *t, int fd)
{
	struct termios raw;

	t->fd = -1;
	if (tcgetattr(fd, &t->saved) < 0)
		return;
	raw = t->saved;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) == 0)
		t->fd = fd;
}

void terminal_restore(struct terminal *t)
{
	if (t->fd >= 0)
		(void)tcsetattr(t->fd, TCSADRAIN, &t->saved);
	t->fd = -1;
}

/* A letter, "ctrl-" and a letter or one of @[\]^_ : its code, or -1. */
static int key_code(const char *s)
{
	if (strlen(s) == 1)
		return (unsigned char)s[0];
	if (!g_str_has_prefix(s, "ctrl-") || strlen(s) != 6)
		return -1;
	if (g_ascii_islower(s[5]))
		return s[5] - 'a' + 1;
	if (s[5] == '@' || (s[5] >= '[' && s[5] <= '_'))
		return s[5] - '@';
	return -1;
}

int detach_keys_parse(const char *s, struct detach_keys *ret, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(s ? s : DETACH_KEYS_DEFAULT, ",", -1);
	struct detach_keys d = { .n = 0 };

	for (char **p = parts; *p; p++) {
		int code = key_code(*p);

		if (code < 0 || d.n == sizeof d.keys)
			return err_msg(e, EINVAL, "--detach-keys \"%s\": not a sequence of keys such as "
				       "\"ctrl-p,ctrl-q\" or \"a,b\"", s);
		d.keys[d.n++] = (unsigned char)code;
	}
	*ret = d;
	return 0;
}

bool detach_keys_filter(struct detach_keys *d, const char *in, size_t len, char *out, size_t *out_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (d->n && (unsigned char)in[i] == d->keys[d->matched]) {
			if (++d->matched == d->n) {
				*out_len = n;
				return true;
			}
			continue;
		}
		memcpy(out + n, d->keys, d->matched);   /* it was not the sequence after all */
		n += d->matched;
		d->matched = 0;
		if (d->n && (unsigned char)in[i] == d->keys[0])
			d->matched = 1;
		else
			out[n++] = in[i];
	}
	*out_len = n;
	return false;
}
