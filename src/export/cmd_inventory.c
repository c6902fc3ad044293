/*
 * valise-export inventory --secrets: where a site has secrets, and what looks
 * like one and is not declared.  No key is read and nothing is opened.
 */

#include <limits.h>

#include <valise/text.h>

#include "checked.h"

struct inventory_opts {
	struct vl_texts only;
	bool secrets;
	bool json;
};

static const struct vl_opt table[] = {
	{ .name = "secrets",
	    .type = VL_OPT_FLAG,
	    .at = offsetof(struct inventory_opts, secrets),
	    .help = "what is secret, and what looks like it" },
	VL_ONLY_OPT(struct inventory_opts, only, "look at"),
	VL_JSON_OPT(struct inventory_opts, json, "what is found as JSON lines"),
	{ .name = NULL },
};

struct listing {
	struct checked c;
	const struct vl_profile *profile;
	uint64_t values;
	uint64_t suspects;
};

/* ---- Databases ---- */

static void
list_secret(void *arg, const struct vl_check_secret *s)
{
	struct listing *l = arg;

	l->values += s->values;
	checked_tell_secret(&l->c, s);
}

static void
list_suspect(void *arg, const struct vl_check_finding *f)
{
	struct listing *l = arg;
	struct vl_msg m = { 0 };

	if (!f->secret) {
		if (f->kind == VL_CHECK_WRONG)
			checked_tell_finding(&l->c, f);
		return;
	}
	l->suspects++;
	if (l->c.json) {
		vl_msg_begin(&m, "suspected");
		checked_end_finding(&l->c, &m, f);
	} else {
		checked_say_finding(&l->c, "suspected", f);
	}
}

static enum vl_status
list_database(
    struct listing *l, const struct vl_resource *r, struct vl_err *err)
{
	struct vl_rows_opts opts = { .profile = l->profile,
		.resource = r->name,
		.tempdir = vl_export_tempdir(),
		.warn_secrets = true,
		.warn_undeclared = true };
	const struct vl_check to = {
		.arg = l, .finding = list_suspect, .secret = list_secret
	};
	struct vl_db *db = NULL;
	enum vl_status verdict = VL_OK;
	enum vl_status st =
	    vl_export_copy(&db, r->name, r->path, r->prefix, err);

	opts.db = db;
	if (st == VL_OK)
		st = vl_rows_check(&opts, &to, &verdict, err);
	vl_db_free(db);
	return st;
}

/* ---- Trees ---- */

static void
list_file(void *arg, const char *path, const char *text)
{
	struct listing *l = arg;
	struct vl_msg m = { 0 };

	l->suspects++;
	if (l->c.json) {
		vl_msg_begin(&m, "suspected");
		checked_add_text(&m, "resource", l->c.resource);
		checked_add_text(&m, "path", path);
		checked_add_text(&m, "text", text);
		vl_msg_end(&m);
		return;
	}
	(void)printf("suspected\t%s/", l->c.resource);
	checked_say_text(path);
	(void)putchar('\t');
	checked_say_text(text);
	(void)putchar('\n');
}

/* That nothing is found is for check-profile. */
static void
pass_by(void *arg, const struct vl_check_finding *f)
{
	(void)arg;
	(void)f;
}

static enum vl_status
list_tree(struct listing *l, const struct vl_resource *r, struct vl_err *err)
{
	const struct vl_check_trees to = { .arg = l,
		.secret = list_secret,
		.finding = pass_by,
		.suspect = list_file };

	return vl_check_trees(&to, l->profile, r, err);
}

/* ---- The command ---- */

static enum vl_status
list_all(struct listing *l, const struct vl_site *site,
    const struct vl_texts *only, struct vl_err *err)
{
	enum vl_status st = vl_site_only_check(site, only->list, only->n, err);
	const struct vl_resource *r = site->resources;

	for (; st == VL_OK && r < site->resources + site->nresources; r++) {
		if (!vl_site_only_has(only->list, only->n, r->name))
			continue;
		l->c.resource = r->name;
		st = r->kind == VL_KIND_FILES ? list_tree(l, r, err) :
		                                list_database(l, r, err);
		if (st != VL_OK)
			return vl_within(err, "resource '%s'", r->name);
	}
	return st;
}

static void
say_sum(const struct listing *l)
{
	struct vl_msg m = { 0 };
	char values[48];
	char places[48];

	if (l->c.json) {
		vl_msg_begin(&m, "summary");
		vl_msg_count(&m, "secrets", l->values);
		vl_msg_count(&m, "suspected", l->suspects);
		vl_msg_end(&m);
		return;
	}
	vl_cli_note("%s declared; %s of which no line speaks",
	    vl_format_counted(
	        values, sizeof(values), l->values, "secret", "secrets"),
	    vl_format_counted(places, sizeof(places), l->suspects,
	        "suspected place", "suspected places"));
}

static enum vl_status
inventory_run(const struct vl_args *args, struct vl_err *err)
{
	const struct inventory_opts *o = args->opts;
	struct listing l = { .c = { .json = o->json } };
	struct vl_profile *profile = NULL;
	struct vl_site *site = NULL;
	char dir[PATH_MAX];
	const char *profiles = vl_cli_profiles(dir, sizeof(dir));
	enum vl_status st = VL_OK;

	if (!o->secrets)
		return vl_fail(err, VL_EUSAGE,
		    "say what of the site: 'inventory --secrets SITE.yaml'");
	st = vl_site_load(&site, args->operands[0], err);
	if (st == VL_OK)
		st = vl_profile_of_site(&profile, site, profiles, err);
	if (st == VL_OK)
		st = vl_profile_take_files(site, profiles, err);
	l.profile = profile;
	if (st == VL_OK)
		st = list_all(&l, site, &o->only, err);
	if (st == VL_OK)
		say_sum(&l);
	vl_profile_free(profile);
	vl_site_free(site);
	return st;
}

const struct vl_cmd vl_cmd_inventory = {
	.name = "inventory",
	.operands = "SITE.yaml",
	.help = "list where a site has secrets",
	.about = "With --secrets: every place that the profile calls secret, "
	         "how many values it has,\nunder which cipher and master key; "
	         "and what of databases and files looks like a\nsecret and is "
	         "not declared. Reads no key, opens nothing, and only reads.",
	.opts = table,
	.opts_size = sizeof(struct inventory_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = inventory_run,
};
