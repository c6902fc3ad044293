/*
 * Ciphers that a profile declares (formats/ciphers.md): each is held against
 * the rules, so that a wrong one is found where it is read.
 */

#include <stdlib.h>
#include <string.h>

#include "read.h"

static enum vl_status
fail_at(const struct vl_declarations *of, const struct vl_declared *d,
    struct vl_err *err, const char *why)
{
	struct vl_site_node at = { .line = d->line,
		.column = d->column,
		.file = d->in_site ? of->site_file : NULL };

	return vl_site_fail(of->file, &at, err, "%s", why);
}

/* Words as whoever runs a program wants them. */
static enum vl_status
end_command(struct vl_declared *d, struct vl_err *err)
{
	char **words = NULL;

	if (d->ncommand == 0)
		return VL_OK;
	words = reallocarray(d->command, d->ncommand + 1, sizeof(*words));
	if (words == NULL)
		return vl_fail_memory(err);
	words[d->ncommand] = NULL;
	d->command = words;
	d->cipher.command = words;
	return VL_OK;
}

/* Names of those before it, and of those that everybody has. */
static enum vl_status
check_name(const struct vl_declarations *of, const struct vl_declared *d,
    struct vl_err *err)
{
	const struct vl_declared *other = of->list;

	if (vl_cipher_named(d->cipher.name) != NULL)
		return fail_at(of, d, err,
		    "a cipher of this name is there without being declared");
	for (; other < d; other++)
		if (strcmp(other->cipher.name, d->cipher.name) == 0)
			return fail_at(
			    of, d, err, "this cipher stands here twice");
	return VL_OK;
}

enum vl_status
vl_site_check_ciphers(const struct vl_declarations *of, struct vl_err *err)
{
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < of->n && st == VL_OK; i++) {
		st = check_name(of, &of->list[i], err);
		if (st == VL_OK)
			st = end_command(&of->list[i], err);
		if (st == VL_OK &&
		    vl_cipher_check(&of->list[i].cipher, &why) != VL_OK)
			st = fail_at(of, &of->list[i], err, why.text);
	}
	return st;
}

static const struct vl_cipher *
declared(const struct vl_declared *list, size_t n, const char *name)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (strcmp(list[i].cipher.name, name) == 0)
			return &list[i].cipher;
	return NULL;
}

enum vl_status
vl_site_cipher(const struct vl_cipher **out, const struct vl_site *site,
    const struct vl_profile *own, const struct vl_secret_words *s,
    struct vl_err *err)
{
	const struct vl_master_words *key =
	    s->master_key == NULL ? NULL : vl_site_master(site, s->master_key);
	const char *name =
	    key != NULL && key->cipher != NULL ? key->cipher : s->cipher;

	*out = declared(site->ciphers, site->nciphers, name);
	if (*out == NULL && own != NULL)
		*out = declared(own->ciphers, own->nciphers, name);
	if (*out == NULL)
		*out = vl_cipher_named(name);
	if (*out != NULL)
		return VL_OK;
	return vl_fail(err, VL_EUSAGE,
	    "'%s': this side has no cipher '%s': declare it under 'ciphers' of "
	    "%s, or say 'cipher' with another one in the entry of "
	    "'master_keys'",
	    s->of != NULL ? s->of : s->file, name, site->file);
}
