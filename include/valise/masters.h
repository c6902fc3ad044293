#ifndef VALISE_MASTERS_H
#define VALISE_MASTERS_H

/*
 * The master keys of one site, each read into locked memory when it is first
 * asked for, and the ciphers that go with them on this side.
 */

#include <valise/rows.h>
#include <valise/site.h>

struct vl_masters;

/* `site` is borrowed; `report` hears of a key that others may read. */
enum vl_status vl_masters_new(struct vl_masters **out,
    const struct vl_site *site, const struct vl_rows_report *report,
    struct vl_err *err);
/* Ciphers may be those of `own`, a profile of this side: borrowed; or NULL. */
void vl_masters_profile(struct vl_masters *m, const struct vl_profile *own);
/* As struct vl_rows_secrets has it; `masters` is one. */
enum vl_status vl_masters_key(void *masters,
    const struct vl_secret_words *words, const struct vl_cipher **cipher,
    struct vl_slice *key, struct vl_err *err);
void vl_masters_free(struct vl_masters *m);

#endif
