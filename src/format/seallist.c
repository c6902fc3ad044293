/*
 * seal.txt: what `b2sum -l 256 --tag` prints, one line a file, sorted by
 * name (formats/seal.md, "seal.txt").
 */

#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/sealform.h>

#include "lines.h"

#define BEFORE_NAME "BLAKE2b-256 ("
#define AFTER_NAME  ") = "
#define HEX_SIZE    (2 * VL_HASH_SIZE)
#define BASE_MAX    8
#define TYPE_SIZE   3
/* 13 + a.bcd + 4 + 64 + LF */
#define LINE_LEAST (13 + 5 + 4 + HEX_SIZE + 1)

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* One to `max` characters, the first a letter. */
static size_t
part_length(const char *text, size_t max)
{
	size_t n = 0;

	if (!is_letter(text[0]))
		return 0;
	while (n < max && is_alnum(text[n]))
		n++;
	return n;
}

bool
vl_name83_valid(const char *name)
{
	size_t n = part_length(name, BASE_MAX);

	if (n == 0 || name[n] != '.')
		return false;
	name += n + 1;
	return part_length(name, TYPE_SIZE) == TYPE_SIZE &&
	    name[TYPE_SIZE] == '\0';
}

/* The seal cannot name itself. */
static bool
listable(const char *name)
{
	return vl_name83_valid(name) && strcmp(name, "seal.txt") != 0 &&
	    strcmp(name, "seal.sig") != 0;
}

enum vl_status
vl_seal_list_encode(
    struct vl_buf *out, const struct vl_seal_list *l, struct vl_err *err)
{
	char hash[VL_HEX_SIZE(VL_HASH_SIZE)];
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (l->n > VL_SEAL_FILES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a bundle of %zu files is over the limit of %d", l->n,
		    VL_SEAL_FILES_MAX);
	for (i = 0; i < l->n; i++) {
		if (!listable(l->files[i].name) ||
		    (i > 0 &&
		        strcmp(l->files[i - 1].name, l->files[i].name) >= 0))
			return vl_fail(err, VL_EUSAGE,
			    "'%.12s' may not stand there in a seal",
			    l->files[i].name);
		st = vl_buf_printf(out, err, BEFORE_NAME "%s" AFTER_NAME "%s\n",
		    l->files[i].name,
		    vl_hex(hash, l->files[i].hash, VL_HASH_SIZE));
		if (st != VL_OK)
			return st;
	}
	return VL_OK;
}

/* One line without its LF. */
static bool
decode_line(struct vl_seal_file *f, struct vl_slice line)
{
	size_t n = 0;

	if (!lines_word(&line, BEFORE_NAME))
		return false;
	while (n < line.n && line.p[n] != ')')
		n++;
	if (n >= sizeof(f->name) || memchr(line.p, 0, n) != NULL)
		return false;
	memcpy(f->name, line.p, n);
	f->name[n] = '\0';
	lines_skip(&line, n);
	return listable(f->name) && lines_word(&line, AFTER_NAME) &&
	    line.n == HEX_SIZE && vl_unhex(f->hash, VL_HASH_SIZE, line);
}

static enum vl_status
decode_lines(struct vl_seal_list *l, struct vl_slice text, size_t lines,
    struct vl_err *err)
{
	struct vl_slice line = { 0 };

	while (l->n < lines && lines_next(&text, &line)) {
		if (!decode_line(&l->files[l->n], line))
			return vl_fail(err, VL_EFORMAT,
			    "line %zu of 'seal.txt' is not as "
			    "'b2sum -l 256 --tag' prints it for a file of a "
			    "bundle",
			    l->n + 1);
		if (l->n > 0 &&
		    strcmp(l->files[l->n - 1].name, l->files[l->n].name) >= 0)
			return vl_fail(err, VL_EFORMAT,
			    "'seal.txt' is not sorted: '%s' in line %zu",
			    l->files[l->n].name, l->n + 1);
		l->n++;
	}
	return VL_OK;
}

enum vl_status
vl_seal_list_decode(
    struct vl_seal_list *l, struct vl_slice text, struct vl_err *err)
{
	size_t lines = 0;
	size_t i = 0;
	enum vl_status st;

	memset(l, 0, sizeof(*l));
	if (text.n > VL_SEAL_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "'seal.txt' is %zu bytes, more than %u", text.n,
		    VL_SEAL_MAX);
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return vl_fail(err, VL_EFORMAT,
		    "'seal.txt' does not end with a line feed");
	for (i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	if (lines > VL_SEAL_FILES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "'seal.txt' lists %zu files, more than %d", lines,
		    VL_SEAL_FILES_MAX);
	if (lines > text.n / LINE_LEAST)
		return vl_fail(
		    err, VL_EFORMAT, "'seal.txt' has lines that name no file");
	l->files = calloc(lines, sizeof(*l->files));
	if (l->files == NULL)
		return vl_fail_memory(err);
	st = decode_lines(l, text, lines, err);
	if (st != VL_OK)
		vl_seal_list_free(l);
	return st;
}

static int
by_name(const void *key, const void *file)
{
	const struct vl_seal_file *f = file;

	return strcmp(key, f->name);
}

const struct vl_seal_file *
vl_seal_list_find(const struct vl_seal_list *l, const char *name)
{
	if (l->n == 0)
		return NULL;
	return bsearch(name, l->files, l->n, sizeof(*l->files), by_name);
}

void
vl_seal_list_free(struct vl_seal_list *l)
{
	free(l->files);
	memset(l, 0, sizeof(*l));
}
