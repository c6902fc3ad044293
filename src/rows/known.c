/*
 * Notes outside of the database.  Those of a table are held here as they come,
 * in blocks of some rows: in memory up to KNOWN_MAX, then in an unnamed file.
 * They are not in the database unless something is asked that only it can
 * answer; of a table with integer ids that was put there, all are read into
 * memory once enough of them were asked for that reading pays.
 *
 * Of each block it is in memory where it is, and the first row.  A note in it:
 *
 *	u8	state; ENTRY: an entry follows; APART: how far behind the row
 *		before it is, else 1
 *	u64	how far, with APART
 *	u16	entry, with ENTRY
 *	u16	bytes of the key
 *	...	the key
 */

#include <stdlib.h>
#include <string.h>

#include "scratch.h"

#define KNOWN_MAX  (20u << 20) /* bytes in memory, of all tables */
#define PAYS       32          /* a part of the rows that were asked for */
#define BLOCK      256         /* bytes, and the row that goes beyond them */
#define BLOCK_FAR  1024        /* the same, in the file */
#define ENTRY      0x80
#define APART      0x40
#define NOTE_MAX   (1 + 8 + 2 + 2) /* but for the key */
#define NOTE_LEAST 6

struct known_block {
	int64_t r;   /* its first row */
	uint8_t *p;  /* NULL: in the file, */
	uint64_t at; /* there */
	size_t n;    /* bytes */
};

static void
forget(struct rows_scratch *s, struct scratch_known *k)
{
	size_t i = 0;

	s->known -= k->bytes;
	for (i = 0; i < k->nblocks; i++)
		free(k->blocks[i].p);
	free(k->blocks);
	vl_buf_free(&k->open);
	scratch_place_free(&k->last);
	*k = (struct scratch_known){ .never = k->never, .closed = k->closed };
}

void
scratch_place_free(struct known_place *place)
{
	vl_buf_free(&place->memory);
	*place = (struct known_place){ 0 };
}

/* One more block, which begins with row `r`. */
static enum vl_status
begin_block(struct scratch_known *k, int64_t r, struct vl_err *err)
{
	size_t cap = k->cap < 64 ? 64 : k->cap + k->cap / 2;
	struct known_block *blocks = k->blocks;

	if (k->nblocks == k->cap) {
		blocks = reallocarray(blocks, cap, sizeof(*blocks));
		if (blocks == NULL)
			return vl_fail_memory(err);
		k->blocks = blocks;
		k->cap = cap;
	}
	k->blocks[k->nblocks++] = (struct known_block){ .r = r };
	vl_buf_clear(&k->open);
	return VL_OK;
}

/* What was in memory, or is open, goes into the file. */
static enum vl_status
put_far(struct rows_scratch *s, struct known_block *b, struct vl_slice bytes,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	b->at = spill_end(&s->file);
	b->n = bytes.n;
	st = vl_buf_add(&s->file.tail, bytes, err);
	return st == VL_OK ? spill_flush(&s->file, err) : st;
}

/* The open block is full; `far` where there is no room in memory. */
static enum vl_status
end_block(struct rows_scratch *s, struct scratch_known *k, bool far,
    struct vl_err *err)
{
	struct known_block *b = &k->blocks[k->nblocks - 1];
	enum vl_status st = VL_OK;

	if (far) {
		st = put_far(s, b, vl_buf_slice(&k->open), err);
	} else {
		b->p = malloc(k->open.n);
		if (b->p == NULL)
			return vl_fail_memory(err);
		memcpy(b->p, k->open.p, k->open.n);
		b->n = k->open.n;
		k->near = k->nblocks;
		k->bytes += b->n + sizeof(*b);
		s->known += b->n + sizeof(*b);
	}
	vl_buf_clear(&k->open);
	return st;
}

static enum vl_status
encode(struct vl_buf *out, const struct rows_note *note, bool apart,
    uint64_t behind, struct vl_err *err)
{
	uint16_t entry = (uint16_t)note->entry;
	uint16_t key = (uint16_t)note->key.n;
	uint8_t head[NOTE_MAX];
	size_t n = 1;
	enum vl_status st = VL_OK;

	head[0] = (uint8_t)note->state;
	if (apart) {
		head[0] |= APART;
		memcpy(head + n, &behind, sizeof(behind));
		n += sizeof(behind);
	}
	if (note->entry != 0) {
		head[0] |= ENTRY;
		memcpy(head + n, &entry, sizeof(entry));
		n += sizeof(entry);
	}
	memcpy(head + n, &key, sizeof(key));
	n += sizeof(key);
	st = vl_buf_add(out, (struct vl_slice){ head, n }, err);
	return st == VL_OK ? vl_buf_add(out, note->key, err) : st;
}

/* The key of a note, behind which the next one begins. */
static inline struct vl_slice
read_note(const uint8_t *p, uint64_t *behind)
{
	uint16_t key = 0;
	size_t n = 1;

	*behind = 1;
	if ((p[0] & APART) != 0) {
		memcpy(behind, p + n, sizeof(*behind));
		n += sizeof(*behind);
	}
	if ((p[0] & ENTRY) != 0)
		n += sizeof(uint16_t);
	memcpy(&key, p + n, sizeof(key));
	return (struct vl_slice){ p + n + sizeof(key), key };
}

/* To the next note of the block, and on while they are of rows before `r`. */
static void
step_to(struct known_place *place, int64_t r)
{
	const uint8_t *bytes = place->bytes.p;
	int64_t now = place->r;
	size_t next = place->next;
	struct vl_slice key = { 0 };
	uint64_t behind = 0;
	size_t at = 0;

	do {
		at = next;
		key = read_note(bytes + at, &behind);
		now = (int64_t)((uint64_t)now + behind);
		next = (size_t)(key.p + key.n - bytes);
	} while (now < r && next < place->bytes.n);
	place->at = at;
	place->r = now;
	place->key = key;
	place->next = next;
}

static void
step(struct known_place *place)
{
	step_to(place, INT64_MIN);
}

/* The one at the place. */
static void
decode(const struct known_place *place, struct rows_note *note)
{
	const uint8_t *p = place->bytes.p + place->at;
	uint16_t entry = 0;

	if ((p[0] & ENTRY) != 0)
		memcpy(&entry, place->key.p - 2 * sizeof(entry), sizeof(entry));
	*note = (struct rows_note){ .r = place->r,
		.entry = entry,
		.state = (enum rows_state)(p[0] & ~(ENTRY | APART)),
		.key = place->key };
}

/* Its notes are a row, a key and what became of it, and stay so. */
static bool
may_hold(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (t->entries[i].multiset)
			return false;
	return t->nslots == 0 && t->nordinal == 0 && !t->called;
}

static bool
fits(const struct scratch_known *k, const struct rows_note *note)
{
	return note->parent.type == VL_CELL_NULL && note->entry <= UINT16_MAX &&
	    note->key.n <= UINT16_MAX && (k->nblocks == 0 || note->r > k->end);
}

/* One more row. */
static enum vl_status
add_row(struct rows_scratch *s, struct scratch_known *k,
    const struct rows_note *note, struct vl_err *err)
{
	bool far = s->known + BLOCK > KNOWN_MAX;
	uint64_t behind = (uint64_t)note->r - (uint64_t)k->end;
	enum vl_status st = VL_OK;

	if (k->open.n == 0) {
		st = begin_block(k, note->r, err);
		behind = 0;
	}
	if (st == VL_OK)
		st = encode(&k->open, note, behind > 1, behind, err);
	k->end = note->r;
	/* What that stands on may have moved. */
	k->last.stands = false;
	if (st == VL_OK && k->open.n >= (far ? BLOCK_FAR : BLOCK))
		st = end_block(s, k, far, err);
	return st;
}

/* To the first one of a block. */
static enum vl_status
go_to(const struct rows_scratch *s, const struct scratch_known *k,
    struct known_place *place, size_t block, struct vl_err *err)
{
	const struct known_block *b = &k->blocks[block];
	bool read = place->stands && place->block == block;
	enum vl_status st = VL_OK;

	place->block = block;
	place->next = 0;
	/* So that the first one is 1 behind it. */
	place->r = (int64_t)((uint64_t)b->r - 1);
	if (b->n > 0 && b->p == NULL && read) {
		step(place);
		return VL_OK;
	}
	place->bytes = (struct vl_slice){ b->p, b->n };
	if (b->n == 0) {
		place->bytes = vl_buf_slice(&k->open);
	} else if (b->p == NULL) {
		vl_buf_clear(&place->memory);
		st = vl_buf_reserve(&place->memory, b->n, err);
		if (st == VL_OK)
			st = spill_read(
			    &s->file, b->at, place->memory.p, b->n, err);
		place->memory.n = b->n;
		place->bytes = vl_buf_slice(&place->memory);
	}
	place->stands = st == VL_OK;
	if (st == VL_OK)
		step(place);
	return st;
}

enum vl_status
scratch_known_next(struct rows_scratch *s, size_t table,
    struct known_place *place, struct rows_note *note, bool *more,
    struct vl_err *err)
{
	const struct scratch_known *k = &s->tables[table].known;
	size_t block = place->stands ? place->block + 1 : 0;
	enum vl_status st = VL_OK;

	*more = true;
	if (place->stands && place->next < place->bytes.n) {
		step(place);
	} else {
		*more = block < k->nblocks;
		if (*more)
			st = go_to(s, k, place, block, err);
	}
	if (st == VL_OK && *more)
		decode(place, note);
	return st;
}

enum vl_status
scratch_hold(struct rows_scratch *s, size_t table, const struct rows_note *note,
    bool *held, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;

	*held =
	    !k->closed && may_hold(&s->plan->tables[table]) && fits(k, note);
	if (!*held)
		return VL_OK;
	k->held = true;
	k->loaded = true;
	return add_row(s, k, note, err);
}

enum vl_status
scratch_settle(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	struct known_place place = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool held = k->held;
	bool more = held;

	k->held = false;
	k->closed = true;
	while (st == VL_OK && more) {
		st = scratch_known_next(s, table, &place, &note, &more, err);
		if (st == VL_OK && more)
			st = scratch_insert(s, table, &note, err);
	}
	scratch_place_free(&place);
	return st;
}

void
scratch_forget_known(struct rows_scratch *s, size_t table)
{
	forget(s, &s->tables[table].known);
}

/* What only memory has goes into the file, what the database has is gone. */
static enum vl_status
give_back(struct rows_scratch *s, struct scratch_known *k, struct vl_err *err)
{
	struct known_block *b = k->blocks;
	enum vl_status st = VL_OK;

	if (!k->held) {
		forget(s, k);
		return VL_OK;
	}
	k->last.stands = false;
	for (; st == VL_OK && b < k->blocks + k->nblocks; b++) {
		if (b->p == NULL)
			continue;
		st = put_far(s, b, (struct vl_slice){ b->p, b->n }, err);
		free(b->p);
		b->p = NULL;
	}
	s->known -= k->bytes;
	k->bytes = 0;
	return st;
}

enum vl_status
rows_scratch_rest(struct rows_scratch *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < s->ntables; i++)
		st = give_back(s, &s->tables[i].known, err);
	(void)sqlite3_db_release_memory(s->db);
	return st;
}

static enum vl_status
load(struct rows_scratch *s, size_t table, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;

	if (s->tables[table].rows > KNOWN_MAX / NOTE_LEAST) {
		k->never = true;
		return VL_OK;
	}
	k->loaded = true;
	st = rows_each_open(&each, s, table, ROWS_BY_ROW, err);
	while (st == VL_OK) {
		st = rows_each_next(each, &note, &row, err);
		if (st != VL_OK || !row)
			break;
		if (!fits(k, &note) || s->known + 2 * BLOCK > KNOWN_MAX) {
			k->never = true;
			scratch_forget_known(s, table);
			break;
		}
		st = add_row(s, k, &note, err);
	}
	rows_each_free(each);
	return st;
}

/* The last of `n` blocks that begins up to `r`.  Ids mostly count, so that it
 * is near the place that a straight line gives it. */
static size_t
search(const struct known_block *b, size_t n, int64_t r)
{
	size_t low = 0;
	size_t high = n;
	size_t by = 1;
	double at = 0;

	if (n < 2 || r <= b[0].r || r >= b[n - 1].r)
		return n > 0 && r > b[0].r ? n - 1 : 0;
	at = ((double)r - (double)b[0].r) /
	    ((double)b[n - 1].r - (double)b[0].r);
	low = (size_t)(at * (double)(n - 1));
	if (b[low].r > r) {
		for (high = low; b[low].r > r; by *= 2) {
			high = low;
			low = low > by ? low - by : 0;
		}
	} else {
		for (high = low; high < n && b[high].r <= r; by *= 2) {
			low = high;
			high = n - high > by ? high + by : n;
		}
	}
	while (high - low > 1) {
		by = low + (high - low) / 2;
		if (b[by].r <= r)
			low = by;
		else
			high = by;
	}
	return low;
}

/* Blocks in the file are larger: theirs is another line. */
static size_t
block_of(const struct scratch_known *k, int64_t r)
{
	const struct known_block *far = k->blocks + k->near;

	return k->near < k->nblocks && r >= far->r ?
	    k->near + search(far, k->nblocks - k->near, r) :
	    search(k->blocks, k->near, r);
}

/* Rows that refer to one row mostly stand together, and those that refer to
 * the next one behind them. */
static bool
is_near(const struct scratch_known *k, int64_t r)
{
	return k->last.stands && r > k->last.r &&
	    (k->last.block + 1 == k->nblocks ||
	        r < k->blocks[k->last.block + 1].r);
}

enum vl_status
scratch_find_known(struct rows_scratch *s, size_t table, int64_t r,
    struct rows_note *note, bool *found, bool *known, struct vl_err *err)
{
	struct scratch_known *k = &s->tables[table].known;
	struct known_place *place = &k->last;
	enum vl_status st = VL_OK;

	if (!k->loaded && !k->never &&
	    ++k->asked > s->tables[table].rows / PAYS)
		st = load(s, table, err);
	*known = st == VL_OK && k->loaded;
	*found = false;
	if (!*known || k->nblocks == 0)
		return st;
	if ((!place->stands || place->r != r) && !is_near(k, r))
		st = go_to(s, k, place, block_of(k, r), err);
	if (st == VL_OK && place->r < r && place->next < place->bytes.n)
		step_to(place, r);
	*found = st == VL_OK && place->r == r;
	if (*found)
		decode(place, note);
	return st;
}
