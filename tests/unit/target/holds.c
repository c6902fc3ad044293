/*
 * What a file system can hold: by its type, as a table; and as it is found
 * on a real directory without a trace.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../src/target/holds.h"

#define TEXT    160
#define E_ACUTE "\xc3\xa9" /* one code point */
#define E_LARGE "\xc3\x89"
#define E_PARTS "e\xcc\x81" /* the same in two */
#define SHARP_S "\xc3\x9f"
#define SHY     "\xc2\xad" /* soft hyphen */
#define SIGMA   "\xcf\x83"
#define SIGMA_2 "\xcf\x82" /* as it ends a word */
#define SIGMA_L "\xce\xa3"
#define CLEF    "\xf0\x9d\x84\x9e" /* two UTF-16 units */
#define EURO    "\xe2\x82\xac"
#define LATE    4354819200 /* 2108-01-01 */
#define NUL_TIME                                                               \
	{                                                                      \
		0, 0                                                           \
	}

static struct vl_holds
holds(const char *type)
{
	struct vl_holds h;

	assert_true(vl_holds_of_type(&h, type));
	return h;
}

static struct vl_entry
entry(enum vl_entry_type type, const char *path)
{
	struct vl_entry e = { 0 };

	e.type = type;
	e.path = vl_slice_of(path);
	e.mtime.sec = 1700000000;
	return e;
}

/* n times `piece`; to be freed. */
static char *
repeated(const char *piece, size_t n)
{
	size_t size = strlen(piece);
	char *text = malloc(n * size + 1);
	size_t i;

	assert_non_null(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * size, piece, size);
	text[n * size] = '\0';
	return text;
}

/* `why` is what the reason ends in; NULL: there is none. */
static void
expect_refusal(const char *type, const struct vl_entry *e, const char *why)
{
	struct vl_holds h = holds(type);
	char text[TEXT] = "";
	const char *got = vl_holds_refuses(&h, e, text, sizeof(text));

	if (why == NULL && got == NULL)
		return;
	if (why == NULL || got == NULL || strlen(got) < strlen(why) ||
	    strcmp(got + strlen(got) - strlen(why), why) != 0)
		fail_msg("%s, '%.*s': %s", type, (int)e->path.n, e->path.p,
		    got == NULL ? "no reason" : got);
}

static void
refuses_names_by_the_rules_of_each_type(void **state)
{
	static const struct {
		const char *path;
		const char *fat; /* what the reason ends in, or NULL */
		const char *exfat;
		const char *ntfs;
	} cases[] = {
		{ "plain", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
		{ "a:b/plain", NULL, NULL, NULL }, /* only its own name */
		{ "d/a:b", "with ':'", "with ':'", NULL },
		{ "a?", "with '?'", "with '?'", NULL },
		{ "*", "with '*'", "with '*'", NULL },
		{ "a\"b", "with '\"'", "with '\"'", NULL },
		{ "<", "with '<'", "with '<'", NULL },
		{ ">", "with '>'", "with '>'", NULL },
		{ "a|b", "with '|'", "with '|'", NULL },
		{ "a\\b", "with '\\'", "with '\\'", NULL },
		{ "a\nb", "with control characters", "with control characters",
		    NULL },
		{ "\x1f", "with control characters", "with control characters",
		    NULL },
		{ "\x7f", NULL, NULL, NULL },
		{ "d/end.", "that end in a dot", "that end in a dot", NULL },
		{ "...", "that end in a dot", "that end in a dot", NULL },
		{ "end ", "that end in a space", NULL, NULL },
		{ " begin", NULL, NULL, NULL },
		{ ".begin", NULL, NULL, NULL },
		{ "CON", NULL, NULL, NULL },
		{ "\xff", "that are not UTF-8", "that are not UTF-8",
		    "that are not UTF-8" },
		{ "\xed\xa0\x80", "that are not UTF-8", "that are not UTF-8",
		    "that are not UTF-8" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vl_entry e = entry(VL_ENTRY_DIR, cases[i].path);

		expect_refusal("vfat", &e, cases[i].fat);
		expect_refusal("exfat", &e, cases[i].exfat);
		expect_refusal("fuseblk.exfat", &e, cases[i].exfat);
		expect_refusal("ntfs3", &e, cases[i].ntfs);
		expect_refusal("ext4", &e, NULL);
	}
}

static void
counts_the_length_of_a_name_as_the_type_does(void **state)
{
	static const struct {
		const char *piece;
		size_t n;
		const char *type;
		const char *why;
	} cases[] = {
		{ "x", 255, "exfat", NULL },
		{ "x", 256, "exfat", "255 UTF-16 units" },
		{ EURO, 255, "exfat", NULL },
		{ EURO, 256, "vfat", "255 UTF-16 units" },
		{ CLEF, 127, "exfat", NULL },
		{ CLEF, 128, "exfat", "255 UTF-16 units" },
		{ "x", 255, "ext4", NULL },
		{ "x", 256, "ext4", "255 bytes" },
		{ EURO, 86, "ext4", "255 bytes" },
		{ "x", 255, "udf", "254 bytes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *name = repeated(cases[i].piece, cases[i].n);
		struct vl_entry e = entry(VL_ENTRY_DIR, name);

		expect_refusal(cases[i].type, &e, cases[i].why);
		free(name);
	}
}

static void
refuses_types_and_sizes_that_are_not_there(void **state)
{
	struct vl_entry e = entry(VL_ENTRY_LINK, "l");
	char *target = repeated("x", 1024);

	(void)state;
	expect_refusal("exfat", &e, "exFAT has no symbolic links");
	expect_refusal("ext4", &e, NULL);
	e.target = (struct vl_slice){ (const uint8_t *)target, 1023 };
	expect_refusal("xfs", &e, NULL);
	e.target.n++;
	expect_refusal("xfs", &e, "at most 1023 bytes");
	free(target);

	e = entry(VL_ENTRY_HARD, "h");
	expect_refusal("vfat", &e, "FAT has no hard links");
	expect_refusal("ntfs3", &e, NULL);
	e = entry(VL_ENTRY_FIFO, "f");
	expect_refusal("exfat", &e, "no FIFOs");
	e = entry(VL_ENTRY_BLOCK, "b");
	expect_refusal("exfat", &e, "no devices");
	expect_refusal("tmpfs", &e, NULL);

	e = entry(VL_ENTRY_FILE, "f");
	e.size = UINT32_MAX;
	expect_refusal("vfat", &e, NULL);
	e.size++;
	expect_refusal("vfat", &e, "at most 4 294 967 295 bytes");
	expect_refusal("exfat", &e, NULL);
	/* What is not carried needs no room. */
	e = entry(VL_ENTRY_LEFT_OUT, "a:b");
	expect_refusal("exfat", &e, NULL);
}

static void
expect_lacks(const struct vl_holds *h, const struct vl_entry *e, unsigned bits,
    const char *words)
{
	char text[TEXT] = "x";

	assert_int_equal(bits, vl_holds_lacks(h, e, text, sizeof(text)));
	assert_string_equal(words, text);
}

static void
says_what_of_an_entry_has_no_room(void **state)
{
	static const struct vl_acl_entry acl[1] = { 0 };
	struct vl_xattr xattrs[2] = { 0 };
	struct vl_holds h = holds("exfat");
	struct vl_entry e = entry(VL_ENTRY_FILE, "f");

	(void)state;
	expect_lacks(&h, &e, VL_LACKS_OWNER | VL_LACKS_MODE, "owner, mode");
	xattrs[0].name = vl_slice_of("security.capability");
	xattrs[1].name = vl_slice_of("user.mime");
	e.xattrs = xattrs;
	e.nxattrs = 2;
	e.acl = acl;
	e.nacl = 1;
	e.flags = VL_FLAG_IMMUTABLE;
	e.mtime.sec = LATE;
	expect_lacks(&h, &e,
	    VL_LACKS_OWNER | VL_LACKS_MODE | VL_LACKS_ACL | VL_LACKS_XATTRS |
	        VL_LACKS_FLAGS | VL_LACKS_TIME,
	    "owner, mode, ACL, extended attributes, flags, time");
	h = holds("ext4");
	expect_lacks(&h, &e, 0, "");
	/* Each namespace for itself. */
	h.security_xattrs = false;
	expect_lacks(&h, &e, VL_LACKS_XATTRS, "extended attributes");
	assert_true(vl_holds_xattr(&h, xattrs[1].name));
	h.security_xattrs = true;
	h.user_xattrs = false;
	expect_lacks(&h, &e, VL_LACKS_XATTRS, "extended attributes");
	assert_false(vl_holds_xattr(&h, xattrs[1].name));
	h.user_xattrs = true;
	h.acl = false;
	expect_lacks(&h, &e, VL_LACKS_ACL, "ACL");
	assert_false(
	    vl_holds_xattr(&h, vl_slice_of("system.posix_acl_default")));

	/* Flags that one has and another has not. */
	e = entry(VL_ENTRY_DIR, "d");
	e.flags = VL_FLAG_NOCOW;
	h = holds("btrfs");
	expect_lacks(&h, &e, 0, "");
	h = holds("ext4");
	expect_lacks(&h, &e, VL_LACKS_FLAGS, "flags");
	/* Its first name has the attributes. */
	h = holds("exfat");
	e = entry(VL_ENTRY_HARD, "h");
	e.mtime = (struct vl_time)NUL_TIME;
	expect_lacks(&h, &e, 0, "");
	/* exFAT has no record of its root. */
	e = entry(VL_ENTRY_DIR, "");
	expect_lacks(&h, &e, VL_LACKS_OWNER | VL_LACKS_MODE | VL_LACKS_ANY_TIME,
	    "owner, mode, time");
}

static void
rounds_times_down_and_keeps_them_in_range(void **state)
{
	static const struct {
		const char *type;
		struct vl_time in;
		struct vl_time out;
	} cases[] = {
		{ "ext4", { 1700000001, 123456789 },
		    { 1700000001, 123456789 } },
		{ "ext4", { -3000000000, 5 }, { -2147483648, 0 } },
		{ "ext4", { 15032385535, 5 }, { 15032385535, 5 } },
		{ "ext4", { 15032385536, 5 }, { 15032385535, 0 } },
		{ "vfat", { 1700000001, 999999999 }, { 1700000000, 0 } },
		{ "vfat", { 1700000002, 0 }, { 1700000002, 0 } },
		{ "vfat", { 0, 1 }, { 315619200, 0 } },
		{ "vfat", { LATE, 0 }, { 4354732798, 0 } },
		{ "exfat", { 1700000001, 129999999 },
		    { 1700000001, 120000000 } },
		{ "fuseblk.exfat", { 1700000001, 129999999 },
		    { 1700000001, 0 } },
		{ "ntfs3", { -5, 123456789 }, { -5, 123456700 } },
		{ "hfsplus", { -1, 5 }, { -1, 0 } },
		{ "tmpfs", { INT64_MIN, 1 }, { INT64_MIN, 1 } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vl_holds h = holds(cases[i].type);
		struct vl_time t = cases[i].in;

		vl_holds_time(&h, &t);
		assert_int_equal(cases[i].out.sec, t.sec);
		assert_int_equal(cases[i].out.nsec, t.nsec);
		vl_holds_time(&h, &t);
		assert_int_equal(cases[i].out.sec, t.sec);
		assert_int_equal(cases[i].out.nsec, t.nsec);
	}
}

/* Is `b` the same name as `a`, which came before? */
static bool
one_name(enum vl_folds folds, const char *a, const char *b)
{
	struct vl_holds h = holds("ext4");
	struct vl_fold *f = NULL;
	struct vl_slice other = { 0 };
	struct vl_err err = { 0 };
	bool yes = false;

	h.folds = folds;
	assert_int_equal(VL_OK, vl_fold_new(&f, &h, "/var/tmp", &err));
	assert_int_equal(VL_OK, vl_fold_add(f, vl_slice_of(a), &other, &err));
	assert_null(other.p);
	assert_int_equal(VL_OK, vl_fold_add(f, vl_slice_of(b), &other, &err));
	yes = other.p != NULL;
	if (yes)
		assert_true(vl_slice_equal(other, vl_slice_of(a)));
	vl_fold_free(f);
	return yes;
}

static void
finds_names_that_are_one_where_they_fold(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool upper;
		bool unicode;
	} cases[] = {
		{ "README", "readme", true, true },
		{ "README", "README", false, false }, /* the very same */
		{ "a", "b", false, false },
		{ "Dir/file", "dir/FILE", true, true },
		{ "a/b", "ab", false, false },
		{ "a", "a/", false, false },
		{ E_ACUTE, E_LARGE, true, true },
		{ E_ACUTE, E_PARTS, false, true },
		{ E_LARGE, E_PARTS, false, true },
		{ "ma" SHARP_S "e", "masse", false, true },
		{ SIGMA, SIGMA_L, true, true },
		{ SIGMA, SIGMA_2, true, true },
		{ "soft" SHY "ware", "software", false, true },
		{ "d" SHY "/a", "d/A", false, true },
		/* What is not UTF-8 is itself, the rest of the path is not. */
		{ "A\xff", "a\xff", false, false },
		{ "A/\xff", "a/\xff", true, true },
		{ "e/\xcc\x81", "\xc3\xa9", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *a = cases[i].a;
		const char *b = cases[i].b;

		if (one_name(VL_FOLDS_CASE, a, b) != cases[i].upper ||
		    one_name(VL_FOLDS_CASE, b, a) != cases[i].upper ||
		    one_name(VL_FOLDS_UNICODE, a, b) != cases[i].unicode ||
		    one_name(VL_FOLDS_UNICODE, b, a) != cases[i].unicode)
			fail_msg("'%s' and '%s'", a, b);
		assert_false(one_name(VL_FOLDS_NONE, a, b));
	}
}

static void
keeps_every_path_apart_from_thousands(void **state)
{
	struct vl_holds h = holds("exfat");
	struct vl_fold *f = NULL;
	struct vl_slice other = { 0 };
	struct vl_err err = { 0 };
	char path[32];
	unsigned i;

	(void)state;
	assert_int_equal(VL_OK, vl_fold_new(&f, &h, "/var/tmp", &err));
	for (i = 0; i < 20000; i++) {
		(void)snprintf(path, sizeof(path), "dir/name %u", i);
		assert_int_equal(
		    VL_OK, vl_fold_add(f, vl_slice_of(path), &other, &err));
		assert_null(other.p);
	}
	for (i = 0; i < 20000; i += 100) {
		(void)snprintf(path, sizeof(path), "dir/Name %u", i);
		assert_int_equal(
		    VL_OK, vl_fold_add(f, vl_slice_of(path), &other, &err));
		path[4] = 'n';
		assert_true(vl_slice_equal(vl_slice_of(path), other));
	}
	vl_fold_free(f);
}

static void
knows_only_what_it_knows(void **state)
{
	struct vl_holds h;
	struct vl_entry e = entry(VL_ENTRY_CHAR, "a:b\xff.");
	char text[TEXT];

	(void)state;
	assert_false(vl_holds_of_type(&h, "fuse.sshfs"));
	assert_false(vl_holds_of_type(&h, ""));
	assert_null(vl_holds_refuses(&h, &e, text, sizeof(text)));
	e.flags = UINT32_MAX;
	expect_lacks(&h, &e, 0, "");
}

static void
asks_a_directory_without_changing_it(void **state)
{
	char path[] = "/var/tmp/holds.XXXXXX";
	struct vl_holds h;
	struct vl_err err = { 0 };
	struct stat before;
	struct stat after;
	int fd = -1;
	int file = -1;

	(void)state;
	assert_non_null(mkdtemp(path));
	fd = open(path, O_PATH | O_DIRECTORY);
	assert_true(fd >= 0);
	file = openat(fd, "Name", O_CREAT | O_WRONLY, 0600);
	assert_true(file >= 0);
	close(file);
	assert_int_equal(0, fstat(fd, &before));
	assert_int_equal(VL_OK, vl_holds_probe(&h, fd, false, &err));
	assert_int_equal(0, fstat(fd, &after));
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	assert_true(h.symlinks && h.owners && h.modes && h.root_time);
	assert_int_equal(VL_FOLDS_NONE, h.folds);
	assert_int_equal(VL_NAMES_ANY, h.names);
	assert_int_equal(255, h.name_max);
	assert_int_equal(0, unlinkat(fd, "Name", 0));
	close(fd);
	assert_int_equal(0, rmdir(path));

	assert_int_equal(VL_EIO, vl_holds_probe(&h, -1, false, &err));
	fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
	assert_int_equal(VL_OK, vl_holds_probe(&h, fd, false, &err));
	assert_string_equal("proc", h.name);
	assert_false(h.user_xattrs || h.acl);
	assert_int_equal(0, h.flags);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_names_by_the_rules_of_each_type),
		cmocka_unit_test(counts_the_length_of_a_name_as_the_type_does),
		cmocka_unit_test(refuses_types_and_sizes_that_are_not_there),
		cmocka_unit_test(says_what_of_an_entry_has_no_room),
		cmocka_unit_test(rounds_times_down_and_keeps_them_in_range),
		cmocka_unit_test(finds_names_that_are_one_where_they_fold),
		cmocka_unit_test(keeps_every_path_apart_from_thousands),
		cmocka_unit_test(knows_only_what_it_knows),
		cmocka_unit_test(asks_a_directory_without_changing_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
