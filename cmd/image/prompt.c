/* prompt.c - questions on a terminal. */
#include "cmd/image/prompt.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "net/registry/credential.h"

#define LINE_ROOM 4096
#define SECRET_MAX (64 * 1024)

static volatile sig_atomic_t caught;

static void on_signal(int signo)
{
	caught = signo;
}

/* The terminal gives a line at a time. Bytes of it, or -errno. */
static ssize_t read_line(char *buf, size_t room)
{
	ssize_t n;

	do
		n = read(STDIN_FILENO, buf, room);
	while (n < 0 && errno == EINTR && !caught);
	return n < 0 ? -errno : n;
}

static ssize_t read_hidden(char *buf, size_t room)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct sigaction sa = { .sa_handler = on_signal }, before[G_N_ELEMENTS(signals)];
	struct termios shown, hidden;
	ssize_t n;

	if (tcgetattr(STDIN_FILENO, &shown) < 0)
		return -errno;
	caught = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &sa, &before[i]);
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	n = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0 ? -errno : read_line(buf, room);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	fputc('\n', stderr);
	if (caught)
		raise(caught);
	return n;
}

int prompt_line(const char *question, bool hidden, char **ret, struct err *e)
{
	char buf[LINE_ROOM];
	ssize_t n;

	if (!isatty(STDIN_FILENO))
		return err_msg(e, ENOTTY, "cannot ask for it: stdin is not a terminal (--username, --password-stdin)");
	fprintf(stderr, "%s", question);
	fflush(stderr);
	n = hidden ? read_hidden(buf, sizeof buf) : read_line(buf, sizeof buf);
	if (n < 0)
		return err_set(e, (int)-n, "reading from the terminal");
	if (n == 0)
		return err_msg(e, EINVAL, "nothing was entered");
	*ret = g_strndup(buf, (size_t)n);
	explicit_bzero(buf, sizeof buf);
	(*ret)[strcspn(*ret, "\r\n")] = '\0';
	return 0;
}

int prompt_stdin(char **ret, struct err *e)
{
	autowiped *text = NULL;
	size_t len;
	int r = fd_read_all(STDIN_FILENO, SECRET_MAX, &text, &len);

	if (r < 0)
		return err_set(e, -r, "reading the password from stdin");
	if (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len && text[len - 1] == '\r')
		text[--len] = '\0';
	if (!len || strlen(text) != len || strpbrk(text, "\r\n"))
		return err_msg(e, EINVAL, len ? "the password on stdin is not one line" : "no password came on stdin");
	*ret = g_steal_pointer(&text);
	return 0;
}
