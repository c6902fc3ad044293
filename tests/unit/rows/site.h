#ifndef TEST_ROWS_SITE_H
#define TEST_ROWS_SITE_H

/* A SQLite database made from SQL, seen through a profile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/rows.h>

struct site {
	char path[64];
	struct vl_db *db;
	struct vl_profile *profile;
	struct vl_rows *rows;
	struct vl_pool *pool; /* or NULL */
	const struct vl_rows_secrets *secrets;
	char notes[4096];
};

static inline void
site_note(void *arg, const char *text)
{
	struct site *s = arg;
	size_t n = strlen(s->notes);

	(void)snprintf(s->notes + n, sizeof(s->notes) - n, "%s\n", text);
}

static inline void
site_make(struct site *s, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;
	int fd = -1;

	*s = (struct site){ .path = "/tmp/rows.XXXXXX" };
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(SQLITE_OK, sqlite3_open(s->path, &db));
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s", why);
	(void)sqlite3_close(db);
}

static inline enum vl_status
site_open(struct site *s, const char *profile, bool warn, struct vl_err *err)
{
	struct vl_rows_opts opts = { .resource = "app",
		.tempdir = "/tmp",
		.warn_undeclared = warn,
		.report = { .arg = s, .note = site_note } };

	if (profile != NULL &&
	    vl_profile_parse(
	        &s->profile, "p.yaml", vl_slice_of(profile), err) != VL_OK)
		fail_msg("%s", err->text);
	if (vl_db_open_copy(&s->db,
	        &(struct vl_db_opts){ .path = s->path, .tempdir = "/tmp" },
	        err) != VL_OK)
		fail_msg("%s", err->text);
	opts.db = s->db;
	opts.profile = s->profile;
	opts.pool = s->pool;
	opts.secrets = s->secrets;
	return vl_rows_open(&s->rows, &opts, err);
}

/* All lines of rows, or `all` lines, each with its body behind it in <>. */
static inline enum vl_status
site_lines(struct site *s, bool all, struct vl_buf *out, struct vl_err *err)
{
	struct vl_record rec = { 0 };
	uint8_t piece[1000];
	enum vl_status st = VL_OK;
	size_t got = 0;

	for (;;) {
		st = vl_rows_next(s->rows, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		if (!all && vl_line_kind(rec.line) != VL_LINE_ROW)
			continue;
		assert_int_equal(VL_OK, vl_buf_add(out, rec.line, err));
		if (!rec.has_body)
			continue;
		assert_int_equal(VL_OK, vl_buf_add_text(out, "<", err));
		do {
			assert_int_equal(VL_OK,
			    vl_rows_read(
			        s->rows, piece, sizeof(piece), &got, err));
			assert_int_equal(VL_OK,
			    vl_buf_add(
			        out, (struct vl_slice){ piece, got }, err));
		} while (got > 0);
		assert_int_equal(VL_OK, vl_buf_add_text(out, ">\n", err));
	}
	return st;
}

static inline void
site_close(struct site *s)
{
	vl_rows_free(s->rows);
	vl_db_free(s->db);
	vl_profile_free(s->profile);
	s->rows = NULL;
	s->db = NULL;
	s->profile = NULL;
}

static inline void
site_free(struct site *s)
{
	site_close(s);
	(void)unlink(s->path);
}

/* What `sql` makes is refused, as it is opened or read, and `text` said. */
static inline void
refuse_source(
    const char *sql, const char *profile, enum vl_status want, const char *text)
{
	struct site s = { 0 };
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };
	enum vl_status st = VL_OK;

	site_make(&s, sql);
	st = site_open(&s, profile, false, &err);
	if (st == VL_OK)
		st = site_lines(&s, false, &out, &err);
	assert_int_equal(want, st);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' is not in: %s", text, err.text);
	vl_buf_free(&out);
	site_free(&s);
}

#endif
