#ifndef VALISE_BASE_RUNS_H
#define VALISE_BASE_RUNS_H

/*
 * Sorted runs in an unlinked file, written one after the other, and the merge
 * of some of them.  A run is a sequence of items, each le32 length and bytes.
 */

#include <sys/types.h>

#include <valise/sort.h>

/* A write or read buffer holds one item of any size, and its length. */
#define RUN_BUFFER_MIN  (VL_SORT_ITEM_MAX + 4096)
#define RUNS_MERGED_MAX 256

struct run {
	off_t at;
	off_t end;
};

/* Buffered appending.  `p` is borrowed. */
struct run_writer {
	int fd;
	off_t at; /* where p[0] goes */
	uint8_t *p;
	size_t n;
};

enum vl_status run_add(
    struct run_writer *w, struct vl_slice item, struct vl_err *err);
enum vl_status run_flush(struct run_writer *w, struct vl_err *err);

/* One run being read.  `p` is borrowed; `item` points into it. */
struct run_reader {
	struct run rest; /* what is not in the buffer yet */
	uint8_t *p;
	size_t cap;
	size_t n;
	size_t next; /* the item after this one */
	struct vl_slice item;
};

/* A merge of `count` runs; `heap` orders the readers, smallest item first. */
struct merge {
	int fd;
	size_t count; /* runs that have an item */
	bool started;
	struct run_reader reader[RUNS_MERGED_MAX];
	struct run_reader *heap[RUNS_MERGED_MAX];
};

/* Start over `runs` of file `fd`; `p` of `size` bytes becomes their buffers. */
enum vl_status merge_start(struct merge *m, const struct run *runs,
    size_t count, uint8_t *p, size_t size, struct vl_err *err);
/* The smallest item, valid until the next call; `item->p` NULL at the end. */
enum vl_status merge_next(
    struct merge *m, struct vl_slice *item, struct vl_err *err);

#endif
