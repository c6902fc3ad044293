#ifndef VALISE_PACK_H
#define VALISE_PACK_H

/*
 * Bundle writer: records in manifest order in, one finished bundle out.
 *
 * It hides chunking, deduplication, solid blocks, lists, the chunk map and
 * the seal.  Nothing with the bundle's final name exists until
 * vl_pack_commit() returns VL_OK.
 *
 *	open -> (record (body)* )* -> commit -> free	a bundle
 *	open -> ... -> free				nothing; `.par` removed
 *
 * The bytes depend on the records and keys alone, not on the number of
 * workers.
 */

#include <valise/format.h>
#include <valise/ids.h>
#include <valise/keys.h>
#include <valise/pool.h>
#include <valise/record.h>
#include <valise/sealform.h>

struct vl_pack;

/* What it points to is borrowed until vl_pack_free(). */
struct vl_pack_opts {
	const char *dir;     /* the medium: where the bundle comes to stand */
	const char *tempdir; /* for what does not fit into memory */
	struct vl_pool *pool;
	const struct vl_key_set *keys;
	const struct vl_ids *ids;
	const struct vl_recipient *recipients;
	size_t nrecipients;
	const struct vl_sender_secret *sender;
	unsigned frame_log2;
	int level;
	/*
	 * id, series, prev, seq, epoch and kind are given; commit, must,
	 * files_root and numbers of files are found.
	 */
	struct vl_head head;
	const char *site;
	const char *environment; /* or NULL */
	const char *tool;
	const struct vl_resource_id *resources;
	size_t nresources;
	struct vl_time created;
	/*
	 * Called with the fingerprint when all is on the medium and synced,
	 * before the bundle gets its name: makes seq durable in the state.
	 */
	enum vl_status (*sealed)(void *arg,
	    const uint8_t fingerprint[VL_HASH_SIZE], struct vl_err *err);
	void *sealed_arg;
};

struct vl_pack_totals {
	uint64_t lines;
	uint64_t body_bytes;   /* read from the source */
	uint64_t stored_bytes; /* of the bundle's files */
	uint64_t chunks;       /* in packs */
	uint64_t duplicates;   /* chunks met again */
	uint64_t secrets;
};

/* VL_ETEMP when `dir` is absent. */
enum vl_status vl_pack_open(
    struct vl_pack **out, const struct vl_pack_opts *opts, struct vl_err *err);
/*
 * Announce a record; its line and tokens are copied.  If it has a body, its
 * bytes follow in pieces until vl_pack_body_end(); a body that is given up
 * (vl_pack_body_abort) takes its record with it, as if neither had come.
 * Lines must come in manifest order.
 */
enum vl_status vl_pack_record(
    struct vl_pack *p, const struct vl_record *rec, struct vl_err *err);
/* Room for the next piece of the body: read straight into it. */
enum vl_status vl_pack_body_room(
    struct vl_pack *p, uint8_t **room, size_t *n, struct vl_err *err);
/* `n` bytes of the room are filled. */
enum vl_status vl_pack_body_fill(
    struct vl_pack *p, size_t n, struct vl_err *err);
/* The next `n` bytes are zero (a hole): costs no time, however many. */
enum vl_status vl_pack_body_skip(
    struct vl_pack *p, uint64_t n, struct vl_err *err);
enum vl_status vl_pack_body_end(struct vl_pack *p, struct vl_err *err);
enum vl_status vl_pack_body_abort(struct vl_pack *p, struct vl_err *err);
/*
 * Write index and seal, sync, read back, rename.  `name` gets the name of
 * the bundle directory ("4g2mzjw2.vls"), at least 16 bytes.
 */
enum vl_status vl_pack_commit(struct vl_pack *p, char *name,
    struct vl_pack_totals *totals, struct vl_err *err);
void vl_pack_totals(const struct vl_pack *p, struct vl_pack_totals *totals);
void vl_pack_free(struct vl_pack *p);

#endif
