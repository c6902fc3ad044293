/*
 * Which profile the rows of a database are taken by: the target's own, which
 * must mean the same as the source's, or the one that the bundle brings
 * (formats/profile.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "databases.h"

#define SHOWN 200 /* bytes of a name in a message */

/* What a bundle brings runs no SQL that writes, unless its sender may. */
static enum vl_status
drop_code(struct vl_base *b, struct vl_err *err)
{
	const struct vl_apply_ui *ui = b->run->opts->ui;
	struct vl_table_words *t = NULL;
	enum vl_status st = VL_OK;
	char shown[SHOWN];
	char text[2 * SHOWN];
	bool may = false;
	size_t i = 0;

	if (b->profile == NULL)
		return VL_OK;
	for (i = 0; i < b->profile->resources[0].ntables; i++) {
		t = &b->profile->resources[0].tables[i];
		if (t->derive == NULL)
			continue;
		if (!may)
			st = vl_intake_code(b->run, &may, err);
		if (st != VL_OK || may)
			return st;
		free(t->derive);
		t->derive = NULL;
		(void)snprintf(text, sizeof(text),
		    "'derive' of table '%s' is the bundle's and is not run: "
		    "use the profile here, too, or say 'code: true' of its "
		    "sender",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(t->tables[0])));
		if (!b->run->quiet)
			ui->note(ui->arg, text);
	}
	return VL_OK;
}

enum vl_status
vl_base_profile(
    struct vl_base *b, const struct vl_profile_line *line, struct vl_err *err)
{
	const struct vl_import_opts *o = b->run->opts;
	const char *name = b->resource->name;
	struct vl_profile *theirs = NULL;
	enum vl_status st = VL_OK;

	if (line->words.n > 0)
		st = vl_profile_from_meaning(&theirs, line->words, err);
	if (st == VL_OK && theirs != NULL &&
	    (theirs->nresources != 1 ||
	        strcmp(theirs->resources[0].resource, name) != 0))
		st = vl_fail(err, VL_EFORMAT,
		    "the profile in the bundle is of another resource");
	if (st == VL_OK)
		st = vl_profile_of_site(&b->profile, o->site, o->profiles, err);
	if (st == VL_OK && b->profile != NULL)
		st = vl_profile_same(b->profile, theirs, name, err);
	/* None of its own: policy is the bundle's, too. */
	if (st == VL_OK && b->profile == NULL) {
		b->profile = theirs;
		st = drop_code(b, err);
	}
	b->there = theirs;
	theirs = NULL;
	if (st == VL_OK)
		st = vl_profile_keep_rows(&b->profile, o->site, name, err);
	vl_profile_free(theirs);
	return st;
}
