#ifndef VALISE_SEAL_OUTFILE_H
#define VALISE_SEAL_OUTFILE_H

/*
 * One encrypted file on its way to the medium.
 *
 *	create -> append* -> finish (a job) -> free
 *
 * append and finish run on threads of the stream, one after the other.
 */

#include <valise/stream.h>

struct outfile {
	struct vl_job finish; /* sync, read back; the digest is valid then */
	uint8_t header[VL_FILE_HEADER_SIZE];
	uint8_t *key; /* of the frames, locked memory */
	struct vl_stream_file info;
	struct vl_hash hash; /* what the seal says of it */
	struct vl_xxh sum;   /* what reading back is held against */
	uint64_t paced;      /* bytes whose write-back was started */
	int dirfd;           /* borrowed */
	int fd;
	char name[VL_FILE_NAME_SIZE];
	struct outfile *next;
};

/* Create the file and write its header under a fresh salt. */
enum vl_status outfile_create(struct outfile **out,
    const struct vl_stream_opts *opts, uint32_t number, struct vl_err *err);
enum vl_status outfile_append(
    struct outfile *f, struct vl_slice bytes, struct vl_err *err);
void outfile_free(struct outfile *f);

#endif
