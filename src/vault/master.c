/* The master key of this side, from where its site says that it is. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/run.h>
#include <valise/text.h>

#include "master.h"

#define PIECE           4096
#define COMMAND_SECONDS 30
#define SHOWN           512

struct reading {
	const struct vl_master_words *words;
	struct vl_master_found *found;
	char shown[SHOWN]; /* where it is looked for */
};

static enum vl_status
fail_at(const struct reading *r, struct vl_err *err, const char *why)
{
	return vl_fail(err, VL_EUSAGE, "master key '%s': %s: %s",
	    r->words->name, r->shown, why);
}

/* By errno: what is there, and could not be read now, is no key that is
 * missing. */
static enum vl_status
fail_to_read(const struct reading *r, struct vl_err *err)
{
	const int number = errno;

	(void)fail_at(r, err, strerror(number));
	if (number != EACCES && number != EPERM && number != ELOOP)
		err->status = VL_EIO;
	return err->status;
}

/* Nor is one missing that nobody could look for now. */
static enum vl_status
fail_within(
    const struct reading *r, struct vl_err *err, const struct vl_err *why)
{
	(void)fail_at(r, err, why->text);
	if (why->status == VL_EIO)
		err->status = VL_EIO;
	return err->status;
}

/* Where it may be absent it is. */
static enum vl_status
not_there(const struct reading *r, struct vl_err *err, const char *why)
{
	if (!r->words->optional)
		return fail_at(r, err, why);
	r->found->absent = true;
	return VL_OK;
}

static enum vl_status
read_open(const struct reading *r, struct vl_locked *out, int fd, size_t max,
    struct vl_err *err)
{
	struct stat st = { 0 };
	ssize_t got = 1;

	if (fstat(fd, &st) != 0)
		return fail_to_read(r, err);
	if (!S_ISREG(st.st_mode))
		return fail_at(r, err, "is no file");
	r->found->exposed = (st.st_mode & S_IROTH) != 0;
	while (got > 0 && out->n <= max) {
		if (vl_locked_reserve(out, PIECE, err) != VL_OK)
			return err->status;
		got = read(fd, out->p + out->n, out->cap - out->n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return fail_to_read(r, err);
		else
			out->n += (size_t)got;
	}
	return out->n <= max ? VL_OK : fail_at(r, err, "is too long");
}

static enum vl_status
read_file(const struct reading *r, struct vl_locked *out, const char *path,
    size_t max, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int fd = -1;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return not_there(r, err, strerror(errno));
	if (fd < 0)
		return fail_to_read(r, err);
	st = read_open(r, out, fd, max, err);
	(void)close(fd);
	return st;
}

/* One line feed at the end is the editor's. */
static void
cut_line_feed(struct vl_locked *out)
{
	if (out->n > 0 && out->p[out->n - 1] == '\n')
		out->p[--out->n] = 0;
}

static enum vl_status
find_inside(const struct reading *r, struct vl_locked *out,
    struct vl_slice text, struct vl_err *err)
{
	const struct vl_master_words *w = r->words;
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	if (w->keyed != NULL)
		st = master_line(out, &found, text, w->keyed, &why);
	else if (w->define != NULL)
		st = master_define(out, &found, text, w->define, &why);
	else
		st = master_path(out, &found, text, w, &why);
	if (st != VL_OK)
		return fail_within(r, err, &why);
	return found ? VL_OK : not_there(r, err, "the key is not in it");
}

/* The key is not all of its file. */
static bool
is_inside(const struct vl_master_words *w)
{
	return w->json != NULL || w->yaml != NULL || w->keyed != NULL ||
	    w->define != NULL;
}

static enum vl_status
from_file(struct reading *r, struct vl_locked *out, struct vl_err *err)
{
	const struct vl_master_words *w = r->words;
	const bool inside = is_inside(w);
	struct vl_locked text = { 0 };
	enum vl_status st = VL_OK;

	(void)vl_escape_text(r->shown, sizeof(r->shown), vl_slice_of(w->file));
	st = read_file(r, inside ? &text : out, w->file,
	    inside ? VL_MASTER_FILE_MAX : VL_VAULT_KEY_MAX + 1, err);
	if (st == VL_OK && !inside)
		cut_line_feed(out);
	if (st == VL_OK && inside && !r->found->absent)
		st = find_inside(r, out, vl_locked_slice(&text), err);
	vl_locked_free(&text);
	return st;
}

static enum vl_status
from_credential(struct reading *r, struct vl_locked *out, struct vl_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct vl_buf path = { 0 };
	enum vl_status st = VL_OK;

	(void)snprintf(r->shown, sizeof(r->shown), "credential '%s'",
	    r->words->credential);
	if (dir == NULL || *dir == '\0')
		return not_there(r, err,
		    "CREDENTIALS_DIRECTORY is not set: systemd sets it for a "
		    "service with LoadCredential");
	st = vl_buf_printf(&path, err, "%s/%s", dir, r->words->credential);
	if (st == VL_OK)
		st = vl_buf_add(
		    &path, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK)
		st = read_file(
		    r, out, (const char *)path.p, VL_VAULT_KEY_MAX + 1, err);
	vl_buf_free(&path);
	cut_line_feed(out);
	return st;
}

static enum vl_status
from_command(struct reading *r, struct vl_locked *out, struct vl_err *err)
{
	const struct vl_master_words *w = r->words;
	char **words = calloc(w->ncommand + 1, sizeof(*words));
	const struct vl_program program = { .words = words,
		.seconds = COMMAND_SECONDS,
		.max = VL_VAULT_KEY_MAX + 1 };
	struct vl_err why = { 0 };
	struct vl_buf room = { 0 };
	enum vl_status st = VL_OK;

	if (words == NULL)
		return vl_fail_memory(err);
	memcpy(words, w->command, w->ncommand * sizeof(*words));
	(void)snprintf(r->shown, sizeof(r->shown), "its command");
	st = vl_locked_reserve(out, program.max + 1, err);
	/* So much room that it is not moved to memory that is not locked. */
	room = (struct vl_buf){ out->p, 0, out->cap };
	if (st == VL_OK && vl_program_output(&room, &program, &why) != VL_OK)
		st = fail_within(r, err, &why);
	out->n = room.n;
	cut_line_feed(out);
	free(words);
	return st;
}

/* No other is taken, wherever it stands. */
static enum vl_status
check_key(const struct reading *r, struct vl_locked *out, struct vl_err *err)
{
	if (out->n > VL_VAULT_KEY_MAX)
		return fail_at(r, err, "the key is longer than 64 KiB");
	if (out->n == 0 && !r->found->absent)
		return fail_at(r, err, "the key is empty");
	return VL_OK;
}

enum vl_status
vl_master_in(struct vl_locked *out, struct vl_master_found *found,
    const struct vl_master_words *words, struct vl_slice bytes,
    struct vl_err *err)
{
	struct reading r = { .words = words, .found = found };
	enum vl_status st = VL_OK;

	*found = (struct vl_master_found){ 0 };
	vl_locked_clear(out);
	(void)vl_escape_text(
	    r.shown, sizeof(r.shown), vl_slice_of(words->file));
	if (is_inside(words)) {
		st = find_inside(&r, out, bytes, err);
	} else {
		st = vl_locked_add(out, bytes, err);
		cut_line_feed(out);
	}
	if (st == VL_OK)
		st = check_key(&r, out, err);
	if (st != VL_OK)
		vl_locked_clear(out);
	return st;
}

enum vl_status
vl_master_read(struct vl_locked *out, struct vl_master_found *found,
    const struct vl_master_words *words, struct vl_err *err)
{
	struct reading r = { .words = words, .found = found };
	enum vl_status st = VL_OK;

	*found = (struct vl_master_found){ 0 };
	vl_locked_clear(out);
	if (words->file != NULL)
		st = from_file(&r, out, err);
	else if (words->credential != NULL)
		st = from_credential(&r, out, err);
	else if (words->ncommand > 0)
		st = from_command(&r, out, err);
	else
		return VL_OK;
	if (st == VL_OK)
		st = check_key(&r, out, err);
	if (st != VL_OK)
		vl_locked_clear(out);
	return st;
}
