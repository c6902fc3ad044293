#ifndef UNPACK_TALK_H
#define UNPACK_TALK_H

/*
 * The parent's side of what is said to a child in a cage: requests and their
 * answers, one at a time on each channel, and the files of the bundle that the
 * child asks for meanwhile.
 */

#include <valise/cage.h>
#include <valise/unpack.h>

#define VL_TALK_RECORDS 0 /* channels */
#define VL_TALK_BLOCKS  1

struct vl_talk {
	struct vl_cage *cage;
	int dirfd;         /* of the bundle */
	uint32_t files[3]; /* how many there are, by enum vl_file_type */
	uint32_t reader;   /* who is asked */
	/* A batch was asked for; `next` is it once it is heard, or why not. */
	bool ahead;
	struct vl_buf next;
	enum vl_status heard;
	struct vl_err failure;
};

/* Begin to speak about records: first is heard what was asked ahead. */
void vl_talk_begin(struct vl_cage *cage);

/* What the child answers to a request: its body into `reply`, or its failure
 * into `err`. */
enum vl_status vl_talk_hear(struct vl_talk *t, unsigned channel,
    struct vl_buf *reply, struct vl_err *err);

/* Ask the reader for `kind`, and hear; without a `reply` only the former. */
enum vl_status vl_talk_ask(struct vl_talk *t, uint32_t kind, uint32_t with,
    struct vl_buf *reply, struct vl_err *err);

/* The next batch, to be heard when it is wanted.  What fails here fails again
 * then. */
void vl_talk_ask_ahead(struct vl_talk *t, uint32_t with);

/* It changes places with `batch`. */
enum vl_status vl_talk_take_ahead(
    struct vl_talk *t, struct vl_buf *batch, struct vl_err *err);

/* Ask about one small text that is of no reader. */
enum vl_status vl_talk_ask_small(struct vl_cage *cage, uint32_t kind,
    struct vl_slice text, struct vl_buf *reply, struct vl_err *err);

void vl_talk_free(struct vl_talk *t);

#endif
