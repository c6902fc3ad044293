#ifndef VALISE_JOURNAL_H
#define VALISE_JOURNAL_H

/*
 * The journal of one import, and the record that decides it
 * (docs/transaction.md).
 *
 * Lines are appended and synced; each carries a hash of itself, so that a
 * torn last line is told from a damaged one.  A new import replaces the
 * journal of the last one, which has ended.
 */

#include <valise/entry.h>
#include <valise/state.h>

#define VL_IMPORT_ID_SIZE 16

/* One tree that takes part. */
struct vl_header_tree {
	char resource[65];
	char *root;        /* resolved; absolute */
	char *staging;     /* absolute path of the staging directory */
	bool absent;       /* the root is not there yet */
	bool inside;       /* staging stands in the root, not beside it */
	bool privileged;   /* security.* and trusted.* are ours to set */
	int64_t mtime_sec; /* of the root, to be put back */
	int32_t mtime_nsec;
};

/* One database that takes part. */
struct vl_header_db {
	char resource[65];
	char *path;   /* resolved; absolute */
	bool was_wal; /* the mode that it is to have again */
};

/* What recovery has to know; line BEGIN, and a copy in each staging. */
struct vl_header {
	uint8_t import[VL_IMPORT_ID_SIZE];
	uint8_t state[VL_STATE_ID_SIZE]; /* identity of the state directory */
	char *state_path;
	char site[65];
	uint8_t series[16];
	uint64_t seq;
	uint8_t head[32]; /* fingerprint of the bundle */
	int64_t began;    /* seconds since 1970 */
	bool keep_shadow;
	struct vl_header_tree *trees;
	size_t ntrees;
	struct vl_header_db *dbs; /* together they decide */
	size_t ndbs;
	struct vl_ledger ledger; /* the lines to write at the end */
};

enum vl_status vl_header_encode(
    struct vl_buf *out, const struct vl_header *h, struct vl_err *err);
enum vl_status vl_header_decode(
    struct vl_header *h, struct vl_slice text, struct vl_err *err);
void vl_header_free(struct vl_header *h);

enum vl_journal_word {
	VL_JOURNAL_PREPARED,
	VL_JOURNAL_UNDO,
	VL_JOURNAL_ENDED, /* applied and finished */
	VL_JOURNAL_UNDONE,
	VL_JOURNAL_ABANDONED,
	VL_JOURNAL_CLEANED /* after the end, of staging inside a root */
};

/* What an operator said of an entry that is not as planned. */
enum vl_choice {
	VL_CHOICE_NONE,
	VL_CHOICE_KEEP_THEIRS,
	VL_CHOICE_TAKE_OURS
};

struct vl_choice_line {
	char *path; /* absolute */
	enum vl_choice choice;
};

/* The journal as it stands. */
struct vl_journal {
	bool present; /* a BEGIN is there */
	struct vl_header header;
	unsigned words; /* bit 1 << enum vl_journal_word for each met */
	struct vl_choice_line *choices;
	size_t nchoices;
};

/* Start a new journal: durable when this returns. */
enum vl_status vl_journal_begin(
    struct vl_state *s, const struct vl_header *h, struct vl_err *err);
/* Append, durably. */
enum vl_status vl_journal_add(
    struct vl_state *s, enum vl_journal_word word, struct vl_err *err);
enum vl_status vl_journal_choose(struct vl_state *s, const char *path,
    enum vl_choice choice, struct vl_err *err);
/* From now on this is the time of the root of `tree` to be put back: it takes
 * the place of what the header says. */
enum vl_status vl_journal_time(struct vl_state *s, size_t tree,
    const struct vl_time *time, struct vl_err *err);
/*
 * Read it, after making what is read durable.  VL_EPENDING when a line other
 * than the last is damaged: nothing is guessed.
 */
enum vl_status vl_journal_load(
    struct vl_journal *j, struct vl_state *s, struct vl_err *err);
bool vl_journal_has(const struct vl_journal *j, enum vl_journal_word word);
enum vl_choice vl_journal_choice(const struct vl_journal *j, const char *path);
void vl_journal_free(struct vl_journal *j);

/* The decision: a self-hashed record that names the import. */
enum vl_status vl_decision_write(struct vl_state *s,
    const uint8_t import[VL_IMPORT_ID_SIZE], struct vl_err *err);
/* `*decided` when the record is there and names `import`; synced first. */
enum vl_status vl_decision_read(struct vl_state *s,
    const uint8_t import[VL_IMPORT_ID_SIZE], bool *decided, struct vl_err *err);
/* After the end: the record is no longer needed. */
enum vl_status vl_decision_drop(struct vl_state *s, struct vl_err *err);

#endif
