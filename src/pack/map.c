/*
 * The chunk map (formats/bundle.md, kind 3): one row for each id, ascending,
 * that names its lowest copy.  An external sort brings the copies of an id
 * together, lowest first.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define SORT_MEMORY (4u << 20)
#define ROWS        VL_RECORD_ITEMS_MAX /* in one record */

/* A row that sorts: id, then big-endian pack, offset and index. */
#define ITEM_SIZE (VL_HASH_SIZE + 4 + 8 + 2 + 4)

static void
put_big(uint8_t *p, uint64_t v, size_t n)
{
	while (n > 0) {
		p[--n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get_big(const uint8_t *p, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
item_encode(uint8_t out[ITEM_SIZE], const struct vl_map_row *row)
{
	memcpy(out, row->id, VL_HASH_SIZE);
	out += VL_HASH_SIZE;
	put_big(out, row->pack, 4);
	put_big(out + 4, row->offset, 8);
	put_big(out + 12, row->index, 2);
	put_big(out + 14, row->length, 4);
}

static void
item_decode(struct vl_map_row *row, const uint8_t *item)
{
	memcpy(row->id, item, VL_HASH_SIZE);
	item += VL_HASH_SIZE;
	row->pack = (uint32_t)get_big(item, 4);
	row->offset = get_big(item + 4, 8);
	row->index = (uint16_t)get_big(item + 12, 2);
	row->length = (uint32_t)get_big(item + 14, 4);
}

enum vl_status
map_init(struct map *m, const char *tempdir, struct vl_err *err)
{
	return vl_sort_new(&m->sort, tempdir, SORT_MEMORY, err);
}

void
map_free(struct map *m)
{
	vl_sort_free(m->sort);
	vl_buf_free(&m->rows);
	free(m->pieces);
	free(m->files);
}

enum vl_status
map_add(struct map *m, const struct vl_map_row *row, struct vl_err *err)
{
	uint8_t item[ITEM_SIZE];

	item_encode(item, row);
	m->added++;
	return vl_sort_add(
	    m->sort, (struct vl_slice){ item, sizeof(item) }, err);
}

/* Rows that i0000001 holds beside the largest inner head. */
static uint64_t
rows_of_first(unsigned frame_log2)
{
	uint64_t room = ((uint64_t)1 << frame_log2) - VL_TAG_SIZE;
	uint64_t record = VL_RECORD_HEADER_SIZE + ROWS * VL_MAP_ROW_SIZE;

	room <<= VL_FILE_LOG2 - frame_log2;
	room -= VL_RECORD_HEADER_SIZE + VL_HEAD_MAX;
	return room / record * ROWS;
}

size_t
map_files_most(const struct map *m, unsigned frame_log2)
{
	return (size_t)(m->added / rows_of_first(frame_log2)) + 1;
}

static enum vl_status
add_file(struct map *m, uint32_t file, const struct map_piece *piece,
    struct vl_err *err)
{
	struct vl_map_file *files;

	if (m->nfiles > 0 && m->files[m->nfiles - 1].file == file) {
		m->files[m->nfiles - 1].rows += piece->rows;
		return VL_OK;
	}
	files = reallocarray(m->files, m->nfiles + 1, sizeof(*files));
	if (files == NULL)
		return vl_fail_memory(err);
	m->files = files;
	files += m->nfiles++;
	files->file = file;
	files->rows = piece->rows;
	memcpy(files->first_id, piece->first_id, VL_HASH_SIZE);
	return VL_OK;
}

/* Records come to stand in the order they were put: tags number them. */
static enum vl_status
piece_placed(
    void *arg, uint64_t tag, uint32_t file, uint64_t offset, struct vl_err *err)
{
	struct map *m = arg;

	(void)offset;
	return add_file(m, file, &m->pieces[tag], err);
}

static enum vl_status
flush_rows(struct map *m, struct vl_stream_w *w, struct vl_err *err)
{
	const struct vl_stream_placed placed = { m, piece_placed };
	struct vl_stream_record r = {
		.kind = VL_RECORD_MAP,
		.items = m->nrows,
		.plain = vl_buf_slice(&m->rows),
		.tag = m->npieces,
	};
	struct map_piece *pieces;
	enum vl_status st;

	if (m->nrows == 0)
		return VL_OK;
	pieces = reallocarray(m->pieces, m->npieces + 1, sizeof(*pieces));
	if (pieces == NULL)
		return vl_fail_memory(err);
	m->pieces = pieces;
	pieces += m->npieces++;
	pieces->rows = m->nrows;
	memcpy(pieces->first_id, m->first_id, VL_HASH_SIZE);
	st = vl_stream_w_put(w, &r, &placed, err);
	vl_buf_clear(&m->rows);
	m->nrows = 0;
	return st;
}

/* The held row goes to i0000001 when all that follow fit there too. */
static enum vl_status
write_held(struct map *m, struct vl_stream_w *index, struct vl_stream_w *first,
    bool fits, struct vl_err *err)
{
	uint8_t row[VL_MAP_ROW_SIZE];
	enum vl_status st = VL_OK;

	if (fits && !m->last) {
		/* All map files stand before i0000001 in the list. */
		st = flush_rows(m, index, err);
		if (st == VL_OK && m->split)
			st = vl_stream_w_split(index, err);
		m->last = true;
	} else if (!m->last && !m->split) {
		st = vl_stream_w_split(index, err);
		m->split = true;
	}
	if (st != VL_OK)
		return st;
	if (m->nrows == 0)
		memcpy(m->first_id, m->held.id, VL_HASH_SIZE);
	vl_map_row_encode(row, &m->held);
	st = vl_buf_add(&m->rows, (struct vl_slice){ row, sizeof(row) }, err);
	if (st == VL_OK && ++m->nrows == ROWS)
		st = flush_rows(m, m->last ? first : index, err);
	return st;
}

enum vl_status
map_write(struct map *m, struct vl_stream_w *index, struct vl_stream_w *first,
    unsigned frame_log2, struct vl_err *err)
{
	const uint64_t fit = rows_of_first(frame_log2);
	struct vl_slice item = { 0 };
	struct vl_map_row row;
	enum vl_status st;

	st = vl_sort_finish(m->sort, err);
	while (st == VL_OK) {
		st = vl_sort_next(m->sort, &item, err);
		if (st != VL_OK || item.p == NULL)
			break;
		m->taken++;
		item_decode(&row, item.p);
		if (m->holding && memcmp(row.id, m->held.id, VL_HASH_SIZE) == 0)
			continue; /* a second copy, which stands higher */
		/* At most as many as were added, this one and the held one. */
		if (m->holding)
			st = write_held(m, index, first,
			    m->added - m->taken + 2 <= fit, err);
		m->held = row;
		m->holding = true;
	}
	/* The last row stands in i0000001 whatever was thought to follow. */
	if (st == VL_OK && m->holding)
		st = write_held(m, index, first, true, err);
	if (st == VL_OK)
		st = flush_rows(m, first, err);
	return st;
}
