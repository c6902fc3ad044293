/*
 * valise-export check-profile: what the profile of a site says, held against
 * its databases.
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <valise/against.h>
#include <valise/crypt.h>
#include <valise/secret.h>
#include <valise/text.h>
#include <valise/tokens.h>

#include "checked.h"

struct check_opts {
	struct vl_texts only;
	const char *against;
	bool json;
};

static const struct vl_opt table[] = {
	VL_ONLY_OPT(struct check_opts, only, "look at"),
	VL_JSON_OPT(struct check_opts, json, "what is found as JSON lines"),
	{ .name = "against",
	    .arg = "SITE.yaml",
	    .type = VL_OPT_TEXT,
	    .at = offsetof(struct check_opts, against),
	    .help = "what an import into this one on the same machine would "
	            "do" },
	{ .name = NULL },
};

/* Both sites, and what each means. */
struct sites {
	struct vl_site *source;
	struct vl_site *target; /* or NULL */
	struct vl_profile *profile;
	const char *profiles;       /* directory */
	struct vl_masters *masters; /* of the source */
	struct vl_masters *theirs;  /* of the target */
	struct vl_tokens *tokens;   /* of no series; nothing is carried */
	struct vl_secret_ops ops;
	struct vl_rows_secrets secrets;
};

/* Files that rows own, in one tree. */
static void
tell_files(void *arg, const struct vl_files_counted *n)
{
	struct checked *c = arg;
	struct vl_msg m = { 0 };
	char text[1024];

	if (c->json) {
		vl_msg_begin(&m, "files");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "in", n->tree);
		vl_msg_count(&m, "files", n->files);
		vl_msg_count(&m, "missing", n->missing);
		checked_add_text(&m, "first", n->first);
		vl_msg_end(&m);
	} else {
		checked_say_place(c, "files", NULL, NULL);
		(void)printf("\tin %s\t%llu owned\t%llu missing", n->tree,
		    (unsigned long long)n->files,
		    (unsigned long long)n->missing);
		if (n->first != NULL)
			(void)printf(": %s", n->first);
		(void)putchar('\n');
	}
	if (n->must == 0)
		return;
	(void)snprintf(text, sizeof(text),
	    "%llu of the files that rows own would not travel with '%s', the "
	    "first '%s' of %s: put them there, or say 'missing: allow'",
	    (unsigned long long)n->must, n->tree, n->first, n->row);
	checked_tell_finding(c,
	    &(struct vl_check_finding){
	        .kind = VL_CHECK_REFUSED, .text = text });
	if (c->verdict == VL_OK)
		c->verdict = VL_EREFUSED;
}

/* Of what an export carries. */
static enum vl_status
compare_one(struct checked *c, const struct vl_rows_opts *source,
    const struct sites *s, struct vl_err *err)
{
	const struct vl_resource *r =
	    vl_site_resource(s->target, source->resource);
	struct vl_against a = { .source = *source,
		.site = s->target,
		.profiles = s->profiles,
		.masters = s->theirs,
		.arg = c,
		.finding = checked_tell_finding,
		.table = checked_tell_against };
	enum vl_status verdict = VL_OK;
	enum vl_status st = VL_OK;

	/* No tree is looked at: names of files are values like others. */
	a.source.owned = NULL;
	if (r == NULL || r->kind != VL_KIND_SQLITE)
		return vl_fail(err, VL_EUSAGE, "'%s' has no database '%s'",
		    s->target->file, source->resource);
	a.target = (struct vl_db_opts){ .path = r->path,
		.prefix = r->prefix,
		.tempdir = source->tempdir,
		.wait = VL_DATABASE_WAIT,
		.stop = vl_export_stop };
	st = vl_rows_against(&a, &verdict, err);
	if (verdict == VL_EUSAGE || c->there == VL_OK)
		c->there = verdict;
	return st;
}

static enum vl_status
check_one(struct checked *c, const struct vl_resource *r, const struct sites *s,
    struct vl_err *err)
{
	struct vl_rows_opts opts = { .profile = s->profile,
		.resource = r->name,
		.tempdir = vl_export_tempdir(),
		.secrets = &s->secrets,
		.warn_secrets =
		    s->source->undeclared_secrets == VL_UNDECLARED_WARN,
		.warn_undeclared =
		    s->source->undeclared == VL_UNDECLARED_WARN };
	const struct vl_check to = { .arg = c,
		.finding = checked_tell_finding,
		.version = checked_tell_version,
		.entry = checked_tell_entry,
		.reference = checked_tell_reference,
		.secret = checked_tell_secret };
	struct vl_db *db = NULL;
	enum vl_status verdict = VL_OK;
	enum vl_status st =
	    vl_export_copy(&db, r->name, r->path, r->prefix, err);

	c->resource = r->name;
	opts.db = db;
	if (st == VL_OK)
		st = vl_check_files_open(
		    &opts.owned, s->profile, s->source, r->name, err);
	if (st == VL_OK)
		st = vl_rows_check(&opts, &to, &verdict, err);
	if (st == VL_OK && verdict == VL_OK && s->target != NULL)
		st = compare_one(c, &opts, s, err);
	if (verdict == VL_EUSAGE || c->verdict == VL_OK)
		c->verdict = verdict;
	if (st == VL_OK && verdict == VL_OK && opts.owned != NULL)
		st = vl_check_files(&(struct vl_check_files){ c, tell_files },
		    opts.owned, s->source,
		    vl_profile_resource(s->profile, r->name), err);
	vl_owned_free(opts.owned);
	vl_db_free(db);
	return st == VL_OK ? VL_OK : vl_within(err, "resource '%s'", r->name);
}

static void
tell_values(void *arg, const struct vl_values_counted *n)
{
	struct checked *c = arg;
	struct vl_msg m = { 0 };
	char text[3400];

	if (c->json) {
		vl_msg_begin(&m, "values");
		checked_add_text(&m, "resource", c->resource);
		checked_add_text(&m, "word", n->word);
		checked_add_text(&m, "file", n->file);
		checked_add_text(&m, "path", n->path);
		vl_msg_count(&m, "files", n->files);
		vl_msg_count(&m, "values", n->values);
		vl_msg_end(&m);
	} else {
		checked_say_place(c, "values", NULL, NULL);
		(void)putchar('\t');
		checked_say_text(n->file);
		(void)putchar(' ');
		checked_say_text(n->path);
		(void)printf("\t%s\t%llu files\t%llu values\n", n->word,
		    (unsigned long long)n->files,
		    (unsigned long long)n->values);
	}
	if (n->files > 0 && n->broken == NULL)
		return;
	if (n->files == 0)
		(void)snprintf(text, sizeof(text),
		    "'%s' is about file '%s', and the tree has none", n->word,
		    n->file);
	else
		(void)snprintf(text, sizeof(text),
		    "an import would be refused by '%s' of %s", n->word,
		    n->broken);
	checked_tell_finding(c,
	    &(struct vl_check_finding){ .kind = VL_CHECK_HINT, .text = text });
}

/* Where somebody looked at it. */
struct tree_suspects {
	struct checked *c;
	bool warn;
	uint64_t n;
};

static void
tell_secret(void *arg, const struct vl_check_secret *s)
{
	const struct tree_suspects *t = arg;

	checked_tell_secret(t->c, s);
}

static void
tell_finding(void *arg, const struct vl_check_finding *f)
{
	struct tree_suspects *t = arg;

	if (f->kind == VL_CHECK_WRONG)
		t->c->verdict = VL_EUSAGE;
	if (f->kind == VL_CHECK_REFUSED && t->c->verdict == VL_OK)
		t->c->verdict = VL_EREFUSED;
	checked_tell_finding(t->c, f);
}

static void
tell_file(void *arg, const char *path, const char *what)
{
	struct tree_suspects *t = arg;
	char text[2048];
	char line[1024];

	t->n++;
	(void)snprintf(text, sizeof(text), "file '%s': %s", path, what);
	(void)snprintf(
	    line, sizeof(line), "not_secret: [{file: \"%s\"}]", path);
	tell_finding(t,
	    &(struct vl_check_finding){
	        .kind = t->warn ? VL_CHECK_HINT : VL_CHECK_REFUSED,
	        .text = text,
	        .line = line,
	        .secret = true });
}

static enum vl_status
check_secrets(struct checked *c, const struct vl_resource *r,
    const struct sites *s, bool *any, struct vl_err *err)
{
	const struct vl_profile_resource *w = s->profile == NULL ?
	    NULL :
	    vl_profile_resource(s->profile, r->name);
	struct tree_suspects t = { c,
		s->source->undeclared_secrets == VL_UNDECLARED_WARN, 0 };
	const struct vl_check_trees to = { .arg = &t,
		.masters = s->masters,
		.secret = tell_secret,
		.finding = tell_finding,
		.suspect = tell_file };
	enum vl_status st = vl_check_trees(&to, s->profile, r, err);

	*any = *any || t.n > 0 || (w != NULL && w->nfile_secrets > 0);
	return st;
}

/* A tree of which values, or members of objects, are told apart, or that holds
 * secrets. */
static enum vl_status
check_tree(struct checked *c, const struct vl_resource *r,
    const struct sites *s, size_t *n, struct vl_err *err)
{
	const struct vl_check_values to = { c, tell_values };
	enum vl_status st = VL_OK;
	bool any = false;

	c->resource = r->name;
	st = vl_check_values(&to, s->source, r, &any, err);
	if (st == VL_OK)
		st = check_secrets(c, r, s, &any, err);
	*n += any;
	return st == VL_OK ? VL_OK : vl_within(err, "resource '%s'", r->name);
}

/* In the order of the site file's names; `n`: how many have words. */
static enum vl_status
check_all(struct checked *c, const struct sites *s, const struct vl_texts *only,
    struct vl_err *err)
{
	const struct vl_site *site = s->source;
	enum vl_status st = vl_site_only_check(site, only->list, only->n, err);
	const struct vl_resource *r = NULL;
	size_t n = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		r = &site->resources[i];
		if (!vl_site_only_has(only->list, only->n, r->name))
			continue;
		if (r->kind == VL_KIND_FILES) {
			st = check_tree(c, r, s, &n, err);
			continue;
		}
		st = check_one(c, r, s, err);
		n++;
	}
	if (st == VL_OK && n == 0)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' has no resource to look at: no database, and no tree "
		    "with words about values or secrets in files",
		    site->file);
	return st;
}

static void
say_sum(const struct checked *c)
{
	struct vl_msg m = { 0 };

	if (!c->json)
		return;
	vl_msg_begin(&m, "summary");
	vl_msg_count(&m, "tables", c->tables);
	vl_msg_count(&m, "rows", c->rows);
	vl_msg_count(&m, "wrong", c->wrong);
	vl_msg_count(&m, "refused", c->refused);
	vl_msg_count(&m, "hints", c->hints);
	vl_msg_bool(&m, "goes", c->verdict == VL_OK && c->there == VL_OK);
	vl_msg_end(&m);
}

static enum vl_status
fail_wrong(const struct checked *c, const char *file, struct vl_err *err)
{
	char counted[48];

	return vl_fail(err, VL_EUSAGE,
	    "the profile of '%s' names what is not there: %s", file,
	    vl_format_counted(
	        counted, sizeof(counted), c->wrong, "finding", "findings"));
}

static enum vl_status
fail_refused(const struct checked *c, const char *what, const char *file,
    struct vl_err *err)
{
	char counted[48];

	return vl_fail(err, VL_EREFUSED, "an %s '%s' would be refused: %s",
	    what, file,
	    vl_format_counted(
	        counted, sizeof(counted), c->refused, "finding", "findings"));
}

static enum vl_status
judge(const struct checked *c, const struct sites *s, struct vl_err *err)
{
	char counted[48];

	say_sum(c);
	if (c->verdict == VL_EUSAGE)
		return fail_wrong(c, s->source->file, err);
	if (c->there == VL_EUSAGE)
		return fail_wrong(c, s->target->file, err);
	if (c->verdict != VL_OK)
		return fail_refused(c, "export of", s->source->file, err);
	if (c->there != VL_OK)
		return fail_refused(c, "import into", s->target->file, err);
	vl_cli_note("an %s '%s' would go: %s",
	    s->target == NULL ? "export of" : "import into",
	    s->target == NULL ? s->source->file : s->target->file,
	    vl_format_counted(
	        counted, sizeof(counted), c->rows, "row", "rows"));
	return VL_OK;
}

static enum vl_status
load_target(struct sites *s, const char *file, struct vl_err *err)
{
	enum vl_status st = vl_site_load(&s->target, file, err);

	if (st == VL_OK && strcmp(s->target->name, s->source->name) != 0)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is of site '%s', '%s' of site '%s': both sides have "
		    "one name",
		    s->source->file, s->source->name, s->target->file,
		    s->target->name);
	return st;
}

static void
note_key(void *arg, const char *text)
{
	(void)arg;
	vl_cli_note("%s", text);
}

/* Keys are read when a secret is opened. */
static enum vl_status
open_masters(struct sites *s, struct vl_err *err)
{
	const struct vl_masters_report report = { NULL, note_key };
	uint8_t series[VL_SERIES_SIZE] = { 0 };
	uint8_t *tk = vl_secret_alloc(VL_KEY_SIZE);
	enum vl_status st =
	    vl_masters_new(&s->masters, s->source, &report, err);

	if (st == VL_OK && s->target != NULL)
		st = vl_masters_new(&s->theirs, s->target, &report, err);
	if (st == VL_OK && tk == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK) {
		vl_masters_profile(s->masters, s->profile);
		vl_random(tk, VL_KEY_SIZE);
		st = vl_tokens_new(&s->tokens, series, 0, tk, err);
	}
	if (st == VL_OK) {
		s->ops = vl_tokens_ops(s->tokens);
		s->secrets.ops = &s->ops;
	}
	vl_secret_free(tk);
	s->secrets.arg = s->masters;
	s->secrets.key = vl_masters_key;
	s->secrets.masters = s->source->masters;
	s->secrets.nmasters = s->source->nmasters;
	return st;
}

static enum vl_status
check_run(const struct vl_args *args, struct vl_err *err)
{
	const struct check_opts *o = args->opts;
	struct checked c = { .json = o->json };
	struct sites s = { 0 };
	char dir[PATH_MAX];
	enum vl_status st = vl_site_load(&s.source, args->operands[0], err);

	s.profiles = vl_cli_profiles(dir, sizeof(dir));
	if (st == VL_OK && o->against != NULL)
		st = load_target(&s, o->against, err);
	if (st == VL_OK && vl_profile_of_bundle(s.source))
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' takes the profile that a bundle brings; here is none "
		    "to look at",
		    s.source->file);
	if (st == VL_OK)
		st = vl_profile_of_site(&s.profile, s.source, s.profiles, err);
	if (st == VL_OK)
		st = vl_profile_take_files(s.source, s.profiles, err);
	if (st == VL_OK)
		st = open_masters(&s, err);
	if (st == VL_OK)
		st = check_all(&c, &s, &o->only, err);
	if (st == VL_OK)
		st = judge(&c, &s, err);
	vl_tokens_free(s.tokens);
	vl_masters_free(s.theirs);
	vl_masters_free(s.masters);
	vl_profile_free(s.profile);
	vl_site_free(s.target);
	vl_site_free(s.source);
	return st;
}

const struct vl_cmd vl_cmd_check = {
	.name = "check-profile",
	.operands = "SITE.yaml",
	.help = "hold the profile of a site against its databases and trees",
	.about =
	    "Says for each table how its rows are called, for each "
	    "reference how many of its\nids name a row, for each secret "
	    "whether it opens, and everything for which an export\nwould "
	    "be refused. With --against also what an import would add, "
	    "change and take\naway, and for what it would be refused. Only "
	    "reads; the application may run.",
	.opts = table,
	.opts_size = sizeof(struct check_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = check_run,
};
