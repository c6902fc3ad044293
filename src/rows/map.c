/*
 * `map` of the target's site file: a record of the source is another of the
 * target, the person ada there is eve here.  The target's row is read under
 * the source's name, so that it and all that is named after it match by
 * themselves; where it is written it keeps its own.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

static enum vl_status
add(struct rows_plan *p, const struct vl_map_record *m, struct vl_err *err)
{
	struct rows_mapped *to = &p->mapped[p->nmapped];
	const struct rows_entry *e = NULL;
	const struct rows_table *t = NULL;
	struct vl_json_w w = { 0 };
	size_t i = 0;

	to->table = rows_plan_table(p, vl_slice_of(m->table));
	if (to->table == NONE)
		return vl_fail(err, VL_EUSAGE,
		    "line %u: map: there is no table '%s' in resource '%s'",
		    m->line, m->table, p->resource);
	t = &p->tables[to->table];
	e = &t->entries[t->nentries - 1];
	if (e->nkey != m->nfrom || m->nfrom != m->nto)
		return vl_fail(err, VL_EUSAGE,
		    "line %u: map: a key of '%s' has %zu values", m->line,
		    m->table, e->nkey);
	to->columns = e->key;
	to->n = e->nkey;
	to->from = calloc(to->n, sizeof(*to->from));
	to->to = calloc(to->n, sizeof(*to->to));
	p->nmapped++;
	if (to->from == NULL || to->to == NULL)
		return vl_fail_memory(err);
	vl_json_w_init(&w, &to->key);
	vl_json_w_open(&w, '[');
	for (i = 0; i < to->n; i++) {
		if (e->key[i] == NONE || t->columns[e->key[i]].nrefs > 0)
			return vl_fail(err, VL_EUSAGE,
			    "line %u: map: the key of '%s' holds the name of "
			    "another record: map that one",
			    m->line, m->table);
		to->from[i] =
		    rows_word_cell(&t->schema->columns[e->key[i]], m->from[i]);
		to->to[i] =
		    rows_word_cell(&t->schema->columns[e->key[i]], m->to[i]);
		vl_cell_write(&w, &to->from[i]);
	}
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

enum vl_status
rows_map_plan(struct rows_plan *p, const struct vl_map_record *map, size_t n,
    const char *resource, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	p->mapped = calloc(n + 1, sizeof(*p->mapped));
	if (p->mapped == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < n; i++)
		if (strcmp(map[i].resource, resource) == 0)
			st = add(p, &map[i], err);
	return st;
}

void
rows_map_free(struct rows_plan *p)
{
	size_t i = 0;

	for (i = 0; i < p->nmapped; i++) {
		free(p->mapped[i].from);
		free(p->mapped[i].to);
		vl_buf_free(&p->mapped[i].key);
	}
	free(p->mapped);
}

static bool
fits(const struct rows_mapped *m, const size_t *at, const struct vl_cell *cells)
{
	size_t i = 0;

	for (i = 0; i < m->n; i++)
		if (at[m->columns[i]] == NONE ||
		    !vl_cell_equal(&m->to[i], &cells[at[m->columns[i]]]))
			return false;
	return true;
}

void
rows_map_in(const struct rows_plan *p, size_t table, const size_t *at,
    struct vl_cell *cells)
{
	const struct rows_mapped *m = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->nmapped; i++) {
		m = &p->mapped[i];
		if (m->table != table || !fits(m, at, cells))
			continue;
		for (k = 0; k < m->n; k++)
			cells[at[m->columns[k]]] = m->from[k];
		return;
	}
}

void
rows_map_out(const struct rows_plan *p, size_t table, size_t column,
    struct vl_slice key, struct vl_cell *cell)
{
	const struct rows_mapped *m = NULL;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->nmapped; i++) {
		m = &p->mapped[i];
		if (m->table != table ||
		    !vl_slice_equal(key, vl_buf_slice(&m->key)))
			continue;
		for (k = 0; k < m->n; k++)
			if (m->columns[k] == column)
				*cell = m->to[k];
	}
}
