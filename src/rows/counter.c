/*
 * Counts of other rows and places in a tree: columns that a profile may call
 * derived.  The name of a column is the occasion to look, its values decide.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <valise/draft.h>

#include "counter.h"

static bool
ends_with(const char *name, const char *with)
{
	size_t n = strlen(name);
	size_t m = strlen(with);

	return n >= m && strcasecmp(name + n - m, with) == 0;
}

static bool
is_number(const struct vl_column *c)
{
	return strncasecmp(c->type, "int", 3) == 0 ||
	    strncasecmp(c->type, "bigint", 6) == 0 ||
	    strncasecmp(c->type, "smallint", 8) == 0;
}

static bool
named_count(const char *name)
{
	return ends_with(name, "count") || ends_with(name, "_counter") ||
	    strncasecmp(name, "num_", 4) == 0 ||
	    strncasecmp(name, "nb_", 3) == 0 || strncasecmp(name, "n_", 2) == 0;
}

bool
counter_named(const struct counter *c)
{
	const struct vl_column *column = &c->t->columns[c->column];

	return is_number(column) && column->key == 0 &&
	    (named_count(column->name) ||
	        rows_stem_rank(column->name, c->child->name, false) == 1);
}

/* A text of SQL as one of YAML. */
static void
add_yaml(struct rows_ask *a, struct vl_buf *line, const char *word)
{
	if (a->st == VL_OK)
		a->st = vl_buf_printf(&a->sql, a->err, "%c", 0);
	if (a->st == VL_OK)
		a->st = vl_buf_add_text(line, word, a->err);
	if (a->st == VL_OK)
		a->st = vl_draft_scalar(line, (const char *)a->sql.p, a->err);
}

static void
add_name(struct rows_ask *a, struct vl_buf *line, const char *before,
    const char *name)
{
	if (a->st == VL_OK)
		a->st = vl_buf_add_text(line, before, a->err);
	if (a->st == VL_OK)
		a->st = vl_draft_scalar(line, name, a->err);
}

static void
write_line(struct rows_ask *a, const struct counter *c, struct vl_buf *line)
{
	const char *column = c->t->columns[c->column].name;

	vl_buf_clear(line);
	add_name(a, line, "{table: ", c->t->name);
	add_name(a, line, ", derived: [", column);
	ask_begin(a, "update ");
	ask_name(a, c->t->name);
	ask_add(a, " set ");
	ask_name(a, column);
	ask_add(a, " = (select count(*) from ");
	ask_name(a, c->child->name);
	ask_add(a, " c where c.");
	ask_name(a, c->child->columns[c->point].name);
	ask_add(a, " = ");
	ask_column(a, c->t->name, c->id);
	ask_add(a, ")");
	add_yaml(a, line, "], derive: ");
	if (a->st == VL_OK)
		a->st = vl_buf_printf(line, a->err, "}%c", 0);
}

/* All rows, those whose count is the column, those where it is no 0, and of
 * these again whose count it is. */
static void
count_rows(struct rows_ask *a, const struct counter *c, int64_t n[4])
{
	const char *column = c->t->columns[c->column].name;
	const char *point = c->child->columns[c->point].name;

	ask_begin(a,
	    "SELECT count(*) || ' ' || ifnull(sum(v = k), 0) || ' ' ||"
	    " ifnull(sum(v <> 0), 0) || ' ' ||"
	    " ifnull(sum(v <> 0 AND v = k), 0) FROM (SELECT ");
	ask_column(a, c->t->real, column);
	ask_add(a, " AS v, ifnull(\"valise count\".n, 0) AS k FROM ");
	ask_name(a, c->t->real);
	ask_add(a, " LEFT JOIN (SELECT ");
	ask_name(a, point);
	ask_add(a, " AS p, count(*) AS n FROM ");
	ask_name(a, c->child->real);
	ask_add(a, " GROUP BY ");
	ask_name(a, point);
	ask_add(a, ") AS \"valise count\" ON \"valise count\".p = ");
	ask_column(a, c->t->real, c->id);
	ask_add(a, ")");
	ask_numbers(a, n, 4);
}

bool
counter_ask(struct rows_ask *a, const struct counter *c,
    char text[COUNTER_TEXT_MAX], struct vl_buf *line)
{
	int64_t n[4] = { 0 };

	count_rows(a, c, n);
	/* Of one count anything may be equal; of a name that says it, most
	 * need be: others are hidden, or wrong already. */
	if (a->st != VL_OK || n[3] < 2 ||
	    (n[1] < n[0] &&
	        (!named_count(c->t->columns[c->column].name) ||
	            n[3] * 2 <= n[2])))
		return false;
	(void)snprintf(text, COUNTER_TEXT_MAX,
	    "in %" PRId64 " of %" PRId64 " rows it is how many rows of '%s' "
	    "refer to them by '%s': perhaps it is derived",
	    n[1], n[0], c->child->name, c->child->columns[c->point].name);
	write_line(a, c, line);
	return a->st == VL_OK;
}

bool
counter_nested(struct rows_ask *a, const struct vl_table *t, size_t parent,
    size_t places[2], struct vl_buf *line)
{
	static const char *const names[][2] = { { "lft", "rgt" },
		{ "lft", "rght" }, { "left", "right" }, { "_lft", "_rgt" },
		{ "tree_left", "tree_right" }, { NULL, NULL } };
	int64_t n[3] = { 0 };
	size_t i = 0;

	for (i = 0; names[i][0] != NULL; i++) {
		places[0] = vl_table_column(t, names[i][0]);
		places[1] = vl_table_column(t, names[i][1]);
		if (places[0] != NONE && places[1] != NONE)
			break;
	}
	if (names[i][0] == NULL)
		return false;
	ask_begin(a, "SELECT count(*) || ' ' || count(DISTINCT ");
	ask_name(a, names[i][0]);
	ask_add(a, ") || ' ' || ifnull(sum(");
	ask_name(a, names[i][0]);
	ask_add(a, " < ");
	ask_name(a, names[i][1]);
	ask_add(a, "), 0) FROM ");
	ask_name(a, t->real);
	ask_numbers(a, n, 3);
	if (a->st != VL_OK || n[0] < 2 || n[2] < n[0])
		return false;
	vl_buf_clear(line);
	add_name(a, line, "{table: ", t->name);
	add_name(a, line, ", nested_set: {parent: ",
	    parent == NONE ? "PARENT" : t->columns[parent].name);
	add_name(a, line, ", left: ", names[i][0]);
	add_name(a, line, ", right: ", names[i][1]);
	if (a->st == VL_OK)
		a->st = vl_buf_printf(line, a->err, "}}%c", 0);
	return a->st == VL_OK;
}
