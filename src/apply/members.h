#ifndef VALISE_APPLY_MEMBERS_H
#define VALISE_APPLY_MEMBERS_H

/*
 * Which members of objects in files of a tree imports of the series created: a
 * list of the state, read beside the files in the order of their paths and
 * written anew (docs/transaction.md, "What was brought").
 *
 *	open -> (read -> write)* -> end -> free
 */

#include <valise/brought.h>

/* Texts, each ended by LF, in one buffer. */
struct vl_lines {
	struct vl_buf text;
	struct vl_slice *list; /* ascending, once they are sorted */
	size_t n;
};
void vl_lines_clear(struct vl_lines *l);
enum vl_status vl_lines_add(
    struct vl_lines *l, struct vl_slice text, struct vl_err *err);
enum vl_status vl_lines_sort(struct vl_lines *l, struct vl_err *err);
bool vl_lines_have(const struct vl_lines *l, struct vl_slice text);
void vl_lines_free(struct vl_lines *l);

struct vl_members_opts {
	struct vl_brought brought; /* of the tree's paths */
	bool brings;               /* new ones may come */
	bool write;
	void *arg;
	/* A file of the list that is none of those which are read: it is here
	 * afterwards.  Asked in the order of their paths. */
	enum vl_status (*left)(
	    void *arg, struct vl_slice path, bool *left, struct vl_err *err);
};
struct vl_members_list;
enum vl_status vl_members_open(struct vl_members_list **out,
    const struct vl_members_opts *opts, struct vl_err *err);
/* What was brought of that file. */
enum vl_status vl_members_read(struct vl_members_list *l, struct vl_slice path,
    struct vl_lines *was, struct vl_err *err);
/* What of the file is brought now. */
enum vl_status vl_members_write(struct vl_members_list *l, struct vl_slice path,
    const struct vl_lines *will, struct vl_err *err);
enum vl_status vl_members_end(struct vl_members_list *l, struct vl_err *err);
void vl_members_free(struct vl_members_list *l);

#endif
