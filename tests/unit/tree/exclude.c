/* Exclusion: one row a question, patterns as they stand in a site file. */

#include "trees.h"

#define PATTERNS 4

struct row {
	const char *pattern[PATTERNS];
	const char *path; /* a directory where it ends in a slash */
	bool excluded;
};

static const struct row rows[] = {
	/* names at any depth */
	{ { "*.tmp" }, "a.tmp", true },
	{ { "*.tmp" }, "d/e/a.tmp", true },
	{ { "*.tmp" }, "a.tmp/", true },
	{ { "*.tmp" }, "a.tmp2", false },
	{ { "*.tmp" }, ".tmp", true },
	{ { "a" }, "x/a", true },
	{ { "a" }, "x/a/y", true },
	{ { "a" }, "xa", false },
	{ { "*" }, "anything", true },
	{ { "a?c" }, "abc", true },
	{ { "a?c" }, "ac", false },
	{ { "a?c" }, "a/c", false },
	{ { "?" }, "\xff", true },
	{ { "a*b*c" }, "a-b-b-c", true },
	{ { "a*b*c" }, "a-b-b-d", false },
	{ { "\xc3*" }, "\xc3\xa9", true },
	/* only directories */
	{ { "cache/" }, "cache/", true },
	{ { "cache/" }, "cache", false },
	{ { "cache/" }, "cache/x", true },
	{ { "cache/" }, "a/cache/b/c", true },
	/* anchors */
	{ { "/a" }, "a", true },
	{ { "/a" }, "x/a", false },
	{ { "x/a" }, "x/a", true },
	{ { "x/a" }, "y/x/a", false },
	{ { "x/a/" }, "x/a/", true },
	{ { "x/a/" }, "x/a", false },
	{ { "/x*" }, "xyz", true },
	{ { "a/*" }, "a/b", true },
	{ { "a/*" }, "a/b/c", true },
	{ { "a/*" }, "a/", false },
	{ { "a/*/c" }, "a/b/c", true },
	{ { "a/*/c" }, "a/b/b/c", false },
	/* any number of directories */
	{ { "**/a" }, "a", true },
	{ { "**/a" }, "x/y/a", true },
	{ { "a/**" }, "a/b/c", true },
	{ { "a/**" }, "a/", false },
	{ { "a/**/z" }, "a/z", true },
	{ { "a/**/z" }, "a/b/c/z", true },
	{ { "a/**/z" }, "b/a/z", false },
	{ { "a/**/b/**/c" }, "a/x/b/b/y/c", true },
	{ { "a/**/b/**/c" }, "a/x/y/c", false },
	{ { "/**/a/b" }, "x/a/a/b", true },
	{ { "a**b" }, "axxb", true },
	{ { "a**b" }, "ax/xb", false },
	{ { "**" }, "x/y", true },
	/* sets */
	{ { "[abc]" }, "b", true },
	{ { "[abc]" }, "d", false },
	{ { "[a-c]x" }, "bx", true },
	{ { "[!a-c]x" }, "bx", false },
	{ { "[^a-c]x" }, "dx", true },
	{ { "[]-]" }, "]", true },
	{ { "[]-]" }, "-", true },
	{ { "[a-]" }, "-", true },
	{ { "[!]]" }, "]", false },
	{ { "[\\]]" }, "]", true },
	{ { "[[:digit:]x]" }, "7", true },
	{ { "[[:digit:]x]" }, "a", false },
	/* escapes, comments, blanks */
	{ { "\\*" }, "*", true },
	{ { "\\*" }, "a", false },
	{ { "\\#a" }, "#a", true },
	{ { "#a" }, "#a", false },
	{ { "\\!a" }, "!a", true },
	{ { "a\\\\b" }, "a\\b", true },
	{ { "" }, "a", false },
	{ { "/" }, "a", false },
	{ { "a  " }, "a", true },
	{ { "a\\ " }, "a ", true },
	{ { "a\\ " }, "a", false },
	/* the last match wins */
	{ { "*.c", "!a.c" }, "a.c", false },
	{ { "*.c", "!a.c" }, "b.c", true },
	{ { "!a.c", "*.c" }, "a.c", true },
	{ { "*", "!a" }, "a/b", true },
	{ { "/*", "!/a" }, "a/b", false },
	{ { "*.c", "!a.c", "x/" }, "x/a.c", true },
	/* taken back below an excluded directory */
	{ { "cache/", "!cache/keep/" }, "cache/", false },
	{ { "cache/", "!cache/keep/" }, "cache/x", true },
	{ { "cache/", "!cache/keep/" }, "cache/x/", true },
	{ { "cache/", "!cache/keep/" }, "cache/keep/", false },
	{ { "cache/", "!cache/keep/" }, "cache/keep", true },
	{ { "cache/", "!cache/keep/" }, "cache/keep/a/b", false },
	{ { "cache/", "!cache/keep/" }, "x/cache/", true },
	{ { "a/", "!a/b/c/d" }, "a/b/", false },
	{ { "a/", "!a/b/c/d" }, "a/b/c/", false },
	{ { "a/", "!a/b/c/d" }, "a/b/d/", true },
	{ { "a/", "!a/b/c/d" }, "a/b/c/d", false },
	{ { "a/", "!**/keep" }, "a/b/", false },
	{ { "a/", "!keep" }, "a/b/c/", false },
	{ { "a/", "!keep" }, "a/b/c/keep", false },
	{ { "a/", "!keep" }, "a/b/c/other", true },
	{ { "!a/keep", "a/" }, "a/keep", true },
	{ { "!a/keep", "a/" }, "a/", true },
	{ { "a/", "!a/k/", "a/k/x" }, "a/k/x", true },
	{ { "a/", "!a/k/", "a/k/x" }, "a/k/y", false },
	{ { "a/", "!#" }, "a/", false },
	{ { "a/", "!" }, "a/", true },
};

static bool
ask(const struct row *row)
{
	struct vl_slice path = vl_slice_of(row->path);
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };
	bool dir = false;
	bool excluded = false;
	size_t n = 0;

	while (n < PATTERNS && row->pattern[n] != NULL)
		n++;
	assert_int_equal(VL_OK, vl_exclude_new(&x, row->pattern, n, &err));
	if (path.p[path.n - 1] == '/') {
		dir = true;
		path.n--;
	}
	excluded = vl_exclude_match(x, path, dir);
	vl_exclude_free(x);
	return excluded;
}

static void
decides_as_the_table_says(void **state)
{
	size_t bad = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (ask(&rows[i]) != rows[i].excluded) {
			print_error("row %zu: '%s' '%s'\n", i,
			    rows[i].pattern[0], rows[i].path);
			bad++;
		}
	}
	assert_int_equal(0, bad);
}

static void
never_excludes_the_root(void **state)
{
	const char *const patterns[] = { "*", "**", "/**", "/" };
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_exclude_new(&x, patterns, 4, &err));
	assert_false(vl_exclude_match(x, vl_slice_of(""), true));
	vl_exclude_free(x);
}

static void
refuses_patterns_that_cannot_match(void **state)
{
	const char *const bad[] = { "a[bc", "a/[", "a\\", "x/b\\/c", "[a/b]",
		"[a-", "[[:alpha:]" };
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    VL_EUSAGE, vl_exclude_new(&x, &bad[i], 1, &err));
		assert_null(x);
	}
	assert_string_equal(
	    "pattern '[[:alpha:]' has a '[' without its ']'", err.text);
}

/* A matcher that retries every star against every other would not return. */
static void
takes_no_exponential_time(void **state)
{
	struct row row = { { "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b" }, NULL,
		false };
	char path[8192];

	(void)state;
	memset(path, 'a', 255);
	path[255] = '\0';
	row.path = path;
	assert_false(ask(&row));
	row.pattern[0] = "/**/a/**/a/**/a/**/a/**/a/**/a/**/b";
	for (size_t i = 0; i < 500; i++)
		memcpy(path + 2 * i, "a/", 3);
	path[999] = '\0';
	assert_false(ask(&row));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_as_the_table_says),
		cmocka_unit_test(never_excludes_the_root),
		cmocka_unit_test(refuses_patterns_that_cannot_match),
		cmocka_unit_test(takes_no_exponential_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
