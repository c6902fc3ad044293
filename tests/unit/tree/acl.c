/* ACLs between the kernel's bytes and entries with names. */

#include <sys/xattr.h>

#include "trees.h"

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

#define HEAD 2, 0, 0, 0
#define ENTRY(tag, perm, id)                                                   \
	tag, 0, perm, 0, (id)&0xff, (id) >> 8 & 0xff, (id) >> 16 & 0xff,       \
	    (id) >> 24 & 0xff
#define NOBODY 0xffffffffu

/* Users 0 and 4,000,000,000, group 70,000; as libacl writes it. */
static const uint8_t full[] = { HEAD, ENTRY(0x01, 7, NOBODY), ENTRY(0x02, 6, 0),
	ENTRY(0x02, 4, 4000000000u), ENTRY(0x04, 5, NOBODY),
	ENTRY(0x08, 1, 70000), ENTRY(0x10, 7, NOBODY), ENTRY(0x20, 0, NOBODY) };

static const uint8_t bare[] = { HEAD, ENTRY(0x01, 6, NOBODY),
	ENTRY(0x04, 4, NOBODY), ENTRY(0x20, 0, NOBODY) };

static struct vl_owners *
owners_open(const struct vl_pair *map, size_t n)
{
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_owners_new(&o, map, n, &err));
	return o;
}

/* Decode from memory that ends where the value does. */
static enum vl_status
decode(struct vl_buf *out, const uint8_t *p, size_t n, struct vl_owners *o)
{
	uint8_t *tight = malloc(n + (n == 0));
	struct vl_err err = { 0 };
	enum vl_status st;

	assert_non_null(tight);
	if (n > 0)
		memcpy(tight, p, n);
	st = vl_acl_decode(out, (struct vl_slice){ tight, n }, o, &err);
	free(tight);
	return st;
}

static void
decodes_with_names_and_encodes_the_same(void **state)
{
	struct vl_owners *o = owners_open(NULL, 0);
	struct vl_buf list = { 0 };
	struct vl_buf back = { 0 };
	struct vl_err err = { 0 };
	const struct vl_acl_entry *e = NULL;
	const struct vl_acl_entry want[] = {
		{ .tag = VL_ACL_USER_OBJ, .perm = 7 },
		{ .tag = VL_ACL_USER, .perm = 6, .name = vl_slice_of("root") },
		{ .tag = VL_ACL_USER, .perm = 4, .id = 4000000000u },
		{ .tag = VL_ACL_GROUP_OBJ, .perm = 5 },
		{ .tag = VL_ACL_GROUP, .perm = 1, .id = 70000 },
		{ .tag = VL_ACL_MASK, .perm = 7 },
		{ .tag = VL_ACL_OTHER, .perm = 0 },
	};
	size_t i;

	(void)state;
	assert_int_equal(VL_OK, decode(&list, full, sizeof(full), o));
	assert_int_equal(sizeof(want), list.n);
	e = (const void *)list.p;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(want[i].tag, e[i].tag);
		assert_int_equal(want[i].perm, e[i].perm);
		assert_int_equal(want[i].id, e[i].id);
		assert_true(vl_slice_equal(want[i].name, e[i].name));
	}
	/* Appended, both. */
	assert_int_equal(VL_OK, decode(&list, bare, sizeof(bare), o));
	assert_int_equal(sizeof(want) + 3 * sizeof(*e), list.n);
	e = (const void *)list.p;
	assert_int_equal(VL_OK, vl_acl_encode(&back, e, 7, o, &err));
	assert_int_equal(sizeof(full), back.n);
	assert_memory_equal(full, back.p, back.n);
	assert_int_equal(VL_OK, vl_acl_encode(&back, e + 7, 3, o, &err));
	assert_int_equal(sizeof(full) + sizeof(bare), back.n);
	assert_memory_equal(bare, back.p + sizeof(full), sizeof(bare));
	vl_buf_free(&back);
	vl_buf_free(&list);
	vl_owners_free(o);
}

static void
rejects_every_other_length(void **state)
{
	struct vl_owners *o = owners_open(NULL, 0);
	struct vl_buf list = { 0 };
	uint8_t more[sizeof(full) + 7];
	size_t n;

	(void)state;
	memset(more, 0, sizeof(more));
	memcpy(more, full, sizeof(full));
	for (n = 0; n < sizeof(more); n++)
		if (n != sizeof(full))
			assert_int_equal(VL_EFORMAT, decode(&list, more, n, o));
	assert_int_equal(0, list.n);
	vl_buf_free(&list);
	vl_owners_free(o);
}

static void
rejects_what_no_kernel_keeps(void **state)
{
	static const struct {
		const char *what;
		size_t n;
		uint8_t bytes[48];
	} bad[] = {
		{ "version 1", 28,
		    { 1, 0, 0, 0, ENTRY(0x01, 6, NOBODY),
		        ENTRY(0x04, 4, NOBODY), ENTRY(0x20, 0, NOBODY) } },
		{ "high byte of the version", 28,
		    { 2, 0, 0, 1, ENTRY(0x01, 6, NOBODY),
		        ENTRY(0x04, 4, NOBODY), ENTRY(0x20, 0, NOBODY) } },
		{ "a permission beyond 7", 28,
		    { HEAD, ENTRY(0x01, 8, NOBODY), ENTRY(0x04, 4, NOBODY),
		        ENTRY(0x20, 0, NOBODY) } },
		{ "an unknown tag", 36,
		    { HEAD, ENTRY(0x01, 6, NOBODY), ENTRY(0x04, 4, NOBODY),
		        ENTRY(0x20, 0, NOBODY), ENTRY(0x40, 0, NOBODY) } },
		{ "two tags in one", 28,
		    { HEAD, ENTRY(0x01, 6, NOBODY), ENTRY(0x04, 4, NOBODY),
		        ENTRY(0x21, 0, NOBODY) } },
		{ "tags not in order", 28,
		    { HEAD, ENTRY(0x04, 4, NOBODY), ENTRY(0x01, 6, NOBODY),
		        ENTRY(0x20, 0, NOBODY) } },
		{ "no owner", 20,
		    { HEAD, ENTRY(0x04, 4, NOBODY), ENTRY(0x20, 0, NOBODY) } },
		{ "others twice", 36,
		    { HEAD, ENTRY(0x01, 6, NOBODY), ENTRY(0x04, 4, NOBODY),
		        ENTRY(0x20, 0, NOBODY), ENTRY(0x20, 1, NOBODY) } },
		{ "a user without mask", 36,
		    { HEAD, ENTRY(0x01, 6, NOBODY), ENTRY(0x02, 4, 5),
		        ENTRY(0x04, 4, NOBODY), ENTRY(0x20, 0, NOBODY) } },
		{ "a user that is nobody", 44,
		    { HEAD, ENTRY(0x01, 6, NOBODY), ENTRY(0x02, 4, NOBODY),
		        ENTRY(0x04, 4, NOBODY), ENTRY(0x10, 4, NOBODY),
		        ENTRY(0x20, 0, NOBODY) } },
	};
	static const uint8_t twice[] = { HEAD, ENTRY(0x01, 6, NOBODY),
		ENTRY(0x02, 4, 5), ENTRY(0x02, 6, 5), ENTRY(0x04, 4, NOBODY),
		ENTRY(0x10, 4, NOBODY), ENTRY(0x20, 0, NOBODY) };
	struct vl_owners *o = owners_open(NULL, 0);
	struct vl_buf list = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s\n", bad[i].what);
		assert_int_equal(
		    VL_EFORMAT, decode(&list, bad[i].bytes, bad[i].n, o));
	}
	assert_int_equal(VL_EFORMAT, decode(&list, twice, sizeof(twice), o));
	assert_int_equal(0, list.n);
	vl_buf_free(&list);
	vl_owners_free(o);
}

static void
sorts_by_the_numbers_of_either_side(void **state)
{
	static const uint8_t unsorted[] = { HEAD, ENTRY(0x01, 6, NOBODY),
		ENTRY(0x02, 4, 4000000009u), ENTRY(0x02, 6, 4000000001u),
		ENTRY(0x04, 4, NOBODY), ENTRY(0x10, 6, NOBODY),
		ENTRY(0x20, 0, NOBODY) };
	static const uint8_t here[] = { HEAD, ENTRY(0x01, 6, NOBODY),
		ENTRY(0x02, 4, 7), ENTRY(0x02, 6, 8), ENTRY(0x04, 4, NOBODY),
		ENTRY(0x10, 6, NOBODY), ENTRY(0x20, 0, NOBODY) };
	char one[] = "4000000001";
	char eight[] = "8";
	char nine[] = "4000000009";
	char seven[] = "7";
	const struct vl_pair map[] = { { one, eight }, { nine, seven } };
	struct vl_owners *o = owners_open(map, 2);
	const struct vl_acl_entry *e = NULL;
	struct vl_buf list = { 0 };
	struct vl_buf back = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, decode(&list, unsorted, sizeof(unsorted), o));
	e = (const void *)list.p;
	assert_int_equal(4000000001u, e[1].id);
	assert_int_equal(4000000009u, e[2].id);
	assert_int_equal(VL_OK, vl_acl_encode(&back, e, 6, o, &err));
	assert_int_equal(sizeof(here), back.n);
	assert_memory_equal(here, back.p, back.n);
	vl_buf_free(&back);
	vl_buf_free(&list);
	vl_owners_free(o);
}

static void
refuses_two_that_become_one(void **state)
{
	const struct vl_acl_entry acl[] = {
		{ .tag = VL_ACL_USER_OBJ, .perm = 6 },
		{ .tag = VL_ACL_USER, .perm = 6, .name = vl_slice_of("root") },
		{ .tag = VL_ACL_USER, .perm = 4, .id = 3999999999u },
		{ .tag = VL_ACL_GROUP_OBJ, .perm = 4 },
		{ .tag = VL_ACL_MASK, .perm = 6 },
		{ .tag = VL_ACL_OTHER, .perm = 0 },
	};
	char from[] = "3999999999";
	char to[] = "0";
	const struct vl_pair map = { from, to };
	struct vl_owners *o = owners_open(&map, 1);
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EREFUSED, vl_acl_encode(&out, acl, 6, o, &err));
	assert_non_null(strstr(
	    err.text, "'root' and '3999999999' of an ACL are both number 0"));
	assert_int_equal(0, out.n);
	vl_buf_free(&out);
	vl_owners_free(o);
}

/* What the kernel gives back of what it was given is what we have. */
static void
reads_and_sets_acls_of_a_directory(void **state)
{
	struct vl_attrs a = { 0 };
	struct vl_buf want = { 0 };
	struct vl_slice none = { 0 };
	struct vl_err err = { 0 };
	struct stat st = { 0 };
	struct trees t;
	int fd = -1;

	(void)state;
	trees_open(&t);
	fd = make_and_enter(t.rootfd, "d");
	if (fsetxattr(fd, ACCESS, full, sizeof(full), 0) != 0) {
		print_message("skipped: no ACLs here\n");
		goto out;
	}
	assert_int_equal(0, fsetxattr(fd, DEFAULT, bare, sizeof(bare), 0));
	assert_int_equal(VL_OK,
	    vl_attrs_add(&want, vl_slice_of(ACCESS),
	        (struct vl_slice){ full, sizeof(full) }, &err));
	assert_int_equal(VL_OK,
	    vl_attrs_add(&want, vl_slice_of(DEFAULT),
	        (struct vl_slice){ bare, sizeof(bare) }, &err));
	assert_true(vl_attrs_read(&a, fd, "", VL_ATTRS_PLAIN));
	assert_true(
	    vl_slice_equal(vl_buf_slice(&want), vl_buf_slice(&a.bytes)));
	assert_int_equal(
	    VL_OK, vl_attrs_set(fd, "", vl_buf_slice(&want), none, &err));
	assert_true(vl_attrs_read(&a, fd, "", VL_ATTRS_PLAIN));
	assert_int_equal(0, a.bytes.n);
	/* By name, and what the mask makes of the mode. */
	assert_int_equal(VL_OK,
	    vl_attrs_set(t.rootfd, "d", none, vl_buf_slice(&want), &err));
	assert_true(vl_attrs_read(&a, t.rootfd, "d", VL_ATTRS_PLAIN));
	assert_true(
	    vl_slice_equal(vl_buf_slice(&want), vl_buf_slice(&a.bytes)));
	assert_int_equal(0, fstat(fd, &st));
	assert_int_equal(0770, st.st_mode & 07777);
out:
	vl_buf_free(&want);
	vl_attrs_free(&a);
	(void)close(fd);
	trees_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_with_names_and_encodes_the_same),
		cmocka_unit_test(rejects_every_other_length),
		cmocka_unit_test(rejects_what_no_kernel_keeps),
		cmocka_unit_test(sorts_by_the_numbers_of_either_side),
		cmocka_unit_test(refuses_two_that_become_one),
		cmocka_unit_test(reads_and_sets_acls_of_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
