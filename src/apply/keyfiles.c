/*
 * Which files of a tree hold master keys, and whether a key changes when the
 * file does.  A key that stands in a value that stays (`keep_here` with `file`)
 * does not, whatever else of the file changes.
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <valise/family.h>
#include <valise/text.h>

#include "here.h"
#include "keyfiles.h"

#define SHOWN 256

/* Where an entry of `master_keys` has its file in this tree. */
struct at {
	const struct vl_master_words *words;
	char *path; /* below the root; of a family with parts in braces */
};

/* A path whose key would be another one. */
struct other {
	const struct vl_master_words *words;
	char *path;
};

struct vl_keyfiles {
	const char *root;
	struct at *list;
	size_t n;
	struct other *others;
	size_t nothers;
	size_t cap_others;
};

/* ---- Where ---- */

/* `file` below `root`, without a slash before it; NULL: it is elsewhere. */
static const char *
below(const char *file, const char *root)
{
	const size_t n = strlen(root);

	if (strcmp(root, "/") == 0)
		return file + 1;
	return strncmp(file, root, n) == 0 && file[n] == '/' ? file + n + 1 :
	                                                       NULL;
}

static enum vl_status
add_at(struct vl_keyfiles *k, const struct vl_master_words *words,
    const char *file, struct vl_err *err)
{
	const char *path = below(file, k->root);
	size_t i = 0;

	for (i = 0; path != NULL && i < k->n; i++)
		if (k->list[i].words == words &&
		    strcmp(k->list[i].path, path) == 0)
			return VL_OK;
	if (path == NULL)
		return VL_OK;
	k->list[k->n] = (struct at){ words, strdup(path) };
	return k->list[k->n++].path == NULL ? vl_fail_memory(err) : VL_OK;
}

/* With the directory that has no parts resolved, if it is there. */
static enum vl_status
add_resolved(struct vl_keyfiles *k, const struct vl_master_words *words,
    struct vl_err *err)
{
	const size_t plain = vl_family_is(words->name) ?
	    strcspn(words->file, "{") :
	    strlen(words->file);
	char *copy = strndup(words->file, plain);
	char *slash = copy == NULL ? NULL : strrchr(copy, '/');
	char *dir = NULL;
	struct vl_buf file = { 0 };
	enum vl_status st = copy == NULL ? vl_fail_memory(err) : VL_OK;

	if (slash == NULL || slash == copy) {
		free(copy);
		return st;
	}
	*slash = '\0';
	st = vl_here_real(&dir, copy, err);
	if (dir != NULL)
		st = vl_buf_printf(&file, err, "%s%s",
		    strcmp(dir, "/") == 0 ? "" : dir,
		    words->file + (slash - copy));
	if (st == VL_OK && dir != NULL)
		st = add_at(k, words, (const char *)file.p, err);
	vl_buf_free(&file);
	free(dir);
	free(copy);
	return st;
}

static enum vl_status
add_words(struct vl_keyfiles *k, const struct vl_master_words *words,
    struct vl_err *err)
{
	char *real = NULL;
	enum vl_status st = VL_OK;

	if (words->file == NULL)
		return VL_OK;
	st = add_at(k, words, words->file, err);
	if (st == VL_OK)
		st = add_resolved(k, words, err);
	/* A link leads to where the key is. */
	if (st == VL_OK && !vl_family_is(words->name))
		st = vl_here_real(&real, words->file, err);
	if (st == VL_OK && real != NULL)
		st = add_at(k, words, real, err);
	free(real);
	return st;
}

enum vl_status
vl_keyfiles_new(struct vl_keyfiles **out, const struct vl_site *site,
    const char *root, struct vl_err *err)
{
	struct vl_keyfiles *k = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = NULL;
	if (site->nmasters == 0)
		return VL_OK;
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return vl_fail_memory(err);
	k->root = root;
	k->list = calloc(3 * site->nmasters, sizeof(*k->list));
	if (k->list == NULL)
		st = vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < site->nmasters; i++)
		st = add_words(k, &site->masters[i], err);
	if (st != VL_OK || k->n == 0) {
		vl_keyfiles_free(k);
		return st;
	}
	*out = k;
	return VL_OK;
}

/* `path` has the form of `at`: what is in braces is some bytes of a name. */
static bool
fits(const char *at, struct vl_slice path)
{
	size_t n = 0;

	for (; *at != '\0' && *at != '{'; at++, path.p++, path.n--)
		if (path.n == 0 || *path.p != (uint8_t)*at)
			return false;
	if (*at == '\0')
		return path.n == 0;
	at = strchr(at, '}');
	for (n = 1; at != NULL && n <= path.n && path.p[n - 1] != '/'; n++)
		if (fits(at + 1, (struct vl_slice){ path.p + n, path.n - n }))
			return true;
	return false;
}

static bool
is_at(const struct at *at, struct vl_slice path)
{
	return vl_family_is(at->words->name) ?
	    fits(at->path, path) :
	    vl_slice_equal(vl_slice_of(at->path), path);
}

bool
vl_keyfiles_has(const struct vl_keyfiles *k, struct vl_slice path)
{
	size_t i = 0;

	for (i = 0; i < k->n; i++)
		if (is_at(&k->list[i], path))
			return true;
	return false;
}

/* ---- Whether it changes ---- */

static enum vl_status
add_other(struct vl_keyfiles *k, const struct vl_master_words *words,
    struct vl_slice path, struct vl_err *err)
{
	const size_t cap = 2 * k->cap_others + 4;
	struct other *grown = k->others;

	if (k->nothers == k->cap_others) {
		grown = reallocarray(k->others, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		k->others = grown;
		k->cap_others = cap;
	}
	grown += k->nothers;
	*grown = (struct other){ words, strndup((const char *)path.p, path.n) };
	if (grown->path == NULL)
		return vl_fail_memory(err);
	k->nothers++;
	return VL_OK;
}

/* VL_OK also where it is none: VL_EUSAGE. */
static enum vl_status
none_or(enum vl_status st, struct vl_err *err)
{
	if (st != VL_EUSAGE)
		return st;
	*err = (struct vl_err){ 0 };
	return VL_OK;
}

/* Where none was here, nothing was encrypted with it: it may come.  That it
 * could not be read does not say that none was. */
static enum vl_status
same_key(const struct vl_master_words *words, const struct vl_slice *bytes,
    bool *same, struct vl_err *err)
{
	struct vl_master_found is = { 0 };
	struct vl_master_found will = { 0 };
	struct vl_locked here = { 0 };
	struct vl_locked there = { 0 };
	enum vl_status st = vl_master_read(&here, &is, words, err);

	*same = st != VL_OK;
	if (!*same && bytes != NULL) {
		st = vl_master_in(&there, &will, words, *bytes, err);
		*same = st == VL_OK && is.absent == will.absent &&
		    vl_slice_equal(
		        vl_locked_slice(&here), vl_locked_slice(&there));
	}
	vl_locked_free(&here);
	vl_locked_free(&there);
	return none_or(st, err);
}

/* Of a family it is not known which of its keys are asked for. */
static enum vl_status
same_bytes(const struct vl_keyfiles *k, struct vl_slice path,
    const struct vl_slice *bytes, bool *same, struct vl_err *err)
{
	struct vl_text_here here = { 0 };
	enum vl_status st =
	    vl_here_read(&here, k->root, path, VL_MASTER_FILE_MAX, err);

	*same = !here.there ||
	    (bytes != NULL && vl_slice_equal(vl_buf_slice(&here.text), *bytes));
	vl_here_free(&here);
	return st;
}

enum vl_status
vl_keyfiles_take(struct vl_keyfiles *k, struct vl_slice path,
    const struct vl_slice *bytes, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool same = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < k->n; i++) {
		if (!is_at(&k->list[i], path))
			continue;
		if (vl_family_is(k->list[i].words->name))
			st = same_bytes(k, path, bytes, &same, err);
		else
			st = same_key(k->list[i].words, bytes, &same, err);
		if (st == VL_OK && !same)
			st = add_other(k, k->list[i].words, path, err);
	}
	return st;
}

enum vl_status
vl_keyfiles_change(struct vl_keyfiles *k, const char *resource,
    struct vl_slice path, bool goes, struct vl_err *err)
{
	const struct vl_master_words *words = NULL;
	char shown[SHOWN];
	size_t i = 0;

	for (i = 0; !goes && i < k->nothers; i++)
		if (vl_slice_equal(vl_slice_of(k->others[i].path), path))
			words = k->others[i].words;
	for (i = 0; goes && i < k->n; i++)
		if (is_at(&k->list[i], path))
			words = k->list[i].words;
	if (words == NULL)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "resource '%s': '%s' has master key '%s' of this side, and %s: "
	    "what "
	    "is encrypted here could not be opened any more; name it in "
	    "'keep_here' or 'exclude'",
	    resource, vl_escape_text(shown, sizeof(shown), path), words->name,
	    goes ? "the bundle does not have the file" :
	           "the bundle has another one");
}

void
vl_keyfiles_free(struct vl_keyfiles *k)
{
	size_t i = 0;

	if (k == NULL)
		return;
	for (i = 0; k->list != NULL && i < k->n; i++)
		free(k->list[i].path);
	for (i = 0; i < k->nothers; i++)
		free(k->others[i].path);
	free(k->list);
	free(k->others);
	free(k);
}
