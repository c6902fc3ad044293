/*
 * Trees whose files rows own (formats/profile.md, "Rows that own files"):
 * which they are, what the bundle has in them and what the target has there.
 * Names are settled when the rows are compared; so the lines of the tree are
 * read before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/entry.h>
#include <valise/text.h>

#include "databases.h"
#include "here.h"

#define BUFFER (256u << 10)

static bool
in_bundle(const struct vl_run *run, const char *resource)
{
	const struct vl_inner_head *inner = vl_unpack_inner(run->intake.unpack);
	size_t i = 0;

	for (i = 0; i < inner->nresources; i++)
		if (strcmp(inner->resources[i].name, resource) == 0)
			return true;
	return false;
}

static enum vl_status
hash_content(const struct vl_run *run, int fd, uint64_t size,
    struct vl_owned_seen *seen, struct vl_err *err)
{
	const struct vl_hasher_maker maker =
	    vl_ids_hashers(vl_unpack_ids(run->intake.unpack));
	uint8_t *buffer = malloc(BUFFER);
	struct vl_hasher *h = NULL;
	enum vl_status st = VL_OK;
	ssize_t got = 0;

	if (buffer == NULL)
		return vl_fail_memory(err);
	st = maker.make(maker.arg, &h, err);
	if (st == VL_OK)
		h->ops->begin(h, size);
	while (st == VL_OK) {
		got = read(fd, buffer, BUFFER);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		st = h->ops->add(
		    h, (struct vl_slice){ buffer, (size_t)got }, err);
	}
	if (got < 0 && st == VL_OK)
		st = vl_fail_errno(err, "cannot read it");
	if (st == VL_OK)
		seen->hashed = h->ops->end(h, seen->hash);
	if (h != NULL)
		h->ops->free(h);
	free(buffer);
	return st;
}

/* Who may not read a file finds that it is there, and no more. */
static enum vl_status
look_at(const struct vl_run *run, int parent, const char *name,
    struct vl_owned_seen *seen, struct vl_err *err)
{
	struct stat st;
	enum vl_status status = VL_OK;
	int fd = -1;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return vl_here_absent(errno) ?
		    VL_OK :
		    vl_fail_errno(err, "cannot look at it");
	seen->there = true;
	if (!S_ISREG(st.st_mode))
		return VL_OK;
	fd = openat(
	    parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? VL_OK :
		                         vl_fail_errno(err, "cannot open it");
	if (fstat(fd, &st) != 0)
		status = vl_fail_errno(err, "cannot look at it");
	else if (S_ISREG(st.st_mode))
		status = hash_content(run, fd, (uint64_t)st.st_size, seen, err);
	close(fd);
	return status;
}

static enum vl_status
look(void *arg, const char *tree, struct vl_slice path,
    struct vl_owned_seen *seen, struct vl_err *err)
{
	struct vl_run *run = arg;
	const struct vl_part *p = vl_part_of(run, vl_slice_of(tree));
	const char *root = run->header.trees[p - run->parts].root;
	char name[VL_NAME_MAX + 1];
	char shown[256];
	enum vl_status st = VL_OK;
	int parent = vl_here_parent(root, path, name);

	if (parent < 0 && vl_here_absent(errno))
		return VL_OK;
	if (parent < 0) {
		st = vl_fail_errno(err, "cannot look at its directory");
	} else {
		st = look_at(run, parent, name, seen, err);
		close(parent);
	}
	return st == VL_OK ?
	    VL_OK :
	    vl_within(err, "cannot look at '%s' of '%s'",
	        vl_escape_text(shown, sizeof(shown), path), tree);
}

/* Names that rows say are those of the target; a rule would make others. */
static enum vl_status
check_map(const struct vl_run *run, const char *tree, struct vl_err *err)
{
	const struct vl_site *site = run->opts->site;
	size_t i = 0;

	for (i = 0; i < site->nmap; i++)
		if (strcmp(site->map[i].resource, tree) == 0)
			return vl_fail(err, VL_EREFUSED,
			    "'map' of '%s': rows own its files, and would not "
			    "follow",
			    tree);
	return VL_OK;
}

static enum vl_status
add_line(struct vl_run *run, const char *database, const char *tree,
    struct vl_err *err)
{
	struct vl_base *b = vl_base_of(run, vl_slice_of(database));
	struct vl_part *p = vl_part_of(run, vl_slice_of(tree));
	enum vl_status st = VL_OK;

	if ((b == NULL && p == NULL) || !in_bundle(run, tree))
		return VL_OK;
	if (b == NULL || p == NULL)
		return vl_fail(err, VL_EREFUSED,
		    "files of resource '%s' belong to rows of '%s': they are "
		    "imported together",
		    tree, database);
	if (p->owner != NULL && p->owner != b)
		return vl_fail(err, VL_EREFUSED,
		    "files of resource '%s' belong to rows of two databases",
		    tree);
	p->owner = b;
	st = check_map(run, tree, err);
	if (st == VL_OK && b->owned == NULL) {
		st = vl_owned_new(&b->owned, err);
		if (st == VL_OK)
			vl_owned_ask(
			    b->owned, &(struct vl_owned_look){ run, look });
	}
	return st == VL_OK ? vl_owned_tree(b->owned, tree, err) : st;
}

enum vl_status
vl_owned_add(struct vl_run *run, const struct vl_profile *p, struct vl_err *err)
{
	const struct vl_profile_resource *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->nresources; i++) {
		r = &p->resources[i];
		for (k = 0; st == VL_OK && k < r->nfiles; k++)
			st = add_line(run, r->resource, r->files[k].in, err);
	}
	return st;
}

static bool
any_owned(const struct vl_run *run)
{
	size_t i = 0;

	for (i = 0; i < run->header.ntrees; i++)
		if (run->parts[i].owner != NULL)
			return true;
	return false;
}

/* Files of rows are told apart by their contents, and those are not whole. */
static enum vl_status
check_plain(const struct vl_entry *e, const char *resource, struct vl_err *err)
{
	char shown[256];

	if (e->nslots == 0)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "resource '%s': rows own files of it, and '%s' has secrets in it, "
	    "which this version does not do together",
	    resource, vl_escape_text(shown, sizeof(shown), e->path));
}

enum vl_status
vl_owned_read(struct vl_run *run, struct vl_err *err)
{
	struct vl_unpack *u = NULL;
	struct vl_unpacked rec = { 0 };
	const struct vl_part *p = NULL;
	const struct vl_entry *e = &rec.entry;
	enum vl_status st = VL_OK;

	if (!any_owned(run))
		return VL_OK;
	st = vl_intake_lines(run, &u, err);
	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = vl_run_goes_on(run, rec.number, "reading", err);
		p = vl_part_of(run, rec.resource);
		if (st != VL_OK || p == NULL || p->owner == NULL ||
		    rec.kind != VL_LINE_ENTRY || e->type == VL_ENTRY_DIR ||
		    e->type == VL_ENTRY_LEFT_OUT)
			continue;
		st = check_plain(e, p->resource->name, err);
		if (st != VL_OK)
			break;
		if (e->type == VL_ENTRY_HARD)
			st = vl_owned_linked(p->owner->owned, p->resource->name,
			    e->path, e->target, err);
		else
			st = vl_owned_came(p->owner->owned, p->resource->name,
			    e->path, e->type == VL_ENTRY_FILE ? e->hash : NULL,
			    err);
	}
	vl_unpack_free(u);
	return st;
}

enum vl_status
vl_owned_named(void *arg, const char *resource, struct vl_slice path,
    enum vl_named *what, struct vl_err *err)
{
	static const enum vl_named named[] = {
		[VL_OWNED_NOT] = VL_NAMED_NOT,
		[VL_OWNED_STAYS] = VL_NAMED_STAYS,
		[VL_OWNED_GOES] = VL_NAMED_GOES,
		[VL_OWNED_BELOW] = VL_NAMED_BELOW,
	};
	struct vl_run *run = arg;
	const struct vl_part *p = vl_part_of(run, vl_slice_of(resource));
	enum vl_owned_after after = VL_OWNED_NOT;
	enum vl_status st =
	    vl_owned_after(p->owner->owned, resource, path, &after, err);

	*what = named[after];
	return st;
}
