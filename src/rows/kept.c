/* Parts of keys that other rows say, and values too large for a line. */

#include "scratch.h"

enum vl_status
rows_scratch_say(struct rows_scratch *s, size_t number,
    const struct vl_cell *id, const struct rows_said *said, struct vl_err *err)
{
	enum vl_status st = scratch_id_bytes(s, id, err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(s->say, 1, (int64_t)number);
	bound |= scratch_bind_id(s, s->say, 2, id);
	bound |= lite_bind_bytes(s->say, 3, said->part);
	bound |= lite_bind_cell(s->say, 4, &said->above);
	bound |= sqlite3_bind_int64(s->say, 5, said->first);
	return lite_done(s->db, s->say, bound, SCRATCH_WHAT, err);
}

enum vl_status
rows_scratch_said(struct rows_scratch *s, size_t number,
    const struct vl_cell *id, struct rows_said *said, struct vl_buf *bytes,
    struct vl_err *err)
{
	enum vl_status st = scratch_id_bytes(s, id, err);
	size_t part = 0;
	int bound = 0;
	int got = 0;

	*said = (struct rows_said){ 0 };
	vl_buf_clear(bytes);
	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(s->said, 1, (int64_t)number);
	bound |= scratch_bind_id(s, s->said, 2, id);
	got = bound == SQLITE_OK ? sqlite3_step(s->said) : bound;
	if (got == SQLITE_ROW) {
		part = (size_t)sqlite3_column_bytes(s->said, 0);
		said->above = lite_cell(s->said, 1);
		said->first = sqlite3_column_int64(s->said, 2);
		said->last = sqlite3_column_int64(s->said, 3);
		said->rows = (uint64_t)sqlite3_column_int64(s->said, 4);
		st = vl_buf_add(bytes,
		    (struct vl_slice){ sqlite3_column_blob(s->said, 0), part },
		    err);
		if (st == VL_OK)
			st = vl_buf_add(bytes, said->above.bytes, err);
		said->part = (struct vl_slice){ bytes->p, part };
		if (said->above.bytes.n > 0)
			said->above.bytes.p = bytes->p + part;
	} else if (got != SQLITE_DONE) {
		st = lite_fail(s->db, SCRATCH_WHAT, err);
	}
	(void)sqlite3_reset(s->said);
	return st;
}

enum vl_status
rows_scratch_keep(struct rows_scratch *s, struct vl_slice value,
    int64_t *number, struct vl_err *err)
{
	enum vl_status st = lite_done(s->db, s->keep,
	    lite_bind_bytes(s->keep, 1, value), SCRATCH_WHAT, err);

	*number = sqlite3_last_insert_rowid(s->db);
	return st;
}

enum vl_status
rows_scratch_kept(struct rows_scratch *s, int64_t number,
    struct vl_slice *value, struct vl_err *err)
{
	(void)sqlite3_reset(s->kept);
	if (sqlite3_bind_int64(s->kept, 1, number) != SQLITE_OK ||
	    sqlite3_step(s->kept) != SQLITE_ROW)
		return lite_fail(s->db, SCRATCH_WHAT, err);
	value->p = sqlite3_column_blob(s->kept, 0);
	value->n = (size_t)sqlite3_column_bytes(s->kept, 0);
	return VL_OK;
}

enum vl_status
rows_scratch_forget(struct rows_scratch *s, struct vl_err *err)
{
	(void)sqlite3_reset(s->kept);
	return scratch_run(s, "DELETE FROM b", err);
}
