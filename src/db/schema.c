/* Which tables there are, and what else that is not carried. */

#include <stdlib.h>
#include <string.h>

#include "private.h"

void *
db_room(void *array, size_t n, size_t size)
{
	/* Full whenever n is a power of two. */
	if ((n & (n - 1)) != 0)
		return array;
	return reallocarray(array, n == 0 ? 1 : 2 * n, size);
}

char *
db_text(sqlite3_stmt *stmt, int column)
{
	const char *text = NULL;

	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return strdup("");
	text = (const char *)sqlite3_column_text(stmt, column);
	return text == NULL ? NULL : strdup(text);
}

static enum vl_status
add_table(
    struct vl_schema *s, sqlite3_stmt *stmt, size_t prefix, struct vl_err *err)
{
	struct vl_table *tables =
	    db_room(s->tables, s->ntables, sizeof(*tables));
	struct vl_table *t = NULL;

	if (tables == NULL)
		return vl_fail_memory(err);
	s->tables = tables;
	t = &tables[s->ntables];
	memset(t, 0, sizeof(*t));
	t->real = db_text(stmt, 0);
	t->name = t->real == NULL ? NULL : strdup(t->real + prefix);
	t->without_rowid = sqlite3_column_int(stmt, 2) != 0;
	t->strict = sqlite3_column_int(stmt, 3) != 0;
	s->ntables++;
	return t->name == NULL ? vl_fail_memory(err) : VL_OK;
}

static enum vl_status
add_other(struct vl_schema *s, sqlite3_stmt *stmt, const char *kind,
    struct vl_err *err)
{
	struct vl_uncarried *others =
	    db_room(s->others, s->nothers, sizeof(*others));

	if (others == NULL)
		return vl_fail_memory(err);
	s->others = others;
	others[s->nothers].kind = kind;
	others[s->nothers].name = db_text(stmt, 0);
	if (others[s->nothers].name == NULL)
		return vl_fail_memory(err);
	s->nothers++;
	return VL_OK;
}

static enum vl_status
add_row(struct vl_db *db, sqlite3_stmt *stmt, struct vl_err *err)
{
	struct vl_schema *s = &db->schema;
	size_t prefix = strlen(db->prefix);
	static const struct {
		const char *type;
		const char *kind;
	} kinds[] = { { "view", "view" }, { "virtual", "virtual table" },
		{ "shadow", "shadow table" } };
	const char *name = (const char *)sqlite3_column_text(stmt, 0);
	const char *type = (const char *)sqlite3_column_text(stmt, 1);
	size_t i;

	if (name == NULL || type == NULL)
		return vl_fail_memory(err);
	if (sqlite3_strnicmp(name, "sqlite_", 7) == 0 ||
	    sqlite3_stricmp(name, VL_DB_OWN_TABLE) == 0 ||
	    strncmp(name, db->prefix, prefix) != 0 || name[prefix] == '\0')
		return VL_OK;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(type, kinds[i].type) == 0)
			return add_other(s, stmt, kinds[i].kind, err);
	return add_table(s, stmt, prefix, err);
}

static enum vl_status
list_tables(struct vl_db *db, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	enum vl_status st = db_prepare(db, &stmt,
	    "SELECT name, type, wr, strict FROM pragma_table_list"
	    " WHERE schema = ?1 ORDER BY name COLLATE BINARY",
	    err);

	if (st == VL_OK)
		(void)sqlite3_bind_text(stmt, 1, db->name, -1, SQLITE_STATIC);
	do {
		row = false;
		if (st == VL_OK)
			st = db_step(db, stmt, &row, err);
		if (st == VL_OK && row)
			st = add_row(db, stmt, err);
	} while (row && st == VL_OK);
	(void)sqlite3_finalize(stmt);
	return st;
}

enum vl_status
db_schema_load(struct vl_db *db, struct vl_err *err)
{
	struct vl_schema *s = &db->schema;
	enum vl_status st = list_tables(db, err);
	size_t i;

	for (i = 0; st == VL_OK && i < s->ntables; i++)
		st = db_table_load(db, &s->tables[i], err);
	for (i = 0; st == VL_OK && i < s->ntables; i++)
		st = db_keys_load(db, &s->tables[i], err);
	/* They may refer to the keys of any table. */
	for (i = 0; st == VL_OK && i < s->ntables; i++)
		st = db_foreigns_load(db, &s->tables[i], err);
	for (i = 0; st == VL_OK && i < s->ntables; i++)
		st = db_fingerprint(&s->tables[i], err);
	return st;
}

void
db_schema_free(struct vl_schema *s)
{
	size_t i;

	for (i = 0; i < s->ntables; i++)
		vl_table_clear(&s->tables[i]);
	for (i = 0; i < s->nothers; i++)
		free(s->others[i].name);
	free(s->tables);
	free(s->others);
	memset(s, 0, sizeof(*s));
}

const struct vl_table *
vl_db_table(const struct vl_db *db, const char *name)
{
	size_t i;

	for (i = 0; i < db->schema.ntables; i++)
		if (sqlite3_stricmp(db->schema.tables[i].name, name) == 0)
			return &db->schema.tables[i];
	return NULL;
}

const struct vl_table *
db_table_real(const struct vl_db *db, const char *name)
{
	size_t i;

	for (i = 0; i < db->schema.ntables; i++)
		if (sqlite3_stricmp(db->schema.tables[i].real, name) == 0)
			return &db->schema.tables[i];
	return NULL;
}

size_t
vl_table_column(const struct vl_table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->ncolumns; i++)
		if (sqlite3_stricmp(t->columns[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}
