/*
 * A key for a table that the profile gives none: the unique key of the schema
 * that reads most like a name.  Ids that count or are drawn by lot name
 * nothing on another machine, so such a primary key is never taken.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

static bool
begins_with(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

static bool
ends_with(const char *text, const char *with)
{
	size_t n = strlen(text);
	size_t m = strlen(with);

	return n >= m && strcmp(text + n - m, with) == 0;
}

static bool
is_foreign(const struct vl_table *t, size_t column)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < t->nforeigns; i++)
		for (k = 0; k < t->foreigns[i].n; k++)
			if (t->foreigns[i].columns[k] == column)
				return true;
	return false;
}

bool
rows_key_surrogate(const struct vl_table *t, size_t column)
{
	const struct vl_column *c = &t->columns[column];

	if (is_foreign(t, column))
		return false;
	return c->integer_id || begins_with(c->type, "int") ||
	    begins_with(c->type, "bigint") || begins_with(c->type, "uuid") ||
	    strcasecmp(c->name, "id") == 0 ||
	    strcasecmp(c->name, "uuid") == 0 ||
	    strcasecmp(c->name, "guid") == 0 || ends_with(c->name, "_id") ||
	    ends_with(c->name, "Id") || ends_with(c->name, "ID");
}

unsigned
rows_key_score(const struct vl_column *c)
{
	static const char *const names[] = { "name", "login", "slug",
		"identifier", "key", "code", "email", "title", "path", NULL };
	static const char *const lots[] = { "token", "hash", "secret", "lft",
		NULL };
	unsigned score = 10;
	size_t i = 0;

	for (i = 0; names[i] != NULL; i++)
		if (strcasestr(c->name, names[i]) != NULL)
			score = 5 + (unsigned)i / 4;
	for (i = 0; lots[i] != NULL; i++)
		if (strcasestr(c->name, lots[i]) != NULL)
			score += 20;
	if (begins_with(c->type, "int"))
		score += 3;
	if (!c->not_null)
		score += 2;
	return score;
}

enum vl_status
rows_key_choose(
    const struct rows_table *t, size_t **columns, size_t *n, struct vl_err *err)
{
	const struct vl_table *s = t->schema;
	const struct vl_unique *best = NULL;
	unsigned least = 0;
	unsigned score = 0;
	size_t column = 0;
	size_t i = 0;
	size_t k = 0;

	*n = 0;
	for (i = 0; i < s->nuniques; i++) {
		if (s->uniques[i].primary && s->uniques[i].n == 1 &&
		    rows_key_surrogate(s, s->uniques[i].columns[0]))
			continue;
		score = 0;
		for (k = 0; k < s->uniques[i].n; k++) {
			column = s->uniques[i].columns[k];
			if (t->columns[column].role == ROWS_DERIVED ||
			    (column == t->primary &&
			        rows_key_surrogate(s, column)))
				break;
			score += rows_key_score(&s->columns[column]);
		}
		if (k < s->uniques[i].n)
			continue;
		if (best == NULL || score < least) {
			best = &s->uniques[i];
			least = score;
		}
	}
	if (best == NULL)
		return VL_OK;
	*columns = calloc(best->n, sizeof(**columns));
	if (*columns == NULL)
		return vl_fail_memory(err);
	memcpy(*columns, best->columns, best->n * sizeof(**columns));
	*n = best->n;
	return VL_OK;
}
