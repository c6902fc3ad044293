/*
 * Every operation of the room fails once: what is written is whole or told to
 * be broken, what is read is right or refused, and a bundle that was being
 * rekeyed is the old or the new one.
 */

#include "../sweep_system.h"

#include <dirent.h>
#include <zstd.h>

#include <valise/stream.h>

#include "../../fuzz/folder.h"
#include "../../fuzz/reseal.h"

SWEEP(DIR *, opendir, NULL, (const char *path), (path))
SWEEP(DIR *, fdopendir, NULL, (int fd), (fd))
SWEEP(struct dirent *, readdir, NULL, (DIR * dir), (dir))
SWEEP(char *, realpath, NULL, (const char *path, char *out), (path, out))
SWEEP(ZSTD_CCtx *, ZSTD_createCCtx, NULL, (void), ())
SWEEP(ZSTD_DCtx *, ZSTD_createDCtx, NULL, (void), ())
SWEEP(size_t, ZSTD_compress2, (size_t)-1,
    (ZSTD_CCtx * c, void *to, size_t room, const void *p, size_t n),
    (c, to, room, p, n))
SWEEP(size_t, ZSTD_CCtx_setParameter, (size_t)-1,
    (ZSTD_CCtx * c, ZSTD_cParameter what, int value), (c, what, value))

#define BUNDLE  "bundle.vls"
#define STREAM  "stream"
#define COPIES  "copies"
#define PLAIN   100000
#define RECORDS 3

static struct reseal all;
static struct vl_pool *pool;
static uint8_t root[VL_KEY_SIZE];
static uint8_t plain[RECORDS][PLAIN];
static char bundle_path[128];
static struct vl_buf new_keys;
static int level;

static int
open_folder(const char *name)
{
	int fd = openat(folder_fd(), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
empty_folder(const char *name)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), name, &err));
	assert_int_equal(0, mkdirat(folder_fd(), name, 0700));
}

static void
before_stream(void *arg)
{
	(void)arg;
	empty_folder(STREAM);
}

static enum vl_status
write_stream(int dirfd, struct vl_err *err)
{
	const struct vl_stream_opts opts = { .dirfd = dirfd,
		.type = VL_FILE_INDEX,
		.frame_log2 = 16,
		.first = 1,
		.id = all.head.id,
		.root = root,
		.level = level,
		.pool = pool };
	struct vl_stream_record r = {
		.kind = VL_RECORD_LINES, .compress = true, .items = 1
	};
	struct vl_stream_w *w = NULL;
	enum vl_status st = vl_stream_w_open(&w, &opts, err);
	size_t i = 0;

	assert_true((st == VL_OK) == (w != NULL));
	for (i = 0; i < RECORDS && st == VL_OK; i++) {
		r.plain = (struct vl_slice){ plain[i], PLAIN };
		st = vl_stream_w_put(w, &r, NULL, err);
		if (st == VL_OK && i == 1)
			st = vl_stream_w_split(w, err);
	}
	if (st == VL_OK)
		st = vl_stream_w_finish(w, err);
	vl_stream_w_free(w);
	return st;
}

static enum vl_status
read_file(int dirfd, uint32_t number, size_t *seen, struct vl_err *err)
{
	const struct vl_stream_expect expect = { .dirfd = dirfd,
		.type = VL_FILE_INDEX,
		.number = number,
		.frame_log2 = 16,
		.id = all.head.id,
		.root = root };
	static uint8_t got[PLAIN];
	struct vl_stream_r *r = NULL;
	struct vl_stored s = { 0 };
	enum vl_status st = vl_stream_r_open(&r, &expect, err);
	bool end = false;

	while (st == VL_OK) {
		st = vl_stream_r_next(r, &s, &end, err);
		if (st != VL_OK || end)
			break;
		st = vl_stored_decode(got, &s, NULL, err);
		if (st == VL_OK) {
			assert_true(*seen < RECORDS);
			assert_memory_equal(plain[*seen], got, PLAIN);
			++*seen;
		}
	}
	vl_stream_r_free(r);
	return st;
}

static enum vl_status
write_and_read(void *arg, struct vl_err *err)
{
	int fd = __real_openat(folder_fd(), STREAM, O_RDONLY | O_DIRECTORY);
	size_t seen = 0;
	enum vl_status st = VL_OK;

	(void)arg;
	assert_true(fd >= 0);
	st = write_stream(fd, err);
	if (st == VL_OK)
		st = read_file(fd, 1, &seen, err);
	if (st == VL_OK)
		st = read_file(fd, 2, &seen, err);
	assert_true(st != VL_OK || seen == RECORDS);
	(void)close(fd);
	return st;
}

static void
a_stream_says_whatever_fails(void **state)
{
	static const int levels[] = { 3, 12 };
	const struct sweep_work w = { .before = before_stream,
		.work = write_and_read };
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		level = levels[i];
		/* Three threads and contexts, two files written, read back
		 * and read. */
		assert_true(sweep_all(&w, EIO) > 60);
		assert_int_equal(0, sweep.survived);
	}
}

static enum vl_status
check_bundle(int copyfd, struct vl_seal *seal, struct vl_err *err)
{
	int fd = __real_openat(folder_fd(), BUNDLE, O_RDONLY | O_DIRECTORY);
	enum vl_status st = VL_OK;

	assert_true(fd >= 0);
	st = vl_seal_read(seal, fd, NULL, err);
	if (st == VL_OK)
		st = vl_seal_verify(seal, &all.sender->pub, err);
	if (st == VL_OK)
		st = vl_seal_check(seal, fd, copyfd, VL_READS_ALL, NULL, err);
	(void)close(fd);
	return st;
}

static void
before_check(void *arg)
{
	(void)arg;
	empty_folder(COPIES);
}

static enum vl_status
check_and_copy(void *arg, struct vl_err *err)
{
	int fd = __real_openat(folder_fd(), COPIES, O_RDONLY | O_DIRECTORY);
	struct vl_seal seal = { 0 };
	enum vl_status st = VL_OK;

	(void)arg;
	assert_true(fd >= 0);
	st = check_bundle(fd, &seal, err);
	vl_seal_free(&seal);
	(void)close(fd);
	return st;
}

static void
a_check_says_whatever_fails(void **state)
{
	const struct sweep_work w = { .before = before_check,
		.work = check_and_copy };

	(void)state;
	/* Eight files, six of them copied, two threads. */
	assert_true(sweep_all(&w, EIO) > 40);
	assert_int_equal(0, sweep.survived);
	/* A medium that was pulled out is told from one that fails. */
	assert_true(sweep_all(&w, ENODEV) > 40);
	assert_int_equal(0, sweep.survived);
}

static void before_rekey(void *arg);

static enum vl_status
find_newest(void *arg, struct vl_err *err)
{
	struct vl_newest newest = { 0 };
	enum vl_status st = vl_seal_newest(
	    &newest, folder_path, all.head.series, &all.sender->pub, err);

	(void)arg;
	assert_true(st != VL_OK || newest.seq == all.head.seq);
	return st;
}

/* So that its number is not issued twice. */
static void
the_newest_bundle_is_found_or_the_search_fails(void **state)
{
	static const int errors[] = { EIO, EACCES, ENOMEM, ENODEV };
	const struct sweep_work w = { .work = find_newest };
	size_t i = 0;

	(void)state;
	before_rekey(NULL);
	empty_folder(STREAM);
	empty_folder(COPIES);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		/* Five folders, the names in each, two files of one. */
		assert_true(sweep_all(&w, errors[i]) > 40);
		/* A folder that is closed to us and is not called a bundle:
		 * the medium's own, and those of the other tests. */
		assert_int_equal(errors[i] == EACCES ? 3 : 0, sweep.survived);
	}
}

/* What `arg` names is a bundle, or it is none and told so. */
static enum vl_status
look_and_read(void *arg, struct vl_err *err)
{
	const char *name = arg;
	const bool whole = strcmp(name, BUNDLE) == 0;
	int fd = __real_openat(folder_fd(), name, O_RDONLY | O_DIRECTORY);
	struct vl_seal seal = { 0 };
	enum vl_status st =
	    vl_seal_look(fd, whole ? bundle_path : folder_path, err);

	assert_true(!whole || st == VL_OK);
	if (st == VL_OK)
		st = vl_seal_read(&seal, fd, NULL, err);
	assert_true(whole || st != VL_OK);
	vl_seal_free(&seal);
	(void)close(fd);
	return whole || st != VL_EFORMAT ? st : VL_OK;
}

/* It only chooses words: what it cannot see is left to who reads the seal. */
static void
a_look_refuses_no_bundle_whatever_fails(void **state)
{
	char bundle[] = BUNDLE;
	char medium[] = ".";
	struct sweep_work w = { .arg = bundle, .work = look_and_read };

	(void)state;
	before_rekey(NULL);
	/* Of the look, which it does without, and of the reading. */
	assert_true(sweep_all(&w, EIO) > 30);
	assert_true(sweep.survived > 10);
	w.arg = medium;
	assert_true(sweep_all(&w, EIO) > 15);
	assert_true(sweep.survived > 0);
}

static enum vl_status
wrap_and_unlock(void *arg, struct vl_err *err)
{
	const struct vl_opener opener = { .identity = all.identity };
	struct vl_recipient r = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	enum vl_role role = VL_ROLE_AUDIT;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	(void)arg;
	vl_x25519_public(r.public, all.identity);
	st = vl_keys_wrap(&text, all.keys, &all.head, &r, 1, err);
	if (st == VL_OK)
		st = vl_keys_unlock(all.read, &role, &all.head,
		    vl_buf_slice(&text), &opener, err);
	if (st == VL_OK)
		assert_memory_equal(all.keys, all.read, sizeof(*all.keys));
	else
		assert_int_equal(0, all.read->has_tk);
	vl_buf_free(&text);
	return st;
}

static void
forget_keys(void *arg)
{
	(void)arg;
	vl_secret_wipe(all.read, sizeof(*all.read));
}

static void
keys_say_whatever_fails(void **state)
{
	const struct sweep_work w = { .before = forget_keys,
		.work = wrap_and_unlock };

	(void)state;
	assert_true(sweep_all(&w, ENOMEM) > 4);
	assert_int_equal(0, sweep.survived);
}

static enum vl_status
hash_a_body(void *arg, struct vl_err *err)
{
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct vl_hasher_maker maker = { 0 };
	struct vl_hasher *h = NULL;
	struct vl_ids *ids = NULL;
	enum vl_status st =
	    vl_ids_new(&ids, all.keys->sk, 4096, 16384, 65536, err);

	(void)arg;
	if (st == VL_OK) {
		maker = vl_ids_hashers(ids);
		st = maker.make(maker.arg, &h, err);
	}
	if (st == VL_OK) {
		h->ops->begin(h, PLAIN);
		st = h->ops->add(h, (struct vl_slice){ plain[0], PLAIN }, err);
	}
	assert_true(st != VL_OK || h->ops->end(h, hash));
	if (h != NULL)
		h->ops->free(h);
	vl_ids_free(ids);
	return st;
}

static void
hashing_says_whatever_fails(void **state)
{
	const struct sweep_work w = { .work = hash_a_body };

	(void)state;
	assert_true(sweep_all(&w, ENOMEM) > 1);
	assert_int_equal(0, sweep.survived);
}

static void
before_rekey(void *arg)
{
	int fd = -1;

	(void)arg;
	empty_folder(BUNDLE);
	fd = open_folder(BUNDLE);
	reseal_bundle(&all, fd, (struct vl_slice){ 0 });
	(void)close(fd);
}

static enum vl_status
rekey(void *arg, struct vl_err *err)
{
	struct vl_rekey_with with = { .keys_text = vl_buf_slice(&new_keys),
		.sender = all.sender };
	struct vl_rekey *r = NULL;
	struct vl_seal seal = { 0 };
	enum vl_status st = vl_rekey_open(&r, bundle_path, err);

	(void)arg;
	if (st == VL_OK)
		st = check_bundle(-1, &seal, err);
	if (st == VL_OK)
		st = vl_rekey_put(r, &seal, &with, err);
	vl_rekey_free(r);
	vl_seal_free(&seal);
	return st;
}

/* Opened once more, it is a bundle under its own name. */
static void
is_a_bundle(void *arg, enum vl_status st)
{
	struct vl_rekey *r = NULL;
	struct vl_seal seal = { 0 };
	struct vl_err err = { 0 };

	if (vl_rekey_open(&r, bundle_path, &err) != VL_OK ||
	    check_bundle(-1, &seal, &err) != VL_OK)
		fail_msg("%s", err.text);
	if (st == VL_OK && arg == NULL)
		assert_true(vl_slice_equal(
		    vl_buf_slice(&new_keys), vl_buf_slice(&seal.keys_text)));
	vl_rekey_free(r);
	vl_seal_free(&seal);
}

static void
a_rekeyed_bundle_is_the_old_or_the_new_one(void **state)
{
	const struct sweep_work w = {
		.before = before_rekey, .work = rekey, .after = is_a_bundle
	};

	(void)state;
	assert_true(sweep_all(&w, EIO) > 60);
	assert_int_equal(0, sweep.survived);
}

/* Broken off in the middle, it is taken up by a run that fails, too. */
static void
before_taking_up(void *arg)
{
	static const char *const fresh[] = { "keys", "seal", "sig" };
	static const char *const names[] = { "keys.jsn", "seal.txt",
		"seal.sig" };
	struct vl_buf content = { 0 };
	struct vl_err err = { 0 };
	const char *suffix = arg;
	char to[64];
	size_t i = 0;
	int fd = -1;

	before_rekey(NULL);
	fd = open_folder(BUNDLE);
	for (i = 0; i < 3; i++) {
		snprintf(to, sizeof(to), "%s.new", fresh[i]);
		assert_int_equal(
		    VL_OK, vl_read_file(fd, names[i], 65536, &content, &err));
		assert_int_equal(VL_OK,
		    vl_put_file(fd, to, 0600, vl_buf_slice(&content), &err));
	}
	(void)close(fd);
	vl_buf_free(&content);
	snprintf(to, sizeof(to), BUNDLE "%s", suffix);
	assert_int_equal(0, renameat(folder_fd(), BUNDLE, folder_fd(), to));
}

static enum vl_status
take_up(void *arg, struct vl_err *err)
{
	struct vl_rekey *r = NULL;
	enum vl_status st = vl_rekey_open(&r, bundle_path, err);

	(void)arg;
	vl_rekey_free(r);
	return st;
}

static void
a_broken_off_rekey_is_taken_up_whatever_fails(void **state)
{
	static const char *const suffixes[] = { VL_REKEY_WRITING,
		VL_REKEY_DECIDED };
	char suffix[32];
	struct sweep_work w = { .arg = suffix,
		.before = before_taking_up,
		.work = take_up,
		.after = is_a_bundle };
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		snprintf(suffix, sizeof(suffix), "%s", suffixes[i]);
		assert_true(sweep_all(&w, EIO) > 10);
		assert_int_equal(0, sweep.survived);
	}
}

static int
begin(void **state)
{
	static const uint8_t seed[VL_KEY_SIZE] = { 9 };
	struct vl_recipient r = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	struct vl_err err = { 0 };

	(void)state;
	reseal_init(&all);
	assert_int_equal(VL_OK, vl_pool_new(&pool, 2, &err));
	vl_keys_file_root(root, all.keys);
	/* Half of each can be compressed. */
	vl_random_from(plain[0], PLAIN / 2, seed);
	memcpy(plain[1], plain[0], PLAIN);
	memcpy(plain[2], plain[0], PLAIN);
	vl_x25519_public(r.public, all.identity);
	assert_int_equal(
	    VL_OK, vl_keys_wrap(&new_keys, all.keys, &all.head, &r, 1, &err));
	before_rekey(NULL);
	snprintf(bundle_path, sizeof(bundle_path), "%s/" BUNDLE, folder_path);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	vl_pool_free(pool);
	vl_ids_free(all.ids);
	vl_buf_free(&all.keys_text);
	vl_buf_free(&new_keys);
	vl_secret_free(all.keys);
	vl_secret_free(all.read);
	vl_secret_free(all.sender);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream_says_whatever_fails),
		cmocka_unit_test(a_check_says_whatever_fails),
		cmocka_unit_test(
		    the_newest_bundle_is_found_or_the_search_fails),
		cmocka_unit_test(a_look_refuses_no_bundle_whatever_fails),
		cmocka_unit_test(keys_say_whatever_fails),
		cmocka_unit_test(hashing_says_whatever_fails),
		cmocka_unit_test(a_rekeyed_bundle_is_the_old_or_the_new_one),
		cmocka_unit_test(a_broken_off_rekey_is_taken_up_whatever_fails),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
