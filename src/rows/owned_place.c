/*
 * What the target calls each file of the bundle that rows own.  A row that is
 * here keeps the name it has, so that its file goes there; a new one has the
 * name of the source, unless another row here has that name for another
 * content.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "owned_place.h"

#define SHOWN 256
#define TRIES 999   /* numbers behind a name */
#define TRIED "999" /* the same, for people */
#define NOTES 10    /* renamed files that are told one by one */

static void
read_row(struct placing *g, sqlite3_stmt *q)
{
	g->path = lite_bytes(q, 0);
	g->table = (size_t)sqlite3_column_int64(q, 1);
	g->line = sqlite3_column_int64(q, 2);
	g->f = &g->p->here->plan.tables[g->table].files[g->line];
	g->tree = g->f->tree;
	g->name = lite_bytes(q, 3);
	g->cells = lite_bytes(q, 4);
}

/* The content that the bundle has under g->path. */
static enum vl_status
find_hash(struct placing *g)
{
	sqlite3_stmt *q = NULL;
	struct vl_slice hash = { 0 };
	enum vl_status st =
	    owned_ask(g->o, OWNED_HASH, g->tree, g->path, &q, &g->came, g->err);

	g->hashed = false;
	if (g->came)
		hash = lite_bytes(q, 0);
	if (hash.n == sizeof(g->hash)) {
		memcpy(g->hash, hash.p, sizeof(g->hash));
		g->hashed = true;
	}
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

static enum vl_status
look(struct placing *g, struct vl_slice path, struct vl_owned_seen *seen)
{
	*seen = (struct vl_owned_seen){ 0 };
	return g->o->look.look(
	    g->o->look.arg, g->o->trees[g->tree], path, seen, g->err);
}

/* Somebody who stands in the way is named. */
static enum vl_status
block(struct placing *g, struct vl_slice name)
{
	vl_buf_clear(&g->by);
	return vl_buf_add(&g->by, name, g->err);
}

/* A row here that keeps `path` as it is, with another content. */
static enum vl_status
check_kept(struct placing *g, struct vl_slice path)
{
	struct vl_owned_seen seen = { 0 };
	sqlite3_stmt *q = NULL;
	bool row = false;
	enum vl_status st =
	    owned_ask(g->o, OWNED_KEPT_BY, g->tree, path, &q, &row, g->err);

	if (st == VL_OK && row)
		st = look(g, path, &seen);
	if (st == VL_OK && row && (seen.there || g->came) &&
	    !(seen.hashed && g->hashed &&
	        memcmp(seen.hash, g->hash, sizeof(g->hash)) == 0))
		st = block(g, lite_bytes(q, 0));
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

/* Another file of the bundle goes to `path`; `*sent`: this one need not. */
static enum vl_status
check_placed(struct placing *g, struct vl_slice path, bool *sent)
{
	sqlite3_stmt *q = NULL;
	struct vl_slice hash = { 0 };
	bool row = false;
	bool own = false;
	enum vl_status st =
	    owned_ask(g->o, OWNED_PLACE_AT, g->tree, path, &q, &row, g->err);

	*sent = false;
	if (st == VL_OK && row) {
		own = vl_slice_equal(lite_bytes(q, 0), g->path);
		*sent = sqlite3_column_int(q, 1) != 0;
		hash = lite_bytes(q, 2);
		if (!own && (g->came || sqlite3_column_int(q, 4) != 0) &&
		    !(g->hashed && hash.n == sizeof(g->hash) &&
		        memcmp(hash.p, g->hash, sizeof(g->hash)) == 0))
			st = block(g, lite_bytes(q, 3));
	}
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

static enum vl_status
put_place(
    struct placing *g, struct vl_slice dest, bool send, struct vl_slice cells)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(g->o, OWNED_PLACE, &q, g->err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)g->tree);
	bound |= lite_bind_bytes(q, 2, g->path);
	bound |= sqlite3_bind_int64(q, 3, (int64_t)g->table);
	bound |= sqlite3_bind_int64(q, 4, g->line);
	bound |= lite_bind_bytes(q, 5, dest);
	bound |= sqlite3_bind_int(q, 6, send && g->came);
	bound |= sqlite3_bind_int64(q, 7, g->k);
	bound |= lite_bind_bytes(q, 8, cells);
	return lite_done(g->o->db, q, bound, OWNED_WHAT, g->err);
}

/* `why`: what else is to be said, and what to do. */
static enum vl_status
fail_collision(struct placing *g, const char *why)
{
	char shown[SHOWN];

	return vl_fail(g->err, VL_EREFUSED,
	    "%.*s: its file '%s' of '%s' is here that of %.*s, with another "
	    "content%s give one of them another name",
	    (int)g->name.n, (const char *)g->name.p,
	    vl_escape_text(shown, sizeof(shown), g->path), g->f->words->in,
	    (int)g->by.n, (const char *)g->by.p, why);
}

/* ---- Rows that are here keep their names ---- */

static enum vl_status
loosen(struct placing *g, int64_t n)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(g->o, OWNED_LOOSE, &q, g->err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)g->table);
	bound |= sqlite3_bind_int64(q, 2, n);
	return lite_done(g->o->db, q, bound, OWNED_WHAT, g->err);
}

static enum vl_status
place_met(
    struct placing *g, struct vl_slice dest, struct vl_slice cells, int64_t n)
{
	bool sent = false;
	enum vl_status st = find_hash(g);

	if (st != VL_OK || !g->came)
		return st;
	vl_buf_clear(&g->by);
	st = check_kept(g, dest);
	if (st == VL_OK && g->by.n == 0)
		st = check_placed(g, dest, &sent);
	if (st != VL_OK)
		return st;
	if (g->by.n == 0)
		return put_place(g, dest, !sent, cells);
	return loosen(g, n);
}

static enum vl_status
place_all_met(struct placing *g)
{
	static const char sql[] =
	    "SELECT w.path, w.t, w.f, w.name, w.cells, h.path, h.cells, w.n"
	    " FROM want w JOIN held h ON h.t = w.t AND h.n = w.n AND h.f = w.f"
	    " WHERE w.kind = 2 AND h.path <> x'' ORDER BY h.tree, h.path, "
	    "w.path, w.t, w.f, w.n";
	sqlite3_stmt *q = NULL;
	enum vl_status st = lite_prepare(g->o->db, &q, sql, OWNED_WHAT, g->err);
	bool row = true;

	while (st == VL_OK) {
		st = owned_step(g->o, q, &row, g->err);
		if (st != VL_OK || !row)
			break;
		read_row(g, q);
		st = place_met(g, lite_bytes(q, 5), lite_bytes(q, 6),
		    sqlite3_column_int64(q, 7));
	}
	(void)sqlite3_finalize(q);
	return st;
}

/* ---- A name with a number ---- */

/* Nothing has this name, or had it. */
static enum vl_status
is_unused(struct placing *g, struct vl_slice path, bool *unused)
{
	struct vl_owned_seen seen = { 0 };
	sqlite3_stmt *q = NULL;
	bool used = false;
	enum vl_status st =
	    owned_ask(g->o, OWNED_USED, g->tree, path, &q, &used, g->err);

	if (q != NULL)
		(void)sqlite3_reset(q);
	if (st == VL_OK && !used)
		st = look(g, path, &seen);
	*unused = st == VL_OK && !used && !seen.there;
	return st;
}

/* Rows of another line about the same file go by the same number. */
static enum vl_status
follow_number(struct placing *g, bool *found)
{
	sqlite3_stmt *q = NULL;
	bool row = false;
	enum vl_status st =
	    owned_ask(g->o, OWNED_NUMBERED, g->tree, g->path, &q, &row, g->err);
	bool sent = false;

	*found = false;
	if (row)
		g->k = sqlite3_column_int64(q, 0);
	if (q != NULL)
		(void)sqlite3_reset(q);
	if (st == VL_OK && row)
		st = owned_number_name(g);
	if (st != VL_OK || !row || g->dest.n == 0)
		return st;
	vl_buf_clear(&g->by);
	st = check_placed(g, vl_buf_slice(&g->dest), &sent);
	*found = st == VL_OK && sent && g->by.n == 0;
	return st;
}

static enum vl_status
note_renamed(struct placing *g)
{
	const struct vl_rows_report *report = &g->p->opts.rows.report;
	char from[SHOWN];
	char to[SHOWN];
	char text[1024];

	if (report->note == NULL || g->renamed++ >= NOTES)
		return VL_OK;
	(void)snprintf(text, sizeof(text),
	    "%.*s: its file '%s' of '%s' is called '%s' here, since another "
	    "row has that name for another content",
	    (int)g->name.n, (const char *)g->name.p,
	    vl_escape_text(from, sizeof(from), g->path), g->f->words->in,
	    vl_escape_text(to, sizeof(to), vl_buf_slice(&g->dest)));
	report->note(report->arg, text);
	return VL_OK;
}

static enum vl_status
rename_new(struct placing *g)
{
	bool found = false;
	enum vl_status st = VL_OK;

	if (g->f->words->collide != VL_COLLIDE_RENAME)
		return fail_collision(g, ": say 'collide: rename', or");
	st = follow_number(g, &found);
	for (g->k = found ? g->k : 2; st == VL_OK && !found; g->k++) {
		if (g->k > TRIES)
			return fail_collision(g,
			    ", and all its names up to number " TRIED
			    " are taken:");
		st = owned_number_name(g);
		if (st == VL_EREFUSED)
			return fail_collision(g,
			    ", and with a number its name would be too long:");
		if (st == VL_OK && g->dest.n == 0)
			return fail_collision(g,
			    ", and its name has no text that a number could "
			    "be put into:");
		if (st == VL_OK)
			st = is_unused(g, vl_buf_slice(&g->dest), &found);
		if (found)
			break;
	}
	if (st == VL_OK)
		st = note_renamed(g);
	return st == VL_OK ?
	    put_place(g, vl_buf_slice(&g->dest), true, vl_buf_slice(&g->to)) :
	    st;
}

/* Where files of this path go for rows of this line: in g->dest, g->to and
 * g->k. */
static enum vl_status
find_place(struct placing *g, bool *found)
{
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(g->o, OWNED_PLACE_OF, &q, g->err);
	int got = 0;

	*found = false;
	if (st != VL_OK)
		return st;
	got = sqlite3_bind_int64(q, 1, (int64_t)g->tree);
	got |= lite_bind_bytes(q, 2, g->path);
	got |= sqlite3_bind_int64(q, 3, (int64_t)g->table);
	got |= sqlite3_bind_int64(q, 4, g->line);
	if (got == SQLITE_OK)
		got = sqlite3_step(q);
	vl_buf_clear(&g->dest);
	vl_buf_clear(&g->to);
	if (got == SQLITE_ROW) {
		*found = true;
		st = vl_buf_add(&g->dest, lite_bytes(q, 0), g->err);
		if (st == VL_OK)
			st = vl_buf_add(&g->to, lite_bytes(q, 1), g->err);
		g->k = sqlite3_column_int64(q, 2);
	} else if (got != SQLITE_DONE) {
		st = owned_fail(g->o, g->err);
	}
	(void)sqlite3_reset(q);
	return st;
}

/* The place is known: g->to becomes the row's own cells for it, where they
 * come to the same path. */
static enum vl_status
spell(struct placing *g)
{
	struct vl_buf dest = g->dest;
	struct vl_buf to = g->to;
	enum vl_status st = VL_OK;

	if (vl_slice_equal(vl_buf_slice(&dest), g->path)) {
		vl_buf_clear(&g->to);
		return vl_buf_add(&g->to, g->cells, g->err);
	}
	if (g->k == 0)
		return VL_OK;
	g->dest = g->to = (struct vl_buf){ 0 };
	st = owned_number_name(g);
	if (st == VL_OK &&
	    !vl_slice_equal(vl_buf_slice(&g->dest), vl_buf_slice(&dest))) {
		vl_buf_free(&g->dest);
		vl_buf_free(&g->to);
		g->dest = dest;
		g->to = to;
		return VL_OK;
	}
	vl_buf_free(&dest);
	vl_buf_free(&to);
	return st;
}

static enum vl_status
place_new(struct placing *g)
{
	bool found = false;
	bool sent = false;
	enum vl_status st = find_place(g, &found);

	if (st == VL_OK && found)
		st = spell(g);
	g->k = 0;
	if (st != VL_OK || found)
		return st;
	st = find_hash(g);
	vl_buf_clear(&g->by);
	if (st == VL_OK)
		st = check_kept(g, g->path);
	if (st == VL_OK && g->by.n == 0)
		st = check_placed(g, g->path, &sent);
	if (st != VL_OK || g->by.n > 0)
		return st != VL_OK ? st : rename_new(g);
	st = vl_buf_add(&g->dest, g->path, g->err);
	if (st == VL_OK)
		st = vl_buf_add(&g->to, g->cells, g->err);
	return st == VL_OK ? put_place(g, g->path, !sent, g->cells) : st;
}

/* ---- What that makes of the rows ---- */

static enum vl_status
settle_row(struct placing *g, sqlite3_stmt *q)
{
	size_t ncolumns = 0;
	enum owned_change *changes = NULL;
	bool any = false;
	enum vl_status st = VL_OK;
	size_t i = 0;

	read_row(g, q);
	g->at = lite_bytes(q, 8);
	g->here = lite_bytes(q, 9);
	st = place_new(g);
	if (st != VL_OK)
		return st;
	ncolumns = g->p->here->plan.tables[g->table].schema->ncolumns;
	changes = calloc(ncolumns + 1, sizeof(*changes));
	if (changes == NULL)
		return vl_fail_memory(g->err);
	st = owned_write_cells(
	    g, sqlite3_column_int64(q, 5), lite_bytes(q, 7), changes);
	for (i = 0; i < ncolumns; i++)
		any = any || changes[i] == OWNED_OTHER;
	if (st == VL_OK && any)
		st = owned_change_row(g, lite_bytes(q, 6), changes);
	free(changes);
	return st;
}

/* New rows, those without a file here, and those that cannot keep theirs. */
static enum vl_status
settle_others(struct placing *g)
{
	static const char sql[] =
	    "SELECT w.path, w.t, w.f, w.name, w.cells, w.n, w.key,"
	    " h.cells, h.at, h.here FROM want w LEFT JOIN held h ON h.t = w.t "
	    "AND"
	    " h.n = w.n AND h.f = w.f WHERE w.kind = 1 OR (w.kind = 2 AND"
	    " (h.path = x'' OR EXISTS (SELECT 1 FROM loose l WHERE l.t = w.t"
	    " AND l.n = w.n))) ORDER BY w.tree, w.path, w.t, w.f, w.n";
	sqlite3_stmt *q = NULL;
	enum vl_status st = lite_prepare(g->o->db, &q, sql, OWNED_WHAT, g->err);
	bool row = true;

	while (st == VL_OK) {
		st = owned_step(g->o, q, &row, g->err);
		if (st != VL_OK || !row)
			break;
		st = settle_row(g, q);
	}
	(void)sqlite3_finalize(q);
	return st;
}

/* ---- Files of the bundle that no row of it owns ---- */

static enum vl_status
fail_unowned(struct placing *g)
{
	char shown[SHOWN];

	return vl_fail(g->err, VL_EREFUSED,
	    "'%s' of '%s' is owned by no row of the bundle, and here by %.*s "
	    "with another content: give one of them another name",
	    vl_escape_text(shown, sizeof(shown), g->path), g->o->trees[g->tree],
	    (int)g->by.n, (const char *)g->by.p);
}

static enum vl_status
check_unowned(struct placing *g)
{
	sqlite3_stmt *q = NULL;
	bool sent = false;
	bool row = false;
	enum vl_status st = find_hash(g);

	vl_buf_clear(&g->by);
	if (st == VL_OK)
		st = check_kept(g, g->path);
	if (st == VL_OK && g->by.n == 0)
		st = check_placed(g, g->path, &sent);
	if (st == VL_OK && g->by.n > 0)
		return fail_unowned(g);
	if (st == VL_OK && sent)
		st = owned_ask(
		    g->o, OWNED_DROP, g->tree, g->path, &q, &row, g->err);
	if (q != NULL)
		(void)sqlite3_reset(q);
	return st;
}

static enum vl_status
check_all_unowned(struct placing *g)
{
	static const char sql[] =
	    "SELECT c.path, c.tree FROM came c WHERE NOT EXISTS (SELECT 1 FROM"
	    " want w WHERE w.tree = c.tree AND w.path = c.path) AND"
	    " (EXISTS (SELECT 1 FROM held h WHERE h.tree = c.tree AND"
	    " h.path = c.path AND h.kind = 1) OR EXISTS (SELECT 1 FROM place p"
	    " WHERE p.tree = c.tree AND p.dest = c.path))"
	    " ORDER BY c.tree, c.path";
	sqlite3_stmt *q = NULL;
	enum vl_status st = lite_prepare(g->o->db, &q, sql, OWNED_WHAT, g->err);
	bool row = true;

	while (st == VL_OK) {
		st = owned_step(g->o, q, &row, g->err);
		if (st != VL_OK || !row)
			break;
		g->path = lite_bytes(q, 0);
		g->tree = (size_t)sqlite3_column_int64(q, 1);
		st = check_unowned(g);
	}
	(void)sqlite3_finalize(q);
	return st;
}

static void
say_more(const struct placing *g)
{
	const struct vl_rows_report *report = &g->p->opts.rows.report;
	char text[128];
	char n[32];

	if (report->note == NULL || g->renamed <= NOTES)
		return;
	(void)snprintf(text, sizeof(text), "and %s have another name here",
	    vl_format_counted(
	        n, sizeof(n), g->renamed - NOTES, "more file", "more files"));
	report->note(report->arg, text);
}

enum vl_status
rows_owned_settle(struct vl_rows_put *p, struct vl_err *err)
{
	struct placing g = { .p = p, .o = p->opts.rows.owned, .err = err };
	enum vl_status st = VL_OK;

	if (g.o == NULL)
		return VL_OK;
	st = rows_owned_find(p, err);
	if (st == VL_OK)
		st = place_all_met(&g);
	if (st == VL_OK)
		st = settle_others(&g);
	if (st == VL_OK)
		st = check_all_unowned(&g);
	if (st == VL_OK)
		st = owned_run(g.o,
		    "INSERT OR IGNORE INTO stay SELECT tree, path FROM held"
		    " WHERE kind = 1 AND path <> x'';"
		    "INSERT OR IGNORE INTO stay SELECT tree, dest FROM place;"
		    "INSERT OR IGNORE INTO gone SELECT tree, path FROM held"
		    " WHERE path <> x'' EXCEPT SELECT tree, path FROM stay",
		    err);
	if (st == VL_OK)
		say_more(&g);
	vl_row_store_free(&g.store);
	vl_row_store_free(&g.other);
	vl_buf_free(&g.dest);
	vl_buf_free(&g.to);
	vl_buf_free(&g.by);
	return st;
}
