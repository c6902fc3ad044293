/* The state directory: identity, lock, ledger, series, senders, sync note. */

#include "place.h"

static void
keeps_its_identity(void **state)
{
	uint8_t id[VL_STATE_ID_SIZE];
	struct vl_state *again = NULL;
	struct place p;
	struct stat st;

	(void)state;
	place_open(&p);
	memcpy(id, vl_state_identity(p.state), sizeof(id));
	must(&p, place_state(&p, &again, false));
	assert_memory_equal(id, vl_state_identity(again), sizeof(id));
	assert_int_equal('/', vl_state_path(again)[0]);
	vl_state_free(again);
	assert_int_equal(0, fstat(vl_state_fd(p.state), &st));
	assert_int_equal(0700, st.st_mode & 07777);

	place_write(&p, "identity", vl_slice_of("0123\n"));
	assert_int_equal(VL_EIO, place_state(&p, &again, true));
	assert_null(again);
	assert_int_equal(0, unlinkat(vl_state_fd(p.state), "identity", 0));
	assert_int_equal(VL_EUSAGE, place_state(&p, &again, false));
	place_close(&p);
}

static void
is_not_made_by_looking(void **state)
{
	struct vl_state *s = NULL;
	struct vl_err err;

	(void)state;
	assert_int_equal(VL_EUSAGE,
	    vl_state_open(
	        &s, &(struct vl_state_opts){ .dir = "no-such-place" }, &err));
	assert_null(s);
	assert_int_equal(-1, access("no-such-place", F_OK));
}

static void
is_refused_when_others_could_write_to_it(void **state)
{
	struct vl_state *again = NULL;
	struct place p;
	int fd = -1;

	(void)state;
	place_open(&p);
	fd = vl_state_fd(p.state);
	assert_int_equal(0, fchmod(fd, 0755));
	must(&p, place_state(&p, &again, true));
	vl_state_free(again);
	assert_int_equal(0, fchmod(fd, 0720));
	assert_int_equal(VL_EUSAGE, place_state(&p, &again, false));
	assert_int_equal(0, fchmod(fd, 0702));
	assert_int_equal(VL_EUSAGE, place_state(&p, &again, true));
	assert_non_null(strstr(p.err.text, "chmod 700"));
	assert_int_equal(VL_EUSAGE,
	    vl_state_open(&again,
	        &(struct vl_state_opts){ .dir = vl_state_path(p.state) },
	        &p.err));
	assert_int_equal(0, fchmod(fd, 0700));
	if (fchown(fd, 65534, (gid_t)-1) != 0) {
		print_message("skipped: chown is not permitted\n");
	} else {
		assert_int_equal(VL_EUSAGE, place_state(&p, &again, true));
		assert_non_null(strstr(p.err.text, "belongs to user 65534"));
	}
	place_close(&p);
}

static void
follows_a_link_only_when_it_is_named_itself(void **state)
{
	struct vl_state *s = NULL;
	struct vl_state_opts o = { .site = "link" };
	char link[80];
	struct place p;

	(void)state;
	place_open(&p);
	o.base = p.path;
	(void)snprintf(link, sizeof(link), "%s/link", p.path);
	assert_int_equal(0, symlink("absent", link));
	o.create = true;
	assert_int_equal(VL_EUSAGE, vl_state_open(&s, &o, &p.err));
	assert_non_null(strstr(p.err.text, "is a symbolic link"));
	assert_int_equal(0, unlink(link));
	assert_int_equal(0, symlink("site", link));
	assert_int_equal(VL_EUSAGE, vl_state_open(&s, &o, &p.err));
	o = (struct vl_state_opts){ .dir = link };
	must(&p, vl_state_open(&s, &o, &p.err));
	assert_string_equal(vl_state_path(p.state), vl_state_path(s));
	vl_state_free(s);
	place_close(&p);
}

static void
lock_is_held_by_one(void **state)
{
	struct vl_state *second = NULL;
	char who[64];
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_state_lock(p.state, 0, &p.err));
	must(&p, place_state(&p, &second, false));
	assert_int_equal(VL_ELOCKED, vl_state_lock(second, 0, &p.err));
	(void)snprintf(who, sizeof(who), "process %ld since ", (long)getpid());
	assert_non_null(strstr(p.err.text, who));
	vl_state_free(p.state);
	p.state = NULL;
	must(&p, vl_state_lock(second, 0, &p.err));
	vl_state_free(second);
	place_close(&p);
}

static void
lock_waits_as_long_as_told(void **state)
{
	struct vl_state *second = NULL;
	struct place p;
	int status = 0;
	pid_t pid = 0;

	(void)state;
	place_open(&p);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (vl_state_lock(p.state, 0, &p.err) != VL_OK)
			_exit(1);
		usleep(300000);
		_exit(0);
	}
	must(&p, place_state(&p, &second, false));
	usleep(100000);
	must(&p, vl_state_lock(second, 30, &p.err));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	vl_state_free(second);
	place_close(&p);
}

static void
ledger_keeps_its_lines(void **state)
{
	const uint8_t series[16] = { 3 };
	const uint8_t other[16] = { 4 };
	const struct vl_ledger_line *found = NULL;
	struct vl_ledger_line line = { .series = { 3 },
		.resource = "uploads",
		.seq = 999999999999999,
		.head = { 1 },
		.sender = { 2 } };
	struct vl_ledger l = { 0 };
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_ledger_load(&l, p.state, &p.err));
	assert_int_equal(0, l.n);
	must(&p, vl_ledger_set(&l, &line, &p.err));
	line.resource[0] = '\0';
	must(&p, vl_ledger_set(&l, &line, &p.err));
	line.head[0] = 8;
	line.epoch = 2;
	must(&p, vl_ledger_set(&l, &line, &p.err));
	must(&p, vl_ledger_save(&l, p.state, &p.err));
	vl_ledger_free(&l);
	must(&p, vl_ledger_load(&l, p.state, &p.err));
	assert_int_equal(2, l.n);
	assert_null(vl_ledger_find(&l, other, "uploads"));
	assert_null(vl_ledger_find(&l, series, "upload"));
	found = vl_ledger_find(&l, series, "uploads");
	assert_non_null(found);
	assert_int_equal(999999999999999, found->seq);
	assert_int_equal(1, found->head[0]);
	assert_int_equal(0, found->epoch);
	found = vl_ledger_find(&l, series, "");
	assert_non_null(found);
	assert_int_equal(8, found->head[0]);
	assert_int_equal(2, found->epoch);
	vl_ledger_free(&l);
	place_close(&p);
}

static void
ledger_that_is_damaged_is_refused(void **state)
{
	struct vl_ledger l = { 0 };
	struct vl_buf file = { 0 };
	struct place p;
	size_t n;

	(void)state;
	place_open(&p);
	must(&p, vl_ledger_save(&p.header.ledger, p.state, &p.err));
	place_read(&p, "ledger", &file);
	for (n = 0; n < file.n; n++) {
		place_write(&p, "ledger", (struct vl_slice){ file.p, n });
		assert_int_equal(VL_EIO, vl_ledger_load(&l, p.state, &p.err));
		assert_null(l.lines);
	}
	place_write(&p, "ledger", vl_slice_of("{}\n"));
	assert_int_equal(VL_EIO, vl_ledger_load(&l, p.state, &p.err));
	assert_non_null(strstr(p.err.text, "ledger in '"));
	vl_buf_free(&file);
	place_close(&p);
}

static void
series_keeps_its_keys(void **state)
{
	const uint8_t head[32] = { 1, 2, 3 };
	struct vl_series first;
	struct vl_series again;
	struct place p;
	struct stat st;

	(void)state;
	place_open(&p);
	must(&p, vl_series_load(&first, p.state, &p.err));
	assert_int_equal(1, first.epoch);
	assert_int_equal(0, first.seq);
	must(&p, vl_series_load(&again, p.state, &p.err));
	assert_memory_equal(first.id, again.id, 16);
	assert_memory_equal(first.sk, again.sk, VL_KEY_SIZE);
	assert_memory_equal(first.tk, again.tk, VL_KEY_SIZE);
	assert_memory_not_equal(first.sk, first.tk, VL_KEY_SIZE);
	must(&p, vl_series_issue(p.state, &again, 41, head, &p.err));
	vl_series_free(&again);
	must(&p, vl_series_load(&again, p.state, &p.err));
	assert_int_equal(41, again.seq);
	assert_memory_equal(head, again.prev, 32);
	assert_memory_equal(first.sk, again.sk, VL_KEY_SIZE);
	assert_int_equal(0, fstatat(vl_state_fd(p.state), "series", &st, 0));
	assert_int_equal(0600, st.st_mode & 07777);
	vl_series_free(&first);
	vl_series_free(&again);
	place_close(&p);
}

static void
series_gets_other_keys_in_its_next_epoch(void **state)
{
	const uint8_t head[32] = { 1, 2, 3 };
	struct vl_series first;
	struct vl_series again;
	struct vl_series next;
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_series_load(&first, p.state, &p.err));
	must(&p, vl_series_load(&next, p.state, &p.err));
	must(&p, vl_series_issue(p.state, &next, 41, head, &p.err));
	must(&p, vl_series_rotate(p.state, &next, &p.err));
	must(&p, vl_series_load(&again, p.state, &p.err));
	assert_int_equal(2, next.epoch);
	assert_int_equal(2, again.epoch);
	assert_memory_equal(first.id, again.id, 16);
	assert_int_equal(41, again.seq);
	assert_memory_equal(head, again.prev, 32);
	assert_memory_equal(next.sk, again.sk, VL_KEY_SIZE);
	assert_memory_equal(next.tk, again.tk, VL_KEY_SIZE);
	assert_memory_not_equal(first.sk, again.sk, VL_KEY_SIZE);
	assert_memory_not_equal(first.tk, again.tk, VL_KEY_SIZE);
	assert_memory_not_equal(again.sk, again.tk, VL_KEY_SIZE);
	again.epoch = 999999999999999;
	assert_int_equal(
	    VL_EREFUSED, vl_series_rotate(p.state, &again, &p.err));
	assert_int_equal(999999999999999, again.epoch);
	vl_series_free(&first);
	vl_series_free(&again);
	vl_series_free(&next);
	place_close(&p);
}

/* A damaged one must never be taken for none: the next bundle would begin
 * another series. */
static void
series_cut_short_is_refused(void **state)
{
	struct vl_series series;
	struct vl_buf file = { 0 };
	struct place p;
	size_t n;

	(void)state;
	place_open(&p);
	must(&p, vl_series_load(&series, p.state, &p.err));
	vl_series_free(&series);
	place_read(&p, "series", &file);
	for (n = 0; n < file.n; n++) {
		place_write(&p, "series", (struct vl_slice){ file.p, n });
		assert_int_equal(
		    VL_EIO, vl_series_load(&series, p.state, &p.err));
		assert_null(series.sk);
	}
	must(&p, vl_buf_add_text(&file, "x", &p.err));
	place_write(&p, "series", vl_buf_slice(&file));
	assert_int_equal(VL_EIO, vl_series_load(&series, p.state, &p.err));
	vl_buf_free(&file);
	place_close(&p);
}

static enum vl_status
count_sender(void *arg, struct vl_slice text, struct vl_err *err)
{
	unsigned *n = arg;

	(void)err;
	assert_true(vl_slice_equal(text, vl_slice_of("public key\n")));
	(*n)++;
	return VL_OK;
}

static void
accepted_senders_are_kept(void **state)
{
	struct place p;
	unsigned n = 0;

	(void)state;
	place_open(&p);
	must(&p, vl_state_each_sender(p.state, 64, count_sender, &n, &p.err));
	assert_int_equal(0, n);
	must(&p,
	    vl_state_accept_sender(p.state, vl_slice_of("public key\n"),
	        "0123456789abcdef", &p.err));
	must(&p,
	    vl_state_accept_sender(p.state, vl_slice_of("public key\n"),
	        "0123456789abcdef", &p.err));
	must(&p, vl_state_each_sender(p.state, 64, count_sender, &n, &p.err));
	assert_int_equal(1, n);
	place_close(&p);
}

/* Where the note of a failed sync stands for this test. */
static void
note_name(struct place *p, char *path, size_t size)
{
	char hex[VL_HEX_SIZE(VL_STATE_ID_SIZE)];

	vl_hex(hex, vl_state_identity(p->state), VL_STATE_ID_SIZE);
	(void)snprintf(path, size, "/run/valise-%s.unsynced", hex);
	if (access(path, F_OK) != 0)
		(void)snprintf(
		    path, size, "%s/unsynced", vl_state_path(p->state));
}

static void
failed_sync_is_remembered_until_the_next_boot(void **state)
{
	struct vl_buf note = { 0 };
	char path[4200];
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_state_check_sync(p.state, &p.err));
	vl_state_note_failed_sync(p.state, "/srv");
	assert_int_equal(VL_EPENDING, vl_state_check_sync(p.state, &p.err));
	note_name(&p, path, sizeof(path));
	assert_non_null(strstr(p.err.text, path));
	assert_int_equal(VL_EPENDING, vl_state_check_sync(p.state, &p.err));

	/* Of another boot it says nothing about this one. */
	must(&p, vl_read_file(AT_FDCWD, path, 8192, &note, &p.err));
	note.p[0] = note.p[0] == '0' ? '1' : '0';
	must(
	    &p, vl_put_file(AT_FDCWD, path, 0600, vl_buf_slice(&note), &p.err));
	must(&p, vl_state_check_sync(p.state, &p.err));
	assert_int_equal(-1, access(path, F_OK));

	/* One that cannot be read may be of this one. */
	assert_int_equal(0, mkdir(path, 0700));
	assert_int_equal(VL_EPENDING, vl_state_check_sync(p.state, &p.err));
	assert_int_equal(0, rmdir(path));
	vl_buf_free(&note);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_its_identity),
		cmocka_unit_test(is_not_made_by_looking),
		cmocka_unit_test(is_refused_when_others_could_write_to_it),
		cmocka_unit_test(follows_a_link_only_when_it_is_named_itself),
		cmocka_unit_test(lock_is_held_by_one),
		cmocka_unit_test(lock_waits_as_long_as_told),
		cmocka_unit_test(ledger_keeps_its_lines),
		cmocka_unit_test(ledger_that_is_damaged_is_refused),
		cmocka_unit_test(series_keeps_its_keys),
		cmocka_unit_test(series_gets_other_keys_in_its_next_epoch),
		cmocka_unit_test(series_cut_short_is_refused),
		cmocka_unit_test(accepted_senders_are_kept),
		cmocka_unit_test(failed_sync_is_remembered_until_the_next_boot),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
