/*
 * Merkle root of a manifest (formats/manifest.md) in the shape of RFC 6962:
 * leaves and nodes are hashed under different keys.
 *
 * The stack holds the roots of the perfect subtrees that the leaves so far
 * make, in their order.  Of leaves from the first on there is one for each bit
 * of their number, largest first; of others those on the left grow before.
 */

#include <string.h>

#include "ids_keys.h"

/* Leaves whose subtree is made level by level, of each level all at once. */
#define SUBTREE_LEVEL 8
#define SUBTREE       (1u << SUBTREE_LEVEL)

static void
hash_node(const struct vl_ids *ids, uint8_t out[VL_HASH_SIZE],
    const uint8_t left[VL_HASH_SIZE], const uint8_t right[VL_HASH_SIZE])
{
	uint8_t both[2 * VL_HASH_SIZE];
	const struct vl_slice node = { both, sizeof(both) };
	uint8_t hash[1][VL_HASH_SIZE];

	memcpy(both, left, VL_HASH_SIZE);
	memcpy(both + VL_HASH_SIZE, right, VL_HASH_SIZE);
	vl_hash_many(hash, &ids->node, &node, 1);
	memcpy(out, hash[0], VL_HASH_SIZE);
}

void
vl_merkle_init(struct vl_merkle *m, uint64_t first)
{
	m->next = first;
	m->depth = 0;
}

/* The root of the perfect subtree of 2^level leaves that comes next. */
static void
push(struct vl_merkle *m, const struct vl_ids *ids,
    const uint8_t root[VL_HASH_SIZE], unsigned level)
{
	uint64_t at = m->next >> level;
	uint8_t hash[VL_HASH_SIZE];

	memcpy(hash, root, VL_HASH_SIZE);
	m->next += UINT64_C(1) << level;
	for (;
	     (at & 1) != 0 && m->depth > 0 && m->levels[m->depth - 1] == level;
	     at >>= 1, level++)
		hash_node(ids, hash, m->stack[--m->depth], hash);
	memcpy(m->stack[m->depth], hash, VL_HASH_SIZE);
	m->levels[m->depth++] = (uint8_t)level;
}

/* The root of 2^level leaves. */
static void
hash_subtree(const struct vl_ids *ids, uint8_t root[VL_HASH_SIZE],
    const struct vl_slice *leaves, unsigned level)
{
	uint8_t below[SUBTREE][VL_HASH_SIZE];
	uint8_t above[SUBTREE / 2][VL_HASH_SIZE];
	struct vl_slice pairs[SUBTREE / 2];
	size_t n = (size_t)1 << level;
	size_t i;

	vl_hash_many(below, &ids->leaf, leaves, n);
	while (n > 1) {
		n /= 2;
		for (i = 0; i < n; i++)
			pairs[i] =
			    (struct vl_slice){ below[2 * i], 2 * VL_HASH_SIZE };
		vl_hash_many(above, &ids->node, pairs, n);
		memcpy(below, above, n * VL_HASH_SIZE);
	}
	memcpy(root, below[0], VL_HASH_SIZE);
}

void
vl_merkle_add_all(struct vl_merkle *m, const struct vl_ids *ids,
    const struct vl_slice *leaves, size_t n)
{
	uint8_t root[VL_HASH_SIZE];
	unsigned level;

	while (n > 0) {
		/* The largest that may stand here and is there. */
		for (level = 0; level < SUBTREE_LEVEL &&
		     (m->next >> level & 1) == 0 && n >> level > 1;
		     level++)
			;
		hash_subtree(ids, root, leaves, level);
		push(m, ids, root, level);
		leaves += (size_t)1 << level;
		n -= (size_t)1 << level;
	}
}

void
vl_merkle_add(
    struct vl_merkle *m, const struct vl_ids *ids, struct vl_slice leaf)
{
	vl_merkle_add_all(m, ids, &leaf, 1);
}

void
vl_merkle_join(struct vl_merkle *m, const struct vl_ids *ids,
    const struct vl_merkle *behind)
{
	size_t i;

	for (i = 0; i < behind->depth; i++)
		push(m, ids, behind->stack[i], behind->levels[i]);
}

void
vl_merkle_root(const struct vl_merkle *m, const struct vl_ids *ids,
    uint8_t out[VL_HASH_SIZE])
{
	const struct vl_hash_opts opts = { .key = ids->leaf.key };
	size_t depth = m->depth;

	if (depth == 0) {
		vl_hash_of(out, &opts, (struct vl_slice){ NULL, 0 });
		return;
	}
	memcpy(out, m->stack[--depth], VL_HASH_SIZE);
	while (depth > 0)
		hash_node(ids, out, m->stack[--depth], out);
}
