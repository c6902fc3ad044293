/*
 * Between the line of a file and its body: tokens wait for their file, which
 * may come later and under another path; then its secrets are opened, and the
 * text is made that is to be here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secretfile.h>
#include <valise/table.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "fills.h"
#include "here.h"

#define SHOWN 256
#define TOLD  20 /* paths of a kind */

_Static_assert(VL_TABLE_KEY_SIZE == VL_SLOT_PRINT_SIZE,
    "tokens are found by the first fingerprint of their line");

/* How the contents of a file differ from those that are here. */
enum differs {
	DIFFERS_NOT,     /* or in nothing that is a secret */
	DIFFERS_SECRETS, /* in nothing else */
	DIFFERS_BOTH
};

struct vl_fills {
	struct vl_fills_opts opts;
	struct vl_profile *profile;
	struct vl_masters *masters;
	struct vl_secretfiles *set;
	struct vl_secretfiles *parts; /* the same, which makes no slots */

	struct vl_buf item;     /* path and tokens of a line */
	struct vl_table *table; /* where those are that wait; or NULL */
	int fd;
	uint64_t end;

	struct vl_text_here here;
	struct vl_locked one;
	struct vl_locked plains; /* of the file in hand */
	struct vl_buf ends;      /* size_t: where each of them ends */
	struct vl_buf slices;
	struct vl_locked made;
	bool changed; /* some secret of the file in hand */
	struct vl_parted parted[2];

	struct vl_buf told; /* enum differs, length and path of each file */
	size_t told_at;
	uint64_t broken; /* secrets here that do not open */
	uint64_t empty;  /* files in which one is to be entered */
	uint64_t barred; /* directories that cannot be read */
};

/* ---- The words ---- */

static enum vl_status
open_sets(struct vl_fills *f, const struct vl_profile_resource *words,
    struct vl_err *err)
{
	struct vl_secretfiles_opts opts = { .resource = f->opts.resource,
		.words = words };
	const struct vl_masters_report report = { f->opts.arg, f->opts.note };
	enum vl_status st =
	    vl_masters_new(&f->masters, f->opts.site, &report, err);

	if (st != VL_OK)
		return st;
	vl_masters_profile(f->masters, f->profile);
	opts.masters = f->masters;
	st = vl_secretfiles_new(&f->parts, &opts, err);
	if (st != VL_OK)
		return st;
	opts.ops = &f->opts.ops;
	return vl_secretfiles_new(&f->set, &opts, err);
}

enum vl_status
vl_fills_new(
    struct vl_fills **out, const struct vl_fills_opts *opts, struct vl_err *err)
{
	const struct vl_profile_resource *words = NULL;
	struct vl_profile *profile = NULL;
	struct vl_fills *f = NULL;
	enum vl_status st =
	    vl_profile_of_site(&profile, opts->site, opts->profiles, err);

	*out = NULL;
	if (st == VL_OK && profile != NULL)
		words = vl_profile_resource(profile, opts->resource);
	if (words == NULL || words->nfile_secrets + words->nfile_leaks == 0) {
		vl_profile_free(profile);
		return st;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		vl_profile_free(profile);
		return vl_fail_memory(err);
	}
	f->fd = -1;
	f->opts = *opts;
	f->profile = profile;
	st = open_sets(f, words, err);
	if (st != VL_OK) {
		vl_fills_free(f);
		return st;
	}
	*out = f;
	return VL_OK;
}

/* ---- What is here ---- */

/* Where more of them were met than were named. */
static void
tell_more(const struct vl_fills *f, uint64_t n, const char *what)
{
	char text[SHOWN];

	if (n <= TOLD)
		return;
	(void)snprintf(text, sizeof(text), "resource '%s': so it is of %llu %s",
	    f->opts.resource, (unsigned long long)n, what);
	f->opts.note(f->opts.arg, text);
}

/* The import goes on: where it needs what is in it, it will be refused. */
static void
tell_barred(struct vl_fills *f, const struct vl_node *node)
{
	char shown[SHOWN];
	char text[SHOWN + 300];

	if (f->barred++ >= TOLD)
		return;
	(void)snprintf(text, sizeof(text),
	    "resource '%s': cannot read '%s', so that the master key is not "
	    "tried on secrets in it: %s",
	    f->opts.resource,
	    vl_escape_text(shown, sizeof(shown),
	        node->path.n == 0 ? vl_slice_of(".") : node->path),
	    node->cause == NULL ? "unknown" : node->cause);
	f->opts.note(f->opts.arg, text);
}

static enum vl_status
try_file(struct vl_fills *f, struct vl_slice path, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st =
	    vl_here_read(&f->here, f->opts.root, path, VL_SECRETFILE_MAX, err);

	/* What is longer says nothing of the key. */
	if (st == VL_EREFUSED)
		return VL_OK;
	if (st != VL_OK)
		(void)vl_within(err, "resource '%s': secrets of '%s'",
		    f->opts.resource,
		    vl_escape_text(shown, sizeof(shown), path));
	else if (f->here.there)
		st = vl_secretfile_try(
		    f->set, path, vl_buf_slice(&f->here.text), err);
	vl_here_clear(&f->here);
	return st;
}

enum vl_status
vl_fills_try(struct vl_fills *f, struct vl_err *err)
{
	struct vl_walk *w = NULL;
	struct vl_node node = { 0 };
	bool more = true;
	enum vl_status st = VL_OK;

	if (f == NULL || f->opts.absent)
		return VL_OK;
	st = vl_walk_open(&w,
	    &(struct vl_walk_opts){ .root = f->opts.root,
	        .hidden = VL_STAGING,
	        .tempdir = f->opts.tempdir },
	    err);

	while (st == VL_OK) {
		st = vl_walk_next(w, &node, &more, err);
		if (st != VL_OK || !more)
			break;
		if (node.type == VL_ENTRY_FILE &&
		    vl_secretfiles_concern(f->set, node.path))
			st = try_file(f, node.path, err);
		else if (node.type == VL_ENTRY_LEFT_OUT &&
		    node.why == VL_WHY_UNREADABLE)
			tell_barred(f, &node);
	}
	vl_walk_free(w);
	tell_more(f, f->barred, "directories");
	return st == VL_OK ? vl_secretfiles_tried(f->set, true, err) : st;
}

/* ---- Tokens that wait ---- */

static enum vl_status
add_counted(struct vl_buf *out, struct vl_slice bytes, struct vl_err *err)
{
	uint8_t n[4];
	enum vl_status st = VL_OK;

	vl_put_u32le(n, (uint32_t)bytes.n);
	st = vl_buf_add(out, (struct vl_slice){ n, sizeof(n) }, err);
	return st == VL_OK ? vl_buf_add(out, bytes, err) : st;
}

/* f->item is found by the first fingerprint of the line, which is of its path
 * and place, and of no other. */
static enum vl_status
put_aside(struct vl_fills *f, const struct vl_entry *e, struct vl_err *err)
{
	const uint8_t *print = e->slots[0].slot.print;
	const struct vl_slice item = vl_buf_slice(&f->item);
	uint8_t n[4];
	enum vl_status st = VL_OK;

	if (f->table == NULL)
		st = vl_table_new(&f->table, f->opts.tempdir, err);
	if (st == VL_OK && f->fd < 0)
		st = vl_temp_file(&f->fd, f->opts.tempdir, err);
	if (st == VL_OK && vl_table_word(f->table, print) != NULL)
		return vl_fail(err, VL_EFORMAT,
		    "secrets of two files have one fingerprint");
	vl_put_u32le(n, (uint32_t)item.n);
	if (st == VL_OK)
		st = vl_pwrite_all(f->fd, item, (off_t)f->end, err);
	if (st == VL_OK)
		st = vl_table_put(f->table, print,
		    (struct vl_slice){ n, sizeof(n) }, f->end, err);
	f->end += item.n;
	return st;
}

enum vl_status
vl_fills_keep(struct vl_fills *f, const struct vl_unpacked *rec, bool later,
    struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (rec->ntokens == 0)
		return VL_OK;
	if (f == NULL)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' came with secrets, and no profile here says of them: "
		    "use that of the source on this side, too",
		    vl_escape_text(shown, sizeof(shown), rec->entry.path));
	vl_buf_clear(&f->item);
	st = add_counted(&f->item, rec->entry.path, err);
	for (i = 0; st == VL_OK && i < rec->ntokens; i++)
		st = add_counted(&f->item, rec->tokens[i], err);
	return st == VL_OK && later ? put_aside(f, &rec->entry, err) : st;
}

/* Those of `e` into f->item, if they were put aside. */
static enum vl_status
take_again(struct vl_fills *f, const struct vl_entry *e, struct vl_err *err)
{
	const uint8_t *print = e->slots[0].slot.print;
	const uint64_t *at =
	    f->table == NULL ? NULL : vl_table_word(f->table, print);
	struct vl_buf n = { 0 };
	struct vl_rd rd = { 0 };
	size_t size = 0;
	size_t got = 0;
	enum vl_status st = VL_OK;

	if (at == NULL)
		return VL_OK;
	vl_buf_clear(&f->item);
	st = vl_table_value(f->table, print, &n, err);
	rd.rest = vl_buf_slice(&n);
	size = vl_rd_u32le(&rd);
	if (st == VL_OK)
		st = vl_buf_reserve(&f->item, size, err);
	if (st == VL_OK) {
		f->item.n = size;
		st = vl_pread_full(
		    f->fd, f->item.p, f->item.n, (off_t)*at, &got, err);
	}
	if (st == VL_OK && got != f->item.n)
		st = vl_fail(
		    err, VL_EIO, "a temporary file is shorter than written");
	vl_buf_free(&n);
	return st;
}

/* ---- One file ---- */

bool
vl_fills_ask(const struct vl_fills *f, const struct vl_entry *e)
{
	return e->type == VL_ENTRY_FILE &&
	    (e->nslots > 0 ||
	        (e->size <= VL_SECRETFILE_MAX &&
	            vl_secretfiles_concern(f->set, e->path))) &&
	    !f->opts.leaves(f->opts.arg, e->path);
}

static enum vl_status
open_one(struct vl_fills *f, const struct vl_entry *e, size_t i,
    struct vl_rd *rd, struct vl_slice key, struct vl_err *err)
{
	struct vl_slot_place place = vl_entry_slot_place(e, i);
	const struct vl_slice token = vl_rd_take(rd, vl_rd_u32le(rd));
	enum vl_status st = VL_OK;

	/* To its path at the source it is bound. */
	place.key = key;
	st = f->opts.ops.open(f->opts.ops.arg, &place, e->slots[i].slot.print,
	    token, &f->one, err);
	if (st == VL_OK)
		st = vl_locked_add(&f->plains, vl_locked_slice(&f->one), err);
	vl_locked_clear(&f->one);
	return st == VL_OK ?
	    vl_buf_add(&f->ends,
	        (struct vl_slice){
	            (const uint8_t *)&f->plains.n, sizeof(f->plains.n) },
	        err) :
	    st;
}

/* The secrets of the line, one behind another, and where each is. */
static enum vl_status
open_all(struct vl_fills *f, const struct vl_entry *e, struct vl_err *err)
{
	struct vl_rd rd = { .rest = vl_buf_slice(&f->item) };
	struct vl_slice key = { 0 };
	struct vl_slice one = { 0 };
	enum vl_status st = VL_OK;
	size_t from = 0;
	size_t end = 0;
	size_t i = 0;

	vl_locked_clear(&f->plains);
	vl_buf_clear(&f->ends);
	vl_buf_clear(&f->slices);
	if (e->nslots > 0)
		key = vl_rd_take(&rd, vl_rd_u32le(&rd));
	for (i = 0; st == VL_OK && i < e->nslots; i++)
		st = open_one(f, e, i, &rd, key, err);
	for (i = 0; st == VL_OK && i < e->nslots; i++) {
		memcpy(&end, f->ends.p + i * sizeof(end), sizeof(end));
		one = (struct vl_slice){ f->plains.p + from, end - from };
		from = end;
		st = vl_buf_add(&f->slices,
		    (struct vl_slice){ (const uint8_t *)&one, sizeof(one) },
		    err);
	}
	return st;
}

static enum vl_status
count_broken(void *arg, const struct vl_secret_seen *seen, struct vl_err *err)
{
	struct vl_fills *f = arg;

	(void)err;
	f->broken += seen->status != VL_OK;
	return VL_OK;
}

static enum vl_status
note_differs(struct vl_fills *f, struct vl_slice path, enum differs how,
    struct vl_err *err)
{
	uint8_t head[5] = { (uint8_t)how };
	enum vl_status st = VL_OK;

	vl_put_u32le(head + 1, (uint32_t)path.n);
	st = vl_buf_add(&f->told, (struct vl_slice){ head, sizeof(head) }, err);
	return st == VL_OK ? vl_buf_add(&f->told, path, err) : st;
}

static void
tell_empty(struct vl_fills *f, struct vl_slice path)
{
	char shown[SHOWN];
	char text[SHOWN + 200];

	if (f->empty++ >= TOLD)
		return;
	(void)snprintf(text, sizeof(text),
	    "resource '%s': '%s' has a secret that does not travel: enter it "
	    "here",
	    f->opts.resource, vl_escape_text(shown, sizeof(shown), path));
	f->opts.note(f->opts.arg, text);
}

static enum vl_status
fill(struct vl_fills *f, const struct vl_entry *e, struct vl_slice body,
    struct vl_err *err)
{
	struct vl_filled filled = { 0 };
	const struct vl_filling filling = { .file = e->path,
		.rest = body,
		.slots = e->slots,
		.nslots = e->nslots,
		.plains = (const struct vl_slice *)(const void *)f->slices.p,
		.here = f->here.there ? vl_buf_slice(&f->here.text) :
		                        (struct vl_slice){ 0 } };
	enum vl_status st =
	    vl_secretfile_fill(&f->made, &filled, f->set, &filling, err);

	f->changed = filled.changed > 0;
	if (st == VL_OK && filled.empty > 0)
		tell_empty(f, e->path);
	return st == VL_OK && f->changed && f->here.there ?
	    vl_secretfile_look(f->set, e->path, vl_buf_slice(&f->here.text),
	        count_broken, f, err) :
	    st;
}

enum vl_status
vl_fills_make(struct vl_fills *f, const struct vl_entry *e,
    struct vl_slice body, struct vl_buf *out, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = VL_OK;

	if (e->nslots > 0)
		st = take_again(f, e, err);
	if (st == VL_OK)
		st = open_all(f, e, err);
	if (st == VL_OK)
		st = vl_here_read(
		    &f->here, f->opts.root, e->path, VL_SECRETFILE_MAX, err);
	if (st == VL_OK)
		st = fill(f, e, body, err);
	/* At once: no copy of it stays where it grew. */
	if (st == VL_OK)
		st = vl_buf_reserve(out, f->made.n + 1, err);
	if (st == VL_OK)
		st = vl_buf_add(out, vl_locked_slice(&f->made), err);
	vl_locked_clear(&f->plains);
	vl_locked_clear(&f->made);
	return st == VL_OK ? st :
	                     vl_within(err, "secrets of '%s'",
	                         vl_escape_text(shown, sizeof(shown), e->path));
}

/* `*same`: without their secrets both texts are.  One that has none to take
 * out is another one. */
static enum vl_status
same_rest(struct vl_fills *f, struct vl_slice path, struct vl_slice text,
    bool *same, struct vl_err *err)
{
	struct vl_err why = { 0 };
	enum vl_status st = vl_secretfile_part(&f->parted[0], f->parts, path,
	    path, vl_buf_slice(&f->here.text), &why);

	if (st == VL_OK)
		st = vl_secretfile_part(
		    &f->parted[1], f->parts, path, path, text, &why);
	*same = st == VL_OK &&
	    vl_slice_equal(vl_locked_slice(&f->parted[0].rest),
	        vl_locked_slice(&f->parted[1].rest));
	vl_locked_clear(&f->parted[0].rest);
	vl_locked_clear(&f->parted[1].rest);
	if (st != VL_EIO)
		return VL_OK;
	*err = why;
	return st;
}

enum vl_status
vl_fills_settle(struct vl_fills *f, struct vl_entry *e, struct vl_slice text,
    struct vl_err *err)
{
	enum differs how = f->changed ? DIFFERS_BOTH : DIFFERS_NOT;
	enum vl_status st = VL_OK;
	bool same = false;

	if (f->here.there && vl_slice_equal(vl_buf_slice(&f->here.text), text))
		e->mtime = f->here.time;
	if (f->here.there && f->changed)
		st = same_rest(f, e->path, text, &same, err);
	if (same)
		how = DIFFERS_SECRETS;
	if (st == VL_OK && f->here.there)
		st = note_differs(f, e->path, how, err);
	vl_here_clear(&f->here);
	return st;
}

/* ---- What is told ---- */

const char *
vl_fills_told(struct vl_fills *f, struct vl_slice path, enum vl_change *change)
{
	struct vl_rd rd = { 0 };
	struct vl_slice of = { 0 };
	enum differs how = DIFFERS_NOT;
	int order = 1;

	while (f->told_at < f->told.n) {
		rd.rest = (struct vl_slice){ f->told.p + f->told_at,
			f->told.n - f->told_at };
		how = (enum differs)vl_rd_u8(&rd);
		of = vl_rd_take(&rd, vl_rd_u32le(&rd));
		order = vl_path_cmp(of, path);
		if (order > 0)
			return NULL;
		f->told_at = (size_t)(rd.rest.p - f->told.p);
		if (order == 0)
			break;
	}
	if (order != 0)
		return NULL;
	if (how != DIFFERS_SECRETS)
		return how == DIFFERS_BOTH ? "content and secrets" : "content";
	*change = VL_CHANGE_SECRET;
	return "secret changed";
}

void
vl_fills_end(const struct vl_fills *f)
{
	char count[40];
	char text[200 + SHOWN];

	if (f == NULL)
		return;
	if (f->broken > 0) {
		(void)snprintf(text, sizeof(text),
		    "resource '%s': %s in files here that do not open with the "
		    "master key, taken for different from the bundle's",
		    f->opts.resource,
		    vl_format_counted(
		        count, sizeof(count), f->broken, "secret", "secrets"));
		f->opts.note(f->opts.arg, text);
	}
	tell_more(f, f->empty, "files");
}

void
vl_fills_free(struct vl_fills *f)
{
	if (f == NULL)
		return;
	vl_secretfiles_free(f->set);
	vl_secretfiles_free(f->parts);
	vl_masters_free(f->masters);
	vl_profile_free(f->profile);
	vl_buf_free(&f->item);
	vl_table_free(f->table);
	if (f->fd >= 0)
		(void)close(f->fd);
	vl_here_free(&f->here);
	vl_locked_free(&f->one);
	vl_locked_free(&f->plains);
	vl_buf_free(&f->ends);
	vl_buf_free(&f->slices);
	vl_locked_free(&f->made);
	vl_parted_free(&f->parted[0]);
	vl_parted_free(&f->parted[1]);
	vl_buf_free(&f->told);
	free(f);
}
