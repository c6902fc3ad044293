/* Entries to lines and back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/entry.h>

static struct vl_slice
s(const char *text)
{
	return vl_slice_of(text);
}

static struct vl_entry
a_file(void)
{
	return (struct vl_entry){ .type = VL_ENTRY_FILE,
		.resource = s("uploads"),
		.path = s("srv/a.json"),
		.owner = s("www-data"),
		.group = s("www-data"),
		.uid = 33,
		.gid = 33,
		.mode = 0644,
		.mtime = { 1700000000, 5 },
		.size = 812 };
}

static void
writes_the_line_of_the_format_page(void **state)
{
	static const char line[] =
	    "{\"gid\":33,\"group\":\"www-data\",\"hash\":\"k1.AAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAA\",\"holes\":[[0,4],[8,804]],"
	    "\"mode\":\"0644\",\"mtime\":\"1700000000.000000005\","
	    "\"owner\":\"www-data\",\"path\":\"srv/a.json\",\"r\":\"uploads\","
	    "\"size\":812,\"t\":\"file\",\"uid\":33}\n";
	static const struct vl_hole holes[] = { { 0, 4 }, { 8, 804 } };
	struct vl_entry e = a_file();
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	e.holes = holes;
	e.nholes = 2;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(strlen(line), out.n);
	assert_memory_equal(line, out.p, out.n);
	vl_buf_free(&out);
}

static void
leaves_room_for_the_hash_in_a_later_line(void **state)
{
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_file();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t start;
	size_t at = 0;

	(void)state;
	memset(hash, 0xa5, sizeof(hash));
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	start = out.n;
	e.path = s("srv/a\nb");
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, &at, &err));
	vl_entry_set_hash(out.p + start, at, hash);
	assert_int_equal(VL_OK,
	    vl_entry_decode(&back, &store,
	        (struct vl_slice){ out.p + start, out.n - start }, &err));
	assert_memory_equal(hash, back.hash, sizeof(hash));
	assert_int_equal(VL_OK,
	    vl_entry_decode(
	        &back, &store, (struct vl_slice){ out.p, start }, &err));
	assert_int_equal(0, back.hash[0]);

	e = (struct vl_entry){ .type = VL_ENTRY_HARD,
		.resource = s("r"),
		.path = s("b"),
		.target = s("a") };
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, &at, &err));
	assert_int_equal(0, at);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static void
hands_back_every_member(void **state)
{
	static const char line[] =
	    "{\"gid\":7,\"group\":\"g\\u0001\",\"mode\":\"4711\","
	    "\"mtime\":\"-2.999999999\",\"owner\":\"o\",\"path_b\":\"YS__\","
	    "\"r\":\"R-1\",\"rdev\":\"8:17\",\"t\":\"block\",\"uid\":5}\n";
	struct vl_entry_store store = { 0 };
	struct vl_entry e;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_entry_decode(&e, &store, s(line), &err));
	assert_int_equal(VL_ENTRY_BLOCK, e.type);
	assert_true(vl_slice_equal(s("R-1"), e.resource));
	assert_true(vl_slice_equal(s("a/\xff"), e.path));
	assert_true(vl_slice_equal(s("o"), e.owner));
	assert_true(vl_slice_equal(s("g\x01"), e.group));
	assert_int_equal(5, e.uid);
	assert_int_equal(7, e.gid);
	assert_int_equal(04711, e.mode);
	assert_int_equal(-2, e.mtime.sec);
	assert_int_equal(999999999, e.mtime.nsec);
	assert_int_equal(8, e.major);
	assert_int_equal(17, e.minor);
	assert_int_equal(0, e.size);
	assert_int_equal(0, e.nholes);
	assert_int_equal(0, e.target.n);
	vl_entry_store_free(&store);
}

/* Secrets of a file: where they are, and what binds them. */
static void
hands_back_every_slot(void **state)
{
	static const char text[] =
	    "\"slots\":[[3,\"sf1.AQAAAAAAAAAAAAAAAAAAAA\",\"$.\\\"a\","
	    "\"broken\"],[812,\"sf1.AgAAAAAAAAAAAAAAAAAAAA\","
	    "\"line B\",\"text\"]],";
	static const struct vl_file_slot slots[] = {
		{ 3, { { 1 }, VL_SLOT_BROKEN, false },
		    { (const uint8_t *)"$.\"a", 4 } },
		{ 812, { { 2 }, VL_SLOT_SEALED, false },
		    { (const uint8_t *)"line B", 6 } }
	};
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_file();
	struct vl_entry back;
	struct vl_slot_place place;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	e.slots = slots;
	e.nslots = 2;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_non_null(memmem(out.p, out.n, text, sizeof(text) - 1));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_int_equal(2, back.nslots);
	for (i = 0; i < 2; i++) {
		assert_int_equal(slots[i].at, back.slots[i].at);
		assert_int_equal(slots[i].slot.form, back.slots[i].slot.form);
		assert_memory_equal(slots[i].slot.print,
		    back.slots[i].slot.print, VL_SLOT_PRINT_SIZE);
		place = vl_entry_slot_place(&back, i);
		assert_true(vl_slice_equal(e.resource, place.resource));
		assert_true(vl_slice_equal(e.path, place.key));
		assert_true(vl_slice_equal(slots[i].inside, place.inside));
		assert_int_equal(slots[i].slot.form, place.form);
		assert_int_equal(0, place.collection.n + place.column.n);
		assert_false(place.blob);
	}
	/* And not what a line cannot say. */
	e.size = 811;
	assert_int_equal(VL_ELIMIT, vl_entry_encode(&out, &e, NULL, &err));
	assert_string_equal("secret 1 is behind the file", err.text);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

/* A reused store must not bring holes or text of the line before. */
static void
forgets_the_line_before(void **state)
{
	static const struct vl_hole holes[] = { { 0, 4 }, { 8, 804 } };
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_file();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t first;

	(void)state;
	e.holes = holes;
	e.nholes = 2;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	first = out.n;
	e.nholes = 1;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(VL_OK,
	    vl_entry_decode(
	        &back, &store, (struct vl_slice){ out.p, first }, &err));
	assert_int_equal(2, back.nholes);
	assert_int_equal(804, back.holes[1].n);
	assert_int_equal(VL_OK,
	    vl_entry_decode(&back, &store,
	        (struct vl_slice){ out.p + first, out.n - first }, &err));
	assert_int_equal(1, back.nholes);
	assert_int_equal(4, back.holes[0].n);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static void
drops_a_name_that_cannot_stand_in_a_line(void **state)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_file();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	e.owner = s("caf\xe9");
	e.group = (struct vl_slice){ (const uint8_t *)"a\0b", 3 };
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_int_equal(0, back.owner.n);
	assert_int_equal(0, back.group.n);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static void
refuses_to_write_what_it_would_not_read(void **state)
{
	static const struct vl_hole beyond[] = { { 800, 13 } };
	struct vl_entry bad[8];
	static const enum vl_status expect[8] = { VL_EPATH, VL_EFORMAT,
		VL_EFORMAT, VL_EFORMAT, VL_EFORMAT, VL_EFORMAT, VL_ELIMIT,
		VL_EPATH };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++)
		bad[i] = a_file();
	bad[0].path = s("a/../b");
	bad[1].resource = s("");
	bad[2].uid = UINT32_MAX;
	bad[3].mode = 0100644;
	bad[4].mtime.nsec = 1000000000;
	bad[5].size = VL_JSON_INT_MAX + UINT64_C(1);
	bad[6].holes = beyond;
	bad[6].nholes = 1;
	bad[7].type = VL_ENTRY_LINK;
	assert_int_equal(VL_OK, vl_buf_add_text(&out, "before", &err));
	for (i = 0; i < 8; i++) {
		assert_int_equal(
		    expect[i], vl_entry_encode(&out, &bad[i], NULL, &err));
		assert_int_equal(strlen("before"), out.n);
	}
	vl_buf_free(&out);
}

static void
refuses_a_line_that_would_be_too_long(void **state)
{
	struct vl_hole *holes = calloc(20000, sizeof(*holes));
	struct vl_entry e = a_file();
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t i;

	(void)state;
	assert_non_null(holes);
	for (i = 0; i < 20000; i++)
		holes[i] = (struct vl_hole){ 2 * i, 1 };
	e.holes = holes;
	e.nholes = 20000;
	e.size = 40000;
	assert_int_equal(VL_ELIMIT, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(0, out.n);
	free(holes);
	vl_buf_free(&out);
}

static void
rejects_every_truncation(void **state)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_file();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	uint8_t *tight = NULL;
	size_t n;

	(void)state;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	for (n = 1; n < out.n; n++) {
		tight = malloc(n);
		assert_non_null(tight);
		memcpy(tight, out.p, n);
		tight[n - 1] = '\n';
		assert_int_equal(VL_EFORMAT,
		    vl_entry_decode(
		        &back, &store, (struct vl_slice){ tight, n }, &err));
		free(tight);
	}
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static void
says_which_line_and_why(void **state)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EFORMAT,
	    vl_entry_decode(&e, &store,
	        s("{\"path\":\"a\\nb\",\"r\":\"x\",\"t\":\"left_out\","
	          "\"why\":\"tired\"}\n"),
	        &err));
	assert_string_equal("'a\\nb': 'why' is not a known reason", err.text);
	assert_int_equal(VL_EFORMAT,
	    vl_entry_decode(&e, &store,
	        s("{\"gid\":0,\"mode\":\"0755\",\"mtime\":\"0.000000000\","
	          "\"path\":\"a\",\"r\":\"x\",\"slots\":[],\"t\":\"dir\","
	          "\"uid\":0}\n"),
	        &err));
	assert_string_equal("'slots' is not of a dir line", err.text);
	vl_entry_store_free(&store);
}

static void
gives_back_a_manifest_byte_for_byte(void **state)
{
	FILE *f = fopen(SOURCE_DIR "/fixtures/manifest/tree.jsonl", "r");
	struct vl_entry_store store = { 0 };
	struct vl_slice before = { NULL, 0 };
	struct vl_entry e;
	struct vl_buf again = { 0 };
	struct vl_buf path = { 0 };
	struct vl_err err = { 0 };
	char *text = NULL;
	size_t cap = 0;
	size_t lines = 0;
	ssize_t n;

	(void)state;
	assert_non_null(f);
	for (; (n = getline(&text, &cap, f)) > 0; lines++) {
		vl_buf_clear(&again);
		assert_int_equal(VL_OK,
		    vl_entry_decode(&e, &store,
		        (struct vl_slice){ (uint8_t *)text, (size_t)n }, &err));
		assert_int_equal(
		    VL_OK, vl_entry_encode(&again, &e, NULL, &err));
		assert_int_equal(n, again.n);
		assert_memory_equal(text, again.p, again.n);
		before = vl_buf_slice(&path);
		assert_true(lines == 0 || vl_path_cmp(before, e.path) < 0);
		vl_buf_clear(&path);
		assert_int_equal(VL_OK, vl_buf_add(&path, e.path, &err));
	}
	assert_int_equal(23, lines);
	assert_int_equal(0, fclose(f));
	free(text);
	vl_buf_free(&again);
	vl_buf_free(&path);
	vl_entry_store_free(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_line_of_the_format_page),
		cmocka_unit_test(leaves_room_for_the_hash_in_a_later_line),
		cmocka_unit_test(hands_back_every_member),
		cmocka_unit_test(hands_back_every_slot),
		cmocka_unit_test(forgets_the_line_before),
		cmocka_unit_test(drops_a_name_that_cannot_stand_in_a_line),
		cmocka_unit_test(refuses_to_write_what_it_would_not_read),
		cmocka_unit_test(refuses_a_line_that_would_be_too_long),
		cmocka_unit_test(rejects_every_truncation),
		cmocka_unit_test(says_which_line_and_why),
		cmocka_unit_test(gives_back_a_manifest_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
