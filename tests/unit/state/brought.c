/* Lists of what was brought: what is written comes back, or is refused. */

#include "place.h"

#include <valise/brought.h>

#define RESOURCE "a-1"
#define HOLDS    "brought/07070707070707070707070707070707-a-1"
#define OWN      HOLDS ".09090909090909090909090909090909"

static const uint8_t series[16] = { 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
	7 };
static const uint8_t import[16] = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
	9 };
static const char *const odd[] = { "\x01\n", "a", "a/b", "a/\xff\xfe", "a.b",
	"end 0 x", NULL };

static bool rows; /* else paths */

static struct vl_brought
list_in(const struct place *p)
{
	return (struct vl_brought){ .state = p->state,
		.series = series,
		.resource = RESOURCE,
		.import = import,
		.rows = rows };
}

static void
write_list(struct place *p, const char *const *paths)
{
	const struct vl_brought b = list_in(p);
	struct vl_brought_w *w = NULL;

	must(p, vl_brought_w_open(&w, &b, &p->err));
	for (; *paths != NULL; paths++)
		must(p, vl_brought_w_add(w, vl_slice_of(*paths), &p->err));
	must(p, vl_brought_w_finish(w, &p->err));
	vl_brought_w_free(w);
}

static enum vl_status
try_list(struct place *p, const char *const *paths)
{
	const struct vl_brought b = list_in(p);
	struct vl_brought_r *r = NULL;
	struct vl_slice path = { NULL, 0 };
	bool more = true;
	enum vl_status st = vl_brought_r_open(&r, &b, &p->err);

	while (st == VL_OK && r != NULL) {
		st = vl_brought_r_next(r, &path, &more, &p->err);
		if (st != VL_OK || !more)
			break;
		if (paths == NULL)
			continue;
		assert_non_null(*paths);
		assert_true(vl_slice_equal(path, vl_slice_of(*paths)));
		paths++;
	}
	if (st == VL_OK && paths != NULL)
		assert_null(*paths);
	vl_brought_r_free(r);
	return st;
}

static void
expect_list(struct place *p, const char *const *paths)
{
	must(p, try_list(p, paths));
}

static void
keep(struct place *p)
{
	const struct vl_brought b = list_in(p);

	must(p, vl_brought_keep(&b, NULL, &p->err));
}

static bool
is_there(const struct place *p, const char *name)
{
	return faccessat(
	           vl_state_fd(p->state), name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
gives_back_what_was_written(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	write_list(&p, odd);
	keep(&p);
	expect_list(&p, odd);
	place_close(&p);
}

/* In any order, twice, and "" too: what they mean is for others to know. */
static void
gives_back_rows_as_they_are(void **state)
{
	static const char *const lines[] = { "[\"b\"]", "[\"a\"]", "[\"a\"]",
		"", NULL };
	struct place p;

	(void)state;
	place_open(&p);
	rows = true;
	write_list(&p, lines);
	keep(&p);
	expect_list(&p, lines);
	/* One is not taken for the other. */
	rows = false;
	assert_int_equal(VL_EIO, try_list(&p, NULL));
	place_close(&p);
}

static void
refuses_a_row_that_is_too_long(void **state)
{
	static char text[VL_BROUGHT_ROW_MAX + 2];
	struct vl_brought_w *w = NULL;
	struct vl_brought at;
	struct place p;

	(void)state;
	place_open(&p);
	rows = true;
	at = list_in(&p);
	rows = false;
	memset(text, 'a', sizeof(text) - 1);
	must(&p, vl_brought_w_open(&w, &at, &p.err));
	assert_int_equal(
	    VL_ELIMIT, vl_brought_w_add(w, vl_slice_of(text), &p.err));
	must(&p, vl_brought_w_add(w, vl_slice_of(text + 1), &p.err));
	vl_brought_w_free(w);
	place_close(&p);
}

static void
takes_the_longest_path_and_many(void **state)
{
	char text[VL_PATH_MAX + 1];
	struct vl_brought at;
	struct vl_brought_r *r = NULL;
	struct vl_brought_w *w = NULL;
	struct vl_slice path = { NULL, 0 };
	struct place p;
	bool more = false;
	unsigned i = 0;
	size_t k = 0;

	(void)state;
	place_open(&p);
	at = list_in(&p);
	must(&p, vl_brought_w_open(&w, &at, &p.err));
	for (i = 0; i < 64; i++) {
		memset(text, 'a', VL_PATH_MAX);
		text[VL_PATH_MAX] = '\0';
		for (k = 200; k < VL_PATH_MAX; k += 200)
			text[k] = '/';
		text[0] = (char)('0' + i);
		must(&p, vl_brought_w_add(w, vl_slice_of(text), &p.err));
	}
	must(&p, vl_brought_w_finish(w, &p.err));
	vl_brought_w_free(w);
	keep(&p);
	must(&p, vl_brought_r_open(&r, &at, &p.err));
	for (i = 0; i < 64; i++) {
		must(&p, vl_brought_r_next(r, &path, &more, &p.err));
		assert_true(more);
		assert_int_equal(VL_PATH_MAX, path.n);
		assert_int_equal('0' + i, path.p[0]);
		assert_int_equal('a', path.p[VL_PATH_MAX - 1]);
	}
	must(&p, vl_brought_r_next(r, &path, &more, &p.err));
	assert_false(more);
	vl_brought_r_free(r);
	place_close(&p);
}

static void
holds_only_once_it_is_kept(void **state)
{
	static const char *const first[] = { "first", NULL };
	static const char *const second[] = { "second", NULL };
	struct vl_brought_r *r = NULL;
	struct vl_brought b;
	struct place p;

	(void)state;
	place_open(&p);
	b = list_in(&p);
	must(&p, vl_brought_r_open(&r, &b, &p.err));
	assert_null(r);
	keep(&p);
	must(&p, vl_brought_drop(&b, &p.err));
	assert_false(is_there(&p, "brought"));

	write_list(&p, first);
	must(&p, vl_brought_r_open(&r, &b, &p.err));
	assert_null(r);
	keep(&p);
	keep(&p);
	expect_list(&p, first);
	write_list(&p, second);
	expect_list(&p, first);
	must(&p, vl_brought_drop(&b, &p.err));
	must(&p, vl_brought_drop(&b, &p.err));
	keep(&p);
	expect_list(&p, first);
	write_list(&p, second);
	keep(&p);
	expect_list(&p, second);
	place_close(&p);
}

static void
leaves_nothing_of_a_list_that_is_not_finished(void **state)
{
	struct vl_brought_w *w = NULL;
	struct vl_brought b;
	struct place p;

	(void)state;
	place_open(&p);
	b = list_in(&p);
	must(&p, vl_brought_w_open(&w, &b, &p.err));
	must(&p, vl_brought_w_add(w, vl_slice_of("a"), &p.err));
	assert_true(is_there(&p, OWN));
	vl_brought_w_free(w);
	assert_false(is_there(&p, OWN));
	place_close(&p);
}

static bool
is_theirs(void *arg, struct vl_slice path)
{
	return vl_path_below(path, vl_slice_of(arg));
}

static void
leaves_out_what_is_theirs(void **state)
{
	static const char *const rest[] = { "\x01\n", "a.b", "end 0 x", NULL };
	char name[] = "a";
	const struct vl_brought_theirs theirs = { is_theirs, name };
	struct vl_brought b;
	struct place p;

	(void)state;
	place_open(&p);
	b = list_in(&p);
	must(&p, vl_brought_keep(&b, &theirs, &p.err));
	write_list(&p, odd);
	must(&p, vl_brought_keep(&b, &theirs, &p.err));
	expect_list(&p, rest);
	assert_false(is_there(&p, OWN));
	must(&p, vl_brought_keep(&b, &theirs, &p.err));
	expect_list(&p, rest);
	place_close(&p);
}

static void
removes_what_killed_imports_left(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	write_list(&p, odd);
	keep(&p);
	write_list(&p, odd + 1);
	place_write(&p, "brought/.x.vltmp-0123456789abcdef", vl_slice_of("x"));
	must(&p, vl_state_tidy(p.state, &p.err));
	assert_false(is_there(&p, OWN));
	assert_false(is_there(&p, "brought/.x.vltmp-0123456789abcdef"));
	expect_list(&p, odd);
	place_close(&p);
}

static void
refuse(struct place *p, const char *name)
{
	if (try_list(p, NULL) == VL_OK)
		fail_msg("%s is taken", name);
	assert_int_equal(VL_EIO, p->err.status);
	assert_non_null(strstr(p->err.text, HOLDS));
	assert_non_null(strstr(p->err.text, "remove it"));
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
	write_list(&p, odd);
	keep(&p);
	place_read(&p, HOLDS, &text);
	for (i = 0; i < text.n; i++) {
		(void)snprintf(name, sizeof(name), "cut at %zu", i);
		place_write(&p, HOLDS, (struct vl_slice){ text.p, i });
		refuse(&p, name);
		(void)snprintf(name, sizeof(name), "changed at %zu", i);
		text.p[i] ^= 1;
		place_write(&p, HOLDS, vl_buf_slice(&text));
		refuse(&p, name);
		text.p[i] ^= 1;
	}
	must(&p, vl_buf_add_text(&text, "\n", &p.err));
	place_write(&p, HOLDS, vl_buf_slice(&text));
	refuse(&p, "something behind it");
	vl_buf_free(&text);
	place_close(&p);
}

static void
rejects_paths_that_none_of_ours_has(void **state)
{
	static const char *const lists[][4] = {
		{ "b", "a", NULL },
		{ "a", "a", NULL },
		{ "a-b", "a/b", NULL },
		{ "a", "../x", NULL },
		{ "/etc", NULL },
		{ "a", "a//b", NULL },
		{ "", NULL },
	};
	struct place p;
	size_t i = 0;

	(void)state;
	place_open(&p);
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		write_list(&p, lists[i]);
		keep(&p);
		refuse(&p, lists[i][0]);
	}
	place_close(&p);
}

static void
rejects_the_list_of_another_resource(void **state)
{
	struct vl_buf text = { 0 };
	struct vl_brought other;
	struct vl_brought_r *r = NULL;
	struct place p;

	(void)state;
	place_open(&p);
	write_list(&p, odd);
	keep(&p);
	place_read(&p, HOLDS, &text);
	place_write(&p, HOLDS "2", vl_buf_slice(&text));
	other = list_in(&p);
	other.resource = RESOURCE "2";
	assert_int_equal(VL_EIO, vl_brought_r_open(&r, &other, &p.err));
	assert_null(r);
	vl_buf_free(&text);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_written),
		cmocka_unit_test(gives_back_rows_as_they_are),
		cmocka_unit_test(refuses_a_row_that_is_too_long),
		cmocka_unit_test(takes_the_longest_path_and_many),
		cmocka_unit_test(holds_only_once_it_is_kept),
		cmocka_unit_test(leaves_nothing_of_a_list_that_is_not_finished),
		cmocka_unit_test(leaves_out_what_is_theirs),
		cmocka_unit_test(removes_what_killed_imports_left),
		cmocka_unit_test(
		    rejects_every_truncation_and_every_changed_byte),
		cmocka_unit_test(rejects_paths_that_none_of_ours_has),
		cmocka_unit_test(rejects_the_list_of_another_resource),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
