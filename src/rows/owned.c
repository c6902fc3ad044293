/* Files that rows own: the notes on them, and what is asked of these. */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "owned.h"

#define SHOWN 256

static const char schema[] =
    "CREATE TABLE came(tree, path BLOB, hash, off DEFAULT 0,"
    " PRIMARY KEY(tree, path)) WITHOUT ROWID;"
    "CREATE TABLE own(tree, path BLOB, carried, must, name BLOB,"
    " PRIMARY KEY(tree, path)) WITHOUT ROWID;"
    "CREATE TABLE held(tree, path BLOB, t, f, n, kind, name BLOB, at BLOB,"
    " cells BLOB, here BLOB);"
    "CREATE INDEX held_path ON held(tree, path);"
    "CREATE INDEX held_row ON held(t, n);"
    "CREATE TABLE want(tree, path BLOB, t, f, n, kind, name BLOB, key BLOB,"
    " cells BLOB, PRIMARY KEY(t, n)) WITHOUT ROWID;"
    "CREATE INDEX want_path ON want(tree, path);"
    "CREATE TABLE loose(t, n, PRIMARY KEY(t, n)) WITHOUT ROWID;"
    "CREATE TABLE place(tree, path BLOB, t, f, dest BLOB, send, k,"
    " cells BLOB, PRIMARY KEY(tree, path, t, f, dest)) WITHOUT ROWID;"
    "CREATE INDEX place_dest ON place(tree, dest);"
    "CREATE TABLE cell(t, n, col, v, PRIMARY KEY(t, n, col)) WITHOUT ROWID;"
    "CREATE TABLE stay(tree, path BLOB, PRIMARY KEY(tree, path))"
    " WITHOUT ROWID;"
    "CREATE TABLE gone(tree, path BLOB, PRIMARY KEY(tree, path))"
    " WITHOUT ROWID;";

static const char *const statements[OWNED_STATEMENTS] = {
	[OWNED_CAME] = "INSERT OR REPLACE INTO came(tree, path, hash)"
	               " VALUES(?1, ?2, ?3)",
	[OWNED_LINKED] = "INSERT OR REPLACE INTO came(tree, path, hash)"
	                 " SELECT tree, ?2, hash FROM came WHERE tree = ?1"
	                 " AND path = ?3",
	[OWNED_OWN] =
	    "INSERT INTO own VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
	    " SET carried = max(carried, excluded.carried),"
	    " must = max(must, excluded.must)",
	[OWNED_BY] = "SELECT carried FROM own WHERE tree = ?1 AND path = ?2",
	[OWNED_TO] = "SELECT DISTINCT dest FROM place WHERE tree = ?1"
	             " AND path = ?2 AND send = 1 ORDER BY dest",
	[OWNED_WANTED] =
	    "SELECT 1 FROM want WHERE tree = ?1 AND path = ?2 LIMIT 1",
	[OWNED_DROPPED] = "SELECT off FROM came WHERE tree = ?1 AND path = ?2",
	[OWNED_PLACED] = "SELECT 1 FROM place WHERE tree = ?1 AND dest = ?2"
	                 " LIMIT 1",
	[OWNED_STAY] = "SELECT 1 FROM stay WHERE tree = ?1 AND path = ?2",
	[OWNED_GONE] = "SELECT 1 FROM gone WHERE tree = ?1 AND path = ?2",
	[OWNED_BELOW] =
	    "SELECT 1 FROM gone WHERE tree = ?1 AND path > CAST(?2 || '/' AS"
	    " BLOB) AND path < CAST(?2 || '0' AS BLOB) LIMIT 1",
	[OWNED_HELD] =
	    "INSERT INTO held VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[OWNED_WANT] =
	    "INSERT INTO want VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[OWNED_KEEP] = "UPDATE held SET kind = 1 WHERE t = ?1 AND n = ?2",
	[OWNED_KEPT_BY] = "SELECT name FROM held WHERE tree = ?1 AND path = ?2"
	                  " AND kind = 1 ORDER BY name LIMIT 1",
	[OWNED_HASH] = "SELECT hash FROM came WHERE tree = ?1 AND path = ?2",
	[OWNED_PLACE] = "INSERT OR IGNORE INTO place VALUES(?1, ?2, ?3, ?4, "
	                "?5, ?6, ?7, ?8)",
	[OWNED_PLACE_OF] =
	    "SELECT dest, cells, k FROM place WHERE tree = ?1 AND path = ?2 AND"
	    " t = ?3 AND f = ?4 ORDER BY dest <> path, dest LIMIT 1",
	[OWNED_PLACE_AT] =
	    "SELECT p.path, p.send, c.hash, (SELECT w.name FROM want w WHERE"
	    " w.tree = p.tree AND w.path = p.path ORDER BY w.name LIMIT 1),"
	    " c.path IS NOT NULL FROM"
	    " place p LEFT JOIN came c ON c.tree = p.tree AND c.path = p.path"
	    " WHERE p.tree = ?1 AND p.dest = ?2 ORDER BY p.send DESC, p.path"
	    " LIMIT 1",
	[OWNED_NUMBERED] = "SELECT k FROM place WHERE tree = ?1 AND path = ?2"
	                   " AND k > 0 ORDER BY k LIMIT 1",
	[OWNED_USED] =
	    "SELECT 1 FROM held WHERE tree = ?1 AND path = ?2 UNION ALL"
	    " SELECT 1 FROM want WHERE tree = ?1 AND path = ?2 UNION ALL"
	    " SELECT 1 FROM came WHERE tree = ?1 AND path = ?2 UNION ALL"
	    " SELECT 1 FROM place WHERE tree = ?1 AND dest = ?2 LIMIT 1",
	[OWNED_LOOSE] = "INSERT OR IGNORE INTO loose VALUES(?1, ?2)",
	[OWNED_CELL] = "INSERT OR REPLACE INTO cell VALUES(?1, ?2, ?3, ?4)",
	[OWNED_CELL_OF] = "SELECT v FROM cell WHERE t = ?1 AND n = ?2 AND"
	                  " col = ?3",
	[OWNED_DROP] = "UPDATE came SET off = 1 WHERE tree = ?1 AND path = ?2",
};

enum vl_status
vl_owned_new(struct vl_owned **out, struct vl_err *err)
{
	struct vl_owned *o = calloc(1, sizeof(*o));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (o == NULL)
		return vl_fail_memory(err);
	st = lite_open(&o->db, 2048, schema, OWNED_WHAT, err);
	if (st == VL_OK)
		*out = o;
	else
		vl_owned_free(o);
	return st;
}

void
vl_owned_free(struct vl_owned *o)
{
	size_t i = 0;

	if (o == NULL)
		return;
	for (i = 0; i < OWNED_STATEMENTS; i++)
		(void)sqlite3_finalize(o->q[i]);
	(void)sqlite3_close(o->db);
	for (i = 0; i < o->ntrees; i++)
		free(o->trees[i]);
	free(o->trees);
	free(o);
}

size_t
owned_tree(const struct vl_owned *o, const char *tree)
{
	size_t i = 0;

	for (i = 0; i < o->ntrees; i++)
		if (strcmp(o->trees[i], tree) == 0)
			return i;
	return (size_t)-1;
}

enum vl_status
vl_owned_tree(struct vl_owned *o, const char *tree, struct vl_err *err)
{
	char **trees = NULL;

	if (owned_tree(o, tree) != (size_t)-1)
		return VL_OK;
	trees = reallocarray(o->trees, o->ntrees + 1, sizeof(*trees));
	if (trees == NULL)
		return vl_fail_memory(err);
	o->trees = trees;
	trees[o->ntrees] = strdup(tree);
	if (trees[o->ntrees] == NULL)
		return vl_fail_memory(err);
	o->ntrees++;
	return VL_OK;
}

void
vl_owned_ask(struct vl_owned *o, const struct vl_owned_look *look)
{
	o->look = *look;
}

enum vl_status
owned_fail(struct vl_owned *o, struct vl_err *err)
{
	return lite_fail(o->db, OWNED_WHAT, err);
}

enum vl_status
owned_step(struct vl_owned *o, sqlite3_stmt *q, bool *row, struct vl_err *err)
{
	int got = sqlite3_step(q);

	*row = got == SQLITE_ROW;
	return got == SQLITE_ROW || got == SQLITE_DONE ? VL_OK :
	                                                 owned_fail(o, err);
}

enum vl_status
owned_run(struct vl_owned *o, const char *sql, struct vl_err *err)
{
	return sqlite3_exec(o->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    VL_OK :
	    owned_fail(o, err);
}

enum vl_status
owned_statement(struct vl_owned *o, enum owned_statement which,
    sqlite3_stmt **q, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (o->q[which] == NULL)
		st = lite_prepare(
		    o->db, &o->q[which], statements[which], OWNED_WHAT, err);
	*q = o->q[which];
	return st;
}

enum vl_status
owned_ask(struct vl_owned *o, enum owned_statement which, size_t tree,
    struct vl_slice path, sqlite3_stmt **q, bool *row, struct vl_err *err)
{
	enum vl_status st = owned_statement(o, which, q, err);
	int bound = 0;

	*row = false;
	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(*q, 1, (int64_t)tree);
	bound |= lite_bind_bytes(*q, 2, path);
	st = bound == SQLITE_OK ? owned_step(o, *q, row, err) :
	                          owned_fail(o, err);
	if (!*row)
		(void)sqlite3_reset(*q);
	return st;
}

/* The same where only that there is a row counts. */
static enum vl_status
is_there(struct vl_owned *o, enum owned_statement which, size_t tree,
    struct vl_slice path, bool *there, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_ask(o, which, tree, path, &q, there, err);

	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

enum vl_status
owned_forget(struct vl_owned *o, struct vl_err *err)
{
	o->cells = false;
	return owned_run(o,
	    "DELETE FROM held; DELETE FROM want; DELETE FROM loose;"
	    "DELETE FROM place; DELETE FROM cell; DELETE FROM stay;"
	    "DELETE FROM gone; UPDATE came SET off = 0 WHERE off = 1",
	    err);
}

enum vl_status
vl_owned_came(struct vl_owned *o, const char *tree, struct vl_slice path,
    const uint8_t *hash, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(o, OWNED_CAME, &q, err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)owned_tree(o, tree));
	bound |= lite_bind_bytes(q, 2, path);
	if (hash == NULL)
		bound |= sqlite3_bind_null(q, 3);
	else
		bound |= lite_bind_bytes(
		    q, 3, (struct vl_slice){ hash, VL_CONTENT_HASH_SIZE });
	return lite_done(o->db, q, bound, OWNED_WHAT, err);
}

enum vl_status
vl_owned_linked(struct vl_owned *o, const char *tree, struct vl_slice path,
    struct vl_slice first, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(o, OWNED_LINKED, &q, err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)owned_tree(o, tree));
	bound |= lite_bind_bytes(q, 2, path);
	bound |= lite_bind_bytes(q, 3, first);
	return lite_done(o->db, q, bound, OWNED_WHAT, err);
}

enum vl_status
vl_owned_by(struct vl_owned *o, const char *tree, struct vl_slice path,
    enum vl_tied *how, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	bool row = false;
	enum vl_status st =
	    owned_ask(o, OWNED_BY, owned_tree(o, tree), path, &q, &row, err);

	*how = VL_TIED_NONE;
	if (row)
		*how = sqlite3_column_int(q, 0) != 0 ? VL_TIED : VL_TIED_LEFT;
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

enum vl_status
vl_owned_missing(struct vl_owned *o, struct vl_err *err)
{
	static const char sql[] =
	    "SELECT tree, path, name, count(*) OVER () FROM own o WHERE"
	    " carried = 1 AND must = 1 AND NOT EXISTS (SELECT 1 FROM came c"
	    " WHERE c.tree = o.tree AND c.path = o.path) ORDER BY tree, path";
	sqlite3_stmt *q = NULL;
	enum vl_status st = lite_prepare(o->db, &q, sql, OWNED_WHAT, err);
	struct vl_slice name = { 0 };
	char shown[SHOWN];
	char more[64] = "";
	int64_t n = 0;
	bool row = false;

	if (st == VL_OK)
		st = owned_step(o, q, &row, err);
	if (row) {
		n = sqlite3_column_int64(q, 3);
		if (n > 1)
			(void)snprintf(more, sizeof(more),
			    ", and so it is with %lld more",
			    (long long)(n - 1));
		name = lite_bytes(q, 2);
		st = vl_fail(err, VL_EREFUSED,
		    "%.*s: its file '%s' does not travel with '%s'%s: put it "
		    "there, take it out of 'exclude', or say 'missing: allow'",
		    (int)name.n, (const char *)name.p,
		    vl_escape_text(shown, sizeof(shown), lite_bytes(q, 1)),
		    o->trees[sqlite3_column_int(q, 0)], more);
	}
	(void)sqlite3_finalize(q);
	return st;
}

enum vl_status
vl_owned_each(struct vl_owned *o, const char *tree,
    enum vl_status (*each)(
        void *arg, const struct vl_owned_path *path, struct vl_err *err),
    void *arg, struct vl_err *err)
{
	static const char sql[] = "SELECT path, name, must FROM own WHERE"
	                          " tree = ?1 AND carried = 1 ORDER BY path";
	sqlite3_stmt *q = NULL;
	enum vl_status st = lite_prepare(o->db, &q, sql, OWNED_WHAT, err);
	struct vl_owned_path path = { .must = false };
	bool row = true;

	if (st == VL_OK &&
	    sqlite3_bind_int64(q, 1, (int64_t)owned_tree(o, tree)) != SQLITE_OK)
		st = owned_fail(o, err);
	while (st == VL_OK) {
		st = owned_step(o, q, &row, err);
		if (st != VL_OK || !row)
			break;
		path.path = lite_bytes(q, 0);
		path.row = lite_bytes(q, 1);
		path.must = sqlite3_column_int(q, 2) != 0;
		st = each(arg, &path, err);
	}
	(void)sqlite3_finalize(q);
	return st;
}

/* Of a path that no row of the bundle names. */
static enum vl_status
to_itself(struct vl_owned *o, size_t tree, struct vl_slice path,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	sqlite3_stmt *q = NULL;
	bool came = false;
	bool left = false;
	enum vl_status st =
	    owned_ask(o, OWNED_DROPPED, tree, path, &q, &came, err);

	left = came && sqlite3_column_int(q, 0) != 0;
	if (q != NULL)
		(void)sqlite3_reset(q);
	/* Another file takes the place of what was left out there. */
	if (st == VL_OK && !came)
		st = is_there(o, OWNED_PLACED, tree, path, &left, err);
	*how = left ? VL_TIED_LEFT : VL_TIED;
	if (st == VL_OK && !left)
		st = vl_buf_add(out, path, err);
	return st == VL_OK && !left ?
	    vl_buf_add(out, (struct vl_slice){ (const uint8_t *)"", 1 }, err) :
	    st;
}

enum vl_status
vl_owned_to(struct vl_owned *o, const char *tree, struct vl_slice path,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	size_t number = owned_tree(o, tree);
	sqlite3_stmt *q = NULL;
	bool row = false;
	enum vl_status st = owned_ask(o, OWNED_TO, number, path, &q, &row, err);

	*how = VL_TIED;
	if (st == VL_OK && !row) {
		st = is_there(o, OWNED_WANTED, number, path, &row, err);
		*how = VL_TIED_LEFT;
		return st != VL_OK || row ?
		    st :
		    to_itself(o, number, path, out, how, err);
	}
	while (st == VL_OK && row) {
		st = vl_buf_add(out, lite_bytes(q, 0), err);
		if (st == VL_OK)
			st = vl_buf_add(out,
			    (struct vl_slice){ (const uint8_t *)"", 1 }, err);
		if (st == VL_OK)
			st = owned_step(o, q, &row, err);
	}
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

enum vl_status
vl_owned_after(struct vl_owned *o, const char *tree, struct vl_slice path,
    enum vl_owned_after *after, struct vl_err *err)
{
	static const struct {
		enum owned_statement which;
		enum vl_owned_after after;
	} asked[] = { { OWNED_STAY, VL_OWNED_STAYS },
		{ OWNED_GONE, VL_OWNED_GOES },
		{ OWNED_BELOW, VL_OWNED_BELOW } };
	size_t number = owned_tree(o, tree);
	enum vl_status st = VL_OK;
	bool there = false;
	size_t i = 0;

	*after = VL_OWNED_NOT;
	for (i = 0; st == VL_OK && !there && i < 3; i++) {
		st = is_there(o, asked[i].which, number, path, &there, err);
		if (there)
			*after = asked[i].after;
	}
	return st;
}
