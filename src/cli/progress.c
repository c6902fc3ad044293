/*
 * How far long work has come: one rewritten line on a terminal, one line a
 * minute where it goes to a log.
 */

#include <inttypes.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <valise/text.h>

#include "private.h"

#define TERMINAL_EVERY 200 /* milliseconds */
#define LOG_EVERY      60000
#define WIDTH_MAX      400

/* Whether a line without LF stands on the terminal; there is only one. */
static bool line_stands;

static int64_t
now(void)
{
	struct timespec t = { 0 };

	/* Asked for with every record. */
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
vl_progress_begin(struct vl_progress *p, const char *what, bool json)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->json = json;
	p->terminal = !json && isatty(STDERR_FILENO) == 1;
	p->begun = now();
	p->last = p->begun;
}

void
vl_progress_clear(void)
{
	if (!line_stands)
		return;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
	line_stands = false;
}

static void
show_json(const struct vl_progress *p, struct vl_slice subject, uint64_t done,
    uint64_t total)
{
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "what", vl_slice_of(p->what));
	vl_msg_text(&m, "current", subject);
	vl_msg_count(&m, "bytes_done", done);
	if (total > 0)
		vl_msg_count(&m, "bytes_total", total);
	vl_msg_count(&m, "seconds", (uint64_t)(p->last - p->begun) / 1000);
	vl_msg_end(&m);
}

/* "exporting 1.2 GB of 4.0 GB, 110.0 MB/s, 0:26 left" */
static void
format_line(char *text, size_t size, const struct vl_progress *p, uint64_t done,
    uint64_t total)
{
	uint64_t ms = (uint64_t)(p->last - p->begun) + 1;
	uint64_t rate = 0; /* bytes a second */
	uint64_t left = 0;
	char a[24];
	char b[24];
	char c[24];
	size_t n = 0;

	rate = done < UINT64_MAX / 1000 ? done * 1000 / ms : done / ms * 1000;
	(void)vl_format_bytes(a, sizeof(a), done);
	(void)vl_format_bytes(b, sizeof(b), total);
	(void)vl_format_bytes(c, sizeof(c), rate);
	n = (size_t)snprintf(text, size, "%s %s%s%s, %s/s", p->what, a,
	    total > 0 ? " of " : "", total > 0 ? b : "", c);
	if (total <= done || rate == 0 || n >= size)
		return;
	left = (total - done) / rate;
	(void)snprintf(text + n, size - n, ", %" PRIu64 ":%02" PRIu64 " left",
	    left / 60, left % 60);
}

static size_t
terminal_width(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 20)
		return 80;
	return w.ws_col < WIDTH_MAX ? w.ws_col : WIDTH_MAX;
}

void
vl_progress_show(struct vl_progress *p, struct vl_slice subject, uint64_t done,
    uint64_t total)
{
	char line[128];
	char name[WIDTH_MAX];
	size_t width = 0;
	int64_t time = now();

	if (time - p->last < (p->terminal ? TERMINAL_EVERY : LOG_EVERY))
		return;
	p->last = time;
	if (p->json) {
		show_json(p, subject, done, total);
		return;
	}
	format_line(line, sizeof(line), p, done, total);
	if (!p->terminal) {
		vl_cli_note("%s, at '%s'", line,
		    vl_escape_text(name, sizeof(name), subject));
		return;
	}
	width = terminal_width();
	name[0] = '\0';
	if (strlen(line) + 8 < width)
		(void)vl_escape_text(name, width - strlen(line) - 3, subject);
	(void)fprintf(stderr, "\r\033[K%.*s  %s", (int)width - 1, line, name);
	(void)fflush(stderr);
	line_stands = true;
}
