/* Bodies of rows that were put aside. */

#include "stage.h"

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
rows_stage_all(struct rows_stage *s, int64_t number, struct vl_buf *out,
    struct vl_err *err)
{
	enum vl_status st = open_body(s, number, err);

	return st == VL_OK ?
	    rows_stage_piece(s, number, 0,
	        (uint64_t)sqlite3_blob_bytes(s->reading), out, err) :
	    st;
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
