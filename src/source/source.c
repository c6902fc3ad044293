/* The kinds of source, and the way to each. */

#include "kind.h"

static const struct source_kind *const kinds[] = {
	[VL_KIND_FILES] = &vl_source_files,
	[VL_KIND_SQLITE] = &vl_source_sqlite,
};

enum vl_status
vl_source_open(struct vl_source **out, const struct vl_resource *resource,
    const struct vl_source_opts *opts, struct vl_err *err)
{
	const struct source_kind *kind = kinds[resource->kind];
	enum vl_status st = VL_OK;

	*out = NULL;
	st = kind->open(out, resource, opts, err);
	if (st != VL_OK)
		return vl_within(err,
		    "resource '%s' (line %u of the site file)", resource->name,
		    resource->line);
	(*out)->kind = kind;
	return VL_OK;
}

enum vl_status
vl_source_ready(struct vl_source *s, struct vl_err *err)
{
	return s->kind->ready(s, err);
}

enum vl_status
vl_source_next(struct vl_source *s, struct vl_record *rec, struct vl_err *err)
{
	return s->kind->next(s, rec, err);
}

enum vl_status
vl_source_hole(struct vl_source *s, uint64_t *n, struct vl_err *err)
{
	return s->kind->hole(s, n, err);
}

enum vl_status
vl_source_read(
    struct vl_source *s, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	return s->kind->read(s, p, n, got, err);
}

enum vl_status
vl_source_settle(struct vl_source *s, enum vl_settled *how, struct vl_err *err)
{
	return s->kind->settle(s, how, err);
}

enum vl_status
vl_source_key(struct vl_source *s, const struct vl_tie *tie, struct vl_slice id,
    struct vl_buf *key, enum vl_tied *how, struct vl_err *err)
{
	if (s->kind->key == NULL)
		return vl_fail(err, VL_EUSAGE, "resource '%s' is no database",
		    tie->database);
	return s->kind->key(s, tie, id, key, how, err);
}

void
vl_source_counts(const struct vl_source *s, struct vl_source_counts *counts)
{
	s->kind->counts(s, counts);
}

const char *
vl_source_path(const struct vl_source *s)
{
	return s->kind->path(s);
}

void
vl_source_free(struct vl_source *s)
{
	if (s != NULL)
		s->kind->free(s);
}
