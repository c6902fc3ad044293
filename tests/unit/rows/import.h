#ifndef TEST_ROWS_IMPORT_H
#define TEST_ROWS_IMPORT_H

/* One database into another by a profile, and what is there afterwards. */

#include "site.h"

#define BROUGHT_MAX 16

struct import {
	struct site source;
	char target[64];
	struct vl_map_record *map;
	size_t nmap;
	bool drift;
	char notes[4096];
	const char *version;
	/* What imports brought: four texts each. */
	char brought[BROUGHT_MAX][4][128];
	size_t nbrought;
	char before[BROUGHT_MAX][4][128]; /* those that are read */
	size_t nbefore;
	size_t next;
	char changes[4096];
	struct vl_rows_put_counts counts;
	int64_t written;
	bool stays; /* the list of what was brought */
	bool no_list;
	struct vl_pool *pool;                  /* or NULL */
	const struct vl_rows_secrets *secrets; /* of the target */
	const char *here; /* its profile; NULL: that of the source */
};

static inline void
import_change(void *arg, const char *table, enum vl_row_change what,
    struct vl_slice key, const char *detail)
{
	struct import *m = arg;
	size_t n = strlen(m->changes);

	(void)snprintf(m->changes + n, sizeof(m->changes) - n, "%c%s%.*s%s%s\n",
	    "+~-!*s"[what], table, (int)key.n, (const char *)key.p,
	    detail[0] == '\0' ? "" : " ", detail);
}

static inline void
import_say(void *arg, const char *text)
{
	struct import *m = arg;
	size_t n = strlen(m->notes);

	(void)snprintf(m->notes + n, sizeof(m->notes) - n, "%s\n", text);
}

static inline enum vl_status
import_brought(
    void *arg, struct vl_rows_brought *b, bool *more, struct vl_err *err)
{
	struct import *m = arg;

	(void)err;
	*more = m->next < m->nbefore;
	if (*more) {
		b->table = vl_slice_of(m->before[m->next][0]);
		b->key = vl_slice_of(m->before[m->next][1]);
		b->from = vl_slice_of(m->before[m->next][2]);
		b->here = vl_slice_of(m->before[m->next][3]);
	}
	m->next = *more ? m->next + 1 : 0;
	return VL_OK;
}

static inline enum vl_status
import_note(void *arg, const struct vl_rows_brought *b, struct vl_err *err)
{
	struct import *m = arg;
	const struct vl_slice parts[] = { b->table, b->key, b->from, b->here };
	size_t i = 0;

	(void)err;
	assert_true(m->nbrought < BROUGHT_MAX);
	for (i = 0; i < 4; i++)
		(void)snprintf(m->brought[m->nbrought][i],
		    sizeof(m->brought[0][0]), "%.*s", (int)parts[i].n,
		    (const char *)parts[i].p);
	m->nbrought++;
	return VL_OK;
}

static inline void
import_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	(void)sqlite3_close(db);
}

static inline void
import_make(struct import *m, const char *schema, const char *source,
    const char *target)
{
	struct site there = { 0 };

	memset(m, 0, sizeof(*m));
	site_make(&there, schema);
	(void)snprintf(m->target, sizeof(m->target), "%s", there.path);
	import_sql(m->target, target);
	site_make(&m->source, schema);
	import_sql(m->source.path, source);
}

/* A line as its reader hands it on. */
static inline enum vl_status
import_line(struct vl_rows_put *put, struct vl_row_store *store,
    const struct vl_record *rec, struct vl_err *err)
{
	const struct vl_slice line = rec->line;
	struct vl_table_line table = { 0 };
	struct vl_row row = { 0 };

	switch (vl_line_kind(line)) {
	case VL_LINE_TABLE:
		if (vl_table_line_decode(&table, store, line, err) != VL_OK)
			fail_msg("%s", err->text);
		return vl_rows_put_table(put, &table, err);
	case VL_LINE_ROW:
		if (vl_row_decode(&row, store, line, err) != VL_OK)
			fail_msg("%s", err->text);
		return vl_rows_put_row(put, &row, store,
		    &(struct vl_tokens_of){ rec->tokens, rec->ntokens }, err);
	default:
		return VL_OK;
	}
}

static inline enum vl_status
import_rows(struct import *m, struct vl_rows_put *put, struct vl_err *err)
{
	struct vl_record rec = { 0 };
	struct vl_row_store store = { 0 };
	enum vl_status st = VL_OK;
	uint8_t piece[1000];
	size_t got = 0;

	while (st == VL_OK) {
		st = vl_rows_next(m->source.rows, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = import_line(put, &store, &rec, err);
		for (got = 1; st == VL_OK && rec.has_body && got > 0;) {
			assert_int_equal(VL_OK,
			    vl_rows_read(m->source.rows, piece, sizeof(piece),
			        &got, err));
			if (got > 0)
				st = vl_rows_put_body(
				    put, (struct vl_slice){ piece, got }, err);
		}
	}
	vl_row_store_free(&store);
	if (st == VL_OK)
		st = vl_rows_put_compare(put, err);
	vl_rows_put_counts(put, &m->counts);
	if (st == VL_OK)
		st = vl_rows_put_write(put, err);
	return st == VL_OK ? vl_rows_put_prove(put, err) : st;
}

/* Both sides are opened, and the target changed where nothing is refused. */
static inline enum vl_status
import_run(struct import *m, const char *profile, struct vl_err *err)
{
	const char *paths[] = { m->target };
	struct vl_rows_put_opts opts = {
		.rows = { .resource = "app",
		    .tempdir = "/tmp",
		    .pool = m->pool,
		    .secrets = m->secrets,
		    .report = { .arg = m, .note = import_say } },
		.map = m->map,
		.nmap = m->nmap,
		.version = m->version,
		.allow_drift = m->drift,
		.arg = m,
		.brought = import_brought,
		.created = m->no_list ? NULL : import_note,
		.change = import_change
	};
	struct vl_dbs *dbs = NULL;
	struct vl_rows_put *put = NULL;
	struct vl_profile *here = NULL;
	enum vl_status st = site_open(&m->source, profile, false, err);

	m->next = 0;
	memcpy(m->before, m->brought, sizeof(m->before));
	m->nbefore = m->nbrought;
	m->nbrought = 0;
	m->changes[0] = '\0';
	if (st == VL_OK)
		st = vl_dbs_open(&dbs,
		    &(struct vl_dbs_opts){
		        .paths = paths, .n = 1, .tempdir = "/tmp" },
		    err);
	if (st == VL_OK)
		st = vl_dbs_take(dbs, err);
	if (st == VL_OK)
		st = vl_dbs_begin(dbs, err);
	opts.rows.db = dbs == NULL ? NULL : vl_dbs_at(dbs, 0);
	opts.rows.profile = m->source.profile;
	if (st == VL_OK && m->here != NULL) {
		st = vl_profile_parse(
		    &here, "t.yaml", vl_slice_of(m->here), err);
		opts.rows.profile = here;
	}
	opts.dbs = dbs;
	if (st == VL_OK)
		st = vl_rows_put_open(&put, &opts, err);
	if (st == VL_OK)
		st = import_rows(m, put, err);
	m->written = dbs == NULL ? 0 : vl_dbs_changes(dbs);
	if (st == VL_OK)
		st = vl_dbs_commit(dbs, err);
	/* The list is what it was, of a refused import too. */
	m->stays = st == VL_OK && vl_rows_put_brought_stays(put);
	if (st != VL_OK || m->stays) {
		memcpy(m->brought, m->before, sizeof(m->before));
		m->nbrought = m->nbefore;
	}
	vl_rows_put_free(put);
	vl_dbs_free(dbs);
	vl_profile_free(here);
	site_close(&m->source);
	return st;
}

/* The answer as text: values with "|", rows with a space between them. */
static inline void
import_ask(struct import *m, const char *sql, char *out, size_t size)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	const char *text = NULL;
	size_t n = 0;
	int i = 0;

	out[0] = '\0';
	assert_int_equal(SQLITE_OK, sqlite3_open(m->target, &db));
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	while (sqlite3_step(q) == SQLITE_ROW)
		for (i = 0; i < sqlite3_column_count(q); i++) {
			text = (const char *)sqlite3_column_text(q, i);
			n = strlen(out);
			(void)snprintf(out + n, size - n, "%s%s",
			    i > 0     ? "|" :
			        n > 0 ? " " :
			                "",
			    text == NULL ? "-" : text);
		}
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
}

static inline void
import_expect(struct import *m, const char *sql, const char *want)
{
	char have[4096];

	import_ask(m, sql, have, sizeof(have));
	assert_string_equal(want, have);
}

static inline void
import_free(struct import *m)
{
	(void)unlink(m->target);
	(void)unlink(m->source.path);
}

#define WORDS(tables)                                                          \
	"application: t\nresources:\n  - resource: app\n    tables:\n" tables

#endif
