/*
 * Secrets of one record, on a terminal and nowhere else: each is opened when
 * its turn comes, in memory that is locked, and written from there.
 */

#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "tool.h"

#define PIECE_MAX 4096

enum vl_status
secrets_check_terminal(struct vl_err *err)
{
	if (vl_cli_interactive() && isatty(STDOUT_FILENO) == 1)
		return VL_OK;
	return vl_fail(err, VL_EUSAGE,
	    "secrets are shown on a terminal alone, and standard input, output "
	    "and error are not all one; leave out '--secrets', or run this by "
	    "hand and without a pipe");
}

enum vl_status
secrets_ask(const struct bundle *b, const struct vl_unpacked *rec,
    const char *name, struct vl_err *err)
{
	char question[SHOWN_SIZE + 128];
	char n[64];
	enum vl_status st = VL_OK;
	bool yes = false;

	if (vl_unpack_secrets(b->unpack) == NULL)
		return vl_fail(err, VL_EKEY,
		    "this key has the role audit, which opens no secret: give "
		    "the password or identity that may import");
	if (rec->ntokens == 0)
		return VL_OK;
	(void)snprintf(question, sizeof(question),
	    "Show '%s' with %s in clear on this terminal?", name,
	    vl_format_counted(n, sizeof(n), rec->ntokens, "secret", "secrets"));
	st = vl_cli_ask(question, &yes, err);
	if (st == VL_OK && !yes)
		st = vl_fail(err, VL_EREFUSED,
		    "it was not wanted; without '--secrets' all but the "
		    "secrets is shown");
	return st;
}

enum vl_status
secrets_mark(
    struct vl_buf *marks, size_t at, size_t instead, struct vl_err *err)
{
	const struct secret_mark mark = { at, instead };

	return vl_buf_add(marks,
	    (struct vl_slice){ (const uint8_t *)&mark, sizeof(mark) }, err);
}

/* What is written next, all of it in locked memory. */
struct shower {
	struct vl_unpack *u;
	const struct vl_unpacked *rec;
	struct vl_locked plain;
	struct vl_locked quoted;
	struct vl_locked text; /* a piece on its way */
};

/* A piece without end of line or tab, and without what a terminal obeys. */
static enum vl_status
put_piece(struct shower *s, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_locked_clear(&s->text);
	st = vl_locked_reserve(&s->text, bytes.n + 1, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < bytes.n; i++)
		s->text.p[i] = bytes.p[i] == '\0' ? '?' : bytes.p[i];
	s->text.p[bytes.n] = '\0';
	s->text.n = bytes.n;
	vl_tame((char *)s->text.p);
	if (vl_write_all(STDOUT_FILENO, vl_locked_slice(&s->text), err) !=
	    VL_OK)
		return vl_within(err, "cannot write to standard output");
	return VL_OK;
}

/* How many of the first bytes are one piece: whole characters. */
static size_t
piece_length(struct vl_slice bytes)
{
	size_t n = 0;

	while (n < bytes.n && n < PIECE_MAX && bytes.p[n] != '\n' &&
	    bytes.p[n] != '\t')
		n++;
	if (n < PIECE_MAX || n == bytes.n)
		return n;
	while (n > PIECE_MAX - 4 && (bytes.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static enum vl_status
put(struct shower *s, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = 0;

	while (st == VL_OK && bytes.n > 0) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		n = piece_length(bytes);
		if (n > 0)
			st = put_piece(s, (struct vl_slice){ bytes.p, n }, err);
		else
			st = vl_write_all(STDOUT_FILENO,
			    (struct vl_slice){ bytes.p, n = 1 }, err);
		bytes.p += n;
		bytes.n -= n;
	}
	return st;
}

/* A string of JSON, or {"$b64": ...} of what cannot be one: the same that a
 * writer of JSON makes, which has no locked memory. */
static enum vl_status
quote(struct vl_locked *out, struct vl_slice plain, struct vl_err *err)
{
	static const char open[] = "{\"$b64\":\"";
	static const char names[] = "\b\t\n\f\r\"\\";
	static const char letters[] = "btnfr\"\\";
	const char *name = NULL;
	uint8_t *to = NULL;
	size_t i = 0;

	vl_locked_clear(out);
	if (vl_locked_reserve(out, 6 * plain.n + sizeof(open) + 4, err) !=
	    VL_OK)
		return err->status;
	if (!vl_utf8_valid(plain) ||
	    (plain.n > 0 && memchr(plain.p, 0, plain.n) != NULL)) {
		memcpy(out->p, open, sizeof(open) - 1);
		out->n = sizeof(open) - 1;
		(void)vl_b64u((char *)out->p + out->n, plain.p, plain.n);
		out->n += strlen((const char *)out->p + out->n);
		return vl_locked_add(out, vl_slice_of("\"}"), err);
	}
	to = out->p;
	*to++ = '"';
	for (i = 0; i < plain.n; i++) {
		name = memchr(names, plain.p[i], sizeof(names) - 1);
		if (name != NULL) {
			*to++ = '\\';
			*to++ = (uint8_t)letters[name - names];
		} else if (plain.p[i] < 0x20) {
			memcpy(to, "\\u00", 4);
			to[4] = plain.p[i] < 0x10 ? '0' : '1';
			to[5] = (uint8_t) "0123456789abcdef"[plain.p[i] & 15];
			to += 6;
		} else {
			*to++ = plain.p[i];
		}
	}
	*to++ = '"';
	out->n = (size_t)(to - out->p);
	return VL_OK;
}

/* Secret `i` of the record; `at` is where the one before stood in a row. */
static enum vl_status
put_secret(struct shower *s, size_t i, struct vl_slots *at, struct vl_err *err)
{
	const struct vl_secret_ops *ops = vl_unpack_secrets(s->u);
	const struct vl_unpacked *rec = s->rec;
	struct vl_slot_place place = { .form = VL_SLOT_SEALED };
	struct vl_slot slot = { .form = VL_SLOT_SEALED };
	enum vl_status st = VL_OK;

	if (rec->kind == VL_LINE_ENTRY) {
		place = vl_entry_slot_place(&rec->entry, i);
		slot = rec->entry.slots[i].slot;
	} else if (!vl_row_next_slot(
	               at, &rec->row, rec->store, &place, &slot)) {
		return vl_fail(err, VL_EFORMAT, "it has fewer secrets");
	}
	st = ops->open(
	    ops->arg, &place, slot.print, rec->tokens[i], &s->plain, err);
	if (st != VL_OK || rec->kind == VL_LINE_ENTRY)
		return st == VL_OK ? put(s, vl_locked_slice(&s->plain), err) :
		                     st;
	st = quote(&s->quoted, vl_locked_slice(&s->plain), err);
	return st == VL_OK ? put(s, vl_locked_slice(&s->quoted), err) : st;
}

enum vl_status
secrets_show(struct vl_unpack *u, const struct vl_unpacked *rec,
    struct vl_slice text, const struct vl_buf *marks, struct vl_err *err)
{
	const struct secret_mark *mark = (const void *)marks->p;
	struct shower s = { .u = u, .rec = rec };
	struct vl_slots slots = { 0 };
	enum vl_status st = VL_OK;
	size_t from = 0;
	size_t i = 0;

	if (marks->n != rec->ntokens * sizeof(*mark))
		return vl_fail(err, VL_EFORMAT,
		    "its secrets are not as many as its tokens");
	for (i = 0; i < rec->ntokens && st == VL_OK; i++) {
		st = put(&s,
		    (struct vl_slice){ text.p + from, mark[i].at - from }, err);
		if (st == VL_OK)
			st = put_secret(&s, i, &slots, err);
		from = mark[i].at + mark[i].instead;
	}
	if (st == VL_OK)
		st = put(
		    &s, (struct vl_slice){ text.p + from, text.n - from }, err);
	vl_locked_free(&s.plain);
	vl_locked_free(&s.quoted);
	vl_locked_free(&s.text);
	return st;
}
