/* ACLs, flags and extended attributes, to lines and back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/entry.h>

#define ROUNDS 20000

static struct vl_slice
s(const char *text)
{
	return vl_slice_of(text);
}

static const struct vl_acl_entry an_acl[] = {
	{ .tag = VL_ACL_USER_OBJ, .perm = 6 },
	{ VL_ACL_USER, 4, 1000, { (const uint8_t *)"alice", 5 } },
	{ .tag = VL_ACL_GROUP_OBJ, .perm = 4 },
	{ .tag = VL_ACL_GROUP, .perm = 6, .id = 5 },
	{ .tag = VL_ACL_MASK, .perm = 6 },
	{ .tag = VL_ACL_OTHER, .perm = 0 },
};
static const struct vl_acl_entry bare[] = {
	{ .tag = VL_ACL_USER_OBJ, .perm = 7 },
	{ .tag = VL_ACL_GROUP_OBJ, .perm = 5 },
	{ .tag = VL_ACL_OTHER, .perm = 1 },
};
static const struct vl_xattr some_xattrs[] = {
	{ { (const uint8_t *)"user.bin", 8 },
	    { (const uint8_t *)"\0\1\2", 3 } },
	{ { (const uint8_t *)"user.mime", 9 },
	    { (const uint8_t *)"text/plain", 10 } },
};

static struct vl_entry
a_dir(void)
{
	return (struct vl_entry){ .type = VL_ENTRY_DIR,
		.resource = s("r"),
		.path = s("a"),
		.mode = 0660,
		.acl = an_acl,
		.nacl = 6,
		.acl_default = bare,
		.nacl_default = 3,
		.xattrs = some_xattrs,
		.nxattrs = 2,
		.flags = VL_FLAG_APPEND | VL_FLAG_IMMUTABLE };
}

static void
writes_the_line_of_the_format_page(void **state)
{
	static const char line[] =
	    "{\"acl\":[[\"user\",\"rw-\"],[\"user\",\"r--\",1000,\"alice\"],"
	    "[\"group\",\"r--\"],[\"group\",\"rw-\",5],[\"mask\",\"rw-\"],"
	    "[\"other\",\"---\"]],\"acl_default\":[[\"user\",\"rwx\"],"
	    "[\"group\",\"r-x\"],[\"other\",\"--x\"]],"
	    "\"flags\":[\"append\",\"immutable\"],\"gid\":0,"
	    "\"mode\":\"0660\",\"mtime\":\"0.000000000\",\"path\":\"a\","
	    "\"r\":\"r\",\"t\":\"dir\",\"uid\":0,"
	    "\"xattrs\":[[\"user.bin\",{\"$b64\":\"AAEC\"}],"
	    "[\"user.mime\",\"text/plain\"]]}\n";
	struct vl_entry e = a_dir();
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(strlen(line), out.n);
	assert_memory_equal(line, out.p, out.n);
	vl_buf_free(&out);
}

static void
assert_same_acl(const struct vl_acl_entry *a, size_t na,
    const struct vl_acl_entry *b, size_t nb)
{
	size_t i;

	assert_int_equal(na, nb);
	for (i = 0; i < na; i++) {
		assert_int_equal(a[i].tag, b[i].tag);
		assert_int_equal(a[i].perm, b[i].perm);
		assert_int_equal(a[i].id, b[i].id);
		assert_true(vl_slice_equal(a[i].name, b[i].name));
	}
}

static void
assert_same_attrs(const struct vl_entry *a, const struct vl_entry *b)
{
	size_t i;

	assert_same_acl(a->acl, a->nacl, b->acl, b->nacl);
	assert_same_acl(
	    a->acl_default, a->nacl_default, b->acl_default, b->nacl_default);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->nxattrs, b->nxattrs);
	for (i = 0; i < a->nxattrs; i++) {
		assert_true(
		    vl_slice_equal(a->xattrs[i].name, b->xattrs[i].name));
		assert_true(
		    vl_slice_equal(a->xattrs[i].value, b->xattrs[i].value));
	}
}

/* A reused store must not bring attributes of the line before. */
static void
hands_back_every_attribute_once(void **state)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_dir();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_same_attrs(&e, &back);

	e.nacl = 0; /* the default list is then the first in the store */
	e.flags = VL_FLAG_UNDELETE;
	e.nxattrs = 1;
	vl_buf_clear(&out);
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_same_attrs(&e, &back);

	e.nacl_default = 0;
	e.flags = 0;
	e.nxattrs = 0;
	vl_buf_clear(&out);
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_same_attrs(&e, &back);
	assert_null(back.acl_default);
	assert_null(back.xattrs);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static void
drops_a_name_in_an_acl_that_cannot_stand_in_a_line(void **state)
{
	struct vl_acl_entry acl[6];
	struct vl_entry_store store = { 0 };
	struct vl_entry e = a_dir();
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	memcpy(acl, an_acl, sizeof(acl));
	acl[1].name = s("caf\xe9");
	acl[3].name = (struct vl_slice){ (const uint8_t *)"a\0b", 3 };
	e.acl = acl;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_int_equal(0, back.acl[1].name.n);
	assert_int_equal(0, back.acl[3].name.n);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

static enum vl_status
encode(const struct vl_entry *e)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st;

	st = vl_entry_encode(&out, e, NULL, &err);
	if (st != VL_OK)
		assert_int_equal(0, out.n);
	vl_buf_free(&out);
	return st;
}

static void
refuses_to_write_an_acl_it_would_not_read(void **state)
{
	struct vl_acl_entry acl[6];
	struct vl_entry e = a_dir();
	size_t i;

	(void)state;
	e.acl = acl;
	for (i = 0; i < 6; i++) { /* one missing: the mode tells, or it */
		memcpy(acl, an_acl, sizeof(acl));
		memmove(acl + i, acl + i + 1, (5 - i) * sizeof(acl[0]));
		e.nacl = 5;
		assert_int_equal(
		    an_acl[i].tag == VL_ACL_USER || i == 3 ? VL_OK : VL_EFORMAT,
		    encode(&e));
	}
	e.nacl = 6;
	for (i = 0; i < 5; i++) { /* two exchanged */
		memcpy(acl, an_acl, sizeof(acl));
		acl[i] = an_acl[i + 1];
		acl[i + 1] = an_acl[i];
		assert_int_equal(VL_EFORMAT, encode(&e));
		acl[i] = acl[i + 1]; /* one twice */
		assert_int_equal(VL_EFORMAT, encode(&e));
	}
	memcpy(acl, an_acl, sizeof(acl));
	acl[3].perm = 8;
	assert_int_equal(VL_EFORMAT, encode(&e));
	acl[3].perm = 6;
	acl[3].id = UINT32_MAX;
	assert_int_equal(VL_EFORMAT, encode(&e));
	acl[3].id = UINT32_MAX - 1;
	assert_int_equal(VL_OK, encode(&e));
	e.mode = 0640;
	assert_int_equal(VL_EFORMAT, encode(&e));
	e.mode = 02660;
	assert_int_equal(VL_OK, encode(&e));
	e.acl = bare;
	e.nacl = 3;
	e.mode = 0751;
	assert_int_equal(VL_EFORMAT, encode(&e));
}

static void
refuses_to_write_attributes_where_none_can_be(void **state)
{
	static const struct vl_xattr trusted = {
		{ (const uint8_t *)"trusted.x", 9 }, { NULL, 0 }
	};
	struct vl_entry e = { .resource = s("r"), .path = s("a") };
	enum vl_entry_type t;
	bool plain;

	(void)state;
	for (t = VL_ENTRY_DIR; t <= VL_ENTRY_LEFT_OUT; t++) {
		plain = t == VL_ENTRY_DIR || t == VL_ENTRY_FILE;
		e = (struct vl_entry){ .type = t,
			.resource = s("r"),
			.path = s("a"),
			.mode = 0660 };
		if (t == VL_ENTRY_LINK || t == VL_ENTRY_HARD)
			e.target = s("b");
		assert_int_equal(VL_OK, encode(&e));
		e.flags = VL_FLAG_NODUMP;
		assert_int_equal(plain ? VL_OK : VL_EFORMAT, encode(&e));
		e.flags = 0;
		e.acl_default = bare;
		e.nacl_default = 3;
		assert_int_equal(
		    t == VL_ENTRY_DIR ? VL_OK : VL_EFORMAT, encode(&e));
		e.nacl_default = 0;
		e.xattrs = some_xattrs;
		e.nxattrs = 2;
		assert_int_equal(plain ? VL_OK : VL_EFORMAT, encode(&e));
		e.xattrs = &trusted;
		e.nxattrs = 1;
		plain = t != VL_ENTRY_HARD && t != VL_ENTRY_LEFT_OUT;
		assert_int_equal(plain ? VL_OK : VL_EFORMAT, encode(&e));
		e.nxattrs = 0;
		e.acl = an_acl;
		e.nacl = 6;
		plain = plain && t != VL_ENTRY_LINK;
		assert_int_equal(plain ? VL_OK : VL_EFORMAT, encode(&e));
	}
}

static void
refuses_to_write_xattrs_and_flags_it_would_not_read(void **state)
{
	static const char *const names[] = { "", "user.", "user", "USER.a",
		"system.posix_acl_access", "security.selinux", "com.x" };
	char name[257] = "user.";
	struct vl_xattr x[2] = { some_xattrs[0], some_xattrs[1] };
	struct vl_entry e = a_dir();
	size_t i;

	(void)state;
	e.xattrs = x;
	e.nxattrs = 1;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		x[0].name = s(names[i]);
		assert_int_equal(VL_EFORMAT, encode(&e));
	}
	memset(name + 5, 'n', sizeof(name) - 6);
	x[0].name = (struct vl_slice){ (uint8_t *)name, 255 };
	assert_int_equal(VL_OK, encode(&e));
	x[0].name.n = 256;
	assert_int_equal(VL_EFORMAT, encode(&e));
	x[0].name = (struct vl_slice){ (const uint8_t *)"user.\0a", 7 };
	assert_int_equal(VL_EFORMAT, encode(&e));
	x[0].name = x[1].name;
	e.nxattrs = 2;
	assert_int_equal(VL_EFORMAT, encode(&e));
	x[0].name = s("user.n");
	assert_int_equal(VL_EFORMAT, encode(&e));
	e.nxattrs = 0;
	e.flags = VL_FLAG_UNDELETE << 1;
	assert_int_equal(VL_EFORMAT, encode(&e));
}

/* What fits is known only once it is a text: at both sides of the limit. */
static void
keeps_to_the_limit_of_a_line(void **state)
{
	uint8_t *value = calloc(1, VL_LINE_MAX + 1);
	struct vl_xattr x = { s("user.a"), { value, 0 } };
	struct vl_entry_store store = { 0 };
	struct vl_entry e = { .type = VL_ENTRY_DIR,
		.resource = s("r"),
		.path = s("a"),
		.xattrs = &x,
		.nxattrs = 1 };
	struct vl_entry back;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_non_null(value);
	x.value.n = VL_LINE_MAX + 1;
	assert_int_equal(VL_ELIMIT, encode(&e));
	x.value.n = VL_LINE_MAX * 3 / 4;
	assert_int_equal(VL_ELIMIT, encode(&e));
	x.value.n = VL_LINE_MAX * 3 / 4 - 150;
	assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
	assert_int_equal(
	    VL_OK, vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
	assert_same_attrs(&e, &back);
	free(value);
	vl_buf_free(&out);
	vl_entry_store_free(&store);
}

struct random {
	uint64_t state;
};

static uint64_t
next(struct random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t
below(struct random *r, size_t n)
{
	return (size_t)(next(r) % n);
}

#define MANY 4

struct made {
	struct vl_acl_entry acl[2][2 * MANY + 4];
	struct vl_xattr xattrs[MANY];
	char names[MANY][64];
	uint8_t values[MANY][32];
};

/* Up to MANY entries for somebody, ascending. */
static size_t
make_named(struct random *r, enum vl_acl_tag tag, struct vl_acl_entry *a)
{
	static const char *const names[] = { "", "www-data", "a:b\n", "DOM\\u",
		"\xc3\xa9" };
	const size_t n = below(r, MANY + 1);
	uint32_t id = (uint32_t)below(r, 3);
	size_t i;

	for (i = 0; i < n; i++, id += 1 + (uint32_t)below(r, 1000000000))
		a[i] = (struct vl_acl_entry){ tag, (uint8_t)below(r, 8), id,
			s(names[below(r, 5)]) };
	return n;
}

static size_t
make_acl(struct random *r, struct vl_acl_entry *a, bool mask, uint32_t *mode)
{
	const uint8_t owner = (uint8_t)below(r, 8);
	const uint8_t group = (uint8_t)below(r, 8);
	const uint8_t other = (uint8_t)below(r, 8);
	size_t n = 0;

	a[n++] = (struct vl_acl_entry){ .tag = VL_ACL_USER_OBJ, .perm = owner };
	n += make_named(r, VL_ACL_USER, a + n);
	a[n++] = (struct vl_acl_entry){ .tag = VL_ACL_GROUP_OBJ,
		.perm = (uint8_t)below(r, 8) };
	n += make_named(r, VL_ACL_GROUP, a + n);
	if (mask || n > 2)
		a[n++] =
		    (struct vl_acl_entry){ .tag = VL_ACL_MASK, .perm = group };
	a[n++] = (struct vl_acl_entry){ .tag = VL_ACL_OTHER, .perm = other };
	*mode = (uint32_t)owner << 6 | (uint32_t)group << 3 | other;
	return n;
}

static size_t
make_xattrs(struct random *r, struct made *m, enum vl_entry_type type)
{
	static const char *const spaces[] = { "security.", "trusted.",
		"user." };
	const bool plain = type == VL_ENTRY_DIR || type == VL_ENTRY_FILE;
	const char *space = spaces[below(r, plain ? 3 : 2)];
	const size_t n = below(r, MANY + 1);
	size_t i;
	size_t k;
	size_t size;

	for (i = 0; i < n; i++) {
		(void)snprintf(m->names[i], sizeof(m->names[i]), "%s%c%s",
		    space, (int)('a' + i),
		    below(r, 4) == 0 ? "\xff" : "\xc3\xa9");
		size = below(r, sizeof(m->values[i]) + 1);
		for (k = 0; k < size; k++)
			m->values[i][k] = below(r, 2) == 0 ?
			    (uint8_t)(1 + below(r, 127)) :
			    (uint8_t)('a' + below(r, 26));
		if (size > 0 && below(r, 4) == 0)
			m->values[i][below(r, size)] = (uint8_t)next(r);
		m->xattrs[i] =
		    (struct vl_xattr){ s(m->names[i]), { m->values[i], size } };
	}
	return n;
}

static void
make_entry(struct random *r, struct made *m, struct vl_entry *e)
{
	static const enum vl_entry_type types[] = { VL_ENTRY_DIR, VL_ENTRY_FILE,
		VL_ENTRY_LINK, VL_ENTRY_FIFO, VL_ENTRY_CHAR, VL_ENTRY_BLOCK };
	const enum vl_entry_type type = types[below(r, 6)];
	uint32_t mode = 0;

	*e = (struct vl_entry){ .type = type,
		.resource = s("r"),
		.path = s("a/\xff"),
		.size = type == VL_ENTRY_FILE ? below(r, 100) : 0,
		.xattrs = m->xattrs };
	e->nxattrs = make_xattrs(r, m, type);
	if (type == VL_ENTRY_LINK) {
		e->target = s("t");
		return;
	}
	e->mode = (uint32_t)below(r, 010000);
	if (below(r, 2) == 0) {
		e->acl = m->acl[0];
		e->nacl = make_acl(r, m->acl[0], true, &mode);
		e->mode = (e->mode & 07000) | mode;
	}
	if (type == VL_ENTRY_DIR && below(r, 2) == 0) {
		e->acl_default = m->acl[1];
		e->nacl_default = make_acl(r, m->acl[1], false, &mode);
	}
	if (type == VL_ENTRY_DIR || type == VL_ENTRY_FILE)
		e->flags =
		    (uint32_t)(next(r) & next(r)) & (2 * VL_FLAG_UNDELETE - 1);
}

static void
gives_back_random_attributes(void **state)
{
	struct random r = { 20261121 };
	struct vl_entry_store store = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };
	struct made m;
	struct vl_entry e;
	struct vl_entry back;
	size_t i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		make_entry(&r, &m, &e);
		vl_buf_clear(&out);
		vl_buf_clear(&again);
		assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
		assert_int_equal(VL_OK,
		    vl_entry_decode(&back, &store, vl_buf_slice(&out), &err));
		assert_same_attrs(&e, &back);
		assert_int_equal(
		    VL_OK, vl_entry_encode(&again, &back, NULL, &err));
		assert_true(
		    vl_slice_equal(vl_buf_slice(&out), vl_buf_slice(&again)));
	}
	vl_buf_free(&out);
	vl_buf_free(&again);
	vl_entry_store_free(&store);
}

/* Bytes of a value become others; what is still accepted is canonical. */
static void
accepts_only_what_it_would_write(void **state)
{
	static const char bytes[] = "\"[]{},:-rwx0123456789abefu$\\\xff";
	struct random r = { 4711 };
	struct vl_entry_store store = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };
	struct made m;
	struct vl_entry e;
	struct vl_entry back;
	size_t accepted = 0;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		make_entry(&r, &m, &e);
		vl_buf_clear(&out);
		vl_buf_clear(&again);
		assert_int_equal(VL_OK, vl_entry_encode(&out, &e, NULL, &err));
		for (k = 1 + below(&r, 2); k > 0; k--)
			out.p[below(&r, out.n - 1)] =
			    (uint8_t)bytes[below(&r, sizeof(bytes) - 1)];
		if (vl_entry_decode(&back, &store, vl_buf_slice(&out), &err) !=
		    VL_OK)
			continue;
		accepted++;
		assert_int_equal(
		    VL_OK, vl_entry_encode(&again, &back, NULL, &err));
		assert_true(
		    vl_slice_equal(vl_buf_slice(&out), vl_buf_slice(&again)));
	}
	print_message("%zu of %d accepted\n", accepted, ROUNDS);
	assert_true(accepted > ROUNDS / 50); /* both answers are exercised */
	assert_true(accepted < ROUNDS / 2);
	vl_buf_free(&out);
	vl_buf_free(&again);
	vl_entry_store_free(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_line_of_the_format_page),
		cmocka_unit_test(hands_back_every_attribute_once),
		cmocka_unit_test(
		    drops_a_name_in_an_acl_that_cannot_stand_in_a_line),
		cmocka_unit_test(refuses_to_write_an_acl_it_would_not_read),
		cmocka_unit_test(refuses_to_write_attributes_where_none_can_be),
		cmocka_unit_test(
		    refuses_to_write_xattrs_and_flags_it_would_not_read),
		cmocka_unit_test(keeps_to_the_limit_of_a_line),
		cmocka_unit_test(gives_back_random_attributes),
		cmocka_unit_test(accepts_only_what_it_would_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
