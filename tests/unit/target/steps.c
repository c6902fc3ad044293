/* The list of steps: what is read is what was written, or nothing at all. */

#include "../../../src/target/steps.h"

#include "world.h"

struct list {
	struct world w;
	int fd;
	struct vl_err err;
};

static const struct vl_meta before = { .type = VL_ENTRY_FILE,
	.mode = 07777,
	.uid = UINT32_MAX - 1,
	.gid = 5,
	.size = 999999999999999,
	.mtime = { -1, 999999999 } };

static void
list_open(struct list *l)
{
	world_open(&l->w);
	l->fd = open(l->w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(l->fd >= 0);
}

static void
list_close(struct list *l)
{
	(void)close(l->fd);
	world_close(&l->w);
}

static struct vl_step
step_of(uint64_t n)
{
	static const uint8_t odd[] = "a/\xff\x01\n\"/b";
	struct vl_step s = { .kind = (enum vl_step_kind)(n % 6),
		.n = n,
		.other = n * n,
		.before = before,
		.after = before };

	s.after.type = VL_ENTRY_DIR;
	s.after.size = 0;
	s.path = (struct vl_slice){ odd, n % 4 == 0 ? 0 : sizeof(odd) - 1 };
	return s;
}

static void
list_write(struct list *l, uint64_t n)
{
	struct vl_steps_w *w = NULL;
	struct vl_step s;
	uint64_t i;

	assert_int_equal(VL_OK, vl_steps_w_open(&w, l->fd, &l->err));
	for (i = 0; i < n; i++) {
		s = step_of(i);
		assert_int_equal(VL_OK, vl_steps_w_add(w, &s, &l->err));
	}
	assert_int_equal(VL_OK, vl_steps_w_finish(w, &l->err));
	vl_steps_w_free(w);
}

static void
expect_list(struct vl_steps_r *r, uint64_t n, struct vl_err *err)
{
	struct vl_step want;
	struct vl_step s;
	bool more = true;
	uint64_t i;

	for (i = 0; i <= n; i++) {
		assert_int_equal(VL_OK, vl_steps_r_next(r, &s, &more, err));
		assert_int_equal(i < n, more);
		if (!more)
			return;
		want = step_of(i);
		assert_int_equal(want.kind, s.kind);
		assert_int_equal(want.n, s.n);
		assert_int_equal(want.other, s.other);
		assert_true(vl_slice_equal(want.path, s.path));
		assert_memory_equal(&want.before, &s.before, sizeof(s.before));
		assert_memory_equal(&want.after, &s.after, sizeof(s.after));
	}
}

static void
reads_what_was_written_and_again(void **state)
{
	static const uint64_t sizes[] = { 0, 1, 7, 5000 };
	struct vl_steps_r *r = NULL;
	struct list l;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		list_open(&l);
		list_write(&l, sizes[i]);
		assert_int_equal(VL_OK, vl_steps_r_open(&r, l.fd, &l.err));
		assert_int_equal(sizes[i], vl_steps_r_count(r));
		expect_list(r, sizes[i], &l.err);
		assert_int_equal(VL_OK, vl_steps_r_rewind(r, &l.err));
		expect_list(r, sizes[i], &l.err);
		vl_steps_r_free(r);
		list_close(&l);
	}
}

static void
is_refused(struct list *l, const uint8_t *p, size_t n)
{
	struct vl_steps_r *r = NULL;

	assert_int_equal(VL_OK,
	    vl_put_file(
	        l->fd, "steps", 0600, (struct vl_slice){ p, n }, &l->err));
	assert_int_equal(VL_EPENDING, vl_steps_r_open(&r, l->fd, &l->err));
	assert_null(r);
}

static void
refuses_every_truncation_and_flipped_bit(void **state)
{
	struct vl_buf file = { 0 };
	struct list l;
	size_t bit;
	size_t n;

	(void)state;
	list_open(&l);
	list_write(&l, 4);
	assert_int_equal(
	    VL_OK, vl_read_file(l.fd, "steps", 1u << 20, &file, &l.err));
	for (n = 0; n < file.n; n++)
		is_refused(&l, file.p, n);
	for (bit = 0; bit < 8 * file.n; bit++) {
		file.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		is_refused(&l, file.p, file.n);
		file.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_int_equal(VL_OK, vl_buf_add_text(&file, "\n", &l.err));
	is_refused(&l, file.p, file.n);
	vl_buf_free(&file);
	list_close(&l);
}

static void
no_list_is_an_error(void **state)
{
	struct vl_steps_r *r = NULL;
	struct list l;

	(void)state;
	list_open(&l);
	assert_int_equal(VL_EIO, vl_steps_r_open(&r, l.fd, &l.err));
	list_close(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written_and_again),
		cmocka_unit_test(refuses_every_truncation_and_flipped_bit),
		cmocka_unit_test(no_list_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
