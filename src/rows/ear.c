/*
 * Where an export ends, a check goes on: the failure is told, and what is at
 * fault stands aside.
 */

#include <stdlib.h>

#include "ear.h"

/* What a profile or a row has wrong; not what the system has. */
static bool
is_fault(const struct vl_err *err)
{
	return err->status == VL_EUSAGE || err->status == VL_EREFUSED ||
	    err->status == VL_ELIMIT;
}

bool
rows_heard(const struct rows_plan *p, const struct rows_table *t,
    const char *line, struct vl_err *err)
{
	if (p->ear == NULL || !is_fault(err))
		return false;
	p->ear->wrong(p->ear->arg, t, line, err);
	*err = (struct vl_err){ 0 };
	return true;
}

bool
rows_heard_row(
    const struct rows_plan *p, const struct rows_table *t, struct vl_err *err)
{
	if (p->ear == NULL || !is_fault(err))
		return false;
	p->ear->row(p->ear->arg, t, err);
	*err = (struct vl_err){ 0 };
	return true;
}

enum vl_status
rows_ear_key(struct rows_table *t, struct rows_entry *e, struct vl_err *err)
{
	free(e->key);
	free(e->ofs);
	free(e->owners);
	free(e->ordinal);
	e->key = NULL;
	e->ofs = NULL;
	e->owners = NULL;
	e->ordinal = NULL;
	e->nkey = 0;
	e->nowners = 0;
	e->nordinal = 0;
	t->unsure = true;
	return rows_primary_key(t->schema, &e->key, &e->nkey, err);
}

void
rows_ear_blind(const struct rows_plan *p)
{
	*p->ear->blind = true;
}
