#ifndef TEST_BUNDLE_H
#define TEST_BUNDLE_H

/* Opening a bundle in tests: keys once, then readers over a directory. */

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

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/sealform.h>
#include <valise/secret.h>
#include <valise/unpack.h>

#define SAMPLE        SOURCE_DIR "/fixtures/bundles/v0/sample"
#define SAMPLE_BUNDLE SAMPLE "/4g2mzjw2.vls"

/* The same tests are built a second time, to read in a cage. */
#ifndef IN_CAGE
#define IN_CAGE 0
#endif

struct bundle {
	int dirfd;
	struct vl_head head;
	struct vl_key_set *keys;
	enum vl_role role;
	struct vl_pool *pool;
	struct vl_cage *cage; /* NULL: read in this process */
};

/* Fail the test with the message where `st` is not VL_OK. */
static inline void
must(enum vl_status st, const struct vl_err *err)
{
	if (st != VL_OK)
		fail_msg("%s", err->text);
}

static inline void
bundle_open(struct bundle *b, const char *dir, const struct vl_opener *opener,
    unsigned workers)
{
	struct vl_buf head = { 0 };
	struct vl_buf keys = { 0 };
	struct vl_err err;

	memset(b, 0, sizeof(*b));
	if (IN_CAGE)
		must(vl_unpack_cage_open(&b->cage, workers, &err), &err);
	b->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->dirfd >= 0);
	b->keys = vl_secret_alloc(sizeof(*b->keys));
	assert_non_null(b->keys);
	must(
	    vl_read_file(b->dirfd, "head.jsn", VL_HEAD_MAX, &head, &err), &err);
	must(
	    vl_read_file(b->dirfd, "keys.jsn", VL_HEAD_MAX, &keys, &err), &err);
	must(vl_head_decode(&b->head, vl_buf_slice(&head), &err), &err);
	must(vl_keys_unlock(b->keys, &b->role, &b->head, vl_buf_slice(&keys),
	         opener, &err),
	    &err);
	must(vl_pool_new(&b->pool, workers, &err), &err);
	vl_buf_free(&head);
	vl_buf_free(&keys);
}

static inline void
bundle_close(struct bundle *b)
{
	vl_cage_close(b->cage);
	vl_pool_free(b->pool);
	vl_secret_free(b->keys);
	(void)close(b->dirfd);
}

static inline enum vl_status
bundle_unpack(
    struct vl_unpack **out, const struct bundle *b, struct vl_err *err)
{
	struct vl_unpack_opts opts = { .dirfd = b->dirfd,
		.head = &b->head,
		.keys = b->keys,
		.role = b->role,
		.tempdir = ".",
		.pool = b->pool,
		.cage = b->cage };

	return vl_unpack_open(out, &opts, err);
}

/* The sample with its password. */
static inline void
sample_open(struct bundle *b, const char *dir, unsigned workers)
{
	struct vl_opener opener = { 0 };
	struct vl_buf password = { 0 };
	struct vl_err err;

	must(vl_read_file(AT_FDCWD, SAMPLE "/password", 256, &password, &err),
	    &err);
	opener.password = vl_buf_slice(&password);
	bundle_open(b, dir, &opener, workers);
	vl_buf_free(&password);
}

#endif
