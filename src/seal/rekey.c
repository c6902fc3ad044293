/*
 * Other keys for a finished bundle (formats/seal.md, "Rekey").
 *
 * Three files change, and no file system replaces three at once.  A copy
 * beside the bundle would take its room twice on media without links (FAT),
 * and still need two renames to change places.  So the folder is worked in,
 * under names that nobody takes for a bundle, and these names say what a run
 * that was killed had decided:
 *
 *	NAME			a bundle
 *	NAME.rekey.par		new files are written beside the old ones,
 *				which are all there: what is new is removed
 *	NAME.rekeyed.par	the new ones are complete and durable: they
 *				are moved into place
 *	NAME			a bundle again
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "medium.h"

#define PUBLIC_MODE 0644
#define SHOWN_SIZE  512

/* What the folder is called. */
enum called {
	OWN,
	WRITING,
	DECIDED,
	NAMES
};

static const char *const suffixes[NAMES] = {
	[OWN] = "", [WRITING] = VL_REKEY_WRITING, [DECIDED] = VL_REKEY_DECIDED
};

struct vl_rekey {
	char *path; /* under its own name */
	char *names[NAMES];
	char shown[SHOWN_SIZE];
	int parent;
	int dirfd;
	enum called called;
	enum vl_rekey_found found;
};

enum {
	NEW_KEYS,
	NEW_LIST,
	NEW_SIG,
	NEW_FILES
};

static const struct {
	const char *name; /* until it is in place */
	const char *to;
} new_files[NEW_FILES] = { [NEW_KEYS] = { "keys.new", "keys.jsn" },
	[NEW_LIST] = { "seal.new", "seal.txt" },
	[NEW_SIG] = { "sig.new", "seal.sig" } };

static enum vl_status
fail_open(const struct vl_rekey *r, struct vl_err *err)
{
	int number = errno;

	if (number == ENOTDIR || number == ELOOP)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is not a bundle: it is not a directory", r->shown);
	return vl_fail(err,
	    number == ENOENT || medium_gone(number) ? VL_ETEMP : VL_EIO,
	    "cannot open bundle '%s': %s", r->shown, strerror(number));
}

/* `path` without the suffix of a folder that is worked in. */
static void
cut_suffix(char *path)
{
	size_t n = strlen(path);
	size_t m = 0;
	size_t i = 0;

	while (n > 1 && path[n - 1] == '/')
		n--;
	path[n] = '\0';
	for (i = WRITING; i < NAMES; i++) {
		m = strlen(suffixes[i]);
		if (n > m && strcmp(path + n - m, suffixes[i]) == 0) {
			path[n - m] = '\0';
			return;
		}
	}
}

static enum vl_status
find_names(struct vl_rekey *r, const char *path, struct vl_err *err)
{
	const char *name = NULL;
	size_t room = 0;
	size_t i = 0;

	r->path = realpath(path, NULL);
	/* Absent under this name, it may be there under another. */
	if (r->path == NULL && errno == ENOENT)
		r->path = strdup(path);
	if (r->path == NULL)
		return fail_open(r, err);
	cut_suffix(r->path);
	name = strrchr(r->path, '/');
	name = name == NULL ? r->path : name + 1;
	if (name[0] == '\0')
		return vl_fail(
		    err, VL_EFORMAT, "'%s' is not a bundle", r->shown);
	for (i = 0; i < NAMES; i++) {
		room = strlen(name) + strlen(suffixes[i]) + 1;
		r->names[i] = malloc(room);
		if (r->names[i] == NULL)
			return vl_fail_memory(err);
		(void)snprintf(r->names[i], room, "%s%s", name, suffixes[i]);
	}
	return VL_OK;
}

/* Under whichever name it is there. */
static void
open_folder(struct vl_rekey *r)
{
	size_t i = 0;

	for (i = 0; i < NAMES; i++) {
		r->dirfd = openat(r->parent, r->names[i],
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r->called = (enum called)i;
		if (r->dirfd >= 0 || errno != ENOENT)
			return;
	}
}

static enum vl_status
open_locked(struct vl_rekey *r, struct vl_err *err)
{
	char *dir = strndup(r->path, strlen(r->path) - strlen(r->names[OWN]));

	if (dir == NULL)
		return vl_fail_memory(err);
	r->parent = open(
	    dir[0] == '\0' ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->parent >= 0)
		open_folder(r);
	free(dir);
	if (r->dirfd < 0)
		return fail_open(r, err);
	if (flock(r->dirfd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK ?
		    vl_fail_errno(err, "cannot lock '%s'", r->shown) :
		    vl_fail(
		        err, VL_ELOCKED, "another run rekeys '%s'", r->shown);
	return VL_OK;
}

/* Durable: it is called so. */
static enum vl_status
call(struct vl_rekey *r, enum called to, struct vl_err *err)
{
	const char *from = r->names[r->called];
	char shown[SHOWN_SIZE];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(r->names[to]));
	/* Never over another bundle: only an empty folder gives way. */
	if (renameat(r->parent, from, r->parent, r->names[to]) != 0) {
		(void)vl_fail_errno(err, "cannot rename it to '%s'", shown);
		return errno == ENOTEMPTY || errno == EEXIST ||
		        errno == ENOTDIR ?
		    vl_fail(err, VL_EIO,
		        "%s: something else has that name beside it; move it "
		        "away, and run the same command again",
		        err->text) :
		    VL_EIO;
	}
	r->called = to;
	return vl_fsync_dir(r->parent, ".", err);
}

/* A bundle again; FAT may have more to write than folders. */
static enum vl_status
show(struct vl_rekey *r, struct vl_err *err)
{
	enum vl_status st = vl_fsync_dir(r->dirfd, ".", err);

	if (st == VL_OK)
		st = call(r, OWN, err);
	if (st == VL_OK && syncfs(r->dirfd) != 0)
		st = vl_fail_errno(
		    err, "cannot sync the file system of '%s'", r->shown);
	return st;
}

/* Decided: the new bundle.  What is not there any more was moved before. */
static enum vl_status
finish(struct vl_rekey *r, struct vl_err *err)
{
	size_t i = 0;

	for (i = 0; i < NEW_FILES; i++)
		if (renameat(r->dirfd, new_files[i].name, r->dirfd,
		        new_files[i].to) != 0 &&
		    errno != ENOENT)
			return vl_fail_errno(
			    err, "cannot replace '%s'", new_files[i].to);
	return show(r, err);
}

/* A new file, or what a killed run had of one. */
static bool
is_new(const char *real)
{
	size_t i = 0;
	size_t n = 0;

	for (i = 0; i < NEW_FILES; i++) {
		n = strlen(new_files[i].name);
		if (strcmp(real, new_files[i].name) == 0 ||
		    (real[0] == '.' &&
		        strncmp(real + 1, new_files[i].name, n) == 0 &&
		        strncmp(real + 1 + n, ".vltmp-", 7) == 0))
			return true;
	}
	return false;
}

/* Not decided: the old bundle. */
static enum vl_status
undo(struct vl_rekey *r, struct vl_err *err)
{
	struct vl_seal s = { 0 };
	enum vl_status st = medium_list(&s, r->dirfd, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < s.nnames; i++)
		if (is_new(s.names[i].real) &&
		    unlinkat(r->dirfd, s.names[i].real, 0) != 0)
			st = vl_fail_errno(
			    err, "cannot remove an unfinished file");
	if (st == VL_OK)
		st = show(r, err);
	vl_seal_free(&s);
	return st;
}

/* A failure that leaves no bundle behind says what is there. */
static enum vl_status
within(const struct vl_rekey *r, struct vl_err *err)
{
	char shown[SHOWN_SIZE];

	if (r->called == OWN)
		return err->status;
	return vl_within(err,
	    "it is called '%s' until 'valise rekey' is run on it again",
	    vl_escape_text(
	        shown, sizeof(shown), vl_slice_of(r->names[r->called])));
}

static enum vl_status
recover(struct vl_rekey *r, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (r->called == OWN)
		return VL_OK;
	r->found = r->called == DECIDED ? VL_REKEY_FINISHED : VL_REKEY_UNDONE;
	st = r->called == DECIDED ? finish(r, err) : undo(r, err);
	return st == VL_OK ? VL_OK : within(r, err);
}

enum vl_status
vl_rekey_open(struct vl_rekey **out, const char *path, struct vl_err *err)
{
	struct vl_rekey *r = calloc(1, sizeof(*r));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (r == NULL)
		return vl_fail_memory(err);
	r->parent = -1;
	r->dirfd = -1;
	(void)vl_escape_text(r->shown, sizeof(r->shown), vl_slice_of(path));
	st = find_names(r, path, err);
	if (st == VL_OK)
		st = open_locked(r, err);
	if (st == VL_OK)
		st = recover(r, err);
	if (st != VL_OK) {
		vl_rekey_free(r);
		return st;
	}
	*out = r;
	return VL_OK;
}

enum vl_rekey_found
vl_rekey_found(const struct vl_rekey *r)
{
	return r->found;
}

const char *
vl_rekey_path(const struct vl_rekey *r)
{
	return r->path;
}

/* The seal that fits the new keys. */
static enum vl_status
make_seal(struct vl_buf *list, struct vl_buf *sig, const struct vl_seal *seal,
    const struct vl_rekey_with *with, struct vl_err *err)
{
	struct vl_seal_make make = { .dirfd = -1,
		.head = &seal->head,
		.fingerprint = seal->fingerprint,
		.sender = with->sender };
	const struct vl_seal_file *keys = NULL;
	enum vl_status st = VL_OK;

	make.bytes = seal->bytes - seal->keys_text.n + with->keys_text.n;
	make.list.n = seal->list.n;
	make.list.files = calloc(seal->list.n, sizeof(*make.list.files));
	if (make.list.files == NULL)
		return vl_fail_memory(err);
	memcpy(make.list.files, seal->list.files,
	    seal->list.n * sizeof(*make.list.files));
	keys = vl_seal_list_find(&make.list, new_files[NEW_KEYS].to);
	if (keys == NULL)
		st = vl_fail(err, VL_EFORMAT, "seal.txt lists no keys.jsn");
	else
		vl_hash_of(make.list.files[keys - make.list.files].hash, NULL,
		    with->keys_text);
	if (st == VL_OK)
		st = vl_seal_encode(list, sig, &make, err);
	vl_seal_list_free(&make.list);
	return st;
}

/* Beside the old ones, each durable. */
static enum vl_status
write_new(const struct vl_rekey *r, const struct vl_slice contents[NEW_FILES],
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < NEW_FILES; i++) {
		st = vl_put_file(
		    r->dirfd, new_files[i].name, PUBLIC_MODE, contents[i], err);
		if (st != VL_OK)
			(void)vl_within(
			    err, "cannot write '%s'", new_files[i].to);
	}
	return st;
}

enum vl_status
vl_rekey_put(struct vl_rekey *r, const struct vl_seal *seal,
    const struct vl_rekey_with *with, struct vl_err *err)
{
	struct vl_slice contents[NEW_FILES] = { [NEW_KEYS] = with->keys_text };
	struct vl_buf list = { 0 };
	struct vl_buf sig = { 0 };
	struct vl_err ignored = { 0 };
	enum vl_status st = make_seal(&list, &sig, seal, with, err);

	if (st != VL_OK)
		goto out;
	contents[NEW_LIST] = vl_buf_slice(&list);
	contents[NEW_SIG] = vl_buf_slice(&sig);
	st = call(r, WRITING, err);
	if (st == VL_OK)
		st = write_new(r, contents, err);
	if (st == VL_OK)
		st = call(r, DECIDED, err);
	if (st == VL_OK)
		st = finish(r, err);
	else if (r->called == WRITING)
		(void)undo(r, &ignored);
	if (st != VL_OK)
		st = within(r, err);
out:
	vl_buf_free(&sig);
	vl_buf_free(&list);
	return st;
}

void
vl_rekey_free(struct vl_rekey *r)
{
	size_t i = 0;

	if (r == NULL)
		return;
	if (r->dirfd >= 0)
		(void)close(r->dirfd);
	if (r->parent >= 0)
		(void)close(r->parent);
	for (i = 0; i < NAMES; i++)
		free(r->names[i]);
	free(r->path);
	free(r);
}
