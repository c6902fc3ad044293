/* Secrets of files, opened with the master key that their file is under. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/family.h>
#include <valise/text.h>

#include "files.h"

/* The same text stands for each part as for the vault that is there. */
static enum vl_status
name_member(
    struct vl_buf *out, const struct vl_captured_list *with, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < with->n; i++) {
		st = vl_buf_add(out, with->list[i].text, err);
		if (st == VL_OK)
			st = vl_buf_add_text(out, "/", err);
	}
	return st;
}

static enum vl_status
make_vault(struct vl_secretfiles *s, struct files_entry *e,
    const struct vl_captured_list *with, struct vl_err *err)
{
	const struct vl_cipher *cipher = NULL;
	struct vl_slice key = { 0 };
	enum vl_status st = vl_masters_member(
	    s->opts.masters, e->words, with, &cipher, &key, err);

	vl_vault_free(e->vault);
	e->vault = NULL;
	if (st == VL_OK)
		st = vl_vault_new(&e->vault, cipher, key, err);
	if (st != VL_OK)
		return vl_within(err, "'secrets', '%s'", e->name);
	e->in_clear = cipher->cipher == VL_CIPHER_PLAIN;
	e->cipher = cipher->name;
	e->proves = vl_cipher_proves(cipher) ||
	    e->words->plain == VL_PLAIN_JSON || e->words->plain == VL_PLAIN_PEM;
	return VL_OK;
}

enum vl_status
files_vault(struct vl_secretfiles *s, struct files_entry *e,
    struct vl_slice file, struct vl_err *err)
{
	struct vl_captured list[FAMILY_PARTS];
	struct vl_captured_list with = { .list = list };
	struct vl_buf member = { 0 };
	enum vl_status st = VL_OK;

	(void)files_captured(list, &with.n, e->words->file, file);
	st = name_member(&member, &with, err);
	if (st == VL_OK && e->vault != NULL &&
	    vl_slice_equal(vl_buf_slice(&member), vl_buf_slice(&e->member))) {
		vl_buf_free(&member);
		return VL_OK;
	}
	if (st == VL_OK)
		st = make_vault(s, e, &with, err);
	vl_buf_free(&e->member);
	e->member = member;
	return st;
}

/* An editor puts a line feed at the end of a file, and YAML behind a block. */
static enum vl_status
open_otherwise(struct vl_secretfiles *s, struct files_entry *e,
    enum files_form form, bool *clear, struct vl_err *err)
{
	struct vl_slice value = vl_locked_slice(&s->value);
	enum vl_status st = VL_OK;

	vl_locked_clear(&s->work);
	if (form == FORM_WHOLE && value.n > 1 && value.p[value.n - 1] == '\n') {
		value.n--;
		return vl_vault_open(e->vault, &s->plain, clear, value, err);
	}
	if (form != FORM_YAML_LINES)
		return VL_EFORMAT;
	st = vl_locked_add(&s->work, value, err);
	if (st == VL_OK)
		st = vl_locked_add(&s->work, vl_slice_of("\n"), err);
	if (st == VL_OK)
		st = vl_vault_open(
		    e->vault, &s->plain, clear, vl_locked_slice(&s->work), err);
	vl_locked_clear(&s->work);
	return st;
}

enum vl_status
files_open(struct vl_secretfiles *s, struct files_entry *e,
    struct vl_slice file, enum files_form form, bool *clear, struct vl_err *err)
{
	enum vl_status st = files_vault(s, e, file, err);
	struct vl_err first = { 0 };

	*clear = false;
	if (st != VL_OK)
		return st;
	st = vl_vault_open(
	    e->vault, &s->plain, clear, vl_locked_slice(&s->value), err);
	if (st == VL_EFORMAT) {
		first = *err;
		st = open_otherwise(s, e, form, clear, err);
		if (st == VL_EFORMAT)
			*err = first;
	}
	if (st == VL_OK &&
	    !vl_plain_fits(e->words->plain, vl_locked_slice(&s->plain))) {
		vl_locked_clear(&s->plain);
		return vl_fail(
		    err, VL_EAUTH, "what it opens to is not what 'plain' says");
	}
	return st;
}

/* ---- All of a text ---- */

typedef enum vl_status seen_fn(
    void *arg, const struct vl_secret_seen *seen, struct vl_err *err);

static bool
does_not_open(enum vl_status st)
{
	return st == VL_EFORMAT || st == VL_EAUTH || st == VL_ELIMIT;
}

static enum vl_status
look_at(struct vl_secretfiles *s, struct vl_slice file, struct vl_slice text,
    const struct files_spot *spot, seen_fn *seen, void *arg, struct vl_err *err)
{
	struct files_entry *e = &s->entries[spot->entry];
	struct vl_secret_seen told = { .entry = spot->entry,
		.inside = files_inside(&s->spots, spot),
		.of = e->name };
	struct vl_err why = { 0 };
	enum vl_status st = files_read(&s->value, text, spot, &why);

	if (st == VL_OK && s->opts.masters != NULL)
		st = files_open(s, e, file, spot->form, &told.clear, &why);
	if (st != VL_OK && !does_not_open(st)) {
		*err = why;
	} else {
		told.clear = told.clear || (st == VL_OK && e->in_clear);
		told.status = st;
		told.why = why.text;
		told.plain = vl_locked_slice(&s->plain);
		st = seen(arg, &told, err);
	}
	vl_locked_clear(&s->value);
	vl_locked_clear(&s->plain);
	return st;
}

enum vl_status
vl_secretfile_look(struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice text, seen_fn *seen, void *arg, struct vl_err *err)
{
	enum vl_status st = files_check_size(file, text, err);
	const struct files_spot *spot = NULL;

	if (st == VL_OK)
		st = files_find(&s->spots, s, file, text, err);
	if (st != VL_OK)
		return st;
	spot = s->spots.list;
	if (s->spots.broken != NULL)
		return seen(arg,
		    &(struct vl_secret_seen){
		        .entry = (size_t)(s->spots.broken - s->entries),
		        .status = VL_EFORMAT,
		        .why = s->spots.why.text,
		        .of = s->spots.broken->name },
		    err);
	for (; st == VL_OK && spot < s->spots.list + s->spots.n; spot++)
		if (spot->n > 0)
			st = look_at(s, file, text, spot, seen, arg, err);
	return st;
}

/* ---- Whether the key is the right one ---- */

static enum vl_status
learn(struct vl_secretfiles *s, const struct files_entry *e,
    const struct vl_secret_seen *seen, struct vl_err *err)
{
	const struct vl_needle_words words = {
		.search = (const char *const *)e->words->search,
		.nsearch = e->words->nsearch,
		.suspect = s->opts.suspect
	};

	return e->words->plain == VL_PLAIN_JSON ?
	    vl_needles_add_json(
	        s->opts.needles, &words, seen->plain, e->name, err) :
	    vl_needles_add(s->opts.needles, seen->plain, e->name, err);
}

/* Of the key that the vault of `e` is of. */
static enum vl_status
find_trial(struct files_trial **out, struct files_entry *e, struct vl_err *err)
{
	const struct vl_slice member = vl_buf_slice(&e->member);
	struct files_trial *grown = NULL;
	size_t i = 0;

	if (e->ntrials > 0 &&
	    vl_slice_equal(member, vl_buf_slice(&e->trials[e->trial].member)))
		i = e->trial;
	while (i < e->ntrials &&
	    !vl_slice_equal(member, vl_buf_slice(&e->trials[i].member)))
		i++;
	if (i == e->ntrials) {
		grown = reallocarray(e->trials, i + 1, sizeof(*e->trials));
		if (grown == NULL)
			return vl_fail_memory(err);
		e->trials = grown;
		e->trials[i] = (struct files_trial){ 0 };
		e->ntrials++;
		if (vl_buf_add(&e->trials[i].member, member, err) != VL_OK)
			return err->status;
	}
	e->trial = i;
	*out = &e->trials[i];
	return VL_OK;
}

static enum vl_status
try_one(void *arg, const struct vl_secret_seen *seen, struct vl_err *err)
{
	struct vl_secretfiles *s = arg;
	struct files_entry *e = &s->entries[seen->entry];
	struct files_trial *t = NULL;

	if (find_trial(&t, e, err) != VL_OK)
		return err->status;
	t->trial.proves = e->proves;
	if (seen->status == VL_EAUTH && t->trial.failed++ == 0)
		(void)snprintf(
		    t->first.text, sizeof(t->first.text), "%s", seen->why);
	/* What stands in clear says nothing of the key. */
	t->trial.opened += seen->status == VL_OK && !seen->clear;
	e->found++;
	return seen->status == VL_OK && s->opts.needles != NULL ?
	    learn(s, e, seen, err) :
	    VL_OK;
}

enum vl_status
vl_secretfile_try(struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice text, struct vl_err *err)
{
	return vl_secretfile_look(s, file, text, try_one, s, err);
}

const char *
vl_secretfiles_cipher(const struct vl_secretfiles *s, size_t entry)
{
	const struct files_entry *e = &s->entries[entry];

	return e->cipher != NULL ? e->cipher : e->words->cipher;
}

const char *
vl_secretfiles_unfound(const struct vl_secretfiles *s, size_t *at)
{
	while (*at < s->n && s->entries[*at].found > 0)
		++*at;
	return *at < s->n ? s->entries[(*at)++].name : NULL;
}

static enum vl_status
fail_trial(const struct files_entry *e, const struct files_trial *t,
    enum vl_status how, struct vl_err *err)
{
	const char *key = e->words->master_key;
	char part[FILES_SHOWN / 4];
	char of[FILES_SHOWN / 2] = "";

	if (t->member.n > 0)
		(void)snprintf(of, sizeof(of), " of '%s'",
		    vl_escape_text(part, sizeof(part),
		        (struct vl_slice){ t->member.p, t->member.n - 1 }));
	return vl_fail(err, how,
	    "'secrets', '%s': %s with master key '%s'%s (%s): is it the key of "
	    "this side's application?",
	    e->name,
	    t->trial.opened == 0 ? "no secret opens" :
	                           "most secrets do not open",
	    key == NULL ? "" : key, of, t->first.text);
}

/* All keys of a family as one: an export tells of each value that does not
 * open, and stops, but an import would write it anew. */
static void
add_trials(struct files_trial *all, const struct files_entry *e)
{
	const struct files_trial *t = e->trials;

	for (; t < e->trials + e->ntrials; t++) {
		if (all->trial.failed == 0)
			all->first = t->first;
		all->trial.proves = t->trial.proves;
		all->trial.opened += t->trial.opened;
		all->trial.failed += t->trial.failed;
	}
}

enum vl_status
vl_secretfiles_tried(
    const struct vl_secretfiles *s, bool target, struct vl_err *err)
{
	const struct files_entry *e = s->entries;
	const struct files_trial *t = NULL;
	struct files_trial all = { 0 };

	for (; e < s->entries + s->n; e++) {
		all = (struct files_trial){ 0 };
		add_trials(&all, e);
		if (!target && vl_trial_fails(&all.trial))
			return fail_trial(e, &all, VL_EUSAGE, err);
		for (t = e->trials; target && t < e->trials + e->ntrials; t++)
			if (vl_trial_fails(&t->trial))
				return fail_trial(e, t, VL_EREFUSED, err);
	}
	return VL_OK;
}
