/* One table: its columns, text and triggers. */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"

/* Columns of pragma_table_xinfo. */
enum {
	X_NAME,
	X_TYPE,
	X_NOTNULL,
	X_DEFAULT,
	X_PK,
	X_HIDDEN
};

static void
column_free(struct vl_column *c)
{
	free(c->name);
	free(c->type);
	free(c->collation);
	free(c->fallback);
}

/* What only the parsed schema knows. */
static enum vl_status
ask_collation(struct vl_db *db, struct vl_table *t, struct vl_column *c,
    struct vl_err *err)
{
	const char *collation = NULL;
	int autoincrement = 0;
	int rc = sqlite3_table_column_metadata(db->sql, db->name, t->real,
	    c->name, NULL, &collation, NULL, NULL, &autoincrement);

	if (rc != SQLITE_OK)
		return db_fail(
		    db, rc, err, "cannot read the schema of '%s'", db->path);
	c->collation = strdup(collation == NULL ? "BINARY" : collation);
	if (autoincrement != 0)
		t->autoincrement = true;
	return c->collation == NULL ? vl_fail_memory(err) : VL_OK;
}

static enum vl_status
add_column(struct vl_db *db, struct vl_table *t, sqlite3_stmt *stmt,
    struct vl_err *err)
{
	struct vl_column *columns =
	    db_room(t->columns, t->ncolumns, sizeof(*columns));
	struct vl_column *c = NULL;

	if (columns == NULL)
		return vl_fail_memory(err);
	t->columns = columns;
	c = &columns[t->ncolumns];
	memset(c, 0, sizeof(*c));
	t->ncolumns++;
	c->name = db_text(stmt, X_NAME);
	c->type = db_text(stmt, X_TYPE);
	c->not_null = sqlite3_column_int(stmt, X_NOTNULL) != 0;
	c->key = (unsigned)sqlite3_column_int(stmt, X_PK);
	c->generated = sqlite3_column_int(stmt, X_HIDDEN) >= 2;
	if (c->name == NULL || c->type == NULL)
		return vl_fail_memory(err);
	if (sqlite3_column_type(stmt, X_DEFAULT) != SQLITE_NULL) {
		c->fallback = db_text(stmt, X_DEFAULT);
		if (c->fallback == NULL)
			return vl_fail_memory(err);
	}
	return ask_collation(db, t, c, err);
}

enum vl_status
db_ask_about(struct vl_db *db, sqlite3_stmt **stmt, const char *sql,
    const char *table, struct vl_err *err)
{
	enum vl_status st = db_prepare(db, stmt, sql, err);

	if (st == VL_OK) {
		(void)sqlite3_bind_text(*stmt, 1, table, -1, SQLITE_STATIC);
		(void)sqlite3_bind_text(*stmt, 2, db->name, -1, SQLITE_STATIC);
	}
	return st;
}

static enum vl_status
load_columns(struct vl_db *db, struct vl_table *t, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	enum vl_status st = db_ask_about(db, &stmt,
	    "SELECT name, type, \"notnull\", dflt_value, pk, hidden"
	    " FROM pragma_table_xinfo(?1, ?2) ORDER BY cid",
	    t->real, err);

	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row)
			st = add_column(db, t, stmt, err);
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	if (st == VL_OK && t->ncolumns == 0)
		return vl_fail(err, VL_EFORMAT,
		    "the schema of '%s' is damaged: a table without columns",
		    db->path);
	return st;
}

static enum vl_status
add_name(char ***list, size_t *n, sqlite3_stmt *stmt, struct vl_err *err)
{
	char **names = db_room(*list, *n, sizeof(*names));

	if (names == NULL)
		return vl_fail_memory(err);
	*list = names;
	names[*n] = db_text(stmt, 1);
	if (names[*n] == NULL)
		return vl_fail_memory(err);
	++*n;
	return VL_OK;
}

static enum vl_status
add_text(struct vl_table *t, sqlite3_stmt *stmt, struct vl_err *err)
{
	const char *type = (const char *)sqlite3_column_text(stmt, 0);

	if (type == NULL)
		return vl_fail_memory(err);
	if (strcmp(type, "table") == 0) {
		free(t->sql);
		t->sql = db_text(stmt, 2);
		return t->sql == NULL ? vl_fail_memory(err) : VL_OK;
	}
	if (strcmp(type, "index") == 0)
		return add_name(&t->indexes, &t->nindexes, stmt, err);
	return add_name(&t->triggers, &t->ntriggers, stmt, err);
}

static enum vl_status
load_texts(struct vl_db *db, struct vl_table *t, struct vl_err *err)
{
	struct vl_buf sql = { 0 };
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	enum vl_status st =
	    vl_buf_add_text(&sql, "SELECT type, name, sql FROM ", err);

	if (st == VL_OK)
		st = db_quote_table(&sql, db, "sqlite_schema", err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql,
		    " WHERE tbl_name = ?1 COLLATE NOCASE"
		    " AND type IN ('table', 'trigger', 'index')"
		    " AND sql IS NOT NULL"
		    " ORDER BY name COLLATE BINARY",
		    err);
	if (st == VL_OK)
		st = db_prepare_buf(db, &stmt, &sql, err);
	if (st == VL_OK)
		(void)sqlite3_bind_text(stmt, 1, t->real, -1, SQLITE_STATIC);
	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row)
			st = add_text(t, stmt, err);
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&sql);
	return st;
}

enum vl_status
db_table_load(struct vl_db *db, struct vl_table *t, struct vl_err *err)
{
	enum vl_status st = load_columns(db, t, err);

	if (st == VL_OK)
		st = load_texts(db, t, err);
	return st;
}

static void
free_names(char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void
vl_table_clear(struct vl_table *t)
{
	size_t i;
	size_t j;

	for (i = 0; i < t->ncolumns; i++)
		column_free(&t->columns[i]);
	for (i = 0; i < t->nuniques; i++) {
		for (j = 0; j < t->uniques[i].n; j++)
			free(t->uniques[i].collations[j]);
		free(t->uniques[i].collations);
		free(t->uniques[i].columns);
	}
	for (i = 0; i < t->nforeigns; i++) {
		for (j = 0;
		     t->foreigns[i].to_columns != NULL && j < t->foreigns[i].n;
		     j++)
			free(t->foreigns[i].to_columns[j]);
		free(t->foreigns[i].to_columns);
		free(t->foreigns[i].columns);
		free(t->foreigns[i].to);
	}
	free_names(t->triggers, t->ntriggers);
	free_names(t->indexes, t->nindexes);
	free_names(t->lines, t->nlines);
	free(t->foreigns);
	free(t->uniques);
	free(t->columns);
	free(t->sql);
	free(t->name);
	free(t->real);
	memset(t, 0, sizeof(*t));
}
