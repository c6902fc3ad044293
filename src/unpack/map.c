/*
 * The chunk map while a bundle is read: its rows (formats/bundle.md, kind 3)
 * stand ascending in an unlinked file and never whole in memory.  A table by
 * the first two bytes of the id narrows a lookup to one read; the last
 * lookups are remembered, since sweep and lists ask for the same ids.
 */

#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#define PREFIXES     65536u
#define ROWS_AT_ONCE 64
#define RECENT       32768u /* chunks of all blocks under way, and then some */

struct vl_unpack_recent {
	struct vl_map_row row;
	uint64_t number;
	bool used;
};

static unsigned
prefix(const uint8_t id[VL_HASH_SIZE])
{
	return (unsigned)id[0] << 8 | id[1];
}

enum vl_status
vl_unpack_map_open(struct vl_unpack_map *m, int fd, struct vl_err *err)
{
	m->fd = fd;
	m->first = calloc(PREFIXES + 1, sizeof(*m->first));
	m->recent = calloc(RECENT, sizeof(*m->recent));
	if (m->first == NULL || m->recent == NULL)
		return vl_fail_memory(err);
	return VL_OK;
}

static enum vl_status
check_row(struct vl_unpack_map *m, const struct vl_map_row *row,
    const struct vl_inner_head *inner, struct vl_err *err)
{
	uint64_t plain = ((uint64_t)1 << inner->head.frame_log2) - VL_TAG_SIZE;

	if (m->rows > 0 && memcmp(m->last, row->id, VL_HASH_SIZE) >= 0)
		return vl_fail(err, VL_EFORMAT, "ids do not ascend");
	if (row->pack == 0 || row->pack > inner->npacks)
		return vl_fail(
		    err, VL_EFORMAT, "there is no pack %u", row->pack);
	plain *= inner->pack_frames[row->pack - 1];
	if (row->offset > plain || plain - row->offset < VL_RECORD_HEADER_SIZE)
		return vl_fail(err, VL_EFORMAT, "offset %llu is not in pack %u",
		    (unsigned long long)row->offset, row->pack);
	if (row->index >= VL_RECORD_ITEMS_MAX)
		return vl_fail(
		    err, VL_EFORMAT, "no block has a chunk %u", row->index);
	if (row->length == 0 || row->length > inner->chunk_max)
		return vl_fail(
		    err, VL_EFORMAT, "no chunk is %u bytes long", row->length);
	return VL_OK;
}

enum vl_status
vl_unpack_map_add(struct vl_unpack_map *m, struct vl_slice rows,
    const struct vl_inner_head *inner, struct vl_err *err)
{
	struct vl_rd rd = { .rest = rows };
	struct vl_map_row row = { 0 };
	off_t at = (off_t)m->rows * VL_MAP_ROW_SIZE;
	enum vl_status st = VL_OK;

	while (rd.rest.n > 0) {
		st = vl_map_row_decode(
		    &row, vl_rd_take(&rd, VL_MAP_ROW_SIZE), err);
		if (st == VL_OK)
			st = check_row(m, &row, inner, err);
		if (st == VL_OK && m->rows == UINT32_MAX)
			st = vl_fail(err, VL_ELIMIT, "more than 2^32 rows");
		if (st != VL_OK)
			return vl_within(err, "row %llu of the chunk map",
			    (unsigned long long)m->rows);
		while (m->filled <= prefix(row.id))
			m->first[m->filled++] = (uint32_t)m->rows;
		memcpy(m->last, row.id, sizeof(m->last));
		m->rows++;
	}
	return vl_pwrite_all(m->fd, rows, at, err);
}

void
vl_unpack_map_done(struct vl_unpack_map *m)
{
	while (m->filled <= PREFIXES)
		m->first[m->filled++] = (uint32_t)m->rows;
}

static enum vl_status
read_rows(struct vl_unpack_map *m, uint8_t *bytes, uint64_t from, size_t n,
    struct vl_err *err)
{
	enum vl_status st;
	size_t got = 0;

	n *= VL_MAP_ROW_SIZE;
	st = vl_pread_full(
	    m->fd, bytes, n, (off_t)from * VL_MAP_ROW_SIZE, &got, err);
	if (st == VL_OK && got != n)
		st = vl_fail(err, VL_EIO, "it became shorter");
	if (st != VL_OK)
		(void)vl_within(err, "temporary file of the chunk map");
	return st;
}

/* `*number` is the row of `id`, its bytes in `row`; or `*found` is false. */
static enum vl_status
search(struct vl_unpack_map *m, const uint8_t id[VL_HASH_SIZE],
    uint8_t row[VL_MAP_ROW_SIZE], uint64_t *number, bool *found,
    struct vl_err *err)
{
	uint8_t bytes[ROWS_AT_ONCE * VL_MAP_ROW_SIZE];
	uint64_t low = m->first[prefix(id)];
	uint64_t high = m->first[prefix(id) + 1];
	uint64_t mid;
	enum vl_status st;
	size_t i;

	*found = false;
	while (high - low > ROWS_AT_ONCE) {
		mid = low + (high - low) / 2;
		st = read_rows(m, bytes, mid, 1, err);
		if (st != VL_OK)
			return st;
		if (memcmp(id, bytes, VL_HASH_SIZE) < 0)
			high = mid;
		else
			low = mid;
	}
	if (high == low)
		return VL_OK;
	st = read_rows(m, bytes, low, (size_t)(high - low), err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < high - low && !*found; i++) {
		if (memcmp(id, bytes + i * VL_MAP_ROW_SIZE, VL_HASH_SIZE) != 0)
			continue;
		memcpy(row, bytes + i * VL_MAP_ROW_SIZE, VL_MAP_ROW_SIZE);
		*number = low + i;
		*found = true;
	}
	return VL_OK;
}

enum vl_status
vl_unpack_map_find(struct vl_unpack_map *m, const uint8_t id[VL_HASH_SIZE],
    struct vl_map_row *row, uint64_t *number, bool *found, struct vl_err *err)
{
	unsigned slot = ((unsigned)id[2] << 8 | id[3]) % RECENT;
	struct vl_unpack_recent *recent = &m->recent[slot];
	uint8_t bytes[VL_MAP_ROW_SIZE];
	enum vl_status st;

	(void)pthread_mutex_lock(&m->mutex);
	*found = recent->used && memcmp(recent->row.id, id, VL_HASH_SIZE) == 0;
	if (*found) {
		*row = recent->row;
		*number = recent->number;
	}
	(void)pthread_mutex_unlock(&m->mutex);
	if (*found)
		return VL_OK;
	st = search(m, id, bytes, number, found, err);
	if (st != VL_OK || !*found)
		return st;
	st = vl_map_row_decode(
	    row, (struct vl_slice){ bytes, sizeof(bytes) }, err);
	if (st != VL_OK)
		return st;
	(void)pthread_mutex_lock(&m->mutex);
	recent->row = *row;
	recent->number = *number;
	recent->used = true;
	(void)pthread_mutex_unlock(&m->mutex);
	return VL_OK;
}

void
vl_unpack_map_close(struct vl_unpack_map *m)
{
	if (m->fd >= 0)
		(void)close(m->fd);
	free(m->first);
	free(m->recent);
	(void)pthread_mutex_destroy(&m->mutex);
}
