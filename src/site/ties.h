#ifndef VALISE_SITE_TIES_H
#define VALISE_SITE_TIES_H

/* Between ties.c, which reads the lines, and ties_path.c, which uses them. */

#include <valise/ties.h>

/* A component: its name; or what stands before and behind an id. */
struct tie_part {
	bool is_id;
	struct vl_slice before;
	struct vl_slice after;
	struct vl_tie tie;
	/* The last key that was asked for, and what it is here. */
	bool known;
	struct vl_buf key;
	struct vl_buf id;
	enum vl_tied how;
};

struct tie_pattern {
	char *text; /* without the stars; all parts are of it */
	char *database;
	struct tie_part *parts;
	size_t n;
	bool fits; /* the components of a path so far */
};

/* No name is one of two lines that treat it differently. */
struct vl_ties {
	struct tie_pattern *patterns;
	size_t n;
	struct vl_tie_finder finder;
	struct vl_buf name; /* of the component in hand, here */
	struct vl_buf key;  /* in it */
};

/* The name is the component's, or may be with an id in it. */
bool tie_fits(const struct tie_part *part, struct vl_slice name);

#endif
