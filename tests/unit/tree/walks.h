#ifndef WALKS_H
#define WALKS_H

/* Walking a tree of trees.h. */

#include "trees.h"

static const struct vl_walk_opts plain = { 0 };

static inline struct vl_walk *
walk_open(const struct trees *t, struct vl_walk_opts opts)
{
	struct vl_walk *w = NULL;
	struct vl_err err = { 0 };

	opts.root = t->root;
	opts.tempdir = t->path;
	assert_int_equal(VL_OK, vl_walk_open(&w, &opts, &err));
	return w;
}

static inline bool
walk_next(struct vl_walk *w, struct vl_node *node)
{
	struct vl_err err = { 0 };
	bool more = false;

	if (vl_walk_next(w, node, &more, &err) != VL_OK)
		fail_msg("%s", err.text);
	return more;
}

/* Make `depth` directories "d" in each other, and a file "z" in each. */
static inline void
make_chain(int rootfd, size_t depth)
{
	int fd = dup(rootfd);
	int next = -1;
	size_t i;

	for (i = 0; i < depth; i++) {
		make_file(fd, "z", "");
		next = make_and_enter(fd, "d");
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
}

#endif
