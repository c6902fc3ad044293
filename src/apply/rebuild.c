/*
 * The state is lost (--state-lost): what the staging directories hold stands
 * in for it.  A journal is written from the header that a staging carries;
 * then recovery goes on as ever.
 */
#include <stdlib.h>
#include <string.h>

#include "recover.h"

/* The first staging of the site that stands there. */
static enum vl_status
find(const struct vl_recover_opts *o, struct vl_header *h, bool *prepared,
    struct vl_err *err)
{
	struct vl_header_tree tree;
	enum vl_status st = VL_OK;
	size_t i = 0;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < o->site->nresources && st == VL_OK; i++) {
		memset(&tree, 0, sizeof(tree));
		strncpy(tree.resource, o->site->resources[i].name,
		    sizeof(tree.resource) - 1);
		st = vl_stage_locate(&tree, o->site->resources[i].path, err);
		if (st == VL_OK)
			st = vl_stage_header(h, &tree, prepared, err);
		free(tree.root);
		free(tree.staging);
		if (h->ntrees > 0)
			break;
	}
	return st;
}

enum vl_status
vl_state_rebuild(const struct vl_recover_opts *o, struct vl_err *err)
{
	struct vl_journal j = { 0 };
	struct vl_header h = { 0 };
	bool prepared = false;
	bool present = false;
	enum vl_status st = vl_journal_load(&j, o->state, err);

	present = j.present && !vl_journal_has(&j, VL_JOURNAL_ENDED) &&
	    !vl_journal_has(&j, VL_JOURNAL_UNDONE) &&
	    !vl_journal_has(&j, VL_JOURNAL_ABANDONED);
	vl_journal_free(&j);
	if (st != VL_OK)
		return st;
	if (present)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' holds the journal of an import in hand, so the state "
		    "is not lost: leave --state-lost out",
		    vl_state_path(o->state));
	if (o->site == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "--state-lost needs the site file: it names the trees");
	st = find(o, &h, &prepared, err);
	if (st == VL_OK && h.ntrees > 0)
		st = vl_journal_begin(o->state, &h, err);
	if (st == VL_OK && h.ntrees > 0 && prepared)
		st = vl_journal_add(o->state, VL_JOURNAL_PREPARED, err);
	vl_header_free(&h);
	return st;
}
