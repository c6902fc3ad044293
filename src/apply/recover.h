#ifndef VALISE_APPLY_RECOVER_H
#define VALISE_APPLY_RECOVER_H

/* What a killed run left, as it was found. */

#include "apply.h"

struct vl_left {
	struct vl_journal journal;
	struct vl_stage **stages; /* as header.trees; NULL: not there */
	size_t missing;
	bool decided;
	bool applied;
	bool ended;
};

/* Everything is made durable before it is believed. */
enum vl_status vl_left_look(
    struct vl_left *l, struct vl_state *state, struct vl_err *err);
void vl_left_free(struct vl_left *l);

/* vl_apply_recover() for who holds the lock already. */
enum vl_status vl_recover(const struct vl_recover_opts *o,
    enum vl_recovered *what, struct vl_err *err);

/* rebuild.c: with the state lost, the journal from the stagings. */
enum vl_status vl_state_rebuild(
    const struct vl_recover_opts *o, struct vl_err *err);

#endif
