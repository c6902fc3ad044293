/*
 * What the room is asked for and never does: frames of no size that there is,
 * records and numbers beyond their limits, keys for nobody, a root directory
 * for a bundle.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <valise/stream.h>

#include "../../fuzz/folder.h"
#include "../../fuzz/reseal.h"

static struct reseal all;
static struct vl_pool *pool;
static uint8_t root[VL_KEY_SIZE];
static struct vl_err err;

static struct vl_stream_opts
writing(void)
{
	return (struct vl_stream_opts){ .dirfd = folder_fd(),
		.type = VL_FILE_INDEX,
		.frame_log2 = 16,
		.first = 1,
		.id = all.head.id,
		.root = root,
		.level = 3,
		.pool = pool };
}

static void
expect(enum vl_status wanted, enum vl_status st, const char *why)
{
	if (st != wanted || strstr(err.text, why) == NULL)
		fail_msg("status %d: '%s'", (int)st, err.text);
}

static void
refuses_frames_of_another_size(void **state)
{
	static const unsigned sizes[] = { 0, 15, 21, 64 };
	struct vl_stream_opts opts = writing();
	struct vl_stream_expect there = { .dirfd = folder_fd(),
		.type = VL_FILE_INDEX,
		.number = 1,
		.id = all.head.id,
		.root = root };
	struct vl_stream_w *w = NULL;
	struct vl_stream_r *r = NULL;
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		opts.frame_log2 = sizes[i];
		expect(VL_EUSAGE, vl_stream_w_open(&w, &opts, &err),
		    "is not known");
		assert_null(w);
		there.frame_log2 = sizes[i];
		expect(VL_EFORMAT, vl_stream_r_open(&r, &there, &err),
		    "is not known");
		assert_null(r);
	}
}

static void
refuses_records_beyond_their_limits(void **state)
{
	static uint8_t plain[VL_RECORD_PLAIN_MAX + 1];
	struct vl_stream_opts opts = writing();
	struct vl_stream_record r = { .kind = VL_RECORD_LINES,
		.items = 1,
		.plain = { plain, sizeof(plain) } };
	struct vl_stream_w *w = NULL;

	(void)state;
	opts.first = 3;
	assert_int_equal(VL_OK, vl_stream_w_open(&w, &opts, &err));
	expect(VL_ELIMIT, vl_stream_w_put(w, &r, NULL, &err), "too large");
	r.plain.n = 10;
	r.items = VL_RECORD_ITEMS_MAX + 1;
	expect(VL_ELIMIT, vl_stream_w_put(w, &r, NULL, &err), "too large");
	vl_stream_w_free(w);
}

static void
refuses_a_file_beyond_the_numbers_of_names(void **state)
{
	static const uint8_t plain[10];
	struct vl_stream_opts opts = writing();
	struct vl_stream_record r = { .kind = VL_RECORD_LINES,
		.items = 1,
		.plain = { plain, sizeof(plain) } };
	struct vl_stream_w *w = NULL;
	enum vl_status st = VL_OK;

	(void)state;
	opts.first = VL_FILE_NUMBER_MAX + 1;
	st = vl_stream_w_open(&w, &opts, &err);
	if (st == VL_OK)
		st = vl_stream_w_put(w, &r, NULL, &err);
	if (st == VL_OK)
		st = vl_stream_w_finish(w, &err);
	expect(VL_ELIMIT, st, "more than");
	vl_stream_w_free(w);
}

static void
refuses_to_wrap_for_nobody(void **state)
{
	struct vl_recipient r = { .type = VL_STANZA_ARGON2ID,
		.role = VL_ROLE_FULL };
	struct vl_buf text = { 0 };

	(void)state;
	expect(VL_EUSAGE, vl_keys_wrap(&text, all.keys, &all.head, &r, 1, &err),
	    "password is empty");
	/* A point of low order: everybody could open it. */
	r.type = VL_STANZA_X25519;
	expect(VL_EUSAGE, vl_keys_wrap(&text, all.keys, &all.head, &r, 1, &err),
	    "not one of X25519");
	expect(VL_EUSAGE, vl_keys_wrap(&text, all.keys, &all.head, &r, 0, &err),
	    "recipients");
	vl_buf_free(&text);
}

static void
takes_no_root_directory_for_a_bundle(void **state)
{
	struct vl_rekey *r = NULL;

	(void)state;
	expect(VL_EFORMAT, vl_rekey_open(&r, "/", &err), "is not a bundle");
	assert_null(r);
}

static void
tells_where_it_cannot_look_for_bundles(void **state)
{
	static const char *const paths[] = { "/proc/self/status",
		"/nowhere/at\033all" };
	struct vl_newest newest = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		expect(VL_ETEMP,
		    vl_seal_newest(&newest, paths[i], all.head.series,
		        &all.sender->pub, &err),
		    i == 0 ? "'/proc/self/status': Not a directory" :
		             "'/nowhere/at\\x1ball': No such file");
	assert_int_equal(0, newest.seq);
}

static enum vl_status
check(struct vl_seal *seal, int fd)
{
	enum vl_status st = vl_seal_read(seal, fd, NULL, &err);

	if (st == VL_OK)
		st = vl_seal_verify(seal, &all.sender->pub, &err);
	return st == VL_OK ?
	    vl_seal_check(seal, fd, -1, VL_READS_ALL, NULL, &err) :
	    st;
}

/* A whole bundle gets a new list, in which `name` is called `to`, or is not;
 * and so in its folder. */
static void
listed_otherwise(const char *name, const char *to)
{
	struct vl_seal_make make = { .sender = all.sender };
	struct vl_seal seal = { 0 };
	size_t i = 0;
	int fd = -1;

	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "b", &err));
	assert_int_equal(0, mkdirat(folder_fd(), "b", 0700));
	fd = openat(folder_fd(), "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	reseal_bundle(&all, fd, (struct vl_slice){ 0 });
	assert_int_equal(VL_OK, check(&seal, fd));
	while (strcmp(seal.list.files[i].name, name) != 0)
		i++;
	if (to != NULL) {
		assert_int_equal(0, renameat(fd, name, fd, to));
		(void)snprintf(
		    seal.list.files[i].name, VL_NAME83_SIZE, "%s", to);
	} else {
		assert_int_equal(0, unlinkat(fd, name, 0));
		memmove(&seal.list.files[i], &seal.list.files[i + 1],
		    (--seal.list.n - i) * sizeof(seal.list.files[0]));
	}
	make.dirfd = fd;
	make.head = &seal.head;
	make.fingerprint = seal.fingerprint;
	make.list = seal.list;
	make.bytes = seal.bytes;
	assert_int_equal(VL_OK, vl_seal_write(&make, &err));
	vl_seal_free(&seal);
	assert_int_equal(VL_EFORMAT, check(&seal, fd));
	vl_seal_free(&seal);
	(void)close(fd);
}

static void
refuses_a_list_without_what_every_bundle_has(void **state)
{
	static const char *const names[] = { "head.jsn", "i0000001.vli",
		"keys.jsn", "readme.txt" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		listed_otherwise(names[i], NULL);
		assert_non_null(strstr(err.text, names[i]));
		assert_non_null(strstr(err.text, "is not listed"));
	}
}

static void
refuses_a_gap_in_the_numbers_of_files(void **state)
{
	(void)state;
	listed_otherwise("p0000001.vlp", "p0000002.vlp");
	assert_non_null(strstr(err.text, "speaks of 2 index files and 1"));
	listed_otherwise("i0000002.vli", "i0000003.vli");
	assert_non_null(strstr(err.text, "speaks of 2 index files and 1"));
}

static int
begin(void **state)
{
	(void)state;
	reseal_init(&all);
	(void)folder_fd();
	assert_int_equal(VL_OK, vl_pool_new(&pool, 1, &err));
	vl_keys_file_root(root, all.keys);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	vl_pool_free(pool);
	vl_ids_free(all.ids);
	vl_buf_free(&all.keys_text);
	vl_secret_free(all.keys);
	vl_secret_free(all.read);
	vl_secret_free(all.sender);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_frames_of_another_size),
		cmocka_unit_test(refuses_records_beyond_their_limits),
		cmocka_unit_test(refuses_a_file_beyond_the_numbers_of_names),
		cmocka_unit_test(refuses_to_wrap_for_nobody),
		cmocka_unit_test(takes_no_root_directory_for_a_bundle),
		cmocka_unit_test(tells_where_it_cannot_look_for_bundles),
		cmocka_unit_test(refuses_a_list_without_what_every_bundle_has),
		cmocka_unit_test(refuses_a_gap_in_the_numbers_of_files),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
