#ifndef VALISE_CAGE_H
#define VALISE_CAGE_H

/*
 * A child process without rights, for what parses bytes that somebody else
 * wrote: no new privileges, no file system, no network, few system calls,
 * bounded memory, time and descriptors (docs/decisions/0007-cage.md).
 *
 *	open -> (begin -> say, hear ... -> end)* -> close
 *
 * The child shares with its parent some channels, and memory that only the
 * child writes.  What comes out of either is the child's word and no more.
 */

#include <stddef.h>

#include <valise/bytes.h>

#define VL_CAGE_CHANNELS 2
/* Exit code of a child that came to the limit of its memory where it could not
 * even say so. */
#define VL_CAGE_NO_MEMORY 114

/* What this kernel gives. */
struct vl_cage_kernel {
	int landlock; /* its ABI; 0: it has none */
	bool seccomp; /* system calls can be listed */
};
void vl_cage_kernel(struct vl_cage_kernel *k);
/* VL_EIO where one of both is missing, and which. */
enum vl_status vl_cage_require(struct vl_err *err);

struct vl_cage;

/* The child's own view. */
struct vl_cage_inside {
	const void *arg; /* as in the options */
	int channel[VL_CAGE_CHANNELS];
	uint8_t *memory;
	size_t memory_size;
};

struct vl_cage_opts {
	/*
	 * Runs in the child, which is locked but for its system calls: once
	 * its threads are there it calls vl_cage_shut().  What it returns is
	 * the child's exit code; it must not return otherwise.
	 */
	int (*inside)(const struct vl_cage_inside *in);
	const void *arg;
	size_t memory;    /* shared, whole pages; what is not touched is free */
	size_t private;   /* bytes of memory of its own, at most */
	unsigned seconds; /* of processor time until vl_cage_allow() */
};

/*
 * Fork the child.  The caller has no other thread; secrets do not come along
 * (secret.h), and no descriptor.
 */
enum vl_status vl_cage_open(
    struct vl_cage **out, const struct vl_cage_opts *opts, struct vl_err *err);
const uint8_t *vl_cage_memory(const struct vl_cage *c);
size_t vl_cage_memory_size(const struct vl_cage *c);
/* So many seconds more of processor time, for a child that has said something:
 * before, it may not have come to set its limit. */
void vl_cage_allow(struct vl_cage *c, uint64_t seconds);
/* Some times a second while the child is waited for `stop` is asked, on
 * whichever thread that is; once it says so the child is ended. */
void vl_cage_heed(struct vl_cage *c, bool (*stop)(void *arg), void *arg);

/* Messages: kind and length first, perhaps with a descriptor, then so many
 * bytes, into memory of the taker's choice. */
struct vl_cage_message {
	uint32_t kind;
	uint32_t n; /* bytes that follow */
	int fd;     /* -1: none; else the taker's to close */
};

/*
 * The parent's: one conversation at a time on each channel; thread-safe.
 * Where the child is gone they wait for its end and tell what it was.
 *
 * VL_ESIGNAL  asked to stop
 * VL_EFORMAT  the kernel ended the child for a call that it may not make; or
 *             it was condemned
 * VL_EIO      it ended in any other way, or did not answer
 */
void vl_cage_begin(struct vl_cage *c, unsigned channel);
enum vl_status vl_cage_say(struct vl_cage *c, unsigned channel,
    const struct vl_cage_message *m, struct vl_slice body, struct vl_err *err);
enum vl_status vl_cage_hear(struct vl_cage *c, unsigned channel,
    struct vl_cage_message *m, struct vl_err *err);
enum vl_status vl_cage_hear_body(struct vl_cage *c, unsigned channel,
    uint8_t *p, size_t n, struct vl_err *err);
void vl_cage_end(struct vl_cage *c, unsigned channel);
/* Between both: what a speaker left for the next one, NULL at first.  One that
 * asked and did not hear leaves word of it there. */
void **vl_cage_left(struct vl_cage *c, unsigned channel);
/* It broke a rule: end it.  VL_EFORMAT, from now on also of all above;
 * VL_ESIGNAL where it was to stop before. */
enum vl_status vl_cage_condemn(struct vl_cage *c, struct vl_err *err);
/* Ends the child.  NULL is allowed. */
void vl_cage_close(struct vl_cage *c);

/* In the child: no system calls from now on, but for the few of the list, in
 * all its threads.  True also where the kernel cannot, and in a program with
 * a sanitizer, which makes calls of its own. */
bool vl_cage_shut(void);

/* The child's: VL_EIO when the other side is gone. */
enum vl_status vl_cage_put(int channel, const struct vl_cage_message *m,
    struct vl_slice body, struct vl_err *err);
enum vl_status vl_cage_take(
    int channel, struct vl_cage_message *m, struct vl_err *err);
enum vl_status vl_cage_body(
    int channel, uint8_t *p, size_t n, struct vl_err *err);

/* One attempt of a child that is locked as vl_cage_open() locks it. */
enum vl_cage_held {
	VL_CAGE_HELD,      /* it could not, or was ended for it */
	VL_CAGE_ESCAPED,   /* it could */
	VL_CAGE_NOT_TRIED, /* not possible here, so it proves nothing */
};
/* Attempt `i`; NULL in place of its name behind the last. */
const char *vl_cage_trial(
    size_t i, enum vl_cage_held *held, struct vl_err *err);

#endif
