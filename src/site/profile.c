/* A profile, loaded (formats/profile.md); and what its texts are made of. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "read.h"

bool
vl_profile_split(
    const char *text, struct vl_slice *table, struct vl_slice *column)
{
	const char *dot = NULL;
	const char *p = text;
	bool braces = false;

	for (; *p != '\0'; p++) {
		if (*p == '{')
			braces = true;
		else if (*p == '}')
			braces = false;
		else if (*p == '.' && !braces)
			dot = p;
	}
	if (dot == NULL || dot == text || dot[1] == '\0')
		return false;
	*table =
	    (struct vl_slice){ (const uint8_t *)text, (size_t)(dot - text) };
	*column = vl_slice_of(dot + 1);
	return true;
}

const struct vl_profile_resource *
vl_profile_resource(const struct vl_profile *p, const char *resource)
{
	size_t i = 0;

	for (i = 0; i < p->nresources; i++)
		if (strcmp(p->resources[i].resource, resource) == 0)
			return &p->resources[i];
	return NULL;
}

void
vl_profile_free(struct vl_profile *p)
{
	if (p == NULL)
		return;
	vl_site_clear(VL_SCOPE_PROFILE, p);
	free(p->file);
	free(p->dir);
	free(p->site_file);
	free(p);
}

static enum vl_status
check_whole(const struct vl_profile *p, const struct vl_site_node *root,
    struct vl_err *err)
{
	if (p->nresources + p->nciphers > 0)
		return VL_OK;
	return vl_site_fail(
	    p->file, root, err, "the profile has no 'resources'");
}

enum vl_status
vl_profile_read(struct vl_profile **out, const struct vl_profile_source *from,
    struct vl_err *err)
{
	const struct vl_site_reader r = { .file = from->file, .dir = "/" };
	struct vl_profile *p = calloc(1, sizeof(*p));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (p != NULL)
		p->file = strdup(from->file);
	if (p != NULL && from->site_file != NULL)
		p->site_file = strdup(from->site_file);
	if (p == NULL || p->file == NULL ||
	    (from->site_file != NULL && p->site_file == NULL))
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = vl_site_read_map(&r, VL_SCOPE_PROFILE, p, from->root, err);
	if (st == VL_OK && !from->partial)
		st = check_whole(p, from->root, err);
	if (st == VL_OK)
		st = vl_profile_settle(p, from->partial, err);
	if (st == VL_OK) {
		*out = p;
		p = NULL;
	}
	vl_profile_free(p);
	return st;
}

enum vl_status
vl_profile_parse(struct vl_profile **out, const char *file,
    struct vl_slice text, struct vl_err *err)
{
	struct vl_profile_source from = { 0 };
	struct vl_site_node *root = NULL;
	char shown[PATH_MAX];
	enum vl_status st = VL_OK;

	*out = NULL;
	from.file = vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	st = vl_site_yaml(&root, shown, text, err);
	from.root = root;
	if (st == VL_OK)
		st = vl_profile_read(out, &from, err);
	vl_site_node_free(root);
	return st;
}

enum vl_status
vl_profile_file(
    struct vl_site_node **root, const char *file, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_err why = { 0 };
	char shown[PATH_MAX];
	char *real = realpath(file, NULL);
	enum vl_status st = VL_OK;

	*root = NULL;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (real != NULL)
		st =
		    vl_read_file(AT_FDCWD, real, VL_SITE_FILE_MAX, &text, &why);
	if (real == NULL || st != VL_OK)
		st = vl_fail(err, VL_EUSAGE, "cannot read profile '%s': %s",
		    shown, real == NULL ? strerror(errno) : why.text);
	else
		st = vl_site_yaml(root, shown, vl_buf_slice(&text), err);
	free(real);
	vl_buf_free(&text);
	return st;
}

enum vl_status
vl_profile_load(struct vl_profile **out, const char *file, struct vl_err *err)
{
	struct vl_profile_source from = { 0 };
	struct vl_site_node *root = NULL;
	char shown[PATH_MAX];
	enum vl_status st = VL_OK;

	*out = NULL;
	from.file = vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	st = vl_profile_file(&root, file, err);
	from.root = root;
	if (st == VL_OK)
		st = vl_profile_read(out, &from, err);
	vl_site_node_free(root);
	return st;
}

const char *
vl_reference_path(const struct vl_reference *ref)
{
	if (ref->json != NULL)
		return ref->json;
	return ref->php != NULL ? ref->php : ref->yaml;
}

bool
vl_reference_inside(const struct vl_reference *ref)
{
	return ref->unpack != VL_PACKING_NONE ||
	    vl_reference_path(ref) != NULL || ref->pattern != NULL ||
	    ref->split != NULL;
}
