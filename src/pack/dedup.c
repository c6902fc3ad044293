/*
 * Which chunks are in the packs already: 2^20 ids in sets of eight, the one
 * used longest ago makes room.  Ids are evenly spread, being keyed hashes.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

#define SETS 131072u
#define WAYS 8u

enum vl_status
dedup_init(struct dedup *d, struct vl_err *err)
{
	d->ids = calloc(SETS, WAYS * VL_HASH_SIZE);
	return d->ids == NULL ? vl_fail_memory(err) : VL_OK;
}

void
dedup_free(struct dedup *d)
{
	free(d->ids);
}

bool
dedup_seen(struct dedup *d, const uint8_t id[VL_HASH_SIZE])
{
	struct vl_rd rd = { .rest = { id, VL_HASH_SIZE } };
	uint8_t *set =
	    d->ids + (size_t)(vl_rd_u32le(&rd) % SETS) * WAYS * VL_HASH_SIZE;
	bool seen = false;
	size_t way;

	for (way = 0; way < WAYS - 1; way++)
		if (memcmp(set + way * VL_HASH_SIZE, id, VL_HASH_SIZE) == 0)
			break;
	seen = memcmp(set + way * VL_HASH_SIZE, id, VL_HASH_SIZE) == 0;
	/* The newest first; a new id pushes the last one out. */
	memmove(set + VL_HASH_SIZE, set, way * VL_HASH_SIZE);
	memcpy(set, id, VL_HASH_SIZE);
	return seen;
}
