#ifndef VALISE_FAMILY_H
#define VALISE_FAMILY_H

/*
 * Families of master keys (formats/site.md, "Master keys"): one entry whose
 * name and place hold parts in braces, and its members, one for each of the
 * texts that stand in their place in paths of files.
 */

#include <valise/site.h>

/* What stands for a part in the path of the file in hand; borrowed. */
struct vl_captured {
	struct vl_slice name; /* "tenant" */
	struct vl_slice text; /* a component of the path, or a piece of one */
};
struct vl_captured_list {
	const struct vl_captured *list;
	size_t n;
};

/* Whether the name has parts. */
bool vl_family_is(const char *name);
/* The next part of a name from `*at` on, and what stands before it; false:
 * there is none, and `before` is the rest. */
bool vl_family_next(
    const char **at, struct vl_slice *before, struct vl_slice *part);
/* What is wrong with an entry of a family, or NULL. */
const char *vl_family_wrong(const struct vl_master_words *m);

/* `words` have name, file and paths of their own, and borrow all else. */
struct vl_family_member {
	struct vl_master_words words;
};
/*
 * The entry with its parts filled; the name is for messages.  VL_EUSAGE: a part
 * is not in `with`, its text is none (empty, NUL, '/'), or the file would lie
 * elsewhere.  After a failure there is nothing to free.
 */
enum vl_status vl_family_member(struct vl_family_member *m,
    const struct vl_master_words *family, const struct vl_captured_list *with,
    struct vl_err *err);
void vl_family_free(struct vl_family_member *m);

#endif
