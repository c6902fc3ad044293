/* Where `map` puts paths, and what it refuses. */

#include "records.h"

static struct bundle bundle;
static struct vl_map_sort *map;
static char *text; /* of the rules, which are borrowed */
static struct vl_err err;

static int
setup(void **state)
{
	(void)state;
	memset(&bundle, 0, sizeof(bundle));
	map = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vl_map_free(map);
	free(text);
	text = NULL;
	bundle_free(&bundle);
	return 0;
}

/* Rules as "from to from to ..." of resource files. */
static void
use(const char *rules)
{
	static char resource[] = "files";
	struct vl_map copy[8] = { 0 };
	struct vl_site site = { .map = copy };
	char *rest = NULL;

	vl_map_free(map);
	map = NULL;
	free(text);
	rest = text = strdup(rules);
	while (rest != NULL) {
		copy[site.nmap].resource = resource;
		copy[site.nmap].from = strsep(&rest, " ");
		copy[site.nmap++].to = strsep(&rest, " ");
	}
	assert_int_equal(VL_OK,
	    vl_map_new(&map,
	        &(struct vl_filter_opts){
	            .site = &site, .resource = "files", .tempdir = "/var/tmp" },
	        &err));
	assert_non_null(map);
}

static enum vl_status
put(const struct vl_entry *e, const char *content)
{
	struct vl_body body = bundle_body(&bundle);

	if (content != NULL)
		bundle_put(&bundle, vl_slice_of(content), 2);
	return vl_map_add(map, e, &body, &err);
}

/*
 * Records as "path/ path path@ path=to path!": a directory, a file (its
 * content is its path), a symbolic link, a hard link, a left-out line.
 */
static enum vl_status
put_word(char *word)
{
	char *to = strchr(word, '=');
	char *last = word + strlen(word) - 1;
	struct vl_entry e;

	if (to != NULL) {
		*to = '\0';
		e = entry(VL_ENTRY_HARD, word);
		e.target = vl_slice_of(to + 1);
		return put(&e, NULL);
	}
	e.type = *last == '/' ? VL_ENTRY_DIR :
	    *last == '@'      ? VL_ENTRY_LINK :
	    *last == '!'      ? VL_ENTRY_LEFT_OUT :
	                        VL_ENTRY_FILE;
	if (e.type != VL_ENTRY_FILE)
		*last = '\0';
	e = entry(e.type, word);
	e.size = e.type == VL_ENTRY_FILE ? strlen(word) : 0;
	if (e.type == VL_ENTRY_LEFT_OUT)
		e.why = VL_WHY_EXCLUDED;
	return put(&e, e.type == VL_ENTRY_FILE ? word : NULL);
}

static enum vl_status
put_all(const char *records)
{
	char *copy = strdup(records);
	char *rest = copy;
	char *word = NULL;
	struct vl_entry root = entry(VL_ENTRY_DIR, "");
	enum vl_status st = put(&root, NULL);

	while (st == VL_OK && (word = strsep(&rest, " ")) != NULL)
		st = put_word(word);
	free(copy);
	return st;
}

/* The next record as a word; a file is followed by its content where that is
 * another text than its path. */
static void
say(struct vl_buf *out, const struct vl_entry *e, const struct vl_body *body)
{
	static const char marks[] = { [VL_ENTRY_DIR] = '/',
		[VL_ENTRY_LINK] = '@',
		[VL_ENTRY_LEFT_OUT] = '!' };
	struct vl_buf content = { 0 };

	assert_int_equal(
	    VL_OK, vl_buf_add_text(out, out->n > 0 ? " " : "", &err));
	assert_int_equal(VL_OK, vl_buf_add(out, e->path, &err));
	if (e->type == VL_ENTRY_HARD) {
		assert_int_equal(VL_OK, vl_buf_add_text(out, "=", &err));
		assert_int_equal(VL_OK, vl_buf_add(out, e->target, &err));
	} else if (e->type != VL_ENTRY_FILE) {
		assert_int_equal(
		    VL_OK, vl_buf_printf(out, &err, "%c", marks[e->type]));
	} else {
		read_body(&content, body, e->size, 2);
		if (!vl_slice_equal(e->path, vl_buf_slice(&content)))
			assert_int_equal(VL_OK,
			    vl_buf_printf(out, &err, "<%.*s", (int)content.n,
			        (const char *)content.p));
	}
	vl_buf_free(&content);
}

/* Everything that comes out, as words. */
static enum vl_status
take_all(struct vl_buf *out)
{
	struct vl_entry e = { 0 };
	struct vl_body body = { 0 };
	bool more = true;
	enum vl_status st = vl_map_finish(map, &err);

	while (st == VL_OK) {
		st = vl_map_next(map, &e, &body, &more, &err);
		if (st != VL_OK || !more)
			break;
		say(out, &e, &body);
	}
	return st;
}

static void
becomes(const char *rules, const char *records, const char *want)
{
	struct vl_buf now = { 0 };

	use(rules);
	assert_int_equal(VL_OK, put_all(records));
	assert_int_equal(VL_OK, take_all(&now));
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &now, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	assert_string_equal(want, (const char *)now.p);
	vl_buf_free(&now);
}

static void
refused(const char *rules, const char *records, const char *message)
{
	struct vl_buf now = { 0 };
	enum vl_status st;

	use(rules);
	st = put_all(records);
	if (st == VL_OK)
		st = take_all(&now);
	assert_int_equal(VL_EREFUSED, st);
	assert_string_equal(message, err.text);
	vl_buf_free(&now);
}

static void
moves_a_directory_with_all_below(void **state)
{
	(void)state;
	becomes("a/** z/**", "a/ a/b/ a/b/c a/d@ aa b",
	    "/ aa b z/ z/b/ z/b/c<a/b/c z/d@");
	becomes("z/** a/**", "b z/ z/c", "/ a/ a/c<z/c b");
	becomes("a/b/** a/c/**", "a/ a/a a/b/ a/b/x a/d",
	    "/ a/ a/a a/c/ a/c/x<a/b/x a/d");
}

static void
moves_one_path(void **state)
{
	(void)state;
	becomes("b a-c", "a/ a/b b", "/ a/ a/b a-c<b");
	becomes("a/b b", "a/ a/b a/b.c", "/ a/ a/b.c b<a/b");
	/* Nobody has it: nothing happens. */
	becomes("no yes", "a", "/ a");
}

static void
moves_what_was_left_out(void **state)
{
	(void)state;
	becomes("a/** b/**", "a/ a/x!", "/ b/ b/x!");
}

static void
makes_the_directories_that_lead_there(void **state)
{
	(void)state;
	becomes("a/** x/y/z/**", "a/ a/f a/g w",
	    "/ w x/ x/y/ x/y/z/ x/y/z/f<a/f x/y/z/g<a/g");
	becomes("f x/y/z/f g x/z", "f g x/ x/y/",
	    "/ x/ x/y/ x/y/z/ x/y/z/f<f x/z<g");
	/* What moved below itself leaves a directory behind. */
	becomes("a/** a/b/**", "a/ a/f", "/ a/ a/b/ a/b/f<a/f");
}

static void
made_directories_are_like_the_one_above(void **state)
{
	const struct vl_acl_entry acl[] = { { VL_ACL_USER_OBJ, 7, 0, { 0 } },
		{ VL_ACL_USER, 5, 99, { 0 } },
		{ VL_ACL_GROUP_OBJ, 5, 0, { 0 } }, { VL_ACL_MASK, 5, 0, { 0 } },
		{ VL_ACL_OTHER, 1, 0, { 0 } } };
	const struct vl_xattr xattr = { vl_slice_of("user.a"),
		vl_slice_of("b") };
	struct vl_entry e = entry(VL_ENTRY_DIR, "");
	struct vl_body body = { 0 };
	bool more = false;
	int i;

	(void)state;
	use("f d/x/y/f");
	assert_int_equal(VL_OK, put(&e, NULL));
	e = entry(VL_ENTRY_DIR, "d");
	e.mode = 02751;
	e.uid = 77;
	e.owner = vl_slice_of("w");
	e.acl = acl;
	e.nacl = 5;
	e.xattrs = &xattr;
	e.nxattrs = 1;
	e.flags = VL_FLAG_IMMUTABLE;
	assert_int_equal(VL_OK, put(&e, NULL));
	e = entry(VL_ENTRY_FILE, "f");
	e.size = 1;
	assert_int_equal(VL_OK, put(&e, "f"));
	assert_int_equal(VL_OK, vl_map_finish(map, &err));
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_int_equal(VL_FLAG_IMMUTABLE, e.flags);
	for (i = 0; i < 2; i++) {
		assert_int_equal(
		    VL_OK, vl_map_next(map, &e, &body, &more, &err));
		assert_true(more);
		assert_int_equal(VL_ENTRY_DIR, e.type);
		assert_true(vl_slice_equal(
		    vl_slice_of(i == 0 ? "d/x" : "d/x/y"), e.path));
		assert_int_equal(02751, e.mode);
		assert_int_equal(77, e.uid);
		assert_true(vl_slice_equal(vl_slice_of("w"), e.owner));
		assert_int_equal(5, e.nacl);
		assert_int_equal(99, e.acl[1].id);
		assert_int_equal(1700000000, e.mtime.sec);
		assert_int_equal(0, e.flags);
		assert_int_equal(0, e.nxattrs);
	}
}

static void
orders_by_the_target_s_paths(void **state)
{
	(void)state;
	becomes("m/** a/**", "a-b a.b a0 m/ m/\x01 m/b m/b- m/c/ m/c/d",
	    "/ a/ a/\x01<m/\x01 a/b<m/b a/b-<m/b- a/c/ a/c/d<m/c/d a-b a.b "
	    "a0");
}

static void
merges_directories(void **state)
{
	struct vl_entry e = entry(VL_ENTRY_DIR, "");
	struct vl_body body = { 0 };
	bool more = false;

	(void)state;
	becomes("a/** b/**", "a/ a/x a/y/ a/y/1 b/ b/w b/y/ b/y/2",
	    "/ b/ b/w b/x<a/x b/y/ b/y/1<a/y/1 b/y/2");
	becomes("a/** c/** b/** c/**", "a/ a/x b/ b/y", "/ c/ c/x<a/x c/y<b/y");
	/* The one that has the name of its own decides, whichever comes. */
	use("a/** b/**");
	assert_int_equal(VL_OK, put(&e, NULL));
	e = entry(VL_ENTRY_DIR, "a");
	e.uid = 10;
	assert_int_equal(VL_OK, put(&e, NULL));
	e = entry(VL_ENTRY_DIR, "b");
	e.uid = 11;
	assert_int_equal(VL_OK, put(&e, NULL));
	assert_int_equal(VL_OK, vl_map_finish(map, &err));
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_int_equal(11, e.uid);
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_false(more);
}

static void
refuses_paths_that_meet(void **state)
{
	(void)state;
	refused("a/** b/**", "a/ a/x b/ b/x",
	    "'map' makes 'b/x' and 'a/x' of the bundle both 'b/x'");
	refused(
	    "a c b c", "a b", "'map' makes 'a' and 'b' of the bundle both 'c'");
	refused("a/** b/**", "a/ a/x b@",
	    "'map' makes 'b' and 'a' of the bundle both 'b'");
	refused("a/** b/**", "a/ a/x! b/ b/x",
	    "'map' makes 'b/x' and 'a/x' of the bundle both 'b/x'");
}

static void
refuses_what_comes_below_no_directory(void **state)
{
	(void)state;
	refused("a/** b/c/**", "a/ a/x b@",
	    "'map' makes 'a' of the bundle 'b/c', below 'b', which is no "
	    "directory");
	refused("a/** b/c/**", "a/ a/x b!",
	    "'map' makes 'a' of the bundle 'b/c', below 'b', which is no "
	    "directory");
	refused("a/** b/c/d/**", "a/ a/x b/ b/c",
	    "'map' makes 'a' of the bundle 'b/c/d', below 'b/c', which is no "
	    "directory");
}

static void
refuses_a_directory_by_a_rule_of_one_path(void **state)
{
	(void)state;
	refused("a b", "a/",
	    "'map' of 'a': it is a directory; write '/**' behind both paths");
}

static void
refuses_paths_that_grow_too_long(void **state)
{
	char rules[600];
	char name[256];
	char path[8001] = "a/";
	struct vl_entry e;
	size_t n = 2;

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	(void)snprintf(rules, sizeof(rules), "a/** %s/%s/**", name, name);
	use(rules);
	for (n = 2; n < sizeof(path) - 1; n++)
		path[n] = n % 200 == 0 ? '/' : 'p';
	e = entry(VL_ENTRY_DIR, path);
	assert_int_equal(VL_EREFUSED, put(&e, NULL));
	assert_non_null(strstr(err.text, "'map' of 'a/ppp"));
	assert_non_null(strstr(err.text, "is longer than 8192 bytes"));
}

static void
refuses_a_line_that_grows_too_long(void **state)
{
	static uint8_t value[48500];
	const struct vl_xattr xattr = { vl_slice_of("user.long"),
		{ value, sizeof(value) } };
	struct vl_entry e = entry(VL_ENTRY_DIR, "a");
	char rules[1100] = "a/** ";
	size_t n;

	(void)state;
	for (n = 5; n < 1005; n++)
		rules[n] = n % 200 == 0 ? '/' : 'x';
	(void)snprintf(rules + n, sizeof(rules) - n, "/**");
	use(rules);
	e.xattrs = &xattr;
	e.nxattrs = 1;
	assert_int_equal(VL_EREFUSED, put(&e, NULL));
	assert_string_equal("'map' of 'a': with a longer path it has no room "
	                    "in a line of 65536 bytes",
	    err.text);
}

static void
hard_links_go_along(void **state)
{
	(void)state;
	becomes(
	    "a/** c/**", "a/ a/1 a/2=a/1 d=a/1", "/ c/ c/1<a/1 c/2=c/1 d=c/1");
	becomes("a/** c/**", "a/ a/2=0 0", "/ 0 c/ c/2=0");
	refused("a/** c/**", "a/ a/1 b=a/1",
	    "'map' would put 'b' before 'a/1', of which it is a hard link: "
	    "map both so that they keep their order");
	refused("b a", "aa b=aa",
	    "'map' would put 'b' before 'aa', of which it is a hard link: "
	    "map both so that they keep their order");
}

/* Lines and bodies that take many pieces come out as they went in. */
static void
carries_long_records(void **state)
{
	static uint8_t value[45000];
	const struct vl_xattr xattr = { vl_slice_of("user.long"),
		{ value, sizeof(value) } };
	struct vl_slice content = { value, sizeof(value) };
	struct vl_body body = bundle_body(&bundle);
	struct vl_entry e;
	struct vl_buf now = { 0 };
	bool more = false;
	int i;

	(void)state;
	for (i = 0; i < (int)sizeof(value); i++)
		value[i] = (uint8_t)(i * 7 + i / 256);
	use("b/** a/**");
	assert_int_equal(VL_OK, put_all("b/"));
	for (i = 0; i < 3; i++) {
		char name[] = "b/0";

		name[2] = (char)('0' + i);
		e = entry(VL_ENTRY_FILE, name);
		e.size = sizeof(value);
		e.xattrs = &xattr;
		e.nxattrs = 1;
		bundle_put(&bundle, content, i == 1 ? 3 : 1000);
		assert_int_equal(VL_OK, vl_map_add(map, &e, &body, &err));
	}
	assert_int_equal(VL_OK, vl_map_finish(map, &err));
	for (i = -2; i < 3; i++) {
		assert_int_equal(
		    VL_OK, vl_map_next(map, &e, &body, &more, &err));
		assert_true(more);
		if (i < 0)
			continue;
		assert_int_equal(1, e.nxattrs);
		assert_true(vl_slice_equal(xattr.value, e.xattrs[0].value));
		/* Of the second the body is left where it is. */
		if (i == 1)
			continue;
		read_body(&now, &body, e.size, 7);
		assert_true(vl_slice_equal(content, vl_buf_slice(&now)));
	}
	assert_int_equal(VL_OK, vl_map_next(map, &e, &body, &more, &err));
	assert_false(more);
	vl_buf_free(&now);
}

/* More records than memory holds, against a model. */
static void
sorts_as_the_order_of_paths_is(void **state)
{
	enum {
		RECORDS = 60000
	};
	struct vl_buf last = { 0 };
	struct vl_entry e = entry(VL_ENTRY_DIR, "");
	struct vl_body body = { 0 };
	uint64_t random = 1;
	uint64_t dirs = 0;
	uint64_t links = 0;
	char path[100];
	bool more = true;
	size_t i;

	(void)state;
	use("k/** a/b/** k0 zz");
	assert_int_equal(VL_OK, put(&e, NULL));
	e = entry(VL_ENTRY_DIR, "k");
	assert_int_equal(VL_OK, put(&e, NULL));
	for (i = 0; i < RECORDS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		(void)snprintf(path, sizeof(path), "%s/%c%c/%llu-%zu",
		    random >> 63 != 0 ? "k" : "a",
		    (int)(33 + (random >> 40) % 14),
		    (int)('a' + (random >> 50) % 26),
		    (unsigned long long)(random >> 33) % 1000, i);
		e = entry(VL_ENTRY_LINK, path);
		assert_int_equal(VL_OK, put(&e, NULL));
	}
	assert_int_equal(VL_OK, vl_map_finish(map, &err));
	for (i = 0;; i++) {
		assert_int_equal(
		    VL_OK, vl_map_next(map, &e, &body, &more, &err));
		if (!more)
			break;
		if (i > 0)
			assert_true(
			    vl_path_cmp(vl_buf_slice(&last), e.path) < 0);
		assert_false(vl_path_below(e.path, vl_slice_of("k")));
		dirs += e.type == VL_ENTRY_DIR;
		links += e.type == VL_ENTRY_LINK;
		vl_buf_clear(&last);
		assert_int_equal(VL_OK, vl_buf_add(&last, e.path, &err));
	}
	assert_int_equal(RECORDS, links);
	/* The root, a, a/b, and those in which the links are. */
	assert_int_equal(3 + 2 * 14 * 26, dirs);
	vl_buf_free(&last);
}

static void
is_nothing_without_a_rule(void **state)
{
	struct vl_map rule = { .resource = (char *)(uintptr_t) "other" };
	struct vl_site site = { .map = &rule, .nmap = 1 };

	(void)state;
	assert_int_equal(VL_OK,
	    vl_map_new(&map,
	        &(struct vl_filter_opts){
	            .site = &site, .resource = "files", .tempdir = "/var/tmp" },
	        &err));
	assert_null(map);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(moves_a_directory_with_all_below),
		TEST(moves_one_path),
		TEST(moves_what_was_left_out),
		TEST(makes_the_directories_that_lead_there),
		TEST(made_directories_are_like_the_one_above),
		TEST(orders_by_the_target_s_paths),
		TEST(merges_directories),
		TEST(refuses_paths_that_meet),
		TEST(refuses_what_comes_below_no_directory),
		TEST(refuses_a_directory_by_a_rule_of_one_path),
		TEST(refuses_paths_that_grow_too_long),
		TEST(refuses_a_line_that_grows_too_long),
		TEST(hard_links_go_along),
		TEST(carries_long_records),
		TEST(sorts_as_the_order_of_paths_is),
		TEST(is_nothing_without_a_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
