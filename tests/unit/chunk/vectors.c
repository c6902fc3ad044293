/* Every vector of formats/vectors/gear1 is cut where it says. */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include <valise/chunk.h>

struct vector {
	struct vl_chunker chunker;
	struct vl_buf data;
	char cuts[4096];
	bool cuts_given;
};

static uint64_t
next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void
take_gear(struct vector *v, uint64_t seed)
{
	size_t i;

	for (i = 0; i < 256; i++)
		v->chunker.gear[i] = next(&seed);
}

/* `n` bytes of the little-endian numbers of the generator. */
static void
take_random(struct vector *v, uint64_t seed, size_t n)
{
	uint8_t word[8];
	size_t size;

	for (; n > 0; n -= size) {
		vl_put_u64le(word, next(&seed));
		size = n < sizeof(word) ? n : sizeof(word);
		assert_int_equal(VL_OK,
		    vl_buf_add(
		        &v->data, (struct vl_slice){ word, size }, NULL));
	}
}

static void
take_bytes(struct vector *v, uint8_t byte, size_t n)
{
	struct vl_slice one = { &byte, 1 };

	for (; n > 0; n--)
		assert_int_equal(VL_OK, vl_buf_add(&v->data, one, NULL));
}

static void
take(struct vector *v, const char *text)
{
	uint64_t a = 0;
	uint64_t b = 0;

	if (strncmp(text, "comment: ", 9) == 0)
		return;
	if (sscanf(text, "gear: splitmix64 %" SCNu64, &a) == 1) {
		take_gear(v, a);
	} else if (sscanf(text, "set: %" SCNu64 " %" SCNx64, &a, &b) == 2) {
		assert_true(a < 256);
		v->chunker.gear[a] = b;
	} else if (sscanf(text, "min: %" SCNu32, &v->chunker.min) == 1 ||
	    sscanf(text, "avg: %" SCNu32, &v->chunker.avg) == 1 ||
	    sscanf(text, "max: %" SCNu32, &v->chunker.max) == 1) {
		return;
	} else if (sscanf(text, "data: splitmix64 %" SCNu64 " %" SCNu64, &a,
	               &b) == 2) {
		take_random(v, a, b);
	} else if (sscanf(text, "data: byte %" SCNu64 " %" SCNu64, &a, &b) ==
	    2) {
		assert_true(a < 256);
		take_bytes(v, (uint8_t)a, b);
	} else {
		/* An unknown key is a broken vector, never one to skip. */
		assert_int_equal(0, strncmp(text, "cuts:", 5));
		assert_false(v->cuts_given);
		v->cuts_given = true;
		memcpy(v->cuts, text + 5, strlen(text + 5) + 1);
	}
}

static void
vector_load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char text[sizeof(v->cuts)];

	assert_non_null(f);
	memset(v, 0, sizeof(*v));
	while (fgets(text, sizeof(text), f) != NULL)
		take(v, text);
	assert_int_equal(0, fclose(f));
	assert_true(v->cuts_given);
	assert_true(v->chunker.min >= 64 && v->chunker.max > v->chunker.avg);
}

/* All cuts, as the vector writes them. */
static void
cut_all(const struct vector *v, struct vl_buf *out)
{
	struct vl_slice rest = vl_buf_slice(&v->data);
	size_t n;

	while (rest.n > 0) {
		n = vl_chunk_cut(&v->chunker, rest);
		assert_true(n > 0 && n <= rest.n);
		assert_int_equal(VL_OK, vl_buf_printf(out, NULL, " %zu", n));
		rest.p += n;
		rest.n -= n;
	}
	assert_int_equal(VL_OK, vl_buf_printf(out, NULL, "\n"));
}

static void
cuts_gear1_vectors(void **state)
{
	struct vector *v = malloc(sizeof(*v));
	struct vl_buf got = { 0 };
	glob_t found;
	size_t i;

	(void)state;
	assert_non_null(v);
	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/vectors/gear1/*", 0, NULL, &found));
	assert_true(found.gl_pathc >= 15); /* an empty folder must not pass */
	for (i = 0; i < found.gl_pathc; i++) {
		print_message("%s\n", found.gl_pathv[i]);
		vector_load(v, found.gl_pathv[i]);
		vl_buf_clear(&got);
		cut_all(v, &got);
		assert_int_equal(strlen(v->cuts), got.n);
		assert_memory_equal(v->cuts, got.p, got.n);
		vl_buf_free(&v->data);
	}
	globfree(&found);
	free(v);
	vl_buf_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_gear1_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
