/* The journal: what is read is what was written, torn and damaged lines. */

#include "place.h"

static void
begin(struct place *p)
{
	place_open(p);
	must(p, vl_journal_begin(p->state, &p->header, &p->err));
}

/* Header, prepared, and a choice. */
static void
fill(struct place *p)
{
	begin(p);
	must(p, vl_journal_add(p->state, VL_JOURNAL_PREPARED, &p->err));
	must(p,
	    vl_journal_choose(p->state, "/x", VL_CHOICE_KEEP_THEIRS, &p->err));
}

static void
is_absent_at_first(void **state)
{
	struct vl_journal j;
	struct place p;

	(void)state;
	place_open(&p);
	must(&p, vl_journal_load(&j, p.state, &p.err));
	assert_false(j.present);
	vl_journal_free(&j);
	assert_int_equal(
	    VL_EIO, vl_journal_add(p.state, VL_JOURNAL_UNDO, &p.err));
	place_close(&p);
}

static void
keeps_the_header(void **state)
{
	struct vl_journal j;
	struct place p;

	(void)state;
	begin(&p);
	must(&p, vl_journal_load(&j, p.state, &p.err));
	assert_true(j.present);
	assert_int_equal(0, j.words);
	expect_header(&p.header, &j.header);
	vl_journal_free(&j);
	place_close(&p);
}

/* The header of `p`, with `from` replaced by `to` in its text. */
static enum vl_status
decode_changed(struct place *p, const char *from, const char *to)
{
	struct vl_header h = { 0 };
	struct vl_buf text = { 0 };
	struct vl_buf changed = { 0 };
	const uint8_t *at = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	must(p, vl_header_encode(&text, &p->header, &p->err));
	at = memmem(text.p, text.n, from, strlen(from));
	assert_non_null(at);
	n = (size_t)(at - text.p);
	must(p, vl_buf_add(&changed, (struct vl_slice){ text.p, n }, &p->err));
	must(p, vl_buf_add(&changed, vl_slice_of(to), &p->err));
	n += strlen(from);
	must(p,
	    vl_buf_add(&changed, (struct vl_slice){ text.p + n, text.n - n },
	        &p->err));
	st = vl_header_decode(&h, vl_buf_slice(&changed), &p->err);
	vl_header_free(&h);
	vl_buf_free(&text);
	vl_buf_free(&changed);
	return st;
}

static void
refuses_databases_that_cannot_be(void **state)
{
	static const char one[] =
	    "\"databases\":[{\"path\":\"L2Q\",\"resource\":\"d\","
	    "\"wal\":false}]";
	static const char *const others[] = { "\"databases\":[]",
		"\"databases\":{}", "\"databases\":[1]",
		"\"databases\":[{\"path\":\"ZA\",\"resource\":\"d\","
		"\"wal\":false}]",
		"\"databases\":[{\"path\":\"L2Q\",\"resource\":\"d\"}]",
		"\"databases\":[{\"path\":\"L2Q\",\"wal\":false}]" };
	struct place p;
	size_t i;

	(void)state;
	place_open(&p);
	p.header.dbs = &p.dbs[1];
	p.header.ndbs = 1;
	assert_int_equal(VL_OK, decode_changed(&p, one, one));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
		    VL_EFORMAT, decode_changed(&p, one, others[i]));
	/* No member says that there is none. */
	p.header.ndbs = 0;
	assert_int_equal(VL_OK, decode_changed(&p, "\"head\"", "\"head\""));
	place_close(&p);
}

static void
keeps_words_and_choices(void **state)
{
	struct vl_journal j;
	struct place p;
	int word;

	(void)state;
	begin(&p);
	for (word = VL_JOURNAL_PREPARED; word <= VL_JOURNAL_CLEANED; word++) {
		must(&p,
		    vl_journal_add(
		        p.state, (enum vl_journal_word)word, &p.err));
		must(&p, vl_journal_load(&j, p.state, &p.err));
		assert_int_equal((2u << word) - 1, j.words);
		vl_journal_free(&j);
	}
	must(&p,
	    vl_journal_choose(
	        p.state, ODD_ROOT, VL_CHOICE_KEEP_THEIRS, &p.err));
	must(&p, vl_journal_choose(p.state, "/b", VL_CHOICE_TAKE_OURS, &p.err));
	must(&p,
	    vl_journal_choose(p.state, ODD_ROOT, VL_CHOICE_TAKE_OURS, &p.err));
	must(&p, vl_journal_load(&j, p.state, &p.err));
	assert_int_equal(VL_CHOICE_TAKE_OURS, vl_journal_choice(&j, ODD_ROOT));
	assert_int_equal(VL_CHOICE_TAKE_OURS, vl_journal_choice(&j, "/b"));
	assert_int_equal(VL_CHOICE_NONE, vl_journal_choice(&j, "/b/c"));
	vl_journal_free(&j);
	place_close(&p);
}

/* Nothing here waits for somebody to write to it. */
static void
refuses_what_is_no_file(void **state)
{
	static const char *const names[] = { "journal", "decision" };
	struct vl_journal j;
	struct place p;
	bool decided = true;
	size_t i;

	(void)state;
	place_open(&p);
	for (i = 0; i < 2; i++)
		assert_int_equal(
		    0, mkfifoat(vl_state_fd(p.state), names[i], 0600));
	(void)alarm(20);
	assert_int_equal(VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
	assert_non_null(strstr(p.err.text, "'journal' is not a regular file"));
	assert_int_equal(
	    VL_EIO, vl_journal_add(p.state, VL_JOURNAL_UNDO, &p.err));
	assert_int_equal(VL_EIO,
	    vl_decision_read(p.state, p.header.import, &decided, &p.err));
	assert_false(decided);
	assert_non_null(strstr(p.err.text, "'decision' is not a regular file"));
	(void)alarm(0);
	place_close(&p);
}

static void
refuses_a_choice_without_a_root(void **state)
{
	static const char *const paths[] = { "", "x", "./x" };
	struct vl_journal j;
	struct place p;
	size_t i;

	(void)state;
	begin(&p);
	for (i = 0; i < 3; i++)
		assert_int_equal(VL_EUSAGE,
		    vl_journal_choose(
		        p.state, paths[i], VL_CHOICE_TAKE_OURS, &p.err));
	must(&p, vl_journal_load(&j, p.state, &p.err));
	vl_journal_free(&j);
	place_close(&p);
}

static void
a_time_takes_the_place_of_the_headers(void **state)
{
	const struct vl_time t = { -12345678901, 42 };
	struct vl_journal j;
	struct place p;

	(void)state;
	begin(&p);
	must(&p, vl_journal_time(p.state, 1, &t, &p.err));
	must(&p, vl_journal_load(&j, p.state, &p.err));
	assert_int_equal(-5, j.header.trees[0].mtime_sec);
	assert_int_equal(t.sec, j.header.trees[1].mtime_sec);
	assert_int_equal(42, j.header.trees[1].mtime_nsec);
	vl_journal_free(&j);
	/* A tree that the header does not have. */
	must(&p, vl_journal_time(p.state, 2, &t, &p.err));
	assert_int_equal(VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
	place_close(&p);
}

static void
a_new_import_replaces_it(void **state)
{
	struct vl_journal j;
	struct place p;

	(void)state;
	fill(&p);
	p.header.import[0] = 77;
	must(&p, vl_journal_begin(p.state, &p.header, &p.err));
	must(&p, vl_journal_load(&j, p.state, &p.err));
	assert_int_equal(77, j.header.import[0]);
	assert_int_equal(0, j.words);
	assert_int_equal(0, j.nchoices);
	vl_journal_free(&j);
	place_close(&p);
}

/* A journal cut anywhere: whole lines count, a torn one never did; the
 * header's own line came to its name whole, so that one is damage. */
static void
reads_every_truncation(void **state)
{
	struct vl_buf file = { 0 };
	struct vl_journal j;
	struct place p;
	const uint8_t *first = NULL;
	const uint8_t *second = NULL;
	size_t n;

	(void)state;
	fill(&p);
	place_read(&p, "journal", &file);
	first = memchr(file.p, '\n', file.n);
	assert_non_null(first);
	second = memchr(first + 1, '\n', (size_t)(file.p + file.n - first - 1));
	assert_non_null(second);
	for (n = 0; n < file.n; n++) {
		place_write(&p, "journal", (struct vl_slice){ file.p, n });
		if (file.p + n <= first && n > 0) {
			assert_int_equal(
			    VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
			continue;
		}
		if (n == 0)
			continue;
		must(&p, vl_journal_load(&j, p.state, &p.err));
		assert_true(j.present);
		assert_int_equal(file.p + n > second,
		    vl_journal_has(&j, VL_JOURNAL_PREPARED));
		assert_int_equal(0, j.nchoices);
		vl_journal_free(&j);
		/* What follows a torn line is read as ever. */
		must(&p, vl_journal_add(p.state, VL_JOURNAL_UNDO, &p.err));
		must(&p, vl_journal_load(&j, p.state, &p.err));
		assert_true(vl_journal_has(&j, VL_JOURNAL_UNDO));
		assert_int_equal(file.p + n > second,
		    vl_journal_has(&j, VL_JOURNAL_PREPARED));
		vl_journal_free(&j);
	}
	vl_buf_free(&file);
	place_close(&p);
}

static void
an_empty_journal_is_damaged(void **state)
{
	struct vl_journal j;
	struct place p;

	(void)state;
	fill(&p);
	place_write(&p, "journal", vl_slice_of(""));
	assert_int_equal(VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
	place_write(&p, "journal", vl_slice_of("\n\n"));
	assert_int_equal(VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
	place_close(&p);
}

/* Every bit flipped: in a line with another behind it, it is refused; in the
 * last one, it is as if that had never been written. */
static void
refuses_every_flipped_bit_but_in_the_last_line(void **state)
{
	struct vl_buf file = { 0 };
	struct vl_journal j;
	struct place p;
	size_t last = 0;
	size_t step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 7;
	size_t bit;

	(void)state;
	fill(&p);
	place_read(&p, "journal", &file);
	for (last = file.n - 1; file.p[last - 1] != '\n'; last--)
		;
	for (bit = 0; bit < 8 * file.n; bit += step) {
		file.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		place_write(&p, "journal", (struct vl_slice){ file.p, file.n });
		if (bit / 8 < last) {
			/* A lost LF ends in a line that is torn: the last. */
			if (bit / 8 != last - 1)
				assert_int_equal(VL_EPENDING,
				    vl_journal_load(&j, p.state, &p.err));
		} else {
			must(&p, vl_journal_load(&j, p.state, &p.err));
			assert_true(vl_journal_has(&j, VL_JOURNAL_PREPARED));
			assert_int_equal(0, j.nchoices);
			vl_journal_free(&j);
		}
		file.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	vl_buf_free(&file);
	place_close(&p);
}

static void
says_where_it_is_damaged(void **state)
{
	struct vl_buf file = { 0 };
	struct vl_journal j;
	struct place p;

	(void)state;
	fill(&p);
	place_read(&p, "journal", &file);
	file.p[3] ^= 1;
	place_write(&p, "journal", vl_buf_slice(&file));
	assert_int_equal(VL_EPENDING, vl_journal_load(&j, p.state, &p.err));
	assert_non_null(strstr(p.err.text, vl_state_path(p.state)));
	assert_int_equal(
	    VL_EPENDING, vl_journal_add(p.state, VL_JOURNAL_UNDO, &p.err));
	vl_buf_free(&file);
	place_close(&p);
}

static void
a_decision_is_for_one_import(void **state)
{
	struct vl_buf file = { 0 };
	struct place p;
	uint8_t other[VL_IMPORT_ID_SIZE] = { 5 };
	bool decided = true;
	size_t n;

	(void)state;
	place_open(&p);
	must(&p, vl_decision_read(p.state, p.header.import, &decided, &p.err));
	assert_false(decided);
	must(&p, vl_decision_write(p.state, p.header.import, &p.err));
	must(&p, vl_decision_read(p.state, p.header.import, &decided, &p.err));
	assert_true(decided);
	must(&p, vl_decision_read(p.state, other, &decided, &p.err));
	assert_false(decided);

	place_read(&p, "decision", &file);
	for (n = 0; n < file.n; n++) {
		place_write(&p, "decision", (struct vl_slice){ file.p, n });
		must(&p,
		    vl_decision_read(
		        p.state, p.header.import, &decided, &p.err));
		assert_false(decided);
		file.p[n] ^= 1;
		place_write(&p, "decision", vl_buf_slice(&file));
		must(&p,
		    vl_decision_read(
		        p.state, p.header.import, &decided, &p.err));
		assert_false(decided);
		file.p[n] ^= 1;
	}
	must(&p, vl_decision_drop(p.state, &p.err));
	must(&p, vl_decision_drop(p.state, &p.err));
	must(&p, vl_decision_read(p.state, p.header.import, &decided, &p.err));
	assert_false(decided);
	vl_buf_free(&file);
	place_close(&p);
}

static void
a_header_cut_short_is_refused(void **state)
{
	struct vl_header h;
	struct vl_buf text = { 0 };
	struct place p;
	size_t n;

	(void)state;
	place_open(&p);
	must(&p, vl_header_encode(&text, &p.header, &p.err));
	for (n = 0; n < text.n; n++)
		assert_int_not_equal(VL_OK,
		    vl_header_decode(
		        &h, (struct vl_slice){ text.p, n }, &p.err));
	must(&p, vl_header_decode(&h, vl_buf_slice(&text), &p.err));
	expect_header(&p.header, &h);
	vl_header_free(&h);
	vl_buf_free(&text);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_absent_at_first),
		cmocka_unit_test(keeps_the_header),
		cmocka_unit_test(refuses_databases_that_cannot_be),
		cmocka_unit_test(keeps_words_and_choices),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(refuses_a_choice_without_a_root),
		cmocka_unit_test(a_time_takes_the_place_of_the_headers),
		cmocka_unit_test(a_new_import_replaces_it),
		cmocka_unit_test(reads_every_truncation),
		cmocka_unit_test(an_empty_journal_is_damaged),
		cmocka_unit_test(
		    refuses_every_flipped_bit_but_in_the_last_line),
		cmocka_unit_test(says_where_it_is_damaged),
		cmocka_unit_test(a_decision_is_for_one_import),
		cmocka_unit_test(a_header_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
