#ifndef TEST_APPLY_DOORS_H
#define TEST_APPLY_DOORS_H

/*
 * The doors of other rooms that the room calls: the operations of a sweep, and
 * the moments at which it may be killed.  tests/unit/apply/CMakeLists.txt
 * names them, too.
 */

/* Built with CALLS, calls of the system fail, with MEMORY allocations, and
 * doors are only moments. */
#if defined(CALLS)
#include "calls.h"
#define DOORS_FAIL false
#define CALLS_FAIL true
#define PLANTED    EIO
#define SAID       NULL
#define SAMPLE(n)  (4 * (n)) /* there are as many more of them */
#define SURVIVED   90        /* most: probes, and what the next run cleans */
#elif defined(MEMORY)
#include "allocations.h"
#define DOORS_FAIL false
#define CALLS_FAIL false
#define PLANTED    ENOMEM
#define SAID       "memory"
#define SAMPLE(n)  (10 * (n))
#define SURVIVED   25
#else
#include "../sweep.h"
#define DOORS_FAIL true
#define CALLS_FAIL false
#define PLANTED    EIO
#define SAID       NULL
#define SAMPLE(n)  (n)
#define SURVIVED   8
#endif
#include "no_notes.h"

#include <unistd.h>

#include <valise/apply.h>
#include <valise/fs.h>
#include <valise/seal.h>
#include <valise/sort.h>
#include <valise/tree.h>
#include <valise/unpack.h>

#define KILLED 99

/* The door at which the process ends, as if it had been killed. */
static const char *kill_at;
static void (*at_door)(void); /* what it does there before, or NULL */

static bool
fails_at(const char *door)
{
	if (kill_at != NULL && strcmp(kill_at, door) == 0) {
		if (at_door != NULL)
			at_door();
		_exit(KILLED);
	}
	return DOORS_FAIL && sweep_fails();
}

#define DOOR(name, parameters, arguments)                                      \
	DOOR_AS(name, VL_EIO, parameters, arguments)

/* One that says so by a status of its own. */
#define DOOR_AS(name, status, parameters, arguments)                           \
	enum vl_status __real_##name parameters;                               \
	enum vl_status __wrap_##name parameters;                               \
	enum vl_status __wrap_##name parameters                                \
	{                                                                      \
		/* It is the door's own type. */                               \
		enum vl_status(*door) parameters = name;                       \
                                                                               \
		if (door != NULL && fails_at(#name))                           \
			return vl_fail(err, status, "planted: %s", #name);     \
		return __real_##name arguments;                                \
	}

/* clang-format off */
DOOR(vl_state_lock, (struct vl_state *s, unsigned wait, struct vl_err *err),
    (s, wait, err))
DOOR(vl_state_check_sync, (struct vl_state *s, struct vl_err *err), (s, err))
DOOR(vl_state_tidy, (struct vl_state *s, struct vl_err *err), (s, err))
DOOR(vl_state_accept_sender, (struct vl_state *s, struct vl_slice text,
    const char *id, struct vl_err *err), (s, text, id, err))
DOOR(vl_state_each_sender, (struct vl_state *s, size_t max,
    enum vl_status (*each)(void *, struct vl_slice, struct vl_err *),
    void *arg, struct vl_err *err), (s, max, each, arg, err))
DOOR(vl_ledger_load, (struct vl_ledger *l, struct vl_state *s,
    struct vl_err *err), (l, s, err))
DOOR(vl_ledger_set, (struct vl_ledger *l, const struct vl_ledger_line *line,
    struct vl_err *err), (l, line, err))
DOOR(vl_ledger_save, (const struct vl_ledger *l, struct vl_state *s,
    struct vl_err *err), (l, s, err))
DOOR(vl_journal_begin, (struct vl_state *s, const struct vl_header *h,
    struct vl_err *err), (s, h, err))
DOOR(vl_journal_add, (struct vl_state *s, enum vl_journal_word word,
    struct vl_err *err), (s, word, err))
DOOR(vl_journal_load, (struct vl_journal *j, struct vl_state *s,
    struct vl_err *err), (j, s, err))
DOOR(vl_journal_choose, (struct vl_state *s, const char *path,
    enum vl_choice choice, struct vl_err *err), (s, path, choice, err))
DOOR(vl_decision_write, (struct vl_state *s,
    const uint8_t import[VL_IMPORT_ID_SIZE], struct vl_err *err),
    (s, import, err))
DOOR(vl_decision_read, (struct vl_state *s,
    const uint8_t import[VL_IMPORT_ID_SIZE], bool *decided,
    struct vl_err *err), (s, import, decided, err))
DOOR(vl_decision_drop, (struct vl_state *s, struct vl_err *err), (s, err))
DOOR(vl_brought_keep, (const struct vl_brought *b,
    const struct vl_brought_theirs *theirs, struct vl_err *err),
    (b, theirs, err))
DOOR(vl_brought_drop, (const struct vl_brought *b, struct vl_err *err),
    (b, err))
DOOR(vl_stage_locate, (struct vl_header_tree *tree, const char *path,
    struct vl_err *err), (tree, path, err))
DOOR(vl_stage_make, (struct vl_stage **out, const struct vl_header *h,
    size_t tree, struct vl_err *err), (out, h, tree, err))
DOOR(vl_stage_open, (struct vl_stage **out, const struct vl_header *h,
    size_t tree, enum vl_stage_found *found, struct vl_err *err),
    (out, h, tree, found, err))
DOOR(vl_stage_header, (struct vl_header *h, const struct vl_header_tree *tree,
    bool *prepared, struct vl_err *err), (h, tree, prepared, err))
DOOR(vl_stage_seal, (struct vl_stage *s, const struct vl_header *h,
    struct vl_err *err), (s, h, err))
DOOR(vl_stage_mark, (struct vl_stage *s, enum vl_stage_mark mark,
    struct vl_err *err), (s, mark, err))
DOOR(vl_stage_marked, (struct vl_stage *s, enum vl_stage_mark mark, bool *set,
    struct vl_err *err), (s, mark, set, err))
DOOR(vl_stage_redo, (struct vl_stage *s, const struct vl_journal *j,
    const struct vl_stage_report *report, struct vl_err *err),
    (s, j, report, err))
DOOR(vl_stage_sync, (struct vl_stage *s, struct vl_err *err), (s, err))
DOOR(vl_stage_drop, (struct vl_stage *s, struct vl_err *err), (s, err))
DOOR(vl_stage_clean, (struct vl_stage *s,
    const struct vl_stage_report *report, struct vl_err *err),
    (s, report, err))
DOOR(vl_stage_take_time, (struct vl_stage *s, struct vl_time *time,
    struct vl_err *err), (s, time, err))
DOOR(vl_stage_sweep, (const struct vl_header *h, size_t tree,
    struct vl_err *err), (h, tree, err))
DOOR(vl_stage_restore, (const struct vl_header *h, size_t tree,
    struct vl_err *err), (h, tree, err))
DOOR(vl_stage_abandon, (struct vl_stage *s,
    const struct vl_stage_report *report, struct vl_err *err),
    (s, report, err))
DOOR(vl_target_open, (struct vl_target **out,
    const struct vl_target_opts *opts, struct vl_err *err), (out, opts, err))
DOOR(vl_target_put, (struct vl_target *t, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err), (t, e, body, err))
DOOR(vl_target_end, (struct vl_target *t, struct vl_err *err), (t, err))
DOOR(vl_target_prepare, (struct vl_target *t, struct vl_err *err), (t, err))
DOOR(vl_survey_open, (struct vl_survey **out,
    const struct vl_target_opts *opts, struct vl_err *err), (out, opts, err))
DOOR(vl_survey_put, (struct vl_survey *s, const struct vl_entry *e,
    struct vl_err *err), (s, e, err))
DOOR(vl_links_new, (struct vl_links **out, const char *dir,
    struct vl_err *err), (out, dir, err))
DOOR(vl_exclude_new, (struct vl_exclude **out, const char *const *patterns,
    size_t n, struct vl_err *err), (out, patterns, n, err))
DOOR(vl_unpack_open, (struct vl_unpack **out,
    const struct vl_unpack_opts *opts, struct vl_err *err), (out, opts, err))
DOOR(vl_unpack_next, (struct vl_unpack *u, struct vl_unpacked *rec,
    struct vl_err *err), (u, rec, err))
DOOR(vl_unpack_part, (struct vl_unpack *u, struct vl_chunk_ref *refs,
    size_t max, size_t *n, struct vl_err *err), (u, refs, max, n, err))
DOOR(vl_unpack_chunk, (struct vl_unpack *u, const struct vl_chunk_ref *ref,
    struct vl_slice *bytes, struct vl_chunk_hold **hold,
    struct vl_err *err), (u, ref, bytes, hold, err))
DOOR(vl_unpack_end, (struct vl_unpack *u, struct vl_unpack_totals *totals,
    struct vl_err *err), (u, totals, err))
DOOR(vl_seal_read, (struct vl_seal *s, int dirfd,
    const struct vl_seal_report *report, struct vl_err *err),
    (s, dirfd, report, err))
DOOR(vl_seal_check, (struct vl_seal *s, int dirfd, int copyfd,
    enum vl_seal_reads reads, const struct vl_seal_report *report,
    struct vl_err *err), (s, dirfd, copyfd, reads, report, err))
DOOR(vl_keys_unlock, (struct vl_key_set *keys, enum vl_role *role,
    const struct vl_head *head, struct vl_slice text,
    const struct vl_opener *opener, struct vl_err *err),
    (keys, role, head, text, opener, err))
DOOR(vl_sender_public_decode, (struct vl_sender_public *k,
    struct vl_slice text, struct vl_err *err), (k, text, err))
DOOR(vl_sender_public_encode, (struct vl_buf *out,
    const struct vl_sender_public *k, struct vl_err *err), (out, k, err))
DOOR(vl_entry_decode, (struct vl_entry *e, struct vl_entry_store *store,
    struct vl_slice line, struct vl_err *err), (e, store, line, err))
DOOR(vl_sort_new, (struct vl_sort **out, const char *dir, size_t memory,
    struct vl_err *err), (out, dir, memory, err))
DOOR(vl_sort_add, (struct vl_sort *s, struct vl_slice item,
    struct vl_err *err), (s, item, err))
DOOR(vl_sort_finish, (struct vl_sort *s, struct vl_err *err), (s, err))
DOOR(vl_sort_next, (struct vl_sort *s, struct vl_slice *item,
    struct vl_err *err), (s, item, err))
DOOR(vl_temp_file, (int *fd, const char *dir, struct vl_err *err),
    (fd, dir, err))
DOOR(vl_remove_tree, (int dirfd, const char *name, struct vl_err *err),
    (dirfd, name, err))
DOOR(vl_read_file, (int dirfd, const char *name, size_t max,
    struct vl_buf *out, struct vl_err *err), (dirfd, name, max, out, err))
/* clang-format on */

#endif
