/*
 * What an import finds against what its plan says (formats/plan.md): each
 * record that differs is looked for in the plan, and one that is not there as
 * it is here has moved since.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "planning.h"

#define TOLD 5 /* records that moved, by name */

static struct plan_line *
find(const struct vl_plan *p, const uint8_t id[PLAN_ID_SIZE])
{
	size_t low = 0;
	size_t high = p->n;
	size_t i = 0;
	int order = 0;

	while (low < high) {
		i = low + (high - low) / 2;
		order = memcmp(p->lines[i].id, id, PLAN_ID_SIZE);
		if (order == 0)
			return &p->lines[i];
		if (order < 0)
			low = i + 1;
		else
			high = i;
	}
	return NULL;
}

static enum vl_status
find_change(struct vl_plan *p, const struct plan_change *c,
    struct plan_line **line, struct vl_err *err)
{
	struct plan_members m = { 0 };
	struct vl_buf memory = { 0 };
	uint8_t id[PLAN_ID_SIZE];
	enum vl_status st = plan_members_of(&m, &memory, c, err);

	if (st == VL_OK)
		st = plan_id(id, p->bundle, &m, &p->line, err);
	vl_buf_free(&memory);
	*line = st == VL_OK ? find(p, id) : NULL;
	return st;
}

static void
tell_moved(struct vl_run *run, const struct plan_change *c)
{
	struct vl_plan *p = run->opts->plan;
	char key[512];
	char text[1024];

	if (p->moved++ >= TOLD)
		return;
	(void)snprintf(text, sizeof(text),
	    "the plan does not say that %s%s%s %s is to be %s",
	    c->table == NULL ? "" : "row ",
	    vl_escape_text(key, sizeof(key), c->key),
	    c->table == NULL ? "" : " of table",
	    c->table == NULL ? "" : c->table,
	    c->what == VL_CHANGE_ADD        ? "added" :
	        c->what == VL_CHANGE_DELETE ? "deleted" :
	                                      "changed");
	run->opts->ui->note(run->opts->ui->arg, text);
}

/* It is nowhere, so it would be made: but the plan says which one it is. */
static enum vl_status
fail_map(const struct vl_plan *p, const struct plan_line *l, struct vl_err *err)
{
	return vl_fail(err, VL_EREFUSED,
	    "%s:%zu: the record that this one is to be is not here", p->file,
	    l->number);
}

enum vl_status
plan_ask(struct vl_run *run, const struct plan_change *c, bool *go,
    struct vl_err *err)
{
	struct vl_plan *p = run->opts->plan;
	struct plan_change made = { .resource = c->resource,
		.table = c->table,
		.what = VL_CHANGE_ADD,
		.key = c->key };
	struct plan_line *line = NULL;
	enum vl_status st = VL_OK;

	if (p == NULL)
		return *go ? plan_write_add(run->writer, run, c, err) : VL_OK;
	if (c->again)
		return VL_OK;
	st = find_change(p, c, &line, err);
	if (st == VL_OK && line != NULL) {
		line->seen = true;
		*go = line->action == PLAN_DO;
		return line->action == PLAN_MAP ? fail_map(p, line, err) :
		                                  VL_OK;
	}
	if (st != VL_OK || !*go)
		return st;
	*go = false;
	if (c->table != NULL && c->what == VL_CHANGE_MODIFY)
		st = find_change(p, &made, &line, err);
	if (st != VL_OK)
		return st;
	if (line != NULL && line->action == PLAN_MAP)
		line->seen = true;
	else
		tell_moved(run, c);
	return VL_OK;
}

/* "resource":"NAME" stands in it as nothing else can. */
static bool
is_of(const struct plan_line *l, const char *resource)
{
	char member[96];
	int n =
	    snprintf(member, sizeof(member), "\"resource\":\"%s\"", resource);

	return memmem(l->text.p, l->text.n, member, (size_t)n) != NULL;
}

static void
tell_unseen(struct vl_run *run, const struct plan_line *l)
{
	struct vl_plan *p = run->opts->plan;
	char text[512];

	if (p->moved++ >= TOLD)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s:%zu: the record is not as it was when the plan was made%s",
	    p->file, l->number,
	    l->path && p->npaths > 0 ?
	        ", or cannot be without one above or below it that has the "
	        "action 'skip'" :
	        "");
	run->opts->ui->note(run->opts->ui->arg, text);
}

static int
by_number(const void *a, const void *b)
{
	const struct plan_line *x = *(struct plan_line *const *)a;
	const struct plan_line *y = *(struct plan_line *const *)b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Lines that nothing was found for, in the order of the file.  What the plan
 * maps may have made others equal to the bundle; a path that stays as it is
 * was not looked at. */
static enum vl_status
tell_all_unseen(struct vl_run *run, const char *resource, struct vl_err *err)
{
	struct vl_plan *p = run->opts->plan;
	struct plan_line **unseen = calloc(p->n + 1, sizeof(*unseen));
	size_t n = 0;
	size_t i = 0;

	if (unseen == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < p->n; i++)
		if (!p->lines[i].seen && p->lines[i].action != PLAN_MAP &&
		    p->nmaps == 0 && is_of(&p->lines[i], resource) &&
		    !(p->lines[i].path && p->lines[i].action == PLAN_SKIP))
			unseen[n++] = &p->lines[i];
	qsort(unseen, n, sizeof(struct plan_line *), by_number);
	for (i = 0; i < n; i++)
		tell_unseen(run, unseen[i]);
	free(unseen);
	return VL_OK;
}

enum vl_status
plan_end(struct vl_run *run, const char *resource, struct vl_err *err)
{
	struct vl_plan *p = run->opts->plan;
	enum vl_status st = VL_OK;
	char count[40];

	if (p == NULL)
		return VL_OK;
	st = tell_all_unseen(run, resource, err);
	if (st != VL_OK || p->moved == 0)
		return st;
	return vl_fail(err, VL_EREFUSED,
	    "resource '%s' moved since plan '%s' was made%s: %s, the first of "
	    "them above: make a plan anew",
	    resource, p->file,
	    p->nmaps == 0 ? "" : ", or what it maps has records of its own",
	    vl_format_counted(
	        count, sizeof(count), p->moved, "record", "records"));
}

enum vl_status
plan_fits(const struct vl_run *run, struct vl_err *err)
{
	const struct vl_plan *p = run->opts->plan;
	struct vl_buf names = { 0 };
	enum vl_status st = VL_OK;

	if (p == NULL)
		return VL_OK;
	if (memcmp(p->bundle, run->header.head, sizeof(p->bundle)) != 0 ||
	    strcmp(p->site, run->header.site) != 0)
		return vl_fail(err, VL_EREFUSED,
		    "plan '%s' is for another bundle than this one, number "
		    "%llu of site '%s'",
		    p->file, (unsigned long long)run->header.seq,
		    run->header.site);
	st = plan_resources(run, &names, err);
	if (st == VL_OK && !vl_slice_equal(vl_buf_slice(&names), p->resources))
		st = vl_fail(err, VL_EREFUSED,
		    "plan '%s' was made for the resources %.*s, and %.*s would "
		    "be imported: choose with --only",
		    p->file, (int)p->resources.n, (const char *)p->resources.p,
		    (int)names.n, (const char *)names.p);
	vl_buf_free(&names);
	return st;
}
