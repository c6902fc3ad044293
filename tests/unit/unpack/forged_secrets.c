/*
 * Bundles with all keys whose records of secrets are wrong in one way each:
 * formats/bundle.md, "Secrets".  Read as an auditor does, so that nothing but
 * their numbers and sizes is looked at.
 */

#include "forge.h"

static const char *const texts[] = { "{\"r\":\"app\",\"t\":\"profile\"}\n",
	"{\"c\":\"t\",\"r\":\"app\",\"schema\":[\"x\"],\"t\":\"table\"}\n",
	"{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{\"a\":{\"$secret\":"
	"\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"},\"b\":{\"$secret\":"
	"\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"}},\"t\":\"row\"}\n",
	"{\"c\":\"t\",\"k\":[2],\"r\":\"app\",\"row\":{\"a\":{\"$parts\":[{"
	"\"$secret\":[\"sf1.AAAAAAAAAAAAAAAAAAAAAA\",\"plain\",\"$\"]}]}},"
	"\"t\":"
	"\"row\"}\n" };

static int
secrets_new(void **state)
{
	struct vl_resource_id tree;
	struct forge *f = NULL;

	if (forge_new(state) != 0)
		return -1;
	f = *state;
	tree = f->resources[0];
	(void)snprintf(
	    f->resources[0].name, sizeof(f->resources[0].name), "app");
	(void)snprintf(
	    f->resources[0].kind, sizeof(f->resources[0].kind), "sqlite");
	f->resources[1] = tree;
	f->inner.nresources = 2;
	f->texts = texts;
	f->ntexts = 4;
	f->b.role = VL_ROLE_AUDIT;
	return 0;
}

static void
add_secret(struct forge *f, uint64_t line, uint32_t slot, uint32_t n)
{
	uint8_t head[VL_SECRET_ITEM_HEAD];
	struct vl_err err;

	vl_secret_item_encode(head, line, slot, n);
	must(vl_buf_add(
	         &f->secrets, (struct vl_slice){ head, sizeof(head) }, &err),
	    &err);
	must(vl_buf_reserve(&f->secrets, n, &err), &err);
	memset(f->secrets.p + f->secrets.n, 5, n);
	f->secrets.n += n;
	f->nsecrets++;
}

static void
add_good(struct forge *f)
{
	add_secret(f, 2, 0, 72);
	add_secret(f, 2, 1, 104);
	add_secret(f, 3, 0, 72);
}

static void
reads_good_ones(void **state)
{
	struct forge *f = *state;
	struct vl_unpack_totals totals;
	struct vl_err err;

	add_good(f);
	forge_write(f, NULL);
	must(forge_read(f, &totals, &err), &err);
	assert_int_equal(10, totals.lines);
	assert_int_equal(3, totals.secrets);
}

static void
passes_over_lists_and_not_secrets_unswept(void **state)
{
	struct forge *f = *state;
	struct vl_unpack *u = NULL;
	struct vl_unpacked rec = { 0 };
	struct vl_err err;
	size_t n = 0;

	add_good(f);
	forge_write(f, NULL);
	must(bundle_unpack(&u, &f->b, &err), &err);
	vl_unpack_lines_only(u);
	do {
		must(vl_unpack_next(u, &rec, &err), &err);
		n += rec.ntokens;
	} while (rec.line.p != NULL);
	assert_int_equal(3, n);
	vl_unpack_free(u);
}

#define REFUSES(name, status, why, ...)                                        \
	static void name(void **state)                                         \
	{                                                                      \
		struct forge *f = *state;                                      \
                                                                               \
		__VA_ARGS__                                                    \
		refused_as(f, status, why, NULL);                              \
	}

REFUSES(no_record, VL_EFORMAT, "line 2: its secret 0 is missing", )
REFUSES(the_last_missing, VL_EFORMAT, "line 3: its secret 0 is missing",
        add_secret(f, 2, 0, 72);
        add_secret(f, 2, 1, 72);)
REFUSES(one_too_many, VL_EFORMAT, "1 secrets are of no line", add_good(f);
        add_secret(f, 3, 1, 72);)
REFUSES(of_a_line_without, VL_EFORMAT, "stands where its secret 0 should",
        add_secret(f, 1, 0, 72);
        add_good(f);)
REFUSES(of_another_number, VL_EFORMAT, "secret 2 of line 2 stands where",
        add_secret(f, 2, 0, 72);
        add_secret(f, 2, 2, 72); add_secret(f, 3, 0, 72);)
REFUSES(of_a_far_line, VL_EFORMAT, "line 18446744073709551615 stands where",
        add_secret(f, UINT64_MAX, 0, 72);)
REFUSES(no_whole_blocks, VL_EFORMAT, "71 bytes are not those of a secret",
        add_secret(f, 2, 0, 71);)
REFUSES(too_long_for_one, VL_ELIMIT, "is over 1048648",
        add_secret(f, 2, 0, VL_TOKEN_MAX + VL_TOKEN_BLOCK);)
REFUSES(too_long_for_a_line, VL_ELIMIT, "more than 1048664 bytes",
        add_secret(f, 2, 0, VL_TOKEN_MAX);
        add_secret(f, 2, 1, 72); add_secret(f, 3, 0, 72);)
REFUSES(fewer_than_said, VL_EFORMAT, "1 secrets are of no line", add_good(f);
        f->nsecrets++;)
REFUSES(
    more_than_said, VL_EFORMAT, "line 3: its secret 0 is missing", add_good(f);
    f->nsecrets--;)
REFUSES(a_byte_behind, VL_EFORMAT, "1 bytes are left behind the secrets",
        add_good(f);
        f->secrets.n++;)
REFUSES(cut_short, VL_EFORMAT, "a secret is cut short", add_good(f);
        f->secrets.n--;)
REFUSES(behind_the_lists, VL_EFORMAT, "kind 5 stands behind", add_good(f);
        f->behind = VL_RECORD_SECRETS;)

#define CASE(f) cmocka_unit_test_setup_teardown(f, secrets_new, forge_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_good_ones),
		CASE(passes_over_lists_and_not_secrets_unswept),
		CASE(no_record),
		CASE(the_last_missing),
		CASE(one_too_many),
		CASE(of_a_line_without),
		CASE(of_another_number),
		CASE(of_a_far_line),
		CASE(no_whole_blocks),
		CASE(too_long_for_one),
		CASE(too_long_for_a_line),
		CASE(fewer_than_said),
		CASE(more_than_said),
		CASE(a_byte_behind),
		CASE(cut_short),
		CASE(behind_the_lists),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
