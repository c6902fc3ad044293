/*
 * A profile from introspection and inference: keys are chosen round by round,
 * because a key may hold the key of another table; a table without one that
 * hangs on one other is its child; the rest is asked.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "draft.h"

bool
draft_failed(const struct draft *d)
{
	return d->ask.st != VL_OK;
}

/* ---- Keys ---- */

static bool
decided(const struct draft_column *c)
{
	return c->kind == DRAFT_DECLARED || c->kind == DRAFT_PROVED;
}

/* Each column is a value, or the key of a row that has one by now; at least
 * one is more than the row above. */
static bool
resolves(const struct draft *d, size_t table, const struct vl_unique *u)
{
	const struct draft_table *t = &d->tables[table];
	const struct draft_column *c = NULL;
	bool named = false;
	size_t i = 0;

	for (i = 0; i < u->n; i++) {
		c = &t->columns[u->columns[i]];
		if (t->schema->columns[u->columns[i]].generated ||
		    c->kind == DRAFT_OPEN || c->kind == DRAFT_TYPED)
			return false;
		named = named || !decided(c) || c->to != table;
		if (decided(c) && c->to != table &&
		    d->tables[c->to].state == DRAFT_ASK)
			return false;
	}
	return named;
}

static unsigned
score(const struct draft_table *t, const struct vl_unique *u)
{
	unsigned sum = 0;
	size_t i = 0;

	for (i = 0; i < u->n; i++)
		sum += rows_key_score(&t->schema->columns[u->columns[i]]);
	return sum;
}

static bool
is_surrogate(const struct draft_table *t, const struct vl_unique *u)
{
	return u->primary && u->n == 1 &&
	    !decided(&t->columns[u->columns[0]]) &&
	    rows_key_surrogate(t->schema, u->columns[0]);
}

static bool
choose_key(struct draft *d, size_t table)
{
	struct draft_table *t = &d->tables[table];
	const struct vl_unique *best = NULL;
	const struct vl_unique *u = NULL;
	size_t i = 0;

	for (i = 0; i < t->schema->nuniques; i++) {
		u = &t->schema->uniques[i];
		if (!is_surrogate(t, u) && resolves(d, table, u) &&
		    (best == NULL || score(t, u) < score(t, best)))
			best = u;
	}
	if (best == NULL)
		return false;
	t->key = best->columns;
	t->nkey = best->n;
	t->state = DRAFT_KEYED;
	return true;
}

/* ---- Children ---- */

/* Their order, where a column is called like one. */
static size_t
find_ordinal(const struct draft_table *t)
{
	static const char *const words[] = { "position", "ordinal", "pos",
		"sort", "sort_order", "sortorder", "sequence", "seq", "idx",
		"index", "rank", "order", "display_order", "line", "line_no",
		"number", "no", NULL };
	size_t i = 0;
	size_t k = 0;

	for (k = 0; words[k] != NULL; k++)
		for (i = 0; i < t->schema->ncolumns; i++)
			if (!t->schema->columns[i].generated &&
			    t->columns[i].kind == DRAFT_PLAIN &&
			    strcasecmp(t->schema->columns[i].name, words[k]) ==
			        0)
				return i;
	return NONE;
}

static bool
cascades(const struct vl_table *t, size_t column)
{
	size_t i = 0;

	for (i = 0; i < t->nforeigns; i++)
		if (t->foreigns[i].n == 1 &&
		    t->foreigns[i].columns[0] == column &&
		    t->foreigns[i].cascade)
			return true;
	return false;
}

/* The one reference that every row has; of several, the one that cascades. */
static size_t
find_owner(const struct draft *d, size_t table)
{
	const struct draft_table *t = &d->tables[table];
	size_t owner[2] = { NONE, NONE };
	size_t n[2] = { 0 };
	bool strong = false;
	size_t i = 0;

	for (i = 0; i < t->schema->ncolumns; i++) {
		if (!decided(&t->columns[i]) ||
		    !t->schema->columns[i].not_null ||
		    t->columns[i].to == table)
			continue;
		strong = cascades(t->schema, i);
		owner[0] = i;
		n[0]++;
		if (strong)
			owner[1] = i;
		n[1] += strong;
	}
	if (n[1] == 1)
		return owner[1];
	return n[0] == 1 ? owner[0] : NONE;
}

static bool
make_child(struct draft *d, size_t table)
{
	struct draft_table *t = &d->tables[table];
	size_t owner = t->referred ? NONE : find_owner(d, table);

	if (owner == NONE || d->tables[t->columns[owner].to].state == DRAFT_ASK)
		return false;
	t->owner = owner;
	t->ordinal = find_ordinal(t);
	t->state = DRAFT_OWNED;
	return true;
}

static void
settle(struct draft *d, bool (*step)(struct draft *d, size_t table))
{
	bool again = true;
	size_t i = 0;

	while (again) {
		again = false;
		for (i = 0; i < d->ntables; i++)
			if (d->tables[i].state == DRAFT_ASK && step(d, i))
				again = true;
	}
}

/* ---- What the rows say ---- */

int64_t
draft_doubles(struct draft *d, const struct draft_table *t,
    const size_t *columns, size_t n)
{
	struct rows_ask *a = &d->ask;
	int64_t rows = 0;
	size_t i = 0;

	ask_begin(a, "SELECT count(*) FROM (SELECT DISTINCT ");
	for (i = 0; i < n; i++) {
		if (i > 0)
			ask_add(a, ", ");
		ask_name(a, t->schema->columns[columns[i]].name);
		ask_add(a, " COLLATE BINARY");
	}
	ask_add(a, " FROM ");
	ask_name(a, t->schema->name);
	ask_add(a, ")");
	ask_numbers(a, &rows, 1);
	return t->rows - rows;
}

const char *
draft_values(struct draft *d, const struct draft_table *t, size_t column)
{
	struct rows_ask *a = &d->ask;
	const char *name = t->schema->columns[column].name;

	ask_begin(a, "SELECT ifnull(group_concat(v, char(10)), '') FROM (");
	ask_add(a, "SELECT count(*) || ' ' || replace(");
	ask_name(a, name);
	ask_add(a, ", char(10), ' ') AS v FROM ");
	ask_name(a, t->schema->name);
	ask_add(a, " WHERE typeof(");
	ask_name(a, name);
	ask_add(a, ") = 'text' GROUP BY ");
	ask_name(a, name);
	ask_add(a, " ORDER BY count(*) DESC, 1 LIMIT 8)");
	return ask_text(a);
}

size_t
draft_id_in_name(
    struct draft *d, const struct draft_table *t, const struct draft_table *of)
{
	struct rows_ask *a = &d->ask;
	const char *id = NULL;
	size_t n = strlen(t->schema->name);
	int64_t longest = 0;

	if (of->primary == NONE || of->rows == 0 ||
	    strchr(t->schema->name, '_') == NULL)
		return 0;
	id = of->schema->columns[of->primary].name;
	ask_begin(a, "SELECT ifnull(max(length(CAST(");
	ask_name(a, id);
	ask_add(a, " AS BLOB))), 0) FROM ");
	ask_name(a, of->schema->name);
	ask_add(a, " WHERE substr(");
	ask_literal(a, t->schema->name);
	ask_add(a, ", -length(");
	ask_name(a, id);
	ask_add(a, ") - 1) = '_' || ");
	ask_name(a, id);
	ask_numbers(a, &longest, 1);
	return longest > 0 && (size_t)longest < n ? n - (size_t)longest : 0;
}

static bool
has_null(const struct draft_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nkey; i++)
		if (!t->schema->columns[t->key[i]].not_null)
			return true;
	return false;
}

/* A word of the name, parted where it changes, is one of these. */
static bool
is_machine(const char *name)
{
	static const char *const words[] = { "session", "sessions", "cache",
		"caches", "migration", "migrations", "job", "jobs", "queue",
		"queues", "lock", "locks", "token", "tokens", "log", "logs",
		"flyway", "alembic", "statistics", "stats", "metrics", NULL };
	size_t n = 0;
	size_t i = 0;

	for (; *name != '\0'; name += n) {
		n = strcspn(name, "_- .");
		for (i = 0; words[i] != NULL; i++)
			if (n == strlen(words[i]) &&
			    strncasecmp(name, words[i], n) == 0)
				return true;
		n += name[n] != '\0';
	}
	return false;
}

static void
look_at_table(struct draft *d, size_t table)
{
	struct draft_table *t = &d->tables[table];

	ask_begin(&d->ask, "SELECT count(*) FROM ");
	ask_name(&d->ask, t->schema->name);
	ask_numbers(&d->ask, &t->rows, 1);
	t->machine = is_machine(t->schema->name);
	d->counts.tables++;
	d->counts.rows += (uint64_t)t->rows;
}

static enum vl_status
make_tables(struct draft *d, struct vl_err *err)
{
	const struct vl_table *s = NULL;
	struct draft_table *t = NULL;
	size_t keys = 0;
	size_t i = 0;
	size_t k = 0;

	d->tables = calloc(d->ntables + 1, sizeof(*d->tables));
	if (d->tables == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < d->ntables; i++) {
		s = &d->schema->tables[i];
		t = &d->tables[i];
		t->schema = s;
		t->primary = NONE;
		t->columns = calloc(s->ncolumns + 1, sizeof(*t->columns));
		if (t->columns == NULL)
			return vl_fail_memory(err);
		for (k = 0, keys = 0; k < s->ncolumns; k++) {
			t->columns[k].to = NONE;
			if (s->columns[k].key > 0 && ++keys > 0)
				t->primary = k;
		}
		if (keys != 1)
			t->primary = NONE;
		look_at_table(d, i);
	}
	return d->ask.st;
}

enum vl_status
vl_rows_draft(struct vl_buf *out, struct vl_db *db, const char *resource,
    struct vl_draft *counts, struct vl_err *err)
{
	struct draft d = { .ask = { .db = db, .err = err },
		.schema = vl_db_schema(db),
		.resource = resource,
		.out = out };
	enum vl_status st = VL_OK;
	size_t i = 0;

	d.ntables = d.schema->ntables;
	st = make_tables(&d, err);
	if (st == VL_OK) {
		draft_refs(&d);
		settle(&d, choose_key);
		settle(&d, make_child);
		for (i = 0; i < d.ntables; i++)
			if (has_null(&d.tables[i]))
				d.tables[i].doubles =
				    draft_doubles(&d, &d.tables[i],
				        d.tables[i].key, d.tables[i].nkey);
		draft_write(&d);
		st = d.ask.st;
	}
	for (i = 0; d.tables != NULL && i < d.ntables; i++)
		free(d.tables[i].columns);
	free(d.tables);
	ask_free(&d.ask);
	*counts = d.counts;
	return st;
}
