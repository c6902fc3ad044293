/*
 * Every call that changes the state fails once: what is on disk afterwards
 * is the old or the new, and a run that follows goes on.
 */

#include "place.h"

#include <valise/brought.h>

/* Only calls whose failure a caller must see. */
static struct {
	unsigned at;
	unsigned met;
	bool tear; /* a write stores half of its bytes and then fails */
} fault;

static bool
fails(void)
{
	if (fault.at == 0 || ++fault.met != fault.at)
		return false;
	errno = ENOSPC;
	return true;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n);
int __real_renameat(int from, const char *a, int to, const char *b);
int __wrap_renameat(int from, const char *a, int to, const char *b);
int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	return fails() ? -1 : __real_write(fd, p, n);
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (!fails())
		return __real_pwrite(fd, p, n, at);
	if (fault.tear) {
		(void)__real_pwrite(fd, p, n / 2, at);
		errno = ENOSPC;
	}
	return -1;
}

int
__wrap_fsync(int fd)
{
	return fails() ? -1 : __real_fsync(fd);
}

int
__wrap_ftruncate(int fd, off_t n)
{
	return fails() ? -1 : __real_ftruncate(fd, n);
}

int
__wrap_renameat(int from, const char *a, int to, const char *b)
{
	return fails() ? -1 : __real_renameat(from, a, to, b);
}

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return fails() ? -1 : __real_openat(dir, name, flags, mode);
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

/* Let `change` fail at each of its calls in turn, in a fresh place each
 * time; `look` sees what it left.  Returns how many calls it makes. */
static unsigned
sweep(enum vl_status (*prepare)(struct place *),
    enum vl_status (*change)(struct place *),
    void (*look)(struct place *, bool done))
{
	struct place p;
	enum vl_status st = VL_OK;
	unsigned n = 0;
	bool fired = true;

	for (n = 1; fired; n++) {
		place_open(&p);
		must(&p, prepare(&p));
		fault.at = n;
		fault.met = 0;
		st = change(&p);
		fired = fault.met >= n;
		fault.at = 0;
		assert_int_equal(fired, st != VL_OK);
		look(&p, !fired);
		/* And the next run gets there. */
		must(&p, change(&p));
		look(&p, true);
		place_close(&p);
	}
	return n - 2;
}

static enum vl_status
nothing(struct place *p)
{
	(void)p;
	return VL_OK;
}

static enum vl_status
begin_first(struct place *p)
{
	p->header.import[0] = 1;
	return vl_journal_begin(p->state, &p->header, &p->err);
}

static enum vl_status
begin_second(struct place *p)
{
	p->header.import[0] = 2;
	return vl_journal_begin(p->state, &p->header, &p->err);
}

static void
is_either_journal(struct place *p, bool done)
{
	struct vl_journal j;

	must(p, vl_journal_load(&j, p->state, &p->err));
	assert_true(j.present);
	if (done)
		assert_int_equal(2, j.header.import[0]);
	p->header.import[0] = j.header.import[0];
	assert_true(j.header.import[0] == 1 || j.header.import[0] == 2);
	expect_header(&p->header, &j.header);
	vl_journal_free(&j);
}

static void
a_journal_is_old_or_new(void **state)
{
	(void)state;
	assert_true(sweep(begin_first, begin_second, is_either_journal) > 5);
}

static enum vl_status
add_prepared(struct place *p)
{
	return vl_journal_add(p->state, VL_JOURNAL_PREPARED, &p->err);
}

static void
is_prepared_or_not(struct place *p, bool done)
{
	struct vl_journal j;

	must(p, vl_journal_load(&j, p->state, &p->err));
	expect_header(&p->header, &j.header);
	if (done)
		assert_true(vl_journal_has(&j, VL_JOURNAL_PREPARED));
	assert_int_equal(0, j.words & ~(1u << VL_JOURNAL_PREPARED));
	vl_journal_free(&j);
}

static void
a_word_is_there_or_not(void **state)
{
	(void)state;
	for (fault.tear = false;; fault.tear = true) {
		assert_true(
		    sweep(begin_first, add_prepared, is_prepared_or_not) >= 4);
		if (fault.tear)
			break;
	}
	fault.tear = false;
}

static enum vl_status
choose(struct place *p)
{
	return vl_journal_choose(
	    p->state, ODD_ROOT, VL_CHOICE_TAKE_OURS, &p->err);
}

static void
is_chosen_or_not(struct place *p, bool done)
{
	struct vl_journal j;
	enum vl_choice choice = VL_CHOICE_NONE;

	must(p, vl_journal_load(&j, p->state, &p->err));
	choice = vl_journal_choice(&j, ODD_ROOT);
	assert_true(choice == VL_CHOICE_TAKE_OURS ||
	    (!done && choice == VL_CHOICE_NONE));
	vl_journal_free(&j);
}

static void
a_choice_is_there_or_not(void **state)
{
	(void)state;
	assert_true(sweep(begin_first, choose, is_chosen_or_not) > 4);
}

static enum vl_status
decide(struct place *p)
{
	return vl_decision_write(p->state, p->header.import, &p->err);
}

static void
is_decided_or_not(struct place *p, bool done)
{
	bool decided = false;

	must(
	    p, vl_decision_read(p->state, p->header.import, &decided, &p->err));
	assert_true(decided || !done);
}

static void
a_decision_is_there_or_not(void **state)
{
	(void)state;
	assert_true(sweep(nothing, decide, is_decided_or_not) > 4);
}

static enum vl_status
save_one(struct place *p)
{
	const struct vl_ledger one = { p->lines, 1 };

	return vl_ledger_save(&one, p->state, &p->err);
}

static enum vl_status
save_two(struct place *p)
{
	return vl_ledger_save(&p->header.ledger, p->state, &p->err);
}

static void
is_either_ledger(struct place *p, bool done)
{
	struct vl_ledger l;

	must(p, vl_ledger_load(&l, p->state, &p->err));
	assert_true(l.n == 2 || (!done && l.n == 1));
	assert_memory_equal(l.lines, p->lines, l.n * sizeof(l.lines[0]));
	vl_ledger_free(&l);
}

static void
a_ledger_is_old_or_new(void **state)
{
	(void)state;
	assert_true(sweep(save_one, save_two, is_either_ledger) > 4);
}

static enum vl_status
issue(struct place *p)
{
	const uint8_t head[32] = { 5 };
	struct vl_series series;
	enum vl_status st = vl_series_load(&series, p->state, &p->err);

	if (st == VL_OK)
		st = vl_series_issue(p->state, &series, 1, head, &p->err);
	vl_series_free(&series);
	return st;
}

static void
is_issued_or_not(struct place *p, bool done)
{
	struct vl_series series;

	must(p, vl_series_load(&series, p->state, &p->err));
	assert_int_equal(series.seq, series.prev[0] / 5);
	if (done)
		assert_int_equal(1, series.seq);
	vl_series_free(&series);
}

static void
a_seq_is_issued_or_not(void **state)
{
	(void)state;
	assert_true(sweep(nothing, issue, is_issued_or_not) > 8);
}

/* Two keys of one epoch, whichever it is. */
static uint8_t known[2][2 * VL_KEY_SIZE];

static enum vl_status
load_keys(struct place *p)
{
	struct vl_series series;
	enum vl_status st = vl_series_load(&series, p->state, &p->err);

	if (st == VL_OK)
		memcpy(known[0], series.sk, sizeof(known[0]));
	vl_series_free(&series);
	return st;
}

static enum vl_status
rotate(struct place *p)
{
	struct vl_series series;
	enum vl_status st = vl_series_load(&series, p->state, &p->err);

	/* One that got as far is not given other keys once more. */
	if (st == VL_OK && series.epoch == 1) {
		st = vl_series_rotate(p->state, &series, &p->err);
		assert_int_equal(st == VL_OK ? 2 : 1, series.epoch);
	}
	if (st == VL_OK)
		memcpy(known[1], series.sk, sizeof(known[1]));
	vl_series_free(&series);
	return st;
}

static void
is_rotated_or_not(struct place *p, bool done)
{
	struct vl_series series;

	must(p, vl_series_load(&series, p->state, &p->err));
	assert_true(series.epoch == 2 || (series.epoch == 1 && !done));
	if (series.epoch == 1)
		assert_memory_equal(known[0], series.sk, sizeof(known[0]));
	else if (done)
		assert_memory_equal(known[1], series.sk, sizeof(known[1]));
	vl_series_free(&series);
}

static void
keys_of_a_series_are_old_or_new(void **state)
{
	(void)state;
	assert_true(sweep(load_keys, rotate, is_rotated_or_not) > 4);
}

static enum vl_status
bring(struct place *p, const char *path, const struct vl_brought_theirs *theirs)
{
	const struct vl_brought b = { .state = p->state,
		.series = p->header.series,
		.resource = "a",
		.import = p->header.import };
	struct vl_brought_w *w = NULL;
	enum vl_status st = vl_brought_drop(&b, &p->err);

	if (st == VL_OK)
		st = vl_brought_w_open(&w, &b, &p->err);
	if (st == VL_OK)
		st = vl_brought_w_add(w, vl_slice_of(path), &p->err);
	if (st == VL_OK)
		st = vl_brought_w_finish(w, &p->err);
	vl_brought_w_free(w);
	return st == VL_OK ? vl_brought_keep(&b, theirs, &p->err) : st;
}

static enum vl_status
bring_first(struct place *p)
{
	return bring(p, "first", NULL);
}

static enum vl_status
bring_second(struct place *p)
{
	return bring(p, "second", NULL);
}

static bool
is_nobodys(void *arg, struct vl_slice path)
{
	(void)arg;
	(void)path;
	return false;
}

static enum vl_status
bring_second_but_theirs(struct place *p)
{
	return bring(
	    p, "second", &(struct vl_brought_theirs){ is_nobodys, NULL });
}

static void
is_either_list(struct place *p, bool done)
{
	const struct vl_brought b = { .state = p->state,
		.series = p->header.series,
		.resource = "a",
		.import = p->header.import };
	struct vl_brought_r *r = NULL;
	struct vl_slice path = { NULL, 0 };
	bool more = false;

	must(p, vl_brought_r_open(&r, &b, &p->err));
	assert_non_null(r);
	must(p, vl_brought_r_next(r, &path, &more, &p->err));
	assert_true(more);
	assert_true(vl_slice_equal(path, vl_slice_of("second")) ||
	    (!done && vl_slice_equal(path, vl_slice_of("first"))));
	must(p, vl_brought_r_next(r, &path, &more, &p->err));
	assert_false(more);
	vl_brought_r_free(r);
}

static void
what_was_brought_is_old_or_new(void **state)
{
	(void)state;
	assert_true(sweep(bring_first, bring_second, is_either_list) > 8);
	assert_true(
	    sweep(bring_first, bring_second_but_theirs, is_either_list) > 12);
}

/* What is believed was synced; where that fails nothing is believed. */
static void
nothing_is_believed_without_a_sync(void **state)
{
	struct vl_journal j;
	struct place p;
	bool decided = false;
	unsigned n = 0;

	(void)state;
	place_open(&p);
	must(&p, begin_first(&p));
	must(&p, decide(&p));
	for (n = 1;; n++) {
		fault.at = n;
		fault.met = 0;
		if (vl_journal_load(&j, p.state, &p.err) == VL_OK)
			break;
		assert_int_equal(VL_EPENDING, p.err.status);
	}
	fault.at = 0;
	assert_true(n > 4);
	vl_journal_free(&j);
	for (n = 1;; n++) {
		fault.at = n;
		fault.met = 0;
		if (vl_decision_read(
		        p.state, p.header.import, &decided, &p.err) == VL_OK)
			break;
		assert_false(decided);
	}
	fault.at = 0;
	assert_true(decided);
	assert_true(n > 4);
	place_close(&p);
}

/* An operator may have to recover while the disk is full. */
static void
a_full_disk_keeps_nobody_from_the_lock(void **state)
{
	struct place p;

	(void)state;
	place_open(&p);
	fault.at = 2; /* behind the open of the lock file */
	fault.met = 0;
	assert_int_equal(VL_OK, vl_state_lock(p.state, 0, &p.err));
	assert_true(fault.met >= 2);
	fault.at = 0;
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_journal_is_old_or_new),
		cmocka_unit_test(a_word_is_there_or_not),
		cmocka_unit_test(a_choice_is_there_or_not),
		cmocka_unit_test(a_decision_is_there_or_not),
		cmocka_unit_test(a_ledger_is_old_or_new),
		cmocka_unit_test(a_seq_is_issued_or_not),
		cmocka_unit_test(keys_of_a_series_are_old_or_new),
		cmocka_unit_test(what_was_brought_is_old_or_new),
		cmocka_unit_test(nothing_is_believed_without_a_sync),
		cmocka_unit_test(a_full_disk_keeps_nobody_from_the_lock),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
