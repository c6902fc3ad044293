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

/* `what` of the bundle does not count. */
static void
tell_dropped(const struct vl_base *b, const char *what)
{
	const struct vl_apply_ui *ui = b->run->opts->ui;
	char text[3 * SHOWN];

	(void)snprintf(text, sizeof(text),
	    "%s is the bundle's and is not run: use the profile here, too, or "
	    "say 'code: true' of its sender",
	    what);
	if (!b->run->quiet)
		ui->note(ui->arg, text);
}

static void
drop_derives(struct vl_base *b)
{
	struct vl_table_words *t = NULL;
	char shown[SHOWN];
	char what[2 * SHOWN];
	size_t i = 0;

	for (i = 0; i < b->profile->resources[0].ntables; i++) {
		t = &b->profile->resources[0].tables[i];
		if (t->derive == NULL)
			continue;
		free(t->derive);
		t->derive = NULL;
		(void)snprintf(what, sizeof(what), "'derive' of table '%s'",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(t->tables[0])));
		tell_dropped(b, what);
	}
}

static bool
has_derive(const struct vl_profile *p)
{
	size_t i = 0;

	for (i = 0; i < p->resources[0].ntables; i++)
		if (p->resources[0].tables[i].derive != NULL)
			return true;
	return false;
}

/* It lies elsewhere than beside the site file. */
static bool
leads_away(const char *path)
{
	return path[0] == '/' || strcmp(path, "..") == 0 ||
	    strncmp(path, "../", 3) == 0 || strstr(path, "/../") != NULL ||
	    (strlen(path) > 3 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

/* What a bundle brings runs no program and no SQL that writes, and reads no
 * file but beside the site file, unless its sender may. */
static enum vl_status
drop_code(struct vl_base *b, struct vl_err *err)
{
	struct vl_profile *p = b->profile;
	enum vl_status st = VL_OK;
	bool may = false;
	bool away = false;

	if (p == NULL)
		return VL_OK;
	away = p->version_file != NULL && leads_away(p->version_file);
	if (!away && p->nversion_command == 0 && !has_derive(p))
		return VL_OK;
	st = vl_intake_code(b->run, &may, err);
	if (st != VL_OK || may)
		return st;
	drop_derives(b);
	if (away || p->nversion_command > 0) {
		free(p->version_resource);
		p->version_resource = NULL;
		tell_dropped(b,
		    away ? "'version' by a file outside" :
		           "'version' by a command");
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
	struct vl_profile *over = NULL;
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
	/* None of its own: policy is the bundle's, too, but for what the site
	 * says over that. */
	if (st == VL_OK && b->profile == NULL) {
		b->profile = theirs;
		if (theirs != NULL)
			st = vl_profile_beside(theirs, o->site, err);
		if (st == VL_OK)
			st = drop_code(b, err);
		if (st == VL_OK)
			st = vl_profile_over_bundle(
			    &over, theirs, o->site, name, err);
		if (over != NULL)
			b->profile = over;
	}
	b->there = theirs;
	theirs = NULL;
	if (st == VL_OK)
		st = vl_profile_keep_rows(&b->profile, o->site, name, err);
	vl_profile_free(theirs);
	return st;
}
