/* Unique keys and foreign keys of a table. */

#include <stdlib.h>
#include <string.h>

#include "private.h"

/* Columns of the question for indexes. */
enum {
	I_SEQ,
	I_PRIMARY,
	I_COLUMN,
	I_COLLATION
};

static void
unique_clear(struct vl_unique *u)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		free(u->collations[i]);
	free(u->collations);
	free(u->columns);
	memset(u, 0, sizeof(*u));
}

static enum vl_status
unique_add(struct vl_unique *u, size_t column, const char *collation,
    struct vl_err *err)
{
	size_t *columns = db_room(u->columns, u->n, sizeof(*columns));
	char **collations = NULL;

	if (columns == NULL)
		return vl_fail_memory(err);
	u->columns = columns;
	collations = db_room(u->collations, u->n, sizeof(*collations));
	if (collations == NULL)
		return vl_fail_memory(err);
	u->collations = collations;
	columns[u->n] = column;
	collations[u->n] = strdup(collation);
	if (collations[u->n] == NULL)
		return vl_fail_memory(err);
	u->n++;
	return VL_OK;
}

static enum vl_status
unique_new(struct vl_table *t, bool primary, struct vl_err *err)
{
	struct vl_unique *uniques =
	    db_room(t->uniques, t->nuniques, sizeof(*uniques));

	if (uniques == NULL)
		return vl_fail_memory(err);
	t->uniques = uniques;
	memset(&uniques[t->nuniques], 0, sizeof(*uniques));
	uniques[t->nuniques].primary = primary;
	t->nuniques++;
	return VL_OK;
}

/* Primary first, then by columns and collations; 0: the same key. */
static int
unique_cmp(const void *x, const void *y)
{
	const struct vl_unique *a = x;
	const struct vl_unique *b = y;
	int order = 0;
	size_t i;

	if (a->primary != b->primary)
		return a->primary ? -1 : 1;
	for (i = 0; i < a->n && i < b->n; i++) {
		if (a->columns[i] != b->columns[i])
			return a->columns[i] < b->columns[i] ? -1 : 1;
		order = sqlite3_stricmp(a->collations[i], b->collations[i]);
		if (order != 0)
			return order;
	}
	return a->n == b->n ? 0 : a->n < b->n ? -1 : 1;
}

static bool
unique_same(const struct vl_unique *a, const struct vl_unique *b)
{
	struct vl_unique other = *b;

	other.primary = a->primary;
	return unique_cmp(a, &other) == 0;
}

/* Sort, and drop what is over expressions (empty) or there twice. */
static void
settle(struct vl_table *t)
{
	size_t n = 0;
	size_t i;
	size_t j;

	if (t->nuniques > 0)
		qsort(t->uniques, t->nuniques, sizeof(*t->uniques), unique_cmp);
	for (i = 0; i < t->nuniques; i++) {
		for (j = 0; j < n; j++)
			if (unique_same(&t->uniques[j], &t->uniques[i]))
				break;
		if (j < n || t->uniques[i].n == 0)
			unique_clear(&t->uniques[i]);
		else
			t->uniques[n++] = t->uniques[i];
	}
	t->nuniques = n;
}

/*
 * The one primary key column of a table with rowids is the rowid itself
 * exactly when no index was made for it: `INTEGER PRIMARY KEY DESC`, or INT
 * for INTEGER, has one.
 */
static enum vl_status
find_integer_id(struct vl_table *t, bool has_index, struct vl_err *err)
{
	size_t found = SIZE_MAX;
	size_t i;
	enum vl_status st = VL_OK;

	for (i = 0; i < t->ncolumns; i++)
		if (t->columns[i].key != 0)
			found = i;
	if (t->without_rowid || has_index || found == SIZE_MAX)
		return VL_OK;
	t->columns[found].integer_id = true;
	st = unique_new(t, true, err);
	if (st == VL_OK)
		st = unique_add(
		    &t->uniques[t->nuniques - 1], found, "BINARY", err);
	return st;
}

/* One column of an index; `*seq` is the index that is being read. */
static enum vl_status
take_index_row(
    struct vl_table *t, sqlite3_stmt *stmt, int *seq, struct vl_err *err)
{
	const char *collation =
	    (const char *)sqlite3_column_text(stmt, I_COLLATION);
	int column = sqlite3_column_int(stmt, I_COLUMN);
	enum vl_status st = VL_OK;
	struct vl_unique *u = NULL;

	if (*seq == sqlite3_column_int(stmt, I_SEQ)) {
		u = &t->uniques[t->nuniques - 1];
		/* An expression was met: what is left of it is no key. */
		if (u->n == 0)
			return VL_OK;
	} else {
		*seq = sqlite3_column_int(stmt, I_SEQ);
		st = unique_new(
		    t, sqlite3_column_int(stmt, I_PRIMARY) != 0, err);
		if (st != VL_OK)
			return st;
		u = &t->uniques[t->nuniques - 1];
	}
	if (column < 0 || (size_t)column >= t->ncolumns) {
		unique_clear(u);
		return VL_OK;
	}
	return unique_add(
	    u, (size_t)column, collation == NULL ? "BINARY" : collation, err);
}

enum vl_status
db_keys_load(struct vl_db *db, struct vl_table *t, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool has_index = false;
	bool row = false;
	int seq = -1;
	enum vl_status st = db_ask_about(db, &stmt,
	    "SELECT l.seq, l.origin = 'pk', x.cid, x.coll"
	    " FROM pragma_index_list(?1, ?2) AS l,"
	    " pragma_index_xinfo(l.name, ?2) AS x"
	    " WHERE l.\"unique\" AND NOT l.partial AND x.key"
	    " ORDER BY l.seq, x.seqno",
	    t->real, err);

	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row) {
			has_index = has_index ||
			    sqlite3_column_int(stmt, I_PRIMARY) != 0;
			st = take_index_row(t, stmt, &seq, err);
		}
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	if (st == VL_OK)
		st = find_integer_id(t, has_index, err);
	if (st == VL_OK)
		settle(t);
	return st;
}
