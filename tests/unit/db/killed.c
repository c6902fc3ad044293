/*
 * An import into two databases, one of them in WAL mode, or into that one
 * alone, that is killed at
 * every call of SQLite that changes something, before, after and in the
 * middle of it, or for which that call fails: both files are old or both are
 * new, and the row says which.
 */

#include <sys/syscall.h>

#include <limits.h>
#include <sys/mman.h>

#include "target.h"

#include "../../../src/db/dbs.h"

enum action {
	BEFORE, /* what is after one call is before the next */
	TORN,
	FAILS
};

static struct {
	unsigned at; /* 0: not armed */
	unsigned met;
	unsigned *total; /* shared with the parent; or NULL */
	enum action action;
	int error;
	bool for_good;
} fault;

static void
die(void)
{
	(void)kill(getpid(), SIGKILL);
}

/* Whether the call fails; dies instead where that is said. */
static bool
meets(void)
{
	bool now = fault.at != 0 && ++fault.met == fault.at;

	if (fault.total != NULL)
		*fault.total = fault.met;
	if (fault.action == FAILS) {
		errno = fault.error;
		return now ||
		    (fault.for_good && fault.at != 0 && fault.met > fault.at);
	}
	if (now && fault.action == BEFORE)
		die();
	return false;
}

static ssize_t
my_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (meets())
		return -1;
	if (fault.at != 0 && fault.met == fault.at && fault.action == TORN) {
		(void)!pwrite(fd, p, n / 2, at);
		die();
	}
	return pwrite(fd, p, n, at);
}

static int
my_ftruncate(int fd, off_t n)
{
	return meets() ? -1 : ftruncate(fd, n);
}

static int
my_unlink(const char *path)
{
	return meets() ? -1 : unlink(path);
}

/* What was synced, path by path, each with a line feed. */
static char synced[4096];

static void
note_sync(int fd)
{
	size_t n = strlen(synced);
	char link[64];
	ssize_t got = 0;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (n + 512 < sizeof(synced))
		got = readlink(link, synced + n, 500);
	if (got > 0)
		memcpy(synced + n + got, "\n", 2);
}

/* The library calls these by name, and the program's own come first. */
int
fsync(int fd)
{
	note_sync(fd);
	return meets() ? -1 : 0;
}

int
fdatasync(int fd)
{
	note_sync(fd);
	return meets() ? -1 : 0;
}

static void
arm(unsigned at, enum action action, int error, bool for_good)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	fault.met = 0;
	fault.at = at;
	fault.action = action;
	fault.error = error;
	fault.for_good = for_good;
	assert_int_equal(SQLITE_OK,
	    vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)my_pwrite));
	assert_int_equal(SQLITE_OK,
	    vfs->xSetSystemCall(
	        vfs, "pwrite64", (sqlite3_syscall_ptr)my_pwrite));
	assert_int_equal(SQLITE_OK,
	    vfs->xSetSystemCall(
	        vfs, "ftruncate", (sqlite3_syscall_ptr)my_ftruncate));
	assert_int_equal(SQLITE_OK,
	    vfs->xSetSystemCall(vfs, "unlink", (sqlite3_syscall_ptr)my_unlink));
}

enum {
	APPLIED = 0,
	UNDONE = 1,
	PENDING = 9
};

/* Two, or only the one in WAL mode. */
static size_t files = 2;

static struct vl_dbs_opts
targets(const struct world *w, const char *paths[2])
{
	struct vl_dbs_opts opts = both(w, paths);

	opts.n = files;
	if (files == 1)
		paths[0] = w->other;
	return opts;
}

static enum vl_status
change(struct world *w, struct vl_dbs *d)
{
	static const struct vl_dbs_row row = { .id = "i1",
		.site = "papers",
		.series = "s1",
		.seq = 3,
		.root = "abc" };
	char long_text[1500];
	enum vl_status st = VL_OK;
	size_t i;
	int64_t id;

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	for (i = 0; i < d->n; i++)
		for (id = 2; st == VL_OK && id < 8; id++)
			st = insert(w, vl_dbs_at(d, i), id, long_text);
	if (st == VL_OK)
		st = vl_dbs_row_put(d, &row, &w->err);
	return st;
}

/* The whole import; only the databases are left of it. */
static int
import(struct world *w)
{
	const bool modes[] = { files == 1, true };
	const char *paths[2];
	struct vl_dbs_opts opts = targets(w, paths);
	struct vl_dbs *d = NULL;
	enum vl_status st = vl_dbs_open(&d, &opts, &w->err);
	int result = UNDONE;

	if (st == VL_OK)
		st = vl_dbs_take(d, &w->err);
	if (st == VL_OK)
		st = vl_dbs_begin(d, &w->err);
	if (st == VL_OK)
		st = change(w, d);
	if (st == VL_OK) {
		st = vl_dbs_commit(d, &w->err);
		if (st == VL_OK)
			result = APPLIED;
		else if (st == VL_EPENDING)
			result = PENDING;
	}
	if (st == VL_OK && vl_dbs_settle(d, &w->err) != VL_OK)
		result = PENDING;
	if (st == VL_OK)
		(void)vl_dbs_give_back(d, modes, &w->err);
	vl_dbs_free(d);
	return result;
}

static void
make_both(struct world *w)
{
	world_open(w);
	make(w->path,
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "INSERT INTO t VALUES (1, 'old')");
	make(w->other,
	    "PRAGMA journal_mode=WAL;"
	    "CREATE TABLE t(id INTEGER PRIMARY KEY, v);"
	    "INSERT INTO t VALUES (1, 'old')");
}

/* What recovery finds: true for new.  Both files are one or the other. */
static bool
recovered(struct world *w)
{
	const bool modes[] = { files == 1, true };
	const char *paths[2];
	struct vl_dbs_opts opts = targets(w, paths);
	struct vl_dbs *d = NULL;
	size_t in = 7;
	size_t i;

	opts.recovery = true;
	good(vl_dbs_open(&d, &opts, &w->err), w);
	good(vl_dbs_row_ask(d, "i1", &in, &w->err), w);
	good(vl_dbs_settle(d, &w->err), w);
	good(vl_dbs_give_back(d, modes, &w->err), w);
	vl_dbs_free(d);
	assert_true(in == 0 || in == files);
	for (i = 0; i < files; i++)
		assert_int_equal(in > 0 ? 7 : 1,
		    number(paths[i],
		        "SELECT count(*) FROM t, pragma_integrity_check"
		        " WHERE integrity_check = 'ok'"));
	return in > 0;
}

/* One child; its status. */
static int
run_child(
    struct world *w, unsigned at, enum action action, int error, bool for_good)
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		arm(at, action, error, for_good);
		_exit(import(w));
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	return status;
}

/* How many calls an import without a fault makes. */
static unsigned
count_points(void)
{
	struct world w;
	unsigned n = 0;

	fault.total = mmap(NULL, sizeof(*fault.total), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fault.total != MAP_FAILED);
	make_both(&w);
	assert_int_equal(0, run_child(&w, UINT_MAX, BEFORE, 0, false));
	n = *fault.total;
	assert_true(recovered(&w));
	world_close(&w);
	(void)munmap(fault.total, sizeof(*fault.total));
	fault.total = NULL;
	assert_in_range(n, 15, 1000);
	return n;
}

static void
kill_everywhere(void)
{
	unsigned points = count_points();
	unsigned was_new = 0;
	unsigned was_old = 0;
	struct world w;
	enum action action;
	unsigned at;
	int status = 0;

	for (action = BEFORE; action <= TORN; action++)
		/* Each point in one of the two ways. */
		for (at = action == BEFORE ? 1 : 2; at <= points; at += 2) {
			make_both(&w);
			status = run_child(&w, at, action, 0, false);
			/* Not every call can be torn. */
			assert_true(WIFSIGNALED(status) ||
			    (WEXITSTATUS(status) == APPLIED &&
			        action != BEFORE));
			if (recovered(&w))
				was_new++;
			else
				was_old++;
			world_close(&w);
		}
	assert_true(was_old > points / 4);
	assert_true(was_new > 2);
}

static void
killed_at_every_point_both_files_are_old_or_new(void **state)
{
	(void)state;
	kill_everywhere();
}

static void
killed_at_every_point_one_file_in_wal_mode_is_old_or_new(void **state)
{
	(void)state;
	files = 1;
	kill_everywhere();
	files = 2;
}

static void
a_call_that_fails_leaves_old_or_new_and_says_which(void **state)
{
	unsigned points = count_points();
	unsigned undone = 0;
	struct world w;
	unsigned at;
	int status = 0;

	(void)state;
	for (at = 1; at <= points; at += 2) {
		make_both(&w);
		status = run_child(
		    &w, at, FAILS, at % 4 < 2 ? EIO : ENOSPC, at % 8 < 4);
		assert_true(WIFEXITED(status));
		status = WEXITSTATUS(status);
		if (status == APPLIED)
			assert_true(recovered(&w));
		else if (status == UNDONE)
			assert_false(recovered(&w));
		else
			(void)recovered(&w);
		assert_true(
		    status == APPLIED || status == UNDONE || status == PENDING);
		undone += status == UNDONE;
		world_close(&w);
	}
	assert_true(undone > points / 8);
}

static void
a_failed_sync_after_the_commit_is_pending(void **state)
{
	struct world w;
	const char *paths[2];
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;
	unsigned at;

	(void)state;
	for (at = 1; at <= 4; at++) {
		make_both(&w);
		opts = targets(&w, paths);
		arm(0, FAILS, EIO, false);
		good(vl_dbs_open(&d, &opts, &w.err), &w);
		good(vl_dbs_take(d, &w.err), &w);
		good(vl_dbs_begin(d, &w.err), &w);
		good(change(&w, d), &w);
		good(vl_dbs_commit(d, &w.err), &w);
		arm(at, FAILS, EIO, false);
		bad(vl_dbs_settle(d, &w.err), VL_EPENDING, &w, "cannot sync");
		arm(0, FAILS, EIO, false);
		vl_dbs_free(d);
		world_close(&w);
	}
}

static bool
was_synced(const char *path)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "%s\n", path);
	return strstr(synced, line) != NULL;
}

/* A row that was read can be gone after a power cut until all of this is. */
static void
files_logs_and_directories_are_synced_before_a_row_counts(void **state)
{
	struct world w;
	const char *paths[2];
	struct vl_dbs_opts opts;
	struct vl_dbs *d = NULL;
	char log[200];

	(void)state;
	arm(0, FAILS, EIO, false);
	make_both(&w);
	opts = both(&w, paths);
	opts.recovery = true;
	(void)snprintf(log, sizeof(log), "%s-wal", w.other);
	synced[0] = '\0';
	good(vl_dbs_open(&d, &opts, &w.err), &w);
	/* No journal that SQLite takes for finished comes back. */
	assert_true(was_synced(w.dir));
	synced[0] = '\0';
	good(vl_dbs_settle(d, &w.err), &w);
	assert_true(was_synced(w.path));
	assert_true(was_synced(w.other));
	assert_true(was_synced(log));
	assert_true(was_synced(w.dir));
	vl_dbs_free(d);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    killed_at_every_point_both_files_are_old_or_new),
		cmocka_unit_test(
		    killed_at_every_point_one_file_in_wal_mode_is_old_or_new),
		cmocka_unit_test(
		    a_call_that_fails_leaves_old_or_new_and_says_which),
		cmocka_unit_test(a_failed_sync_after_the_commit_is_pending),
		cmocka_unit_test(
		    files_logs_and_directories_are_synced_before_a_row_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
