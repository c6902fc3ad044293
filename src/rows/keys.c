/*
 * The key of every row, table by table in the order that keys need each
 * other: one scan of the columns that take part, then what only all rows
 * together show: paths of a tree, positions, doubles.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/text.h>

#include "here.h"

#define CONTENT_SIZE 16 /* bytes of a content's hash in a key */

struct finding {
	struct rows_plan *p;
	struct rows_scratch *s;
	struct vl_db *db;
	struct rows_reader *rd;
	struct rows_reader own;
	struct vl_buf key;
	struct vl_buf said;
	struct rows_values values;
	struct rows_heres heres;
	struct vl_cell *slots;
	struct vl_cell *ordinal;
	struct vl_err *err;
};

static void
want(bool *wanted, const struct rows_table *t, const size_t *columns, size_t n)
{
	const struct rows_column *c = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < n; i++) {
		if (columns[i] == NONE)
			continue;
		wanted[columns[i]] = true;
		c = &t->columns[columns[i]];
		for (k = 0; k < c->nrefs; k++)
			if (c->refs[k].by != NULL)
				wanted[c->refs[k].by->column] = true;
	}
}

static enum vl_status
open_reader(struct finding *f, size_t table)
{
	const struct rows_table *t = &f->p->tables[table];
	bool *wanted = calloc(t->schema->ncolumns + 1, sizeof(*wanted));
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (wanted == NULL)
		return vl_fail_memory(f->err);
	for (i = 0; i < t->nentries; i++) {
		want(wanted, t, t->entries[i].key, t->entries[i].nkey);
		want(wanted, t, t->entries[i].owners, t->entries[i].nowners);
		want(wanted, t, t->entries[i].ordinal, t->entries[i].nordinal);
	}
	for (i = 0; i < t->schema->ncolumns; i++) {
		if (t->columns[i].slot != NONE || i == t->primary)
			wanted[i] = true;
		if (t->columns[i].drops)
			want(wanted, t, &i, 1);
	}
	st = rows_reader_open(f->rd, f->db, f->p, table, wanted, f->err);
	free(wanted);
	return st;
}

static void
hang_below(struct rows_note *note, const struct vl_cell *above)
{
	note->parent = *above;
	if (above->type != VL_CELL_NULL)
		note->state = ROWS_UNRESOLVED;
}

/*
 * A part of the key.  A reference to the same table is no part: it is what
 * stands above, `note->parent`.
 */
static enum vl_status
add_part(struct finding *f, struct vl_json_w *w, size_t column,
    struct rows_note *note)
{
	struct vl_cell above = { 0 };
	enum vl_status st = VL_OK;
	bool drop = false;

	if (rows_above(f->rd, column, f->rd->table, &above)) {
		hang_below(note, &above);
		return VL_OK;
	}
	st = rows_key_part(f->s, f->rd, column, w, &drop, f->err);
	if (drop)
		note->state = ROWS_DROPPED;
	return st;
}

#define MEND                                                                   \
	", so that its key is not one: leave one of them, or say which in "    \
	"'where'"

/* More rows than one point here; of a table without rowids their numbers are
 * no ids. */
static enum vl_status
refuse_said(
    struct finding *f, const struct rows_of *of, const struct rows_said *said)
{
	const struct vl_table *child = f->p->tables[of->child].schema;
	char count[32];
	char which[80] = "";

	if (said->rows == 2 && !child->without_rowid)
		return vl_fail(f->err, VL_EREFUSED,
		    "rows %lld and %lld of '%s' point to it" MEND,
		    (long long)said->first, (long long)said->last, child->name);
	if (!child->without_rowid)
		(void)snprintf(which, sizeof(which),
		    ", the first %lld, the last %lld", (long long)said->first,
		    (long long)said->last);
	return vl_fail(f->err, VL_EREFUSED, "%s of '%s' point to it%s" MEND,
	    vl_format_counted(count, sizeof(count), said->rows, "row", "rows"),
	    child->name, which);
}

/* What the row that points here says; null where none does. */
static enum vl_status
add_said(struct finding *f, struct vl_json_w *w, const struct rows_of *of,
    struct rows_note *note)
{
	const struct vl_cell *id = rows_reader_cell(f->rd, f->rd->t->primary);
	struct rows_said said = { 0 };
	enum vl_status st =
	    rows_scratch_said(f->s, of->number, id, &said, &f->said, f->err);

	if (st != VL_OK)
		return st;
	if (said.rows > 1)
		return refuse_said(f, of, &said);
	if (said.above.type != VL_CELL_NULL)
		hang_below(note, &said.above);
	else if (said.part.n > 0)
		vl_json_w_raw(w, said.part);
	else if (!rows_said_above(f->p, of, f->rd->table))
		vl_json_w_null(w);
	return st;
}

/* A row that refers to nothing is dropped where the profile says so. */
static enum vl_status
follow_drops(struct finding *f, struct rows_note *note)
{
	const struct rows_ref *ref = NULL;
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_note to = { 0 };
	enum vl_status st = VL_OK;
	bool drop = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < f->rd->t->schema->ncolumns; i++) {
		if (!f->rd->t->columns[i].drops)
			continue;
		ref = rows_whole(f->rd, i);
		if (ref != NULL && ref->to != f->rd->table)
			st = rows_lookup(f->s, f->rd, i, ref,
			    rows_reader_cell(f->rd, i), &to, &meaning, &drop,
			    f->err);
	}
	if (drop)
		note->state = ROWS_DROPPED;
	return st;
}

/* An owner that is skipped, or dropped, takes the row along. */
static enum vl_status
follow_owner(struct finding *f, size_t column, struct rows_note *note)
{
	const struct vl_cell *cell = rows_reader_cell(f->rd, column);
	const struct rows_ref *ref = rows_whole(f->rd, column);
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_note owner = { 0 };
	enum vl_status st = VL_OK;
	bool drop = false;

	if (ref == NULL)
		return vl_fail(f->err, VL_EREFUSED,
		    "'owned_by: %s' is no reference to a row",
		    f->rd->t->schema->columns[column].name);
	if (ref->to == f->rd->table)
		return VL_OK;
	st = rows_lookup(
	    f->s, f->rd, column, ref, cell, &owner, &meaning, &drop, f->err);
	if (st != VL_OK)
		return st;
	if (drop)
		note->state = ROWS_DROPPED;
	else if (meaning == ROWS_MEANS_ROW && owner.state == ROWS_SKIPPED &&
	    note->state != ROWS_DROPPED)
		note->state = ROWS_SKIPPED;
	return VL_OK;
}

static enum vl_status
make_key(struct finding *f, const struct rows_entry *e, struct rows_note *note)
{
	bool named = e->nkey > 0;
	const size_t *columns = named ? e->key : e->owners;
	size_t n = named ? e->nkey : e->nowners;
	enum vl_status st = VL_OK;
	struct vl_json_w w = { 0 };
	size_t i = 0;

	vl_buf_clear(&f->key);
	vl_json_w_init(&w, &f->key);
	vl_json_w_open(&w, '[');
	for (i = 0; st == VL_OK && i < n; i++)
		st = columns[i] == NONE ? add_said(f, &w, &e->ofs[i], note) :
		                          add_part(f, &w, columns[i], note);
	vl_json_w_close(&w, ']');
	if (st == VL_OK)
		st = vl_json_w_end(&w, f->err);
	note->key = vl_buf_slice(&f->key);
	if (st == VL_OK && note->key.n > VL_KEY_MAX)
		st = vl_fail(f->err, VL_ELIMIT,
		    "its key has %zu bytes, more than %d", note->key.n,
		    VL_KEY_MAX);
	return st;
}

/* What is known of the row by itself. */
static enum vl_status
make_note(struct finding *f, size_t table, struct rows_note *note)
{
	const struct rows_table *t = &f->p->tables[table];
	const struct rows_entry *e = &t->entries[f->rd->entry];
	enum vl_status st = VL_OK;
	enum rows_state skipped = ROWS_CARRIED;
	size_t i = 0;

	*note = (struct rows_note){ .r = f->rd->r,
		.entry = f->rd->entry,
		.ordinal = f->ordinal,
		.slots = f->slots };
	if (e->skipped ||
	    (e->skip != NONE && rows_reader_holds(f->rd, e->skip)))
		skipped = ROWS_SKIPPED;
	for (i = 0; i < t->schema->ncolumns; i++)
		if (t->columns[i].slot != NONE)
			f->slots[t->columns[i].slot] =
			    *rows_reader_cell(f->rd, i);
	st = make_key(f, e, note);
	for (i = 0; st == VL_OK && i < e->nowners; i++)
		st = follow_owner(f, e->owners[i], note);
	if (st == VL_OK)
		st = follow_drops(f, note);
	if (st != VL_OK)
		return rows_reader_within(f->rd, f->err);
	if (skipped == ROWS_SKIPPED && note->state == ROWS_CARRIED)
		note->state = skipped;
	memset(f->ordinal, 0, (t->nordinal + 1) * sizeof(*f->ordinal));
	for (i = 0; i < e->nordinal; i++)
		f->ordinal[i] = *rows_reader_cell(f->rd, e->ordinal[i]);
	return VL_OK;
}

/* A row whose key is refused, and heard of: it is there, under no name that
 * another has. */
static enum vl_status
note_nameless(struct finding *f, struct rows_note *note)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&f->key);
	st = vl_buf_printf(
	    &f->key, f->err, "[null,null,%lld]", (long long)f->rd->r);
	*note = (struct rows_note){ .r = f->rd->r,
		.entry = f->rd->entry,
		.state = ROWS_DROPPED,
		.key = vl_buf_slice(&f->key),
		.slots = f->slots };
	return st;
}

/* What the reader's row says, as it says it at the source. */
static enum vl_status
hash_content(struct finding *f, uint8_t hash[VL_HASH_SIZE])
{
	struct rows_here_line line = {
		.t = f->rd->t, .way = ROWS_TO_THERE, .rd = f->rd
	};
	struct vl_buf body = { 0 };
	struct vl_slice kept = { 0 };
	enum vl_status st = VL_OK;
	struct vl_hash h;
	size_t i = 0;

	if (!f->p->lenient || !rows_here_any(f->rd->t))
		return rows_values_hash(&f->values, f->s, hash, f->err);
	for (i = 0; st == VL_OK && i < f->values.nlarge; i++) {
		st = rows_scratch_kept(f->s, f->values.large[i], &kept, f->err);
		if (st == VL_OK)
			st = vl_buf_add(&body, kept, f->err);
	}
	line.row = vl_buf_slice(&f->values.row);
	line.body = vl_buf_slice(&body);
	if (st == VL_OK)
		st = rows_here_swap(&f->heres, &line, f->err);
	vl_hash_init(&h, NULL);
	vl_hash_add(&h, vl_buf_slice(&f->heres.out));
	vl_hash_add(&h, vl_buf_slice(&f->heres.body));
	vl_hash_end(&h, hash);
	vl_buf_free(&body);
	return st;
}

static enum vl_status
name_by_content(struct finding *f, struct rows_note *note)
{
	uint8_t hash[VL_HASH_SIZE];
	char text[VL_B64U_SIZE(CONTENT_SIZE)];
	bool drop = false;
	enum vl_status st =
	    rows_values_make(&f->values, f->s, f->rd, &drop, f->err);

	if (drop)
		note->state = ROWS_DROPPED;
	if (st == VL_OK)
		st = hash_content(f, hash);
	vl_buf_clear(&f->key);
	if (st == VL_OK)
		st = vl_buf_add(&f->key,
		    (struct vl_slice){ note->key.p, note->key.n - 1 }, f->err);
	if (st == VL_OK)
		st = vl_buf_printf(&f->key, f->err, "%s\"%s\"]",
		    note->key.n > 2 ? "," : "",
		    vl_b64u(text, hash, CONTENT_SIZE));
	note->key = vl_buf_slice(&f->key);
	return st == VL_OK ?
	    rows_scratch_set(f->s, f->rd->table, note, f->err) :
	    st;
}

/* A multiset's rows are named by owner and content. */
static enum vl_status
find_contents(struct finding *f, size_t table)
{
	const struct rows_table *t = &f->p->tables[table];
	struct rows_each *each = NULL;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool noted = true;
	bool row = true;

	st = rows_reader_open(f->rd, f->db, f->p, table, NULL, f->err);
	if (st == VL_OK)
		st = rows_each_open(&each, f->s, table, ROWS_BY_ROW, f->err);
	while (st == VL_OK) {
		st = rows_reader_next(f->rd, &row, f->err);
		if (st == VL_OK)
			st = rows_each_next(each, &note, &noted, f->err);
		if (st != VL_OK || !row || !noted)
			break;
		if (t->entries[note.entry].multiset &&
		    note.state == ROWS_CARRIED)
			st = name_by_content(f, &note);
		if (st != VL_OK &&
		    rows_heard_row(f->p, &f->p->tables[table], f->err)) {
			st = note_nameless(f, &note);
			if (st == VL_OK)
				st = rows_scratch_set(
				    f->s, table, &note, f->err);
		}
	}
	rows_each_free(each);
	rows_reader_close(f->rd);
	return st;
}

bool
rows_in_key(const struct rows_entry *e, size_t column)
{
	size_t i = 0;

	for (i = 0; i < e->nkey; i++)
		if (e->key[i] == column)
			return true;
	return false;
}

static bool
has_multiset(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (t->entries[i].multiset && !t->entries[i].skipped)
			return true;
	return false;
}

/* Nothing has to be kept of its rows: each is called by itself, no other by
 * it, and the schema lets no two have one key. */
static bool
is_direct(const struct rows_plan *p, const struct rows_table *t)
{
	const struct vl_table_words *w = t->entries[0].words;

	if (t->referred || t->of != NONE || has_multiset(t) ||
	    !rows_equal_none(p, t))
		return false;
	/* Rows are told by name when they have other values then. */
	if (p->lenient && rows_works_out(t))
		return false;
	/* Whether an id is taken has to be known. */
	if (p->ear != NULL)
		return false;
	return !p->lenient || t->primary == NONE ||
	    t->columns[t->primary].role != ROWS_ID ||
	    (t->schema->columns[t->primary].integer_id &&
	        (w == NULL || w->ids == VL_IDS_DEFAULT ||
	            w->ids == VL_IDS_NEW));
}

static enum vl_status
make_room(struct finding *f, const struct rows_table *t)
{
	f->slots = calloc(t->nslots + 1, sizeof(*f->slots));
	f->ordinal = calloc(t->nordinal + 1, sizeof(*f->ordinal));
	return f->slots == NULL || f->ordinal == NULL ? vl_fail_memory(f->err) :
	                                                VL_OK;
}

static enum vl_status
find_table_keys(struct finding *f, size_t table)
{
	struct rows_table *t = &f->p->tables[table];
	struct rows_note note = { 0 };
	enum vl_status st = rows_said_collect(f->p, f->s, f->db, table, f->err);
	bool row = true;

	t->direct = is_direct(f->p, t);
	if (st != VL_OK || t->direct)
		return st;
	f->rd = &f->own;
	st = make_room(f, t);
	if (st == VL_OK)
		st = open_reader(f, table);
	while (st == VL_OK) {
		st = rows_reader_next(f->rd, &row, f->err);
		if (st != VL_OK || !row)
			break;
		/* In the proof it is told when rows are compared. */
		st = f->rd->stray && f->p->before != NULL ?
		    note_nameless(f, &note) :
		    make_note(f, table, &note);
		if (st != VL_OK && rows_heard_row(f->p, t, f->err))
			st = note_nameless(f, &note);
		if (st == VL_OK)
			st = rows_scratch_put(f->s, table, &note, f->err);
	}
	rows_reader_close(f->rd);
	free(f->slots);
	free(f->ordinal);
	f->slots = NULL;
	f->ordinal = NULL;
	if (st == VL_OK)
		st = rows_scratch_done(f->s, table, f->err);
	t->found = true;
	if (st == VL_OK && t->called && f->p->brought != NULL)
		st = rows_match_call(f->p, f->s, table, f->err);
	if (st == VL_OK)
		st = rows_tree_find(f->p, f->s, table, f->err);
	if (st == VL_OK && t->called && f->p->brought != NULL)
		st = rows_match_rest(f->p, f->s, table, f->err);
	if (st == VL_OK && has_multiset(t))
		st = find_contents(f, table);
	if (st == VL_OK && (t->nordinal > 0 || has_multiset(t)))
		st = rows_equal_place(f->p, f->s, table, f->err);
	if (st == VL_OK && !t->alone && !rows_equal_none(f->p, t))
		st = rows_equal_check(f->p, f->s, table, f->err);
	/* What a target has is looked at once the bundle's rows are in it. */
	if (st == VL_OK && (!f->p->lenient || f->p->before != NULL))
		st = rows_circle_find(f->p, f->s, f->db, table, f->err);
	return st;
}

enum vl_status
rows_keys_find(struct rows_plan *p, struct rows_scratch *s, struct vl_db *db,
    struct vl_err *err)
{
	struct finding f = { .p = p, .s = s, .db = db, .err = err };
	enum vl_status st = VL_OK;
	size_t i = 0;

	p->finding = true;
	for (i = 0; st == VL_OK && i < p->norder; i++)
		st = find_table_keys(&f, p->order[i]);
	p->finding = false;
	vl_buf_free(&f.key);
	vl_buf_free(&f.said);
	rows_values_free(&f.values);
	rows_heres_free(&f.heres);
	return st;
}

/* Rows with what is known of them. */

struct rows_walk {
	struct finding f;
	struct rows_each *each; /* NULL: each is called as it comes */
	size_t table;
};

enum vl_status
rows_walk_open(struct rows_walk **out, struct rows_reader *rd,
    struct rows_plan *p, struct rows_scratch *s, struct vl_err *err)
{
	struct rows_walk *w = calloc(1, sizeof(*w));

	*out = w;
	if (w == NULL)
		return vl_fail_memory(err);
	w->f = (struct finding){ .p = p, .s = s, .rd = rd, .err = err };
	w->table = rd->table;
	if (p->tables[w->table].direct)
		return make_room(&w->f, &p->tables[w->table]);
	return rows_each_open(&w->each, s, w->table, ROWS_BY_ROW, err);
}

enum vl_status
rows_walk_next(struct rows_walk *w, struct rows_note *note, bool *row)
{
	struct rows_reader *rd = w->f.rd;
	enum vl_status st = rows_reader_next(rd, row, w->f.err);

	if (st != VL_OK || !*row)
		return st;
	if (w->each == NULL) {
		st = make_note(&w->f, w->table, note);
		rd->key = note->key;
		return st;
	}
	st = rows_each_next(w->each, note, row, w->f.err);
	rd->key = note->key;
	if (st == VL_OK && (!*row || note->r != rd->r))
		return vl_fail(w->f.err, VL_EIO,
		    "table '%s' changed while it was read",
		    rd->t->schema->name);
	return st;
}

void
rows_walk_free(struct rows_walk *w)
{
	if (w == NULL)
		return;
	rows_each_free(w->each);
	free(w->f.slots);
	free(w->f.ordinal);
	vl_buf_free(&w->f.key);
	vl_buf_free(&w->f.said);
	free(w);
}
