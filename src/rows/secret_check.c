/*
 * Values that a right master key opens (`check` of an entry of `master_keys`,
 * formats/site.md): so that the wrong key of a side is known where none of its
 * secrets is there yet.
 */

#include <string.h>

#include <valise/master.h>

#include "secret.h"

struct trying {
	const struct rows_plan *p;
	const struct vl_rows_opts *opts;
	const struct vl_master_words *master;
	struct vl_err *err;
};

/* Of `n` entries the one that uses this key; NULL: none does. */
static const char *
cipher_among(const struct trying *t, const struct vl_secret_words *w, size_t n)
{
	const struct vl_secret_words *end = w + n;

	for (; w < end; w++)
		if (w->master_key != NULL &&
		    strcmp(w->master_key, t->master->name) == 0)
			return w->cipher;
	return NULL;
}

/* The cipher of the entries that use this key, of this database, or of another
 * resource of the profile; NULL: none does. */
static const char *
cipher_of(const struct trying *t)
{
	const struct vl_profile *profile = t->opts->profile;
	const struct vl_profile_resource *w = t->p->words;
	const char *found =
	    w == NULL ? NULL : cipher_among(t, w->secrets, w->nsecrets);
	size_t i = 0;

	for (i = 0; found == NULL && profile != NULL && i < profile->nresources;
	     i++) {
		w = &profile->resources[i];
		found = cipher_among(t, w->secrets, w->nsecrets);
		if (found == NULL)
			found =
			    cipher_among(t, w->file_secrets, w->nfile_secrets);
	}
	return found;
}

static enum vl_status
fail(const struct trying *t, enum vl_status status, const char *why)
{
	return vl_fail(t->err, status,
	    "master key '%s' (line %u of the site file), 'check': column "
	    "'%s': %s",
	    t->master->name, t->master->line, t->master->check->of, why);
}

/* Until that is enough.  What has another form says nothing of the key. */
static enum vl_status
try_values(const struct trying *t, struct vl_vault *v, bool proves,
    const char *table, const char *column)
{
	struct vl_trial said = { .proves = proves };
	const char *const columns[] = { column };
	const struct vl_scan_opts opts = {
		.table = table, .columns = columns, .ncolumns = 1
	};
	const struct vl_cell *cells = NULL;
	struct vl_scan *scan = NULL;
	struct vl_locked plain = { 0 };
	enum vl_status st = vl_scan_open(&scan, t->opts->db, &opts, t->err);
	bool clear = false;
	bool row = true;

	while (st == VL_OK && !vl_trial_ends(&said)) {
		st = vl_scan_next(scan, &cells, &row, t->err);
		if (st != VL_OK || !row)
			break;
		if (cells[0].type < VL_CELL_TEXT || cells[0].bytes.n == 0)
			continue;
		st = vl_vault_open(v, &plain, &clear, cells[0].bytes, t->err);
		said.opened += st == VL_OK && !clear;
		said.failed += st == VL_EAUTH;
		if (st == VL_EAUTH || st == VL_EFORMAT || st == VL_ELIMIT)
			st = VL_OK;
	}
	vl_scan_free(scan);
	vl_locked_free(&plain);
	if (st != VL_OK || !vl_trial_fails(&said))
		return st;
	return fail(t, t->p->lenient ? VL_EREFUSED : VL_EUSAGE,
	    said.opened == 0 ?
	        "no value opens: is it the key of this side's application?" :
	        "most values do not open: is it the key of this side's "
	        "application?");
}

static enum vl_status
try_master(const struct trying *t, const char *name)
{
	const struct vl_rows_secrets *how = t->opts->secrets;
	struct vl_secret_words words = { .of = t->master->check->of,
		.master_key = t->master->name };
	const struct vl_cipher *cipher = NULL;
	struct vl_vault *v = NULL;
	struct vl_slice key = { 0 };
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	char copy[64];
	enum vl_status st = VL_OK;
	size_t at = NONE;
	size_t k = NONE;

	(void)vl_profile_split(words.of, &table, &column);
	at = rows_plan_table(t->p, table);
	if (at != NONE)
		k = rows_column(&t->p->tables[at], column);
	if (k == NONE)
		return fail(t, VL_EUSAGE, "there is no such column");
	(void)snprintf(copy, sizeof(copy), "%s", name);
	words.cipher = copy;
	st = how->key(how->arg, &words, &cipher, &key, t->err);
	if (st != VL_OK || cipher->cipher == VL_CIPHER_PLAIN)
		return st;
	st = vl_vault_new(&v, cipher, key, t->err);
	if (st == VL_OK)
		st = try_values(t, v, vl_cipher_proves(cipher),
		    t->p->tables[at].schema->name,
		    t->p->tables[at].schema->columns[k].name);
	vl_vault_free(v);
	return st;
}

enum vl_status
rows_secret_check(const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err)
{
	struct trying t = { .p = p, .opts = opts, .err = err };
	const struct vl_rows_secrets *how = opts->secrets;
	const char *name = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; how != NULL && st == VL_OK && i < how->nmasters; i++) {
		t.master = &how->masters[i];
		if (t.master->check == NULL ||
		    strcmp(t.master->check->resource, p->resource) != 0)
			continue;
		name = cipher_of(&t);
		if (name != NULL)
			st = try_master(&t, name);
	}
	return st;
}
