/*
 * Foreign keys, with what the schema leaves to be guessed filled in: names
 * as their owner spells them, and the primary key where no columns are named.
 */

#include <stdlib.h>
#include <string.h>

#include "private.h"

enum {
	F_ID,
	F_TABLE,
	F_FROM,
	F_TO,
	F_ON_DELETE
};

static enum vl_status
foreign_new(struct vl_db *db, struct vl_table *t, sqlite3_stmt *stmt,
    struct vl_err *err)
{
	struct vl_foreign *foreigns =
	    db_room(t->foreigns, t->nforeigns, sizeof(*foreigns));
	const char *to = (const char *)sqlite3_column_text(stmt, F_TABLE);
	const char *action =
	    (const char *)sqlite3_column_text(stmt, F_ON_DELETE);
	const struct vl_table *parent = NULL;
	struct vl_foreign *f = NULL;

	if (foreigns == NULL || to == NULL || action == NULL) {
		t->foreigns = foreigns == NULL ? t->foreigns : foreigns;
		return vl_fail_memory(err);
	}
	t->foreigns = foreigns;
	f = &foreigns[t->nforeigns];
	memset(f, 0, sizeof(*f));
	t->nforeigns++;
	parent = db_table_real(db, to);
	f->cascade = sqlite3_stricmp(action, "CASCADE") == 0;
	f->to = strdup(parent == NULL ? to : parent->name);
	return f->to == NULL ? vl_fail_memory(err) : VL_OK;
}

/* The spelling of the column that is referred to; NULL: not there. */
static const char *
parent_column(const struct vl_table *parent, const char *to, size_t place)
{
	size_t i;

	if (parent == NULL)
		return NULL;
	if (to != NULL) {
		i = vl_table_column(parent, to);
		return i == SIZE_MAX ? NULL : parent->columns[i].name;
	}
	for (i = 0; i < parent->ncolumns; i++)
		if (parent->columns[i].key == place + 1)
			return parent->columns[i].name;
	return NULL;
}

static void
drop_to_columns(struct vl_foreign *f)
{
	size_t i;

	for (i = 0; f->to_columns != NULL && i < f->n; i++)
		free(f->to_columns[i]);
	free(f->to_columns);
	f->to_columns = NULL;
}

static enum vl_status
add_pair(struct vl_db *db, struct vl_table *t, sqlite3_stmt *stmt,
    struct vl_err *err)
{
	struct vl_foreign *f = &t->foreigns[t->nforeigns - 1];
	const char *from = (const char *)sqlite3_column_text(stmt, F_FROM);
	const char *name = parent_column(vl_db_table(db, f->to),
	    (const char *)sqlite3_column_text(stmt, F_TO), f->n);
	size_t *columns = db_room(f->columns, f->n, sizeof(*columns));
	char **to_columns = NULL;

	if (columns == NULL || from == NULL) {
		f->columns = columns == NULL ? f->columns : columns;
		return vl_fail_memory(err);
	}
	f->columns = columns;
	columns[f->n] = vl_table_column(t, from);
	if (columns[f->n] == SIZE_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "the schema of '%s' is damaged: a foreign key over a"
		    " column that is not there",
		    db->path);
	if (name == NULL || (f->n > 0 && f->to_columns == NULL)) {
		drop_to_columns(f);
		f->n++;
		return VL_OK;
	}
	to_columns = db_room(f->to_columns, f->n, sizeof(*to_columns));
	if (to_columns == NULL)
		return vl_fail_memory(err);
	f->to_columns = to_columns;
	to_columns[f->n] = strdup(name);
	if (to_columns[f->n] == NULL)
		return vl_fail_memory(err);
	f->n++;
	return VL_OK;
}

/* A primary key of more columns than the foreign key is not meant. */
static void
check_counts(struct vl_db *db, struct vl_table *t, bool implied)
{
	struct vl_foreign *f = NULL;
	const struct vl_table *parent = NULL;
	size_t n = 0;
	size_t i;

	if (t->nforeigns == 0 || !implied)
		return;
	f = &t->foreigns[t->nforeigns - 1];
	parent = vl_db_table(db, f->to);
	for (i = 0; parent != NULL && i < parent->ncolumns; i++)
		if (parent->columns[i].key != 0)
			n++;
	if (n != f->n)
		drop_to_columns(f);
}

enum vl_status
db_foreigns_load(struct vl_db *db, struct vl_table *t, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool implied = false;
	bool row = false;
	int id = -1;
	/* SQLite counts them from the last to the first. */
	enum vl_status st = db_ask_about(db, &stmt,
	    "SELECT id, \"table\", \"from\", \"to\", on_delete"
	    " FROM pragma_foreign_key_list(?1, ?2) ORDER BY id DESC, seq",
	    t->real, err);

	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row &&
		    sqlite3_column_int(stmt, F_ID) != id) {
			check_counts(db, t, implied);
			id = sqlite3_column_int(stmt, F_ID);
			implied =
			    sqlite3_column_type(stmt, F_TO) == SQLITE_NULL;
			st = foreign_new(db, t, stmt, err);
		}
		if (st == VL_OK && row)
			st = add_pair(db, t, stmt, err);
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	if (st == VL_OK)
		check_counts(db, t, implied);
	return st;
}
