/*
 * The ids of a database, in memory, and what stood beside which name in the
 * texts of one table.  Both are bounded: a table of more ids than that is not
 * looked for, and names beyond a number are not taken.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/check.h>

#include "clue.h"

#define IDS_MAX         (1u << 18) /* of a table */
#define CLUES_MAX       2048       /* of a table */
#define SLOTS           8192       /* a power of two */
#define SHORTEST        8  /* bytes of an id that is no number, of a secret */
#define SHORTEST_SEALED 24 /* of one by a cipher that is known */
#define LONGEST         64

enum vl_status
clues_open(struct clues **out, size_t ntables, struct vl_err *err)
{
	struct clues *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return vl_fail_memory(err);
	c->ntables = ntables;
	c->tables = calloc(ntables + 1, sizeof(*c->tables));
	c->list = calloc(CLUES_MAX, sizeof(struct clue *));
	c->slots = calloc(SLOTS, sizeof(*c->slots));
	if (c->tables == NULL || c->list == NULL || c->slots == NULL) {
		clues_free(c);
		return vl_fail_memory(err);
	}
	*out = c;
	return VL_OK;
}

void
clues_next_table(struct clues *c)
{
	size_t i = 0;

	for (i = 0; i < c->n; i++) {
		free(c->list[i]->tables);
		free(c->list[i]);
	}
	c->n = 0;
	memset(c->slots, 0, SLOTS * sizeof(*c->slots));
}

void
clues_free(struct clues *c)
{
	size_t i = 0;

	if (c == NULL)
		return;
	if (c->list != NULL && c->slots != NULL)
		clues_next_table(c);
	for (i = 0; c->tables != NULL && i < c->ntables; i++)
		free(c->tables[i].numbers);
	free(c->tables);
	free(c->ids);
	free(c->list);
	free(c->slots);
	free(c);
}

/* FNV-1a */
static uint64_t
hash_of(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t i = 0;

	for (i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 1099511628211u;
	return hash;
}

#define HASH_BEGIN 14695981039346656037u

/* Letters, digits, '-' and '_', and no word: such a text stands nowhere by
 * chance. */
static bool
is_telling(struct vl_slice id)
{
	bool digit = false;
	bool letter = false;
	size_t i = 0;
	uint8_t b = 0;

	if (id.n < SHORTEST || id.n > LONGEST)
		return false;
	for (i = 0; i < id.n; i++) {
		b = id.p[i];
		if (b >= '0' && b <= '9')
			digit = true;
		else if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z'))
			letter = true;
		else if (b != '-' && b != '_')
			return false;
	}
	return digit && letter;
}

static enum vl_status
take_id(struct clues *c, size_t table, const struct vl_cell *id, size_t *cap,
    struct vl_err *err)
{
	struct clue_table *t = &c->tables[table];
	void *grown = NULL;

	if (id->type == VL_CELL_INT && id->integer > 0) {
		if (t->n == *cap) {
			*cap = *cap * 2 + 64;
			grown =
			    reallocarray(t->numbers, *cap, sizeof(*t->numbers));
			if (grown == NULL)
				return vl_fail_memory(err);
			t->numbers = grown;
		}
		t->numbers[t->n++] = id->integer;
	} else if (id->type == VL_CELL_TEXT && is_telling(id->bytes)) {
		if (c->nids == c->cap_ids) {
			grown = reallocarray(
			    c->ids, c->cap_ids * 2 + 64, sizeof(*c->ids));
			if (grown == NULL)
				return vl_fail_memory(err);
			c->ids = grown;
			c->cap_ids = c->cap_ids * 2 + 64;
		}
		c->ids[c->nids++] = (struct clue_id){
			hash_of(HASH_BEGIN, id->bytes.p, id->bytes.n), table
		};
	}
	return VL_OK;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
by_hash(const void *a, const void *b)
{
	uint64_t x = ((const struct clue_id *)a)->hash;
	uint64_t y = ((const struct clue_id *)b)->hash;

	return (x > y) - (x < y);
}

enum vl_status
clues_ids(struct clues *c, struct vl_db *db, size_t table,
    const struct clue_table *of, struct vl_err *err)
{
	struct clue_table *t = &c->tables[table];
	const struct vl_cell *cells = NULL;
	struct vl_scan *scan = NULL;
	size_t before = c->nids;
	size_t cap = 0;
	size_t n = 0;
	bool row = true;
	enum vl_status st = VL_OK;

	*t = (struct clue_table){ .schema = of->schema, .id = of->id };
	st = vl_scan_open(&scan, db,
	    &(struct vl_scan_opts){
	        .table = of->schema->name, .columns = &of->id, .ncolumns = 1 },
	    err);
	while (st == VL_OK && n <= IDS_MAX) {
		st = vl_scan_next(scan, &cells, &row, err);
		if (st != VL_OK || !row)
			break;
		st = take_id(c, table, cells, &cap, err);
		n++;
	}
	vl_scan_free(scan);
	if (n > IDS_MAX) {
		t->n = 0;
		c->nids = before;
	}
	if (t->n > 0)
		qsort(t->numbers, t->n, sizeof(*t->numbers), by_number);
	c->sorted = false;
	return st;
}

static bool
has_number(const struct clue_table *t, int64_t number)
{
	return t->n > 0 &&
	    bsearch(&number, t->numbers, t->n, sizeof(number), by_number) !=
	    NULL;
}

/* The clue of that name, or a new one; NULL: there are too many. */
static enum vl_status
find_clue(struct clues *c, const struct clue_text *t, struct vl_slice name,
    struct clue **out, struct vl_err *err)
{
	struct clue *clue = NULL;
	uint64_t hash = hash_of(HASH_BEGIN, &t->column, sizeof(t->column));
	size_t at = 0;

	*out = NULL;
	hash = hash_of(hash, t->row.p, t->row.n);
	hash = hash_of(hash, "", 1);
	hash = hash_of(hash, name.p, name.n);
	for (at = hash % SLOTS; c->slots[at] != 0; at = (at + 1) % SLOTS)
		if (c->list[c->slots[at] - 1]->hash == hash) {
			*out = c->list[c->slots[at] - 1];
			return VL_OK;
		}
	if (c->n == CLUES_MAX)
		return VL_OK;
	clue = calloc(1, sizeof(*clue));
	if (clue != NULL)
		clue->tables =
		    calloc(c->ntables / 64 + 1, sizeof(*clue->tables));
	if (clue == NULL || clue->tables == NULL) {
		free(clue);
		return vl_fail_memory(err);
	}
	clue->column = t->column;
	clue->row_column = t->row_column;
	clue->hash = hash;
	clue->to = NONE;
	if (t->row.n > 0)
		memcpy(clue->row, t->row.p, t->row.n);
	if (name.n > 0)
		memcpy(clue->name, name.p, name.n);
	c->list[c->n++] = clue;
	c->slots[at] = c->n;
	*out = clue;
	return VL_OK;
}

/* Up to 15 digits. */
static bool
read_number(struct vl_slice s, int64_t *number)
{
	size_t i = 0;

	*number = 0;
	if (s.n == 0 || s.n > 15)
		return false;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*number = *number * 10 + (s.p[i] - '0');
	}
	return true;
}

static void
add_number(const struct clues *c, struct clue *clue, int64_t number)
{
	size_t i = 0;

	for (i = 0; i < c->ntables; i++) {
		if (clue->numbers > 0 &&
		    (clue->tables[i / 64] >> (i % 64) & 1) == 0)
			continue;
		if (has_number(&c->tables[i], number))
			clue->tables[i / 64] |= (uint64_t)1 << (i % 64);
		else
			clue->tables[i / 64] &= ~((uint64_t)1 << (i % 64));
	}
	clue->numbers++;
	if (number > clue->most)
		clue->most = number;
	for (i = 0; i < clue->nseen; i++)
		if (clue->seen[i] == number)
			return;
	if (clue->nseen < CLUE_SEEN)
		clue->seen[clue->nseen++] = number;
}

/* The table that has this id, or NONE. */
static size_t
whose(struct clues *c, struct vl_slice id)
{
	struct clue_id wanted = { 0 };
	const struct clue_id *found = NULL;

	if (c->nids == 0 || !is_telling(id))
		return NONE;
	if (!c->sorted)
		qsort(c->ids, c->nids, sizeof(*c->ids), by_hash);
	c->sorted = true;
	wanted.hash = hash_of(HASH_BEGIN, id.p, id.n);
	found = bsearch(&wanted, c->ids, c->nids, sizeof(*c->ids), by_hash);
	return found == NULL ? NONE : found->table;
}

/* Its name, or that of what it stands in, is one of secrets. */
static bool
named_secret(const struct clue_text *t, struct vl_slice name)
{
	char text[CLUE_NAME_MAX];

	if (name.n == 0)
		name = t->row;
	if (name.n == 0)
		return vl_rows_secret_name(t->name);
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return vl_rows_secret_name(text);
}

/* Of a file its name says nothing of each word in it. */
static bool
says_secret(const struct clues *c, const struct clue_text *t,
    const struct clue_value *v)
{
	if (!c->strict)
		return named_secret(t, v->name);
	return v->name.n > 0 && named_secret(t, v->name) &&
	    clue_strong_secret(v->value);
}

enum vl_status
clues_add(struct clues *c, const struct clue_text *t,
    const struct clue_value *v, struct vl_err *err)
{
	struct clue *clue = NULL;
	int64_t number = 0;
	bool is_number = read_number(v->value, &number);
	const char *cipher = NULL;
	bool secret = false;
	size_t to = NONE;
	enum vl_status st = VL_OK;

	if (v->name.n >= CLUE_NAME_MAX || t->row.n >= CLUE_NAME_MAX)
		return VL_OK;
	/* Most words of a file are shorter than any secret. */
	if (c->strict && v->value.n < SHORTEST)
		return VL_OK;
	if (t->may_be_secret && !is_number &&
	    (!c->strict || c->nciphers > 0 || v->value.n >= SHORTEST_SEALED))
		cipher = clue_cipher(c, v->value);
	secret = cipher != NULL ||
	    (t->may_be_secret && !is_number && clue_like_secret(v->value) &&
	        (clue_known_secret(v->value) || says_secret(c, t, v)));
	if (!is_number && t->open)
		to = whose(c, v->value);
	/* What is neither is noted only where all of a column may be ids. */
	if (!secret && to == NONE && !(is_number && number > 0 && t->open) &&
	    !(v->form == CLUE_WHOLE && t->open))
		return VL_OK;
	st = find_clue(c, t, v->name, &clue, err);
	if (st != VL_OK || clue == NULL)
		return st;
	if (secret && clue->counted[0] != c->ntexts) {
		clue->counted[0] = c->ntexts;
		clue->secrets++;
	}
	if (cipher != NULL && clue->counted[1] != c->ntexts) {
		clue->counted[1] = c->ntexts;
		clue->sealed++;
	}
	if (clue->cipher == NULL && cipher != NULL) {
		clue->cipher = cipher;
		clue->sealed_form = v->form;
	}
	if (is_number) {
		if (number > 0 && t->open)
			add_number(c, clue, number);
	} else if (to == NONE) {
		clue->others += !secret;
		return VL_OK;
	} else {
		if (clue->to == NONE)
			clue->to = to;
		clue->texts += clue->to == to;
	}
	clue->forms[v->form]++;
	return VL_OK;
}
