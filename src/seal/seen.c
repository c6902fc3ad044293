/*
 * The newest bundle of a series that lies on a medium: what a source that has
 * lost its memory, or has an old copy of it, must not number again.
 *
 * Only what the sender signed counts, so that nobody else can use numbers up:
 * seal.txt, the trusted comment, and by its hash in that comment head.jsn.
 * Nothing else of a bundle is read.
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

/* What is looked for, and what was found. */
struct search {
	const uint8_t *series;
	const struct vl_sender_public *sender;
	struct vl_newest *newest;
};

/* A cheap look, before a folder is listed. */
static bool
has_seal(int dirfd)
{
	return faccessat(dirfd, "seal.sig", F_OK, 0) == 0 ||
	    faccessat(dirfd, "SEAL.SIG", F_OK, 0) == 0 ||
	    faccessat(dirfd, "SEAL.SIG;1", F_OK, 0) == 0;
}

/* head.jsn as it was signed; a folder that has it not is passed over. */
static bool
read_head(struct vl_seal *s, int dirfd)
{
	const struct vl_seal_name *name = NULL;
	uint8_t hash[VL_HASH_SIZE];
	size_t n = 0;

	name = medium_find(s, "head.jsn", &n);
	if (name == NULL || n != 1 ||
	    medium_read(&s->head_text, dirfd, name, VL_HEAD_MAX, NULL) != VL_OK)
		return false;
	vl_hash_of(
	    hash, &(struct vl_hash_opts){ 0 }, vl_buf_slice(&s->head_text));
	return memcmp(hash, s->sig.comment.head, sizeof(hash)) == 0 &&
	    vl_head_decode(&s->head, vl_buf_slice(&s->head_text), NULL) ==
	    VL_OK;
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

/* `path` is the folder's, for people. */
static void
look_into(const struct search *search, int dirfd, const char *path)
{
	struct vl_newest *newest = search->newest;
	struct vl_seal seal = { 0 };

	if (vl_seal_read(&seal, dirfd, NULL, NULL) == VL_OK &&
	    vl_seal_verify(&seal, search->sender, NULL) == VL_OK &&
	    read_head(&seal, dirfd) &&
	    memcmp(seal.head.series, search->series, VL_ID_SIZE) == 0 &&
	    seal.head.seq > newest->seq) {
		newest->seq = seal.head.seq;
		newest->epoch = seal.head.epoch;
		memcpy(newest->head, seal.sig.comment.head, VL_HASH_SIZE);
		(void)vl_escape_text(
		    newest->shown, sizeof(newest->shown), vl_slice_of(path));
	}
	vl_seal_free(&seal);
}

static void
look_below(const struct search *search, DIR *dir, const char *path)
{
	struct dirent *entry = NULL;
	char below[4096];
	int fd = -1;

	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, "..") == 0 ||
		    is_unfinished(entry->d_name))
			continue;
		fd = openat(dirfd(dir), entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		(void)snprintf(
		    below, sizeof(below), "%s/%s", path, entry->d_name);
		if (has_seal(fd))
			look_into(search, fd,
			    strcmp(entry->d_name, ".") == 0 ? path : below);
		(void)close(fd);
	}
}

enum vl_status
vl_seal_newest(struct vl_newest *out, const char *path,
    const uint8_t series[VL_ID_SIZE], const struct vl_sender_public *sender,
    struct vl_err *err)
{
	const struct search search = { series, sender, out };
	char shown[512];
	DIR *dir = opendir(path);

	if (dir == NULL)
		return vl_fail(err, VL_ETEMP,
		    "cannot look for bundles in '%s': %s; is it mounted, and "
		    "the path right?",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)),
		    strerror(errno));
	look_below(&search, dir, path);
	(void)closedir(dir);
	return VL_OK;
}
