/*
 * Lists in files, closed by a line with their number and hash
 * (docs/transaction.md, "Steps" and "What was brought").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/listfile.h>

#define BUFFER   (1u << 18)
#define END      "end "
#define END_SIZE (sizeof(END) + 20 + 1 + VL_HEX_SIZE(VL_HASH_SIZE))

struct vl_listfile_w {
	int fd;
	uint64_t count;
	struct vl_hash hash;
	size_t n; /* bytes waiting */
	uint8_t waiting[BUFFER];
};

struct vl_listfile_r {
	int fd;
	const char *lines;
	size_t line_max;
	uint64_t count;
	uint64_t done; /* lines handed out */
	off_t first;   /* where the first line that counts begins */
	off_t at;      /* where the next piece of the file begins */
	struct vl_buf buf;
	size_t pos;
};

static void
begin_hash(struct vl_hash *h, const struct vl_listfile *f)
{
	vl_hash_init(h, &(struct vl_hash_opts){ .personal = f->personal });
}

static void
end_text(char text[END_SIZE], struct vl_hash *h, uint64_t count)
{
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];

	vl_hash_end(h, hash);
	(void)snprintf(text, END_SIZE, END "%llu %s", (unsigned long long)count,
	    vl_hex(hex, hash, VL_HASH_SIZE));
}

static enum vl_status
flush(struct vl_listfile_w *w, struct vl_err *err)
{
	struct vl_slice waiting = { w->waiting, w->n };

	w->n = 0;
	return vl_write_all(w->fd, waiting, err);
}

static enum vl_status
put(struct vl_listfile_w *w, struct vl_slice bytes, struct vl_err *err)
{
	if (bytes.n > BUFFER - w->n && flush(w, err) != VL_OK)
		return err->status;
	if (bytes.n > BUFFER)
		return vl_write_all(w->fd, bytes, err);
	if (bytes.n > 0)
		memcpy(w->waiting + w->n, bytes.p, bytes.n);
	w->n += bytes.n;
	return VL_OK;
}

static enum vl_status
put_line(struct vl_listfile_w *w, struct vl_slice line, struct vl_err *err)
{
	const struct vl_slice lf = vl_slice_of("\n");
	enum vl_status st = put(w, line, err);

	vl_hash_add(&w->hash, line);
	vl_hash_add(&w->hash, lf);
	return st == VL_OK ? put(w, lf, err) : st;
}

enum vl_status
vl_listfile_w_new(
    struct vl_listfile_w **out, const struct vl_listfile *f, struct vl_err *err)
{
	struct vl_listfile_w *w =
	    aligned_alloc(_Alignof(struct vl_listfile_w), sizeof(*w));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	w->fd = f->fd;
	w->count = 0;
	w->n = 0;
	begin_hash(&w->hash, f);
	if (f->head != NULL)
		st = put_line(w, vl_slice_of(f->head), err);
	if (st != VL_OK) {
		vl_listfile_w_free(w);
		return st;
	}
	*out = w;
	return VL_OK;
}

enum vl_status
vl_listfile_w_add(
    struct vl_listfile_w *w, struct vl_slice line, struct vl_err *err)
{
	w->count++;
	return put_line(w, line, err);
}

enum vl_status
vl_listfile_w_finish(struct vl_listfile_w *w, struct vl_err *err)
{
	char end[END_SIZE];
	enum vl_status st = VL_OK;

	end_text(end, &w->hash, w->count);
	st = put(w, vl_slice_of(end), err);
	if (st == VL_OK)
		st = put(w, vl_slice_of("\n"), err);
	return st == VL_OK ? flush(w, err) : st;
}

void
vl_listfile_w_free(struct vl_listfile_w *w)
{
	free(w);
}

static enum vl_status
fail_damaged(const struct vl_listfile_r *r, struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT, "%s are damaged", r->lines);
}

/* Read on; `*got` is 0 at the end of the file. */
static enum vl_status
fill(struct vl_listfile_r *r, size_t *got, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (r->pos > 0) {
		memmove(r->buf.p, r->buf.p + r->pos, r->buf.n - r->pos);
		r->buf.n -= r->pos;
		r->pos = 0;
	}
	st = vl_buf_reserve(&r->buf, BUFFER, err);
	if (st == VL_OK)
		st = vl_pread_full(
		    r->fd, r->buf.p + r->buf.n, BUFFER, r->at, got, err);
	if (st != VL_OK)
		return st;
	r->buf.n += *got;
	r->at += (off_t)*got;
	return VL_OK;
}

/* The next line without its LF; line->p is NULL at the end of the file. */
static enum vl_status
take_line(struct vl_listfile_r *r, struct vl_slice *line, struct vl_err *err)
{
	const uint8_t *lf = NULL;
	size_t got = 0;

	*line = (struct vl_slice){ NULL, 0 };
	for (;;) {
		if (r->buf.n > r->pos)
			lf = memchr(r->buf.p + r->pos, '\n', r->buf.n - r->pos);
		if (lf != NULL || r->buf.n - r->pos > r->line_max)
			break;
		if (fill(r, &got, err) != VL_OK)
			return err->status;
		if (got == 0 && r->buf.n == 0)
			return VL_OK;
		if (got == 0)
			return vl_fail(
			    err, VL_EFORMAT, "%s are cut short", r->lines);
	}
	if (lf == NULL || (size_t)(lf - r->buf.p) - r->pos > r->line_max)
		return vl_fail(
		    err, VL_EFORMAT, "a line of %s is too long", r->lines);
	line->p = r->buf.p + r->pos;
	line->n = (size_t)(lf - line->p);
	r->pos += line->n + 1;
	return VL_OK;
}

/* The lines up to the end of the list or of the file. */
static enum vl_status
take_lines(struct vl_listfile_r *r, struct vl_hash *h, struct vl_slice *end,
    struct vl_err *err)
{
	const struct vl_slice begin = vl_slice_of(END);
	enum vl_status st = VL_OK;

	for (;;) {
		st = take_line(r, end, err);
		if (st != VL_OK || end->p == NULL ||
		    (end->n > begin.n && memcmp(end->p, begin.p, begin.n) == 0))
			return st;
		vl_hash_add(h, (struct vl_slice){ end->p, end->n + 1 });
		r->count++;
	}
}

/* The head, where the list has one. */
static enum vl_status
take_head(struct vl_listfile_r *r, struct vl_hash *h, const char *head,
    struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };

	if (head == NULL)
		return VL_OK;
	if (take_line(r, &line, err) != VL_OK)
		return err->status;
	if (!vl_slice_equal(line, vl_slice_of(head)))
		return fail_damaged(r, err);
	vl_hash_add(h, (struct vl_slice){ line.p, line.n + 1 });
	r->first = (off_t)line.n + 1;
	return VL_OK;
}

/* Read it all: the last line must fit what stands before it. */
static enum vl_status
check(struct vl_listfile_r *r, const struct vl_listfile *f, struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };
	char want[END_SIZE];
	struct vl_hash h;
	enum vl_status st = VL_OK;

	begin_hash(&h, f);
	st = take_head(r, &h, f->head, err);
	if (st == VL_OK)
		st = take_lines(r, &h, &line, err);
	if (st != VL_OK)
		return st;
	if (line.p == NULL)
		return vl_fail(err, VL_EFORMAT, "%s have no end", r->lines);
	end_text(want, &h, r->count);
	if (!vl_slice_equal(line, vl_slice_of(want)))
		return fail_damaged(r, err);
	st = take_line(r, &line, err);
	if (st == VL_OK && line.p != NULL)
		st = vl_fail(
		    err, VL_EFORMAT, "something stands behind %s", r->lines);
	return st;
}

enum vl_status
vl_listfile_r_open(
    struct vl_listfile_r **out, const struct vl_listfile *f, struct vl_err *err)
{
	struct vl_listfile_r *r = calloc(1, sizeof(*r));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (r == NULL)
		return vl_fail_memory(err);
	r->fd = f->fd;
	r->lines = f->lines;
	r->line_max = f->line_max;
	st = check(r, f, err);
	if (st != VL_OK) {
		vl_listfile_r_free(r);
		return st;
	}
	vl_listfile_r_rewind(r);
	*out = r;
	return VL_OK;
}

uint64_t
vl_listfile_r_count(const struct vl_listfile_r *r)
{
	return r->count;
}

enum vl_status
vl_listfile_r_next(struct vl_listfile_r *r, struct vl_slice *line, bool *more,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*more = r->done < r->count;
	if (!*more)
		return VL_OK;
	st = take_line(r, line, err);
	/* Somebody cut it after the check. */
	if (st == VL_OK && line->p == NULL)
		st = fail_damaged(r, err);
	r->done++;
	return st;
}

void
vl_listfile_r_rewind(struct vl_listfile_r *r)
{
	r->done = 0;
	r->at = r->first;
	r->pos = 0;
	vl_buf_clear(&r->buf);
}

void
vl_listfile_r_free(struct vl_listfile_r *r)
{
	if (r == NULL)
		return;
	vl_buf_free(&r->buf);
	free(r);
}
