/*
 * The sample bundle with one thing wrong, read without its seal: every frame
 * is its own guard, and the message names the file.
 */

#include "bundle.h"

#define FRAME  65536
#define HEADER 64

static const char *const files[] = { "i0000001.vli", "i0000002.vli",
	"p0000001.vlp" };

struct place {
	struct bundle b;
	char dir[64];
};

static void
copy(const char *from, const char *to)
{
	struct vl_buf bytes = { 0 };
	struct vl_err err;

	must(vl_read_file(AT_FDCWD, from, 1u << 26, &bytes, &err), &err);
	must(vl_put_file(AT_FDCWD, to, 0600, vl_buf_slice(&bytes), &err), &err);
	vl_buf_free(&bytes);
}

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char from[256];
	char to[128];
	size_t i;

	assert_non_null(p);
	(void)snprintf(p->dir, sizeof(p->dir), "damage.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(
		    from, sizeof(from), SAMPLE_BUNDLE "/%s", files[i]);
		(void)snprintf(to, sizeof(to), "%s/%s", p->dir, files[i]);
		copy(from, to);
	}
	sample_open(&p->b, SAMPLE_BUNDLE, 2);
	(void)close(p->b.dirfd);
	p->b.dirfd = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->b.dirfd >= 0);
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;
	struct vl_err err;

	must(vl_remove_tree(AT_FDCWD, p->dir, &err), &err);
	bundle_close(&p->b);
	free(p);
	return 0;
}

static enum vl_status
read_all(struct place *p, struct vl_err *err)
{
	struct vl_unpack_totals totals;
	struct vl_unpack *u = NULL;
	enum vl_status st;

	st = bundle_unpack(&u, &p->b, err);
	if (st == VL_OK)
		st = vl_unpack_end(u, &totals, err);
	vl_unpack_free(u);
	return st;
}

static void
assert_refused(struct place *p, const char *name)
{
	struct vl_err err;
	enum vl_status st = read_all(p, &err);

	if ((st != VL_EAUTH && st != VL_EFORMAT) || err.status != st)
		fail_msg("%s: status %d", name, (int)st);
	if (strncmp(err.text, name, strlen(name)) != 0)
		fail_msg("'%s' does not name %s", err.text, name);
}

static void
whole(struct place *p)
{
	struct vl_err err;

	must(read_all(p, &err), &err);
}

static int
open_one(struct place *p, const char *name, off_t *size)
{
	struct stat sb;
	int fd = openat(p->b.dirfd, name, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(0, fstat(fd, &sb));
	*size = sb.st_size;
	return fd;
}

static void
flip(int fd, off_t at, uint8_t bits)
{
	uint8_t byte;

	assert_int_equal(1, pread(fd, &byte, 1, at));
	byte ^= bits;
	assert_int_equal(1, pwrite(fd, &byte, 1, at));
}

static void
refuses_a_flip_in_any_frame(void **state)
{
	struct place *p = *state;
	char want[64];
	struct vl_err err;
	off_t size;
	off_t at;
	size_t i;
	int frame;
	int fd;

	whole(p);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = open_one(p, files[i], &size);
		for (frame = 0; HEADER + frame * FRAME < size; frame++) {
			at =
			    HEADER + frame * FRAME + (frame * 7919 + 1) % FRAME;
			flip(fd, at, (uint8_t)(1 << frame % 8));
			assert_int_equal(VL_EAUTH, read_all(p, &err));
			(void)snprintf(want, sizeof(want),
			    "%s: frame %d does not authenticate", files[i],
			    frame);
			assert_string_equal(want, err.text);
			flip(fd, at, (uint8_t)(1 << frame % 8));
		}
		(void)close(fd);
	}
	whole(p);
}

static void
refuses_a_flip_in_any_header_byte(void **state)
{
	struct place *p = *state;
	off_t size;
	off_t at;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = open_one(p, files[i], &size);
		for (at = 0; at < HEADER; at++) {
			flip(fd, at, 1);
			assert_refused(p, files[i]);
			flip(fd, at, 1);
		}
		(void)close(fd);
	}
}

static void
refuses_a_flip_in_any_tag(void **state)
{
	struct place *p = *state;
	off_t size;
	off_t at;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fd = open_one(p, files[i], &size);
		for (at = size - VL_TAG_SIZE; at < size; at++) {
			flip(fd, at, 0x80);
			assert_refused(p, files[i]);
			flip(fd, at, 0x80);
		}
		(void)close(fd);
	}
}

static void
refuses_every_truncation_between_frames(void **state)
{
	struct place *p = *state;
	struct vl_buf bytes = { 0 };
	struct vl_err err;
	off_t size;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		must(vl_read_file(p->b.dirfd, files[i], 1u << 26, &bytes, &err),
		    &err);
		fd = open_one(p, files[i], &size);
		while (size > HEADER) {
			size -= FRAME;
			assert_int_equal(0, ftruncate(fd, size));
			assert_refused(p, files[i]);
		}
		assert_int_equal(0, ftruncate(fd, 63));
		assert_refused(p, files[i]);
		assert_int_equal(0, ftruncate(fd, 0));
		assert_refused(p, files[i]);
		must(vl_pwrite_all(fd, vl_buf_slice(&bytes), 0, &err), &err);
		assert_int_equal(0, ftruncate(fd, (off_t)bytes.n - 1));
		assert_refused(p, files[i]);
		must(vl_pwrite_all(fd, vl_buf_slice(&bytes), 0, &err), &err);
		(void)close(fd);
	}
	vl_buf_free(&bytes);
	whole(p);
}

static void
refuses_swapped_and_added_frames(void **state)
{
	static const int pairs[][2] = { { 0, 1 }, { 3, 40 }, { 60, 61 } };
	uint8_t *a = malloc(FRAME);
	uint8_t *b = malloc(FRAME);
	struct place *p = *state;
	off_t size;
	off_t at;
	off_t bt;
	size_t i;
	int turn;
	int fd;

	assert_non_null(a);
	assert_non_null(b);
	fd = open_one(p, files[2], &size);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		at = HEADER + pairs[i][0] * FRAME;
		bt = HEADER + pairs[i][1] * FRAME;
		for (turn = 0; turn < 2; turn++) {
			assert_int_equal(FRAME, pread(fd, a, FRAME, at));
			assert_int_equal(FRAME, pread(fd, b, FRAME, bt));
			assert_int_equal(FRAME, pwrite(fd, a, FRAME, bt));
			assert_int_equal(FRAME, pwrite(fd, b, FRAME, at));
			if (turn == 0)
				assert_refused(p, files[2]);
		}
	}
	/* The last frame once more. */
	assert_int_equal(FRAME, pread(fd, a, FRAME, size - FRAME));
	assert_int_equal(FRAME, pwrite(fd, a, FRAME, size));
	assert_refused(p, files[2]);
	assert_int_equal(0, ftruncate(fd, size));
	(void)close(fd);
	free(a);
	free(b);
	whole(p);
}

/* `from` comes to stand as `to`, as it is or with a mended header. */
static void
present(struct place *p, size_t from, size_t to, uint8_t type, uint8_t number)
{
	char source[128];
	char target[128];
	char keep[128];
	off_t size;
	int fd;

	(void)snprintf(
	    source, sizeof(source), SAMPLE_BUNDLE "/%s", files[from]);
	(void)snprintf(target, sizeof(target), "%s/%s", p->dir, files[to]);
	(void)snprintf(keep, sizeof(keep), SAMPLE_BUNDLE "/%s", files[to]);
	copy(source, target);
	assert_refused(p, files[to]);
	fd = open_one(p, files[to], &size);
	assert_int_equal(1, pwrite(fd, &type, 1, 10));
	assert_int_equal(1, pwrite(fd, &number, 1, 32));
	(void)close(fd);
	assert_refused(p, files[to]);
	copy(keep, target);
}

static void
refuses_a_file_in_place_of_another(void **state)
{
	struct place *p = *state;

	present(p, 2, 1, 2, 2); /* pack as index */
	present(p, 1, 2, 1, 1); /* index as pack */
	present(p, 0, 1, 2, 2); /* renumbered */
	present(p, 1, 0, 2, 1);
	whole(p);
}

static void
refuses_what_is_no_regular_file(void **state)
{
	struct place *p = *state;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(
		    0, renameat(p->b.dirfd, files[i], p->b.dirfd, "away"));
		assert_refused(p, files[i]);
		assert_int_equal(0, symlinkat("away", p->b.dirfd, files[i]));
		assert_refused(p, files[i]);
		assert_int_equal(0, unlinkat(p->b.dirfd, files[i], 0));
		assert_int_equal(0, mkfifoat(p->b.dirfd, files[i], 0600));
		assert_refused(p, files[i]);
		assert_int_equal(
		    0, renameat(p->b.dirfd, "away", p->b.dirfd, files[i]));
	}
	whole(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_flip_in_any_frame),
		cmocka_unit_test(refuses_a_flip_in_any_header_byte),
		cmocka_unit_test(refuses_a_flip_in_any_tag),
		cmocka_unit_test(refuses_every_truncation_between_frames),
		cmocka_unit_test(refuses_swapped_and_added_frames),
		cmocka_unit_test(refuses_a_file_in_place_of_another),
		cmocka_unit_test(refuses_what_is_no_regular_file),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, make_place, remove_place);
}
