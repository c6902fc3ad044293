/*
 * Columns all of whose integers are ids of one table, and of no other, or most
 * of them of one that they are named after: such a column is perhaps a
 * reference that nobody declared.
 */

#include <string.h>
#include <strings.h>

#include "hint.h"

#define FEWEST 3 /* different integers: fewer show nothing */

void
hint_ids(struct rows_ask *a, struct hint_table *t)
{
	const char *id = t->id;
	int64_t n[3] = { 0 };

	if (id == NULL)
		return;
	ask_begin(a, "SELECT count(*) || ' ' || ifnull(min(");
	ask_name(a, id);
	ask_add(a, "), 0) || ' ' || ifnull(max(");
	ask_name(a, id);
	ask_add(a, "), 0) FROM ");
	ask_name(a, t->schema->real);
	ask_numbers(a, n, 3);
	t->least = n[1];
	t->most = n[2];
	t->some = n[0] > 0;
}

/* All integers of the column but 0 are ids of `other`. */
static bool
all_are(struct rows_ask *a, const struct vl_table *t, const char *column,
    const struct hint_table *other)
{
	int64_t n = 0;

	ask_begin(a, "SELECT NOT EXISTS (SELECT 1 FROM ");
	ask_name(a, t->real);
	ask_add(a, " WHERE typeof(");
	ask_column(a, t->real, column);
	ask_add(a, ") = 'integer' AND ");
	ask_column(a, t->real, column);
	ask_add(a, " <> 0 AND ");
	ask_column(a, t->real, column);
	ask_add(a, " NOT IN (SELECT ");
	ask_name(a, other->id);
	ask_add(a, " FROM ");
	ask_name(a, other->schema->real);
	ask_add(a, "))");
	ask_numbers(a, &n, 1);
	return n == 1;
}

/* So are at least half of the different ones: rows may have gone. */
static bool
most_are(struct rows_ask *a, const struct vl_table *t, const char *column,
    const struct hint_table *other)
{
	int64_t n[2] = { 0 };

	ask_begin(a,
	    "SELECT count(DISTINCT c) || ' ' || count(DISTINCT CASE "
	    "WHEN c IN (SELECT ");
	ask_name(a, other->id);
	ask_add(a, " FROM ");
	ask_name(a, other->schema->real);
	ask_add(a, ") THEN c END) FROM (SELECT ");
	ask_name(a, column);
	ask_add(a, " AS c FROM ");
	ask_name(a, t->real);
	ask_add(a, " WHERE typeof(");
	ask_name(a, column);
	ask_add(a, ") = 'integer' AND ");
	ask_name(a, column);
	ask_add(a, " <> 0)");
	ask_numbers(a, n, 2);
	return n[1] > 0 && 2 * n[1] >= n[0];
}

/* How many integers there are in the column, how many different ones, the
 * least and the most. */
static void
count_integers(struct rows_ask *a, const struct vl_table *t, const char *name,
    int64_t n[4])
{
	ask_begin(a, "SELECT count(*) || ' ' || count(DISTINCT ");
	ask_name(a, name);
	ask_add(a, ") || ' ' || ifnull(min(");
	ask_name(a, name);
	ask_add(a, "), 0) || ' ' || ifnull(max(");
	ask_name(a, name);
	ask_add(a, "), 0) FROM ");
	ask_name(a, t->real);
	ask_add(a, " WHERE typeof(");
	ask_name(a, name);
	ask_add(a, ") = 'integer'");
	ask_numbers(a, n, 4);
}

/* "author", "post_author", "linkOwner" */
static bool
is_somebody(const char *name)
{
	static const char *const words[] = { "author", "owner", "creator",
		"editor", "assignee", "reviewer", "sender", NULL };
	const size_t n = strlen(name);
	size_t m = 0;
	size_t i = 0;

	for (i = 0; words[i] != NULL; i++) {
		m = strlen(words[i]);
		if (n >= m && strcasecmp(name + n - m, words[i]) == 0)
			return true;
	}
	return false;
}

/* "parent", or one row of a table, as "owner_user": not several.  An owner is
 * a user. */
static bool
is_named_after(const char *name, const struct vl_table *to, bool self)
{
	size_t n = strlen(name);
	unsigned r = rows_stem_rank(name, to->name, self);

	if (is_somebody(name) && !self &&
	    rows_stem_rank("user", to->name, false) == 1)
		return true;
	return (r == 1 || r == 4) && strcasecmp(name + n - 1, "s") != 0;
}

static bool
may_be_all(const struct hint_table *t, const int64_t n[4])
{
	return t->some && n[3] <= t->most && (n[2] >= t->least || n[2] == 0);
}

size_t
hint_find(struct rows_ask *a, const struct hint_table *list, size_t n,
    size_t table, size_t column)
{
	const struct vl_table *t = list[table].schema;
	const char *name = t->columns[column].name;
	int64_t counts[4] = { 0 };
	size_t only = NONE;
	size_t all = 0;
	size_t i = 0;
	bool named = false;

	if (rows_names_amount(name))
		return NONE;
	count_integers(a, t, name, counts);
	for (i = 0; counts[3] > 1 && i < n; i++) {
		named = is_named_after(name, list[i].schema, i == table);
		if (named && list[i].some && most_are(a, t, name, &list[i]))
			return i;
		if (named || !may_be_all(&list[i], counts) ||
		    counts[1] < FEWEST || !all_are(a, t, name, &list[i]))
			continue;
		only = i;
		all++;
	}
	if (all != 1 || a->st != VL_OK ||
	    (!list[only].referred && only != table))
		return NONE;
	return only;
}
