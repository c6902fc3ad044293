/*
 * What becomes of rows that were put aside: one record of a fixed size for
 * each, in pages, some of them in memory and all others in an unnamed file.
 * What is rare stands in a second file.  Rows of which nothing was set have
 * no page.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/fs.h>

#include "stage.h"

#define PAGES 256 /* in memory */

/* What is rare, before its bytes. */
struct more {
	uint32_t at;
	uint32_t what;
	uint32_t id;
	int32_t type;
	int64_t integer;
	double real;
};

static struct vl_slice
bytes_of(struct stage_page *page)
{
	return (struct vl_slice){ (const uint8_t *)page->fates,
		sizeof(page->fates) };
}

static off_t
place_of(uint32_t number)
{
	return (off_t)(number - 1) * (off_t)sizeof(struct stage_fate[FATES]);
}

static enum vl_status
write_out(struct rows_stage *s, struct stage_page *page, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (!page->dirty)
		return VL_OK;
	if (s->fates < 0)
		st = vl_temp_file(&s->fates, s->tempdir, err);
	if (st == VL_OK)
		st = vl_pwrite_all(
		    s->fates, bytes_of(page), place_of(page->number), err);
	page->dirty = st != VL_OK;
	return st == VL_OK ? VL_OK : vl_within(err, "cannot keep " STAGE_WHAT);
}

/* The page of that number in memory; not read where it is new. */
static enum vl_status
fetch(struct rows_stage *s, uint32_t number, bool new, struct stage_page **out,
    struct vl_err *err)
{
	struct stage_page *page = NULL;
	enum vl_status st = VL_OK;
	size_t got = 0;

	if (s->pages == NULL)
		s->pages = calloc(PAGES, sizeof(*s->pages));
	if (s->pages == NULL)
		return vl_fail_memory(err);
	page = &s->pages[number % PAGES];
	*out = page;
	if (page->number == number)
		return VL_OK;
	st = write_out(s, page, err);
	if (st != VL_OK)
		return st;
	page->number = 0;
	if (!new)
		st = vl_pread_full(s->fates, (uint8_t *)page->fates,
		    sizeof(page->fates), place_of(number), &got, err);
	if (st == VL_OK && !new &&got < sizeof(page->fates))
		st = vl_fail(err, VL_EIO, "it ends early");
	if (st != VL_OK)
		return vl_within(err, "cannot read " STAGE_WHAT);
	page->number = number;
	return VL_OK;
}

/* Of row `n`; NULL where nothing was set. */
static enum vl_status
look(struct rows_stage *s, const struct stage_table *t, int64_t n,
    const struct stage_fate **fate, struct vl_err *err)
{
	size_t i = (size_t)(n - 1) / FATES;
	struct stage_page *page = NULL;
	enum vl_status st = VL_OK;

	*fate = NULL;
	if (i >= t->npages || t->pages[i] == 0)
		return VL_OK;
	st = fetch(s, t->pages[i], false, &page, err);
	if (st == VL_OK)
		*fate = &page->fates[(size_t)(n - 1) % FATES];
	return st;
}

static enum vl_status
make_page(struct rows_stage *s, struct stage_table *t, size_t i,
    struct stage_page **page, struct vl_err *err)
{
	const struct stage_fate fate = { .entry = (uint16_t)t->entry,
		.act = ROWS_NEW };
	size_t n = (size_t)t->rows / FATES + 1;
	uint32_t *pages = t->pages;
	enum vl_status st = VL_OK;
	size_t k = 0;

	if (n > t->npages) {
		pages = reallocarray(t->pages, n, sizeof(*pages));
		if (pages == NULL)
			return vl_fail_memory(err);
		memset(pages + t->npages, 0, (n - t->npages) * sizeof(*pages));
		t->pages = pages;
		t->npages = n;
	}
	st = fetch(s, s->npages + 1, true, page, err);
	if (st != VL_OK)
		return st;
	pages[i] = ++s->npages;
	(*page)->dirty = true;
	for (k = 0; k < FATES; k++)
		(*page)->fates[k] = fate;
	return VL_OK;
}

enum vl_status
stage_fate_act(struct rows_stage *s, const struct stage_table *t, int64_t n,
    enum rows_act *act, struct vl_err *err)
{
	const struct stage_fate *fate = NULL;
	enum vl_status st = look(s, t, n, &fate, err);

	*act = fate == NULL ? ROWS_NEW : (enum rows_act)fate->act;
	return st;
}

static enum vl_status
read_more(struct rows_stage *s, const struct stage_fate *fate,
    struct rows_staged *row, struct vl_buf *memory, struct vl_err *err)
{
	struct more more;
	size_t at = sizeof(more);
	enum vl_status st = VL_OK;

	vl_buf_clear(memory);
	st = vl_buf_reserve(memory, fate->size, err);
	if (st == VL_OK)
		st = spill_read(
		    &s->more, fate->more, memory->p, fate->size, err);
	if (st != VL_OK)
		return st;
	memory->n = fate->size;
	memcpy(&more, memory->p, sizeof(more));
	row->at = (struct vl_slice){ memory->p + at, more.at };
	at += more.at;
	row->what = (struct vl_slice){ memory->p + at, more.what };
	at += more.what;
	row->id = (struct vl_cell){ .type = (enum vl_cell_type)more.type,
		.integer = more.integer,
		.real = more.real,
		.bytes = { memory->p + at, more.id } };
	return VL_OK;
}

enum vl_status
stage_fate_get(struct rows_stage *s, const struct stage_table *t,
    struct rows_staged *row, struct vl_buf *memory, struct vl_err *err)
{
	const struct stage_fate *fate = NULL;
	enum vl_status st = look(s, t, row->n, &fate, err);

	row->act = row->was = ROWS_NEW;
	row->entry = t->entry;
	if (fate != NULL) {
		row->act = row->was = (enum rows_act)fate->act;
		row->entry = fate->entry;
		if (fate->is_id)
			row->id = (struct vl_cell){ .type = VL_CELL_INT,
				.integer = fate->r };
		else
			row->r = fate->r;
	}
	if (st == VL_OK && fate != NULL && fate->size > 0)
		st = read_more(s, fate, row, memory, err);
	if (t->first != 0)
		row->id = (struct vl_cell){ .type = VL_CELL_INT,
			.integer = t->first + row->n - 1 };
	return st;
}

static enum vl_status
write_more(struct rows_stage *s, const struct rows_staged *row,
    struct stage_fate *fate, struct vl_err *err)
{
	const struct more more = { .at = (uint32_t)row->at.n,
		.what = (uint32_t)row->what.n,
		.id = (uint32_t)row->id.bytes.n,
		.type = (int32_t)row->id.type,
		.integer = row->id.integer,
		.real = row->id.real };
	const struct vl_slice parts[] = { { (const uint8_t *)&more,
		                              sizeof(more) },
		row->at, row->what, row->id.bytes };
	enum vl_status st = VL_OK;
	size_t i = 0;

	fate->more = spill_end(&s->more);
	for (i = 0; st == VL_OK && i < 4; i++)
		st = vl_buf_add(&s->more.tail, parts[i], err);
	fate->size = (uint32_t)(spill_end(&s->more) - fate->more);
	return st == VL_OK ? spill_flush(&s->more, err) : st;
}

enum vl_status
stage_fate_set(struct rows_stage *s, struct stage_table *t,
    const struct rows_staged *row, struct vl_err *err)
{
	struct stage_fate fate = { .r = row->r,
		.entry = (uint16_t)row->entry,
		.act = (uint8_t)row->act,
		.is_id = row->id.type == VL_CELL_INT && row->r == 0 };
	size_t i = (size_t)(row->n - 1) / FATES;
	struct stage_page *page = NULL;
	enum vl_status st = VL_OK;

	if (row->entry > UINT16_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a table has more than %d entries in the profile",
		    UINT16_MAX);
	if (fate.is_id)
		fate.r = row->id.integer;
	if (row->at.n > 0 || row->what.n > 0 ||
	    (row->id.type != VL_CELL_NULL && !fate.is_id))
		st = write_more(s, row, &fate, err);
	if (st == VL_OK && i < t->npages && t->pages[i] != 0)
		st = fetch(s, t->pages[i], false, &page, err);
	else if (st == VL_OK)
		st = make_page(s, t, i, &page, err);
	if (st != VL_OK)
		return st;
	page->fates[(size_t)(row->n - 1) % FATES] = fate;
	page->dirty = true;
	return VL_OK;
}
