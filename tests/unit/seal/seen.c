/*
 * The newest bundle of a series on a medium.  A number is never issued twice,
 * so whatever could be a bundle of the series with a higher number, and cannot
 * be told, ends the search; what is shown to be another's, or older than what
 * is known, does not.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../fuzz/folder.h"
#include "../../fuzz/reseal.h"

#define MEDIUM "medium"

static struct reseal all;
static struct reseal other; /* another sender, the same series */
static struct vl_newest newest;
static struct vl_err err;

/* What openat() and readdir() say instead, of `name` where that is a name. */
static struct {
	const char *name;
	int opening;
	int listing;
} fails;

int __real_openat(int dir, const char *name, int flags, ...);
int __wrap_openat(int dir, const char *name, int flags, ...);
struct dirent *__real_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir);

int
__wrap_openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (fails.opening != 0 && strcmp(name, fails.name) == 0) {
		errno = fails.opening;
		return -1;
	}
	return __real_openat(dir, name, flags, mode);
}

struct dirent *
__wrap_readdir(DIR *dir)
{
	struct dirent *entry = __real_readdir(dir);

	/* At the end, which is what it looks like. */
	if (entry == NULL && fails.listing != 0)
		errno = fails.listing;
	return entry;
}

static int
folder(const char *name)
{
	int fd = openat(folder_fd(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* A bundle of `from` with that number in the medium's folder `name`. */
static void
put_bundle(struct reseal *from, const char *name, uint64_t seq)
{
	char path[64];
	int fd = -1;

	snprintf(path, sizeof(path), MEDIUM "/%s", name);
	assert_int_equal(0, mkdirat(folder_fd(), path, 0700));
	from->head.seq = seq;
	fd = folder(path);
	reseal_bundle(from, fd, (struct vl_slice){ 0 });
	(void)close(fd);
}

/* `from` in a file of the medium is `to` from now on; one of them NULL: the
 * file is removed. */
static void
damage(const char *file, const char *from, const char *to)
{
	struct vl_buf text = { 0 };
	char path[96];
	char *at = NULL;

	snprintf(path, sizeof(path), MEDIUM "/%s", file);
	if (to == NULL) {
		assert_int_equal(0, unlinkat(folder_fd(), path, 0));
		return;
	}
	assert_int_equal(
	    VL_OK, vl_read_file(folder_fd(), path, VL_HEAD_MAX, &text, &err));
	at = memmem(text.p, text.n, from, strlen(from));
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	folder_put(path, vl_buf_slice(&text));
	vl_buf_free(&text);
}

static enum vl_status
look(uint64_t known)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/" MEDIUM, folder_path);
	memset(&err, 0, sizeof(err));
	newest = (struct vl_newest){ .known = known };
	return vl_seal_newest(
	    &newest, path, all.head.series, &all.sender->pub, &err);
}

static void
assert_found(uint64_t seq, uint64_t known)
{
	if (look(known) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(seq, newest.seq);
}

/* Not told, with the folder and `why`, and what to do. */
static void
assert_untold(enum vl_status st, uint64_t known, const char *why)
{
	enum vl_status got = look(known);

	if (got != st || strstr(err.text, why) == NULL ||
	    strstr(err.text, MEDIUM "/damaged.vls'") == NULL ||
	    strstr(err.text, "move it off the medium") == NULL)
		fail_msg("status %d: '%s'", (int)got, err.text);
}

static int
empty_medium(void **state)
{
	(void)state;
	memset(&fails, 0, sizeof(fails));
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), MEDIUM, &err));
	return mkdirat(folder_fd(), MEDIUM, 0700);
}

static void
finds_the_highest_number(void **state)
{
	(void)state;
	assert_found(0, 0);
	put_bundle(&all, "a.vls", 3);
	put_bundle(&all, "b.vls", 7);
	put_bundle(&all, "c", 5);
	assert_found(7, 0);
	assert_found(7, 9);
	assert_non_null(strstr(newest.shown, "/" MEDIUM "/b.vls"));
}

static void
passes_over_what_is_no_bundle(void **state)
{
	(void)state;
	put_bundle(&all, "a.vls", 3);
	assert_int_equal(0, mkdirat(folder_fd(), MEDIUM "/empty.vls", 0700));
	assert_int_equal(0, mkdirat(folder_fd(), MEDIUM "/letters", 0700));
	folder_put(MEDIUM "/letters/ada.txt", vl_slice_of("Dear Ada,"));
	folder_put(MEDIUM "/file.vls", vl_slice_of("x"));
	assert_int_equal(0, mkfifoat(folder_fd(), MEDIUM "/fifo.vls", 0600));
	assert_int_equal(
	    0, symlinkat("nowhere", folder_fd(), MEDIUM "/link.vls"));
	put_bundle(&all, "unfinished.par", 9);
	assert_found(3, 0);
}

static void
passes_over_what_another_signed(void **state)
{
	(void)state;
	put_bundle(&other, "damaged.vls", 9);
	assert_found(0, 0);
	/* Whole or not: the number was not the sender's. */
	damage("damaged.vls/head.jsn", "\"seq\":9", "\"seq\":8");
	assert_found(0, 0);
	damage("damaged.vls/seal.txt", "BLAKE2b", "BLAKE3b");
	assert_found(0, 0);
}

static void
passes_over_another_series_of_the_sender(void **state)
{
	(void)state;
	memset(all.head.series, 8, VL_ID_SIZE);
	put_bundle(&all, "a.vls", 9);
	memset(all.head.series, 6, VL_ID_SIZE);
	assert_found(0, 0);
}

static void
refuses_a_damaged_bundle_that_may_be_newer(void **state)
{
	(void)state;
	put_bundle(&all, "a.vls", 3);
	put_bundle(&all, "damaged.vls", 7);
	/* Another series' by what it says now. */
	damage("damaged.vls/head.jsn", "\"series\":\"0", "\"series\":\"1");
	assert_untold(VL_EFORMAT, 0, "'head.jsn'");
	assert_untold(VL_EFORMAT, 6, "'head.jsn'");
	/* What was signed says that the number is known. */
	assert_found(3, 7);
	damage("damaged.vls/head.jsn", NULL, NULL);
	assert_untold(VL_EFORMAT, 6, "'head.jsn'");
	assert_found(3, 7);
}

static void
refuses_a_bundle_whose_signature_does_not_hold(void **state)
{
	(void)state;
	put_bundle(&all, "damaged.vls", 7);
	/* What nobody signed says nothing of the number. */
	damage("damaged.vls/seal.sig", "seq=7", "seq=2");
	assert_untold(VL_EFORMAT, 6, "'seal.sig'");
	assert_untold(VL_EFORMAT, 7, "'seal.sig'");
	damage("damaged.vls/seal.sig", "untrusted", "Untrusted");
	assert_untold(VL_EFORMAT, 7, "'seal.sig'");
	damage("damaged.vls/seal.sig", NULL, NULL);
	assert_untold(VL_EFORMAT, 7, "'seal.sig'");
	damage("damaged.vls/head.jsn", NULL, NULL);
	assert_untold(VL_EFORMAT, 7, "'seal.sig'");
	/* Nothing is left of it by which it would be a bundle. */
	damage("damaged.vls/seal.txt", NULL, NULL);
	assert_found(0, 0);
}

static void
refuses_what_cannot_be_read(void **state)
{
	static const char *const names[] = { "damaged.vls", "seal.sig",
		"head.jsn" };
	size_t i = 0;

	(void)state;
	put_bundle(&all, "damaged.vls", 7);
	for (i = 0; i < 3; i++) {
		fails.name = names[i];
		fails.opening = EIO;
		assert_untold(VL_EIO, 6, "Input/output error");
		fails.opening = EACCES;
		assert_untold(VL_EIO, 6, "Permission denied");
	}
	fails.opening = 0;
	assert_found(7, 6);
	fails.listing = EIO;
	assert_int_equal(VL_EIO, look(6));
	assert_non_null(strstr(err.text, "Input/output error"));
	assert_non_null(strstr(err.text, "/" MEDIUM));
}

/* lost+found is root's, and an exporter need not be root. */
static void
passes_over_a_closed_folder_that_is_not_called_a_bundle(void **state)
{
	(void)state;
	put_bundle(&all, "a.vls", 3);
	assert_int_equal(0, mkdirat(folder_fd(), MEDIUM "/lost+found", 0700));
	fails.name = "lost+found";
	fails.opening = EACCES;
	assert_found(3, 0);
	fails.opening = EIO;
	assert_int_equal(VL_EIO, look(3));
}

static int
begin(void **state)
{
	(void)state;
	reseal_init(&all);
	reseal_init(&other);
	(void)folder_fd();
	return 0;
}

static int
end(void **state)
{
	struct reseal *both[] = { &all, &other };
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		vl_ids_free(both[i]->ids);
		vl_buf_free(&both[i]->keys_text);
		vl_secret_free(both[i]->keys);
		vl_secret_free(both[i]->read);
		vl_secret_free(both[i]->sender);
	}
	return 0;
}

#define ON_EMPTY_MEDIUM(test) cmocka_unit_test_setup(test, empty_medium)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EMPTY_MEDIUM(finds_the_highest_number),
		ON_EMPTY_MEDIUM(passes_over_what_is_no_bundle),
		ON_EMPTY_MEDIUM(passes_over_what_another_signed),
		ON_EMPTY_MEDIUM(passes_over_another_series_of_the_sender),
		ON_EMPTY_MEDIUM(refuses_a_damaged_bundle_that_may_be_newer),
		ON_EMPTY_MEDIUM(refuses_a_bundle_whose_signature_does_not_hold),
		ON_EMPTY_MEDIUM(refuses_what_cannot_be_read),
		ON_EMPTY_MEDIUM(
		    passes_over_a_closed_folder_that_is_not_called_a_bundle),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
