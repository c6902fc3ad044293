/*
 * The newest bundle of a series that lies on a medium: what a source that has
 * lost its memory, or has an old copy of it, must not number again.
 *
 * Only what the sender signed counts, so that nobody else can use numbers up:
 * the trusted comment of seal.sig, and by its hash in that comment head.jsn.
 * Nothing else of a bundle is read, and nothing that nobody signed is parsed
 * but the lines of seal.sig.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <valise/seal.h>
#include <valise/text.h>

#include "medium.h"
#include "signed.h"

#define SIG        "seal.sig"
#define HEAD       "head.jsn"
#define SHOWN_SIZE 200

/* What is looked for, and what was found. */
struct search {
	const uint8_t *series;
	const struct vl_sender_public *sender;
	struct vl_newest *newest;
};

/* What a folder has one of that is taken for a bundle. */
static bool
is_bundle(const struct vl_seal *s)
{
	static const char *const names[] = { SIG, "seal.txt", HEAD };
	size_t i = 0;
	size_t n = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (medium_find(s, names[i], &n) != NULL)
			return true;
	return false;
}

static enum vl_status
read_sig(struct vl_seal *s, int dirfd, struct vl_err *err)
{
	size_t n = 0;
	const struct vl_seal_name *name = medium_find(s, SIG, &n);
	enum vl_status st = VL_OK;

	if (n != 1)
		return vl_fail(
		    err, VL_EFORMAT, "there is not exactly one '" SIG "'");
	st = medium_read(&s->sig_text, dirfd, name, VL_SEAL_SIG_MAX, err);
	return st == VL_OK ?
	    vl_seal_sig_decode(&s->sig, vl_buf_slice(&s->sig_text), err) :
	    st;
}

/* head.jsn as it was signed. */
static enum vl_status
read_head(struct vl_seal *s, int dirfd, struct vl_err *err)
{
	size_t n = 0;
	const struct vl_seal_name *name = medium_find(s, HEAD, &n);
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	if (n != 1)
		return vl_fail(
		    err, VL_EFORMAT, "there is not exactly one '" HEAD "'");
	st = medium_read(&s->head_text, dirfd, name, VL_HEAD_MAX, err);
	if (st != VL_OK)
		return st;
	vl_hash_of(
	    hash, &(struct vl_hash_opts){ 0 }, vl_buf_slice(&s->head_text));
	if (memcmp(hash, s->sig.comment.head, sizeof(hash)) != 0)
		return vl_fail(err, VL_EFORMAT,
		    "'" HEAD "' is not the one that was signed");
	return vl_head_decode(&s->head, vl_buf_slice(&s->head_text), err);
}

/*
 * What is known of the bundle in `s`, whose names were listed: `ours` where
 * the sender signed it and head.jsn was read.  Not VL_OK: it may be a newer
 * one.  Which key seal.sig names is only asked where that of the sender does
 * not fit, since no signature covers it.
 */
static enum vl_status
tell(struct vl_seal *s, bool *ours, const struct search *search, int dirfd,
    struct vl_err *err)
{
	const uint64_t known = search->newest->seq > search->newest->known ?
	    search->newest->seq :
	    search->newest->known;
	enum vl_status st = read_sig(s, dirfd, err);

	*ours = false;
	if (st != VL_OK)
		return st;
	st = signed_comment(&s->sig, search->sender, err);
	if (st == VL_ETRUST) {
		if (memcmp(s->sig.key_id, search->sender->key_id,
		        VL_KEY_ID_SIZE) != 0)
			return VL_OK;
		return vl_fail(err, VL_EFORMAT,
		    "'" SIG "' is damaged: it names the sender's key, which "
		    "did not sign it");
	}
	if (st != VL_OK)
		return st;
	st = read_head(s, dirfd, err);
	*ours = st == VL_OK;
	return s->sig.comment.seq <= known ? VL_OK : st;
}

/* An export that was not finished, which nobody imports: its number may not
 * have been issued.  A rekey that was not is of a bundle that was. */
static bool
is_unfinished(const char *name)
{
	static const char *const endings[] = { VL_REKEY_WRITING,
		VL_REKEY_DECIDED, ".par" };
	const size_t n = strlen(name);
	size_t len = 0;
	size_t i = 0;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		len = strlen(endings[i]);
		if (n >= len && strcasecmp(name + n - len, endings[i]) == 0)
			return i == 2;
	}
	return false;
}

static void
take_newer(
    const struct search *search, const struct vl_seal *s, const char *path)
{
	struct vl_newest *newest = search->newest;

	if (memcmp(s->head.series, search->series, VL_ID_SIZE) != 0 ||
	    s->head.seq <= newest->seq)
		return;
	newest->seq = s->head.seq;
	newest->epoch = s->head.epoch;
	memcpy(newest->head, s->sig.comment.head, VL_HASH_SIZE);
	(void)vl_escape_text(
	    newest->shown, sizeof(newest->shown), vl_slice_of(path));
}

/* `path` is the folder's, for people. */
static enum vl_status
look_into(const struct search *search, int dirfd, const char *path,
    struct vl_err *err)
{
	struct vl_seal seal = { 0 };
	bool ours = false;
	enum vl_status st = medium_list(&seal, dirfd, err);

	/* No bundle has so many files. */
	if (st == VL_ELIMIT)
		st = VL_OK;
	else if (st == VL_OK && is_bundle(&seal))
		st = tell(&seal, &ours, search, dirfd, err);
	if (st == VL_OK && ours)
		take_newer(search, &seal, path);
	vl_seal_free(&seal);
	return st;
}

/*
 * The entry `name`, where it is a folder.  One that is closed to us and not
 * called as a bundle is none of ours: lost+found is root's.
 */
static enum vl_status
open_below(int *fd, int dirfd, const char *name, struct vl_err *err)
{
	*fd = openat(
	    dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd >= 0 || errno == ENOTDIR || errno == ELOOP ||
	    (errno == EACCES && strcasestr(name, ".vls") == NULL))
		return VL_OK;
	return medium_fail("cannot open it", err);
}

/* One entry; the folder itself is `.`. */
static enum vl_status
look_at(const struct search *search, int dirfd, const char *path,
    const char *name, struct vl_err *err)
{
	char below[4096];
	char shown[SHOWN_SIZE];
	enum vl_status st = VL_OK;
	int fd = -1;

	(void)snprintf(below, sizeof(below), "%s", path);
	if (strcmp(name, ".") != 0)
		(void)snprintf(below, sizeof(below), "%s/%s", path, name);
	st = open_below(&fd, dirfd, name, err);
	if (fd >= 0) {
		st = look_into(search, fd, below, err);
		(void)close(fd);
	}
	return st == VL_OK ?
	    VL_OK :
	    vl_within(err,
	        "the next number is not known while '%s' cannot be read; put "
	        "a whole copy there, or move it off the medium",
	        vl_escape_text(shown, sizeof(shown), vl_slice_of(below)));
}

static enum vl_status
look_below(
    const struct search *search, DIR *dir, const char *path, struct vl_err *err)
{
	struct dirent *entry = NULL;
	enum vl_status st = VL_OK;

	while (st == VL_OK) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			return errno == 0 ?
			    VL_OK :
			    medium_fail("cannot look for bundles", err);
		if (strcmp(entry->d_name, "..") != 0 &&
		    !is_unfinished(entry->d_name))
			st = look_at(
			    search, dirfd(dir), path, entry->d_name, err);
	}
	return st;
}

enum vl_status
vl_seal_newest(struct vl_newest *out, const char *path,
    const uint8_t series[VL_ID_SIZE], const struct vl_sender_public *sender,
    struct vl_err *err)
{
	const struct search search = { series, sender, out };
	char shown[SHOWN_SIZE];
	enum vl_status st = VL_OK;
	DIR *dir = opendir(path);

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(path));
	if (dir == NULL)
		return vl_fail(err, VL_ETEMP,
		    "cannot look for bundles in '%s': %s; is it mounted, and "
		    "the path right?",
		    shown, strerror(errno));
	st = look_below(&search, dir, path, err);
	(void)closedir(dir);
	return st == VL_OK ? VL_OK : vl_within(err, "medium '%s'", shown);
}
