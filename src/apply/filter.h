#ifndef VALISE_APPLY_FILTER_H
#define VALISE_APPLY_FILTER_H

/*
 * Between a bundle's records and a target: `map` gives paths other names,
 * `rewrite` replaces text in files (formats/site.md).  Both are of one
 * resource; `rewrite` sees the paths that `map` made, which are the target's.
 * The manifest keeps the source's paths and contents.
 */

#include <valise/links.h>
#include <valise/owned.h>
#include <valise/record.h>
#include <valise/site.h>
#include <valise/ties.h>

struct vl_merges;
struct vl_fills;
struct vl_keyfiles;
struct vl_filter_opts {
	const struct vl_site *site;     /* borrowed until free */
	const char *resource;           /* as `site` */
	const char *tempdir;            /* for unlinked files; as `site` */
	struct vl_hasher_maker hashers; /* of vl_rewrite_new() */
	/* Of vl_map_new(): keys in paths become ids first, asked for by add.
	 * Records that are tied to a row that is not to be here are passed
	 * over.  Or NULL. */
	struct vl_ties *ties;
	/* The same of a tree whose files rows own: where each goes. */
	struct vl_owned *owned;
	struct vl_links
	    *links; /* with `ties` or `owned`: told of hard links; or NULL */
	/* Of vl_rewrite_new(): what of files stays the target's; or NULL. */
	struct vl_merges *merges;
	/* The same: told of files in which master keys stand; or NULL. */
	struct vl_keyfiles *keyfiles;
	/* The same: puts secrets back into them; or NULL. */
	struct vl_fills *fills;
	bool hold; /* no rules: records are held, and yielded as they are */
};

/*
 *	new -> add* -> finish -> next* -> free
 *
 * free comes after the vl_target_end() of the target that got the bodies.
 */
struct vl_map_sort;

/* `*out` is NULL where the site has no rule for the resource: records pass
 * as they are. */
enum vl_status vl_map_new(struct vl_map_sort **out,
    const struct vl_filter_opts *opts, struct vl_err *err);
/*
 * One record, in manifest order, the root first.  Of a file, `body` is read
 * to its end by its part(); what its chunk() and release() give is used until
 * free.  `body` is the same for every record, and is copied.
 *
 * VL_EREFUSED  a rule of a single path meets a directory, a path becomes one
 *              that cannot be, a hard link would stand before its file, a key
 *              of no row
 * VL_EFORMAT   as vl_ties_path()
 */
enum vl_status vl_map_add(struct vl_map_sort *m, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err);
enum vl_status vl_map_finish(struct vl_map_sort *m, struct vl_err *err);
/*
 * The next record in the order of the target's paths; `*more` is false
 * behind the last.  `e` is valid until the next call, `body` (of any type)
 * as vl_target_put() wants it.  Directories that no record tells of and
 * something is moved into are yielded, too.
 *
 * VL_EREFUSED  two paths became one, and not both are directories; something
 *              came to stand below what is no directory
 */
enum vl_status vl_map_next(struct vl_map_sort *m, struct vl_entry *e,
    struct vl_body *body, bool *more, struct vl_err *err);
void vl_map_free(struct vl_map_sort *m);

#define VL_REWRITE_MAX (16u << 20) /* bytes of a file, before and after */

/*
 *	new -> record* -> free		free as above
 *
 * Memory is that of one file; what was rewritten stands in an unlinked file
 * until free.  A survey need not ask: it sees the sizes before, and content
 * grows little.
 */
struct vl_rewrites;
struct vl_rewrite_counts {
	uint64_t files; /* that were changed */
	uint64_t replacements;
};

/* `*out` is NULL where the site has no rule for the resource, and nothing is
 * merged. */
enum vl_status vl_rewrite_new(struct vl_rewrites **out,
    const struct vl_filter_opts *opts, struct vl_err *err);
/*
 * `e` and `*body` become what the target is to see: of a file that matches
 * and is text, with other size, hash and body, and no holes; of anything else
 * what they are.  `*body` before the call is the same for every record.
 *
 * VL_EREFUSED  the file matches, is text, and longer than VL_REWRITE_MAX
 */
enum vl_status vl_rewrite_record(struct vl_rewrites *rw, struct vl_entry *e,
    struct vl_body *body, struct vl_err *err);
void vl_rewrite_counts(
    const struct vl_rewrites *rw, struct vl_rewrite_counts *counts);
void vl_rewrite_free(struct vl_rewrites *rw);

#endif
