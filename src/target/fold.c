/*
 * Which paths are one path on a file system that folds names: a table of
 * folded paths, each known by its hash, with the spelling that came first
 * (docs/decisions/0004-a-target-is-known-without-writing.md).
 */
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <valise/crypt.h>
#include <valise/text.h>

#include "holds.h"

struct vl_fold {
	enum vl_folds folds;
	struct vl_table *seen;
	struct vl_buf path; /* folded */
	struct vl_buf name; /* of it, on the way */
	struct vl_buf other;
};

enum vl_status
vl_fold_new(struct vl_fold **out, const struct vl_holds *h, const char *tempdir,
    struct vl_err *err)
{
	struct vl_fold *f = calloc(1, sizeof(*f));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (f == NULL)
		return vl_fail_memory(err);
	f->folds = h->folds;
	if (f->folds != VL_FOLDS_NONE)
		st = vl_table_new(&f->seen, tempdir, err);
	if (st == VL_OK)
		*out = f;
	else
		vl_fold_free(f);
	return st;
}

/* Each code point as `map` has it, appended; 0xffffffff leaves it out. */
static enum vl_status
map_each(struct vl_buf *out, struct vl_slice name, ucs4_t (*map)(ucs4_t),
    struct vl_err *err)
{
	size_t at = 0;

	while (at < name.n) {
		uint8_t bytes[6];
		ucs4_t c = 0;
		int n = u8_mbtouc(&c, name.p + at, name.n - at);

		at += (size_t)n;
		c = map(c);
		if (c == UINT32_MAX)
			continue;
		n = u8_uctomb(bytes, c, sizeof(bytes));
		if (vl_buf_add(out, (struct vl_slice){ bytes, (size_t)n },
		        err) != VL_OK)
			return err->status;
	}
	return VL_OK;
}

/* Some file systems do not see these at all (a soft hyphen). */
static ucs4_t
without_ignorable(ucs4_t c)
{
	return uc_is_property_default_ignorable_code_point(c) ? UINT32_MAX : c;
}

static enum vl_status
fold_unicode(struct vl_fold *f, struct vl_slice name, struct vl_err *err)
{
	uint8_t *folded = NULL;
	size_t n = 0;
	enum vl_status st = VL_OK;

	vl_buf_clear(&f->name);
	st = map_each(&f->name, name, without_ignorable, err);
	if (st != VL_OK || f->name.n == 0)
		return st;
	folded = u8_casefold(f->name.p, f->name.n, NULL, UNINORM_NFD, NULL, &n);
	if (folded == NULL)
		return vl_fail_memory(err);
	st = vl_buf_add(&f->path, (struct vl_slice){ folded, n }, err);
	free(folded);
	return st;
}

/* One component after the other, so that nothing of one can meet the next;
 * what is not UTF-8 is only itself. */
static enum vl_status
fold_path(struct vl_fold *f, struct vl_slice path, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&f->path);
	while (st == VL_OK && path.n > 0) {
		const uint8_t *slash = memchr(path.p, '/', path.n);
		struct vl_slice name = { path.p,
			slash == NULL ? path.n : (size_t)(slash - path.p) };

		if (!vl_utf8_valid(name))
			st = vl_buf_add(&f->path, name, err);
		else if (f->folds == VL_FOLDS_CASE)
			st = map_each(&f->path, name, uc_toupper, err);
		else
			st = fold_unicode(f, name, err);
		if (st == VL_OK && slash != NULL)
			st = vl_buf_add_text(&f->path, "/", err);
		path.p += name.n + (slash != NULL);
		path.n -= name.n + (slash != NULL);
	}
	return st;
}

enum vl_status
vl_fold_add(struct vl_fold *f, struct vl_slice path, struct vl_slice *other,
    struct vl_err *err)
{
	uint8_t hash[VL_HASH_SIZE];
	enum vl_status st = VL_OK;

	*other = (struct vl_slice){ 0 };
	if (f->folds == VL_FOLDS_NONE)
		return VL_OK;
	st = fold_path(f, path, err);
	if (st != VL_OK)
		return st;
	vl_hash_of(hash, NULL, vl_buf_slice(&f->path));
	if (vl_table_word(f->seen, hash) == NULL)
		return vl_table_put(f->seen, hash, path, 0, err);
	st = vl_table_value(f->seen, hash, &f->other, err);
	if (st == VL_OK && !vl_slice_equal(vl_buf_slice(&f->other), path))
		*other = vl_buf_slice(&f->other);
	return st;
}

void
vl_fold_free(struct vl_fold *f)
{
	if (f == NULL)
		return;
	vl_table_free(f->seen);
	vl_buf_free(&f->path);
	vl_buf_free(&f->name);
	vl_buf_free(&f->other);
	free(f);
}
