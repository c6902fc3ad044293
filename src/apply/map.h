#ifndef VALISE_APPLY_MAP_H
#define VALISE_APPLY_MAP_H

/*
 * The sort behind `map`, for map.c, which fills it, and map_next.c, which
 * reads it.
 *
 * A target takes records in the order of its own paths, so they are sorted.
 * An item of the sort is a key and a piece of a record:
 *
 *	path with '/' as 00, 00 00	names hold no 00 and are not empty, so
 *					that bytes compare as paths do
 *	1 byte	  0 its own path, 1 mapped: the own one is met first
 *	8 bytes	  number of the record, big-endian
 *	1 byte	  head or refs
 *	4 bytes	  number of the piece, big-endian
 *
 * The head is le16 length of the source's path (0: the same), that path, and
 * the record's line with the target's path.  Refs are the chunks of a body.
 */

#include <valise/sort.h>

#include "filter.h"

#define VL_MAP_REF_SIZE    26
#define VL_MAP_PREFIX_TAIL 11 /* bytes of a key, from 00 00 to the number */
#define VL_MAP_KEY_TAIL    5  /* the rest of it */
#define VL_MAP_SHOWN       256

enum vl_map_kind {
	VL_MAP_HEAD,
	VL_MAP_REFS
};

struct vl_map_rule {
	struct vl_slice from;
	struct vl_slice to;
	bool all; /* and all below */
};

/* A directory above the record that was yielded last, or that record. */
struct vl_map_dir {
	size_t path_n;
	size_t line_at; /* in `lines`; of one that was made, the line of the
	                 * one whose attributes it has */
	size_t line_n;
};

struct vl_map_sort {
	struct vl_map_rule *rules;
	size_t nrules;
	const char *tree;
	struct vl_ties *ties;   /* or NULL */
	struct vl_owned *owned; /* or NULL */
	struct vl_links *links; /* or NULL */
	struct vl_sort *sort;
	struct vl_body body; /* of every record; set once */

	/* While records are added. */
	uint64_t number;
	struct vl_buf here; /* a path with ids */
	struct vl_buf path;
	struct vl_buf target;
	struct vl_buf text; /* head or refs */
	struct vl_buf out;
	struct vl_buf places; /* paths of one record, each with a NUL */
	struct vl_buf keys;   /* of its items, each behind its length */

	/* While they are yielded. */
	struct vl_slice item; /* not taken yet; p is NULL at the end */
	size_t at;            /* of `item`: what of its refs is taken */
	struct vl_buf prefix; /* of the record in hand, up to its number */
	struct vl_buf head;
	struct vl_entry_store store;
	struct vl_buf now; /* path of `item`, where it begins a record */
	struct vl_buf last;
	struct vl_buf last_from;
	enum vl_entry_type last_type;
	/* Never more than a path has components; each line is bounded. */
	struct vl_buf lines;
	struct vl_map_dir dirs[VL_PATH_DEPTH_MAX + 1];
	size_t ndirs;
};

#endif
