/*
 * Reading a file of frames and records: what is right comes out as it went
 * in, also across frames; what a holder of the keys could forge is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zstd.h>

#include <valise/secret.h>
#include <valise/stream.h>

#include "../frames.h"

#define PLAIN (65536 - VL_TAG_SIZE)

static const uint8_t id[VL_ID_SIZE] = { 1, 2, 3 };
static const uint8_t root[VL_KEY_SIZE] = { 4, 5, 6 };

struct place {
	char dir[64];
	int dirfd;
	uint8_t noise[3 * PLAIN];
};

static int
make_place(void **state)
{
	static const uint8_t seed[VL_KEY_SIZE] = { 7 };
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	(void)snprintf(p->dir, sizeof(p->dir), "stream_r.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	p->dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->dirfd >= 0);
	vl_random_from(p->noise, sizeof(p->noise), seed);
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;
	struct vl_err err;

	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, p->dir, &err));
	(void)close(p->dirfd);
	free(p);
	return 0;
}

static struct vl_stream_expect
expect(const struct place *p)
{
	return (struct vl_stream_expect){ .dirfd = p->dirfd,
		.type = VL_FILE_INDEX,
		.number = 3,
		.frame_log2 = 16,
		.id = id,
		.root = root };
}

static uint32_t
write_file(struct place *p, struct frames *f, uint32_t extra)
{
	struct frames_place at = { .dirfd = p->dirfd,
		.type = VL_FILE_INDEX,
		.number = 3,
		.frame_log2 = 16,
		.id = id,
		.root = root,
		.extra = extra };

	return frames_write(f, &at);
}

/* Read and decode all records; `*n` of them. */
static enum vl_status
read_records(struct place *p, size_t *n, struct vl_err *err)
{
	struct vl_stream_expect e = expect(p);
	struct vl_stream_r *r = NULL;
	struct vl_stored s;
	uint8_t *plain = malloc(VL_RECORD_PLAIN_MAX);
	enum vl_status st;
	bool end = false;

	assert_non_null(plain);
	*n = 0;
	st = vl_stream_r_open(&r, &e, err);
	while (st == VL_OK) {
		st = vl_stream_r_next(r, &s, &end, err);
		if (st != VL_OK || end)
			break;
		st = vl_stored_decode(plain, &s, NULL, err);
		(*n)++;
	}
	vl_stream_r_free(r);
	free(plain);
	return st;
}

static void
assert_refused(struct place *p, struct frames *f, const char *why)
{
	struct vl_err err = { 0 };
	size_t n;

	(void)write_file(p, f, 0);
	assert_int_equal(VL_EFORMAT, read_records(p, &n, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static uint64_t
add_lines(struct frames *f, const uint8_t *p, size_t n)
{
	return frames_raw(f, VL_RECORD_LINES, 1, (struct vl_slice){ 0 },
	    (struct vl_slice){ p, n });
}

static void
records_of_any_length_come_back(void **state)
{
	/* Ends at, just before and behind the end of a frame. */
	static const size_t first[] = { 1, PLAIN - 96, PLAIN - 65, PLAIN - 64,
		PLAIN - 63, PLAIN - 33, PLAIN - 32, PLAIN - 31, PLAIN - 1,
		PLAIN, PLAIN + 1, 2 * PLAIN - 64, 2 * PLAIN + 5 };
	struct place *p = *state;
	struct vl_stream_expect e = expect(p);
	struct vl_stream_r *r = NULL;
	struct frames f = { 0 };
	struct vl_stored s;
	struct vl_err err;
	uint64_t second;
	bool end;
	size_t i;

	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		(void)add_lines(&f, p->noise, first[i]);
		second = add_lines(&f, p->noise + 1, 40);
		(void)write_file(p, &f, 0);
		assert_int_equal(VL_OK, vl_stream_r_open(&r, &e, &err));
		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &err));
		assert_false(end);
		assert_int_equal(first[i], s.stored.n);
		assert_memory_equal(p->noise, s.stored.p, first[i]);

		/* Random access moves nothing. */
		assert_int_equal(VL_OK, vl_stream_r_at(r, second, &s, &err));
		assert_memory_equal(p->noise + 1, s.stored.p, 40);
		assert_int_equal(VL_OK, vl_stream_r_at(r, 0, &s, &err));
		assert_memory_equal(p->noise, s.stored.p, first[i]);

		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &err));
		assert_true(!end && s.offset == second);
		assert_memory_equal(p->noise + 1, s.stored.p, 40);
		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &err));
		assert_true(end);
		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &err));
		assert_true(end);
		vl_stream_r_free(r);
	}
}

static void
an_empty_stream_has_one_frame(void **state)
{
	struct place *p = *state;
	struct frames f = { 0 };
	struct vl_err err;
	size_t n;

	assert_int_equal(1, write_file(p, &f, 0));
	assert_int_equal(VL_OK, read_records(p, &n, &err));
	assert_int_equal(0, n);
	assert_int_equal(2, write_file(p, &f, 1));
	assert_int_equal(VL_EFORMAT, read_records(p, &n, &err));
}

static void
refuses_a_superfluous_frame(void **state)
{
	static const size_t sizes[] = { 1, PLAIN - 32, PLAIN - 33, PLAIN };
	struct place *p = *state;
	struct frames f = { 0 };
	struct vl_err err;
	size_t n;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		(void)add_lines(&f, p->noise, sizes[i]);
		(void)write_file(p, &f, 0);
		assert_int_equal(VL_OK, read_records(p, &n, &err));
		(void)add_lines(&f, p->noise, sizes[i]);
		(void)write_file(p, &f, 1);
		assert_int_equal(VL_EFORMAT, read_records(p, &n, &err));
		assert_non_null(strstr(err.text, "frames where the records"));
	}
}

static void
refuses_padding_that_is_not_zero(void **state)
{
	struct place *p = *state;
	struct frames f = { 0 };
	static const uint8_t zeros[40];
	uint8_t last = 1;

	(void)add_lines(&f, p->noise, 100);
	frames_bytes(&f, zeros, sizeof(zeros));
	frames_bytes(&f, &last, 1);
	assert_refused(p, &f, "padding");

	/* Fewer than 32 bytes are left. */
	(void)add_lines(&f, p->noise, PLAIN - 32 - 20);
	frames_bytes(&f, zeros, 19);
	frames_bytes(&f, &last, 1);
	assert_refused(p, &f, "padding");
	(void)add_lines(&f, p->noise, PLAIN - 32 - 20);
	frames_bytes(&f, &last, 1);
	assert_refused(p, &f, "padding");
}

static void
refuses_ordinals_with_a_gap(void **state)
{
	struct place *p = *state;
	struct frames f = { 0 };

	(void)add_lines(&f, p->noise, 100);
	f.ordinal++;
	(void)add_lines(&f, p->noise, 100);
	assert_refused(p, &f, "ordinal 2 and is 1");
	f.ordinal = 1;
	(void)add_lines(&f, p->noise, 100);
	assert_refused(p, &f, "ordinal 1 and is 0");
}

static void
refuses_a_record_past_the_end(void **state)
{
	struct vl_record_header h = { .kind = VL_RECORD_LINES,
		.items = 1,
		.stored = PLAIN - 31,
		.plain = PLAIN - 31 };
	struct place *p = *state;
	struct frames f = { 0 };

	(void)frames_record(
	    &f, &h, (struct vl_slice){ 0 }, (struct vl_slice){ p->noise, 100 });
	assert_refused(p, &f, "past the end");

	/* The table of a block counts. */
	h.kind = VL_RECORD_BLOCK;
	h.items = 16000;
	h.stored = 20000;
	h.plain = 20000;
	(void)frames_record(
	    &f, &h, (struct vl_slice){ 0 }, (struct vl_slice){ p->noise, 100 });
	assert_refused(p, &f, "past the end");
}

static void
refuses_a_wrong_checksum(void **state)
{
	struct vl_record_header h = {
		.kind = VL_RECORD_LINES, .items = 1, .stored = 100, .plain = 100
	};
	struct place *p = *state;
	struct frames f = { 0 };

	h.xxh = vl_xxh64((struct vl_slice){ p->noise, 100 }) ^ 1;
	(void)frames_record(
	    &f, &h, (struct vl_slice){ 0 }, (struct vl_slice){ p->noise, 100 });
	assert_refused(p, &f, "XXH3");
}

/* One zstd record of `n` stored bytes for 2,000 plain ones. */
static void
add_zstd(struct frames *f, const uint8_t *stored, size_t n)
{
	static const uint8_t plain[2000];
	struct vl_record_header h = { .kind = VL_RECORD_LINES,
		.zstd = true,
		.items = 1,
		.stored = (uint32_t)n,
		.plain = sizeof(plain) };

	h.xxh = vl_xxh64((struct vl_slice){ plain, sizeof(plain) });
	(void)frames_record(
	    f, &h, (struct vl_slice){ 0 }, (struct vl_slice){ stored, n });
}

static size_t
compress(uint8_t *out, size_t cap, size_t n, int checksum, int size)
{
	static const uint8_t plain[4000];
	ZSTD_CCtx *ctx = ZSTD_createCCtx();
	size_t got;

	assert_non_null(ctx);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_checksumFlag, checksum);
	(void)ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, size);
	got = ZSTD_compress2(ctx, out, cap, plain, n);
	assert_false(ZSTD_isError(got));
	(void)ZSTD_freeCCtx(ctx);
	return got;
}

static void
reads_and_refuses_compressed_records(void **state)
{
	static const uint8_t skip[] = { 0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 9,
		9, 9, 9 };
	struct place *p = *state;
	struct frames f = { 0 };
	uint8_t z[4096];
	struct vl_err err;
	size_t n;
	size_t m;

	n = compress(z, sizeof(z), 2000, 1, 1);
	add_zstd(&f, z, n);
	(void)write_file(p, &f, 0);
	assert_int_equal(VL_OK, read_records(p, &m, &err));

	add_zstd(&f, z, n - 1);
	assert_refused(p, &f, "whole compressed frame");
	z[n] = 0;
	add_zstd(&f, z, n + 1);
	assert_refused(p, &f, "whole compressed frame");
	memcpy(z + n, skip, sizeof(skip));
	add_zstd(&f, z, n + sizeof(skip));
	assert_refused(p, &f, "whole compressed frame");
	add_zstd(&f, skip, sizeof(skip));
	assert_refused(p, &f, "not a zstd frame");
	z[n - 1] ^= 1;
	add_zstd(&f, z, n);
	assert_refused(p, &f, "cannot be decompressed");

	n = compress(z, sizeof(z), 1000, 1, 1);
	m = compress(z + n, sizeof(z) - n, 1000, 1, 1);
	add_zstd(&f, z, n + m);
	assert_refused(p, &f, "whole compressed frame");
	n = compress(z, sizeof(z), 1999, 1, 1);
	add_zstd(&f, z, n);
	assert_refused(p, &f, "another length");
	n = compress(z, sizeof(z), 2000, 1, 0);
	add_zstd(&f, z, n);
	assert_refused(p, &f, "another length");
	n = compress(z, sizeof(z), 2000, 0, 1);
	add_zstd(&f, z, n);
	assert_refused(p, &f, "no checksum");
}

static void
refuses_a_frame_that_wants_a_dictionary(void **state)
{
	/* Descriptor: single segment, checksum, 1-byte dictionary id. */
	static const uint8_t wants[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x65, 7, 0xd0,
		0x06, 1, 0, 0, 0, 0, 0, 0 };
	struct place *p = *state;
	struct frames f = { 0 };

	add_zstd(&f, wants, sizeof(wants));
	assert_refused(p, &f, "dictionary");
}

static void
refuses_offsets_where_no_record_can_be(void **state)
{
	struct place *p = *state;
	struct vl_stream_expect e = expect(p);
	struct vl_stream_r *r = NULL;
	struct frames f = { 0 };
	struct vl_stored s;
	struct vl_err err;

	(void)add_lines(&f, p->noise, 100);
	(void)write_file(p, &f, 0);
	assert_int_equal(VL_OK, vl_stream_r_open(&r, &e, &err));
	assert_int_equal(VL_EFORMAT, vl_stream_r_at(r, PLAIN - 31, &s, &err));
	assert_int_equal(VL_EFORMAT, vl_stream_r_at(r, PLAIN, &s, &err));
	assert_int_equal(VL_EFORMAT, vl_stream_r_at(r, UINT64_MAX, &s, &err));
	/* Padding is no record. */
	assert_int_equal(VL_EFORMAT, vl_stream_r_at(r, PLAIN - 32, &s, &err));
	vl_stream_r_free(r);
}

static void
holds_the_header_against_what_is_expected(void **state)
{
	static const uint8_t other[32] = { 9 };
	struct place *p = *state;
	struct vl_stream_expect e = expect(p);
	struct vl_stream_r *r = NULL;
	struct frames f = { 0 };
	struct vl_stored s;
	struct vl_err err;
	bool end;

	(void)add_lines(&f, p->noise, 100);
	(void)write_file(p, &f, 0);
	e.id = other;
	assert_int_equal(VL_EFORMAT, vl_stream_r_open(&r, &e, &err));
	assert_string_equal(
	    "i0000003.vli: the header is that of another bundle", err.text);
	assert_null(r);
	e.id = id;
	e.number = 4;
	assert_int_equal(VL_EFORMAT, vl_stream_r_open(&r, &e, &err));
	assert_string_equal("i0000004.vli: there is no such file", err.text);
	e.number = 3;
	e.root = other;
	assert_int_equal(VL_OK, vl_stream_r_open(&r, &e, &err));
	assert_int_equal(VL_EAUTH, vl_stream_r_next(r, &s, &end, &err));
	assert_string_equal(
	    "i0000003.vli: frame 0 does not authenticate", err.text);
	vl_stream_r_free(r);
}

static void
refuses_a_file_that_is_cut_while_it_is_read(void **state)
{
	/* Within the second frame, and between two. */
	static const off_t cuts[] = { VL_FILE_HEADER_SIZE + 65536 + 100,
		VL_FILE_HEADER_SIZE + 65536 };
	struct place *p = *state;
	struct vl_stream_expect e = expect(p);
	struct vl_stream_r *r = NULL;
	struct frames f = { 0 };
	struct vl_stored s;
	struct vl_err err;
	bool end = false;
	size_t i = 0;
	int fd = -1;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		(void)add_lines(&f, p->noise, 100);
		(void)add_lines(&f, p->noise, 2 * PLAIN);
		(void)write_file(p, &f, 0);
		assert_int_equal(VL_OK, vl_stream_r_open(&r, &e, &err));
		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &err));
		fd = openat(p->dirfd, "i0000003.vli", O_WRONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(0, ftruncate(fd, cuts[i]));
		assert_int_equal(0, close(fd));
		assert_int_equal(
		    VL_EFORMAT, vl_stream_r_next(r, &s, &end, &err));
		assert_non_null(strstr(err.text,
		    "frame 1: the file became shorter while it was read"));
		vl_stream_r_free(r);
	}
}

/* Its frames open under its own header, so only the header tells. */
static void
refuses_a_renamed_file(void **state)
{
	struct place *p = *state;
	struct vl_stream_expect e = expect(p);
	struct frames_place at = { .dirfd = p->dirfd,
		.type = VL_FILE_INDEX,
		.number = 4,
		.frame_log2 = 16,
		.id = id,
		.root = root };
	struct vl_stream_r *r = NULL;
	struct frames f = { 0 };
	struct vl_err err;

	(void)add_lines(&f, p->noise, 100);
	(void)frames_write(&f, &at);
	assert_int_equal(
	    0, renameat(p->dirfd, "i0000004.vli", p->dirfd, "i0000003.vli"));
	assert_int_equal(VL_EFORMAT, vl_stream_r_open(&r, &e, &err));
	assert_string_equal(
	    "i0000003.vli: the header says file number 4", err.text);

	at.type = VL_FILE_PACK;
	at.number = 3;
	(void)add_lines(&f, p->noise, 100);
	(void)frames_write(&f, &at);
	assert_int_equal(
	    0, renameat(p->dirfd, "p0000003.vlp", p->dirfd, "i0000003.vli"));
	assert_int_equal(VL_EFORMAT, vl_stream_r_open(&r, &e, &err));
	assert_string_equal("i0000003.vli: the header is that of another type "
	                    "of file",
	    err.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_any_length_come_back),
		cmocka_unit_test(an_empty_stream_has_one_frame),
		cmocka_unit_test(refuses_a_superfluous_frame),
		cmocka_unit_test(refuses_padding_that_is_not_zero),
		cmocka_unit_test(refuses_ordinals_with_a_gap),
		cmocka_unit_test(refuses_a_record_past_the_end),
		cmocka_unit_test(refuses_a_wrong_checksum),
		cmocka_unit_test(reads_and_refuses_compressed_records),
		cmocka_unit_test(refuses_a_frame_that_wants_a_dictionary),
		cmocka_unit_test(refuses_offsets_where_no_record_can_be),
		cmocka_unit_test(holds_the_header_against_what_is_expected),
		cmocka_unit_test(refuses_a_file_that_is_cut_while_it_is_read),
		cmocka_unit_test(refuses_a_renamed_file),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, make_place, remove_place);
}
