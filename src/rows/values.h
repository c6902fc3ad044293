#ifndef ROWS_VALUES_H
#define ROWS_VALUES_H

/* A row while it becomes values of a line: values.c, inside.c, pieces.c. */

#include "parts.h"

struct rows_writing {
	struct rows_values *v;
	struct rows_scratch *s;
	const struct rows_reader *rd;
	struct vl_json_w w;
	size_t inline_max;
	bool drop;
	struct vl_err *err;
};

/* Into the body; `*at` is where. */
enum vl_status rows_values_keep(
    struct rows_writing *g, struct vl_slice bytes, uint64_t *at);
enum vl_status rows_write_cell(
    struct rows_writing *g, const struct vl_cell *cell);
/* An id of a row that does not travel may stand as it is. */
bool rows_ref_keeps(const struct rows_ref *ref);

/* slot.c: a slot in place of a secret. */
enum vl_status rows_write_secret(
    struct rows_writing *g, struct rows_secret *s, const struct vl_cell *cell);

/* Bytes of a value that are the id of a row, or a secret. */
struct rows_spot {
	struct vl_place place;
	const struct rows_ref *ref; /* NULL: a secret */
	struct rows_secret *secret;
	struct vl_slot slot;
	bool stays; /* text like the rest */
	bool blank; /* nothing of it travels */
	size_t table;
	size_t key; /* in `keys`: the key, or the path to the secret */
	size_t nkey;
};

/* pieces.c: the value whose spots are known, by where they stand. */
enum vl_status rows_write_pieces(
    struct rows_writing *g, struct vl_slice bytes, enum vl_packing packing);

/* inside.c: a value in which ids may stand, in pieces where some do. */
enum vl_status rows_write_inside(
    struct rows_writing *g, size_t column, const struct vl_cell *cell);
void rows_inside_free(struct rows_inside *in);

#endif
