#ifndef TEST_APPLY_BOTH_H
#define TEST_APPLY_BOTH_H

/*
 * A target of a tree and a database, `app`, and a bundle for both: names of
 * files hold ids of rows.
 */

#include <sqlite3.h>

#include "outcome.h"

#define PROFILE                                                                \
	"profile:\n  resources:\n    - resource: app\n      tables:\n"         \
	"        - {table: person, key: [mail]}\n"                             \
	"        - {table: post, key: [title]}\n"                              \
	"      references:\n        - {path: 'd/{person.id}', in: tree}\n"
/* What the bundle brings, with a word of the site over it. */
#define OVER_BUNDLE                                                            \
	"profile:\n  use: bundle\n  tables:\n"                                 \
	"    - {resource: app, table: post, on_match: overwrite}\n"
#define OWNED                                                                  \
	"profile:\n  resources:\n    - resource: app\n      tables:\n"         \
	"        - {table: person, key: [mail]}\n"                             \
	"        - {table: post, key: [title], owned_by: author}\n"            \
	"      references: [{from: post, file: '{title}', in: tree}]\n"
#define RENAMED                                                                \
	"profile:\n  resources:\n    - resource: app\n      tables:\n"         \
	"        - {table: person, key: [mail]}\n"                             \
	"        - {table: post, key: [title]}\n"                              \
	"      references: [{from: person, file: '{age}', in: tree, "          \
	"collide: rename}]\n"
#define WITH_ROWS SITE "  - {name: app, kind: sqlite, path: base/app.db}\n"
/* As an exporter writes them; d/x is d/ and the id of ada. */
#define TIED "d/{[\"ada\"]}"
static const char lines[] =
    "{\"r\":\"app\",\"t\":\"profile\",\"words\":{\"resources\":[{"
    "\"references\":[{\"in\":\"tree\",\"path\":\"d/{person.id}\"}],"
    "\"resource\":\"app\",\"tables\":[{\"key\":[\"mail\"],\"table\":"
    "\"person\"},{\"key\":[\"title\"],\"table\":\"post\"}]}]}}\n"
    "{\"c\":\"person\",\"r\":\"app\",\"schema\":["
    "\"column \\\"age\\\" INTEGER collate BINARY\","
    "\"column \\\"id\\\" TEXT collate BINARY\","
    "\"column \\\"mail\\\" TEXT not null collate BINARY\","
    "\"key \\\"id\\\" BINARY\",\"key \\\"mail\\\" BINARY\"],\"t\":\"table\"}\n"
    "{\"c\":\"person\",\"k\":[\"ada\"],\"r\":\"app\",\"row\":{\"age\":36,"
    "\"mail\":\"ada\"},\"t\":\"row\",\"x\":{\"id\":\"x\"}}\n"
    "{\"c\":\"person\",\"k\":[\"blaise\"],\"r\":\"app\",\"row\":{\"age\":39,"
    "\"mail\":\"blaise\"},\"t\":\"row\",\"x\":{\"id\":\"w\"}}\n"
    "{\"c\":\"post\",\"r\":\"app\",\"schema\":["
    "\"column \\\"author\\\" TEXT collate BINARY\","
    "\"column \\\"id\\\" INTEGER integer id collate BINARY\","
    "\"column \\\"title\\\" TEXT not null collate BINARY\","
    "\"key \\\"id\\\" BINARY\",\"key \\\"title\\\" BINARY\"],\"t\":\"table\"}\n"
    "{\"c\":\"post\",\"k\":[\"a\"],\"r\":\"app\",\"row\":{\"author\":{"
    "\"$ref\":[\"ada\"]},\"title\":\"a\"},\"t\":\"row\",\"x\":{\"id\":1}}\n";
/* The post owns file a; no path holds an id. */
static const char words_owned[] =
    "{\"r\":\"app\",\"t\":\"profile\",\"words\":{\"resources\":[{"
    "\"references\":[{\"file\":\"{title}\",\"from\":\"post\",\"in\":"
    "\"tree\"}],\"resource\":\"app\",\"tables\":[{\"key\":[\"mail\"],"
    "\"table\":\"person\"},{\"key\":[\"title\"],\"owned_by\":\"author\","
    "\"table\":\"post\"}]}]}}";
/* Here ada has the name that another file had before, and a post its id. */
static const char there[] =
    "create table person(id text primary key, mail text not null unique,"
    " age integer);"
    "create table post(id integer primary key, title text not null unique,"
    " author text references person(id));"
    "insert into person values ('y', 'ada', 30), ('z', 'carla', 1);"
    "insert into post values (1, 'mine', 'z');";

static const char *target = there;

#define WANTED_BUT_BLAISE "y|ada|36\nz|carla|1\n1|mine|z\n2|a|y\n"
#define WANTED            "w|blaise|39\n" WANTED_BUT_BLAISE
static const char *wanted = WANTED;

static struct vl_buf old_rows;
static struct vl_buf new_rows;

static inline int
add_row(void *arg, int n, char **cells, char **names)
{
	int i = 0;

	(void)names;
	for (i = 0; i < n; i++) {
		reseal_add(arg, cells[i], strlen(cells[i]));
		reseal_add(arg, i == n - 1 ? "\n" : "|", 1);
	}
	return 0;
}

static inline void
run_sql(const char *sql, struct vl_buf *out)
{
	char path[160];
	sqlite3 *db = NULL;
	char *why = NULL;

	(void)snprintf(path, sizeof(path), "%s/base/app.db", folder_path);
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	if (sqlite3_exec(db, sql, add_row, out, &why) != SQLITE_OK)
		fail_msg("%s", why);
	assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static inline void
look_at_rows(struct vl_buf *out)
{
	run_sql("select id, mail, age from person order by 1;"
	        "select id, title, author from post order by 1",
	    out);
}

static inline bool
rows_are(const struct vl_buf *rows)
{
	struct vl_buf now = { 0 };
	bool same = false;

	look_at_rows(&now);
	same = vl_slice_equal(vl_buf_slice(rows), vl_buf_slice(&now));
	vl_buf_free(&now);
	return same;
}

static inline void
reset_both(void *arg)
{
	struct vl_err err = { 0 };

	reset(arg);
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "base", &err));
	assert_int_equal(0, mkdirat(folder_fd(), "base", 0755));
	run_sql(target, NULL);
}

/* One of the two, and no mixture. */
static inline void
both_end(void *arg, enum vl_status st)
{
	struct vl_err err = { 0 };

	(void)arg;
	if (st == VL_OK && (!is_tree(&new_tree) || !rows_are(&new_rows)))
		fail_msg("it went well, and the target is not the new one");
	if (st != VL_OK && st != VL_EPENDING &&
	    !(is(&before) && rows_are(&old_rows)) &&
	    !(is(&after) && rows_are(&new_rows)))
		fail_msg("status %d left neither the old nor the new", st);
	if (next(NULL, &err) != VL_OK)
		fail_msg("the next run does not end it: %s", err.text);
	if (!is(&after) || !rows_are(&new_rows))
		fail_msg("the next run does not bring the new");
}

/* The old and the new of a site with these words. */
static inline void
use_both(const char *text)
{
	reset_both(NULL);
	vl_buf_clear(&old_rows);
	vl_buf_clear(&new_rows);
	look_at_rows(&old_rows);
	use_from(text, reset_both);
	look_at_rows(&new_rows);
	if (!vl_slice_equal(vl_buf_slice(&new_rows), vl_slice_of(wanted)))
		fail_msg("the new rows are:\n%.*s", (int)new_rows.n,
		    (const char *)new_rows.p);
}

static char plan_path[160];

static inline enum vl_status
write_plan(void *arg, struct vl_err *err)
{
	struct vl_import_opts opts = importer_opts();

	(void)arg;
	opts.preview = true;
	opts.plan_to = plan_path;
	return importer_run(&opts, err);
}

static inline enum vl_status
obey_plan(void *arg, struct vl_err *err)
{
	struct vl_import_opts opts = importer_opts();
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	(void)arg;
	st = vl_read_file(AT_FDCWD, plan_path, VL_PLAN_MAX, &text, err);
	if (st == VL_OK)
		st = vl_plan_decode(&opts.plan, "plan", &text, err);
	if (st == VL_OK) {
		opts.map = vl_plan_map(opts.plan, &opts.nmap);
		st = importer_run(&opts, err);
	}
	vl_plan_free(opts.plan);
	vl_buf_free(&text);
	return st;
}

/* The line that has `mark` gets another action, and `more` behind its end. */
static inline void
edit_plan(const char *mark, const char *action, const char *more)
{
	static const char first[] = "{\"action\":\"";
	struct vl_buf edited = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	const char *line = NULL;
	const char *end = NULL;

	assert_int_equal(
	    VL_OK, vl_read_file(AT_FDCWD, plan_path, VL_PLAN_MAX, &text, &err));
	reseal_add(&text, "", 1);
	end = strstr((const char *)text.p, mark);
	if (end == NULL)
		fail_msg("no '%s' in:\n%s", mark, (const char *)text.p);
	for (line = end; line[-1] != '\n';)
		line--;
	assert_memory_equal(line, first, strlen(first));
	reseal_add(&edited, text.p, (size_t)(line - (const char *)text.p));
	assert_int_equal(
	    VL_OK, vl_buf_printf(&edited, &err, "%s%s", first, action));
	line = strchr(line + strlen(first), '"');
	end = strchr(line, '\n') - 1;
	reseal_add(&edited, line, (size_t)(end - line));
	assert_int_equal(
	    VL_OK, vl_buf_printf(&edited, &err, "%s%s", more, end));
	folder_put("plan", vl_buf_slice(&edited));
	vl_buf_free(&edited);
	vl_buf_free(&text);
}

static inline void
without_plan(void *arg)
{
	reset_both(arg);
	(void)unlink(plan_path);
}

/* Nothing changed, and a plan there is is a whole one. */
static inline void
is_planned(void *arg, enum vl_status st)
{
	struct vl_err err = { 0 };

	(void)arg;
	assert_true(is(&before));
	assert_true(rows_are(&old_rows));
	assert_true(st != VL_OK || access(plan_path, F_OK) == 0);
	if (access(plan_path, F_OK) == 0 && obey_plan(NULL, &err) != VL_OK)
		fail_msg("what was planned cannot be done: %s", err.text);
}

static inline int
both_begin(void **state)
{
	all.rows = vl_slice_of(lines);
	all.tied = TIED;
	(void)importer_begin(state);
	(void)snprintf(plan_path, sizeof(plan_path), "%s/plan", folder_path);
	return 0;
}

static inline int
both_free(void **state)
{
	vl_buf_free(&old_rows);
	vl_buf_free(&new_rows);
	return outcome_end(state);
}

#endif
