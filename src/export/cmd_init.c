/*
 * valise-export init: a commented site file for what is there.  What it
 * writes is parsed before it is written.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <valise/draft.h>
#include <valise/fs.h>
#include <valise/text.h>

#include "export.h"

#define NAME_SIZE (VL_SITE_MAX + 1)

struct init_opts {
	struct vl_texts files;
	struct vl_texts sqlite;
	const char *output;
};

static const struct vl_opt table[] = {
	{ .name = "files",
	    .arg = "DIR",
	    .type = VL_OPT_LIST,
	    .at = offsetof(struct init_opts, files),
	    .help = "a file tree that belongs to the site" },
	{ .name = "sqlite",
	    .arg = "FILE",
	    .type = VL_OPT_LIST,
	    .at = offsetof(struct init_opts, sqlite),
	    .help = "an SQLite database that belongs to it" },
	{ .name = "output",
	    .letter = 'o',
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = offsetof(struct init_opts, output),
	    .help = "write to FILE, which must not exist; default: stdout" },
	{ .name = "postgres", .type = VL_OPT_LATER },
	{ .name = "mariadb", .type = VL_OPT_LATER },
	{ .name = "git", .type = VL_OPT_LATER }, { .name = NULL }
};

/* What is described. */
struct one {
	char *path; /* real */
	char name[NAME_SIZE];
	bool database;
};

struct describing {
	struct one *list;
	size_t n;
	struct vl_buf out;
	struct vl_buf profile; /* what is drafted of the databases */
	uint64_t questions;
	struct vl_err *err;
};

/* The last component of `path` as a name: letters, digits, dash. */
static void
make_name(char name[NAME_SIZE], const char *path, bool database)
{
	const char *from = strrchr(path, '/');
	const char *point = strrchr(from, '.');
	size_t n = 0;

	for (from++; *from != '\0' && n < NAME_SIZE - 8; from++) {
		if (database && from == point && n > 0)
			break;
		if (isalnum((unsigned char)*from))
			name[n++] = *from;
		else if (n > 0 && name[n - 1] != '-')
			name[n++] = '-';
	}
	while (n > 0 && name[n - 1] == '-')
		n--;
	name[n] = '\0';
	if (n == 0)
		(void)snprintf(
		    name, NAME_SIZE, "%s", database ? "app" : "files");
}

/* Two may end alike: the second becomes name-2. */
static void
make_unique(struct one *list, size_t at)
{
	size_t n = strlen(list[at].name);
	unsigned number = 1;
	size_t i = 0;

	while (i < at)
		if (strcmp(list[i].name, list[at].name) == 0) {
			(void)snprintf(
			    list[at].name + n, NAME_SIZE - n, "-%u", ++number);
			i = 0;
		} else {
			i++;
		}
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

	if (st == VL_OK)
		st = vl_source_ready(source, err);
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

/* A database inside the tree is no file of it. */
static enum vl_status
add_excludes(struct describing *d, const struct one *tree)
{
	size_t n = strlen(tree->path);
	struct vl_buf pattern = { 0 };
	enum vl_status st = VL_OK;
	const char *at = NULL;
	size_t count = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < d->n; i++) {
		if (!d->list[i].database ||
		    strncmp(d->list[i].path, tree->path, n) != 0 ||
		    d->list[i].path[n] != '/')
			continue;
		vl_buf_clear(&pattern);
		for (at = d->list[i].path + n; st == VL_OK && *at != '\0'; at++)
			st = vl_buf_printf(&pattern, d->err, "%s%c",
			    strchr("*?[\\", *at) != NULL ? "\\" : "", *at);
		if (st == VL_OK)
			st = vl_buf_printf(&pattern, d->err, "%c", 0);
		if (st == VL_OK)
			st = vl_buf_add_text(&d->out,
			    count++ == 0 ? "\n    exclude: [" : ", ", d->err);
		if (st == VL_OK)
			st = vl_draft_scalar(
			    &d->out, (const char *)pattern.p, d->err);
	}
	vl_buf_free(&pattern);
	return st == VL_OK && count > 0 ?
	    vl_buf_add_text(&d->out, "]   # resources of their own", d->err) :
	    st;
}

static enum vl_status
add_tree(struct describing *d, struct one *one)
{
	struct vl_buf *out = &d->out;
	struct vl_err *err = d->err;
	struct vl_source_counts c = { 0 };
	char files[48];
	char bytes[32];
	enum vl_status st = VL_OK;

	if (!vl_utf8_valid(vl_slice_of(one->path)))
		return vl_fail(err, VL_EUSAGE,
		    "the path of resource '%s' is not UTF-8; a site file "
		    "cannot hold it",
		    one->name);
	st = look_at(&c, one->path, one->name, err);
	if (st == VL_OK)
		st = vl_buf_printf(out, err,
		    "  - name: %s                  # %s, %s\n"
		    "    kind: files\n"
		    "    path: ",
		    one->name,
		    vl_format_counted(
		        files, sizeof(files), c.files, "file", "files"),
		    vl_format_bytes(bytes, sizeof(bytes), c.bytes));
	if (st == VL_OK)
		st = vl_draft_scalar(out, one->path, err);
	if (st == VL_OK)
		st = add_excludes(d, one);
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

static enum vl_status
add_database(struct describing *d, const struct one *one)
{
	struct vl_draft counts = { 0 };
	struct vl_db *db = NULL;
	char tables[48];
	char rows[48];
	enum vl_status st = VL_OK;

	if (!vl_utf8_valid(vl_slice_of(one->path)))
		return vl_fail(d->err, VL_EUSAGE,
		    "the path of resource '%s' is not UTF-8; a site file "
		    "cannot hold it",
		    one->name);
	st = vl_export_copy(&db, one->name, one->path, NULL, d->err);
	if (st == VL_OK)
		st = vl_rows_draft(&d->profile, db, one->name, &counts, d->err);
	vl_db_free(db);
	if (st != VL_OK)
		return vl_within(d->err, "'%s'", one->path);
	d->questions += counts.questions;
	st = vl_buf_printf(&d->out, d->err,
	    "  - name: %s                  # %s, %s\n"
	    "    kind: sqlite\n"
	    "    path: ",
	    one->name,
	    vl_format_counted(
	        tables, sizeof(tables), counts.tables, "table", "tables"),
	    vl_format_counted(rows, sizeof(rows), counts.rows, "row", "rows"));
	if (st == VL_OK)
		st = vl_draft_scalar(&d->out, one->path, d->err);
	return st == VL_OK ? vl_buf_add_text(&d->out, "\n", d->err) : st;
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

static const char profile_head[] =
    "\n"
    "# What the rows of the databases mean (docs/profiles.md). What begins "
    "with\n"
    "# '# ?' is to be decided; 'valise check-profile' says what is left.\n"
    "profile:\n"
    "  # application: NAME\n"
    "  # How the application tells its version, which both sides must share:\n"
    "  # version: {resource: %s, sql: \"select max(version) from "
    "schema_migrations\"}\n"
    "  resources:\n";

static const char trust_tail[] =
    "\n"
    "# At the target: whose bundles are accepted.\n"
    "# trust:\n"
    "#   - sender: keys/sender.pub\n"
    "# allow_from: [production]\n"
    "# keep: last                   # last | none: a copy of what was "
    "applied\n";

static const char files_tail[] =
    "# keep_here: [{resource: %s, path: \"local/**\"}]   # never touched\n"
    "# map: [{resource: %s, from: \"a/**\", to: \"b/**\"}]   # other paths\n"
    "# rewrite: [{resource: %s, path: \"*.conf\", from: old, to: new}]   # "
    "other text\n";

static const char rows_tail[] =
    "# keep_here: [{resource: %s, table: T, where: \"name = 'x'\"}]   # its "
    "own rows\n"
    "# map: [{resource: %s, table: T, from: [a], to: [b]}]   # a is b there\n";

static const char state_tail[] =
    "\n"
    "# On each side a directory of its own. The source's holds the series "
    "key, and\n"
    "# the signing key where --sign-key is not given: keep a copy.\n"
    "# state: /var/lib/valise\n";

static enum vl_status
list_ones(struct describing *d, const struct vl_texts *paths, bool database)
{
	struct one *one = NULL;
	size_t i = 0;

	for (i = 0; i < paths->n; i++) {
		one = &d->list[d->n];
		one->path = realpath(paths->list[i], NULL);
		if (one->path == NULL)
			return vl_fail(d->err, VL_EUSAGE, "'%s': %s",
			    paths->list[i], strerror(errno));
		one->database = database;
		make_name(one->name, one->path, database);
		make_unique(d->list, d->n++);
	}
	return VL_OK;
}

/* The words at the end, all of them comments. */
static enum vl_status
add_tails(struct describing *d)
{
	const char *files = NULL;
	const char *rows = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = d->n; i > 0; i--)
		*(d->list[i - 1].database ? &rows : &files) =
		    d->list[i - 1].name;
	if (rows != NULL)
		st = vl_buf_printf(&d->out, d->err, profile_head, rows);
	if (st == VL_OK)
		st = vl_buf_add(&d->out, vl_buf_slice(&d->profile), d->err);
	if (st == VL_OK)
		st = vl_buf_add_text(&d->out, trust_tail, d->err);
	if (st == VL_OK && files != NULL)
		st = vl_buf_printf(
		    &d->out, d->err, files_tail, files, files, files);
	if (st == VL_OK && rows != NULL)
		st = vl_buf_printf(&d->out, d->err, rows_tail, rows, rows);
	return st == VL_OK ? vl_buf_add_text(&d->out, state_tail, d->err) : st;
}

static enum vl_status
describe(struct describing *d, const struct init_opts *o)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	d->list = calloc(o->files.n + o->sqlite.n, sizeof(*d->list));
	if (d->list == NULL)
		return vl_fail_memory(d->err);
	st = list_ones(d, &o->files, false);
	if (st == VL_OK)
		st = list_ones(d, &o->sqlite, true);
	if (st == VL_OK)
		st = vl_buf_printf(&d->out, d->err, head, d->list[0].name);
	for (i = 0; st == VL_OK && i < d->n; i++)
		st = d->list[i].database ? add_database(d, &d->list[i]) :
		                           add_tree(d, &d->list[i]);
	return st == VL_OK ? add_tails(d) : st;
}

static void
describing_free(struct describing *d)
{
	size_t i = 0;

	for (i = 0; i < d->n; i++)
		free(d->list[i].path);
	free(d->list);
	vl_buf_free(&d->out);
	vl_buf_free(&d->profile);
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
	struct describing d = { .err = err };
	struct vl_site *site = NULL;
	enum vl_status st = VL_OK;
	char counted[48];

	if (o->files.n + o->sqlite.n == 0)
		return vl_fail(err, VL_EUSAGE,
		    "nothing to describe; give '--files DIR' or '--sqlite "
		    "FILE'");
	st = describe(&d, o);
	if (st == VL_OK)
		st = vl_site_parse(&site,
		    o->output != NULL ? o->output : "site.yaml",
		    vl_buf_slice(&d.out), err);
	if (st == VL_OK)
		st = vl_site_check_overlap(site, err);
	if (st == VL_OK && o->output != NULL) {
		st = write_new(o->output, vl_buf_slice(&d.out), err);
		if (st == VL_OK)
			vl_cli_note("wrote '%s'; look it over", o->output);
	} else if (st == VL_OK) {
		(void)fwrite(d.out.p, 1, d.out.n, stdout);
	}
	if (st == VL_OK && d.questions > 0)
		vl_cli_note("%s left to decide: look for '# ?'",
		    vl_format_counted(counted, sizeof(counted), d.questions,
		        "question is", "questions are"));
	vl_site_free(site);
	describing_free(&d);
	return st;
}

const struct vl_cmd vl_cmd_init = {
	.name = "init",
	.operands = "--files DIR | --sqlite FILE",
	.help = "write a commented site file for what is there",
	.about = "Of a database it drafts a profile: what schema and rows "
	         "prove is written,\nwhat they leave open is asked, in "
	         "comments.",
	.opts = table,
	.opts_size = sizeof(struct init_opts),
	.run = init_run,
};
