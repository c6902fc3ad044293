#ifndef VALISE_FORMAT_INNER_H
#define VALISE_FORMAT_INNER_H

/* Rules of the inner head that who writes and who reads both keep. */

#include <valise/format.h>

#define INNER_CHUNK_MIN 64 /* the gear hash looks back 64 bytes */
#define INNER_CHUNK_MAX (1u << 20)
#define INNER_TIME_SIZE 32

bool inner_chunker_valid(const struct vl_inner_head *h);
/* Ids and files ascend, file 1 is the last. */
bool inner_map_valid(const struct vl_inner_head *h);
/* No packs without chunks, no chunks without packs and map. */
enum vl_status inner_check(const struct vl_inner_head *h, struct vl_err *err);
void inner_time_text(char *text, size_t size, const struct vl_time *t);

#endif
