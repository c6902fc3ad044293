#ifndef VALISE_STATE_H
#define VALISE_STATE_H

/*
 * What a side remembers of a site: one directory BASE/SITE, mode 0700, with
 * its identity, lock, series (source), sender key, trusted senders, journal,
 * decision, ledger, what was brought, spool and shadow (target).
 * docs/transaction.md names each file.
 *
 *	open -> lock? -> ... -> free
 */

#include <valise/bytes.h>
#include <valise/crypt.h>
#include <valise/secret.h>

#define VL_STATE_ID_SIZE 16

struct vl_state;

/* Open BASE/SITE; made when `create`.  VL_EUSAGE when absent, another user's,
 * writable by others, or (not of `dir`) a link. */
struct vl_state_opts {
	const char *base; /* or NULL with `dir` */
	const char *site;
	const char *dir; /* the directory itself, instead of base and site */
	bool create;
};
enum vl_status vl_state_open(struct vl_state **out,
    const struct vl_state_opts *opts, struct vl_err *err);
int vl_state_fd(const struct vl_state *s);
const char *vl_state_path(const struct vl_state *s);
const uint8_t *vl_state_identity(const struct vl_state *s);
/* flock; VL_ELOCKED says who holds it and since when.  Waits up to `wait`
 * seconds, VL_ESIGNAL when a signal comes meanwhile.  Released by free, or by
 * the end of the process. */
enum vl_status vl_state_lock(
    struct vl_state *s, unsigned wait, struct vl_err *err);
/* Whether a run holds the lock right now; changes nothing. */
bool vl_state_is_locked(const struct vl_state *s);
/* VL_ELOCKED: `staging`, safe to print, is of an import whose state is `path`:
 * one that runs, told with who and since when, or one to be recovered. */
enum vl_status vl_state_fail_foreign(
    const char *staging, const char *path, struct vl_err *err);
/* Under the lock: remove temporary files that a killed run left. */
enum vl_status vl_state_tidy(struct vl_state *s, struct vl_err *err);
void vl_state_free(struct vl_state *s);

/* Beside the series: who signs it, and the site's own key where it has one. */
#define VL_STATE_SIGNER     "signer"
#define VL_STATE_SENDER_KEY "sender.key"
#define VL_STATE_SENDER_PUB "sender.pub"

/* The source's series: made on first use, file `series`, mode 0600. */
struct vl_series {
	uint8_t id[16];
	uint64_t epoch;
	uint64_t seq;     /* last one issued; 0: none */
	uint8_t prev[32]; /* fingerprint of the last one issued */
	uint8_t *sk;      /* VL_KEY_SIZE, locked; owned */
	uint8_t *tk;
};
enum vl_status vl_series_load(
    struct vl_series *series, struct vl_state *s, struct vl_err *err);
/* Whether there is one; it is not made. */
enum vl_status vl_series_exists(
    bool *there, struct vl_state *s, struct vl_err *err);
/* Durable: put one from elsewhere into a state that has none; its numbers go
 * on behind series->seq.  VL_EUSAGE where there is one. */
enum vl_status vl_series_adopt(
    struct vl_state *s, const struct vl_series *series, struct vl_err *err);
/* Durable: `seq` was issued with fingerprint `head`. */
enum vl_status vl_series_issue(struct vl_state *s, struct vl_series *series,
    uint64_t seq, const uint8_t head[32], struct vl_err *err);
/*
 * Durable: the next epoch, with other keys; id and numbers go on.  VL_EREFUSED
 * where there is no further epoch.  After a failure `series` is as before; the
 * state has the one or the other.
 */
enum vl_status vl_series_rotate(
    struct vl_state *s, struct vl_series *series, struct vl_err *err);
void vl_series_free(struct vl_series *series);

/* Senders accepted on a terminal: raw bytes of sender.pub by key id. */
enum vl_status vl_state_accept_sender(struct vl_state *s,
    struct vl_slice public_text, const char *key_id_hex, struct vl_err *err);
/* Call `each` for every accepted sender's file content, which has at most
 * `max` bytes: VL_ELIMIT where it has more. */
enum vl_status vl_state_each_sender(struct vl_state *s, size_t max,
    enum vl_status (*each)(void *arg, struct vl_slice text, struct vl_err *err),
    void *arg, struct vl_err *err);

/*
 * Ledger: a line for each (series, resource): high-water seq and the head
 * applied.  And for each series the sender it is pinned to (resource "").
 * Replaced as a whole, durably.
 */
struct vl_ledger_line {
	uint8_t series[16];
	char resource[65];  /* "" : the pin of the series */
	uint64_t seq;       /* high water */
	uint8_t head[32];   /* fingerprint applied; zeros: none */
	uint8_t sender[32]; /* public key; of the pin */
	uint64_t epoch;     /* highest that was met; of the pin, 0: not known */
};
struct vl_ledger {
	struct vl_ledger_line *lines;
	size_t n;
};
enum vl_status vl_ledger_load(
    struct vl_ledger *l, struct vl_state *s, struct vl_err *err);
const struct vl_ledger_line *vl_ledger_find(
    const struct vl_ledger *l, const uint8_t series[16], const char *resource);
/* Set or add, in memory. */
enum vl_status vl_ledger_set(
    struct vl_ledger *l, const struct vl_ledger_line *line, struct vl_err *err);
enum vl_status vl_ledger_save(
    const struct vl_ledger *l, struct vl_state *s, struct vl_err *err);
enum vl_status vl_ledger_encode(
    struct vl_buf *out, const struct vl_ledger *l, struct vl_err *err);
enum vl_status vl_ledger_decode(
    struct vl_ledger *l, struct vl_slice text, struct vl_err *err);
void vl_ledger_free(struct vl_ledger *l);

/*
 * A failed sync is remembered for this boot: later runs believe nothing on
 * that file system.  note is best effort and never fails the caller.
 */
void vl_state_note_failed_sync(struct vl_state *s, const char *where);
/* VL_EPENDING when one was noted in this boot. */
enum vl_status vl_state_check_sync(struct vl_state *s, struct vl_err *err);

#endif
