/* progress.c - what a pull says while it works. */
#include "cmd/image/progress.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

#define INTERVAL_MS 100
#define BAR 24

struct blob {
	char id[16];                    /* the first digits of the digest */
	int64_t size, bytes;
	int64_t mark_bytes, mark_us;    /* where the rate was measured last */
	double rate;                    /* bytes a second, smoothed; 0: not known yet */
	bool live;
};

struct progress {
	bool quiet, terminal;
	GArray *blobs;
	unsigned drawn;                 /* lines of the block that are on the screen */
	int64_t next_us;
};

struct progress *progress_new(bool quiet)
{
	struct progress *p = g_new0(struct progress, 1);
	const char *term = g_getenv("TERM");

	p->quiet = quiet;
	p->terminal = !quiet && isatty(STDERR_FILENO) && (!term || strcmp(term, "dumb") != 0);
	p->blobs = g_array_new(FALSE, TRUE, sizeof(struct blob));
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	progress_wipe(p);
	g_array_free(p->blobs, TRUE);
	g_free(p);
}

void progress_wipe(struct progress *p)
{
	if (p->drawn)
		fprintf(stderr, "\033[%uA\r\033[J", p->drawn);
	p->drawn = 0;
	fflush(stderr);
}

void progress_say(struct progress *p, const char *fmt, ...)
{
	g_autofree char *text = NULL, *clean = NULL;
	va_list ap;

	if (p->quiet)
		return;
	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	clean = text_printable(text);
	progress_wipe(p);
	fprintf(stderr, "%s\n", clean);
	p->next_us = 0;
}

static struct blob *blob_at(struct progress *p, unsigned i)
{
	return &g_array_index(p->blobs, struct blob, i);
}

unsigned progress_begin(struct progress *p, const char *digest, int64_t size, int64_t have)
{
	struct blob b = { .size = size, .bytes = have, .mark_bytes = have, .live = true };
	const char *hex = strchr(digest, ':');

	g_strlcpy(b.id, hex ? hex + 1 : digest, 13);
	b.mark_us = g_get_monotonic_time();
	if (!p->terminal)
		progress_say(p, have ? "Copying blob %s (resumed)" : "Copying blob %s", digest);
	g_array_append_val(p->blobs, b);
	return p->blobs->len - 1;
}

void progress_update(struct progress *p, unsigned blob, int64_t bytes)
{
	struct blob *b = blob_at(p, blob);
	int64_t now = g_get_monotonic_time(), span = now - b->mark_us;
	double rate;

	b->bytes = bytes;
	if (span < 500000)
		return;
	rate = (double)(bytes - b->mark_bytes) * 1e6 / (double)span;
	b->rate = b->rate > 0 ? 0.6 * b->rate + 0.4 * rate : rate;
	b->mark_us = now;
	b->mark_bytes = bytes;
}

void progress_finish(struct progress *p, unsigned blob, const char *how)
{
	struct blob *b = blob_at(p, blob);

	b->live = false;
	if (p->terminal && how) {
		g_autofree char *size = text_human_size(b->size);

		progress_say(p, "Copying blob %s %s   | %s", b->id, how, size);
	}
}

static void draw_blob(const struct blob *b, unsigned width)
{
	g_autofree char *have = text_human_size(b->bytes), *size = text_human_size(b->size);
	g_autofree char *rate = text_human_size((int64_t)b->rate);
	int full = b->size > 0 ? (int)(b->bytes * BAR / b->size) : BAR;
	char bar[BAR + 1];
	g_autofree char *line = NULL;

	memset(bar, ' ', BAR);
	bar[BAR] = '\0';
	full = CLAMP(full, 0, BAR);
	memset(bar, '=', (size_t)full);
	if (full < BAR)
		bar[full] = '>';
	line = g_strdup_printf("Copying blob %s [%s] %s / %s | %s/s", b->id, bar, have, size, rate);
	fprintf(stderr, "%.*s\033[K\n", (int)width - 1, line);
}

void progress_draw(struct progress *p)
{
	int64_t now = g_get_monotonic_time();
	struct winsize w = { 0 };
	unsigned lines = 0, most, width;

	if (!p->terminal || now < p->next_us)
		return;
	p->next_us = now + INTERVAL_MS * 1000;
	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &w);
	most = w.ws_row > 3 ? w.ws_row - 2U : 22;
	width = w.ws_col > 20 ? w.ws_col : 80;
	if (p->drawn)
		fprintf(stderr, "\033[%uA\r", p->drawn);
	for (unsigned i = 0; i < p->blobs->len && lines < most; i++) {
		if (!blob_at(p, i)->live)
			continue;
		draw_blob(blob_at(p, i), width);
		lines++;
	}
	fputs("\033[J", stderr);
	fflush(stderr);
	p->drawn = lines;
}

int progress_interval(const struct progress *p)
{
	return p->terminal ? INTERVAL_MS : -1;
}
