#ifndef VALISE_PLACE_MERGE_H
#define VALISE_PLACE_MERGE_H

/* One merge from inside. */

#include <valise/merge.h>

#include "nodes.h"

/* In YAML the node `there` became `here`; or `here` is new in the map. */
struct swap {
	uint32_t there;
	uint32_t here;
	bool new;
};

struct merging {
	const struct vl_merge *m;
	struct nodes there;
	struct nodes here;
	struct vl_buf *out;
	size_t at;     /* of the source's text, all before is in `out` */
	size_t put_at; /* where the last one was put into empty braces */
	struct swap *swaps;
	size_t nswaps;
	size_t swaps_cap;
	struct vl_buf name; /* of the member in hand */
	struct vl_buf shown;
	struct vl_err *err;
};

/* Members of a map, by name. */
struct members {
	const struct nodes *nodes;
	uint32_t *list;
	size_t n;
};

/* Two maps; `here` may be NO_NODE. */
struct both {
	uint32_t there;
	uint32_t here;
	uint32_t last;         /* member of `there`; or NO_NODE */
	enum vl_merge_how how; /* VALUE: its members are no records */
};

/* merge_mark.c: the members of a map, by name; of none without one.  The list
 * is freed by the caller.  VL_EREFUSED: two have one name. */
enum vl_status merge_index(
    struct members *ix, struct nodes *n, uint32_t map, struct vl_err *err);
/* The member of that name, or NO_NODE. */
uint32_t merge_find(const struct members *ix, struct vl_slice name);
/* What the line's path selects in the text is marked. */
enum vl_status merge_mark(
    struct nodes *n, const struct vl_merge_line *line, struct vl_err *err);

#endif
