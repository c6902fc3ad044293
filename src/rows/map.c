/*
 * `map` of the target's site file, and the lines of --map: a record of the
 * source is another of the target, the person ada there is eve here.  The
 * target's row is read under the source's name, so that it and all that is
 * named after it match by themselves; where it is written it keeps its own.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "map.h"

enum vl_status
mapped_fail(const struct vl_map_record *m, enum vl_status status,
    struct vl_err *err, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (m->file != NULL)
		return vl_fail(
		    err, status, "%s:%u: %s", m->file, m->line, text);
	return vl_fail(err, status, "%s:%u: map: %s",
	    m->site_file == NULL ? "line" : m->site_file, m->line, text);
}

enum vl_status
mapped_reserve(struct rows_maps *maps, size_t more, struct vl_err *err)
{
	struct mapped *list =
	    reallocarray(maps->list, maps->n + more, sizeof(*list));

	if (list == NULL)
		return vl_fail_memory(err);
	maps->list = list;
	maps->room = maps->n + more;
	return VL_OK;
}

enum vl_status
mapped_new(struct rows_plan *p, const struct vl_map_record *words, size_t table,
    struct mapped **out, struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	const struct rows_entry *e = &t->entries[t->nentries - 1];
	struct rows_maps *maps = p->maps;
	struct mapped *m = NULL;

	if (maps->n == maps->room &&
	    mapped_reserve(maps, maps->n + 64, err) != VL_OK)
		return err->status;
	m = &maps->list[maps->n++];
	*m = (struct mapped){
		.words = words, .table = table, .columns = e->key, .n = e->nkey
	};
	m->from = calloc(m->n + 1, sizeof(*m->from));
	m->to = calloc(m->n + 1, sizeof(*m->to));
	*out = m;
	return m->from != NULL && m->to != NULL ? VL_OK : vl_fail_memory(err);
}

enum vl_status
mapped_cells(struct vl_cell *cells, size_t n, struct vl_slice json,
    struct vl_buf *memory, struct vl_err *err)
{
	struct vl_json j = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = vl_json_parse(&j, json, err);
	size_t item = 1;
	size_t i = 0;

	if (st == VL_OK &&
	    (j.items[0].type != VL_JSON_ARRAY || j.items[0].count != n))
		st = vl_fail(
		    err, VL_EUSAGE, "a key of the table has %zu values", n);
	for (i = 0; st == VL_OK && i < n; i++) {
		st = vl_value_read(&v, &j, item, memory, err);
		if (st == VL_OK && v.kind != VL_VALUE_CELL)
			st = vl_fail(
			    err, VL_EUSAGE, "a key holds plain values only");
		cells[i] = v.cell;
		item = j.items[item].next;
	}
	/* Texts without escapes are not copied: they stay in `json`. */
	vl_json_free(&j);
	return st;
}

/* A copy of `text` that stays, with NUL. */
static const char *
keep(struct mapped *m, struct vl_slice text)
{
	char *at = (char *)m->memory.p + m->memory.n;

	memcpy(at, text.p, text.n);
	at[text.n] = '\0';
	m->memory.n += text.n + 1;
	return at;
}

/* A key as it is shown: its values with slashes between them. */
static enum vl_status
shown_cells(const struct rows_table *t, struct mapped *m, struct vl_cell *cells,
    struct vl_slice text, struct vl_err *err)
{
	struct vl_slice part = text;
	const uint8_t *at = NULL;
	size_t i = 0;

	for (i = 0; i < m->n; i++) {
		at = i + 1 < m->n ? memchr(text.p, '/', text.n) : NULL;
		part = text;
		if (at != NULL)
			part.n = (size_t)(at - text.p);
		else if (i + 1 < m->n)
			break;
		else if (m->n > 1 && memchr(text.p, '/', text.n) != NULL)
			break;
		cells[i] = rows_word_cell(
		    &t->schema->columns[m->columns[i]], keep(m, part));
		text.p += part.n + (at != NULL);
		text.n -= part.n + (at != NULL);
	}
	return i == m->n ? VL_OK :
	                   vl_fail(err, VL_EUSAGE,
	                       "a key of the table has %zu values: where one "
	                       "holds a slash, write the key as JSON",
	                       m->n);
}

static enum vl_status
whole_key(const struct rows_table *t, struct mapped *m, struct vl_cell *cells,
    const char *text, struct vl_err *err)
{
	struct vl_slice all = vl_slice_of(text);
	struct vl_slice kept = { NULL, 0 };

	if (all.n == 0 || all.p[0] != '[')
		return shown_cells(t, m, cells, all, err);
	kept = (struct vl_slice){ m->memory.p + m->memory.n, all.n };
	(void)keep(m, all);
	if (mapped_cells(cells, m->n, kept, &m->memory, err) == VL_OK)
		return VL_OK;
	return vl_within(err, "the key '%s' begins as JSON", text);
}

/* The cells of both keys. */
static enum vl_status
fill_cells(const struct rows_table *t, struct mapped *m, struct vl_err *err)
{
	const struct vl_map_record *w = m->words;
	const struct vl_column *c = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (w->file == NULL) {
		for (i = 0; i < m->n; i++) {
			c = &t->schema->columns[m->columns[i]];
			m->from[i] = rows_word_cell(c, w->from[i]);
			m->to[i] = rows_word_cell(c, w->to[i]);
		}
		return VL_OK;
	}
	/* Each text, decoded, and NUL behind every part of it. */
	st = vl_buf_reserve(&m->memory,
	    4 * (strlen(w->from[0]) + strlen(w->to[0]) + m->n + 1), err);
	if (st == VL_OK)
		st = whole_key(t, m, m->from, w->from[0], err);
	if (st == VL_OK)
		st = whole_key(t, m, m->to, w->to[0], err);
	return st == VL_OK || st == VL_EIO ?
	    st :
	    mapped_fail(w, VL_EUSAGE, err, "%s", err->text);
}

enum vl_status
mapped_write(struct vl_buf *out, const struct vl_cell *cells, size_t n,
    struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t i = 0;

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '[');
	for (i = 0; i < n; i++)
		vl_cell_write(&w, &cells[i]);
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

/* What is said of the table fits its key. */
static enum vl_status
check_key(const struct rows_plan *p, const struct vl_map_record *m,
    size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	const struct rows_entry *e = &t->entries[t->nentries - 1];
	size_t i = 0;

	if (e->nkey == 0)
		return mapped_fail(m, VL_EUSAGE, err,
		    "records of '%s' have no key of their own", m->table);
	if (m->file == NULL && (e->nkey != m->nfrom || m->nfrom != m->nto))
		return mapped_fail(m, VL_EUSAGE, err,
		    "a key of '%s' has %zu values", m->table, e->nkey);
	for (i = 0; i < e->nkey; i++)
		if (e->key[i] == NONE || t->columns[e->key[i]].nrefs > 0)
			return mapped_fail(m, VL_EUSAGE, err,
			    "the key of '%s' holds the name of another record: "
			    "map that one",
			    m->table);
	return VL_OK;
}

static enum vl_status
add_by(struct rows_plan *p, const struct vl_map_record *m, size_t table,
    struct vl_err *err)
{
	const struct rows_table *t = &p->tables[table];
	struct rows_maps *maps = p->maps;
	size_t column = rows_column(t, vl_slice_of(m->by));
	size_t i = 0;

	if (column == NONE || t->schema->columns[column].generated)
		return mapped_fail(m, VL_EUSAGE, err,
		    "table '%s' has no column '%s'", m->table, m->by);
	if (t->columns[column].role != ROWS_PLAIN)
		return mapped_fail(m, VL_EUSAGE, err,
		    "column '%s' of '%s' holds ids, which are others here",
		    m->by, m->table);
	for (i = 0; i < maps->nbys; i++)
		if (maps->bys[i].table == table)
			return mapped_fail(m, VL_EUSAGE, err,
			    "line %u says already by which column '%s' is "
			    "matched",
			    maps->bys[i].words->line, m->table);
	maps->bys[maps->nbys++] =
	    (struct mapped_by){ .words = m, .table = table, .column = column };
	return VL_OK;
}

static enum vl_status
add(struct rows_plan *p, const struct vl_map_record *m, struct vl_err *err)
{
	size_t table = rows_plan_table(p, vl_slice_of(m->table));
	struct mapped *to = NULL;
	enum vl_status st = VL_OK;

	if (table == NONE || rows_table_skipped(&p->tables[table]))
		return mapped_fail(
		    m, VL_EUSAGE, err, "there is no table '%s'", m->table);
	st = check_key(p, m, table, err);
	if (st == VL_OK && m->by != NULL)
		return add_by(p, m, table, err);
	if (st == VL_OK)
		st = mapped_new(p, m, table, &to, err);
	if (st == VL_OK)
		st = fill_cells(&p->tables[table], to, err);
	if (st == VL_OK)
		st = mapped_write(&to->key, to->from, to->n, err);
	if (st == VL_OK)
		st = vl_buf_printf(&to->look, err, "%c", LOOK_KEY);
	return st == VL_OK ? mapped_write(&to->look, to->to, to->n, err) : st;
}

/* ---- Found again ---- */

static int
order(size_t a, size_t b, struct vl_slice x, struct vl_slice y)
{
	return a != b ? (a < b ? -1 : 1) : vl_slice_cmp(x, y);
}

static int
key_order(const void *a, const void *b)
{
	const struct mapped *x = *(struct mapped *const *)a;
	const struct mapped *y = *(struct mapped *const *)b;

	return order(
	    x->table, y->table, vl_buf_slice(&x->key), vl_buf_slice(&y->key));
}

static int
look_order(const void *a, const void *b)
{
	const struct mapped *x = *(struct mapped *const *)a;
	const struct mapped *y = *(struct mapped *const *)b;

	return order(
	    x->table, y->table, vl_buf_slice(&x->look), vl_buf_slice(&y->look));
}

struct mapped *
mapped_find_key(const struct rows_maps *maps, size_t table, struct vl_slice key)
{
	size_t low = 0;
	size_t high = maps->nkeys;
	size_t i = 0;
	int o = 0;

	while (low < high) {
		i = low + (high - low) / 2;
		o = order(maps->by_key[i]->table, table,
		    vl_buf_slice(&maps->by_key[i]->key), key);
		if (o == 0)
			return maps->by_key[i];
		if (o < 0)
			low = i + 1;
		else
			high = i;
	}
	return NULL;
}

struct mapped *
mapped_find_look(
    const struct rows_maps *maps, size_t table, struct vl_slice look)
{
	size_t low = 0;
	size_t high = maps->nlook;
	size_t i = 0;
	int o = 0;

	while (low < high) {
		i = low + (high - low) / 2;
		o = order(maps->by_look[i]->table, table,
		    vl_buf_slice(&maps->by_look[i]->look), look);
		if (o == 0)
			return maps->by_look[i];
		if (o < 0)
			low = i + 1;
		else
			high = i;
	}
	return NULL;
}

/* What the operator's file says holds before the site file. */
static enum vl_status
settle_twice(struct mapped *a, struct mapped *b, struct vl_err *err)
{
	if ((a->words->file == NULL) == (b->words->file == NULL))
		return mapped_fail(b->words, VL_EUSAGE, err,
		    "the record %.*s of the source is mapped twice",
		    (int)b->key.n, (const char *)b->key.p);
	if (a->words->file == NULL)
		a->over = true;
	else
		b->over = true;
	return VL_OK;
}

static enum vl_status
check_looks(const struct rows_maps *maps, struct vl_err *err)
{
	const struct mapped *m = NULL;
	bool by = false;
	size_t i = 0;

	for (i = 1; i < maps->nlook; i++) {
		if (look_order(&maps->by_look[i - 1], &maps->by_look[i]) != 0)
			continue;
		m = maps->by_look[i];
		by = m->look.p[0] == LOOK_COLUMN;
		return mapped_fail(m->words, by ? VL_EREFUSED : VL_EUSAGE, err,
		    by ? "two rows of the bundle have %.*s in '%s'" :
		         "two records of the source are %.*s here%s",
		    (int)(m->look.n - 1), (const char *)m->look.p + 1,
		    by ? m->words->by : "");
	}
	return VL_OK;
}

enum vl_status
mapped_index(struct rows_maps *maps, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	free(maps->by_key);
	free(maps->by_look);
	maps->nlook = 0;
	maps->nkeys = 0;
	maps->by_key = calloc(maps->n + 1, sizeof(*maps->by_key));
	maps->by_look = calloc(maps->n + 1, sizeof(*maps->by_look));
	if (maps->by_key == NULL || maps->by_look == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < maps->n; i++)
		maps->by_key[i] = &maps->list[i];
	maps->nkeys = maps->n;
	qsort(maps->by_key, maps->n, sizeof(*maps->by_key), key_order);
	for (i = 1; st == VL_OK && i < maps->n; i++)
		if (key_order(&maps->by_key[i - 1], &maps->by_key[i]) == 0)
			st = settle_twice(
			    maps->by_key[i - 1], maps->by_key[i], err);
	for (i = 0; i < maps->n; i++)
		if (!maps->list[i].over)
			maps->by_look[maps->nlook++] = &maps->list[i];
	qsort(maps->by_look, maps->nlook, sizeof(*maps->by_look), look_order);
	return st == VL_OK ? check_looks(maps, err) : st;
}

enum vl_status
rows_map_plan(struct rows_plan *p, const struct vl_map_record *map, size_t n,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < n && strcmp(map[i].resource, p->resource) != 0; i++)
		;
	if (i == n)
		return VL_OK;
	p->maps = calloc(1, sizeof(*p->maps));
	if (p->maps == NULL)
		return vl_fail_memory(err);
	p->maps->bys = calloc(p->ntables + 1, sizeof(*p->maps->bys));
	if (p->maps->bys == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && i < n; i++)
		if (strcmp(map[i].resource, p->resource) == 0)
			st = add(p, &map[i], err);
	return st == VL_OK ? mapped_index(p->maps, err) : st;
}

void
rows_map_free(struct rows_plan *p)
{
	struct rows_maps *maps = p->maps;
	size_t i = 0;

	p->maps = NULL;
	if (maps == NULL || p->maps_lent)
		return;
	for (i = 0; i < maps->n; i++) {
		free(maps->list[i].from);
		free(maps->list[i].to);
		vl_buf_free(&maps->list[i].memory);
		vl_buf_free(&maps->list[i].kept);
		vl_buf_free(&maps->list[i].key);
		vl_buf_free(&maps->list[i].look);
	}
	free(maps->list);
	free(maps->by_key);
	free(maps->by_look);
	free(maps->bys);
	vl_buf_free(&maps->text);
	free(maps);
}
