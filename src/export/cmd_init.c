/*
 * valise-export init: a commented site file for what is there.  What it
 * writes is parsed before it is written.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "export.h"

#define NAME_SIZE (VL_SITE_MAX + 1)

struct init_opts {
	struct vl_texts files;
	const char *output;
};

static const struct vl_opt table[] = {
	{ .name = "files",
	    .arg = "DIR",
	    .type = VL_OPT_LIST,
	    .at = offsetof(struct init_opts, files),
	    .help = "a file tree that belongs to the site" },
	{ .name = "output",
	    .letter = 'o',
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = offsetof(struct init_opts, output),
	    .help = "write to FILE, which must not exist; default: stdout" },
	{ .name = "sqlite", .type = VL_OPT_LATER },
	{ .name = "postgres", .type = VL_OPT_LATER },
	{ .name = "mariadb", .type = VL_OPT_LATER },
	{ .name = "git", .type = VL_OPT_LATER }, { .name = NULL }
};

/* The last component of `path` as a name: letters, digits, dash. */
static void
make_name(char name[NAME_SIZE], const char *path)
{
	const char *from = strrchr(path, '/');
	size_t n = 0;

	for (from++; *from != '\0' && n < NAME_SIZE - 8; from++)
		if (isalnum((unsigned char)*from))
			name[n++] = *from;
		else if (n > 0 && name[n - 1] != '-')
			name[n++] = '-';
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	if (n == 0)
		(void)snprintf(name, NAME_SIZE, "files");
}

/* Two trees may end alike: the second becomes name-2. */
static void
make_unique(char (*names)[NAME_SIZE], size_t at)
{
	size_t n = strlen(names[at]);
	unsigned number = 1;
	size_t i = 0;

	while (i < at)
		if (strcmp(names[i], names[at]) == 0) {
			(void)snprintf(
			    names[at] + n, NAME_SIZE - n, "-%u", ++number);
			i = 0;
		} else {
			i++;
		}
}

/* A text as YAML holds it between double quotes. */
static enum vl_status
add_quoted(struct vl_buf *out, const char *text, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(out, "\"", err);

	for (; st == VL_OK && *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			st = vl_buf_printf(out, err, "\\%c", *text);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			st = vl_buf_printf(
			    out, err, "\\x%02x", (unsigned char)*text);
		else
			st = vl_buf_add(out,
			    (struct vl_slice){ (const uint8_t *)text, 1 }, err);
	return st == VL_OK ? vl_buf_add_text(out, "\"", err) : st;
}

/* What the tree at `path` holds, for the comment beside it. */
static enum vl_status
look_at(
    struct vl_source_counts *counts, char *path, char *name, struct vl_err *err)
{
	struct vl_resource r = {
		.name = name, .path = path, .one_file_system = true
	};
	struct vl_source_opts opts = { .tempdir = "/var/tmp" };
	struct vl_source *source = NULL;
	struct vl_record rec = { 0 };
	enum vl_status st = vl_source_open(&source, &r, &opts, err);

	while (st == VL_OK) {
		if (vl_cli_stop())
			st = vl_cli_stopped(err);
		else
			st = vl_source_next(source, &rec, err);
		if (rec.line.p == NULL)
			break;
	}
	if (st == VL_OK)
		vl_source_counts(source, counts);
	vl_source_free(source);
	return st;
}

static enum vl_status
add_tree(struct vl_buf *out, char *path, char *name, struct vl_err *err)
{
	struct vl_source_counts c = { 0 };
	char files[48];
	char bytes[32];
	enum vl_status st = VL_OK;

	if (!vl_utf8_valid(vl_slice_of(path)))
		return vl_fail(err, VL_EUSAGE,
		    "the path of resource '%s' is not UTF-8; a site file "
		    "cannot hold it",
		    name);
	st = look_at(&c, path, name, err);
	if (st == VL_OK)
		st = vl_buf_printf(out, err,
		    "  - name: %s                  # %s, %s\n"
		    "    kind: files\n"
		    "    path: ",
		    name,
		    vl_format_counted(
		        files, sizeof(files), c.files, "file", "files"),
		    vl_format_bytes(bytes, sizeof(bytes), c.bytes));
	if (st == VL_OK)
		st = add_quoted(out, path, err);
	if (st != VL_OK)
		return st;
	if (c.left_out[VL_WHY_UNREADABLE] > 0)
		st = vl_buf_add_text(
		    out, "\n    # some of it cannot be read by this user", err);
	if (st == VL_OK)
		st = vl_buf_add_text(out,
		    "\n    # exclude: [\"*.tmp\", \"cache/\"]   # as in "
		    ".gitignore; left alone at the target, too\n"
		    "    # On both sides, each for itself:\n"
		    "    # links: as_is           # as_is | inside: none "
		    "that leads out of the tree\n"
		    "    # special: false         # true: FIFOs and devices "
		    "travel, too\n"
		    "    # privileged: false      # true: and setuid, "
		    "capabilities and the like\n"
		    "    # one_file_system: true  # false: enter what is "
		    "mounted inside\n"
		    "    # At the target:\n"
		    "    # target_only: delete    # what only the target has: "
		    "delete | keep | brought\n"
		    "    # on_match: overwrite    # overwrite | skip | fail\n"
		    "    # on_unsupported: refuse # refuse | drop: what it "
		    "cannot hold\n"
		    "    # owners: {map: {www-data: httpd}}   # names that are "
		    "others there\n",
		    err);
	return st;
}

static const char head[] =
    "# What belongs to this site, for valise. The same file serves at the\n"
    "# target, with paths of its own; site and resource names must agree.\n"
    "\n"
    "site: %s\n"
    "# environment: production      # a label; a target takes only what its "
    "allow_from lists\n"
    "\n"
    "resources:\n";

static const char tail[] =
    "\n"
    "# At the target: whose bundles are accepted.\n"
    "# trust:\n"
    "#   - sender: keys/sender.pub\n"
    "# allow_from: [production]\n"
    "# keep: last                   # last | none: a copy of what was applied\n"
    "# keep_here: [{resource: %s, path: \"local/**\"}]   # never touched\n"
    "# map: [{resource: %s, from: \"a/**\", to: \"b/**\"}]   # other paths\n"
    "# rewrite: [{resource: %s, path: \"*.conf\", from: old, to: new}]   # "
    "other text\n"
    "\n"
    "# On each side a directory of its own. The source's holds the series "
    "key, and\n"
    "# the signing key where --sign-key is not given: keep a copy.\n"
    "# state: /var/lib/valise\n";

static enum vl_status
describe(struct vl_buf *out, const struct vl_texts *trees, struct vl_err *err)
{
	char(*names)[NAME_SIZE] = calloc(trees->n, sizeof(*names));
	enum vl_status st = VL_OK;
	char *path = NULL;
	size_t i = 0;

	if (names == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < trees->n; i++) {
		path = realpath(trees->list[i], NULL);
		if (path == NULL) {
			st = vl_fail(err, VL_EUSAGE, "'%s': %s", trees->list[i],
			    strerror(errno));
			break;
		}
		make_name(names[i], path);
		make_unique(names, i);
		if (i == 0)
			st = vl_buf_printf(out, err, head, names[0]);
		if (st == VL_OK)
			st = add_tree(out, path, names[i], err);
		free(path);
	}
	if (st == VL_OK)
		st =
		    vl_buf_printf(out, err, tail, names[0], names[0], names[0]);
	free(names);
	return st;
}

static enum vl_status
write_new(const char *file, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is there already and is not overwritten; name "
		    "another file",
		    file);
	if (fd < 0)
		return vl_fail(err, VL_EUSAGE, "cannot make '%s': %s", file,
		    strerror(errno));
	st = vl_write_all(fd, text, err);
	if (st == VL_OK)
		st = vl_fsync(fd, file, err);
	if (close(fd) != 0 && st == VL_OK)
		st = vl_fail_errno(err, "cannot close '%s'", file);
	if (st != VL_OK)
		(void)unlink(file);
	return st;
}

static enum vl_status
init_run(const struct vl_args *args, struct vl_err *err)
{
	const struct init_opts *o = args->opts;
	struct vl_site *site = NULL;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (o->files.n == 0)
		return vl_fail(
		    err, VL_EUSAGE, "nothing to describe; give '--files DIR'");
	st = describe(&text, &o->files, err);
	if (st == VL_OK)
		st = vl_site_parse(&site,
		    o->output != NULL ? o->output : "site.yaml",
		    vl_buf_slice(&text), err);
	if (st == VL_OK)
		st = vl_site_check_overlap(site, err);
	if (st == VL_OK && o->output != NULL) {
		st = write_new(o->output, vl_buf_slice(&text), err);
		if (st == VL_OK)
			vl_cli_note("wrote '%s'; look it over", o->output);
	} else if (st == VL_OK) {
		(void)fwrite(text.p, 1, text.n, stdout);
	}
	vl_site_free(site);
	vl_buf_free(&text);
	return st;
}

const struct vl_cmd vl_cmd_init = {
	.name = "init",
	.operands = "--files DIR",
	.help = "write a commented site file for what is there",
	.opts = table,
	.opts_size = sizeof(struct init_opts),
	.run = init_run,
};
