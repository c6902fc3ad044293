/*
 * The journal: "<hash16> <word or json>" lines, appended and synced
 * (docs/transaction.md, "The journal").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/journal.h>

#include "state_private.h"

#define JOURNAL_NAME "journal"
#define HASH_BYTES   8
#define TIME_WORD    "time "

static const char *const words[] = {
	[VL_JOURNAL_PREPARED] = "prepared",
	[VL_JOURNAL_UNDO] = "undo",
	[VL_JOURNAL_ENDED] = "ended",
	[VL_JOURNAL_UNDONE] = "undone",
	[VL_JOURNAL_ABANDONED] = "abandoned",
	[VL_JOURNAL_CLEANED] = "cleaned",
};

static const char *const choice_words[] = {
	[VL_CHOICE_NONE] = "",
	[VL_CHOICE_KEEP_THEIRS] = "keep_theirs ",
	[VL_CHOICE_TAKE_OURS] = "take_ours ",
};

static void
line_hash(char hex[VL_HEX_SIZE(HASH_BYTES)], struct vl_slice text)
{
	uint8_t hash[VL_HASH_SIZE];

	vl_hash_of(
	    hash, &(struct vl_hash_opts){ .personal = "vls1-journal" }, text);
	vl_hex(hex, hash, HASH_BYTES);
}

static enum vl_status
line_make(struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	char hex[VL_HEX_SIZE(HASH_BYTES)];
	enum vl_status st = VL_OK;

	line_hash(hex, text);
	st = vl_buf_printf(out, err, "%s ", hex);
	if (st == VL_OK)
		st = vl_buf_add(out, text, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, "\n", err);
	return st;
}

enum vl_status
vl_journal_begin(
    struct vl_state *s, const struct vl_header *h, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_buf line = { 0 };
	enum vl_status st = vl_header_encode(&text, h, err);

	if (st == VL_OK)
		st = line_make(&line, vl_buf_slice(&text), err);
	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(s), JOURNAL_NAME, 0600,
		    vl_buf_slice(&line), err);
	vl_buf_free(&text);
	vl_buf_free(&line);
	return st;
}

/* Text of a line whose hash fits, or NULL. */
static struct vl_slice
line_text(const uint8_t *p, size_t n)
{
	const struct vl_slice none = { NULL, 0 };
	struct vl_slice text = none;
	char hex[VL_HEX_SIZE(HASH_BYTES)];

	if (n < 2 * HASH_BYTES + 2 || p[2 * HASH_BYTES] != ' ')
		return none;
	text.p = p + 2 * HASH_BYTES + 1;
	text.n = n - (2 * HASH_BYTES + 1);
	line_hash(hex, text);
	return memcmp(hex, p, 2 * HASH_BYTES) == 0 ? text : none;
}

/* The line at *at and where the next one begins; NULL: it is not whole. */
static struct vl_slice
line_at(const struct vl_buf *file, size_t *at)
{
	const uint8_t *p = file->p + *at;
	const uint8_t *lf = memchr(p, '\n', file->n - *at);

	if (lf == NULL) {
		*at = file->n;
		return (struct vl_slice){ NULL, 0 };
	}
	*at = (size_t)(lf + 1 - file->p);
	return line_text(p, (size_t)(lf - p));
}

/*
 * Bytes of whole lines at the front.  What stands behind them was torn by a
 * crash and never counted, unless a whole line follows: that is damage, and
 * so is a first line that is not whole (it came to its name complete).
 */
static enum vl_status
whole_part(const struct vl_buf *file, size_t *n, struct vl_err *err)
{
	bool torn = false;
	bool damaged = false;
	size_t at = 0;

	*n = 0;
	while (at < file->n) {
		if (line_at(file, &at).p == NULL)
			torn = true;
		else if (torn)
			damaged = true;
		else
			*n = at;
	}
	if (damaged || *n == 0)
		return vl_fail(err, VL_EPENDING,
		    "it is damaged: nothing is done until it is restored from "
		    "a copy of the state directory");
	return VL_OK;
}

/* A torn line is cut off first, so that damage in the middle always means
 * damage. */
static enum vl_status
append(struct vl_state *s, struct vl_slice text, struct vl_err *err)
{
	struct vl_buf line = { 0 };
	struct vl_buf old = { 0 };
	enum vl_status st = VL_OK;
	size_t end = 0;
	int fd = -1;

	st = vl_read_file(
	    vl_state_fd(s), JOURNAL_NAME, VL_STATE_FILE_MAX, &old, err);
	if (st == VL_OK)
		st = whole_part(&old, &end, err);
	if (st == VL_OK)
		st = line_make(&line, text, err);
	if (st != VL_OK)
		goto out;
	/* What was read was a regular file; a FIFO in its place is ENXIO. */
	fd = openat(vl_state_fd(s), JOURNAL_NAME,
	    O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		st = vl_fail_errno(err, "cannot open it");
		goto out;
	}
	if (end != old.n && ftruncate(fd, (off_t)end) != 0)
		st = vl_fail_errno(err, "cannot write it");
	if (st == VL_OK)
		st = vl_pwrite_all(fd, vl_buf_slice(&line), (off_t)end, err);
	if (st == VL_OK) {
		st = vl_fsync(fd, JOURNAL_NAME, err);
		/* The next sync would say that the line is safe. */
		if (st != VL_OK)
			vl_state_note_failed_sync(s, vl_state_path(s));
	}
out:
	if (fd >= 0)
		close(fd);
	vl_buf_free(&line);
	vl_buf_free(&old);
	if (st != VL_OK)
		vl_within(err, "journal in '%s'", vl_state_path(s));
	return st;
}

enum vl_status
vl_journal_add(
    struct vl_state *s, enum vl_journal_word word, struct vl_err *err)
{
	return append(s, vl_slice_of(words[word]), err);
}

enum vl_status
vl_journal_choose(struct vl_state *s, const char *path, enum vl_choice choice,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	size_t n = strlen(path);
	char *b64 = NULL;
	enum vl_status st = VL_OK;

	if (path[0] != '/')
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is no absolute path: give it as it was reported",
		    path);
	b64 = malloc(VL_B64U_SIZE(n));
	if (b64 == NULL)
		return vl_fail_memory(err);
	vl_b64u(b64, (const uint8_t *)path, n);
	st = vl_buf_printf(&text, err, "%s%s", choice_words[choice], b64);
	if (st == VL_OK)
		st = append(s, vl_buf_slice(&text), err);
	free(b64);
	vl_buf_free(&text);
	return st;
}

enum vl_status
vl_journal_time(struct vl_state *s, size_t tree, const struct vl_time *time,
    struct vl_err *err)
{
	char text[96];

	snprintf(text, sizeof(text), TIME_WORD "%zu %lld %ld", tree,
	    (long long)time->sec, (long)time->nsec);
	return append(s, vl_slice_of(text), err);
}

static enum vl_status
take_time(struct vl_journal *j, struct vl_slice text, struct vl_err *err)
{
	char line[96] = "";
	size_t tree = 0;
	long long sec = 0;
	long nsec = 0;
	int end = 0;

	if (text.n < sizeof(line))
		memcpy(line, text.p, text.n);
	if (sscanf(line, "%zu %lld %ld%n", &tree, &sec, &nsec, &end) != 3 ||
	    (size_t)end != text.n || tree >= j->header.ntrees || nsec < 0 ||
	    nsec > 999999999)
		return vl_fail(err, VL_EPENDING, "a time in it is damaged");
	j->header.trees[tree].mtime_sec = sec;
	j->header.trees[tree].mtime_nsec = (int32_t)nsec;
	return VL_OK;
}

static enum vl_status
take_choice(struct vl_journal *j, struct vl_slice text, enum vl_choice choice,
    struct vl_err *err)
{
	struct vl_choice_line *more =
	    reallocarray(j->choices, j->nchoices + 1, sizeof(*j->choices));
	char *path = NULL;
	size_t n = 0;

	if (more == NULL)
		return vl_fail_memory(err);
	j->choices = more;
	path = malloc(text.n + 1);
	if (path == NULL)
		return vl_fail_memory(err);
	if (!vl_unb64u_any((uint8_t *)path, &n, text) ||
	    memchr(path, 0, n) != NULL) {
		free(path);
		return vl_fail(err, VL_EPENDING, "the journal is damaged");
	}
	path[n] = '\0';
	j->choices[j->nchoices++] = (struct vl_choice_line){ path, choice };
	return VL_OK;
}

/* One line without hash and LF. */
static enum vl_status
take_line(struct vl_journal *j, struct vl_slice text, struct vl_err *err)
{
	const size_t time = strlen(TIME_WORD);
	size_t i = 0;

	if (!j->present) {
		j->present = true;
		return vl_header_decode(&j->header, text, err);
	}
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (vl_slice_equal(text, vl_slice_of(words[i]))) {
			j->words |= 1u << i;
			return VL_OK;
		}
	}
	if (text.n > time && memcmp(text.p, TIME_WORD, time) == 0)
		return take_time(
		    j, (struct vl_slice){ text.p + time, text.n - time }, err);
	for (i = VL_CHOICE_KEEP_THEIRS; i <= VL_CHOICE_TAKE_OURS; i++) {
		size_t n = strlen(choice_words[i]);

		if (text.n > n && memcmp(text.p, choice_words[i], n) == 0)
			return take_choice(j,
			    (struct vl_slice){ text.p + n, text.n - n },
			    (enum vl_choice)i, err);
	}
	return vl_fail(err, VL_EPENDING,
	    "the journal holds a word that this version does not know");
}

static enum vl_status
take_all(struct vl_journal *j, const struct vl_buf *file, struct vl_err *err)
{
	size_t end = 0;
	size_t at = 0;
	enum vl_status st = whole_part(file, &end, err);

	while (st == VL_OK && at < end)
		st = take_line(j, line_at(file, &at), err);
	return st;
}

enum vl_status
vl_journal_load(struct vl_journal *j, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf file = { 0 };
	bool there = false;
	enum vl_status st = VL_OK;

	memset(j, 0, sizeof(*j));
	st = vl_state_settle(s, JOURNAL_NAME, err);
	if (st == VL_OK)
		st = vl_state_read(s, JOURNAL_NAME, &file, &there, err);
	if (st == VL_OK && there)
		st = take_all(j, &file, err);
	vl_buf_free(&file);
	if (st != VL_OK) {
		vl_journal_free(j);
		err->status = VL_EPENDING;
		return vl_within(err, "journal in '%s'", vl_state_path(s));
	}
	return VL_OK;
}

bool
vl_journal_has(const struct vl_journal *j, enum vl_journal_word word)
{
	return (j->words & (1u << word)) != 0;
}

enum vl_choice
vl_journal_choice(const struct vl_journal *j, const char *path)
{
	size_t i = j->nchoices;

	while (i-- > 0)
		if (strcmp(j->choices[i].path, path) == 0)
			return j->choices[i].choice;
	return VL_CHOICE_NONE;
}

void
vl_journal_free(struct vl_journal *j)
{
	size_t i = 0;

	for (i = 0; i < j->nchoices; i++)
		free(j->choices[i].path);
	free(j->choices);
	vl_header_free(&j->header);
	memset(j, 0, sizeof(*j));
}
