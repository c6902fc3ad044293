/*
 * Every file of a bundle against its seal, each byte read once, and then
 * head.jsn against seal, comment and files (formats/seal.md, "Reading").
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/seal.h>
#include <valise/text.h>

#include "medium.h"

#define BLOCK_SIZE (1u << 20)
#define SHOWN_SIZE 256
#define WHY_SIZE   512
#define COPY_MODE  0600
#define ROOT_NAME  "vls1-content"
#define FRAMES_MAX (UINT64_C(1) << VL_FILE_LOG2)

enum part {
	PART_OTHER,
	PART_README,
	PART_HEAD,
	PART_KEYS,
	PART_INDEX,
	PART_PACK
};

/*
 * A wrong file does not end the check, so that all are told; what does end
 * it is a full spool, a medium that is gone, or who asks to stop.
 */
struct check {
	struct vl_seal *s;
	int dirfd;
	int copyfd; /* -1: no copy, or none any more */
	bool quick;
	const struct vl_seal_report *report;
	struct vl_err *err;   /* of the first wrong file */
	enum vl_status first; /* VL_OK: none */
	struct vl_err last;   /* of what ends the check */
	uint8_t *block;
	uint64_t *sizes; /* of the files of the list */
	uint64_t done;   /* bytes read */
	struct vl_buf readme;
};

/* One listed file while it is read. */
struct reading {
	const char *name;
	int fd;
	int copy;            /* -1: none */
	uint64_t most;       /* bytes it may have */
	uint64_t size;       /* bytes read */
	struct vl_buf *keep; /* small ones are kept, else NULL */
	struct vl_hash hash;
	bool unreadable;
};

/* The part that a name stands for; its number, where it has one. */
static enum part
part_of(const char *name, uint32_t *number)
{
	char again[VL_FILE_NAME_SIZE];
	enum part part = PART_OTHER;
	unsigned long n = 0;

	*number = 0;
	if (strcmp(name, "readme.txt") == 0)
		return PART_README;
	if (strcmp(name, "head.jsn") == 0)
		return PART_HEAD;
	if (strcmp(name, "keys.jsn") == 0)
		return PART_KEYS;
	part = name[0] == 'i' ? PART_INDEX : PART_PACK;
	n = strtoul(name + 1, NULL, 10);
	if (n < 1 || n > VL_FILE_NUMBER_MAX)
		return PART_OTHER;
	*number = (uint32_t)n;
	vl_file_name(
	    again, part == PART_INDEX ? VL_FILE_INDEX : VL_FILE_PACK, *number);
	return strcmp(again, name) == 0 ? part : PART_OTHER;
}

/* Report a wrong file; the first is what the check returns. `name` is safe
 * to print. */
static void __attribute__((format(printf, 4, 5))) wrong(struct check *c,
    enum vl_status status, const char *name, const char *format, ...)
{
	char why[WHY_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	if (c->report != NULL && c->report->wrong != NULL)
		c->report->wrong(c->report->arg, name, why);
	c->copyfd = -1; /* nobody will use it */
	if (c->first != VL_OK)
		return;
	c->first = vl_fail(c->err, status, "'%s' %s", name, why);
}

/* The names of the medium against those of the seal. */
static void
check_names(struct check *c)
{
	const struct vl_seal *s = c->s;
	const struct vl_seal_name *n = NULL;
	char shown[SHOWN_SIZE];
	size_t i = 0;

	for (i = 0; i < s->nnames; i++) {
		n = &s->names[i];
		(void)vl_escape_text(
		    shown, sizeof(shown), vl_slice_of(n->real));
		if (n->name[0] != '\0' && i > 0 &&
		    strcmp(n[-1].name, n->name) == 0)
			wrong(c, VL_EFORMAT, shown,
			    "is '%s' a second time, in another spelling",
			    n->name);
		else if (strcmp(n->name, "seal.txt") != 0 &&
		    strcmp(n->name, "seal.sig") != 0 &&
		    vl_seal_list_find(&s->list, n->name) == NULL)
			wrong(c, VL_EFORMAT, shown,
			    "is not listed in 'seal.txt': it does not belong "
			    "on the medium");
	}
}

/* Files without which there is no bundle. */
static void
check_listed(struct check *c)
{
	static const char *const needed[] = { "head.jsn", "i0000001.vli",
		"keys.jsn", "readme.txt" };
	size_t i = 0;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (vl_seal_list_find(&c->s->list, needed[i]) == NULL)
			wrong(c, VL_EFORMAT, needed[i],
			    "is not listed in 'seal.txt'");
}

/* A read failed with errno: one more wrong file, or the end. */
static enum vl_status
read_failed(struct check *c, struct reading *r)
{
	char reason[128];
	int number = errno;

	r->unreadable = true;
	if (medium_gone(number))
		return vl_fail_errno(
		    &c->last, "cannot read '%s' from the medium", r->name);
	c->copyfd = -1;
	if (c->report != NULL && c->report->wrong != NULL)
		c->report->wrong(c->report->arg, r->name,
		    strerror_r(number, reason, sizeof(reason)));
	errno = number;
	if (c->first == VL_OK)
		c->first = vl_fail_errno(
		    c->err, "cannot read '%s' from the medium", r->name);
	return VL_OK;
}

/* One block to the hash, to what is kept and to the copy. */
static enum vl_status
take_block(struct check *c, struct reading *r, struct vl_slice block)
{
	enum vl_status st = VL_OK;

	vl_hash_add(&r->hash, block);
	if (r->keep != NULL)
		st = vl_buf_add(r->keep, block, &c->last);
	if (st != VL_OK)
		return st;
	if (r->copy >= 0 && vl_write_all(r->copy, block, NULL) != VL_OK)
		return vl_fail_errno(
		    &c->last, "cannot write '%s' to the spool", r->name);
	r->size += block.n;
	c->done += block.n;
	if (c->report != NULL && c->report->progress != NULL)
		c->report->progress(
		    c->report->arg, c->done, c->s->sig.comment.bytes);
	return VL_OK;
}

/* To its end, or until there is more than may be. */
static enum vl_status
read_blocks(struct check *c, struct reading *r)
{
	struct vl_slice block = { c->block, BLOCK_SIZE };
	enum vl_status st = VL_OK;

	while (st == VL_OK && block.n == BLOCK_SIZE && r->size <= r->most) {
		if (c->report != NULL && c->report->stop != NULL &&
		    c->report->stop(c->report->arg))
			return vl_fail(&c->last, VL_ESIGNAL,
			    "stopped while the bundle was checked");
		if (vl_read_full(r->fd, c->block, BLOCK_SIZE, &block.n, NULL) !=
		    VL_OK)
			return read_failed(c, r);
		st = take_block(c, r, block);
	}
	return st;
}

/* Hash, and copy where a copy is wanted. */
static enum vl_status
read_file(struct check *c, struct reading *r)
{
	enum vl_status st = VL_OK;

	(void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (c->copyfd >= 0) {
		r->copy = openat(c->copyfd, r->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    COPY_MODE);
		if (r->copy < 0)
			return vl_fail_errno(&c->last,
			    "cannot create '%s' in the spool", r->name);
	}
	vl_hash_init(&r->hash, &(struct vl_hash_opts){ 0 });
	st = read_blocks(c, r);
	(void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_DONTNEED);
	/* A network file system may first tell of a lost write here. */
	if (r->copy >= 0 && close(r->copy) != 0 && st == VL_OK)
		st = vl_fail_errno(
		    &c->last, "cannot write '%s' to the spool", r->name);
	return st;
}

/* What is kept of a part, and how long it may be. */
static void
set_bounds(struct check *c, struct reading *r, enum part part)
{
	r->most = VL_FILE_HEADER_SIZE + FRAMES_MAX;
	if (part == PART_README)
		r->keep = &c->readme;
	else if (part == PART_HEAD)
		r->keep = &c->s->head_text;
	else if (part == PART_KEYS)
		r->keep = &c->s->keys_text;
	if (r->keep == NULL)
		return;
	r->most = VL_HEAD_MAX;
	vl_buf_clear(r->keep);
}

/* The opened file `i` of the list, `size` bytes by its directory entry. */
static enum vl_status
check_content(struct check *c, struct reading *r, size_t i, uint64_t size)
{
	const struct vl_seal_file *file = &c->s->list.files[i];
	uint32_t number = 0;
	enum part part = part_of(file->name, &number);
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	if (part == PART_OTHER) {
		wrong(c, VL_EFORMAT, r->name,
		    "is no file of a bundle of this version");
		return VL_OK;
	}
	set_bounds(c, r, part);
	c->sizes[i] = size;
	if (c->quick && part == PART_PACK) {
		c->done += size;
		return VL_OK;
	}
	if (size <= r->most)
		st = read_file(c, r);
	if (st != VL_OK || r->unreadable)
		return st;
	if (size > r->most || r->size > r->most) {
		wrong(c, r->keep == NULL ? VL_EFORMAT : VL_ELIMIT, r->name,
		    "is longer than %" PRIu64 " bytes", r->most);
		return VL_OK;
	}
	c->sizes[i] = r->size;
	vl_hash_end(&r->hash, hash);
	if (memcmp(hash, file->hash, sizeof(hash)) != 0)
		wrong(c, VL_EFORMAT, r->name,
		    "is damaged or changed: its %" PRIu64
		    " bytes do not have the hash that 'seal.txt' says",
		    r->size);
	return VL_OK;
}

static enum vl_status
check_file(struct check *c, size_t i)
{
	struct reading r = { .fd = -1, .copy = -1 };
	const struct vl_seal_name *name = NULL;
	struct vl_err why = { 0 };
	uint64_t size = 0;
	size_t n = 0;
	enum vl_status st = VL_OK;

	r.name = c->s->list.files[i].name;
	name = medium_find(c->s, r.name, &n);
	if (n == 0)
		wrong(c, VL_EFORMAT, r.name, "is missing");
	if (n != 1) /* several: reported with the names */
		return VL_OK;
	st = medium_open(&r.fd, &size, c->dirfd, name, &why);
	if (st == VL_EFORMAT) {
		wrong(c, st, r.name, "is not a regular file");
		return VL_OK;
	}
	if (st != VL_OK)
		return read_failed(c, &r);
	st = check_content(c, &r, i, size);
	(void)close(r.fd);
	return st;
}

/* The comment that is signed with the seal against head.jsn. */
static void
check_comment(struct check *c)
{
	const struct vl_seal *s = c->s;
	const struct vl_seal_comment *comment = &s->sig.comment;
	const char *what = NULL;

	if (memcmp(comment->head, s->fingerprint, VL_HASH_SIZE) != 0)
		what = "head";
	else if (memcmp(comment->id, s->head.id, sizeof(comment->id)) != 0)
		what = "id";
	else if (comment->seq != s->head.seq)
		what = "seq";
	else if (comment->kind != s->head.kind)
		what = "kind";
	if (what != NULL)
		wrong(c, VL_ETRUST, "seal.sig",
		    "is of another bundle: its '%s' does not fit", what);
}

/* 64 bytes and 1 .. 2^(26 - frame_log2) frames. */
static bool
size_fits(uint64_t size, unsigned frame_log2)
{
	uint64_t frame = UINT64_C(1) << frame_log2;

	return size >= VL_FILE_HEADER_SIZE + frame &&
	    size <= VL_FILE_HEADER_SIZE + FRAMES_MAX &&
	    (size - VL_FILE_HEADER_SIZE) % frame == 0;
}

void
vl_files_root_begin(struct vl_hash *root)
{
	vl_hash_init(root, &(struct vl_hash_opts){ .personal = ROOT_NAME });
}

void
vl_files_root_add(struct vl_hash *root, const char *name, uint64_t size,
    const uint8_t hash[VL_HASH_SIZE])
{
	uint8_t bytes[8];

	vl_put_u64le(bytes, size);
	vl_hash_add(
	    root, (struct vl_slice){ (const uint8_t *)name, strlen(name) + 1 });
	vl_hash_add(root, (struct vl_slice){ bytes, sizeof(bytes) });
	vl_hash_add(root, (struct vl_slice){ hash, VL_HASH_SIZE });
}

/* Index files and packs: their sizes, their numbers and files_root. */
static void
check_files(struct check *c)
{
	const struct vl_seal *s = c->s;
	uint32_t index = 0;
	uint32_t packs = 0;
	uint32_t number = 0;
	uint8_t hash[VL_HASH_SIZE];
	struct vl_hash root;
	enum part part = PART_OTHER;
	bool gap = false;
	size_t i = 0;

	vl_files_root_begin(&root);
	for (i = 0; i < s->list.n; i++) {
		part = part_of(s->list.files[i].name, &number);
		if (part != PART_INDEX && part != PART_PACK)
			continue;
		if (number != (part == PART_INDEX ? ++index : ++packs))
			gap = true;
		if (!size_fits(c->sizes[i], s->head.frame_log2))
			wrong(c, VL_EFORMAT, s->list.files[i].name,
			    "is %" PRIu64 " bytes, which are no frames",
			    c->sizes[i]);
		vl_files_root_add(&root, s->list.files[i].name, c->sizes[i],
		    s->list.files[i].hash);
	}
	vl_hash_end(&root, hash);
	if (gap || index != s->head.index_files || packs != s->head.pack_files)
		wrong(c, VL_EFORMAT, "head.jsn",
		    "speaks of %u index files and %u packs, which are not "
		    "those that 'seal.txt' lists",
		    s->head.index_files, s->head.pack_files);
	else if (memcmp(hash, s->head.files_root, sizeof(hash)) != 0)
		wrong(c, VL_EFORMAT, "head.jsn",
		    "is not of these files: its files_root does not fit");
}

/* All hashes fit: what the small files say. */
static void
check_meaning(struct check *c)
{
	struct vl_seal *s = c->s;
	struct vl_err why = { 0 };
	size_t i = 0;
	enum vl_status st;

	s->bytes = 0;
	for (i = 0; i < s->list.n; i++)
		s->bytes += c->sizes[i];
	if (!vl_slice_equal(
	        vl_buf_slice(&c->readme), vl_slice_of(vl_readme_text)))
		wrong(c, VL_EFORMAT, "readme.txt",
		    "is not the text that every bundle has");
	vl_hash_of(s->fingerprint, &(struct vl_hash_opts){ 0 },
	    vl_buf_slice(&s->head_text));
	st = vl_head_decode(&s->head, vl_buf_slice(&s->head_text), &why);
	if (st != VL_OK) {
		wrong(c, st, "head.jsn", "cannot be read: %s", why.text);
		return;
	}
	check_comment(c);
	check_files(c);
	/* Last: a pack of another size is a damaged one. */
	if (c->first == VL_OK && s->bytes != s->sig.comment.bytes)
		wrong(c, VL_ETRUST, "seal.sig",
		    "speaks of %" PRIu64 " bytes, and the files have %" PRIu64,
		    s->sig.comment.bytes, s->bytes);
}

enum vl_status
vl_seal_check(struct vl_seal *s, int dirfd, int copyfd, bool quick,
    const struct vl_seal_report *report, struct vl_err *err)
{
	struct check c = { .s = s,
		.dirfd = dirfd,
		.copyfd = copyfd,
		.quick = quick,
		.report = report };
	struct vl_err own = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	c.err = err == NULL ? &own : err;
	c.block = malloc(BLOCK_SIZE);
	c.sizes = calloc(s->list.n, sizeof(*c.sizes));
	if (c.block == NULL || c.sizes == NULL) {
		st = vl_fail_memory(&c.last);
		goto out;
	}
	check_names(&c);
	check_listed(&c);
	for (i = 0; i < s->list.n; i++) {
		st = check_file(&c, i);
		if (st != VL_OK)
			goto out;
	}
	if (c.first == VL_OK)
		check_meaning(&c);
out:
	vl_buf_free(&c.readme);
	free(c.sizes);
	free(c.block);
	/* A wrong file says more than a medium that went away after it. */
	if (c.first != VL_OK && st != VL_ESIGNAL)
		return c.first;
	if (st != VL_OK)
		*c.err = c.last;
	return st;
}
