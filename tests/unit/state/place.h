#ifndef PLACE_H
#define PLACE_H

/* A state directory of the test's own, and a header with odd paths. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/journal.h>

#define ODD_ROOT    "/srv/\xff\x01 \n\"{\xc3"
#define ODD_STAGING "/srv/.\xff\x01 \n\"{\xc3.valise"

struct place {
	char path[64];
	struct vl_state *state;
	struct vl_header_tree trees[2];
	struct vl_header_db dbs[2];
	struct vl_ledger_line lines[2];
	struct vl_header header;
	struct vl_err err;
};

static inline void
must(struct place *p, enum vl_status st)
{
	if (st != VL_OK)
		fail_msg("%s", p->err.text);
}

static inline enum vl_status
place_state(struct place *p, struct vl_state **out, bool create)
{
	return vl_state_open(out,
	    &(struct vl_state_opts){
	        .base = p->path, .site = "site", .create = create },
	    &p->err);
}

static inline void
place_open(struct place *p)
{
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->path, sizeof(p->path), "scratch-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	must(p, place_state(p, &p->state, true));
	p->trees[0] = (struct vl_header_tree){ .resource = "a",
		.root = (char *)(uintptr_t) "/",
		.staging = (char *)(uintptr_t) "/.valise",
		.inside = true,
		.privileged = true,
		.mtime_sec = -5,
		.mtime_nsec = 999999999 };
	p->trees[1] = (struct vl_header_tree){ .resource = "b",
		.root = (char *)(uintptr_t)ODD_ROOT,
		.staging = (char *)(uintptr_t)ODD_STAGING,
		.absent = true,
		.mtime_sec = 1700000000 };
	p->dbs[0] = (struct vl_header_db){ .resource = "c",
		.path = (char *)(uintptr_t)ODD_ROOT,
		.was_wal = true };
	p->dbs[1] = (struct vl_header_db){ .resource = "d",
		.path = (char *)(uintptr_t) "/d" };
	p->lines[0] = (struct vl_ledger_line){ .sender = { 9 } };
	p->lines[1] = (struct vl_ledger_line){
		.resource = "b", .seq = 7, .head = { 1, 2 }, .sender = { 9 }
	};
	p->header = (struct vl_header){ .import = { 1 },
		.state = { 2 },
		.state_path = (char *)(uintptr_t) "/var/lib/valise/\t",
		.site = "site",
		.series = { 3 },
		.seq = 7,
		.head = { 4 },
		.began = 1700000001,
		.keep_shadow = true,
		.trees = p->trees,
		.ntrees = 2,
		.dbs = p->dbs,
		.ndbs = 2,
		.ledger = { p->lines, 2 } };
}

static inline void
place_close(struct place *p)
{
	char hex[VL_HEX_SIZE(VL_STATE_ID_SIZE)];
	char note[128];

	/* A sync that was made to fail is noted outside of the place. */
	if (p->state != NULL) {
		(void)snprintf(note, sizeof(note), "/run/valise-%s.unsynced",
		    vl_hex(hex, vl_state_identity(p->state), VL_STATE_ID_SIZE));
		(void)unlink(note);
	}
	vl_state_free(p->state);
	must(p, vl_remove_tree(AT_FDCWD, p->path, &p->err));
}

static inline void
place_write(struct place *p, const char *name, struct vl_slice text)
{
	must(p, vl_put_file(vl_state_fd(p->state), name, 0600, text, &p->err));
}

static inline void
place_read(struct place *p, const char *name, struct vl_buf *out)
{
	must(p,
	    vl_read_file(vl_state_fd(p->state), name, 1u << 20, out, &p->err));
}

static inline void
expect_header(const struct vl_header *want, const struct vl_header *have)
{
	size_t i;

	assert_memory_equal(want->import, have->import, sizeof(have->import));
	assert_memory_equal(want->state, have->state, sizeof(have->state));
	assert_memory_equal(want->series, have->series, sizeof(have->series));
	assert_memory_equal(want->head, have->head, sizeof(have->head));
	assert_string_equal(want->state_path, have->state_path);
	assert_string_equal(want->site, have->site);
	assert_int_equal(want->seq, have->seq);
	assert_int_equal(want->began, have->began);
	assert_int_equal(want->keep_shadow, have->keep_shadow);
	assert_int_equal(want->ntrees, have->ntrees);
	for (i = 0; i < want->ntrees; i++) {
		const struct vl_header_tree *a = &want->trees[i];
		const struct vl_header_tree *b = &have->trees[i];

		assert_string_equal(a->resource, b->resource);
		assert_string_equal(a->root, b->root);
		assert_string_equal(a->staging, b->staging);
		assert_int_equal(a->absent, b->absent);
		assert_int_equal(a->inside, b->inside);
		assert_int_equal(a->privileged, b->privileged);
		assert_int_equal(a->mtime_sec, b->mtime_sec);
		assert_int_equal(a->mtime_nsec, b->mtime_nsec);
	}
	assert_int_equal(want->ndbs, have->ndbs);
	for (i = 0; i < want->ndbs; i++) {
		assert_string_equal(
		    want->dbs[i].resource, have->dbs[i].resource);
		assert_string_equal(want->dbs[i].path, have->dbs[i].path);
		assert_int_equal(want->dbs[i].was_wal, have->dbs[i].was_wal);
	}
	assert_int_equal(want->ledger.n, have->ledger.n);
	assert_memory_equal(want->ledger.lines, have->ledger.lines,
	    want->ledger.n * sizeof(want->ledger.lines[0]));
}

#endif
