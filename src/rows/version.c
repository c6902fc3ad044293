/* The version of the application, which both sides must agree in. */

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/fs.h>
#include <valise/run.h>
#include <valise/text.h>

#include "put.h"

#define FILE_MAX    (1u << 20) /* bytes */
#define SECONDS_MAX 30         /* of a command */

static bool
asks(const struct vl_rows_opts *opts)
{
	const struct vl_profile *p = opts->profile;

	return p != NULL && p->version_resource != NULL &&
	    strcmp(p->version_resource, opts->resource) == 0 &&
	    (p->version_sql != NULL || p->version_file != NULL ||
	        p->nversion_command > 0);
}

/* The one value at the path, of a file that is JSON or YAML. */
static enum vl_status
read_inside(struct vl_buf *out, const struct vl_profile *p,
    struct vl_slice text, struct vl_err *err)
{
	const struct vl_finder_words words = { .json = p->version_json,
		.yaml = p->version_yaml };
	struct vl_places places = { 0 };
	struct vl_finder *finder = NULL;
	enum vl_status st = vl_finder_new(&finder, &words, err);

	if (st == VL_OK && vl_finder_find(finder, text, &places, err) != VL_OK)
		st = vl_fail(err, VL_EUSAGE, "'%s' is not %s: %s",
		    p->version_file, p->version_json != NULL ? "JSON" : "YAML",
		    err->text);
	if (st == VL_OK && places.n != 1)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' has %zu values at '%s', and one is the version",
		    p->version_file, places.n,
		    p->version_json != NULL ? p->version_json :
		                              p->version_yaml);
	if (st == VL_OK)
		st = vl_place_read(out, text, &places.list[0], err);
	vl_finder_free(finder);
	vl_places_free(&places);
	return st;
}

static enum vl_status
read_file(struct vl_buf *out, const struct vl_profile *p, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err why = { 0 };
	char *real = NULL;
	enum vl_status st = VL_OK;

	if (p->version_file[0] != '/')
		st = vl_buf_printf(
		    &path, err, "%s/", p->dir == NULL ? "." : p->dir);
	if (st == VL_OK)
		st = vl_buf_printf(&path, err, "%s%c", p->version_file, 0);
	if (st != VL_OK)
		goto out;
	real = realpath((const char *)path.p, NULL);
	if (real == NULL)
		st = vl_fail(err, VL_EUSAGE, "cannot read '%s': %s",
		    (const char *)path.p, strerror(errno));
	else if (vl_read_file(AT_FDCWD, real, FILE_MAX, &text, &why) != VL_OK)
		st = vl_fail(err, VL_EUSAGE, "cannot read '%s': %s",
		    (const char *)path.p, why.text);
	else if (p->version_json != NULL || p->version_yaml != NULL)
		st = read_inside(out, p, vl_buf_slice(&text), err);
	else
		st = vl_buf_add(out, vl_buf_slice(&text), err);
out:
	free(real);
	vl_buf_free(&path);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
run_command(struct vl_buf *out, const struct vl_profile *p, struct vl_err *err)
{
	struct vl_program program = { .seconds = SECONDS_MAX,
		.max = VL_APPVERSION_MAX };
	char **words = calloc(p->nversion_command + 1, sizeof(*words));
	enum vl_status st = VL_OK;

	if (words == NULL)
		return vl_fail_memory(err);
	memcpy(words, p->version_command, p->nversion_command * sizeof(*words));
	program.words = words;
	st = vl_program_output(out, &program, err);
	free(words);
	return st;
}

/* Without what ends its line; one line of text, of what is there. */
static enum vl_status
check_text(struct vl_buf *out, size_t from, struct vl_err *err)
{
	struct vl_slice text = { 0 };

	while (out->n > from && strchr(" \t\r\n", out->p[out->n - 1]) != NULL &&
	    out->p[out->n - 1] != '\0')
		out->n--;
	text = (struct vl_slice){ out->p + from, out->n - from };
	if (text.n == 0)
		return vl_fail(err, VL_EUSAGE, "the version is empty");
	if (text.n > VL_APPVERSION_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "the version is of more than %d bytes", VL_APPVERSION_MAX);
	if (memchr(text.p, '\0', text.n) != NULL ||
	    memchr(text.p, '\n', text.n) != NULL || !vl_utf8_valid(text))
		return vl_fail(
		    err, VL_EUSAGE, "the version is not one line of text");
	return VL_OK;
}

enum vl_status
vl_rows_version(
    struct vl_buf *out, const struct vl_rows_opts *opts, struct vl_err *err)
{
	const struct vl_profile *p = opts->profile;
	size_t from = out->n;
	enum vl_status st = VL_OK;

	if (!asks(opts))
		return VL_OK;
	if (p->version_sql != NULL)
		return vl_db_ask(opts->db, p->version_sql, out, err);
	st = p->version_file != NULL ? read_file(out, p, err) :
	                               run_command(out, p, err);
	if (st == VL_OK)
		st = check_text(out, from, err);
	return st == VL_OK ? VL_OK : vl_within(err, "'version'");
}

/* Both are of those that go together. */
static bool
accepted(const struct vl_profile *p, const char *there, const char *here)
{
	size_t i = 0;

	for (i = 0; i < p->nversion_accept; i++)
		if (fnmatch(p->version_accept[i], there, 0) == 0 &&
		    fnmatch(p->version_accept[i], here, 0) == 0)
			return true;
	return false;
}

enum vl_status
rows_version_check(const struct vl_rows_put_opts *opts, struct vl_err *err)
{
	const char *there = opts->version;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	char shown[2][128];

	if (!asks(&opts->rows))
		return VL_OK;
	st = vl_rows_version(&text, &opts->rows, err);
	if (st == VL_OK)
		st = vl_buf_add(
		    &text, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK && there == NULL)
		st = vl_fail(err, VL_EREFUSED,
		    "the bundle does not say of which version of the "
		    "application it is");
	if (st == VL_OK && strcmp(there, (const char *)text.p) != 0 &&
	    !accepted(opts->rows.profile, there, (const char *)text.p))
		st = vl_fail(err, VL_EREFUSED,
		    "the application is of version '%s' at the source and of "
		    "'%s' here: bring both to the same, or name those that go "
		    "together in 'accept'",
		    vl_escape_text(
		        shown[0], sizeof(shown[0]), vl_slice_of(there)),
		    vl_escape_text(shown[1], sizeof(shown[1]),
		        vl_slice_of((const char *)text.p)));
	vl_buf_free(&text);
	return st;
}
