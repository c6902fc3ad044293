/*
 * What a bundle's folder holds against its seal: the names, the files
 * (check_files.c), and then head.jsn against seal, comment and files
 * (formats/seal.md, "Reading").
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "check.h"

#define SHOWN_SIZE 256
#define WHY_SIZE   512
#define ROOT_NAME  "vls1-content"

enum check_part
check_part_of(const char *name, uint32_t *number)
{
	char again[VL_FILE_NAME_SIZE];
	enum check_part part = PART_OTHER;
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

void
check_wrong(struct check *c, enum vl_status status, const char *name,
    const char *format, ...)
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
			check_wrong(c, VL_EFORMAT, shown,
			    "is '%s' a second time, in another spelling",
			    n->name);
		else if (strcmp(n->name, "seal.txt") != 0 &&
		    strcmp(n->name, "seal.sig") != 0 &&
		    vl_seal_list_find(&s->list, n->name) == NULL)
			check_wrong(c, VL_EFORMAT, shown,
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
			check_wrong(c, VL_EFORMAT, needed[i],
			    "is not listed in 'seal.txt'");
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
		check_wrong(c, VL_ETRUST, "seal.sig",
		    "is of another bundle: its '%s' does not fit", what);
}

/* 64 bytes and 1 .. 2^(26 - frame_log2) frames. */
static bool
size_fits(uint64_t size, unsigned frame_log2)
{
	uint64_t frame = UINT64_C(1) << frame_log2;

	return size >= VL_FILE_HEADER_SIZE + frame &&
	    size <= VL_FILE_HEADER_SIZE + CHECK_FRAMES_MAX &&
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
	enum check_part part = PART_OTHER;
	bool gap = false;
	size_t i = 0;

	vl_files_root_begin(&root);
	for (i = 0; i < s->list.n; i++) {
		part = check_part_of(s->list.files[i].name, &number);
		if (part != PART_INDEX && part != PART_PACK)
			continue;
		if (number != (part == PART_INDEX ? ++index : ++packs))
			gap = true;
		if (!size_fits(c->sizes[i], s->head.frame_log2))
			check_wrong(c, VL_EFORMAT, s->list.files[i].name,
			    "is %" PRIu64 " bytes, which are no frames",
			    c->sizes[i]);
		vl_files_root_add(&root, s->list.files[i].name, c->sizes[i],
		    s->list.files[i].hash);
	}
	vl_hash_end(&root, hash);
	if (gap || index != s->head.index_files || packs != s->head.pack_files)
		check_wrong(c, VL_EFORMAT, "head.jsn",
		    "speaks of %u index files and %u packs, which are not "
		    "those that 'seal.txt' lists",
		    s->head.index_files, s->head.pack_files);
	else if (memcmp(hash, s->head.files_root, sizeof(hash)) != 0)
		check_wrong(c, VL_EFORMAT, "head.jsn",
		    "is not of these files: its files_root does not fit");
}

/* All hashes fit: what the small files say. */
static void
check_meaning(struct check *c)
{
	const struct vl_small_reader *reader =
	    c->report != NULL ? c->report->reader : NULL;
	struct vl_seal *s = c->s;
	struct vl_err why = { 0 };
	size_t i = 0;
	enum vl_status st;

	s->bytes = 0;
	for (i = 0; i < s->list.n; i++)
		s->bytes += c->sizes[i];
	if (!vl_slice_equal(
	        vl_buf_slice(&c->readme), vl_slice_of(vl_readme_text)))
		check_wrong(c, VL_EFORMAT, "readme.txt",
		    "is not the text that every bundle has");
	vl_hash_of(s->fingerprint, &(struct vl_hash_opts){ 0 },
	    vl_buf_slice(&s->head_text));
	st = reader != NULL ?
	    reader->head(
	        reader->arg, &s->head, vl_buf_slice(&s->head_text), &why) :
	    vl_head_decode(&s->head, vl_buf_slice(&s->head_text), &why);
	if (st != VL_OK) {
		check_wrong(c, st, "head.jsn", "cannot be read: %s", why.text);
		return;
	}
	check_comment(c);
	check_files(c);
	/* Last: a pack of another size is a damaged one. */
	if (c->first == VL_OK && s->bytes != s->sig.comment.bytes)
		check_wrong(c, VL_ETRUST, "seal.sig",
		    "speaks of %" PRIu64 " bytes, and the files have %" PRIu64,
		    s->sig.comment.bytes, s->bytes);
}

enum vl_status
vl_seal_check(struct vl_seal *s, int dirfd, int copyfd,
    enum vl_seal_reads reads, const struct vl_seal_report *report,
    struct vl_err *err)
{
	struct check c = { .s = s,
		.dirfd = dirfd,
		.copyfd = copyfd,
		.reads = reads,
		.report = report };
	struct vl_err own = { 0 };
	enum vl_status st = VL_OK;

	c.err = err == NULL ? &own : err;
	c.sizes = calloc(s->list.n, sizeof(*c.sizes));
	if (c.sizes == NULL) {
		st = vl_fail_memory(&c.last);
		goto out;
	}
	check_names(&c);
	check_listed(&c);
	st = check_hashes(&c);
	if (st != VL_OK)
		goto out;
	if (c.first == VL_OK)
		check_meaning(&c);
out:
	vl_buf_free(&c.readme);
	free(c.sizes);
	/* A wrong file says more than a medium that went away after it. */
	if (c.first != VL_OK && st != VL_ESIGNAL)
		return c.first;
	if (st != VL_OK)
		*c.err = c.last;
	return st;
}
