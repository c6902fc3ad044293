/*
 * The file of --map, line by line (formats/map.md): which record of the
 * source is which of the target, or by which column of a table that is told.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/site.h>
#include <valise/text.h>

#define FIELDS 3
#define SHOWN  256

static const char hint[] =
    "a line is RESOURCE/TABLE, a tab, and the key at the source, a tab, and "
    "the key here; or 'by COLUMN' in place of the keys";

static struct vl_slice
take_until(struct vl_slice *rest, char end)
{
	const uint8_t *at = rest->n == 0 ? NULL : memchr(rest->p, end, rest->n);
	struct vl_slice taken = *rest;

	if (at == NULL) {
		*rest = (struct vl_slice){ rest->p + rest->n, 0 };
		return taken;
	}
	taken.n = (size_t)(at - rest->p);
	rest->n -= taken.n + 1;
	rest->p = at + 1;
	return taken;
}

static char *
copy(struct vl_slice s)
{
	return strndup((const char *)s.p, s.n);
}

static enum vl_status
copy_key(char ***out, size_t *n, struct vl_slice text, struct vl_err *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return vl_fail_memory(err);
	*n = 1;
	(*out)[0] = copy(text);
	return (*out)[0] != NULL ? VL_OK : vl_fail_memory(err);
}

static bool
begins_with(struct vl_slice s, const char *text)
{
	return s.n >= strlen(text) && memcmp(s.p, text, strlen(text)) == 0;
}

/* The parts of a line, each of which says something. */
static enum vl_status
split(struct vl_slice line, struct vl_slice fields[FIELDS + 1], size_t *n,
    struct vl_err *err)
{
	struct vl_slice rest = line;

	for (*n = 0; *n <= FIELDS && rest.n > 0; (*n)++) {
		fields[*n] = take_until(&rest, '\t');
		if (fields[*n].n == 0)
			return vl_fail(
			    err, VL_EUSAGE, "a part of it is empty: %s", hint);
	}
	if (*n < 2 || *n > FIELDS || line.p[line.n - 1] == '\t')
		return vl_fail(err, VL_EUSAGE,
		    "it has not two or three parts with a tab between them: "
		    "%s",
		    hint);
	return VL_OK;
}

static enum vl_status
read_line(struct vl_map_record *m, struct vl_slice line, struct vl_err *err)
{
	struct vl_slice fields[FIELDS + 1] = { { NULL, 0 } };
	struct vl_slice table = { NULL, 0 };
	struct vl_slice resource = { NULL, 0 };
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (!vl_utf8_valid(line) || memchr(line.p, '\0', line.n) != NULL ||
	    memchr(line.p, '\r', line.n) != NULL)
		return vl_fail(err, VL_EUSAGE,
		    "it is no line of UTF-8 text that ends with LF");
	st = split(line, fields, &n, err);
	if (st != VL_OK)
		return st;
	table = fields[0];
	resource = take_until(&table, '/');
	if (resource.n == 0 || table.n == 0)
		return vl_fail(err, VL_EUSAGE,
		    "it does not begin with RESOURCE/TABLE: %s", hint);
	if (n == 2 && (!begins_with(fields[1], "by ") || fields[1].n == 3))
		return vl_fail(err, VL_EUSAGE,
		    "it has one key and no second one: %s", hint);
	m->resource = copy(resource);
	m->table = copy(table);
	if (m->resource == NULL || m->table == NULL)
		return vl_fail_memory(err);
	if (n == 2) {
		m->by = strndup((const char *)fields[1].p + 3, fields[1].n - 3);
		return m->by != NULL ? VL_OK : vl_fail_memory(err);
	}
	st = copy_key(&m->from, &m->nfrom, fields[1], err);
	return st == VL_OK ? copy_key(&m->to, &m->nto, fields[2], err) : st;
}

static size_t
count_lines(struct vl_slice text)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n + 1;
}

static enum vl_status
read_lines(struct vl_map_list *list, struct vl_slice text, struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };
	struct vl_map_record *m = NULL;
	enum vl_status st = VL_OK;
	unsigned number = 0;

	while (st == VL_OK && text.n > 0) {
		line = take_until(&text, '\n');
		number++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		m = &list->records[list->n++];
		m->file = list->file;
		m->line = number;
		st = read_line(m, line, err);
	}
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "%s:%u", list->file, number);
}

enum vl_status
vl_map_file_decode(struct vl_map_list *out, const char *file,
    struct vl_slice text, struct vl_err *err)
{
	size_t lines = count_lines(text);
	enum vl_status st = VL_OK;

	*out = (struct vl_map_list){ 0 };
	if (text.n > VL_MAP_FILE_MAX || lines > VL_MAP_LINES_MAX + 1)
		return vl_fail(err, VL_EUSAGE,
		    "%s: it is longer than 1 MiB or has more than %d lines",
		    file, VL_MAP_LINES_MAX);
	out->file = strdup(file);
	out->records = calloc(lines, sizeof(*out->records));
	st = out->file == NULL || out->records == NULL ?
	    vl_fail_memory(err) :
	    read_lines(out, text, err);
	if (st != VL_OK)
		vl_map_list_free(out);
	return st;
}

enum vl_status
vl_map_list_check(const struct vl_map_list *list, const struct vl_site *site,
    struct vl_err *err)
{
	const struct vl_resource *r = NULL;
	char shown[SHOWN];
	size_t i = 0;

	for (i = 0; i < list->n; i++) {
		r = vl_site_resource(site, list->records[i].resource);
		if (r != NULL && r->kind != VL_KIND_FILES)
			continue;
		(void)vl_escape_text(shown, sizeof(shown),
		    vl_slice_of(list->records[i].resource));
		return vl_fail(err, VL_EUSAGE, "%s:%u: '%s' is no %s",
		    list->file, list->records[i].line, shown,
		    r == NULL ? "resource of the site file" :
		                "database of the site file");
	}
	return VL_OK;
}

void
vl_map_list_free(struct vl_map_list *list)
{
	struct vl_map_record *m = NULL;
	size_t i = 0;

	for (i = 0; i < list->n; i++) {
		m = &list->records[i];
		if (m->from != NULL)
			free(m->from[0]);
		if (m->to != NULL)
			free(m->to[0]);
		free(m->from);
		free(m->to);
		free(m->resource);
		free(m->table);
		free(m->by);
	}
	free(list->records);
	free(list->file);
	*list = (struct vl_map_list){ 0 };
}
