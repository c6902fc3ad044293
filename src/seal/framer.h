#ifndef VALISE_SEAL_FRAMER_H
#define VALISE_SEAL_FRAMER_H

/*
 * Plain bytes to encrypted files: cuts them into frames, encrypts those on
 * the pool, and has two threads of its own, one that appends frames in order
 * and one that syncs full files and reads them back.
 *
 *	new -> (begin -> add* -> end)* -> finish -> free
 */

#include <valise/stream.h>

struct framer;

/* `opts` is copied. */
enum vl_status framer_new(
    struct framer **out, const struct vl_stream_opts *opts, struct vl_err *err);
void framer_free(struct framer *f);

/* Start the next file. */
enum vl_status framer_begin(struct framer *f, struct vl_err *err);
bool framer_is_open(const struct framer *f);
/* Where the next byte comes to stand. */
uint32_t framer_number(const struct framer *f);
uint64_t framer_offset(const struct framer *f);
/* `n` more bytes are still within the frames that a file may have. */
bool framer_has_room(const struct framer *f, size_t n);
enum vl_status framer_add(
    struct framer *f, struct vl_slice bytes, struct vl_err *err);
/* Fill the last frame up with zeros; the file is finished meanwhile. */
void framer_end(struct framer *f);
/* Wait until all ended files are on the medium. */
enum vl_status framer_finish(struct framer *f, struct vl_err *err);
const struct vl_stream_file *framer_files(const struct framer *f, size_t *n);

#endif
