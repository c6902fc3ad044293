/*
 * A table made from the parts of another's definition.  The parts come from a
 * bundle: names are quoted, and types, collations and defaults are taken only
 * where they are made of words that are known.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/row.h>
#include <valise/text.h>

#include "private.h"

#define WORD_MAX 32

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The word at `text`, of letters and digits; its length. */
static size_t
take_word(const char *text, char word[WORD_MAX])
{
	size_t n = 0;

	while (is_letter(text[n]) || is_digit(text[n]))
		n++;
	if (n >= WORD_MAX)
		return 0;
	memcpy(word, text, n);
	word[n] = '\0';
	return n;
}

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (sqlite3_stricmp(word, *list) == 0)
			return true;
	return false;
}

/* varchar(36), DOUBLE PRECISION, decimal(10, 2); nothing that constrains. */
static bool
is_type(const char *text)
{
	static const char *const others[] = { "AS", "ALWAYS", "CHECK",
		"COLLATE", "CONSTRAINT", "DEFAULT", "GENERATED", "KEY", "NOT",
		"NULL", "ON", "PRIMARY", "REFERENCES", "UNIQUE", NULL };
	char word[WORD_MAX];
	bool inside = false;
	size_t n = 0;

	while (*text != '\0') {
		if (is_letter(*text) && !inside) {
			n = take_word(text, word);
			if (n == 0 || is_one_of(word, others))
				return false;
			text += n;
			continue;
		}
		if (*text == '(' || *text == ')') {
			if (inside == (*text == '('))
				return false;
			inside = !inside;
		} else if (*text != ' ' &&
		    !(inside && (is_digit(*text) || *text == ','))) {
			return false;
		}
		text++;
	}
	return !inside;
}

static bool
is_collation(const char *text)
{
	static const char *const known[] = { "BINARY", "NOCASE", "RTRIM",
		NULL };

	return is_one_of(text, known);
}

/* What stands in quotes, a quote in it doubled; its length. */
static size_t
take_quoted(const char *text)
{
	size_t n = 1;

	for (; text[n] != '\0'; n++) {
		if (text[n] != '\'')
			continue;
		if (text[n + 1] != '\'')
			return n + 1;
		n++;
	}
	return 0;
}

/*
 * Literals, and functions of SQLite that only answer: what SQLite would take
 * as a constant expression is left to itself.
 */
static bool
is_default(const char *text)
{
	static const char *const values[] = { "NULL", "TRUE", "FALSE",
		"CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP", NULL };
	static const char *const functions[] = { "ABS", "COALESCE", "DATE",
		"DATETIME", "HEX", "IFNULL", "JULIANDAY", "LENGTH", "LOWER",
		"RANDOM", "RANDOMBLOB", "ROUND", "STRFTIME", "SUBSTR", "TIME",
		"UNIXEPOCH", "UPPER", NULL };
	char word[WORD_MAX];
	size_t depth = 0;
	size_t n = 0;

	for (; *text != '\0'; text += n) {
		n = 1;
		if (*text == '\'') {
			n = take_quoted(text);
		} else if ((*text == 'x' || *text == 'X') && text[1] == '\'') {
			n = take_quoted(text + 1);
			n += n > 0;
		} else if (is_letter(*text)) {
			n = take_word(text, word);
			if (!is_one_of(word,
			        n > 0 && text[n] == '(' ? functions : values))
				return false;
		} else if (*text == '(') {
			depth++;
		} else if (*text == ')') {
			if (depth-- == 0)
				return false;
		} else if ((*text == '-' && text[1] == '-') ||
		    (*text == '/' && text[1] == '*') ||
		    (!is_digit(*text) && strchr(" ,.+-*/%|", *text) == NULL)) {
			return false;
		}
		if (n == 0)
			return false;
	}
	return depth == 0;
}

/* A check can only be seen in the text; a name that holds the word counts. */
static bool
has_word(const char *sql, const char *word)
{
	size_t n = strlen(word);
	const char *at = sql;

	for (; *at != '\0'; at++)
		if (sqlite3_strnicmp(at, word, (int)n) == 0 &&
		    (at == sql || !is_letter(at[-1])) && !is_letter(at[n]))
			return true;
	return false;
}

const char *
vl_table_unmakeable(const struct vl_table *t)
{
	const struct vl_column *c = NULL;
	size_t i = 0;
	size_t k = 0;

	if (t->nforeigns > 0)
		return "a foreign key";
	if (t->ntriggers > 0)
		return "a trigger";
	if (t->sql != NULL && has_word(t->sql, "check"))
		return "a check";
	for (i = 0; i < t->ncolumns; i++) {
		c = &t->columns[i];
		if (c->generated)
			return "a generated column";
		if (!is_type(c->type))
			return "a type of more than words and numbers";
		if (!is_collation(c->collation))
			return "a collation of its application";
		if (strlen(c->name) > VL_COLUMN_MAX)
			return "a column with a long name";
		if (c->fallback != NULL &&
		    (!is_default(c->fallback) ||
		        strlen(c->fallback) > VL_DEFAULT_MAX))
			return "a default of more than a value";
	}
	for (i = 0; i < t->nuniques; i++)
		for (k = 0; k < t->uniques[i].n; k++)
			if (!is_collation(t->uniques[i].collations[k]))
				return "a collation of its application";
	return NULL;
}

static enum vl_status
add_column(struct vl_buf *sql, const struct vl_table *t,
    const struct vl_column *c, struct vl_err *err)
{
	enum vl_status st = db_quote(sql, c->name, err);

	if (st == VL_OK)
		st = vl_buf_printf(sql, err, "%s%s%s%s%s COLLATE %s",
		    c->type[0] == '\0' ? "" : " ", c->type,
		    c->integer_id ? " PRIMARY KEY" : "",
		    c->integer_id && t->autoincrement ? " AUTOINCREMENT" : "",
		    c->not_null ? " NOT NULL" : "", c->collation);
	if (st == VL_OK && c->fallback != NULL)
		st = vl_buf_printf(sql, err, " DEFAULT (%s)", c->fallback);
	return st;
}

static enum vl_status
add_key(struct vl_buf *sql, const struct vl_table *t, const struct vl_unique *u,
    struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(
	    sql, u->primary ? ", PRIMARY KEY (" : ", UNIQUE (", err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < u->n; i++) {
		if (i > 0)
			st = vl_buf_add_text(sql, ", ", err);
		if (st == VL_OK)
			st = db_quote(sql, t->columns[u->columns[i]].name, err);
		if (st == VL_OK)
			st = vl_buf_printf(
			    sql, err, " COLLATE %s", u->collations[i]);
	}
	return st == VL_OK ? vl_buf_add_text(sql, ")", err) : st;
}

static enum vl_status
add_table(struct vl_buf *sql, const struct vl_db *db, const struct vl_table *t,
    const char *real, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(sql, "CREATE TABLE ", err);
	bool inlined = false;
	size_t i = 0;

	if (st == VL_OK)
		st = db_quote_table(sql, db, real, err);
	for (i = 0; st == VL_OK && i < t->ncolumns; i++) {
		inlined = inlined || t->columns[i].integer_id;
		st = vl_buf_add_text(sql, i == 0 ? " (" : ", ", err);
		if (st == VL_OK)
			st = add_column(sql, t, &t->columns[i], err);
	}
	for (i = 0; st == VL_OK && i < t->nuniques; i++)
		if (!inlined || !t->uniques[i].primary)
			st = add_key(sql, t, &t->uniques[i], err);
	if (st == VL_OK)
		st = vl_buf_printf(sql, err, ")%s%s%s",
		    t->without_rowid ? " WITHOUT ROWID" : "",
		    t->without_rowid && t->strict ? "," : "",
		    t->strict ? " STRICT" : "");
	return st;
}

/* The schema as it is now; those that were read before stay until the end, as
 * plans point into them. */
static enum vl_status
learn_again(struct vl_db *db, struct vl_err *err)
{
	struct vl_schema *old =
	    reallocarray(db->old, db->nold + 1, sizeof(*old));

	if (old == NULL)
		return vl_fail_memory(err);
	db->old = old;
	if (!db->made)
		db->before = db->nold;
	db->made = true;
	old[db->nold++] = db->schema;
	db->schema = (struct vl_schema){ 0 };
	return db_schema_load(db, err);
}

void
db_unmake(struct vl_db *db)
{
	struct vl_schema now = db->schema;

	if (!db->made)
		return;
	db->schema = db->old[db->before];
	db->old[db->before] = now;
	db->made = false;
}

enum vl_status
vl_db_make_table(struct vl_db *db, const struct vl_table *like,
    const struct vl_table **made, struct vl_err *err)
{
	const char *why = vl_table_unmakeable(like);
	sqlite3_stmt *stmt = NULL;
	struct vl_buf sql = { 0 };
	struct vl_buf real = { 0 };
	enum vl_status st = db_in_transaction(db, err);
	char shown[SHOWN_MAX];
	bool row = false;

	*made = NULL;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(like->name));
	if (st == VL_OK)
		st = vl_buf_printf(
		    &real, err, "%s%s%c", db->prefix, like->name, 0);
	if (st == VL_OK &&
	    sqlite3_stricmp((const char *)real.p, VL_DB_OWN_TABLE) == 0)
		why = "a name of our own";
	if (st == VL_OK && why != NULL)
		st = vl_fail(err, VL_EREFUSED,
		    "table '%s' cannot be made in '%s': it has %s", shown,
		    db->path, why);
	if (st == VL_OK)
		st = add_table(&sql, db, like, (const char *)real.p, err);
	vl_buf_free(&real);
	if (why != NULL)
		return st;
	if (st == VL_OK)
		st = db_prepare_buf(db, &stmt, &sql, err);
	if (st == VL_OK)
		st = db_step(db, stmt, &row, err);
	(void)sqlite3_finalize(stmt);
	vl_buf_free(&sql);
	if (st != VL_OK && sqlite3_errcode(db->sql) == SQLITE_ERROR)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' cannot be made in '%s': %s", shown, db->path,
		    sqlite3_errmsg(db->sql));
	if (st == VL_OK)
		st = learn_again(db, err);
	if (st == VL_OK)
		*made = vl_db_table(db, like->name);
	return st == VL_OK && *made == NULL ?
	    vl_fail(err, VL_EREFUSED, "table '%s' was made and is not there",
	        shown) :
	    st;
}
