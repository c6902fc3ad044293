/*
 * Bundles of which one structure was edited and everything above it sealed
 * again (reseal.h).  The reader reads each to its end.  The importer gets all
 * that the reader took and a sample of what it refused: what the importer
 * refuses leaves the target as it was, with nothing beside it; what it takes
 * was whole, and is there.  What an input meets depends on it and on what the
 * inputs before it left at the target (steady.h).
 */

#include <dirent.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <valise/apply.h>
#include <valise/tokens.h>
#include <valise/unpack.h>

#include "folder.h"
#include "reseal.h"
#include "steady.h"

#define BUNDLE "bundle.vls"
#define SITE                                                                   \
	"site: " RESEAL_SITE "\nstate: state\nkeep: none\nresources:\n"        \
	"  - name: tree\n    kind: files\n    path: world/tree\n"

static struct reseal all;
/* The same with secrets: in a file; and in a row, too. */
static struct reseal with_secrets[2];
static struct vl_secret_ops secrets;
static struct vl_pool *pool;
static struct vl_site *site;
static char sender_path[128];
static char bundle_path[128];
static char state_path[128];
static int bundle_fd = -1;
static struct vl_buf before; /* the target, as reset_target() leaves it */

static void
no_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	(void)arg, (void)what, (void)done, (void)total;
}

static bool
no_stop(void *arg)
{
	(void)arg;
	return false;
}

static void
no_hold(void *arg, bool held)
{
	(void)arg, (void)held;
}

/* What is said must be fit for a terminal. */
static void
say(void *arg, const char *text)
{
	(void)arg;
	MUST(strchr(text, '\x1b') == NULL);
}

static void
say_two(void *arg, const char *name, const char *why)
{
	say(arg, name);
	say(arg, why);
}

static void
no_change(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	(void)arg, (void)resource, (void)change, (void)path;
	say(arg, detail);
}

static void
no_member(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, struct vl_slice member)
{
	(void)arg, (void)resource, (void)change, (void)path, (void)member;
}

static void
no_owner(void *arg, const char *resource, bool group, const char *name,
    uint32_t number)
{
	(void)arg, (void)resource, (void)group, (void)name, (void)number;
}

static void
no_rewritten(
    void *arg, const char *resource, uint64_t files, uint64_t replacements)
{
	(void)arg, (void)resource, (void)files, (void)replacements;
}

static void
no_row(void *arg, const struct vl_row_told *row)
{
	(void)arg, (void)row;
}

static void
no_counts(
    void *arg, const char *resource, const struct vl_target_counts *counts)
{
	(void)arg, (void)resource, (void)counts;
}

static void
no_table(void *arg, const char *resource, const char *table,
    const struct vl_target_counts *counts)
{
	(void)arg, (void)resource, (void)table, (void)counts;
}

static bool
no_sender(void *arg, const char *fingerprint)
{
	(void)arg, (void)fingerprint;
	return false;
}

static bool
yes(void *arg, const char *deletes)
{
	(void)arg, (void)deletes;
	return true;
}

static enum vl_status
give_identity(void *arg, struct vl_opener *opener, struct vl_err *err)
{
	(void)arg, (void)err;
	opener->identity = all.identity;
	return VL_OK;
}

static void
no_wipe(void *arg)
{
	(void)arg;
}

static const struct vl_apply_ui ui = { .progress = no_progress,
	.stop = no_stop,
	.hold = no_hold,
	.note = say,
	.wrong_file = say_two,
	.change = no_change,
	.member = no_member,
	.row = no_row,
	.owner = no_owner,
	.rewritten = no_rewritten,
	.counts = no_counts,
	.table = no_table,
	.entry = say_two,
	.accept_sender = no_sender,
	.confirm = yes,
	.opener = give_identity,
	.opened = no_wipe };

static void
add_file(struct vl_buf *out, int dirfd, const char *name, bool link)
{
	struct vl_err err = { 0 };
	struct vl_buf b = { 0 };
	char to[256];
	ssize_t n = 0;

	if (link) {
		n = readlinkat(dirfd, name, to, sizeof(to));
		MUST(n >= 0);
		reseal_add(out, to, (size_t)n);
		return;
	}
	MUST(vl_read_file(dirfd, name, 1u << 20, &b, &err) == VL_OK);
	reseal_add(out, b.p, b.n);
	vl_buf_free(&b);
}

/* `use` for each name in the folder `dirfd`, by names. */
static void
each_name(
    int dirfd, void (*use)(void *arg, int dirfd, const char *name), void *arg)
{
	struct dirent **names = NULL;
	int n = scandirat(dirfd, ".", &names, NULL, alphasort);
	int i = 0;

	MUST(n >= 0);
	for (i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			use(arg, dirfd, name);
		free(names[i]);
	}
	free((void *)names);
}

/* Names, attributes and content of all that stands there. */
static void
snapshot(void *arg, int dirfd, const char *name)
{
	struct vl_buf *out = arg;
	struct vl_err err = { 0 };
	struct stat st = { 0 };
	int fd = -1;

	MUST(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	MUST(vl_buf_printf(out, &err, "%s %o %u %u %ld.%ld\n", name, st.st_mode,
	         st.st_uid, st.st_gid, (long)st.st_mtim.tv_sec,
	         st.st_mtim.tv_nsec) == VL_OK);
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
		add_file(out, dirfd, name, S_ISLNK(st.st_mode));
	} else if (S_ISDIR(st.st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY);
		MUST(fd >= 0);
		each_name(fd, snapshot, out);
		MUST(close(fd) == 0);
	}
}

/* The target and all that stands beside it. */
static void
look(struct vl_buf *out)
{
	int fd = openat(folder_fd(), "world", O_RDONLY | O_DIRECTORY);

	MUST(fd >= 0);
	vl_buf_clear(out);
	each_name(fd, snapshot, out);
	MUST(close(fd) == 0);
}

/* Takes off the flags of an import that would keep it from being removed. */
static void
clear_flags(void *arg, int dirfd, const char *name)
{
	struct stat st = { 0 };
	int flags = 0;
	int fd = -1;

	MUST(fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return;
	fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
		flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
		MUST(ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0);
	}
	if (S_ISDIR(st.st_mode))
		each_name(fd, clear_flags, arg);
	MUST(close(fd) == 0);
}

/* The target as it is before an import, and a side that remembers nothing. */
static void
reset_target(void)
{
	static const char *const dirs[] = { "world", "world/tree",
		"world/tree/d", "world/tree/gone" };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (faccessat(folder_fd(), "world", F_OK, 0) == 0)
		clear_flags(NULL, folder_fd(), "world");
	MUST(vl_remove_tree(folder_fd(), "world", &err) == VL_OK);
	MUST(vl_remove_tree(folder_fd(), "state", &err) == VL_OK);
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		MUST(mkdirat(folder_fd(), dirs[i], 0755) == 0);
	folder_put("world/tree/a", vl_slice_of("another a"));
	folder_put("world/tree/d/y", vl_slice_of("no part of it"));
	folder_put("world/tree/gone/z", vl_slice_of("nor this"));
	MUST(symlinkat("a", folder_fd(), "world/tree/l") == 0);
	look(&before);
}

/* Lines of a database with one row, and the item of the secret in it. */
static void
add_rows(struct reseal *with)
{
	static struct vl_buf lines;
	static struct vl_buf item;
	struct vl_slot slot = { .form = VL_SLOT_SEALED };
	struct vl_slot_place place = { .resource = vl_slice_of("app"),
		.collection = vl_slice_of("t"),
		.key = vl_slice_of("[\"X\"]"),
		.column = vl_slice_of("s") };
	struct vl_row row = { .resource = place.resource,
		.table = place.collection,
		.key = place.key };
	struct vl_buf values = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_err err = { 0 };
	size_t hash_at = 0;

	reseal_token(with, &item, &place, 2, 0, &slot);
	vl_json_w_init(&w, &values);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "s");
	vl_value_write_secret(&w, &slot);
	vl_json_w_close(&w, '}');
	MUST(vl_json_w_end(&w, &err) == VL_OK);
	row.row = vl_buf_slice(&values);
	MUST(vl_buf_add_text(&lines,
	         "{\"r\":\"app\",\"t\":\"profile\"}\n"
	         "{\"c\":\"t\",\"r\":\"app\",\"schema\":[\"x\"],"
	         "\"t\":\"table\"}\n",
	         &err) == VL_OK);
	MUST(vl_row_encode(&lines, &row, &hash_at, &err) == VL_OK);
	with->rows = vl_buf_slice(&lines);
	with->row_token = vl_buf_slice(&item);
	vl_buf_free(&values);
}

static void
init_secrets(void)
{
	static struct vl_tokens *tokens;
	struct vl_err err = { 0 };
	size_t i = 0;

	MUST(vl_tokens_new(&tokens, all.head.series, all.head.epoch,
	         all.keys->tk, &err) == VL_OK);
	secrets = vl_tokens_ops(tokens);
	for (i = 0; i < 2; i++) {
		with_secrets[i] = all;
		with_secrets[i].secrets = &secrets;
		with_secrets[i].head.must |= VL_MUST_SIV1;
	}
	add_rows(&with_secrets[1]);
}

static void
init(void)
{
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	char file[128];

	steady_init();
	reseal_init(&all);
	init_secrets();
	MUST(vl_pool_new(&pool, 1, &err) == VL_OK);
	(void)folder_fd();
	snprintf(file, sizeof(file), "%s/site.yaml", folder_path);
	snprintf(sender_path, sizeof(sender_path), "%s/pub", folder_path);
	snprintf(bundle_path, sizeof(bundle_path), "%s/" BUNDLE, folder_path);
	snprintf(state_path, sizeof(state_path), "%s/state", folder_path);
	MUST(vl_site_parse(&site, file, vl_slice_of(SITE), &err) == VL_OK);
	MUST(vl_sender_public_encode(&text, &all.sender->pub, &err) == VL_OK);
	folder_put("pub", vl_buf_slice(&text));
	vl_buf_free(&text);
	MUST(mkdirat(folder_fd(), BUNDLE, 0755) == 0);
	bundle_fd = openat(folder_fd(), BUNDLE, O_RDONLY | O_DIRECTORY);
	MUST(bundle_fd >= 0);
	reset_target();
}

static enum vl_status
import(bool preview, struct vl_import_result *result, struct vl_err *err)
{
	const char *trust = sender_path;
	struct vl_import_opts opts = { .site = site,
		.bundle = bundle_path,
		.allow_delete = true,
		.preview = preview,
		.yes = true,
		.trust = &trust,
		.ntrust = 1,
		.pool = pool,
		.ui = &ui };
	enum vl_status st = VL_OK;

	MUST(vl_state_open(&opts.state,
	         &(struct vl_state_opts){
	             .base = state_path, .site = RESEAL_SITE, .create = true },
	         err) == VL_OK);
	st = vl_apply_import(&opts, result, err);
	vl_state_free(opts.state);
	return st;
}

/* Every record and every byte of every body, and what comes at the end. */
static enum vl_status
read_all(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_unpacked rec = { 0 };
	struct vl_chunk_hold *hold = NULL;
	struct vl_chunk_ref ref = { 0 };
	struct vl_slice bytes = { 0 };
	enum vl_status st = vl_unpack_next(u, &rec, err);
	size_t n = 0;

	while (st == VL_OK && rec.line.p != NULL) {
		n = rec.entry.type == VL_ENTRY_FILE;
		while (st == VL_OK && n > 0) {
			st = vl_unpack_part(u, &ref, 1, &n, err);
			if (st != VL_OK || n == 0)
				break;
			st = vl_unpack_chunk(u, &ref, &bytes, &hold, err);
			if (st == VL_OK) {
				MUST(bytes.n == ref.n);
				vl_unpack_release(u, hold);
			}
		}
		if (st == VL_OK)
			st = vl_unpack_next(u, &rec, err);
	}
	return st == VL_OK ? vl_unpack_end(u, &totals, err) : st;
}

static enum vl_status
open_and_read(const struct vl_seal *seal, struct vl_err *err)
{
	struct vl_unpack_opts opts = { .dirfd = bundle_fd,
		.head = &seal->head,
		.keys = all.read,
		.sender = all.sender->pub.key,
		.tempdir = folder_path,
		.pool = pool };
	const struct vl_opener opener = { .identity = all.identity };
	struct vl_unpack *u = NULL;
	enum vl_status st = vl_keys_unlock(all.read, &opts.role, &seal->head,
	    vl_buf_slice(&seal->keys_text), &opener, err);

	if (st == VL_OK)
		st = vl_unpack_open(&u, &opts, err);
	if (st == VL_OK)
		st = read_all(u, err);
	vl_unpack_free(u);
	return st;
}

/* Whether all of the bundle is right, by the reader alone. */
static bool
whole(void)
{
	static const struct vl_seal_report report = { .wrong = say_two };
	struct vl_seal seal = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = vl_seal_read(&seal, bundle_fd, &report, &err);

	if (st == VL_OK)
		st = vl_seal_verify(&seal, &all.sender->pub, &err);
	if (st == VL_OK)
		st = vl_seal_check(
		    &seal, bundle_fd, -1, VL_READS_ALL, &report, &err);
	if (st == VL_OK)
		st = open_and_read(&seal, &err);
	vl_seal_free(&seal);
	say(NULL, err.text);
	return st == VL_OK;
}

/* Of what is refused one in eight; always the same ones. */
static bool
is_sample(struct vl_slice input)
{
	return vl_xxh64(input) % 8 == 0;
}

static void
try_import(bool right)
{
	struct vl_import_result result = { 0 };
	struct vl_buf after = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = import(false, &result, &err);

	look(&after);
	if (st != VL_OK) {
		say(NULL, err.text);
		MUST(st != VL_EPENDING);
		MUST(vl_slice_equal(
		    vl_buf_slice(&before), vl_buf_slice(&after)));
	} else {
		MUST(right && !result.unchanged);
		MUST(import(true, &result, &err) == VL_OK);
		MUST(!result.changed);
		reset_target();
	}
	vl_buf_free(&after);
}

static const struct reseal *
base_of(struct vl_slice input)
{
	if (input.n == 0 || (input.p[0] & RESEAL_SECRETS) == 0)
		return &all;
	return &with_secrets[(input.p[0] & RESEAL_OF_ROWS) != 0];
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_slice input = { p, n };
	bool right = false;

	if (n > 0 && n < RESEAL_EDIT_MIN)
		return 0;
	if (pool == NULL)
		init();
	steady_begin();
	reseal_bundle(base_of(input), bundle_fd, input);
	right = whole();
	MUST(right || n > 0);
	if (right || is_sample(input))
		try_import(right);
	return 0;
}
