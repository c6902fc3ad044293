#ifndef VALISE_APPLY_MERGES_H
#define VALISE_APPLY_MERGES_H

/*
 * What of files of JSON and YAML stays the target's: `keep_here` with `file`,
 * and `members` (formats/profile.md, "Words about files").  Of one tree, whose
 * records come in the order of their paths.
 *
 *	new -> record* -> end -> free
 */

#include <valise/brought.h>
#include <valise/record.h>
#include <valise/site.h>
#include <valise/target.h>

struct vl_merges;
struct vl_merges_opts {
	const struct vl_site *site; /* borrowed until free, as all here */
	const char *resource;
	const struct vl_header_tree *tree;
	struct vl_brought brought;       /* of the tree's paths */
	enum vl_target_only target_only; /* of the tree */
	bool write; /* the list of what was brought, anew */
	/* A record that stays as it is here, whatever it holds. */
	bool (*leaves)(void *arg, struct vl_slice path);
	void *arg;
};

/* `*out` is NULL where the site says nothing of the kind. */
enum vl_status vl_merges_new(struct vl_merges **out,
    const struct vl_merges_opts *opts, struct vl_err *err);
/* Whether the file is one of those; asked of each record. */
enum vl_status vl_merges_ask(struct vl_merges *m, const struct vl_entry *e,
    bool *concerned, struct vl_err *err);
/*
 * Append to `out` what is to come in the place of `text`, which is that of the
 * bundle.  `e` gets the time that the file has here where nothing in it
 * changes.
 */
enum vl_status vl_merges_make(struct vl_merges *m, struct vl_entry *e,
    struct vl_slice text, struct vl_buf *out, struct vl_err *err);

/* Members of the file at `path` that change; those of files before it are
 * forgotten. */
struct vl_merges_told {
	void *arg;
	void (*member)(void *arg, enum vl_change change, struct vl_slice shown);
};
void vl_merges_tell(struct vl_merges *m, struct vl_slice path,
    const struct vl_merges_told *told);

enum vl_status vl_merges_end(struct vl_merges *m, struct vl_err *err);
void vl_merges_free(struct vl_merges *m);

#endif
