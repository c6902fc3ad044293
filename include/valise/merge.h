#ifndef VALISE_MERGE_H
#define VALISE_MERGE_H

/*
 * A text of JSON or YAML that comes from a source, and what of the target's
 * own stays in it (formats/profile.md, "Words about files"): values that paths
 * select, and members of objects.  The text is the source's byte by byte, but
 * for these.  Pure.
 */

#include <valise/bytes.h>

#define VL_MERGE_MAX (16u << 20) /* bytes of either text */

enum vl_merge_how {
	/* What the path selects is the target's. */
	VL_MERGE_VALUE,
	/* It selects objects, whose members are records.  The source's are
	 * here, too; of those that only the target has each goes, stays, or
	 * goes where an import brought it. */
	VL_MERGE_DELETE,
	VL_MERGE_KEEP,
	VL_MERGE_BROUGHT
};

/* VL_EUSAGE: it is no path to values. */
struct vl_merge_path;
enum vl_status vl_merge_path_new(
    struct vl_merge_path **out, const char *text, struct vl_err *err);
void vl_merge_path_free(struct vl_merge_path *p);

struct vl_merge_line {
	const struct vl_merge_path *path;
	enum vl_merge_how how;
};

enum vl_member_fate {
	VL_MEMBER_NEW,     /* the target has none of this name */
	VL_MEMBER_CHANGED, /* it is another one there */
	VL_MEMBER_SAME,
	VL_MEMBER_STAYS, /* only the target has it */
	VL_MEMBER_GOES
};
struct vl_member {
	enum vl_member_fate fate;
	enum vl_merge_how how; /* of the line that counts */
	struct vl_slice name;  /* canonical JSON: all names down to it */
	struct vl_slice shown; /* the same as a path */
};

struct vl_merge {
	bool yaml; /* else JSON; of YAML no line is about members */
	/* Of two about one object the last counts; VL_MERGE_VALUE before
	 * all. */
	const struct vl_merge_line *lines;
	size_t n;
	struct vl_slice there; /* the source's */
	struct vl_slice here;  /* p is NULL: the target has none */
	void *arg;
	/* Was it brought?  Asked of what only the target has. */
	bool (*brought)(void *arg, struct vl_slice name);
	/* Each member, once. */
	enum vl_status (*member)(
	    void *arg, const struct vl_member *m, struct vl_err *err);
};

/*
 * Append the text.  A value stays where the source's text has it, too, or has
 * the object that it is in; then it comes behind the other members (of YAML
 * before them).
 *
 * VL_EREFUSED  one of the texts cannot be read, or holds more than it may; a
 *              path goes over a list, whose elements have no names; members of
 *              what is no object; a name twice; YAML that would not be the
 *              same value elsewhere
 */
enum vl_status vl_merge(
    struct vl_buf *out, const struct vl_merge *m, struct vl_err *err);

/*
 * How much of a text one line is about: values, or members.  VL_EREFUSED as
 * above.
 */
enum vl_status vl_merge_count(uint64_t *n, struct vl_slice text, bool yaml,
    const struct vl_merge_line *line, struct vl_err *err);

#endif
