/* What `rewrite` makes of files, and what it leaves as it is. */

#include <dirent.h>
#include <sys/stat.h>

#include <valise/fs.h>
#include <valise/secret.h>

#include "records.h"

#include "hasher.h"

#define MIB (1u << 20)

static struct bundle bundle;
static struct vl_rewrites *rw;
static struct vl_err err;

static int
setup(void **state)
{
	(void)state;
	memset(&bundle, 0, sizeof(bundle));
	rw = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vl_rewrite_free(rw);
	bundle_free(&bundle);
	return 0;
}

static void
use(const struct vl_rewrite *rules, size_t n)
{
	struct vl_rewrite copy[8];
	struct vl_site site = { .rewrite = copy, .nrewrite = n };

	memcpy(copy, rules, n * sizeof(*rules));
	assert_int_equal(VL_OK,
	    vl_rewrite_new(&rw,
	        &(struct vl_filter_opts){ .site = &site,
	            .resource = "files",
	            .tempdir = "/var/tmp",
	            .hashers = { .make = hash_make } },
	        &err));
}

#define RULE(path_, from_, to_)                                                \
	{                                                                      \
		(char *)(uintptr_t) "files", (char *)(uintptr_t)(path_),       \
		    (char *)(uintptr_t)(from_), (char *)(uintptr_t)(to_)       \
	}

/* One record: `content` in chunks of `chunk` bytes, through the rules. */
static enum vl_status
put(struct vl_entry *e, struct vl_body *body, const char *path,
    struct vl_slice content, size_t chunk)
{
	*e = entry(VL_ENTRY_FILE, path);
	e->size = content.n;
	e->hash[0] = 0xee;
	bundle_put(&bundle, content, chunk);
	*body = bundle_body(&bundle);
	return vl_rewrite_record(rw, e, body, &err);
}

static void
expect_body(
    const struct vl_entry *e, const struct vl_body *body, struct vl_slice want)
{
	struct vl_buf now = { 0 };

	assert_int_equal(want.n, e->size);
	read_body(&now, body, e->size, 3);
	assert_true(vl_slice_equal(want, vl_buf_slice(&now)));
	vl_buf_free(&now);
}

/* Changed: size, hash and body are those of `want`. */
static void
expect_changed(
    const struct vl_entry *e, const struct vl_body *body, const char *want)
{
	struct vl_hasher *h = NULL;
	uint8_t hash[VL_CONTENT_HASH_SIZE];

	expect_body(e, body, vl_slice_of(want));
	(void)hash_make(NULL, &h, &err);
	hash_begin(h, strlen(want));
	(void)hash_add(h, vl_slice_of(want), &err);
	assert_true(hash_end(h, hash));
	hash_free(h);
	assert_memory_equal(hash, e->hash, sizeof(hash));
}

/* As it came, from its first byte. */
static void
expect_as_is(
    const struct vl_entry *e, const struct vl_body *body, struct vl_slice want)
{
	assert_int_equal(0xee, e->hash[0]);
	expect_body(e, body, want);
}

/* `from` becomes `to` by the one rule in hand. */
static void
becomes(const char *from, const char *to)
{
	struct vl_entry e;
	struct vl_body body;
	size_t chunk;

	for (chunk = 1; chunk < 9; chunk++) {
		assert_int_equal(
		    VL_OK, put(&e, &body, "x.conf", vl_slice_of(from), chunk));
		expect_changed(&e, &body, to);
	}
}

static void
replaces_every_occurrence(void **state)
{
	static const struct vl_rewrite rules[] = { RULE(
	    "*.conf", "/srv/old", "/srv/brand-new") };

	(void)state;
	use(rules, 1);
	becomes("/srv/old", "/srv/brand-new");
	becomes("a=/srv/old/x\nb=/srv/older\n",
	    "a=/srv/brand-new/x\nb=/srv/brand-newer\n");
	becomes(
	    "/srv/old/srv/old/srv/ol", "/srv/brand-new/srv/brand-new/srv/ol");
}

static void
does_not_look_at_what_it_put_in(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*.conf", "a", "aa") };

	(void)state;
	use(rules, 1);
	becomes("aba", "aabaa");
}

static void
applies_rules_in_their_order(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*.conf", "a", "b"),
		RULE("other", "b", "x"), RULE("x.*", "bb", "c") };

	(void)state;
	use(rules, 3);
	becomes("abab", "cc");
}

static void
can_take_all_away(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*.conf", "a", "") };

	(void)state;
	use(rules, 1);
	becomes("aaa", "");
}

static void
keeps_contents_until_they_are_asked_for(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "old", "new!") };
	struct vl_rewrite_counts counts = { 0 };
	struct vl_chunk_ref refs[4];
	struct vl_slice bytes = { NULL, 0 };
	struct vl_entry e[2];
	struct vl_body body[2];
	void *hold = NULL;
	size_t n[2] = { 0 };

	(void)state;
	use(rules, 1);
	assert_int_equal(
	    VL_OK, put(&e[0], &body[0], "1", vl_slice_of("1 old old"), 4));
	assert_int_equal(VL_OK, body[0].part(body[0].arg, refs, 2, n, &err));
	assert_int_equal(
	    VL_OK, put(&e[1], &body[1], "2", vl_slice_of("2 old"), 4));
	assert_int_equal(
	    VL_OK, body[1].part(body[1].arg, refs + 2, 2, n + 1, &err));
	assert_int_equal(1, n[0]);
	assert_int_equal(1, n[1]);
	assert_int_equal(
	    VL_OK, body[1].chunk(body[1].arg, &refs[2], &bytes, &hold, &err));
	assert_true(vl_slice_equal(vl_slice_of("2 new!"), bytes));
	body[1].release(body[1].arg, hold);
	assert_int_equal(
	    VL_OK, body[0].chunk(body[0].arg, &refs[0], &bytes, &hold, &err));
	assert_true(vl_slice_equal(vl_slice_of("1 new! new!"), bytes));
	body[0].release(body[0].arg, hold);
	vl_rewrite_counts(rw, &counts);
	assert_int_equal(2, counts.files);
	assert_int_equal(3, counts.replacements);
}

/* An unlinked file of this process holds it; `*files` counts them. */
static bool
waits_in_a_file(const char *text, size_t *files)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e = NULL;
	struct stat st = { 0 };
	struct vl_buf all = { 0 };
	bool found = false;
	size_t got = 0;
	int fd = -1;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		fd = atoi(e->d_name);
		if (fd <= 2 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
		    st.st_nlink != 0)
			continue;
		(*files)++;
		vl_buf_clear(&all);
		assert_int_equal(
		    VL_OK, vl_buf_reserve(&all, (size_t)st.st_size + 1, &err));
		assert_int_equal(VL_OK,
		    vl_pread_full(
		        fd, all.p, (size_t)st.st_size, 0, &got, &err));
		found = found || memmem(all.p, got, text, strlen(text)) != NULL;
	}
	closedir(d);
	vl_buf_free(&all);
	return found;
}

static void
nothing_of_it_waits_in_clear(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "old", "new") };
	const char *text = "TOKEN=0123456789abcdef old";
	struct vl_entry e;
	struct vl_body body;
	size_t files = 0;

	(void)state;
	use(rules, 1);
	assert_int_equal(VL_OK, put(&e, &body, "1", vl_slice_of(text), 7));
	assert_false(waits_in_a_file("0123456789abcdef", &files));
	assert_int_equal(1, files);
	expect_changed(&e, &body, "TOKEN=0123456789abcdef new");
}

static void
drops_holes_of_what_it_changes(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	const struct vl_hole hole = { 0, 1 };
	struct vl_entry e = entry(VL_ENTRY_FILE, "x");
	struct vl_body body = bundle_body(&bundle);

	(void)state;
	use(rules, 1);
	e.size = 1;
	e.holes = &hole;
	e.nholes = 1;
	bundle_put(&bundle, vl_slice_of("a"), 1);
	assert_int_equal(VL_OK, vl_rewrite_record(rw, &e, &body, &err));
	assert_int_equal(0, e.nholes);
	assert_null(e.holes);
}

static void
leaves_other_files_alone(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*.conf", "a", "b") };
	const struct vl_slice text = vl_slice_of("aaa");
	struct vl_entry e = entry(VL_ENTRY_LINK, "x.conf");
	struct vl_body body = bundle_body(&bundle);

	(void)state;
	use(rules, 1);
	assert_int_equal(VL_OK, vl_rewrite_record(rw, &e, &body, &err));
	assert_int_equal(VL_OK, put(&e, &body, "x.txt", text, 2));
	assert_ptr_equal(&bundle, body.arg);
	expect_as_is(&e, &body, text);
	assert_int_equal(
	    VL_OK, put(&e, &body, "y.conf", vl_slice_of("nothing"), 2));
	expect_as_is(&e, &body, vl_slice_of("nothing"));
	assert_int_equal(
	    VL_OK, put(&e, &body, "z.conf", (struct vl_slice){ NULL, 0 }, 2));
	expect_as_is(&e, &body, (struct vl_slice){ NULL, 0 });
}

static void
leaves_what_is_no_text_alone(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	static const char *const odd[] = { "a\xff", "a\xc3",
		"\x80"
		"a",
		"a\xed\xa0\x80" };
	uint8_t content[100];
	struct vl_entry e;
	struct vl_body body;
	size_t zero;
	size_t i;

	(void)state;
	use(rules, 1);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		assert_int_equal(
		    VL_OK, put(&e, &body, "x", vl_slice_of(odd[i]), 2));
		expect_as_is(&e, &body, vl_slice_of(odd[i]));
	}
	/* A NUL anywhere, in a chunk or (by itself in one) in none. */
	for (zero = 0; zero < sizeof(content); zero++) {
		memset(content, 'a', sizeof(content));
		content[zero] = 0;
		for (i = 1; i < 3; i++) {
			struct vl_slice c = { content, sizeof(content) };

			assert_int_equal(VL_OK, put(&e, &body, "x", c, i));
			expect_as_is(&e, &body, c);
		}
	}
}

static void
reads_little_of_a_large_file_that_is_no_text(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	uint8_t *p = malloc(20 * MIB);
	struct vl_slice c = { p, 20 * MIB };
	struct vl_entry e;
	struct vl_body body;

	(void)state;
	assert_non_null(p);
	use(rules, 1);
	memset(p, 'a', c.n);
	p[MIB] = 0;
	assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
	assert_true(bundle.fetched < 2 * MIB);
	expect_as_is(&e, &body, c);
	/* Latin-1 without a NUL is known when it is too long to be text. */
	p[MIB] = 0xe4;
	assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
	expect_as_is(&e, &body, c);
	free(p);
}

static void
refuses_a_text_that_is_too_long(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b"),
		RULE("*", "x", "12345678") };
	uint8_t *p = malloc(17 * MIB);
	struct vl_slice c = { p, 16 * MIB };
	struct vl_entry e;
	struct vl_body body;
	size_t i;

	(void)state;
	assert_non_null(p);
	use(rules, 2);
	memset(p, '.', c.n);
	p[5] = 'a';
	assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
	p[5] = 'b';
	expect_body(&e, &body, c);
	p[5] = 'x';
	assert_int_equal(VL_EREFUSED, put(&e, &body, "x", c, 65536));
	assert_string_equal(
	    "'x' would be longer than 16 MiB when rewritten", err.text);
	/* Reading stops within a character. */
	c.n = 17 * MIB - 17 * MIB % 3;
	for (i = 0; i < c.n; i += 3)
		memcpy(p + i, "\xe2\x82\xac", 3);
	p[c.n - 3] = p[c.n - 2] = p[c.n - 1] = 'a';
	assert_int_equal(VL_EREFUSED, put(&e, &body, "x", c, 65536));
	assert_string_equal("'x' is to be rewritten, but is longer than 16 "
	                    "MiB: choose other files in 'rewrite'",
	    err.text);
	free(p);
}

#define LONG   (17 * MIB)
#define BORDER (LONG - 65536) /* of the last two chunks */

static void
leaves_a_long_text_alone_that_has_nothing_to_replace(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "abcdef", "b"),
		RULE("other", "abc", "b") };
	uint8_t *p = malloc(LONG);
	struct vl_slice c = { p, LONG };
	struct vl_entry e;
	struct vl_body body;
	size_t i;

	(void)state;
	assert_non_null(p);
	use(rules, 2);
	for (i = 0; i < LONG; i++)
		p[i] = (uint8_t) "\xe2\x82\xac"[i % 3];
	c.n -= c.n % 3;
	assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
	expect_as_is(&e, &body, c);
	memcpy(p + c.n - 3, "abc", 3);
	assert_int_equal(VL_OK, put(&e, &body, "y", c, 100000));
	expect_as_is(&e, &body, c);
	assert_int_equal(VL_EREFUSED, put(&e, &body, "other", c, 100000));
	/* What begins in one chunk and ends in the next. */
	c.n = LONG;
	for (i = 1; i < 6; i += 2) {
		memset(p, '.', LONG);
		memcpy(p + BORDER - i, "abcdef", 6);
		assert_int_equal(VL_EREFUSED, put(&e, &body, "x", c, 65536));
	}
	free(p);
}

static void
knows_what_is_no_text_by_its_end(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	static const uint8_t odd[] = { 0, 0xe2, 0x80 };
	uint8_t *p = malloc(LONG);
	struct vl_slice c = { p, LONG };
	struct vl_entry e;
	struct vl_body body;
	size_t i;

	(void)state;
	assert_non_null(p);
	use(rules, 1);
	memset(p, 'a', LONG);
	for (i = 0; i < sizeof(odd); i++) {
		p[LONG - 1] = odd[i];
		assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
		expect_as_is(&e, &body, c);
	}
	/* Zeros that are in no chunk. */
	memset(p + BORDER, 0, LONG - BORDER);
	assert_int_equal(VL_OK, put(&e, &body, "x", c, 65536));
	expect_as_is(&e, &body, c);
	free(p);
}

static void
passes_on_what_the_bundle_says(void **state)
{
	static const struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	struct vl_entry e;
	struct vl_body body;

	(void)state;
	use(rules, 1);
	bundle.broken = true;
	assert_int_equal(
	    VL_EFORMAT, put(&e, &body, "x", vl_slice_of("aaa"), 2));
	assert_string_equal("a chunk is broken", err.text);
}

static void
is_nothing_without_a_rule(void **state)
{
	struct vl_rewrite rules[] = { RULE("*", "a", "b") };
	char other[] = "other";

	(void)state;
	use(rules, 0);
	assert_null(rw);
	rules[0].resource = other;
	use(rules, 1);
	assert_null(rw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replaces_every_occurrence),
		TEST(does_not_look_at_what_it_put_in),
		TEST(applies_rules_in_their_order),
		TEST(can_take_all_away),
		TEST(keeps_contents_until_they_are_asked_for),
		TEST(nothing_of_it_waits_in_clear),
		TEST(drops_holes_of_what_it_changes),
		TEST(leaves_other_files_alone),
		TEST(leaves_what_is_no_text_alone),
		TEST(reads_little_of_a_large_file_that_is_no_text),
		TEST(refuses_a_text_that_is_too_long),
		TEST(leaves_a_long_text_alone_that_has_nothing_to_replace),
		TEST(knows_what_is_no_text_by_its_end),
		TEST(passes_on_what_the_bundle_says),
		TEST(is_nothing_without_a_rule),
	};

	return vl_secret_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
