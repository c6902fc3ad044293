#ifndef VALISE_SEAL_CHECK_H
#define VALISE_SEAL_CHECK_H

/*
 * What the files of the check of a seal share.
 *
 *	seal_check.c   the names, what the small files say, files_root
 *	check_files.c  every listed file, read and hashed
 */

#include "medium.h"

#define CHECK_FRAMES_MAX (UINT64_C(1) << VL_FILE_LOG2)

enum check_part {
	PART_OTHER,
	PART_README,
	PART_HEAD,
	PART_KEYS,
	PART_INDEX,
	PART_PACK
};

/*
 * A wrong file does not end the check, so that all are told; what does end
 * it is a full spool, a medium that is gone, or who asks to stop.
 */
struct check {
	struct vl_seal *s;
	int dirfd;
	int copyfd; /* -1: no copy, or none any more */
	enum vl_seal_reads reads;
	const struct vl_seal_report *report;
	struct vl_err *err;   /* of the first wrong file */
	enum vl_status first; /* VL_OK: none */
	struct vl_err last;   /* of what ends the check */
	uint64_t *sizes;      /* of the files of the list */
	uint64_t done;        /* bytes read */
	struct vl_buf readme;
};

/* The part that a name stands for; its number, where it has one. */
enum check_part check_part_of(const char *name, uint32_t *number);
/* Report a wrong file; the first is what the check returns. `name` is safe
 * to print. */
void check_wrong(struct check *c, enum vl_status status, const char *name,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Read every listed file once: hash, copy, keep the small ones. */
enum vl_status check_hashes(struct check *c);

#endif
