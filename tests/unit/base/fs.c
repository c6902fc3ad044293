/* Whole files, folders, temporary files. */

#include "scratch.h"

static const struct vl_slice hello = { (const uint8_t *)"hello", 5 };

static void
a_new_file_appears_only_when_kept(void **state)
{
	struct vl_newfile *f = NULL;
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_newfile_create(&f, s.fd, "a", 0640, &err));
	assert_int_equal(VL_OK, vl_write_all(vl_newfile_fd(f), hello, &err));
	assert_int_equal(-1, faccessat(s.fd, "a", F_OK, 0));
	assert_int_equal(VL_OK, vl_newfile_keep(f, &err));
	vl_newfile_free(f);
	scratch_expect(&s, "a", "hello");
	assert_int_equal(1, scratch_count(&s));

	assert_int_equal(VL_OK, vl_newfile_create(&f, s.fd, "a", 0640, &err));
	assert_int_equal(2, scratch_count(&s));
	vl_newfile_free(f);
	scratch_expect(&s, "a", "hello");
	assert_int_equal(1, scratch_count(&s));
	vl_newfile_free(NULL);
	scratch_close(&s);
}

static void
takes_names_up_to_the_longest(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	char path[400];
	char name[258];

	(void)state;
	scratch_open(&s);
	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	assert_int_equal(VL_OK, vl_put_file(s.fd, name, 0600, hello, &err));
	scratch_expect(&s, name, "hello");
	name[255] = 'n';
	name[256] = '\0';
	assert_int_equal(VL_EUSAGE, vl_put_file(s.fd, name, 0600, hello, &err));
	(void)snprintf(path, sizeof(path), "%s/b", s.path);
	assert_int_equal(VL_OK, vl_put_file(AT_FDCWD, path, 0600, hello, &err));
	scratch_expect(&s, "b", "hello");
	assert_int_equal(VL_EUSAGE, vl_put_file(s.fd, "..", 0600, hello, &err));
	assert_int_equal(VL_EUSAGE, vl_put_file(s.fd, ".", 0600, hello, &err));
	assert_int_equal(VL_EUSAGE, vl_put_file(s.fd, "", 0600, hello, &err));
	scratch_close(&s);
}

static void
replaces_a_link_instead_of_following_it(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_put_file(s.fd, "far", 0600, hello, &err));
	assert_int_equal(0, symlinkat("far", s.fd, "near"));
	assert_int_equal(
	    VL_OK, vl_put_file(s.fd, "near", 0600, vl_slice_of("new"), &err));
	scratch_expect(&s, "far", "hello");
	scratch_expect(&s, "near", "new");
	scratch_close(&s);
}

static void
reads_files_up_to_the_limit(void **state)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_put_file(s.fd, "a", 0600, hello, &err));
	assert_int_equal(VL_OK, vl_read_file(s.fd, "a", 5, &b, &err));
	assert_int_equal(5, b.n);
	assert_int_equal(VL_ELIMIT, vl_read_file(s.fd, "a", 4, &b, &err));
	assert_int_equal(0, b.n);
	/* Its size is said to be 0. */
	assert_int_equal(VL_OK,
	    vl_read_file(AT_FDCWD, "/proc/self/status", 65536, &b, &err));
	assert_true(b.n > 100);
	assert_int_equal(VL_ELIMIT,
	    vl_read_file(AT_FDCWD, "/proc/self/status", 100, &b, &err));
	vl_buf_free(&b);
	scratch_close(&s);
}

static void
reads_regular_files_only(void **state)
{
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	struct scratch s = { 0 };

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_put_file(s.fd, "a", 0600, hello, &err));
	assert_int_equal(0, symlinkat("a", s.fd, "link"));
	assert_int_equal(0, mkfifoat(s.fd, "fifo", 0600));
	assert_int_equal(VL_EIO, vl_read_file(s.fd, "none", 9, &b, &err));
	assert_int_equal(ENOENT, errno);
	assert_int_equal(VL_EIO, vl_read_file(s.fd, "link", 9, &b, &err));
	assert_int_equal(ELOOP, errno);
	assert_int_equal(VL_EIO, vl_read_file(s.fd, "fifo", 9, &b, &err));
	assert_int_not_equal(ENOENT, errno);
	assert_int_equal(VL_EIO, vl_read_file(s.fd, ".", 9, &b, &err));
	vl_buf_free(&b);
	scratch_close(&s);
}

static void
makes_missing_folders_only(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	struct stat stat = { 0 };
	char path[128];

	(void)state;
	scratch_open(&s);
	(void)snprintf(path, sizeof(path), "./%s//a/b/c/", s.path);
	assert_int_equal(VL_OK, vl_make_dirs(path, 0700, &err));
	assert_int_equal(VL_OK, vl_make_dirs(path, 0755, &err));
	assert_int_equal(0, fstatat(s.fd, "a/b/c", &stat, 0));
	assert_int_equal(0700, stat.st_mode & 07777);
	assert_int_equal(VL_OK, vl_put_file(s.fd, "a/f", 0600, hello, &err));
	(void)snprintf(path, sizeof(path), "%s/a/f/d", s.path);
	assert_int_equal(VL_EIO, vl_make_dirs(path, 0700, &err));
	assert_int_equal(ENOTDIR, errno);
	scratch_close(&s);
}

static void
temporary_files_have_no_name(void **state)
{
	struct vl_err err = { 0 };
	struct scratch s = { 0 };
	struct stat stat = { 0 };
	int fd = -1;

	(void)state;
	scratch_open(&s);
	assert_int_equal(VL_OK, vl_temp_file(&fd, s.path, &err));
	assert_int_equal(0, scratch_count(&s));
	assert_int_equal(0, fstat(fd, &stat));
	assert_int_equal(0600, stat.st_mode & 07777);
	assert_int_equal(VL_OK, vl_pwrite_all(fd, hello, 3, &err));
	(void)close(fd);
	assert_int_equal(VL_EIO, vl_temp_file(&fd, "no/such", &err));
	assert_int_equal(ENOENT, errno);
	assert_int_equal(-1, fd);
	scratch_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_appears_only_when_kept),
		cmocka_unit_test(takes_names_up_to_the_longest),
		cmocka_unit_test(replaces_a_link_instead_of_following_it),
		cmocka_unit_test(reads_files_up_to_the_limit),
		cmocka_unit_test(reads_regular_files_only),
		cmocka_unit_test(makes_missing_folders_only),
		cmocka_unit_test(temporary_files_have_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
