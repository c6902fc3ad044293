/*
 * Frames of a series of files (formats/bundle.md, "Files of frames").
 *
 * A frame goes through two jobs: `seal` on the shared pool encrypts it,
 * `write` on a thread of our own waits for that and appends it; one thread
 * keeps the order.  A full frame is held back until the next byte or the end
 * of the file has told whether it is the last one, for the nonce says so.
 */

#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "framer.h"
#include "outfile.h"

#define MEMORY_LOG2   20 /* of frames on their way, for each worker */
#define FINISHING_MAX 2  /* files that may be in the page cache only */

struct frame;

struct frame_job {
	struct vl_job job;
	struct frame *frame;
};

struct frame {
	struct frame_job seal;
	struct frame_job write;
	struct framer *framer;
	bool busy; /* submitted and not waited for */
	bool last;
	uint32_t index;
	struct outfile *file;
	uint8_t *plain;
	size_t n;
	uint8_t *sealed;
};

struct framer {
	struct vl_stream_opts opts;
	size_t frame_size;
	size_t frame_room; /* plain bytes of a frame */
	uint64_t file_room;
	struct vl_pool *writer;
	struct vl_pool *finisher;
	struct frame *frames;
	size_t nframes;
	size_t next;
	struct frame *current; /* being filled, or full and held back */

	struct outfile *file; /* being filled */
	uint64_t offset;
	struct outfile *finishing; /* oldest first */
	size_t nfinishing;

	struct vl_stream_file *files;
	size_t nfiles;
	size_t cap;
	uint32_t number; /* of the next file */
};

static enum vl_status
seal_frame(struct vl_job *job, unsigned worker)
{
	struct frame *f = ((struct frame_job *)job)->frame;
	const struct outfile *file = f->file;
	uint8_t nonce[VL_NONCE_SIZE];

	(void)worker;
	frame_nonce(nonce, f->index, f->last);
	vl_aead_seal(f->sealed, (struct vl_slice){ f->plain, f->n },
	    (struct vl_slice){ file->header, sizeof(file->header) }, nonce,
	    file->key);
	return VL_OK;
}

static enum vl_status
write_frame(struct vl_job *job, unsigned worker)
{
	struct frame *f = ((struct frame_job *)job)->frame;
	struct framer *fr = f->framer;

	(void)worker;
	(void)vl_pool_wait(fr->opts.pool, &f->seal.job, NULL);
	return outfile_append(
	    f->file, (struct vl_slice){ f->sealed, fr->frame_size }, &job->err);
}

static enum vl_status
make_frames(struct framer *fr, struct vl_err *err)
{
	size_t i;

	/* One is being filled, one sealed by each worker, one written. */
	fr->nframes = (size_t)vl_pool_workers(fr->opts.pool) + 2;
	fr->nframes <<= MEMORY_LOG2 - fr->opts.frame_log2;
	fr->frames = calloc(fr->nframes, sizeof(*fr->frames));
	if (fr->frames == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < fr->nframes; i++) {
		fr->frames[i].framer = fr;
		fr->frames[i].seal.frame = &fr->frames[i];
		fr->frames[i].seal.job.run = seal_frame;
		fr->frames[i].write.frame = &fr->frames[i];
		fr->frames[i].write.job.run = write_frame;
	}
	return VL_OK;
}

enum vl_status
framer_new(
    struct framer **out, const struct vl_stream_opts *opts, struct vl_err *err)
{
	struct framer *fr = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (opts->frame_log2 < VL_FRAME_LOG2_MIN ||
	    opts->frame_log2 > VL_FRAME_LOG2_MAX)
		return vl_fail(err, VL_EUSAGE, "frame size 2^%u is not known",
		    opts->frame_log2);
	fr = calloc(1, sizeof(*fr));
	if (fr == NULL)
		return vl_fail_memory(err);
	fr->opts = *opts;
	fr->number = opts->first;
	fr->frame_size = (size_t)1 << opts->frame_log2;
	fr->frame_room = fr->frame_size - VL_TAG_SIZE;
	fr->file_room = (uint64_t)fr->frame_room
	    << (VL_FILE_LOG2 - opts->frame_log2);
	st = make_frames(fr, err);
	if (st == VL_OK)
		st = vl_pool_new(&fr->writer, 1, err);
	if (st == VL_OK)
		st = vl_pool_new(&fr->finisher, 1, err);
	if (st != VL_OK) {
		framer_free(fr);
		return st;
	}
	*out = fr;
	return VL_OK;
}

/* Take the oldest file out of the finisher. */
static enum vl_status
retire_file(struct framer *fr, struct vl_err *err)
{
	struct outfile *file = fr->finishing;
	enum vl_status st;

	st = vl_pool_wait(fr->finisher, &file->finish, err);
	/* Files end in the order of their numbers. */
	fr->files[file->info.number - fr->opts.first] = file->info;
	fr->finishing = file->next;
	fr->nfinishing--;
	outfile_free(file);
	return st;
}

static enum vl_status
finish_file(struct framer *fr, struct outfile *file, struct vl_err *err)
{
	struct outfile **end = &fr->finishing;
	enum vl_status st = VL_OK;

	while (*end != NULL)
		end = &(*end)->next;
	*end = file;
	fr->nfinishing++;
	vl_pool_submit(fr->finisher, &file->finish);
	while (st == VL_OK && fr->nfinishing > FINISHING_MAX)
		st = retire_file(fr, err);
	return st;
}

/* Wait until `f` is in its file, so that it can be used again. */
static enum vl_status
retire_frame(struct framer *fr, struct frame *f, struct vl_err *err)
{
	enum vl_status st;

	if (!f->busy)
		return VL_OK;
	st = vl_pool_wait(fr->writer, &f->write.job, err);
	f->busy = false;
	if (st != VL_OK) {
		if (f->last)
			outfile_free(f->file);
		return st;
	}
	if (fr->opts.written != NULL)
		*fr->opts.written += fr->frame_size;
	return f->last ? finish_file(fr, f->file, err) : VL_OK;
}

static void
submit_frame(struct framer *fr, bool last)
{
	struct frame *f = fr->current;

	f->last = last;
	f->file = fr->file;
	f->index = fr->file->info.frames++;
	f->busy = true;
	fr->current = NULL;
	vl_pool_submit(fr->opts.pool, &f->seal.job);
	vl_pool_submit(fr->writer, &f->write.job);
}

static enum vl_status
next_frame(struct framer *fr, struct vl_err *err)
{
	struct frame *f = &fr->frames[fr->next];
	enum vl_status st;

	st = retire_frame(fr, f, err);
	if (st != VL_OK)
		return st;
	if (f->plain == NULL)
		f->plain = malloc(fr->frame_room);
	if (f->sealed == NULL)
		f->sealed = malloc(fr->frame_size);
	if (f->plain == NULL || f->sealed == NULL)
		return vl_fail_memory(err);
	f->n = 0;
	fr->next = (fr->next + 1) % fr->nframes;
	fr->current = f;
	return VL_OK;
}

enum vl_status
framer_begin(struct framer *fr, struct vl_err *err)
{
	struct vl_stream_file *files;
	enum vl_status st;

	if (fr->nfiles == fr->cap) {
		files =
		    reallocarray(fr->files, 2 * fr->cap + 8, sizeof(*files));
		if (files == NULL)
			return vl_fail_memory(err);
		fr->files = files;
		fr->cap = 2 * fr->cap + 8;
	}
	st = outfile_create(&fr->file, &fr->opts, fr->number, err);
	if (st != VL_OK)
		return st;
	fr->files[fr->nfiles++] = fr->file->info;
	if (fr->opts.written != NULL)
		*fr->opts.written += VL_FILE_HEADER_SIZE;
	fr->number++;
	fr->offset = 0;
	return next_frame(fr, err);
}

bool
framer_is_open(const struct framer *fr)
{
	return fr->file != NULL;
}

uint32_t
framer_number(const struct framer *fr)
{
	return fr->file->info.number;
}

uint64_t
framer_offset(const struct framer *fr)
{
	return fr->offset;
}

bool
framer_has_room(const struct framer *fr, size_t n)
{
	return n <= fr->file_room - fr->offset;
}

enum vl_status
framer_add(struct framer *fr, struct vl_slice bytes, struct vl_err *err)
{
	struct frame *f;
	enum vl_status st;
	size_t n;

	while (bytes.n > 0) {
		if (fr->current->n == fr->frame_room) {
			submit_frame(fr, false);
			st = next_frame(fr, err);
			if (st != VL_OK)
				return st;
		}
		f = fr->current;
		n = fr->frame_room - f->n;
		if (n > bytes.n)
			n = bytes.n;
		memcpy(f->plain + f->n, bytes.p, n);
		f->n += n;
		fr->offset += n;
		bytes = (struct vl_slice){ bytes.p + n, bytes.n - n };
	}
	return VL_OK;
}

void
framer_end(struct framer *fr)
{
	struct frame *f = fr->current;

	memset(f->plain + f->n, 0, fr->frame_room - f->n);
	f->n = fr->frame_room;
	submit_frame(fr, true);
	fr->file = NULL;
}

enum vl_status
framer_finish(struct framer *fr, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	/* From the oldest on. */
	for (i = 0; i < fr->nframes && st == VL_OK; i++)
		st = retire_frame(
		    fr, &fr->frames[(fr->next + i) % fr->nframes], err);
	while (st == VL_OK && fr->finishing != NULL)
		st = retire_file(fr, err);
	return st;
}

const struct vl_stream_file *
framer_files(const struct framer *fr, size_t *n)
{
	*n = fr->nfiles;
	return fr->files;
}

/* Jobs hold pointers into us: wait for them, whatever comes of it. */
static void
abandon(struct framer *fr)
{
	struct outfile *file;
	struct frame *f;
	size_t i;

	for (i = 0; fr->frames != NULL && i < fr->nframes; i++) {
		f = &fr->frames[(fr->next + i) % fr->nframes];
		if (!f->busy)
			continue;
		(void)vl_pool_wait(fr->writer, &f->write.job, NULL);
		if (f->last)
			outfile_free(f->file);
	}
	while ((file = fr->finishing) != NULL) {
		(void)vl_pool_wait(fr->finisher, &file->finish, NULL);
		fr->finishing = file->next;
		outfile_free(file);
	}
	outfile_free(fr->file);
}

void
framer_free(struct framer *fr)
{
	size_t i;

	if (fr == NULL)
		return;
	abandon(fr);
	vl_pool_free(fr->finisher);
	vl_pool_free(fr->writer);
	for (i = 0; fr->frames != NULL && i < fr->nframes; i++) {
		free(fr->frames[i].plain);
		free(fr->frames[i].sealed);
	}
	free(fr->frames);
	free(fr->files);
	free(fr);
}
