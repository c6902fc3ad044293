#ifndef VALISE_LINKS_H
#define VALISE_LINKS_H

/*
 * Hard links of one tree in a bundle: a line of type hard names an earlier
 * path.  Which paths are named, and by whom, is collected in one pass over
 * the lines (add), so that in the next one (leader) each such path can be
 * told when it comes, and check() can tell what no line answered.
 */

#include <valise/entry.h>
#include <valise/table.h>

struct vl_links;

/* Nothing is written to `dir` as long as there are no hard links. */
enum vl_status vl_links_new(
    struct vl_links **out, const char *dir, struct vl_err *err);
/* `path` is one more name of `to`. */
enum vl_status vl_links_add(struct vl_links *l, struct vl_slice to,
    struct vl_slice path, struct vl_err *err);
bool vl_links_any(const struct vl_links *l);

/*
 * In the second pass, for each path that is no directory, hard or left-out
 * line: is it one that others name?  Then it is met, and `*word` is a word
 * of the caller's that stays with it (0 at first); NULL: it is not named.
 */
uint64_t *vl_links_leader(struct vl_links *l, struct vl_slice path);
/* The word of `to` when a hard line names it; NULL: it was not met before,
 * which VL_EPATH should say. */
uint64_t *vl_links_of(struct vl_links *l, struct vl_slice to);
/* The paths that name `to`, in no order, until `each` returns false. */
enum vl_status vl_links_names(struct vl_links *l, struct vl_slice to,
    bool (*each)(void *arg, struct vl_slice path), void *arg,
    struct vl_err *err);
/* After the second pass: every path that was named was met.  VL_EPATH. */
enum vl_status vl_links_check(struct vl_links *l, struct vl_err *err);
void vl_links_free(struct vl_links *l);

#endif
