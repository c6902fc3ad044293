/*
 * SQL that a profile brings: one expression, or one question for a version.
 *
 * A condition is put into brackets that it cannot close: quotes, comments and
 * brackets are counted here, as SQLite's tokenizer sees them.  What it may
 * name and call is decided by SQLite's authorizer while it is prepared.
 */

#include <string.h>

#include <valise/text.h>

#include "private.h"

/* Bytes of a statement of a profile. */
#define SQL_MAX 100000

/* Functions whose answer follows from what they are given, and which do
 * nothing else.  Ascending. */
static const char *const functions[] = { "->", "->>", "abs", "acos", "acosh",
	"asin", "asinh", "atan", "atan2", "atanh", "avg", "ceil", "ceiling",
	"char", "coalesce", "cos", "cosh", "count", "date", "datetime",
	"degrees", "exp", "floor", "format", "glob", "group_concat", "hex",
	"ifnull", "iif", "instr", "json", "json_array", "json_array_length",
	"json_extract", "json_object", "json_quote", "json_type", "json_valid",
	"julianday", "length", "like", "likelihood", "likely", "ln", "log",
	"log10", "log2", "lower", "ltrim", "match", "max", "min", "mod",
	"nullif", "pi", "pow", "power", "printf", "quote", "radians", "replace",
	"round", "rtrim", "sign", "sin", "sinh", "sqrt", "strftime", "substr",
	"substring", "sum", "tan", "tanh", "time", "total", "trim", "trunc",
	"typeof", "unicode", "unixepoch", "unlikely", "upper", NULL };

/* Tables that are functions, over what they are given alone. */
static const char *const table_functions[] = { "json_each", "json_tree", NULL };

/* Of a statement that sets columns, besides: places in an order. */
static const char *const ranks[] = { "dense_rank", "rank", "row_number", NULL };

struct guard {
	const struct vl_db *db;
	const struct vl_table *table;   /* of a condition */
	const struct vl_derive *derive; /* what it may write; or NULL */
	bool made; /* it asks for what SQLite makes of a row */
	char why[SHOWN_MAX * 2];
};

/* A text of a profile that is prepared. */
struct strange {
	struct guard guard;
	struct vl_slice sql;
	sqlite3_stmt *stmt;
	const char *tail; /* of the text, behind the statement */
};

static bool
listed(const char *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (sqlite3_stricmp(*list, name) == 0)
			return true;
	return false;
}

static bool
holds(const struct vl_db *db, const char *table)
{
	size_t i;

	if (db_table_real(db, table) != NULL)
		return true;
	for (i = 0; i < db->schema.nothers; i++)
		if (sqlite3_stricmp(db->schema.others[i].name, table) == 0)
			return true;
	return false;
}

/* Whether another file of the connection has a table of that name. */
static bool
held_by_peers(const struct vl_db *db, const char *table)
{
	size_t i;

	for (i = 0; i < db->npeers; i++)
		if (db->peers[i] != db && holds(db->peers[i], table))
			return true;
	return false;
}

static int
refuse(struct guard *g, const char *what, const char *name)
{
	char shown[SHOWN_MAX];

	if (name == NULL)
		(void)snprintf(g->why, sizeof(g->why), "%s", what);
	else
		(void)snprintf(g->why, sizeof(g->why), "%s '%s'", what,
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(name)));
	return SQLITE_DENY;
}

/*
 * `schema` is NULL for a table of which no column is read, and for what a
 * WITH names.  Without a schema a name is looked for in all files of the
 * connection, the first has it: another one's table must not answer.
 */
static int
may_read(struct guard *g, const char *table, const char *schema)
{
	bool elsewhere = schema != NULL && strcmp(schema, g->db->name) != 0;

	if (schema == NULL && held_by_peers(g->db, table))
		elsewhere = true;
	if (!elsewhere && holds(g->db, table))
		return SQLITE_OK;
	/* These are in the schema of the first file, by their own account. */
	if (listed(table_functions, table) && !held_by_peers(g->db, table))
		return SQLITE_OK;
	if (sqlite3_strnicmp(table, "sqlite_", 7) == 0 ||
	    sqlite3_strnicmp(table, "pragma_", 7) == 0)
		return refuse(g, "it may not read", table);
	if (elsewhere || schema != NULL)
		return refuse(g,
		    "it reads what is no table of this database alone:", table);
	return SQLITE_OK;
}

/* A rowid that is no column, or a generated column. */
static bool
is_made(const struct vl_table *t, const char *table, const char *column)
{
	size_t i = 0;

	if (t == NULL || strcmp(t->real, table) != 0)
		return false;
	i = vl_table_column(t, column);
	return i == SIZE_MAX ? strcmp(column, "ROWID") == 0 :
	                       t->columns[i].generated;
}

/* Also of triggers, which are prepared with it. */
static int
may_set(
    struct guard *g, const char *table, const char *column, const char *schema)
{
	const struct vl_derive *d = g->derive;
	const struct vl_table *t = db_table_real(g->db, table);
	size_t i;

	if (d == NULL)
		return refuse(g, "it must only read", NULL);
	if (schema == NULL || strcmp(schema, g->db->name) != 0 || t == NULL ||
	    sqlite3_stricmp(t->name, d->table) != 0)
		return refuse(
		    g, "it, or a trigger, changes another table,", table);
	for (i = 0; i < d->ncolumns; i++)
		if (sqlite3_stricmp(column, d->columns[i]) == 0)
			return SQLITE_OK;
	return refuse(
	    g, "it, or a trigger, sets a column that is not derived,", column);
}

static int
authorize(void *arg, int action, const char *a, const char *b,
    const char *schema, const char *inner)
{
	struct guard *g = arg;

	(void)inner;
	switch (action) {
	case SQLITE_SELECT:
		return SQLITE_OK;
	case SQLITE_READ:
		if (a != NULL && b != NULL && is_made(g->table, a, b))
			g->made = true;
		return may_read(g, a == NULL ? "" : a, schema);
	case SQLITE_FUNCTION:
		if (b != NULL &&
		    (listed(functions, b) ||
		        (g->derive != NULL && listed(ranks, b))))
			return SQLITE_OK;
		return refuse(g, "it may not call", b == NULL ? "" : b);
	case SQLITE_UPDATE:
		return may_set(
		    g, a == NULL ? "" : a, b == NULL ? "" : b, schema);
	case SQLITE_INSERT:
	case SQLITE_DELETE:
		return refuse(g,
		    g->derive == NULL ? "it must only read" :
		                        "it, or a trigger, adds or removes "
		                        "rows of",
		    g->derive == NULL ? NULL : a);
	case SQLITE_RECURSIVE:
		/* What may write is trusted to end. */
		if (g->derive != NULL)
			return SQLITE_OK;
		return refuse(g, "recursion may run without an end", NULL);
	default:
		return refuse(g,
		    g->derive == NULL ? "it must only read" :
		                        "one UPDATE of the table is wanted",
		    NULL);
	}
}

/* Behind the token that begins at `p`, if it is a quoted one or a comment;
 * NULL where that has no end. */
static const char *
skip_quoted(const char *p)
{
	char close = *p == '[' ? ']' : *p;
	const char *end = NULL;

	if (*p == '-' || *p == '/') {
		end = strstr(p + 2, *p == '-' ? "\n" : "*/");
		if (end == NULL)
			return *p == '-' ? p + strlen(p) : NULL;
		return end + (*p == '-' ? 1 : 2);
	}
	/* A doubled quote ends one and begins the next. */
	end = strchr(p + 1, close);
	return end == NULL ? NULL : end + 1;
}

static bool
is_quoted(const char *p)
{
	return (*p != '\0' && strchr("'\"`[", *p) != NULL) ||
	    (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*');
}

/* What is wrong with the text as such, or NULL. */
static const char *
look_through(const char *text)
{
	const char *p = text;
	size_t depth = 0;

	if (text[strspn(text, " \t\n\r\f")] == '\0')
		return "it is empty";
	while (*p != '\0') {
		if (is_quoted(p)) {
			p = skip_quoted(p);
			if (p == NULL)
				return "a quote or comment has no end";
			continue;
		}
		if (*p == ';')
			return "one expression is wanted, without a ';'";
		if (*p == ')' && depth == 0)
			return "a bracket closes that was not opened";
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		p++;
	}
	return depth > 0 ? "a bracket is not closed" : NULL;
}

static enum vl_status
bad_condition(const char *condition, const char *why, struct vl_err *err)
{
	char shown[SHOWN_MAX];
	char cause[2 * SHOWN_MAX];

	/* `why` may stand in SQLite's memory, or quote the condition. */
	(void)snprintf(cause, sizeof(cause), "%s", why);
	vl_tame(cause);
	return vl_fail(err, VL_EUSAGE, "the condition '%s' is wrong: %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(condition)),
	    cause);
}

enum vl_status
db_add_profile_sql(struct vl_buf *out, const struct vl_db *db, const char *sql,
    struct vl_err *err)
{
	static const char word[] = "{prefix}";
	enum vl_status st = VL_OK;
	const char *at = NULL;

	while (st == VL_OK && (at = strstr(sql, word)) != NULL) {
		st = vl_buf_add(out,
		    (struct vl_slice){
		        (const uint8_t *)sql, (size_t)(at - sql) },
		    err);
		if (st == VL_OK)
			st = vl_buf_add_text(out, db->prefix, err);
		sql = at + sizeof(word) - 1;
	}
	return st == VL_OK ? vl_buf_add_text(out, sql, err) : st;
}

enum vl_status
db_add_condition(struct vl_buf *out, const struct vl_db *db,
    const char *condition, struct vl_err *err)
{
	const char *why = look_through(condition);
	enum vl_status st = VL_OK;

	if (why != NULL)
		return bad_condition(condition, why, err);
	st = vl_buf_add_text(out, "(", err);
	if (st == VL_OK)
		st = db_add_profile_sql(out, db, condition, err);
	/* The line feed ends a comment at its end. */
	return st == VL_OK ? vl_buf_add_text(out, "\n) IS TRUE", err) : st;
}

/* What SQLite or the authorizer objects to; NULL: nothing. */
static const char *
objection(struct guard *g, sqlite3_stmt *stmt, int rc)
{
	if (g->why[0] != '\0')
		return g->why;
	if (rc == SQLITE_TOOBIG)
		return "it is too long";
	if (rc != SQLITE_OK)
		return sqlite3_errmsg(g->db->sql);
	if (stmt != NULL && sqlite3_bind_parameter_count(stmt) != 0)
		return "it has a place for a value to be given";
	if (stmt != NULL && g->derive == NULL && !sqlite3_stmt_readonly(stmt))
		return "it must only read";
	if (stmt != NULL && g->derive != NULL && sqlite3_stmt_readonly(stmt))
		return "it sets nothing";
	return NULL;
}

/*
 * Prepare under the authorizer; `*why` is what is wrong with the text, NULL
 * where nothing is.  A failure is one of the system.
 */
static enum vl_status
prepare_guarded(
    struct vl_db *db, struct strange *s, const char **why, struct vl_err *err)
{
	struct guard *g = &s->guard;
	int rc = SQLITE_OK;

	*why = NULL;
	g->db = db;
	/* They are declared at the first use, which is not a plain read. */
	rc = sqlite3_exec(db->sql,
	    "SELECT 1 FROM json_each('0'), json_tree('0')", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_set_authorizer(db->sql, authorize, g);
		rc = s->sql.n > SQL_MAX ?
		    SQLITE_TOOBIG :
		    sqlite3_prepare_v2(db->sql, (const char *)s->sql.p,
		        (int)s->sql.n, &s->stmt, &s->tail);
		(void)sqlite3_set_authorizer(db->sql, NULL, NULL);
	}
	if (rc != SQLITE_OK && rc != SQLITE_ERROR && rc != SQLITE_AUTH &&
	    rc != SQLITE_TOOBIG)
		return db_fail(db, rc, err, "cannot read '%s'", db->path);
	*why = objection(g, s->stmt, rc);
	return VL_OK;
}

enum vl_status
db_check_condition(struct vl_db *db, const struct vl_table *t,
    const char *condition, bool *made, struct vl_err *err)
{
	struct strange s = { .guard.table = t };
	struct vl_buf sql = { 0 };
	const char *why = NULL;
	char shown[SHOWN_MAX];
	/* In a WHERE no aggregate can swallow the rows. */
	enum vl_status st = vl_buf_add_text(&sql, "SELECT 1 FROM ", err);

	if (st == VL_OK)
		st = db_quote_table(&sql, db, t->real, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&sql, " WHERE ", err);
	if (st == VL_OK)
		st = db_add_condition(&sql, db, condition, err);
	s.sql = vl_buf_slice(&sql);
	if (st == VL_OK)
		st = prepare_guarded(db, &s, &why, err);
	if (why != NULL)
		st = bad_condition(condition, why, err);
	if (st != VL_OK && err->status == VL_EUSAGE)
		st = vl_within(err, "table '%s' of '%s'",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(t->name)),
		    db->path);
	*made = s.guard.made;
	(void)sqlite3_finalize(s.stmt);
	vl_buf_free(&sql);
	return st;
}

enum vl_status
vl_db_check_condition(struct vl_db *db, const char *table,
    const char *condition, struct vl_err *err)
{
	const struct vl_table *t = vl_db_table(db, table);
	char shown[SHOWN_MAX];
	bool made = false;

	if (t == NULL)
		return vl_fail(err, VL_EUSAGE, "'%s' has no table '%s'",
		    db->path,
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(table)));
	return db_check_condition(db, t, condition, &made, err);
}

/*
 * The version that SQLite itself keeps for an application.  Of several files
 * in one connection the question must name the schema.
 */
static enum vl_status
spell_pragma(struct vl_buf *out, const struct vl_db *db, const char *sql,
    bool *is, struct vl_err *err)
{
	static const char *const words[] = { "user_version", "application_id" };
	enum vl_status st = VL_OK;
	size_t i;

	*is = false;
	sql += strspn(sql, " \t\n");
	if (sqlite3_strnicmp(sql, "pragma ", 7) != 0)
		return VL_OK;
	sql += 7;
	sql += strspn(sql, " \t\n");
	for (i = 0; st == VL_OK && i < 2; i++) {
		if (sqlite3_stricmp(sql, words[i]) != 0)
			continue;
		*is = true;
		st = vl_buf_add_text(out, "PRAGMA ", err);
		if (st == VL_OK)
			st = db_quote(out, db->name, err);
		if (st == VL_OK)
			st = vl_buf_printf(out, err, ".%s", words[i]);
	}
	return st;
}

static enum vl_status
bad_question(
    struct vl_db *db, const char *sql, const char *why, struct vl_err *err)
{
	char shown[SHOWN_MAX];
	char cause[2 * SHOWN_MAX];

	(void)snprintf(cause, sizeof(cause), "%s", why);
	vl_tame(cause);
	return vl_fail(err, VL_EUSAGE, "cannot ask '%s' for '%s': %s", db->path,
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(sql)), cause);
}

/* One statement, and nothing behind it; `*why` may be of `first`. */
static enum vl_status
prepare_one(struct vl_db *db, struct strange *first, const char **why,
    struct vl_err *err)
{
	struct strange second = { 0 };
	enum vl_status st = prepare_guarded(db, first, why, err);

	if (st == VL_OK && *why == NULL && first->stmt == NULL)
		*why = "it is empty";
	if (st == VL_OK && *why == NULL) {
		second.sql = vl_slice_of(first->tail);
		st = prepare_guarded(db, &second, why, err);
		if (st == VL_OK && (*why != NULL || second.stmt != NULL))
			*why = "one statement is wanted";
	}
	(void)sqlite3_finalize(second.stmt);
	return st;
}

/* The text that is prepared, in `out` with a zero behind it. */
static enum vl_status
spell(struct strange *text, struct vl_buf *out, const struct vl_db *db,
    const char *sql, struct vl_err *err)
{
	enum vl_status st = db_add_profile_sql(out, db, sql, err);

	if (st == VL_OK)
		st = vl_buf_printf(out, err, "%c", 0);
	if (st == VL_OK)
		text->sql = (struct vl_slice){ out->p, out->n - 1 };
	return st;
}

static enum vl_status
prepare_select(
    struct vl_db *db, sqlite3_stmt **stmt, const char *sql, struct vl_err *err)
{
	struct strange text = { 0 };
	struct vl_buf spelled = { 0 };
	const char *why = NULL;
	enum vl_status st = spell(&text, &spelled, db, sql, err);

	if (st == VL_OK)
		st = prepare_one(db, &text, &why, err);
	*stmt = text.stmt;
	if (st == VL_OK && why == NULL && sqlite3_column_count(*stmt) != 1)
		why = "one column is wanted";
	if (st == VL_OK && why != NULL)
		st = bad_question(db, sql, why, err);
	vl_buf_free(&spelled);
	return st;
}

enum vl_status
db_prepare_derive(struct vl_db *db, const struct vl_derive *d,
    sqlite3_stmt **stmt, struct vl_err *err)
{
	struct strange text = { .guard.derive = d };
	struct vl_buf spelled = { 0 };
	const char *why = NULL;
	char cause[2 * SHOWN_MAX];
	char shown[SHOWN_MAX];
	enum vl_status st = spell(&text, &spelled, db, d->sql, err);

	if (st == VL_OK)
		st = prepare_one(db, &text, &why, err);
	vl_buf_free(&spelled);
	*stmt = text.stmt;
	if (st != VL_OK || why == NULL)
		return st;
	(void)snprintf(cause, sizeof(cause), "%s", why);
	vl_tame(cause);
	return vl_fail(err, VL_EREFUSED,
	    "'derive' of table '%s' of '%s' is not run: %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(d->table)),
	    db->path, cause);
}

static enum vl_status
prepare_question(
    struct vl_db *db, sqlite3_stmt **stmt, const char *sql, struct vl_err *err)
{
	struct vl_buf own = { 0 };
	bool is_pragma = false;
	enum vl_status st = spell_pragma(&own, db, sql, &is_pragma, err);

	if (st == VL_OK && is_pragma)
		st = db_prepare_buf(db, stmt, &own, err);
	if (st == VL_OK && !is_pragma)
		st = prepare_select(db, stmt, sql, err);
	vl_buf_free(&own);
	return st;
}

enum vl_status
vl_db_ask(
    struct vl_db *db, const char *sql, struct vl_buf *out, struct vl_err *err)
{
	sqlite3_stmt *stmt = NULL;
	bool row = false;
	struct vl_slice text = { 0 };
	size_t before = out->n;
	enum vl_status st = prepare_question(db, &stmt, sql, err);

	if (st == VL_OK)
		st = db_step(db, stmt, &row, err);
	if (st == VL_OK &&
	    (!row || sqlite3_column_type(stmt, 0) == SQLITE_NULL))
		st = bad_question(db, sql, "it has no answer", err);
	if (st == VL_OK) {
		text.p = sqlite3_column_text(stmt, 0);
		text.n = (size_t)sqlite3_column_bytes(stmt, 0);
		st = text.p == NULL ? vl_fail_memory(err) :
		                      vl_buf_add(out, text, err);
	}
	if (st == VL_OK)
		st = db_step(db, stmt, &row, err);
	if (st == VL_OK && row)
		st = bad_question(db, sql, "it has more than one answer", err);
	if (st != VL_OK)
		out->n = before;
	(void)sqlite3_finalize(stmt);
	return st;
}
