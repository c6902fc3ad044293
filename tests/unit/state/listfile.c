/* Lists in files: what is read is what was written, or nothing at all. */

#include "place.h"

#include <valise/listfile.h>

#define NAME "list"
#define LONG 300000 /* longer than what is written at once */

static const char *const lines[] = { "one", "", "end", "end ", "\x01\xff",
	"a line", NULL };

static struct vl_listfile
list_in(int fd, const char *head)
{
	return (struct vl_listfile){ .fd = fd,
		.lines = "the lines",
		.head = head,
		.personal = "test",
		.line_max = LONG };
}

static int
open_file(const struct place *p, int flags)
{
	int fd = openat(vl_state_fd(p->state), NAME, flags | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void
write_list(struct place *p, const char *head, const char *const *line)
{
	int fd = open_file(p, O_WRONLY | O_CREAT | O_TRUNC);
	const struct vl_listfile f = list_in(fd, head);
	struct vl_listfile_w *w = NULL;

	must(p, vl_listfile_w_new(&w, &f, &p->err));
	for (; *line != NULL; line++)
		must(p, vl_listfile_w_add(w, vl_slice_of(*line), &p->err));
	must(p, vl_listfile_w_finish(w, &p->err));
	vl_listfile_w_free(w);
	(void)close(fd);
}

static enum vl_status
open_list(struct vl_listfile_r **r, struct place *p, int fd, const char *head)
{
	const struct vl_listfile f = list_in(fd, head);

	return vl_listfile_r_open(r, &f, &p->err);
}

static void
expect_lines(struct place *p, struct vl_listfile_r *r, const char *const *line)
{
	struct vl_slice got = { NULL, 0 };
	bool more = false;

	for (;; line++) {
		must(p, vl_listfile_r_next(r, &got, &more, &p->err));
		assert_int_equal(*line != NULL, more);
		if (!more)
			return;
		assert_true(vl_slice_equal(got, vl_slice_of(*line)));
	}
}

static void
expect_list(struct place *p, const char *head, const char *const *line)
{
	struct vl_listfile_r *r = NULL;
	int fd = open_file(p, O_RDONLY);
	size_t n = 0;

	while (line[n] != NULL)
		n++;
	must(p, open_list(&r, p, fd, head));
	assert_int_equal(n, vl_listfile_r_count(r));
	expect_lines(p, r, line);
	expect_lines(p, r, line + n);
	vl_listfile_r_rewind(r);
	expect_lines(p, r, line);
	vl_listfile_r_free(r);
	(void)close(fd);
}

static void
gives_back_what_was_written_and_again(void **state)
{
	static const char *const none[] = { NULL };
	struct place p;

	(void)state;
	place_open(&p);
	write_list(&p, NULL, lines);
	expect_list(&p, NULL, lines);
	write_list(&p, "a head", lines);
	expect_list(&p, "a head", lines);
	write_list(&p, NULL, none);
	expect_list(&p, NULL, none);
	write_list(&p, "a head", none);
	expect_list(&p, "a head", none);
	place_close(&p);
}

static void
writes_the_bytes_of_its_format(void **state)
{
	static const char *const one[] = { "one", NULL };
	static const char before[] = "a head\none\n";
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	char want[128];
	struct vl_buf text = { 0 };
	struct place p;

	(void)state;
	place_open(&p);
	write_list(&p, "a head", one);
	vl_hash_of(hash, &(struct vl_hash_opts){ .personal = "test" },
	    vl_slice_of(before));
	(void)snprintf(want, sizeof(want), "%send 1 %s\n", before,
	    vl_hex(hex, hash, sizeof(hash)));
	place_read(&p, NAME, &text);
	assert_true(vl_slice_equal(vl_buf_slice(&text), vl_slice_of(want)));
	vl_buf_free(&text);
	place_close(&p);
}

static void
takes_lines_up_to_the_longest(void **state)
{
	static char longest[LONG + 2];
	const char *const list[] = { "a", longest, "", longest, "b", NULL };
	struct vl_listfile_r *r = NULL;
	struct place p;
	int fd = -1;

	(void)state;
	place_open(&p);
	memset(longest, 'x', LONG);
	write_list(&p, NULL, list);
	expect_list(&p, NULL, list);
	longest[LONG] = 'x';
	write_list(&p, NULL, list);
	fd = open_file(&p, O_RDONLY);
	assert_int_equal(VL_EFORMAT, open_list(&r, &p, fd, NULL));
	assert_string_equal("a line of the lines is too long", p.err.text);
	assert_null(r);
	(void)close(fd);
	place_close(&p);
}

static void
refuse(struct place *p, struct vl_slice text, const char *name)
{
	struct vl_listfile_r *r = NULL;
	int fd = open_file(p, O_RDWR | O_TRUNC);

	must(p, vl_write_all(fd, text, &p->err));
	if (open_list(&r, p, fd, "a head") != VL_EFORMAT)
		fail_msg("%s: taken, or %s", name, p->err.text);
	assert_null(r);
	(void)close(fd);
}

static void
rejects_every_truncation_and_every_changed_byte(void **state)
{
	struct vl_buf text = { 0 };
	char name[64];
	struct place p;
	size_t i = 0;

	(void)state;
	place_open(&p);
	write_list(&p, "a head", lines);
	place_read(&p, NAME, &text);
	for (i = 0; i < text.n; i++) {
		(void)snprintf(name, sizeof(name), "cut at %zu", i);
		refuse(&p, (struct vl_slice){ text.p, i }, name);
		(void)snprintf(name, sizeof(name), "changed at %zu", i);
		text.p[i] ^= 1;
		refuse(&p, vl_buf_slice(&text), name);
		text.p[i] ^= 1;
	}
	must(&p, vl_buf_add_text(&text, "\n", &p.err));
	refuse(&p, vl_buf_slice(&text), "something behind it");
	vl_buf_free(&text);
	place_close(&p);
}

static void
rejects_a_list_of_another_kind(void **state)
{
	struct vl_listfile_r *r = NULL;
	struct vl_listfile f;
	struct place p;
	int fd = -1;

	(void)state;
	place_open(&p);
	write_list(&p, "a head", lines);
	fd = open_file(&p, O_RDONLY);
	f = list_in(fd, "another head");
	assert_int_equal(VL_EFORMAT, vl_listfile_r_open(&r, &f, &p.err));
	f = list_in(fd, "a head");
	f.personal = NULL;
	assert_int_equal(VL_EFORMAT, vl_listfile_r_open(&r, &f, &p.err));
	assert_null(r);
	(void)close(fd);
	place_close(&p);
}

/* The check was done: what is gone since then must not look like the end. */
static void
notices_that_it_was_cut_meanwhile(void **state)
{
	struct vl_listfile_r *r = NULL;
	struct vl_slice line = { NULL, 0 };
	struct place p;
	bool more = false;
	int fd = -1;

	(void)state;
	place_open(&p);
	write_list(&p, NULL, lines);
	fd = open_file(&p, O_RDWR);
	must(&p, open_list(&r, &p, fd, NULL));
	assert_int_equal(0, ftruncate(fd, 0));
	assert_int_equal(
	    VL_EFORMAT, vl_listfile_r_next(r, &line, &more, &p.err));
	vl_listfile_r_free(r);
	(void)close(fd);
	place_close(&p);
}

/* The last of `n` lines fails, or the end where there are none. */
static void
expect_full(struct place *p, const char *line, size_t n)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	const struct vl_listfile f = list_in(fd, NULL);
	struct vl_listfile_w *w = NULL;

	must(p, vl_listfile_w_new(&w, &f, &p->err));
	for (; n > 1; n--)
		must(p, vl_listfile_w_add(w, vl_slice_of(line), &p->err));
	if (n == 1)
		assert_int_equal(
		    VL_EIO, vl_listfile_w_add(w, vl_slice_of(line), &p->err));
	else
		assert_int_equal(VL_EIO, vl_listfile_w_finish(w, &p->err));
	vl_listfile_w_free(w);
	(void)close(fd);
}

static void
tells_that_it_cannot_write(void **state)
{
	static char line[LONG + 1];
	struct place p;

	(void)state;
	place_open(&p);
	expect_full(&p, line, 0);
	memset(line, 'x', LONG);
	expect_full(&p, line, 1);
	line[LONG / 2] = '\0';
	expect_full(&p, line, 2);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_written_and_again),
		cmocka_unit_test(writes_the_bytes_of_its_format),
		cmocka_unit_test(takes_lines_up_to_the_longest),
		cmocka_unit_test(
		    rejects_every_truncation_and_every_changed_byte),
		cmocka_unit_test(rejects_a_list_of_another_kind),
		cmocka_unit_test(notices_that_it_was_cut_meanwhile),
		cmocka_unit_test(tells_that_it_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
