/*
 * Sealed folders as a medium gives them back: whole, renamed by a file
 * system, and tampered with in every way that is not cryptography.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/seal.h>
#include <valise/secret.h>

#define FRAME_LOG2     16
#define FILE_SIZE      (64 + (1 << FRAME_LOG2))
#define LONG_FRAMES(n) ((size_t)64 + ((size_t)(n) << FRAME_LOG2))
#define READ_MAX       (32u << 20)
#define NAME_MAX_SHOWN 64

static const char *const names[] = { "head.jsn", "i0000001.vli", "i0000002.vli",
	"keys.jsn", "p0000001.vlp", "readme.txt" };
#define NNAMES (sizeof(names) / sizeof(names[0]))

/* Fails the nth call of one kind with `number`; 0 fails none. */
struct countdown {
	unsigned nth;
	int number;
};
static struct countdown fail_read;
static struct countdown fail_write;
static struct countdown fail_fsync;

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __real_write(int fd, const void *p, size_t n);
int __real_fsync(int fd);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
int __wrap_fsync(int fd);

static bool
fires(struct countdown *c)
{
	if (c->nth == 0 || --c->nth > 0)
		return false;
	errno = c->number;
	return true;
}

ssize_t
__wrap_read(int fd, void *p, size_t n)
{
	return fires(&fail_read) ? -1 : __real_read(fd, p, n);
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	return fires(&fail_write) ? -1 : __real_write(fd, p, n);
}

int
__wrap_fsync(int fd)
{
	return fires(&fail_fsync) ? -1 : __real_fsync(fd);
}

/* A sealed folder and what the check said of it. */
struct world {
	char dir[64];
	char copy[64];
	int dirfd;
	int copyfd;
	struct vl_head head;
	uint8_t fingerprint[VL_HASH_SIZE];
	struct vl_seal_file files[NNAMES];
	uint64_t bytes;
	uint64_t more_bytes; /* that the comment invents */
	struct vl_sender_secret *sender;
	struct vl_seal seal;
	struct vl_err err;
	char wrong[8][NAME_MAX_SHOWN];
	size_t nwrong;
	unsigned stop_after;
	uint64_t done;
	struct vl_seal_report report;
};

static void
note_wrong(void *arg, const char *name, const char *why)
{
	struct world *w = arg;

	assert_true(why[0] != '\0');
	assert_true(w->nwrong < 8);
	(void)snprintf(w->wrong[w->nwrong++], NAME_MAX_SHOWN, "%s", name);
}

static void
note_progress(void *arg, uint64_t done, uint64_t total)
{
	struct world *w = arg;

	assert_true(done >= w->done && total > 0);
	w->done = done;
}

static bool
ask_stop(void *arg)
{
	struct world *w = arg;

	return w->stop_after > 0 && --w->stop_after == 0;
}

static void
put(struct world *w, const char *name, struct vl_slice bytes)
{
	assert_int_equal(
	    VL_OK, vl_put_file(w->dirfd, name, 0644, bytes, &w->err));
}

/* Index and pack: what is in them is not this test's business. */
static void
put_frames(struct world *w, const char *name, size_t n, uint8_t fill)
{
	uint8_t *bytes = malloc(n);
	size_t i;

	assert_non_null(bytes);
	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)(fill + (i >> 16));
	put(w, name, (struct vl_slice){ bytes, n });
	free(bytes);
}

/* Hash what is there, in order, as a writer remembers it. */
static void
hash_files(struct world *w)
{
	struct vl_buf content = { 0 };
	struct vl_hash root;
	uint8_t size[8];
	size_t i = 0;

	w->bytes = 0;
	vl_hash_init(
	    &root, &(struct vl_hash_opts){ .personal = "vls1-content" });
	for (i = 0; i < NNAMES; i++) {
		(void)snprintf(
		    w->files[i].name, VL_NAME83_SIZE, "%s", names[i]);
		if (vl_read_file(w->dirfd, names[i], READ_MAX, &content,
		        &w->err) != VL_OK)
			continue;
		vl_hash_of(w->files[i].hash, &(struct vl_hash_opts){ 0 },
		    vl_buf_slice(&content));
		w->bytes += content.n;
		if (names[i][0] != 'i' && names[i][0] != 'p')
			continue;
		vl_put_u64le(size, content.n);
		vl_hash_add(&root,
		    (struct vl_slice){
		        (const uint8_t *)names[i], strlen(names[i]) + 1 });
		vl_hash_add(&root, (struct vl_slice){ size, 8 });
		vl_hash_add(
		    &root, (struct vl_slice){ w->files[i].hash, VL_HASH_SIZE });
	}
	vl_hash_end(&root, w->head.files_root);
	vl_buf_free(&content);
}

static void
put_head(struct world *w)
{
	struct vl_buf text = { 0 };

	assert_int_equal(VL_OK, vl_head_encode(&text, &w->head, &w->err));
	put(w, "head.jsn", vl_buf_slice(&text));
	vl_hash_of(
	    w->fingerprint, &(struct vl_hash_opts){ 0 }, vl_buf_slice(&text));
	vl_buf_free(&text);
}

/* Seal what the folder holds now. */
static void
seal_again(struct world *w)
{
	struct vl_seal_make make = { .dirfd = w->dirfd,
		.head = &w->head,
		.fingerprint = w->fingerprint,
		.list = { w->files, NNAMES },
		.sender = w->sender };

	hash_files(w);
	make.bytes = w->bytes + w->more_bytes;
	assert_int_equal(VL_OK, vl_seal_write(&make, &w->err));
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	*state = w;
	(void)snprintf(w->dir, sizeof(w->dir), "seal-XXXXXX");
	(void)snprintf(w->copy, sizeof(w->copy), "spool-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_non_null(mkdtemp(w->copy));
	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->copyfd = open(w->copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->sender = vl_secret_alloc(sizeof(*w->sender));
	assert_non_null(w->sender);
	vl_sign_keypair(w->sender->pub.key, w->sender->key);
	memset(w->sender->pub.key_id, 7, VL_KEY_ID_SIZE);
	w->head = (struct vl_head){ .seq = 3,
		.epoch = 1,
		.frame_log2 = FRAME_LOG2,
		.index_files = 2,
		.pack_files = 1 };
	memset(w->head.id, 9, VL_ID_SIZE);
	w->report = (struct vl_seal_report){ .arg = w,
		.wrong = note_wrong,
		.progress = note_progress,
		.stop = ask_stop };
	put(w, "readme.txt", vl_slice_of(vl_readme_text));
	put(w, "keys.jsn", vl_slice_of("{}\n"));
	put_frames(w, "i0000001.vli", FILE_SIZE, 1);
	put_frames(w, "i0000002.vli", FILE_SIZE, 2);
	put_frames(w, "p0000001.vlp", FILE_SIZE, 3);
	hash_files(w);
	put_head(w);
	seal_again(w);
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	vl_seal_free(&w->seal);
	(void)close(w->dirfd);
	(void)close(w->copyfd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->dir, &w->err));
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->copy, &w->err));
	vl_secret_free(w->sender);
	free(w);
	return 0;
}

/* Read, verify, check; the status of the first that fails. */
static enum vl_status
check(struct world *w, int copyfd, enum vl_seal_reads reads)
{
	enum vl_status st;

	vl_seal_free(&w->seal);
	w->nwrong = 0;
	w->done = 0;
	w->err = (struct vl_err){ 0 };
	st = vl_seal_read(&w->seal, w->dirfd, &w->report, &w->err);
	if (st == VL_OK)
		st = vl_seal_verify(&w->seal, &w->sender->pub, &w->err);
	if (st == VL_OK)
		st = vl_seal_check(
		    &w->seal, w->dirfd, copyfd, reads, &w->report, &w->err);
	if (st != VL_OK)
		assert_true(w->err.text[0] != '\0' && w->err.status == st);
	return st;
}

static enum vl_status
read_again(struct world *w)
{
	vl_seal_free(&w->seal);
	return vl_seal_read(&w->seal, w->dirfd, NULL, &w->err);
}

/* Refused as `st`, and exactly `name` is told. */
static void
assert_wrong(struct world *w, enum vl_status st, const char *name)
{
	assert_int_equal(st, check(w, -1, VL_READS_ALL));
	assert_int_equal(1, w->nwrong);
	assert_string_equal(name, w->wrong[0]);
	assert_non_null(strstr(w->err.text, name));
}

static void
flip(struct world *w, const char *name, off_t at)
{
	int fd = openat(w->dirfd, name, O_RDWR | O_CLOEXEC);
	uint8_t byte = 0;

	assert_true(fd >= 0);
	assert_int_equal(1, pread(fd, &byte, 1, at));
	byte ^= 1;
	assert_int_equal(1, pwrite(fd, &byte, 1, at));
	assert_int_equal(0, close(fd));
}

static void
copies_every_listed_file(void **state)
{
	struct world *w = *state;
	struct vl_buf a = { 0 };
	struct vl_buf b = { 0 };
	struct stat stat = { 0 };
	size_t i = 0;

	assert_int_equal(VL_OK, check(w, w->copyfd, VL_READS_ALL));
	assert_int_equal(0, w->nwrong);
	assert_int_equal(w->bytes, w->seal.bytes);
	assert_int_equal(w->bytes, w->done);
	assert_memory_equal(w->fingerprint, w->seal.fingerprint, VL_HASH_SIZE);
	assert_true(vl_slice_equal(
	    vl_buf_slice(&w->seal.keys_text), vl_slice_of("{}\n")));
	for (i = 0; i < NNAMES; i++) {
		assert_int_equal(VL_OK,
		    vl_read_file(w->dirfd, names[i], READ_MAX, &a, &w->err));
		assert_int_equal(VL_OK,
		    vl_read_file(w->copyfd, names[i], READ_MAX, &b, &w->err));
		assert_true(vl_slice_equal(vl_buf_slice(&a), vl_buf_slice(&b)));
		assert_int_equal(0, fstatat(w->copyfd, names[i], &stat, 0));
		assert_int_equal(0600, stat.st_mode & 07777);
	}
	vl_buf_free(&a);
	vl_buf_free(&b);
}

/* Two files take turns; each is read in several stretches. */
static void
checks_long_files(void **state)
{
	struct world *w = *state;

	put_frames(w, "i0000002.vli", LONG_FRAMES(150), 4);
	put_frames(w, "p0000001.vlp", LONG_FRAMES(300), 5);
	hash_files(w);
	put_head(w);
	seal_again(w);
	copies_every_listed_file(state);
	flip(w, "p0000001.vlp", LONG_FRAMES(300) - 1);
	assert_wrong(w, VL_EFORMAT, "p0000001.vlp");
	flip(w, "p0000001.vlp", LONG_FRAMES(300) - 1);
	flip(w, "i0000002.vli", LONG_FRAMES(150) - 1);
	assert_wrong(w, VL_EFORMAT, "i0000002.vli");
}

static void
names_the_file_of_every_flipped_byte(void **state)
{
	static const off_t places[] = { 0, 1, 77 };
	struct world *w = *state;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < NNAMES; i++) {
		for (k = 0; k < 3; k++) {
			if (strcmp(names[i], "keys.jsn") == 0 && k == 2)
				continue; /* it has three bytes */
			flip(w, names[i], places[k]);
			assert_wrong(w, VL_EFORMAT, names[i]);
			flip(w, names[i], places[k]);
		}
	}
	assert_int_equal(VL_OK, check(w, -1, VL_READS_ALL));
}

static void
refuses_every_flipped_byte_of_the_seal(void **state)
{
	static const char *const texts[] = { "seal.txt", "seal.sig" };
	struct world *w = *state;
	struct stat stat = { 0 };
	enum vl_status st;
	size_t i = 0;
	off_t at = 0;

	for (i = 0; i < 2; i++) {
		assert_int_equal(0, fstatat(w->dirfd, texts[i], &stat, 0));
		for (at = 0; at < stat.st_size; at++) {
			flip(w, texts[i], at);
			st = check(w, -1, VL_READS_ALL);
			/* Malformed, or well-formed and unsigned. */
			assert_true(st == VL_EFORMAT || st == VL_ETRUST);
			if (st == VL_EFORMAT)
				assert_int_equal(st, read_again(w));
			assert_non_null(strstr(w->err.text, "seal."));
			flip(w, texts[i], at);
		}
	}
}

/* File and list agree, and the signature is of the old list. */
static void
refuses_a_list_that_nobody_signed(void **state)
{
	struct world *w = *state;
	struct vl_buf sig = { 0 };

	assert_int_equal(
	    VL_OK, vl_read_file(w->dirfd, "seal.sig", 1024, &sig, &w->err));
	put(w, "keys.jsn", vl_slice_of("[]\n"));
	seal_again(w);
	assert_int_equal(VL_OK, check(w, -1, VL_READS_ALL));
	put(w, "seal.sig", vl_buf_slice(&sig));
	assert_int_equal(VL_ETRUST, check(w, w->copyfd, VL_READS_ALL));
	assert_int_equal(0, w->nwrong);
	assert_non_null(strstr(w->err.text, "seal.txt"));
	assert_non_null(strstr(w->err.text, "seal.sig"));
	vl_buf_free(&sig);
}

static void
tells_every_wrong_file(void **state)
{
	struct world *w = *state;

	flip(w, "p0000001.vlp", 1000);
	assert_int_equal(0, unlinkat(w->dirfd, "i0000002.vli", 0));
	put(w, "autorun.inf", vl_slice_of("x"));
	assert_int_equal(VL_EFORMAT, check(w, w->copyfd, VL_READS_ALL));
	assert_int_equal(3, w->nwrong);
	assert_string_equal("autorun.inf", w->wrong[0]);
	assert_string_equal("i0000002.vli", w->wrong[1]);
	assert_string_equal("p0000001.vlp", w->wrong[2]);
	assert_non_null(strstr(w->err.text, "'autorun.inf'"));
}

static void
reads_names_as_iso_9660_has_them(void **state)
{
	static const char *const spelt[] = { "HEAD.JSN;1", "I0000001.VLI;1",
		"I0000002.VLI", "Keys.jsn.", "P0000001.vlp;1", "README.TXT" };
	struct world *w = *state;
	size_t i = 0;

	for (i = 0; i < NNAMES; i++)
		assert_int_equal(
		    0, renameat(w->dirfd, names[i], w->dirfd, spelt[i]));
	assert_int_equal(
	    0, renameat(w->dirfd, "seal.txt", w->dirfd, "SEAL.TXT;1"));
	assert_int_equal(
	    0, renameat(w->dirfd, "seal.sig", w->dirfd, "SEAL.SIG;1"));
	assert_int_equal(VL_OK, check(w, w->copyfd, VL_READS_ALL));
	for (i = 0; i < NNAMES; i++)
		assert_int_equal(0, faccessat(w->copyfd, names[i], F_OK, 0));
}

static void
refuses_names_that_fold_together(void **state)
{
	struct world *w = *state;

	put(w, "KEYS.JSN", vl_slice_of("{}\n"));
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_ALL));
	assert_int_equal(1, w->nwrong);
	assert_int_equal(0, unlinkat(w->dirfd, "KEYS.JSN", 0));
	put(w, "SEAL.TXT;1", vl_slice_of("x"));
	assert_wrong(w, VL_EFORMAT, "seal.txt");
}

static void
refuses_what_does_not_belong(void **state)
{
	static const char *const strange[] = { "thumbs.db", "x0000001.abc",
		".hidden", "System Volume Information", "head.jsn;2", "a" };
	struct world *w = *state;
	size_t i = 0;

	for (i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		put(w, strange[i], vl_slice_of("x"));
		assert_wrong(w, VL_EFORMAT, strange[i]);
		assert_int_equal(0, unlinkat(w->dirfd, strange[i], 0));
	}
	/* A name is escaped before anybody prints it. */
	put(w, "a\033[2Jb", vl_slice_of("x"));
	assert_wrong(w, VL_EFORMAT, "a\\x1b[2Jb");
}

static void
refuses_what_is_no_regular_file(void **state)
{
	struct world *w = *state;
	size_t i = 0;

	for (i = 0; i < NNAMES; i++) {
		assert_int_equal(
		    0, renameat(w->dirfd, names[i], w->copyfd, names[i]));
		assert_int_equal(0, symlinkat("/dev/zero", w->dirfd, names[i]));
		assert_wrong(w, VL_EFORMAT, names[i]);
		assert_int_equal(0, unlinkat(w->dirfd, names[i], 0));
		assert_int_equal(0, mkfifoat(w->dirfd, names[i], 0600));
		assert_wrong(w, VL_EFORMAT, names[i]);
		assert_int_equal(0, unlinkat(w->dirfd, names[i], 0));
		assert_int_equal(0, mkdirat(w->dirfd, names[i], 0700));
		assert_wrong(w, VL_EFORMAT, names[i]);
		assert_int_equal(0, unlinkat(w->dirfd, names[i], AT_REMOVEDIR));
		assert_int_equal(
		    0, renameat(w->copyfd, names[i], w->dirfd, names[i]));
	}
	assert_int_equal(0, unlinkat(w->dirfd, "seal.sig", 0));
	assert_int_equal(0, mkfifoat(w->dirfd, "seal.sig", 0600));
	assert_wrong(w, VL_EFORMAT, "seal.sig");
}

static void
refuses_a_folder_without_seal(void **state)
{
	struct world *w = *state;

	assert_int_equal(0, unlinkat(w->dirfd, "seal.sig", 0));
	assert_wrong(w, VL_EFORMAT, "seal.sig");
	assert_int_equal(0, unlinkat(w->dirfd, "seal.txt", 0));
	assert_wrong(w, VL_EFORMAT, "seal.txt");
}

static void
names_a_bundle_of_a_medium_given_in_its_place(void **state)
{
	struct world *w = *state;

	assert_int_equal(VL_OK, vl_seal_look(w->dirfd, w->dir, &w->err));
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_string_equal(
	    "'spool' is not a bundle (no seal.txt)", w->err.text);
	/* Called like a bundle, but no folder. */
	assert_int_equal(0, symlinkat("/", w->copyfd, "a.vls"));
	assert_int_equal(0, mkdirat(w->copyfd, "b.vls", 0700));
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_string_equal("'spool' is not a bundle (no seal.txt); name the "
	                    "folder in it, 'spool/b.vls'",
	    w->err.text);
}

static void
set_fine_time(
    const struct world *w, const char *name, time_t seconds, long nanoseconds)
{
	const struct timespec time = { seconds, nanoseconds };
	const struct timespec times[2] = { time, time };

	assert_int_equal(
	    0, utimensat(w->copyfd, name, times, AT_SYMLINK_NOFOLLOW));
}

static void
set_time(const struct world *w, const char *name, time_t seconds)
{
	set_fine_time(w, name, seconds, 0);
}

static void
names_the_newest_of_several_bundles(void **state)
{
	static const char *const folders[] = { "a.vls", "2b.vls", "c.vls" };
	struct world *w = *state;
	size_t i = 0;

	for (i = 0; i < 3; i++)
		assert_int_equal(0, mkdirat(w->copyfd, folders[i], 0700));
	set_time(w, "a.vls", 1000);
	set_time(w, "2b.vls", 3000);
	set_time(w, "c.vls", 2000);
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_string_equal("'spool' is not a bundle (no seal.txt); name one "
	                    "of the 3 bundles in it: the newest is "
	                    "'spool/2b.vls'",
	    w->err.text);
	/* A number counts before a time. */
	assert_int_equal(
	    0, renameat(w->dirfd, "head.jsn", w->copyfd, "a.vls/head.jsn"));
	set_time(w, "a.vls", 1000);
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_non_null(strstr(w->err.text, "'spool/a.vls'"));
	/* What is no number of a bundle, or no file, does not. */
	assert_int_equal(0, mkfifoat(w->copyfd, "2b.vls/head.jsn", 0600));
	assert_int_equal(
	    0, symlinkat("../a.vls/head.jsn", w->copyfd, "c.vls/head.jsn"));
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_non_null(strstr(w->err.text, "'spool/a.vls'"));
}

static void
is_named(struct world *w, const char *folder)
{
	char wanted[128];

	(void)snprintf(wanted, sizeof(wanted),
	    "'spool' is not a bundle (no seal.txt); name one of the 2 bundles "
	    "in it: the newest is 'spool/%s'",
	    folder);
	assert_int_equal(
	    VL_EFORMAT, vl_seal_look(w->copyfd, "spool/", &w->err));
	assert_string_equal(wanted, w->err.text);
}

/* As where a bundle was copied, or a number was given twice. */
static void
names_the_later_of_two_bundles_with_one_number(void **state)
{
	struct world *w = *state;

	assert_int_equal(0, mkdirat(w->copyfd, "a.vls", 0700));
	assert_int_equal(0, mkdirat(w->copyfd, "b.vls", 0700));
	assert_int_equal(
	    0, linkat(w->dirfd, "head.jsn", w->copyfd, "a.vls/head.jsn", 0));
	/* One number counts before none, however late. */
	set_time(w, "a.vls", 1000);
	set_time(w, "b.vls", 2000);
	is_named(w, "a.vls");
	assert_int_equal(
	    0, linkat(w->dirfd, "head.jsn", w->copyfd, "b.vls/head.jsn", 0));
	set_time(w, "a.vls", 1000);
	set_time(w, "b.vls", 2000);
	is_named(w, "b.vls");
	set_time(w, "a.vls", 3000);
	is_named(w, "a.vls");
	set_fine_time(w, "a.vls", 2000, 1);
	is_named(w, "a.vls");
	set_fine_time(w, "b.vls", 2000, 2);
	is_named(w, "b.vls");
}

static void
tells_an_unfinished_bundle_by_its_name(void **state)
{
	struct world *w = *state;

	assert_int_equal(0, mkdirat(w->copyfd, "c.par", 0700));
	assert_int_equal(0, fchdir(w->copyfd));
	assert_int_equal(VL_EFORMAT, vl_seal_look(w->dirfd, "c.par", &w->err));
	assert_int_equal(0, chdir(".."));
	assert_non_null(strstr(w->err.text, "'c.par' is an unfinished"));
}

static void
refuses_another_signer(void **state)
{
	struct world *w = *state;
	struct vl_sender_public pub = w->sender->pub;

	assert_int_equal(VL_OK, check(w, -1, VL_READS_ALL));
	pub.key_id[0] ^= 1;
	assert_int_equal(VL_ETRUST, vl_seal_verify(&w->seal, &pub, &w->err));
	pub.key_id[0] ^= 1;
	pub.key[0] ^= 1;
	assert_int_equal(VL_ETRUST, vl_seal_verify(&w->seal, &pub, &w->err));
}

/* What an honest key signed, but of another bundle. */
static void
refuses_a_comment_of_another_bundle(void **state)
{
	struct world *w = *state;
	struct vl_head head = w->head;
	uint8_t fingerprint[VL_HASH_SIZE];

	memcpy(fingerprint, w->fingerprint, sizeof(fingerprint));
	w->fingerprint[0] ^= 1;
	seal_again(w);
	assert_wrong(w, VL_ETRUST, "seal.sig");
	memcpy(w->fingerprint, fingerprint, sizeof(fingerprint));
	w->head.id[4] ^= 1;
	seal_again(w);
	assert_wrong(w, VL_ETRUST, "seal.sig");
	w->head = head;
	w->head.seq++;
	seal_again(w);
	assert_wrong(w, VL_ETRUST, "seal.sig");
	w->head = head;
	w->more_bytes = 1;
	seal_again(w);
	assert_wrong(w, VL_ETRUST, "seal.sig");
	w->more_bytes = 0;
	seal_again(w);
	assert_int_equal(VL_OK, check(w, -1, VL_READS_ALL));
}

/* What an honest key signed, and is no bundle all the same. */
static void
refuses_signed_nonsense(void **state)
{
	struct world *w = *state;
	uint8_t root[VL_ROOT_SIZE];

	hash_files(w);
	memcpy(root, w->head.files_root, sizeof(root));
	w->head.files_root[0] ^= 1;
	put_head(w);
	seal_again(w);
	assert_wrong(w, VL_EFORMAT, "head.jsn");

	memcpy(w->head.files_root, root, sizeof(root));
	w->head.pack_files = 2;
	put_head(w);
	seal_again(w);
	assert_wrong(w, VL_EFORMAT, "head.jsn");

	w->head.pack_files = 1;
	put(w, "readme.txt", vl_slice_of("hello\n"));
	hash_files(w);
	put_head(w);
	seal_again(w);
	assert_wrong(w, VL_EFORMAT, "readme.txt");

	put(w, "readme.txt", vl_slice_of(vl_readme_text));
	put(w, "p0000001.vlp", vl_slice_of("short"));
	hash_files(w);
	put_head(w);
	seal_again(w);
	assert_wrong(w, VL_EFORMAT, "p0000001.vlp");
}

static void
looks_at_packs_quickly(void **state)
{
	struct world *w = *state;

	flip(w, "p0000001.vlp", 1000);
	assert_int_equal(VL_OK, check(w, -1, VL_READS_INDEX));
	flip(w, "i0000001.vli", 1000);
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_INDEX));
	flip(w, "i0000001.vli", 1000);
	assert_int_equal(0, renameat(w->dirfd, "p0000001.vlp", w->copyfd, "p"));
	put(w, "p0000001.vlp", vl_slice_of("short"));
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_INDEX));
	assert_int_equal(0, unlinkat(w->dirfd, "p0000001.vlp", 0));
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_INDEX));
}

static void
looks_at_the_size_of_index_files_too(void **state)
{
	struct world *w = *state;

	flip(w, "i0000001.vli", 1000);
	assert_int_equal(VL_OK, check(w, -1, VL_READS_SMALL));
	flip(w, "keys.jsn", 0);
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_SMALL));
	flip(w, "keys.jsn", 0);
	assert_int_equal(0, renameat(w->dirfd, "i0000001.vli", w->copyfd, "i"));
	put(w, "i0000001.vli", vl_slice_of("short"));
	assert_int_equal(VL_EFORMAT, check(w, -1, VL_READS_SMALL));
}

static void
stops_when_asked(void **state)
{
	struct world *w = *state;

	w->stop_after = 3;
	assert_int_equal(VL_ESIGNAL, check(w, -1, VL_READS_ALL));
}

static void
says_that_the_spool_failed(void **state)
{
	struct world *w = *state;
	int fd =
	    openat(w->copyfd, "keys.jsn", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(0, close(fd));
	assert_int_equal(VL_EIO, check(w, w->copyfd, VL_READS_ALL));
	assert_int_equal(0, w->nwrong);
	assert_non_null(strstr(w->err.text, "spool"));
}

/* Every read in turn: another copy may be whole, so all else is told too. */
static void
tells_what_the_medium_cannot_read(void **state)
{
	struct world *w = *state;
	enum vl_status st = VL_OK;
	unsigned nth = 0;

	for (nth = 1;; nth++) {
		fail_read = (struct countdown){ nth, EIO };
		st = check(w, -1, VL_READS_ALL);
		if (fail_read.nth > 0)
			break;
		assert_int_equal(VL_EIO, st);
		assert_int_equal(1, w->nwrong);
		assert_non_null(strstr(w->err.text, w->wrong[0]));
		assert_non_null(strstr(w->err.text, "from the medium"));
	}
	fail_read.nth = 0;
	assert_int_equal(VL_OK, st);
	assert_true(nth > 2 * NNAMES);
}

static void
stops_when_the_medium_is_gone(void **state)
{
	struct world *w = *state;

	flip(w, "p0000001.vlp", 1000);
	fail_read = (struct countdown){ 7, ENODEV };
	assert_int_equal(VL_EIO, check(w, -1, VL_READS_ALL));
	assert_int_equal(0, w->nwrong);
	assert_non_null(strstr(w->err.text, "from the medium"));
}

static void
tells_a_full_spool_from_a_bad_medium(void **state)
{
	struct world *w = *state;

	fail_write = (struct countdown){ 2, ENOSPC };
	assert_int_equal(VL_EIO, check(w, w->copyfd, VL_READS_ALL));
	assert_int_equal(0, w->nwrong);
	assert_non_null(strstr(w->err.text, "to the spool"));
	assert_null(strstr(w->err.text, "medium"));
}

/* Every write and sync in turn: said, and nothing left beside the bundle. */
static void
says_that_the_seal_was_not_written(void **state)
{
	struct world *w = *state;
	struct vl_seal_make make = { .dirfd = w->dirfd,
		.head = &w->head,
		.fingerprint = w->fingerprint,
		.list = { w->files, NNAMES },
		.bytes = w->bytes,
		.sender = w->sender };
	struct countdown *const kinds[] = { &fail_write, &fail_fsync };
	unsigned nth = 0;
	size_t i = 0;

	for (i = 0; i < 2; i++) {
		for (nth = 1;; nth++) {
			*kinds[i] = (struct countdown){ nth, EIO };
			if (vl_seal_write(&make, &w->err) == VL_OK)
				break;
			assert_int_equal(0, kinds[i]->nth);
			assert_int_equal(VL_EIO, w->err.status);
			(void)check(w, -1, VL_READS_ALL);
			assert_int_equal(0, w->nwrong);
		}
		kinds[i]->nth = 0;
		assert_true(nth > 2); /* both files were met */
		assert_int_equal(VL_OK, check(w, -1, VL_READS_ALL));
	}
}

static int
group_setup(void **state)
{
	(void)state;
	return vl_secret_init() ? 0 : -1;
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(copies_every_listed_file),
		WITH_WORLD(checks_long_files),
		WITH_WORLD(names_the_file_of_every_flipped_byte),
		WITH_WORLD(refuses_every_flipped_byte_of_the_seal),
		WITH_WORLD(refuses_a_list_that_nobody_signed),
		WITH_WORLD(tells_every_wrong_file),
		WITH_WORLD(reads_names_as_iso_9660_has_them),
		WITH_WORLD(refuses_names_that_fold_together),
		WITH_WORLD(refuses_what_does_not_belong),
		WITH_WORLD(refuses_what_is_no_regular_file),
		WITH_WORLD(refuses_a_folder_without_seal),
		WITH_WORLD(names_the_newest_of_several_bundles),
		WITH_WORLD(names_the_later_of_two_bundles_with_one_number),
		WITH_WORLD(names_a_bundle_of_a_medium_given_in_its_place),
		WITH_WORLD(tells_an_unfinished_bundle_by_its_name),
		WITH_WORLD(refuses_another_signer),
		WITH_WORLD(refuses_a_comment_of_another_bundle),
		WITH_WORLD(refuses_signed_nonsense),
		WITH_WORLD(looks_at_packs_quickly),
		WITH_WORLD(looks_at_the_size_of_index_files_too),
		WITH_WORLD(stops_when_asked),
		WITH_WORLD(says_that_the_spool_failed),
		WITH_WORLD(tells_what_the_medium_cannot_read),
		WITH_WORLD(stops_when_the_medium_is_gone),
		WITH_WORLD(tells_a_full_spool_from_a_bad_medium),
		WITH_WORLD(says_that_the_seal_was_not_written),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
