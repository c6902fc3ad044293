#ifndef TEST_APPLY_QUIET_H
#define TEST_APPLY_QUIET_H

/* An import that asks and says nothing, and is told yes. */

#include <valise/apply.h>

static inline void
no_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	(void)arg, (void)what, (void)done, (void)total;
}

static inline bool
no_stop(void *arg)
{
	(void)arg;
	return false;
}

static inline void
no_hold(void *arg, bool held)
{
	(void)arg, (void)held;
}

static inline void
no_note(void *arg, const char *text)
{
	(void)arg, (void)text;
}

static inline void
no_two(void *arg, const char *name, const char *why)
{
	(void)arg, (void)name, (void)why;
}

static inline void
no_change(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	(void)arg, (void)resource, (void)change, (void)path, (void)detail;
}

static inline void
no_member(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, struct vl_slice member)
{
	(void)arg, (void)resource, (void)change, (void)path, (void)member;
}

static inline void
no_row(void *arg, const struct vl_row_told *row)
{
	(void)arg, (void)row;
}

static inline void
no_owner(void *arg, const char *resource, bool group, const char *name,
    uint32_t number)
{
	(void)arg, (void)resource, (void)group, (void)name, (void)number;
}

static inline void
no_rewritten(
    void *arg, const char *resource, uint64_t files, uint64_t replacements)
{
	(void)arg, (void)resource, (void)files, (void)replacements;
}

static inline void
no_counts(
    void *arg, const char *resource, const struct vl_target_counts *counts)
{
	(void)arg, (void)resource, (void)counts;
}

static inline void
no_table(void *arg, const char *resource, const char *table,
    const struct vl_target_counts *counts)
{
	(void)arg, (void)resource, (void)table, (void)counts;
}

static inline bool
yes(void *arg, const char *text)
{
	(void)arg, (void)text;
	return true;
}

static inline void
no_wipe(void *arg)
{
	(void)arg;
}

/* All but `opener`. */
static inline struct vl_apply_ui
quiet_ui(void)
{
	return (struct vl_apply_ui){ .progress = no_progress,
		.stop = no_stop,
		.hold = no_hold,
		.note = no_note,
		.wrong_file = no_two,
		.change = no_change,
		.member = no_member,
		.row = no_row,
		.owner = no_owner,
		.rewritten = no_rewritten,
		.counts = no_counts,
		.table = no_table,
		.entry = no_two,
		.accept_sender = yes,
		.confirm = yes,
		.opened = no_wipe };
}

#endif
