/*
 * Secrets of files at their limits: what is here is too long to hold any, many
 * files came without one that is to be entered, directories cannot be read, a
 * file is full of holes.
 */

#include "records.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "hasher.h"
#include "made_files.h"

#include "../../../src/apply/fills.h"

#define TOO_LONG ((16 << 20) + 1)

static void
make_too_long(const char *path)
{
	int fd = openat(folder_fd(), path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(0, ftruncate(fd, TOO_LONG));
	(void)close(fd);
}

static void
one_that_is_too_long_to_hold_any_says_nothing_of_the_key(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	use(SITE "profile:\n  resources:\n    - resource: tree\n"
	         "      secrets: [{file: mine, line: A}]\n",
	    false);
	reset(NULL);
	make_too_long("world/tree/mine");
	if (import(NULL, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(is(&after));
}

static void
nothing_is_put_into_one_that_is_too_long(void **state)
{
	struct stat st = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	seal_secrets();
	use_made(SECRETS, SECRETS_HERE, SECRETS_MADE);
	reset_file(NULL);
	make_too_long("world/tree/a");
	assert_int_equal(VL_EREFUSED, import(NULL, &err));
	assert_non_null(strstr(
	    err.text, "secrets of 'a': what is here is longer than 16 MiB"));
	assert_int_equal(0, fstatat(folder_fd(), "world/tree/a", &st, 0));
	assert_int_equal(TOO_LONG, st.st_size);
}

static bool
comes(void *arg, struct vl_slice path)
{
	(void)arg, (void)path;
	return false;
}

static struct {
	unsigned n;
	char last[200];
} told;

static void
take_note(void *arg, const char *text)
{
	(void)arg;
	told.n++;
	(void)snprintf(told.last, sizeof(told.last), "%s", text);
}

static enum vl_status
open_token(const void *arg, const struct vl_slot_place *place,
    const uint8_t print[VL_SLOT_PRINT_SIZE], struct vl_slice token,
    struct vl_locked *plain, struct vl_err *err)
{
	(void)arg, (void)place, (void)print;
	vl_locked_clear(plain);
	return vl_locked_add(plain, token, err);
}

/* Of the tree of reset(), by the secrets of `words`; a token is its secret. */
static struct vl_fills *
open_fills(const char *words)
{
	static char root[160];
	struct vl_fills *f = NULL;
	struct vl_err err = { 0 };
	char text[512];

	(void)snprintf(text, sizeof(text),
	    SITE "profile:\n  resources:\n    - resource: tree\n"
	         "      secrets: [%s]\n",
	    words);
	importer_site(text);
	reset(NULL);
	(void)snprintf(root, sizeof(root), "%s/world/tree", folder_path);
	told.n = 0;
	assert_int_equal(VL_OK,
	    vl_fills_new(&f,
	        &(struct vl_fills_opts){ .site = site,
	            .profiles = ".",
	            .resource = "tree",
	            .root = root,
	            .tempdir = folder_path,
	            .ops = { .open = open_token },
	            .leaves = comes,
	            .note = take_note },
	        &err));
	assert_non_null(f);
	return f;
}

/* It came without its secret, and has none here. */
static void
comes_empty(struct vl_fills *f, unsigned number)
{
	char path[16];
	const struct vl_slice text = vl_slice_of("A=\n");
	struct vl_entry e;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)snprintf(path, sizeof(path), "e%02u", number);
	e = entry(VL_ENTRY_FILE, path);
	e.size = text.n;
	assert_true(vl_fills_ask(f, &e));
	assert_int_equal(VL_OK, vl_fills_make(f, &e, text, &out, &err));
	assert_true(vl_slice_equal(text, vl_buf_slice(&out)));
	assert_int_equal(VL_OK, vl_fills_settle(f, &e, text, &err));
	vl_buf_free(&out);
}

static void
files_that_came_empty_are_told_up_to_twenty(void **state)
{
	struct vl_fills *f =
	    open_fills("{file: 'e*', line: A, on_secret: blank}");
	unsigned i = 0;

	(void)state;
	for (i = 1; i <= 20; i++)
		comes_empty(f, i);
	assert_int_equal(20, told.n);
	assert_string_equal("resource 'tree': 'e20' has a secret that does not "
	                    "travel: enter it here",
	    told.last);
	vl_fills_end(f);
	assert_int_equal(20, told.n);
	for (; i <= 22; i++)
		comes_empty(f, i);
	assert_int_equal(20, told.n);
	vl_fills_end(f);
	assert_int_equal(21, told.n);
	assert_string_equal("resource 'tree': so it is of 22 files", told.last);
	vl_fills_free(f);
}

static void
make_dirs(unsigned from, unsigned to)
{
	char path[32];

	for (; from <= to; from++) {
		(void)snprintf(path, sizeof(path), "world/tree/n%02u", from);
		assert_int_equal(0, mkdirat(folder_fd(), path, 0));
	}
}

/* Root may read all: directories are looked at by another. */
static void
try_key(struct vl_fills *f)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	told.n = 0;
	assert_int_equal(0, chmod(folder_path, 0755));
	(void)setfsuid(65534);
	st = vl_fills_try(f, &err);
	(void)setfsuid(geteuid());
	if (st != VL_OK)
		fail_msg("%s", err.text);
}

static void
directories_that_cannot_be_read_are_told_up_to_twenty(void **state)
{
	struct vl_fills *f = open_fills("{file: '*/s', line: A}");

	(void)state;
	make_dirs(1, 1);
	try_key(f);
	assert_int_equal(1, told.n);
	assert_string_equal(
	    "resource 'tree': cannot read 'n01', so that the master key is not "
	    "tried on secrets in it: Permission denied",
	    told.last);
	vl_fills_free(f);
	f = open_fills("{file: '*/s', line: A}");
	make_dirs(1, 22);
	try_key(f);
	assert_int_equal(21, told.n);
	assert_string_equal(
	    "resource 'tree': so it is of 22 directories", told.last);
	vl_fills_free(f);
}

#define HOLE 3000

/* Text, zeros, text, and zeros to its end; `put` stands before all that. */
static void
with_holes(struct vl_buf *out, const char *put)
{
	static const char zeros[HOLE];
	static const char text[] = "\nC=theirs\n";

	vl_buf_clear(out);
	reseal_add(out, put, strlen(put));
	reseal_add(out, zeros, HOLE);
	reseal_add(out, text, sizeof(text) - 1);
	reseal_add(out, zeros, HOLE);
}

static struct bundle bundle;

static void
zeros_that_no_chunk_holds_are_there_again(void **state)
{
	const struct vl_slice token = vl_slice_of("correct horse battery");
	struct vl_file_slot slot = { .at = 2,
		.slot = { .form = VL_SLOT_CLEAR },
		.inside = vl_slice_of("line A") };
	struct vl_fills *f = open_fills("{file: s, line: A}");
	const struct vl_filter_opts opts = { .site = site,
		.resource = "tree",
		.tempdir = folder_path,
		.hashers = { .make = hash_make },
		.fills = f };
	struct vl_body body = bundle_body(&bundle);
	struct vl_unpacked rec = { .tokens = &token, .ntokens = 1 };
	struct vl_entry *e = &rec.entry;
	const struct vl_hole hole = { 4, HOLE - 4 };
	struct vl_rewrites *rw = NULL;
	struct vl_buf text = { 0 };
	struct vl_buf now = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	with_holes(&text, "A=\n");
	bundle_put(&bundle, vl_buf_slice(&text), 64);
	*e = entry(VL_ENTRY_FILE, "s");
	e->size = text.n;
	e->slots = &slot;
	e->nslots = 1;
	e->holes = &hole;
	e->nholes = 1;
	assert_int_equal(VL_OK, vl_rewrite_new(&rw, &opts, &err));
	assert_int_equal(VL_OK, vl_fills_keep(f, &rec, false, &err));
	if (vl_rewrite_record(rw, e, &body, &err) != VL_OK)
		fail_msg("%s", err.text);
	with_holes(&text, "A=correct horse battery\n");
	assert_int_equal(text.n, e->size);
	assert_int_equal(0, e->nholes);
	read_body(&now, &body, e->size, 3);
	assert_true(vl_slice_equal(vl_buf_slice(&text), vl_buf_slice(&now)));
	/* Few of the chunks were there. */
	assert_true(bundle.fetched < HOLE);
	vl_buf_free(&text);
	vl_buf_free(&now);
	vl_rewrite_free(rw);
	vl_fills_free(f);
	bundle_free(&bundle);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_that_is_too_long_to_hold_any_says_nothing_of_the_key),
		cmocka_unit_test(nothing_is_put_into_one_that_is_too_long),
		cmocka_unit_test(files_that_came_empty_are_told_up_to_twenty),
		cmocka_unit_test(
		    directories_that_cannot_be_read_are_told_up_to_twenty),
		cmocka_unit_test(zeros_that_no_chunk_holds_are_there_again),
	};

	return cmocka_run_group_tests(tests, importer_begin, made_end);
}
