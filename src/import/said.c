/* Files in which the operator says more than options can: --map, --plan. */

#include <unistd.h>

#include <valise/text.h>

#include "import.h"

#define SHOWN 256

static void
note_left_out(const struct run *run, const struct vl_map_record *m)
{
	if (vl_site_only_has(
	        run->opts->only.list, run->opts->only.n, m->resource))
		return;
	vl_cli_note("note: %s:%u: resource '%s' is not imported", m->file,
	    m->line, m->resource);
}

enum vl_status
said_plan(struct run *run, struct vl_err *err)
{
	const char *file = run->opts->plan;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	char shown[SHOWN];

	if (file == NULL)
		return VL_OK;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (run->opts->preview)
		return access(file, F_OK) != 0 ?
		    VL_OK :
		    vl_fail(err, VL_EUSAGE,
		        "'%s' is there already: a plan is not written over "
		        "what somebody may have edited",
		        shown);
	st = vl_cli_file(&text, file, VL_PLAN_MAX, err);
	return st == VL_OK ? vl_plan_decode(&run->plan, shown, &text, err) : st;
}

enum vl_status
said_map(struct run *run, struct vl_err *err)
{
	const struct vl_site *site = run->site;
	const char *file = run->opts->map;
	struct vl_map_list *list = &run->told;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	const struct vl_map_record *planned = NULL;
	char shown[SHOWN];
	size_t nplanned = 0;
	size_t n = 0;
	size_t i = 0;

	if (file != NULL) {
		(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
		st = vl_cli_file(&text, file, VL_MAP_FILE_MAX, err);
		if (st == VL_OK)
			st = vl_map_file_decode(
			    list, shown, vl_buf_slice(&text), err);
		vl_buf_free(&text);
	}
	if (st == VL_OK)
		st = vl_map_list_check(list, site, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < list->n; i++)
		note_left_out(run, &list->records[i]);
	planned = vl_plan_map(run->plan, &nplanned);
	n = site->nmap_records;
	run->nmap = n + list->n + nplanned;
	run->map = calloc(run->nmap + 1, sizeof(*run->map));
	if (run->map == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < run->nmap; i++)
		run->map[i] = i < n ? site->map_records[i] :
		    i < n + list->n ? list->records[i - n] :
		                      planned[i - n - list->n];
	return VL_OK;
}
