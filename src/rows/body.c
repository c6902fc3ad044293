/* Bodies of rows that were put aside, and tokens of their secrets. */

#include <string.h>

#include "stage.h"

#define TOKENS_NEAR (64u << 10) /* bytes that are read at once */

enum vl_status
rows_stage_body(
    struct rows_stage *s, uint64_t size, int64_t *number, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (size > INT32_MAX / 2)
		return vl_fail(err, VL_ELIMIT,
		    "its values have %llu bytes, more than a database holds",
		    (unsigned long long)size);
	if (s->body == NULL)
		st = stage_prepare(s, &s->body,
		    "INSERT INTO body(v) VALUES(zeroblob(?1))", 0, err);
	if (st == VL_OK)
		st = lite_done(s->db, s->body,
		    sqlite3_bind_int64(s->body, 1, (int64_t)size), STAGE_WHAT,
		    err);
	if (st != VL_OK)
		return st;
	*number = sqlite3_last_insert_rowid(s->db);
	(void)sqlite3_blob_close(s->filling);
	s->filling = NULL;
	s->filled = 0;
	return sqlite3_blob_open(s->db, "main", "body", "v", *number, 1,
	           &s->filling) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, STAGE_WHAT, err);
}

enum vl_status
rows_stage_fill(struct rows_stage *s, struct vl_slice bytes, struct vl_err *err)
{
	if (sqlite3_blob_write(
	        s->filling, bytes.p, (int)bytes.n, (int)s->filled) != SQLITE_OK)
		return lite_fail(s->db, STAGE_WHAT, err);
	s->filled += bytes.n;
	return VL_OK;
}

static enum vl_status
open_body(struct rows_stage *s, int64_t number, struct vl_err *err)
{
	(void)sqlite3_blob_close(s->filling); /* all bodies are filled */
	s->filling = NULL;
	if (s->reading != NULL && s->number == number)
		return VL_OK;
	(void)sqlite3_blob_close(s->reading);
	s->reading = NULL;
	s->number = number;
	return sqlite3_blob_open(s->db, "main", "body", "v", number, 0,
	           &s->reading) == SQLITE_OK ?
	    VL_OK :
	    lite_fail(s->db, STAGE_WHAT, err);
}

enum vl_status
rows_stage_piece(struct rows_stage *s, int64_t number, uint64_t at, uint64_t n,
    struct vl_buf *out, struct vl_err *err)
{
	enum vl_status st = vl_buf_reserve(out, n, err);

	if (st == VL_OK)
		st = open_body(s, number, err);
	if (st != VL_OK)
		return st;
	if (sqlite3_blob_read(s->reading, out->p + out->n, (int)n, (int)at) !=
	    SQLITE_OK)
		return lite_fail(s->db, STAGE_WHAT, err);
	out->n += n;
	return VL_OK;
}

/* One behind the other in a file, each behind how long it is. */
enum vl_status
rows_stage_tokens(struct rows_stage *s, struct vl_slice tokens, int64_t *number,
    struct vl_err *err)
{
	const uint64_t n = tokens.n;
	enum vl_status st = VL_OK;

	*number = (int64_t)spill_end(&s->tokens) + 1;
	st = vl_buf_add(&s->tokens.tail,
	    (struct vl_slice){ (const uint8_t *)&n, sizeof(n) }, err);
	if (st == VL_OK)
		st = vl_buf_add(&s->tokens.tail, tokens, err);
	return st == VL_OK ? spill_flush(&s->tokens, err) : st;
}

/* Into `memory`, unless they are there: mostly they are asked for in their
 * order. */
static enum vl_status
load_tokens(struct rows_stage *s, uint64_t at, size_t n, struct vl_err *err)
{
	struct stage_mem *m = &s->near;
	const uint64_t end = spill_end(&s->tokens);
	enum vl_status st = VL_OK;

	if (m->at <= at && at + n <= m->at + m->bytes.n)
		return VL_OK;
	vl_buf_clear(&m->bytes);
	if (n < TOKENS_NEAR)
		n = end - at < TOKENS_NEAR ? (size_t)(end - at) : TOKENS_NEAR;
	st = vl_buf_reserve(&m->bytes, n, err);
	if (st == VL_OK)
		st = spill_read(&s->tokens, at, m->bytes.p, n, err);
	if (st != VL_OK)
		return st;
	m->at = at;
	m->bytes.n = n;
	return VL_OK;
}

enum vl_status
rows_stage_tokens_of(struct rows_stage *s, int64_t number,
    struct vl_slice *tokens, struct vl_err *err)
{
	uint64_t at = (uint64_t)number - 1;
	uint64_t n = 0;
	enum vl_status st = load_tokens(s, at, sizeof(n), err);

	if (st != VL_OK)
		return st;
	memcpy(&n, s->near.bytes.p + (at - s->near.at), sizeof(n));
	at += sizeof(n);
	st = load_tokens(s, at, (size_t)n, err);
	if (st == VL_OK)
		*tokens =
		    (struct vl_slice){ s->near.bytes.p + (at - s->near.at),
			    (size_t)n };
	return st;
}
