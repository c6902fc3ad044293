/*
 * A program that encrypts (formats/ciphers.md, "Programs").  What goes in and
 * comes out is a line each, over pipes; none of it stands anywhere but in
 * locked memory.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/run.h>

#include "inside.h"

#define SECONDS    30
#define ENDS_AFTER 5
#define PIECE      4096
/* The longest answer: "ok ", base64, LF. */
#define ANSWER_MAX (VL_B64_SIZE((size_t)VL_VAULT_VALUE_MAX) + 3)

struct talk {
	const struct vl_cipher *c;
	struct vl_child child;
	bool broken; /* it has failed, and is not asked again */
	struct vl_locked line;
};

/* It is not asked again. */
static enum vl_status
fail(struct talk *t, const char *why, struct vl_err *err)
{
	t->broken = true;
	vl_program_end(&t->child, 0);
	return vl_fail(err, VL_EIO, "'%s', which cipher '%s' runs, %s",
	    t->c->command[0], t->c->name, why);
}

static int64_t
deadline(const struct talk *t)
{
	const unsigned seconds = t->c->seconds > 0 ? t->c->seconds : SECONDS;

	return vl_program_now() + (int64_t)seconds * 1000;
}

/* "WORD BASE64", a line. */
static enum vl_status
say(struct talk *t, const char *word, struct vl_slice bytes, int64_t end,
    struct vl_err *err)
{
	struct vl_locked *line = &t->line;
	enum vl_status st = VL_OK;
	size_t at = 0;
	ssize_t n = 0;

	vl_locked_clear(line);
	st = vl_locked_add(line, vl_slice_of(word), err);
	if (st == VL_OK)
		st = encoding_write(line, VL_ENCODED_BASE64, bytes, err);
	if (st == VL_OK)
		st = vl_locked_add(line, vl_slice_of("\n"), err);
	while (st == VL_OK && at < line->n) {
		n = write(t->child.to, line->p + at, line->n - at);
		if (n >= 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			st = vl_program_wait(t->child.to, POLLOUT, end, err);
		else if (errno != EINTR)
			return fail(t, "has ended", err);
	}
	return st;
}

/* One line, without its line feed. */
static enum vl_status
hear(struct talk *t, int64_t end, struct vl_err *err)
{
	struct vl_locked *line = &t->line;
	const uint8_t *stop = NULL;
	enum vl_status st = VL_OK;
	ssize_t n = 0;

	vl_locked_clear(line);
	while (st == VL_OK && stop == NULL) {
		st = vl_locked_reserve(line, PIECE, err);
		if (st == VL_OK)
			st = vl_program_wait(t->child.from, POLLIN, end, err);
		if (st != VL_OK)
			break;
		n = read(t->child.from, line->p + line->n, PIECE);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return fail(t, "ends without an answer", err);
		stop = memchr(line->p + line->n, '\n', (size_t)n);
		line->n += (size_t)n;
		if (line->n > ANSWER_MAX ||
		    (stop != NULL && stop + 1 != line->p + line->n))
			return fail(t, "prints too much", err);
	}
	if (st == VL_OK)
		line->n--;
	return st;
}

static enum vl_status
take_answer(
    struct talk *t, struct vl_locked *out, const char *word, struct vl_err *err)
{
	struct vl_slice text = vl_locked_slice(&t->line);
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (text.n >= 3 && memcmp(text.p, "bad", 3) == 0 &&
	    (text.n == 3 || text.p[3] == ' '))
		return vl_fail(err, VL_EAUTH,
		    "'%s', which cipher '%s' runs, does not %s the value",
		    t->c->command[0], t->c->name, word);
	if (text.n < 3 || memcmp(text.p, "ok ", 3) != 0)
		return fail(t, "answers neither 'ok' nor 'bad'", err);
	text.p += 3;
	text.n -= 3;
	st = vl_locked_reserve(out, 2 * text.n, err);
	if (st != VL_OK)
		return st;
	if (!encoding_read(out->p + out->n, &n, VL_ENCODED_BASE64, text)) {
		out->n += 2 * text.n;
		return fail(t, "answers with what is not base64", err);
	}
	out->n += n;
	return VL_OK;
}

enum vl_status
talk_ask(struct talk *t, struct vl_locked *out, const char *word,
    struct vl_slice bytes, struct vl_err *err)
{
	const int64_t end = deadline(t);
	char first[8];
	enum vl_status st = VL_OK;

	if (t->broken)
		return fail(t, "has failed before", err);
	(void)snprintf(first, sizeof(first), "%s ", word);
	st = say(t, first, bytes, end, err);
	if (st == VL_OK)
		st = hear(t, end, err);
	if (st == VL_OK)
		st = take_answer(t, out, word, err);
	else if (!t->broken)
		st = fail(t, "takes too long for an answer", err);
	vl_locked_clear(&t->line);
	return st;
}

enum vl_status
talk_new(struct talk **out, const struct vl_cipher *c, struct vl_slice key,
    struct vl_err *err)
{
	struct talk *t = calloc(1, sizeof(*t));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (t == NULL)
		return vl_fail_memory(err);
	t->c = c;
	t->child.pid = -1;
	st = vl_program_begin(&t->child, c->command, err);
	if (st != VL_OK) {
		err->status = VL_EIO;
		st = vl_within(err, "cipher '%s'", c->name);
	} else {
		st = say(t, "key ", key, deadline(t), err);
	}
	vl_locked_clear(&t->line);
	if (st == VL_OK) {
		*out = t;
		t = NULL;
	}
	talk_free(t);
	return st;
}

void
talk_free(struct talk *t)
{
	if (t == NULL)
		return;
	vl_program_end(&t->child, ENDS_AFTER);
	vl_locked_free(&t->line);
	free(t);
}
