#ifndef TEST_SEE_H
#define TEST_SEE_H

/* What an auditor sees of bundles with secrets. */

#include "secrets.h"

/* What an auditor sees of a line: all but fingerprints, and of tokens their
 * lengths.  `secret` gets what is left out. */
static inline void
see_line(
    const struct vl_unpacked *rec, struct vl_buf *seen, struct vl_buf *secret)
{
	static const char print[] = "sf1.";
	struct vl_slice rest = rec->line;
	const uint8_t *at = NULL;
	struct vl_err err;
	size_t i;

	while ((at = memmem(rest.p, rest.n, print, 4)) != NULL) {
		i = (size_t)(at - rest.p);
		must(vl_buf_add(seen, (struct vl_slice){ rest.p, i }, &err),
		    &err);
		must(vl_buf_add(secret,
		         (struct vl_slice){ at, VL_SLOT_TEXT_SIZE - 1 }, &err),
		    &err);
		rest.p += i + VL_SLOT_TEXT_SIZE - 1;
		rest.n -= i + VL_SLOT_TEXT_SIZE - 1;
	}
	must(vl_buf_add(seen, rest, &err), &err);
	for (i = 0; i < rec->ntokens; i++) {
		must(vl_buf_printf(
		         seen, &err, "token of %zu\n", rec->tokens[i].n),
		    &err);
		/* Its epoch is no secret. */
		must(vl_buf_add(
		         seen, (struct vl_slice){ rec->tokens[i].p, 8 }, &err),
		    &err);
		must(vl_buf_add(secret,
		         (struct vl_slice){
		             rec->tokens[i].p + 8, rec->tokens[i].n - 8 },
		         &err),
		    &err);
	}
}

static inline void
see_body(struct vl_unpack *u, struct vl_buf *seen)
{
	struct vl_chunk_ref ref;
	struct vl_err err;
	size_t n = 1;

	while (n > 0) {
		must(vl_unpack_part(u, &ref, 1, &n, &err), &err);
		if (n > 0)
			must(vl_buf_printf(seen, &err,
			         "chunk %u %llu %u, %u at %llu\n", ref.pack,
			         (unsigned long long)ref.offset, ref.index,
			         ref.n, (unsigned long long)ref.at),
			    &err);
	}
}

/* Sizes of the files, and of keys.jsn who may open what. */
static inline void
see_files(const struct writer *w, struct vl_buf *seen)
{
	static const char *const names[] = { "head.jsn", "i0000001.vli",
		"i0000002.vli", "keys.jsn", "p0000001.vlp", "seal.txt" };
	char path[160];
	struct stat st;
	struct vl_err err;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s/%s", w->dir, w->name, names[i]);
		assert_int_equal(0, stat(path, &st));
		must(vl_buf_printf(seen, &err, "%s %lld\n", names[i],
		         (long long)st.st_size),
		    &err);
	}
}

/* Everything that the role audit shows of the bundle of `w`, which is freed. */
static inline void
see_all(struct writer *w, uint64_t secrets, struct vl_buf *seen,
    struct vl_buf *secret)
{
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	const struct vl_inner_head *h = NULL;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	unsigned i;

	see_files(w, seen);
	reader_open(&b, w, true);
	assert_false(b.keys->has_tk);
	for (i = 0; i < VL_KEY_SIZE; i++)
		assert_int_equal(0, b.keys->tk[i]);
	must(bundle_unpack(&u, &b, &err), &err);
	h = vl_unpack_inner(u);
	must(vl_buf_add(secret,
	         (struct vl_slice){ h->manifest_root, VL_ROOT_SIZE }, &err),
	    &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		see_line(&rec, seen, secret);
		see_body(u, seen);
	}
	must(vl_unpack_end(u, &totals, &err), &err);
	must(vl_buf_printf(seen, &err, "%llu lines, %llu chunks, %llu, %u\n",
	         (unsigned long long)totals.lines,
	         (unsigned long long)totals.chunks,
	         (unsigned long long)totals.plain, h->pack_frames[0]),
	    &err);
	assert_int_equal(secrets, totals.secrets);
	vl_unpack_free(u);
	bundle_close(&b);
	writer_free(w);
}

/* Of bundles whose secrets differ by a byte that `make` gets, and by nothing
 * else. */
static inline void
see_the_same(struct writer *(*make)(uint8_t other), uint64_t secrets)
{
	struct vl_buf seen[3] = { { 0 }, { 0 }, { 0 } };
	struct vl_buf secret[3] = { { 0 }, { 0 }, { 0 } };
	size_t i;

	see_all(make(0), secrets, &seen[0], &secret[0]);
	see_all(make(0), secrets, &seen[1], &secret[1]);
	see_all(make(7), secrets, &seen[2], &secret[2]);
	for (i = 1; i < 3; i++) {
		assert_int_equal(seen[0].n, seen[i].n);
		assert_memory_equal(seen[0].p, seen[i].p, seen[0].n);
		assert_int_equal(secret[0].n, secret[i].n);
	}
	/* The same secrets are the same bytes; of others all are others. */
	assert_memory_equal(secret[0].p, secret[1].p, secret[0].n);
	for (i = 0; i + VL_ROOT_SIZE <= secret[0].n; i += VL_ROOT_SIZE)
		assert_memory_not_equal(
		    secret[0].p + i, secret[2].p + i, VL_ROOT_SIZE);
	for (i = 0; i < 3; i++) {
		vl_buf_free(&seen[i]);
		vl_buf_free(&secret[i]);
	}
}

#endif
