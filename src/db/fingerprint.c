/* What rows of a table depend on, as sorted lines, and their hash (db.h). */

#include <stdlib.h>
#include <string.h>

#include "private.h"

struct lines {
	char **items;
	size_t n;
};

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
lines_free(struct lines *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct lines){ 0 };
}

static enum vl_status
lines_add(struct lines *l, const struct vl_buf *text, struct vl_err *err)
{
	char **items = db_room(l->items, l->n, sizeof(*items));

	if (items == NULL)
		return vl_fail_memory(err);
	l->items = items;
	items[l->n] = strndup((const char *)text->p, text->n);
	if (items[l->n] == NULL)
		return vl_fail_memory(err);
	l->n++;
	return VL_OK;
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Upper case; the white space of a type counts as one space or none. */
static enum vl_status
add_word(struct vl_buf *out, const char *text, struct vl_err *err)
{
	bool gap = false;
	char last = '(';
	char c = 0;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && *text != '\0'; text++) {
		if (is_space(*text)) {
			gap = true;
			continue;
		}
		if (gap && strchr("(,", last) == NULL &&
		    strchr("(),", *text) == NULL)
			st = vl_buf_add_text(out, " ", err);
		gap = false;
		last = *text;
		c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') :
		                                   *text;
		if (st == VL_OK)
			st = vl_buf_add(out,
			    (struct vl_slice){ (const uint8_t *)&c, 1 }, err);
	}
	return st;
}

static enum vl_status
column_line(struct vl_buf *out, const struct vl_column *c, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(out, "column ", err);

	if (st == VL_OK)
		st = db_quote(out, c->name, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, " ", err);
	if (st == VL_OK)
		st = add_word(out, c->type, err);
	if (st == VL_OK)
		st = vl_buf_printf(out, err, "%s%s%s collate ",
		    c->not_null ? " not null" : "",
		    c->generated ? " generated" : "",
		    c->integer_id ? " integer id" : "");
	if (st == VL_OK)
		st = add_word(out, c->collation, err);
	return st;
}

/* The order of its columns is that of an index, and says nothing. */
static enum vl_status
key_line(struct vl_buf *out, const struct vl_table *t,
    const struct vl_unique *u, struct vl_err *err)
{
	struct lines parts = { 0 };
	struct vl_buf part = { 0 };
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < u->n; i++) {
		vl_buf_clear(&part);
		st = db_quote(&part, t->columns[u->columns[i]].name, err);
		if (st == VL_OK)
			st = vl_buf_add_text(&part, " ", err);
		if (st == VL_OK)
			st = add_word(&part, u->collations[i], err);
		if (st == VL_OK)
			st = lines_add(&parts, &part, err);
	}
	if (st == VL_OK)
		qsort(parts.items, parts.n, sizeof(*parts.items), by_text);
	for (i = 0; st == VL_OK && i < parts.n; i++)
		st = vl_buf_printf(
		    out, err, "%s%s", i == 0 ? "key " : ", ", parts.items[i]);
	lines_free(&parts);
	vl_buf_free(&part);
	return st;
}

static enum vl_status
make_lines(struct lines *l, const struct vl_table *t, struct vl_err *err)
{
	struct vl_buf line = { 0 };
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; st == VL_OK && i < t->ncolumns; i++) {
		vl_buf_clear(&line);
		st = column_line(&line, &t->columns[i], err);
		if (st == VL_OK)
			st = lines_add(l, &line, err);
	}
	for (i = 0; st == VL_OK && i < t->nuniques; i++) {
		vl_buf_clear(&line);
		st = key_line(&line, t, &t->uniques[i], err);
		if (st == VL_OK)
			st = lines_add(l, &line, err);
	}
	vl_buf_clear(&line);
	if (st == VL_OK && t->strict) {
		st = vl_buf_add_text(&line, "strict", err);
		if (st == VL_OK)
			st = lines_add(l, &line, err);
	}
	vl_buf_free(&line);
	return st;
}

/* Sorted by bytes, none twice. */
static void
lines_sort(struct lines *l)
{
	size_t n = 0;
	size_t i = 0;

	qsort(l->items, l->n, sizeof(*l->items), by_text);
	for (i = 0; i < l->n; i++) {
		if (n > 0 && strcmp(l->items[n - 1], l->items[i]) == 0)
			free(l->items[i]);
		else
			l->items[n++] = l->items[i];
	}
	l->n = n;
}

enum vl_status
db_fingerprint(struct vl_table *t, struct vl_err *err)
{
	const struct vl_hash_opts opts = { .personal = "valise-schema" };
	struct vl_hash hash;
	struct lines l = { 0 };
	enum vl_status st = make_lines(&l, t, err);
	size_t i;

	if (st != VL_OK) {
		lines_free(&l);
		return st;
	}
	lines_sort(&l);
	vl_hash_init(&hash, &opts);
	for (i = 0; i < l.n; i++) {
		vl_hash_add(&hash, vl_slice_of(l.items[i]));
		vl_hash_add(&hash, vl_slice_of("\n"));
	}
	vl_hash_end(&hash, t->fingerprint);
	t->lines = l.items;
	t->nlines = l.n;
	return VL_OK;
}
