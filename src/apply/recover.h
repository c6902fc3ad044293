#ifndef VALISE_APPLY_RECOVER_H
#define VALISE_APPLY_RECOVER_H

/* Recovery, for the files of the room. */

#include "apply.h"

/* The import that the journal is of came to its end, whichever. */
bool vl_has_ended(const struct vl_journal *j);

/* vl_apply_recover() for who holds the lock already. */
enum vl_status vl_recover(const struct vl_recover_opts *o,
    enum vl_recovered *what, struct vl_err *err);

/* rebuild.c: an import that only stagings tell of. */
struct vl_stray {
	struct vl_header header; /* owned; ntrees 0: there is none */
	bool prepared;           /* the header was whole in one of them */
};
/* The first one of the site's trees that `j` (or NULL) does not account for;
 * none without a site. */
enum vl_status vl_stray_find(struct vl_stray *s, const struct vl_site *site,
    const struct vl_journal *j, struct vl_err *err);
/*
 * VL_OK when it is of this state, or of one that is gone for good (`lost`).
 *
 * VL_EPENDING  its state is not there
 * VL_ELOCKED   its state is another one
 */
enum vl_status vl_stray_check(const struct vl_stray *s,
    const struct vl_state *state, bool lost, struct vl_err *err);
/* VL_EUSAGE: `o` says that a state is lost that is at hand. */
enum vl_status vl_stray_check_lost(
    const struct vl_recover_opts *o, struct vl_err *err);
/* Under the lock, with nothing in hand: a journal for the next one. */
enum vl_status vl_stray_take(
    const struct vl_recover_opts *o, bool *taken, struct vl_err *err);

#endif
