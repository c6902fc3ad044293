/*
 * Rows of one SQLite database into another, without a bundle between them:
 *
 *	rowsput [options] SOURCE TARGET RESOURCE PROFILE|-
 *
 *	--preview		roll back at the end
 *	--map TABLE FROM TO	a record whose key is one text; repeated
 *	--here NAME THERE HERE	a value that differs from side to side
 *	--rewrite COLUMN FROM TO	a text that is another one here
 *	--brought FILE		what imports of the series created: read where
 *				it is there, and written again
 *	--lines			the source's lines to stdout, and no import
 *
 * One line for each change, parts divided by tabs; then the counts.  What is
 * refused exits with 1, with why on stderr.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <valise/rows.h>

#define MAPS_MAX  16
#define PIECE_MAX 65536

struct run {
	const char *source;
	char *target;
	const char *resource;
	const char *words;
	bool preview;
	bool lines;
	struct vl_map_record maps[MAPS_MAX];
	char *names[MAPS_MAX][2];
	size_t nmaps;
	struct vl_pair sides[2];        /* of one name: at the source, here */
	struct vl_rewrite_rows rewrite; /* of no column: none */
	char *rewritten[1];
	struct vl_profile *there;
	const char *brought; /* lines: table, key, id there, id here */
	FILE *list;
	char *next; /* the list that follows */
	FILE *created;
	char *line;
	size_t room;
	struct vl_buf version; /* of the source, as text; or empty */
	struct vl_profile *profile;
	struct vl_db *db;
	struct vl_rows *rows;
	struct vl_dbs *dbs;
	struct vl_rows_put *put;
	struct vl_row_store store;
	double begun;
	struct vl_err err;
};

static double
now(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Seconds of the processor since the last phase. */
static void
phase(struct run *r, const char *name)
{
	double t = now();

	if (getenv("ROWSPUT_TIMES") != NULL)
		fprintf(stderr, "%-8s %6.2f s\n", name, t - r->begun);
	r->begun = t;
}

static void
note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "note: %s\n", text);
}

static void
change(void *arg, const char *table, enum vl_row_change what,
    struct vl_slice key, const char *detail)
{
	(void)arg;
	printf("%c\t%s\t%.*s\t%s\n", "+~-!*"[what], table, (int)key.n,
	    (const char *)key.p, detail);
}

static enum vl_status
next_brought(
    void *arg, struct vl_rows_brought *b, bool *more, struct vl_err *err)
{
	struct run *r = arg;
	struct vl_slice *const parts[] = { &b->table, &b->key, &b->from,
		&b->here };
	ssize_t n = r->list == NULL ? -1 : getline(&r->line, &r->room, r->list);
	char *at = r->line;
	size_t i = 0;

	*more = n > 0;
	if (r->list != NULL && !*more)
		rewind(r->list);
	for (i = 0; *more && i < 4; i++) {
		parts[i]->p = (const uint8_t *)at;
		parts[i]->n = strcspn(at, "\t\n");
		at += parts[i]->n + 1;
		if (i < 3 && at > r->line + n)
			return vl_fail(err, VL_EFORMAT, "%s", r->brought);
	}
	return VL_OK;
}

/* Into a list beside the old one. */
static enum vl_status
put_created(void *arg, const struct vl_rows_brought *b, struct vl_err *err)
{
	struct run *r = arg;

	(void)err;
	fprintf(r->created, "%.*s\t%.*s\t%.*s\t%.*s\n", (int)b->table.n,
	    (const char *)b->table.p, (int)b->key.n, (const char *)b->key.p,
	    (int)b->from.n, (const char *)b->from.p, (int)b->here.n,
	    (const char *)b->here.p);
	return VL_OK;
}

static bool
open_lists(struct run *r)
{
	if (r->brought == NULL)
		return true;
	r->list = fopen(r->brought, "re");
	return asprintf(&r->next, "%s.next", r->brought) > 0 &&
	    (r->created = fopen(r->next, "we")) != NULL;
}

static enum vl_status
close_lists(struct run *r, bool keep)
{
	bool bad = r->created != NULL && fclose(r->created) != 0;

	r->created = NULL;
	if (bad ||
	    (keep && r->next != NULL && rename(r->next, r->brought) != 0))
		return vl_fail_errno(&r->err, "cannot write '%s'", r->brought);
	return VL_OK;
}

/* The words as they would stand in a bundle. */
static enum vl_status
open_there(struct run *r)
{
	enum vl_status st = vl_profile_load(&r->there, r->words, &r->err);
	struct vl_profile_resource *db = NULL;
	size_t i = 0;

	if (st != VL_OK)
		return st;
	db = &r->there->resources[0];
	for (i = 0; i < db->nhere; i++) {
		free(db->here[i].value);
		db->here[i].value = strdup(r->sides[0].to);
	}
	return VL_OK;
}

static enum vl_status
open_source(struct run *r)
{
	struct vl_rows_opts opts = { .resource = r->resource,
		.tempdir = "/tmp",
		.report = { .note = note },
		.here = &r->sides[0],
		.nhere = r->sides[0].from != NULL };
	enum vl_status st = VL_OK;

	if (strcmp(r->words, "-") != 0)
		st = vl_profile_load(&r->profile, r->words, &r->err);
	if (st == VL_OK && r->sides[0].from != NULL)
		st = open_there(r);
	if (st == VL_OK)
		st = vl_db_open_copy(&r->db,
		    &(struct vl_db_opts){
		        .path = r->source, .tempdir = "/tmp" },
		    &r->err);
	opts.db = r->db;
	opts.profile = r->profile;
	if (st == VL_OK)
		st = vl_rows_version(&r->version, &opts, &r->err);
	if (st == VL_OK && r->version.n > 0)
		st = vl_buf_printf(&r->version, &r->err, "%c", 0);
	return st == VL_OK ? vl_rows_open(&r->rows, &opts, &r->err) : st;
}

static enum vl_status
open_target(struct run *r)
{
	struct vl_rows_put_opts opts = { .rows = { .resource = r->resource,
		                             .tempdir = "/tmp",
		                             .report = { .note = note },
		                             .here = &r->sides[1],
		                             .nhere = r->there != NULL,
		                             .there = r->there,
		                             .rewrite = &r->rewrite,
		                             .nrewrite = r->rewrite.ncolumns,
		                             .site_file = "--rewrite" },
		.map = r->maps,
		.nmap = r->nmaps,
		.arg = r,
		.brought = next_brought,
		.change = change };
	const char *paths[] = { r->target };
	enum vl_status st = vl_dbs_open(&r->dbs,
	    &(struct vl_dbs_opts){
	        .paths = paths, .n = 1, .tempdir = "/tmp", .wait = 1 },
	    &r->err);

	if (st == VL_OK && !open_lists(r))
		st = vl_fail_errno(&r->err, "cannot write '%s'", r->brought);
	if (r->created != NULL)
		opts.created = put_created;
	if (st == VL_OK)
		st = vl_dbs_take(r->dbs, &r->err);
	if (st == VL_OK)
		st = vl_dbs_begin(r->dbs, &r->err);
	if (st != VL_OK)
		return st;
	opts.rows.db = vl_dbs_at(r->dbs, 0);
	opts.rows.profile = r->profile;
	opts.dbs = r->dbs;
	opts.version = (const char *)r->version.p;
	return vl_rows_put_open(&r->put, &opts, &r->err);
}

/* The line to the target; what the profile's says it has from elsewhere. */
static enum vl_status
put_line(struct run *r, struct vl_slice line)
{
	struct vl_table_line table = { 0 };
	struct vl_row row = { 0 };
	enum vl_status st = VL_OK;

	switch (vl_line_kind(line)) {
	case VL_LINE_TABLE:
		st = vl_table_line_decode(&table, &r->store, line, &r->err);
		return st == VL_OK ?
		    vl_rows_put_table(r->put, &table, &r->err) :
		    st;
	case VL_LINE_ROW:
		st = vl_row_decode(&row, &r->store, line, &r->err);
		return st == VL_OK ? vl_rows_put_row(r->put, &row, &r->store,
		                         &(struct vl_tokens_of){ 0 }, &r->err) :
		                     st;
	default:
		return VL_OK;
	}
}

/* Each record with its body: to stdout, or aside. */
static enum vl_status
carry_record(struct run *r, const struct vl_record *rec)
{
	static uint8_t piece[PIECE_MAX];
	enum vl_status st = VL_OK;
	size_t got = 1;

	if (r->lines)
		(void)fwrite(rec->line.p, 1, rec->line.n, stdout);
	else
		st = put_line(r, rec->line);
	while (st == VL_OK && rec->has_body && got > 0) {
		st = vl_rows_read(r->rows, piece, sizeof(piece), &got, &r->err);
		if (st == VL_OK && got > 0 && !r->lines)
			st = vl_rows_put_body(
			    r->put, (struct vl_slice){ piece, got }, &r->err);
	}
	return st;
}

static enum vl_status
carry(struct run *r)
{
	struct vl_record rec = { 0 };
	enum vl_status st = VL_OK;

	for (;;) {
		st = vl_rows_next(r->rows, &rec, &r->err);
		if (st != VL_OK || rec.line.p == NULL)
			return st;
		st = carry_record(r, &rec);
		if (st != VL_OK)
			return st;
	}
}

static enum vl_status
import(struct run *r)
{
	enum vl_status st = vl_rows_put_compare(r->put, &r->err);

	phase(r, "compare");
	if (st == VL_OK)
		st = vl_rows_put_write(r->put, &r->err);
	phase(r, "write");
	if (st == VL_OK)
		st = vl_rows_put_prove(r->put, &r->err);
	phase(r, "prove");
	if (st == VL_OK)
		st = r->preview ? vl_dbs_rollback(r->dbs, &r->err) :
		                  vl_dbs_commit(r->dbs, &r->err);
	phase(r, "commit");
	if (st == VL_OK)
		st = close_lists(
		    r, !r->preview && !vl_rows_put_brought_stays(r->put));
	return st;
}

static void
print_counts(const struct run *r)
{
	struct vl_rows_put_counts n = { 0 };

	vl_rows_put_counts(r->put, &n);
	printf("counts\tadd %" PRIu64 "\tchange %" PRIu64 "\tdelete %" PRIu64
	       "\tsame %" PRIu64 "\tskip %" PRIu64 "\tbefore %" PRIu64
	       "\tproved %" PRIu64 "\twritten %" PRId64 "\n",
	    n.add, n.change, n.deletions, n.same, n.skip, n.before, n.proved,
	    vl_dbs_changes(r->dbs));
}

static bool
read_args(struct run *r, int argc, char **argv)
{
	static const struct option options[] = { { "preview", 0, NULL, 'p' },
		{ "lines", 0, NULL, 'l' }, { "map", 1, NULL, 'm' },
		{ "here", 1, NULL, 'h' }, { "brought", 1, NULL, 'b' },
		{ "rewrite", 1, NULL, 'r' }, { NULL, 0, NULL, 0 } };
	struct vl_map_record *m = NULL;
	int c = 0;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 'p') {
			r->preview = true;
		} else if (c == 'l') {
			r->lines = true;
		} else if (c == 'b') {
			r->brought = optarg;
		} else if (c == 'h' && optind + 1 < argc) {
			r->sides[0] =
			    (struct vl_pair){ optarg, argv[optind++] };
			r->sides[1] =
			    (struct vl_pair){ optarg, argv[optind++] };
		} else if (c == 'r' && optind + 1 < argc) {
			r->rewritten[0] = optarg;
			r->rewrite =
			    (struct vl_rewrite_rows){ .columns = r->rewritten,
				    .ncolumns = 1,
				    .from = argv[optind],
				    .to = argv[optind + 1] };
			optind += 2;
		} else if (c == 'm' && r->nmaps < MAPS_MAX &&
		    optind + 1 < argc) {
			m = &r->maps[r->nmaps];
			m->table = optarg;
			m->from = &r->names[r->nmaps][0];
			m->to = &r->names[r->nmaps++][1];
			m->from[0] = argv[optind++];
			m->to[0] = argv[optind++];
			m->nfrom = m->nto = 1;
		} else {
			return false;
		}
	}
	if (argc - optind != 4)
		return false;
	r->source = argv[optind];
	r->target = realpath(argv[optind + 1], NULL);
	r->resource = argv[optind + 2];
	r->words = argv[optind + 3];
	r->rewrite.resource = argv[optind + 2];
	for (m = r->maps; m < r->maps + r->nmaps; m++)
		m->resource = argv[optind + 2];
	return r->lines || r->target != NULL;
}

int
main(int argc, char **argv)
{
	struct run r = { .begun = now() };
	enum vl_status st = VL_OK;

	if (!read_args(&r, argc, argv)) {
		fprintf(stderr,
		    "rowsput [options] SOURCE TARGET RESOURCE PROFILE|-\n");
		return 2;
	}
	st = open_source(&r);
	phase(&r, "keys");
	if (st == VL_OK && !r.lines)
		st = open_target(&r);
	phase(&r, "target");
	if (st == VL_OK)
		st = carry(&r);
	phase(&r, "carry");
	if (st == VL_OK && !r.lines)
		st = import(&r);
	if (st == VL_OK && !r.lines)
		print_counts(&r);
	if (st != VL_OK)
		fprintf(stderr, "%s (status %d)\n", r.err.text, (int)st);
	vl_rows_put_free(r.put);
	vl_dbs_free(r.dbs);
	vl_rows_free(r.rows);
	vl_db_free(r.db);
	vl_profile_free(r.profile);
	vl_profile_free(r.there);
	if (r.list != NULL)
		(void)fclose(r.list);
	(void)close_lists(&r, false);
	free(r.next);
	vl_buf_free(&r.version);
	vl_row_store_free(&r.store);
	free(r.line);
	free(r.target);
	return st == VL_OK ? 0 : 1;
}
