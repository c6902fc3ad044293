/*
 * Names of content under the series key: KDF(SK,1) chunk ids, (SK,2) the
 * gear table, (SK,3) content hashes, (SK,4) and (SK,5) leaves and nodes of
 * the Merkle tree, (SK,6) resource hashes, (SK,8) the commitment
 * (formats/keys.md, formats/manifest.md).
 */

#include <string.h>

#include <valise/ids.h>
#include <valise/secret.h>

#include "ids_keys.h"

static const char context[8] = { 'v', 'l', 's', '1', 's', 'e', 'r', 'i' };

enum {
	SERIES_CHUNK = 1,
	SERIES_GEAR = 2,
	SERIES_CONTENT = 3,
	SERIES_LEAF = 4,
	SERIES_NODE = 5,
	SERIES_RESOURCE = 6,
	SERIES_COMMIT = 8
};

/* The table is the little-endian reading of a key stream. */
static void
fill_gear(uint64_t gear[256], const uint8_t seed[VL_KEY_SIZE])
{
	struct vl_rd rd = { .rest = { (uint8_t *)gear, 256 * sizeof(*gear) } };
	size_t i;

	vl_random_from((uint8_t *)gear, 256 * sizeof(*gear), seed);
	for (i = 0; i < 256; i++)
		gear[i] = vl_rd_u64le(&rd);
}

enum vl_status
vl_ids_new(struct vl_ids **out, const uint8_t sk[VL_KEY_SIZE],
    uint32_t chunk_min, uint32_t chunk_avg, uint32_t chunk_max,
    struct vl_err *err)
{
	struct vl_ids *ids;

	*out = NULL;
	if (chunk_min < 64 || chunk_min >= chunk_avg ||
	    chunk_avg >= chunk_max || chunk_max > VL_CHUNK_MAX_LIMIT ||
	    (chunk_avg & (chunk_avg - 1)) != 0)
		return vl_fail(err, VL_EFORMAT,
		    "chunk sizes %u, %u, %u (min, avg, max) are not allowed",
		    chunk_min, chunk_avg, chunk_max);
	ids = vl_secret_alloc(sizeof(*ids));
	if (ids == NULL)
		return vl_fail_memory(err);
	ids->chunker.min = chunk_min;
	ids->chunker.avg = chunk_avg;
	ids->chunker.max = chunk_max;
	vl_kdf(ids->seed, SERIES_GEAR, context, sk);
	fill_gear(ids->chunker.gear, ids->seed);
	vl_kdf(ids->chunk, SERIES_CHUNK, context, sk);
	vl_kdf(ids->content, SERIES_CONTENT, context, sk);
	vl_kdf(ids->seed, SERIES_LEAF, context, sk);
	vl_hash_key(&ids->leaf, ids->seed);
	vl_kdf(ids->seed, SERIES_NODE, context, sk);
	vl_hash_key(&ids->node, ids->seed);
	vl_kdf(ids->resource, SERIES_RESOURCE, context, sk);
	vl_kdf(ids->commit, SERIES_COMMIT, context, sk);
	*out = ids;
	return VL_OK;
}

void
vl_ids_free(struct vl_ids *ids)
{
	vl_secret_free(ids);
}

const struct vl_chunker *
vl_ids_chunker(const struct vl_ids *ids)
{
	return &ids->chunker;
}

void
vl_ids_chunk(
    const struct vl_ids *ids, uint8_t id[VL_HASH_SIZE], struct vl_slice chunk)
{
	const struct vl_hash_opts opts = { .key = ids->chunk };

	vl_hash_of(id, &opts, chunk);
}

static void
add_counted(struct vl_hash *h, struct vl_slice part)
{
	uint8_t n[4];

	vl_put_u32le(n, (uint32_t)part.n);
	vl_hash_add(h, (struct vl_slice){ n, sizeof(n) });
	vl_hash_add(h, part);
}

void
vl_ids_resource(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE],
    struct vl_slice machine_id, struct vl_slice path)
{
	const struct vl_hash_opts opts = { .key = ids->resource };
	struct vl_hash h;

	vl_hash_init(&h, &opts);
	add_counted(&h, machine_id);
	add_counted(&h, path);
	vl_hash_end(&h, out);
}

void
vl_ids_commitment(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE])
{
	memcpy(out, ids->commit, VL_HASH_SIZE);
}

void
vl_content_begin(
    struct vl_content_hash *h, const struct vl_ids *ids, uint64_t size)
{
	const struct vl_hash_opts opts = { .key = ids->content };
	uint8_t n[8];

	vl_hash_init(&h->hash, &opts);
	vl_put_u64le(n, size);
	vl_hash_add(&h->hash, (struct vl_slice){ n, sizeof(n) });
}

void
vl_content_add(
    struct vl_content_hash *h, uint64_t offset, const uint8_t id[VL_HASH_SIZE])
{
	uint8_t part[8 + VL_HASH_SIZE];

	vl_put_u64le(part, offset);
	memcpy(part + 8, id, VL_HASH_SIZE);
	vl_hash_add(&h->hash, (struct vl_slice){ part, sizeof(part) });
}

void
vl_content_end(struct vl_content_hash *h, uint8_t out[VL_CONTENT_HASH_SIZE])
{
	vl_hash_end(&h->hash, out);
}
