/*
 * Every secret of the database, opened with the master key of this side: how
 * many open, and of those that do not the first, by its row and never by its
 * bytes.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "check.h"
#include "secret.h"

#define KEY_SHOWN 200

/* What became of the values that one entry of `secrets` is about. */
struct check_secret {
	uint64_t values;
	uint64_t opened;
	uint64_t clear;
	uint64_t broken;
	bool another;        /* one of these says that the key is another one */
	char row[KEY_SHOWN]; /* of the first of these, and why */
	struct vl_err why;
};

enum vl_status
check_secrets_open(struct checking *c)
{
	c->secrets = calloc(c->r->plan.nsecrets + 1, sizeof(*c->secrets));
	return c->secrets == NULL ? vl_fail_memory(c->err) : VL_OK;
}

static enum vl_status
open_one(struct checking *c, struct rows_secret *s, struct check_secret *count,
    const struct vl_cell *cell, struct vl_slice key)
{
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	bool clear = false;

	if (!rows_secret_stands(cell))
		return VL_OK;
	count->values++;
	if (s->vault == NULL)
		return VL_OK;
	st = rows_secret_open(s, cell, &clear, &why);
	vl_locked_clear(&s->plain);
	if (st == VL_OK) {
		count->clear += clear || s->in_clear;
		count->opened += !clear && !s->in_clear;
		return VL_OK;
	}
	if (st != VL_EAUTH && st != VL_EFORMAT && st != VL_ELIMIT) {
		*c->err = why;
		return st;
	}
	count->another = count->another || st == VL_EAUTH;
	if (count->broken++ == 0) {
		(void)vl_escape_text(count->row, sizeof(count->row), key);
		count->why = why;
	}
	return VL_OK;
}

/* Those that a path finds; a value that cannot be read is one that does not
 * open. */
static enum vl_status
open_inside(struct checking *c, struct rows_secret *s,
    struct check_secret *count, const struct vl_cell *cell, struct vl_slice key)
{
	struct vl_cell one = { .type = VL_CELL_TEXT };
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	c->places.n = 0;
	c->places.ncounted = 0;
	if (cell->type != VL_CELL_TEXT)
		return VL_OK;
	st = vl_finder_find(s->finder, cell->bytes, &c->places, &why);
	count->values += st != VL_OK;
	if (st != VL_OK && count->broken++ == 0) {
		(void)vl_escape_text(count->row, sizeof(count->row), key);
		count->why = why;
	}
	for (i = 0, st = VL_OK; st == VL_OK && i < c->places.n; i++) {
		vl_buf_clear(&c->text);
		st = vl_place_read(
		    &c->text, cell->bytes, &c->places.list[i], c->err);
		one.bytes = vl_buf_slice(&c->text);
		if (st == VL_OK)
			st = open_one(c, s, count, &one, key);
		if (c->text.n > 0)
			explicit_bzero(c->text.p, c->text.n);
	}
	return st;
}

enum vl_status
check_secrets_read(
    struct checking *c, const struct rows_reader *rd, struct vl_slice key)
{
	struct rows_plan *p = &c->r->plan;
	const struct vl_cell *cell = NULL;
	struct rows_secret *s = p->secrets;
	struct check_secret *count = c->secrets;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && s < p->secrets + p->nsecrets; s++, count++) {
		if (s->table != rd->table || s->column == NONE || s->leak ||
		    !rows_secret_holds(rd, s))
			continue;
		cell = rows_reader_cell(rd, s->column);
		st = s->finder == NULL ? open_one(c, s, count, cell, key) :
		                         open_inside(c, s, count, cell, key);
	}
	return st;
}

/* The name of what this side has for it. */
static const char *
cipher_of(const struct checking *c, const struct rows_secret *s)
{
	const struct vl_rows_secrets *how = c->r->opts.secrets;
	const struct vl_cipher *cipher = NULL;
	struct vl_slice key = { 0 };
	struct vl_err err = { 0 };

	return how != NULL &&
	        how->key(how->arg, s->words, &cipher, &key, &err) == VL_OK ?
	    cipher->name :
	    s->words->cipher;
}

static void
tell_broken(struct checking *c, const struct rows_secret *s,
    const struct check_secret *count)
{
	const struct rows_table *t = &c->r->plan.tables[s->table];
	const char *key = s->words->master_key;
	const bool none = count->opened + count->clear == 0 && count->another;
	const bool carried = s->words->on_broken == VL_SECRET_BROKEN_CARRY;
	char values[48];

	(void)vl_format_counted(
	    values, sizeof(values), count->broken, "value", "values");
	if (none && key != NULL)
		check_find(c, VL_CHECK_WRONG, t,
		    t->schema->columns[s->column].name,
		    "line %u: none of %s opens with master key '%s', which is "
		    "another one then; the first is in row %s: %s",
		    s->words->line, values, key, count->row, count->why.text);
	else
		check_find(c, carried ? VL_CHECK_HINT : VL_CHECK_REFUSED, t,
		    t->schema->columns[s->column].name,
		    "line %u: %s %s not open, the first in row %s: %s; mend "
		    "%s%s",
		    s->words->line, values, count->broken == 1 ? "does" : "do",
		    count->row, count->why.text,
		    count->broken == 1 ? "it" : "them",
		    carried ? "" : ", or say 'on_broken: carry_as_is'");
}

void
check_secrets_tell(struct checking *c)
{
	const struct rows_plan *p = &c->r->plan;
	const struct rows_secret *s = p->secrets;
	const struct check_secret *count = c->secrets;
	struct vl_check_secret told = { 0 };

	for (; s < p->secrets + p->nsecrets; s++, count++) {
		if (s->column == NONE || s->leak)
			continue;
		told = (struct vl_check_secret){
			.table = p->tables[s->table].schema->name,
			.column =
			    p->tables[s->table].schema->columns[s->column].name,
			.where = s->words->where,
			.inside = vl_secret_path(s->words),
			.cipher = cipher_of(c, s),
			.master_key = s->words->master_key,
			.line = s->words->line,
			.on_secret = s->words->on_secret,
			.tried = s->vault != NULL,
			.values = count->values,
			.opened = count->opened,
			.clear = count->clear,
			.broken = count->broken
		};
		if (c->to->secret != NULL)
			c->to->secret(c->to->arg, &told);
		if (told.tried && count->broken > 0)
			tell_broken(c, s, count);
	}
}
