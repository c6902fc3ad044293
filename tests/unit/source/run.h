#ifndef SOURCE_RUN_H
#define SOURCE_RUN_H

/* A source over a tree of the test's own, read record by record. */

#include <valise/source.h>

#include "../tree/trees.h"

/* Reads of a body; the test changes the tree between two of them. */
static void (*before_read)(int nth);
static int reads;
static ssize_t bytes_read;
static int read_error;

ssize_t __real_pread(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at);

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t got = 0;

	if (read_error != 0) {
		errno = read_error;
		return -1;
	}
	if (before_read != NULL)
		before_read(reads);
	reads++;
	got = __real_pread(fd, p, n, at);
	bytes_read += got;
	return got;
}

struct run {
	struct trees t;
	struct vl_resource resource;
	struct vl_source *source;
	struct vl_record rec;
	struct vl_entry entry;
	struct vl_entry_store store;
	char problem[256]; /* the last one: "key: why" */
	int problems;
	char mounts[256]; /* that were not entered, a space behind each */
};

/* Where before_read() finds the tree. */
static struct run *running;

/* For before_read: "a" grows between any two reads. */
static inline void
append_always(int nth)
{
	int fd =
	    openat(running->t.rootfd, "a", O_WRONLY | O_APPEND | O_CLOEXEC);

	(void)nth;
	assert_int_equal(1, write(fd, "x", 1));
	(void)close(fd);
}

static inline void
note_problem(
    void *arg, const char *resource, struct vl_slice key, const char *why)
{
	struct run *r = arg;

	assert_string_equal("up", resource);
	(void)snprintf(r->problem, sizeof(r->problem), "%.*s: %s", (int)key.n,
	    (const char *)key.p, why);
	r->problems++;
}

static inline void
note_mount(void *arg, const char *resource, struct vl_slice key)
{
	struct run *r = arg;
	size_t n = strlen(r->mounts);

	assert_string_equal("up", resource);
	(void)snprintf(r->mounts + n, sizeof(r->mounts) - n, "%.*s ",
	    (int)key.n, (const char *)key.p);
}

static inline void
run_open(struct run *r)
{
	memset(r, 0, sizeof(*r));
	trees_open(&r->t);
	r->resource.one_file_system = true;
	r->resource.line = 12;
	r->resource.name = strdup("up");
	r->resource.path = strdup(r->t.root);
	running = r;
	before_read = NULL;
	reads = 0;
	bytes_read = 0;
	read_error = 0;
}

static inline void
run_start(struct run *r)
{
	const struct vl_source_opts opts = { .tempdir = r->t.path,
		.report = { r, note_problem, note_mount } };
	struct vl_err err = { 0 };

	if (vl_source_open(&r->source, &r->resource, &opts, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static inline void
run_close(struct run *r)
{
	vl_source_free(r->source);
	vl_entry_store_free(&r->store);
	free(r->resource.name);
	free(r->resource.path);
	trees_close(&r->t);
}

static inline bool
next(struct run *r)
{
	struct vl_err err = { 0 };

	if (vl_source_next(r->source, &r->rec, &err) != VL_OK)
		fail_msg("%s", err.text);
	if (r->rec.line.p == NULL)
		return false;
	if (vl_entry_decode(&r->entry, &r->store, r->rec.line, &err) != VL_OK)
		fail_msg("%s", err.text);
	return true;
}

static inline void
expect(struct run *r, enum vl_entry_type type, const char *path)
{
	assert_true(next(r));
	assert_true(vl_slice_equal(vl_slice_of(path), r->entry.path));
	assert_int_equal(type, r->entry.type);
	assert_int_equal(type == VL_ENTRY_FILE, r->rec.has_body);
}

static inline void
expect_left_out(struct run *r, enum vl_why why, const char *path)
{
	expect(r, VL_ENTRY_LEFT_OUT, path);
	assert_int_equal(why, r->entry.why);
}

static inline void
expect_end(struct run *r)
{
	assert_false(next(r));
	assert_false(next(r));
}

/* Read the body in pieces of `piece` bytes, holes as zeros, and settle. */
static inline enum vl_settled
body(struct run *r, struct vl_buf *out, size_t piece)
{
	enum vl_settled how = VL_AGAIN;
	struct vl_err err = { 0 };
	uint64_t hole = 0;
	size_t got = 0;

	vl_buf_clear(out);
	do {
		assert_int_equal(VL_OK, vl_source_hole(r->source, &hole, &err));
		assert_int_equal(
		    VL_OK, vl_buf_reserve(out, piece + hole, &err));
		memset(out->p + out->n, 0, hole);
		out->n += hole;
		assert_int_equal(VL_OK,
		    vl_source_read(
		        r->source, out->p + out->n, piece, &got, &err));
		out->n += got;
	} while (got > 0 || hole > 0);
	assert_int_equal(VL_OK, vl_source_settle(r->source, &how, &err));
	return how;
}

static inline void
expect_body(struct run *r, const char *want)
{
	struct vl_buf got = { 0 };

	assert_int_equal(strlen(want), r->rec.body_size);
	assert_int_equal(strlen(want), r->entry.size);
	assert_int_equal(VL_SETTLED, body(r, &got, 3));
	assert_int_equal(strlen(want), got.n);
	if (got.n > 0)
		assert_memory_equal(want, got.p, got.n);
	vl_buf_free(&got);
}

static inline void
expect_changed(struct run *r)
{
	struct vl_buf got = { 0 };

	assert_int_equal(VL_AGAIN, body(r, &got, 3));
	assert_true(got.n <= r->rec.body_size);
	vl_buf_free(&got);
}

static inline struct vl_source_counts
counts(const struct run *r)
{
	struct vl_source_counts c;

	vl_source_counts(r->source, &c);
	return c;
}

#endif
