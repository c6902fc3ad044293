/*
 * Lines out, in manifest order: the words of the profile, then table after
 * table, each scanned once in its own order and sorted by key.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"
#include "suspect.h"

#define SORT_MEMORY (16u << 20)

enum vl_status
rows_find_keys(struct vl_rows *r, struct vl_err *err)
{
	enum vl_status st =
	    rows_scratch_open(&r->scratch, &r->plan, r->opts.tempdir, err);

	if (st == VL_OK)
		st = rows_keys_find(&r->plan, r->scratch, r->opts.db, err);
	if (st == VL_OK)
		st = rows_named_call(&r->plan, r->scratch, err);
	return st;
}

/* At a target those who ask say of which resource it is. */
static enum vl_status
make_plan(struct vl_rows *r, const struct vl_map_record *map, size_t nmap,
    struct vl_err *err)
{
	enum vl_status st = rows_plan_make(&r->plan, &r->opts, err);

	if (st == VL_OK)
		st = rows_map_plan(&r->plan, map, nmap, err);
	return st;
}

static enum vl_status
in_resource(const struct vl_rows *r, enum vl_status st, struct vl_err *err)
{
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "resource '%s'", r->opts.resource);
}

enum vl_status
vl_rows_open(
    struct vl_rows **out, const struct vl_rows_opts *opts, struct vl_err *err)
{
	struct vl_rows *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return vl_fail_memory(err);
	r->opts = *opts;
	r->plan.pool = opts->pool;
	if (in_resource(r, make_plan(r, NULL, 0, err), err) == VL_OK &&
	    rows_secret_check(&r->plan, opts, err) == VL_OK &&
	    rows_secret_try(&r->plan, opts->db, err) == VL_OK &&
	    rows_suspects_open(&r->suspects, &r->plan, opts, err) == VL_OK &&
	    in_resource(r, rows_find_keys(r, err), err) == VL_OK &&
	    rows_owned_collect(r, err) == VL_OK)
		return VL_OK;
	vl_rows_free(r);
	*out = NULL;
	return err->status;
}

enum vl_status
rows_open_here(struct vl_rows **out, const struct vl_rows_put_opts *opts,
    const struct rows_plan *like, struct vl_err *err)
{
	struct vl_rows *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return vl_fail_memory(err);
	r->opts = opts->rows;
	r->plan.pool = r->opts.pool;
	r->plan.lenient = true;
	r->plan.like = like;
	if (make_plan(r, opts->map, opts->nmap, err) == VL_OK)
		return VL_OK;
	vl_rows_free(r);
	*out = NULL;
	return err->status;
}

void
vl_rows_free(struct vl_rows *r)
{
	if (r == NULL)
		return;
	vl_sort_free(r->sort);
	rows_values_free(&r->values);
	rows_scratch_free(r->scratch);
	rows_suspects_free(r->suspects);
	rows_plan_free(&r->plan);
	vl_buf_free(&r->item);
	vl_buf_free(&r->line);
	free(r->tokens);
	free(r);
}

void
vl_rows_counts(const struct vl_rows *r, struct vl_rows_counts *counts)
{
	*counts = r->counts;
}

/* Sizes of what an item holds behind its key. */
struct item_head {
	uint64_t row;
	uint64_t ids;
	uint64_t tokens;
	uint64_t body;
};

static struct vl_slice
bytes_of(const void *p, size_t n)
{
	return (struct vl_slice){ p, n };
}

/* What is sorted: the key, NUL, and what the line is made of.  A key has no
 * NUL, so items stand in the order of keys. */
static enum vl_status
add_item(struct vl_rows *r, struct vl_slice key, struct vl_err *err)
{
	const struct rows_values *v = &r->values;
	const struct item_head head = { v->row.n, v->ids.n, v->tokens.n,
		v->size };
	const struct vl_slice parts[] = { key, bytes_of("", 1),
		bytes_of(&head, sizeof(head)), vl_buf_slice(&v->row),
		vl_buf_slice(&v->ids), vl_buf_slice(&v->tokens),
		bytes_of(v->large, v->nlarge * sizeof(*v->large)) };

	return vl_sort_add_parts(
	    r->sort, parts, sizeof(parts) / sizeof(parts[0]), err);
}

/* One row of the scan, beside what is noted of it. */
static enum vl_status
take_row(struct vl_rows *r, const struct rows_reader *rd,
    const struct rows_note *note, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool drop = false;

	if (note->state == ROWS_SKIPPED)
		r->counts.skipped++;
	if (note->state == ROWS_DROPPED)
		r->counts.dropped++;
	if (note->state != ROWS_CARRIED)
		return VL_OK;
	st = rows_suspects_read(r->suspects, rd, err);
	if (st == VL_OK)
		st = rows_values_make(&r->values, r->scratch, rd, &drop, err);
	if (st != VL_OK || drop) {
		r->counts.dropped += drop;
		return st;
	}
	return add_item(r, note->key, err);
}

static enum vl_status
scan_rows(struct vl_rows *r, struct rows_reader *rd, struct rows_walk *walk,
    struct vl_err *err)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;

	while (st == VL_OK) {
		st = rows_walk_next(walk, &note, &row);
		if (st != VL_OK || !row)
			break;
		st = take_row(r, rd, &note, err);
	}
	return st;
}

static enum vl_status
begin_sort(struct vl_rows *r, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (r->sort != NULL) {
		vl_sort_again(r->sort);
		return VL_OK;
	}
	st = vl_sort_new(&r->sort, r->opts.tempdir, SORT_MEMORY, err);
	if (st == VL_OK)
		vl_sort_beside(r->sort, r->opts.pool);
	return st;
}

/* Sort the rows of the next table that is carried. */
static enum vl_status
begin_table(struct vl_rows *r, struct vl_err *err)
{
	struct rows_reader rd = { 0 };
	struct rows_walk *walk = NULL;
	enum vl_status st = VL_OK;

	st = begin_sort(r, err);
	if (st == VL_OK)
		st = rows_scratch_forget(r->scratch, err);
	if (st == VL_OK)
		st = rows_reader_open(
		    &rd, r->opts.db, &r->plan, r->table, NULL, err);
	if (st == VL_OK)
		st = rows_walk_open(&walk, &rd, &r->plan, r->scratch, err);
	if (st == VL_OK)
		st = scan_rows(r, &rd, walk, err);
	rows_walk_free(walk);
	rows_reader_close(&rd);
	return st == VL_OK ? vl_sort_finish(r->sort, err) : st;
}

/* The tokens of the line's slots, one behind the other. */
static enum vl_status
split_tokens(struct vl_rows *r, struct vl_slice all, struct vl_record *rec,
    struct vl_err *err)
{
	struct vl_rd rd = { .rest = all };
	struct vl_slice *grown = NULL;

	for (rec->ntokens = 0; rd.rest.n > 0; rec->ntokens++) {
		if (rec->ntokens == r->cap_tokens) {
			r->cap_tokens = 2 * r->cap_tokens + 4;
			grown = reallocarray(
			    r->tokens, r->cap_tokens, sizeof(*grown));
			if (grown == NULL)
				return vl_fail_memory(err);
			r->tokens = grown;
		}
		r->tokens[rec->ntokens] = vl_rd_take(&rd, vl_rd_u32le(&rd));
	}
	rec->tokens = r->tokens;
	return VL_OK;
}

static enum vl_status
make_line(struct vl_rows *r, struct vl_slice item, struct vl_record *rec,
    struct vl_err *err)
{
	const struct rows_table *t = &r->plan.tables[r->table];
	const uint8_t *nul = memchr(item.p, 0, item.n);
	struct vl_rd rd = { .rest = item };
	struct item_head head = { 0 };
	struct vl_row row = { 0 };
	enum vl_status st = VL_OK;

	row.key = vl_rd_take(&rd, (size_t)(nul - item.p));
	(void)vl_rd_u8(&rd);
	memcpy(&head, vl_rd_take(&rd, sizeof(head)).p, sizeof(head));
	row.row = vl_rd_take(&rd, head.row);
	row.x = vl_rd_take(&rd, head.ids);
	row.size = head.body;
	row.has_body = row.size > 0;
	row.resource = vl_slice_of(r->plan.resource);
	row.table = vl_slice_of(t->collection);
	st = split_tokens(r, vl_rd_take(&rd, head.tokens), rec, err);
	r->large = rd.rest;
	r->rest = (struct vl_slice){ 0 };
	if (st == VL_OK)
		st = vl_row_encode(&r->line, &row, &rec->hash_at, err);
	if (st != VL_OK)
		return vl_within(err, "table '%s'", t->schema->name);
	rec->has_body = row.has_body;
	rec->body_size = row.size;
	r->counts.rows++;
	r->counts.bytes += row.size;
	return VL_OK;
}

static enum vl_status
profile_line(struct vl_rows *r, struct vl_err *err)
{
	struct vl_profile_line line = { .resource =
		                            vl_slice_of(r->plan.resource) };
	struct vl_buf version = { 0 };
	enum vl_status st = vl_rows_version(&version, &r->opts, err);

	vl_buf_clear(&r->item);
	if (st == VL_OK && r->plan.words != NULL)
		st = vl_profile_words(
		    &r->item, r->opts.profile, r->plan.resource, err);
	line.version = vl_buf_slice(&version);
	line.words = vl_buf_slice(&r->item);
	if (st == VL_OK)
		st = vl_profile_line_encode(&r->line, &line, err);
	vl_buf_free(&version);
	return st;
}

/* How it is made where it is absent, if it may be. */
static enum vl_status
add_shape(struct vl_rows *r, const struct rows_table *t, struct vl_err *err)
{
	const struct vl_table_words *w = t->entries[0].words;
	const char *why = vl_table_unmakeable(t->schema);
	char text[512];

	if (t->of == NONE || w == NULL || !w->create || t->nentries != 1)
		return VL_OK;
	if (why == NULL)
		return rows_shape_write(&r->item, t->schema, err);
	(void)snprintf(text, sizeof(text),
	    "table '%s' is not made where it is absent: it has %s",
	    t->schema->name, why);
	if (r->opts.report.note != NULL)
		r->opts.report.note(r->opts.report.arg, text);
	return VL_OK;
}

static enum vl_status
table_line(struct vl_rows *r, struct vl_err *err)
{
	const struct rows_table *t = &r->plan.tables[r->table];
	struct vl_table_line line = { .resource = vl_slice_of(r->plan.resource),
		.table = vl_slice_of(t->collection) };
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	vl_buf_clear(&r->item);
	vl_json_w_init(&w, &r->item);
	vl_json_w_open(&w, '[');
	for (i = 0; i < t->schema->nlines; i++)
		vl_json_w_text(&w, vl_slice_of(t->schema->lines[i]));
	vl_json_w_close(&w, ']');
	st = vl_json_w_end(&w, err);
	n = r->item.n;
	if (st == VL_OK)
		st = add_shape(r, t, err);
	line.schema = (struct vl_slice){ r->item.p, n };
	line.shape = (struct vl_slice){ r->item.p + n, r->item.n - n };
	if (st == VL_OK)
		st = vl_table_line_encode(&r->line, &line, err);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "table '%s'", t->schema->name);
}

/* The line of the next row of the table; or none, and its rows are done. */
static enum vl_status
row_line(struct vl_rows *r, struct vl_record *rec, struct vl_err *err)
{
	struct vl_slice item = { 0 };
	enum vl_status st = VL_OK;

	if (!r->sorted)
		st = begin_table(r, err);
	r->sorted = true;
	if (st == VL_OK)
		st = vl_sort_next(r->sort, &item, err);
	if (st == VL_OK && item.p != NULL)
		return make_line(r, item, rec, err);
	if (st == VL_OK)
		rows_secret_tell(&r->plan, r->table, &r->opts.report);
	if (st == VL_OK)
		r->counts.leaks +=
		    rows_leak_tell(&r->plan, r->table, &r->opts.report);
	if (st == VL_OK)
		r->counts.suspects += rows_suspects_tell(r->suspects, r->table,
		    r->opts.warn_secrets ? &r->opts.report : NULL);
	r->sorted = false;
	r->told = false;
	r->place++;
	return st;
}

static enum vl_status
fail_suspects(const struct vl_rows *r, struct vl_err *err)
{
	char counted[48];

	return vl_fail(err, VL_EREFUSED,
	    "resource '%s': %s may hold secrets, which would travel as they "
	    "stand: name them in 'secrets', or in 'not_secret' what is none; "
	    "'valise check-profile' has the lines",
	    r->plan.resource,
	    vl_format_counted(counted, sizeof(counted), r->counts.suspects,
	        "place", "places"));
}

enum vl_status
vl_rows_next(struct vl_rows *r, struct vl_record *rec, struct vl_err *err)
{
	const struct rows_table *t = NULL;
	enum vl_status st = VL_OK;

	*rec = (struct vl_record){ 0 };
	vl_buf_clear(&r->line);
	if (!r->begun) {
		r->begun = true;
		st = profile_line(r, err);
	}
	while (st == VL_OK && r->line.n == 0 && r->place < r->plan.ntables) {
		r->table = r->plan.lines[r->place];
		t = &r->plan.tables[r->table];
		if (t->left || rows_table_skipped(t)) {
			r->place++;
		} else if (!r->told) {
			r->told = true;
			r->counts.tables++;
			st = table_line(r, err);
		} else {
			st = row_line(r, rec, err);
		}
	}
	if (st != VL_OK)
		return vl_within(err, "resource '%s'", r->plan.resource);
	if (r->line.n > 0) {
		rec->line = vl_buf_slice(&r->line);
		return VL_OK;
	}
	/* What comes behind the rows has use for the memory. */
	vl_sort_free(r->sort);
	r->sort = NULL;
	return r->counts.suspects > 0 && !r->opts.warn_secrets ?
	    fail_suspects(r, err) :
	    VL_OK;
}

enum vl_status
vl_rows_read(
    struct vl_rows *r, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int64_t number = 0;

	*got = 0;
	if (r->rest.n == 0 && r->large.n > 0) {
		memcpy(&number, r->large.p, sizeof(number));
		r->large.p += sizeof(number);
		r->large.n -= sizeof(number);
		st = rows_scratch_kept(r->scratch, number, &r->rest, err);
	}
	if (st != VL_OK || r->rest.n == 0)
		return st;
	*got = r->rest.n < n ? r->rest.n : n;
	memcpy(p, r->rest.p, *got);
	r->rest.p += *got;
	r->rest.n -= *got;
	return VL_OK;
}
