/*
 * BLAKE2b (RFC 7693) of many short messages under one key.
 *
 * Eight messages go through the same steps beside each other, each in its lane
 * of a vector; a lane whose message ends takes the next one.  What the block of
 * the key makes of the state is the same for all, and made once.  On processors
 * without wide vectors libsodium hashes one after the other.
 */

#include <endian.h>
#include <string.h>

#include <sodium.h>

#include "lanes.h"

#define WORDS  8  /* of the state */
#define BLOCK  16 /* words */
#define BYTES  128
#define LANES  8
#define ROUNDS 12

static const uint64_t start[WORDS] = { UINT64_C(0x6a09e667f3bcc908),
	UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
	UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1),
	UINT64_C(0x9b05688c2b3e6c1f), UINT64_C(0x1f83d9abfb41bd6b),
	UINT64_C(0x5be0cd19137e2179) };

static const uint8_t sigma[ROUNDS][BLOCK] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 }
};

/* The key as the first block. */
static void
key_block(uint64_t m[BLOCK], const uint8_t key[VL_KEY_SIZE])
{
	size_t i = 0;

	memset(m, 0, BYTES);
	memcpy(m, key, VL_KEY_SIZE);
	for (i = 0; i < BLOCK; i++)
		m[i] = le64toh(m[i]);
}

/* 64-bit words, one of each lane; each macro below is one step of RFC 7693,
 * for one lane or for all. */
typedef uint64_t lane_words __attribute__((vector_size(8 * LANES)));

#define ROTATE(x, n) ((x) >> (n) | (x) << (64 - (n)))

#define MIX(v, a, b, c, d, x, y)                                               \
	do {                                                                   \
		(v)[a] += (v)[b] + (x);                                        \
		(v)[d] ^= (v)[a];                                              \
		(v)[d] = ROTATE((v)[d], 32);                                   \
		(v)[c] += (v)[d];                                              \
		(v)[b] ^= (v)[c];                                              \
		(v)[b] = ROTATE((v)[b], 24);                                   \
		(v)[a] += (v)[b] + (y);                                        \
		(v)[d] ^= (v)[a];                                              \
		(v)[d] = ROTATE((v)[d], 16);                                   \
		(v)[c] += (v)[d];                                              \
		(v)[b] ^= (v)[c];                                              \
		(v)[b] = ROTATE((v)[b], 63);                                   \
	} while (0)

#define ROUND(v, m, s)                                                         \
	do {                                                                   \
		MIX(v, 0, 4, 8, 12, (m)[(s)[0]], (m)[(s)[1]]);                 \
		MIX(v, 1, 5, 9, 13, (m)[(s)[2]], (m)[(s)[3]]);                 \
		MIX(v, 2, 6, 10, 14, (m)[(s)[4]], (m)[(s)[5]]);                \
		MIX(v, 3, 7, 11, 15, (m)[(s)[6]], (m)[(s)[7]]);                \
		MIX(v, 0, 5, 10, 15, (m)[(s)[8]], (m)[(s)[9]]);                \
		MIX(v, 1, 6, 11, 12, (m)[(s)[10]], (m)[(s)[11]]);              \
		MIX(v, 2, 7, 8, 13, (m)[(s)[12]], (m)[(s)[13]]);               \
		MIX(v, 3, 4, 9, 14, (m)[(s)[14]], (m)[(s)[15]]);               \
	} while (0)

void
vl_hash_key(struct vl_hash_key *out, const uint8_t key[VL_KEY_SIZE])
{
	uint64_t h[WORDS];
	uint64_t v[2 * WORDS];
	uint64_t m[BLOCK];
	size_t i = 0;

	memcpy(h, start, sizeof(h));
	/* Parameters: sizes of hash and key, and that it is no tree. */
	h[0] ^= UINT64_C(0x01010000) | VL_KEY_SIZE << 8 | VL_HASH_SIZE;
	key_block(m, key);
	memcpy(v, h, sizeof(h));
	memcpy(v + WORDS, start, sizeof(start));
	v[12] ^= BYTES;
	for (i = 0; i < ROUNDS; i++)
		ROUND(v, m, sigma[i]);
	for (i = 0; i < WORDS; i++)
		out->state[i] = h[i] ^ v[i] ^ v[WORDS + i];
	memcpy(out->key, key, VL_KEY_SIZE);
	sodium_memzero(v, sizeof(v));
	sodium_memzero(m, sizeof(m));
	sodium_memzero(h, sizeof(h));
}

struct lane_state {
	union {
		lane_words h[WORDS];
		uint64_t each[WORDS][LANES];
	};
	union {
		lane_words m[BLOCK];
		uint64_t m_each[BLOCK][LANES];
	};
	lane_words at;   /* bytes that were hashed with this block */
	lane_words last; /* all ones: this block is the last one */
};

/* One block of every lane. */
static inline __attribute__((always_inline)) void
compress(struct lane_state *s)
{
	lane_words v[2 * WORDS];
	size_t i = 0;

	for (i = 0; i < WORDS; i++) {
		v[i] = s->h[i];
		v[WORDS + i] = start[i] + (lane_words){ 0 };
	}
	v[12] ^= s->at;
	v[14] ^= s->last;
#pragma GCC unroll 12
	for (i = 0; i < ROUNDS; i++)
		ROUND(v, s->m, sigma[i]);
	for (i = 0; i < WORDS; i++)
		s->h[i] ^= v[i] ^ v[WORDS + i];
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
compress_avx2(struct lane_state *s)
{
	compress(s);
}

__attribute__((target("avx512f"))) static void
compress_avx512(struct lane_state *s)
{
	compress(s);
}

enum lanes
lanes_best(void)
{
	if (__builtin_cpu_supports("avx512f"))
		return LANES_AVX512;
	return __builtin_cpu_supports("avx2") ? LANES_AVX2 : LANES_NONE;
}
#else
#define compress_avx2   compress
#define compress_avx512 compress

enum lanes
lanes_best(void)
{
	return LANES_NONE;
}
#endif

/* What a lane is at. */
struct lane {
	size_t number; /* of its message; of none: as many as there are */
	struct vl_slice rest;
};

static void
begin_message(struct lane_state *s, size_t l, struct lane *lane, size_t number,
    const struct vl_hash_key *key, struct vl_slice message)
{
	size_t i = 0;

	lane->number = number;
	lane->rest = message;
	s->at[l] = BYTES;
	s->last[l] = 0;
	for (i = 0; i < WORDS; i++)
		s->each[i][l] = key->state[i];
}

/* The next block of the lane's message. */
static void
load_block(struct lane_state *s, size_t l, struct lane *lane)
{
	const size_t n = lane->rest.n < BYTES ? lane->rest.n : BYTES;
	const uint8_t *p = lane->rest.p;
	uint8_t part[BYTES];
	uint64_t word = 0;
	size_t i = 0;

	if (n < BYTES) {
		memcpy(part, p, n);
		memset(part + n, 0, BYTES - n);
		p = part;
	}
	for (i = 0; i < BLOCK; i++) {
		memcpy(&word, p + 8 * i, sizeof(word));
		s->m_each[i][l] = le64toh(word);
	}
	lane->rest.p += n;
	lane->rest.n -= n;
	s->at[l] += n;
	if (lane->rest.n == 0)
		s->last[l] = UINT64_MAX;
}

static void
take_hash(uint8_t out[VL_HASH_SIZE], const struct lane_state *s, size_t l)
{
	uint64_t word = 0;
	size_t i = 0;

	for (i = 0; i < VL_HASH_SIZE / 8; i++) {
		word = htole64(s->each[i][l]);
		memcpy(out + 8 * i, &word, sizeof(word));
	}
}

static void
hash_lanes(void (*one)(struct lane_state *s), uint8_t (*out)[VL_HASH_SIZE],
    const struct vl_hash_key *key, const struct vl_slice *messages, size_t n)
{
	struct lane lanes[LANES] = { 0 };
	struct lane_state s;
	size_t busy = 0;
	size_t next = 0;
	size_t l = 0;

	memset(&s, 0, sizeof(s));
	for (l = 0; l < LANES; l++) {
		lanes[l].number = n;
		if (next == n)
			continue;
		begin_message(&s, l, &lanes[l], next, key, messages[next]);
		next++;
		busy++;
	}
	while (busy > 0) {
		for (l = 0; l < LANES; l++)
			if (lanes[l].number < n)
				load_block(&s, l, &lanes[l]);
		one(&s);
		for (l = 0; l < LANES; l++) {
			if (lanes[l].number == n || lanes[l].rest.n > 0)
				continue;
			take_hash(out[lanes[l].number], &s, l);
			lanes[l].number = n;
			if (next < n) {
				begin_message(&s, l, &lanes[l], next, key,
				    messages[next]);
				next++;
			} else {
				busy--;
			}
		}
	}
}

void
lanes_hash(enum lanes how, uint8_t (*out)[VL_HASH_SIZE],
    const struct vl_hash_key *key, const struct vl_slice *messages, size_t n)
{
	const struct vl_hash_opts opts = { .key = key->key };
	size_t i = 0;

	if (how == LANES_AVX2)
		hash_lanes(compress_avx2, out, key, messages, n);
	else if (how == LANES_AVX512)
		hash_lanes(compress_avx512, out, key, messages, n);
	else
		for (i = 0; i < n; i++)
			vl_hash_of(out[i], &opts, messages[i]);
}

void
vl_hash_many(uint8_t (*out)[VL_HASH_SIZE], const struct vl_hash_key *key,
    const struct vl_slice *messages, size_t n)
{
	/* The lanes of a step cost the same when they are empty. */
	lanes_hash(
	    n < LANES / 3 ? LANES_NONE : lanes_best(), out, key, messages, n);
}
