#ifndef VALISE_SOURCE_KIND_H
#define VALISE_SOURCE_KIND_H

/* A kind of source: the doors of source.h, for one kind of resource. */

#include <valise/source.h>

struct source_kind {
	enum vl_status (*open)(struct vl_source **out,
	    const struct vl_resource *resource,
	    const struct vl_source_opts *opts, struct vl_err *err);
	enum vl_status (*ready)(struct vl_source *s, struct vl_err *err);
	enum vl_status (*next)(
	    struct vl_source *s, struct vl_record *rec, struct vl_err *err);
	enum vl_status (*hole)(
	    struct vl_source *s, uint64_t *n, struct vl_err *err);
	enum vl_status (*read)(struct vl_source *s, uint8_t *p, size_t n,
	    size_t *got, struct vl_err *err);
	enum vl_status (*settle)(
	    struct vl_source *s, enum vl_settled *how, struct vl_err *err);
	/* NULL where no rows are in it. */
	enum vl_status (*key)(struct vl_source *s, const struct vl_tie *tie,
	    struct vl_slice id, struct vl_buf *key, enum vl_tied *how,
	    struct vl_err *err);
	void (*counts)(
	    const struct vl_source *s, struct vl_source_counts *counts);
	const char *(*path)(const struct vl_source *s);
	void (*free)(struct vl_source *s);
};

/* The first member of every kind's own struct. */
struct vl_source {
	const struct source_kind *kind;
};

extern const struct source_kind vl_source_files;
extern const struct source_kind vl_source_sqlite;

#endif
