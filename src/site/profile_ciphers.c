/*
 * Ciphers that a profile declares (formats/ciphers.md): each is held against
 * the rules, so that a wrong one is found where it is read.
 */

#include <stdlib.h>
#include <string.h>

#include "read.h"

static enum vl_status
fail_at(const struct vl_profile *p, const struct vl_declared *d,
    struct vl_err *err, const char *why)
{
	struct vl_site_node at = { .line = d->line,
		.column = d->column,
		.file = d->in_site ? p->site_file : NULL };

	return vl_site_fail(p->file, &at, err, "%s", why);
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
check_name(
    const struct vl_profile *p, const struct vl_declared *d, struct vl_err *err)
{
	const struct vl_declared *other = p->ciphers;

	if (vl_cipher_named(d->cipher.name) != NULL)
		return fail_at(p, d, err,
		    "a cipher of this name is there without being declared");
	for (; other < d; other++)
		if (strcmp(other->cipher.name, d->cipher.name) == 0)
			return fail_at(
			    p, d, err, "this cipher stands here twice");
	return VL_OK;
}

enum vl_status
vl_profile_check_ciphers(const struct vl_profile *p, struct vl_err *err)
{
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < p->nciphers && st == VL_OK; i++) {
		st = check_name(p, &p->ciphers[i], err);
		if (st == VL_OK)
			st = end_command(&p->ciphers[i], err);
		if (st == VL_OK &&
		    vl_cipher_check(&p->ciphers[i].cipher, &why) != VL_OK)
			st = fail_at(p, &p->ciphers[i], err, why.text);
	}
	return st;
}
