/*
 * Merkle root of a manifest (formats/manifest.md) in the shape of RFC 6962:
 * leaves and nodes are hashed under different keys.
 *
 * The stack holds the roots of the perfect subtrees that the leaves so far
 * make, largest first: one for each bit of their number.
 */

#include <string.h>

#include "ids_keys.h"

static void
hash_node(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE],
    const uint8_t left[VL_HASH_SIZE], const uint8_t right[VL_HASH_SIZE])
{
	const struct vl_hash_opts opts = { .key = ids->node };
	uint8_t both[2 * VL_HASH_SIZE];

	memcpy(both, left, VL_HASH_SIZE);
	memcpy(both + VL_HASH_SIZE, right, VL_HASH_SIZE);
	vl_hash_of(out, &opts, (struct vl_slice){ both, sizeof(both) });
}

static size_t
bits_of(uint64_t n)
{
	size_t bits = 0;

	for (; n != 0; n &= n - 1)
		bits++;
	return bits;
}

void
vl_merkle_init(struct vl_merkle *m)
{
	m->leaves = 0;
}

void
vl_merkle_add(
    struct vl_merkle *m, const struct vl_ids *ids, struct vl_slice leaf)
{
	const struct vl_hash_opts opts = { .key = ids->leaf };
	size_t depth = bits_of(m->leaves);
	uint8_t hash[VL_HASH_SIZE];
	uint64_t n;

	vl_hash_of(hash, &opts, leaf);
	for (n = m->leaves; (n & 1) != 0; n >>= 1)
		hash_node(ids, hash, m->stack[--depth], hash);
	memcpy(m->stack[depth], hash, VL_HASH_SIZE);
	m->leaves++;
}

void
vl_merkle_root(const struct vl_merkle *m, const struct vl_ids *ids,
    uint8_t out[VL_HASH_SIZE])
{
	const struct vl_hash_opts opts = { .key = ids->leaf };
	size_t depth = bits_of(m->leaves);

	if (depth == 0) {
		vl_hash_of(out, &opts, (struct vl_slice){ NULL, 0 });
		return;
	}
	memcpy(out, m->stack[--depth], VL_HASH_SIZE);
	while (depth > 0)
		hash_node(ids, out, m->stack[--depth], out);
}
