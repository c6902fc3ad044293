/* The list of steps: what is read is what was written, or nothing at all. */

#include <valise/encode.h>

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

static struct vl_buf attrs; /* two, and those that fill a step */
static struct vl_buf many;

static int
make_attrs(void **state)
{
	static uint8_t value[65000];
	struct vl_err err;

	(void)state;
	assert_int_equal(VL_OK,
	    vl_attrs_add(&attrs, vl_slice_of("trusted.odd"),
	        (struct vl_slice){ value, 300 }, &err));
	assert_int_equal(VL_OK,
	    vl_attrs_add(
	        &attrs, vl_slice_of("user.\xff\"\n"), vl_slice_of(""), &err));
	memset(value, 0xa5, sizeof(value));
	assert_int_equal(VL_OK,
	    vl_attrs_add(&many, vl_slice_of("user.a"),
	        (struct vl_slice){ value, 65000 }, &err));
	assert_int_equal(VL_OK,
	    vl_attrs_add(&many, vl_slice_of("user.b"),
	        (struct vl_slice){ value, 65536 - 65012 - 12 }, &err));
	assert_int_equal(65536, many.n);
	return 0;
}

static int
free_attrs(void **state)
{
	(void)state;
	vl_buf_free(&attrs);
	vl_buf_free(&many);
	return 0;
}

/* Every member that most steps do not have. */
static void
extra_of(struct vl_step *s, uint64_t n)
{
	const bool changes = s->kind == VL_STEP_META || s->kind == VL_STEP_DIR;

	s->after.attrs = vl_buf_slice(n == 4 ? &many : &attrs);
	s->after.flags = n % 2 == 0 ? 0x1fff : VL_FLAG_IMMUTABLE;
	s->after.without = (unsigned)(n % 4);
	s->before.type = VL_ENTRY_BLOCK;
	s->before.major = UINT32_MAX;
	s->before.minor = 7;
	if (changes)
		s->before.attrs = s->after.attrs;
	if (s->kind != VL_STEP_NEW && s->kind != VL_STEP_REPLACE)
		return;
	s->to = vl_slice_of("other/name");
	s->live = n % 2 == 0;
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
	if (n % 3 == 1)
		extra_of(&s, n);
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
expect_meta(const struct vl_meta *want, const struct vl_meta *have)
{
	assert_int_equal(want->type, have->type);
	assert_int_equal(want->size, have->size);
	assert_int_equal(want->major, have->major);
	assert_int_equal(want->minor, have->minor);
	assert_int_equal(want->without, have->without);
	assert_true(vl_meta_same_attributes(have,
	    &(struct vl_meta){ .mode = want->mode,
	        .uid = want->uid,
	        .gid = want->gid,
	        .mtime = want->mtime,
	        .flags = want->flags,
	        .attrs = want->attrs }));
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
		assert_true(vl_slice_equal(want.to, s.to));
		assert_int_equal(want.to.p == NULL, s.to.p == NULL);
		assert_int_equal(want.live, s.live);
		expect_meta(&want.before, &s.before);
		expect_meta(&want.after, &s.after);
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
		vl_steps_r_rewind(r);
		expect_list(r, sizes[i], &l.err);
		vl_steps_r_free(r);
		list_close(&l);
	}
}

/* Without a sync: there are thousands. */
static void
put_list(struct list *l, const uint8_t *p, size_t n)
{
	int fd = openat(l->fd, "steps", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(n, write(fd, p, n));
	(void)close(fd);
}

static void
is_refused(struct list *l, const uint8_t *p, size_t n)
{
	struct vl_steps_r *r = NULL;

	put_list(l, p, n);
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

/* A list of one line, whole: with its number and hash. */
static enum vl_status
read_line(struct list *l, const char *line)
{
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	struct vl_steps_r *r = NULL;
	struct vl_buf file = { 0 };
	struct vl_hash h;
	struct vl_step s;
	bool more = false;
	enum vl_status st = VL_OK;

	vl_hash_init(&h, &(struct vl_hash_opts){ 0 });
	vl_hash_add(&h, vl_slice_of(line));
	vl_hash_end(&h, hash);
	assert_int_equal(VL_OK,
	    vl_buf_printf(&file, &l->err, "%send 1 %s\n", line,
	        vl_hex(hex, hash, VL_HASH_SIZE)));
	put_list(l, file.p, file.n);
	assert_int_equal(VL_OK, vl_steps_r_open(&r, l->fd, &l->err));
	st = vl_steps_r_next(r, &s, &more, &l->err);
	vl_steps_r_free(r);
	vl_buf_free(&file);
	return st;
}

#define LINE(after, kind, more)                                                \
	"{\"after\":" after ",\"before\":[1,0,0,0,0,\"0\",0],\"k\":\"" kind    \
	"\"," more "}\n"
#define PLAIN "[1,420,0,0,0,\"0\",0]"
#define END   "\"n\":1,\"other\":0,\"path\":\"YQ\""

static void
refuses_what_it_does_not_write(void **state)
{
	static const char *const bad[] = {
		/* a type that never stands in a step, and one there is not */
		LINE("[3,0,0,0,0,\"0\",0]", "new", END),
		LINE("[8,0,0,0,0,\"0\",0]", "new", END),
		/* a list too short, too long, in between, or all zero */
		LINE("[1,0,0,0,0,\"0\"]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,1]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,1,0,0,0,\"\",0]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,0,0,0,0,\"\"]", "new", END),
		/* flags, rdev and `without` that there are not */
		LINE("[1,0,0,0,0,\"0\",0,8192,0,0,0,\"\"]", "new", END),
		LINE("[5,0,0,0,0,\"0\",0,0,4294967296,0,0,\"\"]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,0,0,0,4,\"\"]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,-1,0,0,0,\"\"]", "new", END),
		/* attributes that are none: "AQ", and lengths beyond the end */
		LINE("[1,0,0,0,0,\"0\",0,0,0,0,0,\"AQ\"]", "new", END),
		LINE("[1,0,0,0,0,\"0\",0,0,0,0,0,\"AQAFAAAAYQ\"]", "new", END),
		/* `to` without `live`, the other way round, where no link is */
		LINE(PLAIN, "new", END ",\"to\":\"Yg\""),
		LINE(PLAIN, "new", "\"live\":true," END),
		LINE(PLAIN, "meta", "\"live\":true," END ",\"to\":\"Yg\""),
		LINE(PLAIN, "new", "\"live\":1," END ",\"to\":\"Yg\""),
		LINE(PLAIN, "new", "\"live\":true," END ",\"to\":\"\""),
		/* and a path that leads out: ".." */
		LINE(PLAIN, "new", "\"live\":true," END ",\"to\":\"Li4\""),
	};
	struct list l;
	size_t i;

	(void)state;
	list_open(&l);
	assert_int_equal(VL_OK, read_line(&l, LINE(PLAIN, "new", END)));
	assert_int_equal(VL_OK,
	    read_line(
	        &l, LINE(PLAIN, "new", "\"live\":true," END ",\"to\":\"Yg\"")));
	assert_int_equal(VL_OK,
	    read_line(&l,
	        LINE(
	            "[1,0,0,0,0,\"0\",0,0,0,0,0,\"AQAAAAAAYQ\"]", "new", END)));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_line(&l, bad[i]) != VL_EPENDING)
			fail_msg("read: %s", bad[i]);
	list_close(&l);
}

/* Only where they are to change are the old ones kept. */
static void
bounds_attributes_of_a_step(void **state)
{
	struct vl_step s = step_of(0);
	struct vl_steps_w *w = NULL;
	struct list l;

	(void)state;
	list_open(&l);
	assert_int_equal(VL_OK, vl_steps_w_open(&w, l.fd, &l.err));
	assert_int_equal(VL_OK,
	    vl_attrs_add(
	        &many, vl_slice_of("user.c"), vl_slice_of(""), &l.err));
	s.kind = VL_STEP_REPLACE;
	s.before.attrs = vl_buf_slice(&many);
	assert_int_equal(VL_OK, vl_steps_w_add(w, &s, &l.err));
	s.kind = VL_STEP_META;
	assert_int_equal(VL_EREFUSED, vl_steps_w_add(w, &s, &l.err));
	s.kind = VL_STEP_REPLACE;
	s.after.attrs = vl_buf_slice(&many);
	assert_int_equal(VL_EREFUSED, vl_steps_w_add(w, &s, &l.err));
	vl_steps_w_free(w);
	many.n = 65536;
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
		cmocka_unit_test(refuses_what_it_does_not_write),
		cmocka_unit_test(bounds_attributes_of_a_step),
		cmocka_unit_test(no_list_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_attrs, free_attrs);
}
