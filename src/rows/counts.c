/* How many rows of each table an import is about, and how many the database
 * changes besides. */

#include <stdio.h>

#include <valise/text.h>

#include "put.h"

void
vl_rows_put_counts(
    const struct vl_rows_put *p, struct vl_rows_put_counts *counts)
{
	*counts = p->counts;
}

void
rows_count_tell(const struct vl_rows_put *p, uint64_t n, const char *one,
    const char *many, const char *what)
{
	const struct vl_rows_report *report = &p->opts.rows.report;
	char text[256];
	char count[40];

	if (n <= ROWS_TOLD || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%s in all %s",
	    vl_format_counted(count, sizeof(count), n, one, many), what);
	report->note(report->arg, text);
}

void
rows_count_for(struct vl_rows_put *p, size_t table,
    const struct vl_rows_put_counts *before)
{
	const struct vl_rows_put_counts *n = &p->counts;
	struct vl_rows_put_counts *per = &p->per[table];

	per->add += n->add - before->add;
	per->change += n->change - before->change;
	per->deletions += n->deletions - before->deletions;
	per->same += n->same - before->same;
	per->skip += n->skip - before->skip;
	per->conflict += n->conflict - before->conflict;
	per->before += n->before - before->before;
}

void
vl_rows_put_tables(const struct vl_rows_put *p,
    void (*table)(
        void *arg, const char *name, const struct vl_rows_put_counts *counts),
    void *arg)
{
	const struct rows_plan *plan = &p->here->plan;
	size_t i = 0;

	for (i = 0; i < plan->nsorted; i++)
		table(arg, plan->tables[plan->lines[i]].collection,
		    &p->per[plan->lines[i]]);
	rows_make_count(p, table, arg);
}

void
rows_beside_tell(const struct vl_rows_put *p, int64_t rows)
{
	const struct vl_rows_report *report = &p->opts.rows.report;
	char count[32];
	char text[128];

	if (rows <= 0 || report->note == NULL)
		return;
	(void)snprintf(text, sizeof(text),
	    "triggers and cascades of the database change %s beside these",
	    vl_format_counted(
	        count, sizeof(count), (uint64_t)rows, "row", "rows"));
	report->note(report->arg, text);
}

uint64_t
vl_rows_put_need(const struct vl_rows_put *p)
{
	/* Rows whose table is found later are all taken for new. */
	uint64_t need = p->bytes[p->here->plan.nsorted];
	uint64_t rows = 0;
	uint64_t written = 0;
	size_t i = 0;

	for (i = 0; i < p->here->plan.nsorted; i++) {
		rows = rows_stage_rows(p->stage, i);
		written = rows_stage_count(p->stage, i, ROWS_NEW) +
		    rows_stage_count(p->stage, i, ROWS_UPDATE);
		if (rows > 0)
			need += (uint64_t)((double)p->bytes[i] *
			    ((double)written / (double)rows));
	}
	return need;
}
