/* Which files of a resource hold secrets, by the words about them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "files.h"

/* "etc/app.env, line DB_PASSWORD" */
static char *
name_of(const struct vl_secret_words *w)
{
	const char *const places[] = { w->keyed, w->define, w->json, w->yaml };
	static const char *const before[] = { ", line ", ", define ", ", ",
		", " };
	char *name = NULL;
	size_t i = 0;

	while (i < 4 && places[i] == NULL)
		i++;
	if (asprintf(&name, "%s%s%s", w->file, i < 4 ? before[i] : "",
	        i < 4 ? places[i] : "") < 0)
		return NULL;
	return name;
}

static enum vl_status
make_entry(
    struct files_entry *e, const struct vl_secret_words *w, struct vl_err *err)
{
	const struct vl_finder_words way = { .json = w->json, .yaml = w->yaml };
	struct vl_finder *f = NULL;
	char *glob = files_glob(w->file);
	enum vl_status st = VL_OK;

	*e = (struct files_entry){ .words = w, .name = name_of(w) };
	if (glob == NULL || e->name == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = vl_exclude_new(
		    &e->glob, (const char *const *)&glob, 1, err);
	/* A path that is none is found before there is a file. */
	if (st == VL_OK)
		st = vl_finder_new(&f, &way, err);
	if (st != VL_OK)
		(void)vl_within(err, "'secrets', file '%s'", w->file);
	vl_finder_free(f);
	free(glob);
	return st;
}

static enum vl_status
make_others(struct vl_secretfiles *s, struct vl_err *err)
{
	const struct vl_profile_resource *w = s->opts.words;
	const char **none = NULL;
	const char *one = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	s->leaks = calloc(w->nfile_leaks + 1, sizeof(struct vl_exclude *));
	none = calloc(w->nfile_not_secret + 1, sizeof(*none));
	if (s->leaks == NULL || none == NULL)
		st = vl_fail_memory(err);
	for (; st == VL_OK && s->nleaks < w->nfile_leaks; s->nleaks++) {
		one = w->file_leaks[s->nleaks].file;
		st = vl_exclude_new(&s->leaks[s->nleaks], &one, 1, err);
	}
	for (i = 0; st == VL_OK && i < w->nfile_not_secret; i++)
		none[i] = w->file_not_secret[i].file;
	if (st == VL_OK && w->nfile_not_secret > 0)
		st = vl_exclude_new(&s->none, none, w->nfile_not_secret, err);
	free(none);
	return st;
}

enum vl_status
vl_secretfiles_new(struct vl_secretfiles **out,
    const struct vl_secretfiles_opts *opts, struct vl_err *err)
{
	const size_t n = opts->words == NULL ? 0 : opts->words->nfile_secrets;
	struct vl_secretfiles *s = calloc(1, sizeof(*s));
	enum vl_status st = VL_OK;

	*out = s;
	if (s == NULL)
		return vl_fail_memory(err);
	s->opts = *opts;
	if (opts->words == NULL)
		return VL_OK;
	s->entries = calloc(n + 1, sizeof(*s->entries));
	if (s->entries == NULL)
		return vl_fail_memory(err);
	for (; st == VL_OK && s->n < n; s->n++)
		st = make_entry(
		    &s->entries[s->n], &opts->words->file_secrets[s->n], err);
	return st == VL_OK ? make_others(s, err) : st;
}

void
vl_secretfiles_free(struct vl_secretfiles *s)
{
	size_t i = 0;
	size_t k = 0;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++) {
		vl_exclude_free(s->entries[i].glob);
		for (k = 0; k < s->entries[i].ntrials; k++)
			vl_buf_free(&s->entries[i].trials[k].member);
		free(s->entries[i].trials);
		vl_vault_free(s->entries[i].vault);
		vl_buf_free(&s->entries[i].member);
		free(s->entries[i].name);
	}
	free(s->entries);
	for (i = 0; i < s->nleaks; i++)
		vl_exclude_free(s->leaks[i]);
	free(s->leaks);
	vl_exclude_free(s->none);
	files_spots_free(&s->spots);
	files_spots_free(&s->here);
	vl_places_free(&s->places);
	vl_locked_free(&s->scrubbed);
	vl_locked_free(&s->value);
	vl_locked_free(&s->plain);
	vl_locked_free(&s->work);
	free(s);
}

bool
files_is_about(const struct files_entry *e, struct vl_slice file)
{
	struct vl_captured list[FAMILY_PARTS];
	size_t n = 0;

	return vl_exclude_match(e->glob, file, false) &&
	    files_captured(list, &n, e->words->file, file);
}

bool
vl_secretfiles_concern(const struct vl_secretfiles *s, struct vl_slice file)
{
	size_t i = 0;

	while (i < s->n && !files_is_about(&s->entries[i], file))
		i++;
	return i < s->n;
}

/* Whether one of `first` takes what `e` would, or all of the file. */
static bool
is_taken(const struct vl_secretfiles *s, const struct files_entry *e,
    struct vl_slice first)
{
	const char *place = strchr(e->name + strlen(e->words->file), ',');
	const char *other = NULL;
	size_t i = 0;

	for (i = 0; i < s->n; i++) {
		if (!files_is_about(&s->entries[i], first))
			continue;
		other = strchr(
		    s->entries[i].name + strlen(s->entries[i].words->file),
		    ',');
		if (other == NULL ||
		    (place != NULL && strcmp(place, other) == 0))
			return true;
	}
	return false;
}

bool
vl_secretfiles_follow(
    const struct vl_secretfiles *s, struct vl_slice file, struct vl_slice first)
{
	size_t i = 0;

	while (i < s->n &&
	    (!files_is_about(&s->entries[i], file) ||
	        is_taken(s, &s->entries[i], first)))
		i++;
	return i == s->n;
}

bool
vl_secretfiles_leak(
    const struct vl_secretfiles *s, struct vl_slice file, enum vl_leak_do *what)
{
	size_t i = 0;

	while (i < s->nleaks && !vl_exclude_match(s->leaks[i], file, false))
		i++;
	if (i == s->nleaks)
		return false;
	*what = s->opts.words->file_leaks[i].what;
	return true;
}

bool
vl_secretfiles_none(const struct vl_secretfiles *s, struct vl_slice file)
{
	return s->none != NULL && vl_exclude_match(s->none, file, false);
}

enum vl_status
files_check_size(struct vl_slice file, struct vl_slice text, struct vl_err *err)
{
	char shown[FILES_SHOWN];

	if (text.n <= VL_SECRETFILE_MAX)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "%s has more than %u bytes, and one with secrets may have no more",
	    files_shown(shown, file, (struct vl_slice){ 0 }),
	    VL_SECRETFILE_MAX);
}

const char *
files_shown(
    char text[FILES_SHOWN], struct vl_slice file, struct vl_slice inside)
{
	char path[FILES_SHOWN / 2];
	char place[FILES_SHOWN / 4];

	(void)snprintf(text, FILES_SHOWN, "file '%s'%s%s",
	    vl_escape_text(path, sizeof(path), file), inside.n > 0 ? ", " : "",
	    vl_escape_text(place, sizeof(place), inside));
	return text;
}
