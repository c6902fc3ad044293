/* What a site says of its profile: which one, and its own words over it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <valise/profile.h>

#include "../../../src/site/read.h"

/* A directory of profiles with one in it, `t.yaml`. */
static char dir[] = "/var/tmp/valise-profile-XXXXXX";
static char base[sizeof(dir) + 10];

static void
write_base(const char *text)
{
	FILE *f = fopen(base, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(0, fclose(f));
}

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(base, sizeof(base), "%s/t.yaml", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(base);
	return rmdir(dir);
}

/*
 * The words of a site file, before it is asked whether it has databases: no
 * kind of this version is one, so the whole is still refused.
 */
static enum vl_status
read_site(struct vl_site *site, const char *text, struct vl_err *err)
{
	const struct vl_site_reader r = { .file = "/s/site.yaml", .dir = dir };
	struct vl_site_node *root = NULL;
	enum vl_status st = vl_site_yaml(&root, r.file, vl_slice_of(text), err);

	if (st == VL_OK)
		st = vl_site_read_map(&r, VL_SCOPE_SITE, site, root, err);
	vl_site_node_free(root);
	return st;
}

#define SITE                                                                   \
	"site: t\n"                                                            \
	"resources: [{name: db, kind: files, path: /a}, {name: g, kind: "      \
	"files, "                                                              \
	"path: /b}]\n"                                                         \
	"profile: "

/* What the site's `profile` comes to; NULL for none. */
static struct vl_profile *
taken(const char *profile)
{
	struct vl_site site = { 0 };
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	char text[4000];

	(void)snprintf(text, sizeof(text), SITE "%s\n", profile);
	if (read_site(&site, text, &err) != VL_OK ||
	    vl_profile_of_site(&p, &site, dir, &err) != VL_OK)
		fail_msg("%s", err.text);
	vl_site_clear(VL_SCOPE_SITE, &site);
	return p;
}

/* The file of the site, or another one where `message` names it. */
static void
refused(const char *profile, const char *message)
{
	struct vl_site site = { 0 };
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	char text[4000];

	(void)snprintf(text, sizeof(text), SITE "%s\n", profile);
	st = read_site(&site, text, &err);
	if (st == VL_OK)
		st = vl_profile_of_site(&p, &site, dir, &err);
	vl_site_clear(VL_SCOPE_SITE, &site);
	assert_int_equal(VL_EUSAGE, st);
	assert_null(p);
	assert_string_equal(message, err.text);
}

/* What is said of `resource` by profile `p`, which is freed, is `json`. */
static void
says(struct vl_profile *p, const char *resource, const char *json)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, vl_profile_words(&out, p, resource, &err));
	assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
	assert_string_equal(json, (const char *)out.p);
	vl_buf_free(&out);
	vl_profile_free(p);
}

#define RESOURCE(words) "{\"resources\":[{" words "}]}"

static void
takes_a_name_a_path_or_the_words(void **state)
{
	static const char json[] =
	    RESOURCE("\"none\":[\"0\"],\"resource\":\"db\"");

	(void)state;
	write_base("resources: [{resource: db, none: [0]}]\n");
	says(taken("t"), "db", json);
	says(taken("{use: t}"), "db", json);
	says(taken(base), "db", json);
	says(taken("{resources: [{resource: db, none: [0]}]}"), "db", json);
	/* Relative to the directory of the site file. */
	says(taken("t.yaml"), "db", json);
	says(taken("./t.yaml"), "db", json);
}

static void
takes_what_the_bundle_brings(void **state)
{
	struct vl_site site = { 0 };
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_false(vl_profile_of_bundle(&site));
	assert_int_equal(VL_OK, vl_profile_of_site(&p, &site, dir, &err));
	assert_null(p);
	assert_int_equal(VL_OK, read_site(&site, SITE "bundle\n", &err));
	assert_true(vl_profile_of_bundle(&site));
	assert_int_equal(VL_OK, vl_profile_of_site(&p, &site, dir, &err));
	assert_null(p);
	vl_site_clear(VL_SCOPE_SITE, &site);
}

static void
a_single_word_of_the_site_replaces(void **state)
{
	(void)state;
	write_base("resources:\n"
	           "- resource: db\n"
	           "  tables:\n"
	           "  - {table: a, where: x, key: [k], on_new: fail}\n"
	           "  - {table: a, key: [l, m], ids: new}\n"
	           "  - {table: b, key: [n]}\n");
	/* Without `where` it speaks of all entries of the table. */
	says(taken("{use: t, tables: [{resource: db, table: a, on_new: skip, "
	           "key: [z]}]}"),
	    "db",
	    RESOURCE("\"resource\":\"db\",\"tables\":["
	             "{\"key\":[\"z\"],\"on_new\":\"skip\",\"table\":\"a\","
	             "\"where\":\"x\"},"
	             "{\"ids\":\"new\",\"key\":[\"z\"],\"on_new\":\"skip\","
	             "\"table\":\"a\"},{\"key\":[\"n\"],\"table\":\"b\"}]"));
	/* With it, of that one alone. */
	says(taken("{use: t, tables: [{resource: db, table: a, where: x, "
	           "on_new: create}]}"),
	    "db",
	    RESOURCE("\"resource\":\"db\",\"tables\":["
	             "{\"key\":[\"k\"],\"table\":\"a\",\"where\":\"x\"},"
	             "{\"ids\":\"new\",\"key\":[\"l\",\"m\"],\"table\":\"a\"},"
	             "{\"key\":[\"n\"],\"table\":\"b\"}]"));
	/* Other rows are tried first, in the order of the site. */
	says(taken("{use: t, tables: [{resource: db, table: a, where: y, "
	           "skip: true}, {resource: db, table: a, where: w, key: [w]}, "
	           "{resource: db, table: b, where: v}]}"),
	    "db",
	    RESOURCE("\"resource\":\"db\",\"tables\":["
	             "{\"skip\":true,\"table\":\"a\",\"where\":\"y\"},"
	             "{\"key\":[\"w\"],\"table\":\"a\",\"where\":\"w\"},"
	             "{\"key\":[\"k\"],\"on_new\":\"fail\",\"table\":\"a\","
	             "\"where\":\"x\"},"
	             "{\"ids\":\"new\",\"key\":[\"l\",\"m\"],\"table\":\"a\"},"
	             "{\"table\":\"b\",\"where\":\"v\"},"
	             "{\"key\":[\"n\"],\"table\":\"b\"}]"));
}

static void
a_table_of_a_list_is_taken_out_of_it(void **state)
{
	(void)state;
	write_base("resources:\n"
	           "- resource: db\n"
	           "  tables: [{table: [a, b, c], skip: true}]\n");
	says(taken("{use: t, tables: [{resource: db, table: [b, d], "
	           "skip: true}, {resource: db, table: c, skip: false, "
	           "key: [k]}]}"),
	    "db",
	    RESOURCE("\"resource\":\"db\",\"tables\":["
	             "{\"skip\":true,\"table\":\"a\"},"
	             "{\"skip\":true,\"table\":\"b\"},"
	             "{\"key\":[\"k\"],\"table\":\"c\"},"
	             "{\"skip\":true,\"table\":\"d\"}]"));
}

static void
lists_of_the_site_add(void **state)
{
	(void)state;
	write_base("resources:\n"
	           "- resource: db\n"
	           "  tables: [{table: a, keep_here: [p], key: [k]}]\n"
	           "  references: [{from: [a.b, a.c], to: d, none: [0]}]\n"
	           "  not_reference: [a.x]\n"
	           "  none: [0]\n"
	           "  keep_here: [{table: s}]\n");
	says(taken("\n"
	           "  use: t\n"
	           "  tables: [{resource: db, table: a, keep_here: [q]}]\n"
	           "  references:\n"
	           "  - {resource: db, from: a.c, to: e, none: [1]}\n"
	           "  - {resource: db, from: a.c, to: f, where: x}\n"
	           "  - {resource: db, path: '{a.b}', in: g}\n"
	           "  not_reference: [{resource: db, columns: [a.y, a.z]}]\n"
	           "  none: [{resource: db, values: ['']}]\n"
	           "  keep_here: [{resource: db, table: u, columns: [v]}]\n"),
	    "db",
	    RESOURCE("\"keep_here\":[{\"columns\":[\"v\"],\"table\":\"u\"},"
	             "{\"table\":\"s\"}],\"none\":[\"\",\"0\"],"
	             "\"not_reference\":[\"a.x\",\"a.y\",\"a.z\"],"
	             "\"references\":["
	             "{\"from\":\"a.b\",\"none\":[\"0\"],\"to\":\"d\"},"
	             "{\"from\":\"a.c\",\"none\":[\"0\",\"1\"],\"to\":\"e\"},"
	             "{\"from\":\"a.c\",\"to\":\"f\",\"where\":\"x\"},"
	             "{\"in\":\"g\",\"path\":\"{a.b}\"}],"
	             "\"resource\":\"db\",\"tables\":[{\"keep_here\":[\"p\","
	             "\"q\"],\"key\":[\"k\"],\"table\":\"a\"}]"));
}

static void
a_reference_may_get_another_kind_of_target(void **state)
{
	(void)state;
	write_base("types: {m: {x: y}}\n"
	           "resources:\n"
	           "- {resource: db, references: [{from: a.b, to: c}]}\n");
	says(taken("{use: t, references: [{resource: db, from: a.b, "
	           "to_by: {column: d, values: m}}]}"),
	    "db",
	    RESOURCE("\"references\":[{\"from\":\"a.b\",\"to_by\":{\"column\":"
	             "\"d\",\"values\":{\"x\":\"y\"}}}],\"resource\":\"db\""));
}

static void
resources_get_the_names_of_the_site(void **state)
{
	struct vl_profile *p = NULL;
	char message[300];

	(void)state;
	write_base("version: {resource: app, sql: x}\n"
	           "resources:\n"
	           "- resource: app\n"
	           "  references: [{path: '{a.b}', in: files}]\n"
	           "- resource: more\n");
	/* Words of the site use the names of the profile. */
	p = taken("{use: t, resources: {app: more, more: app, files: f}, "
	          "none: [{resource: app, values: [0]}]}");
	assert_int_equal(2, p->nresources);
	assert_string_equal("more", p->resources[0].resource);
	assert_string_equal("app", p->resources[1].resource);
	says(p, "more",
	    "{\"resources\":[{\"none\":[\"0\"],\"references\":[{\"in\":\"f\","
	    "\"path\":\"{a.b}\"}],\"resource\":\"more\"}],\"version\":"
	    "{\"resource\":\"more\",\"sql\":\"x\"}}");
	refused("{use: t, resources: {ap: x}}",
	    "/s/site.yaml:3:10: 'ap' is no resource of the profile");
	(void)snprintf(message, sizeof(message),
	    "%s:5:3: resource 'x' stands here twice; first in line 3", base);
	refused("{use: t, resources: {app: x, more: x}}", message);
	(void)snprintf(message, sizeof(message),
	    "%s:4:16: 'in' names 'files', which is none of this site; "
	    "'resources: {files: db}' beside 'use' says which tree is meant",
	    base);
	refused("{use: t, resources: {app: more, more: app}}", message);
}

static void
knows_of_each_word_which_file_it_is_of(void **state)
{
	struct vl_profile *p = NULL;
	const struct vl_profile_resource *db = NULL;

	(void)state;
	write_base("resources:\n"
	           "- resource: db\n"
	           "  tables: [{table: a}]\n"
	           "  references: [{from: a.b, to: c}]\n"
	           "  not_reference: [a.x]\n");
	p = taken("{use: t, tables: [{resource: db, table: b}],\n"
	          "  references: [{resource: db, from: [b.b,\n"
	          "    b.c], to: c}],\n"
	          "  not_reference: [{resource: db, columns: [a.y,\n"
	          "    a.z]}]}");
	db = vl_profile_resource(p, "db");
	assert_string_equal(base, p->file);
	assert_string_equal("/s/site.yaml", p->site_file);
	assert_false(db->tables[0].in_site);
	assert_true(db->tables[1].in_site);
	assert_int_equal(3, db->tables[1].line);
	assert_false(db->references[0].in_site);
	assert_true(db->references[1].in_site);
	assert_int_equal(4, db->references[1].line);
	assert_int_equal(4, db->references[1].from_at[0].line);
	assert_true(db->references[2].from_at[0].in_site);
	assert_int_equal(5, db->references[2].from_at[0].line);
	assert_int_equal(5, db->references[2].from_at[0].column);
	assert_int_equal(3, db->nnot_reference);
	assert_false(db->not_reference_at[0].in_site);
	assert_int_equal(5, db->not_reference_at[0].line);
	assert_true(db->not_reference_at[1].in_site);
	assert_int_equal(6, db->not_reference_at[1].line);
	assert_true(db->not_reference_at[2].in_site);
	assert_int_equal(7, db->not_reference_at[2].line);
	assert_int_equal(5, db->not_reference_at[2].column);
	vl_profile_free(p);
}

static void
says_in_which_file_a_mistake_is(void **state)
{
	char message[200];

	(void)state;
	write_base("resources: [{resource: db, tables: [{table: a, keyy: "
	           "x}]}]\n");
	(void)snprintf(message, sizeof(message),
	    "%s:1:48: unknown word 'keyy'; did you mean 'key'?", base);
	refused("t", message);
	write_base("resources: [{resource: db, tables: [{table: a}]}]\n");
	refused("{use: t, tables: [{resource: db, table: a, keyy: x}]}",
	    "/s/site.yaml:3:53: unknown word 'keyy'; did you mean 'key'?");
	/* Wrong only where both come together. */
	refused("{use: t, references: [{resource: db, from: a.b, to_by: "
	        "{column: c, values: m}}]}",
	    "/s/site.yaml:3:32: 'm' is none of the maps of 'types'");
	refused("{use: t, tables: [{resource: db, table: a, create: true}]}",
	    "/s/site.yaml:3:28: 'create' is for a table whose name holds an "
	    "id, such as 'data_{table.id}'");
}

static void
refuses_words_that_stand_nowhere(void **state)
{
	char message[200];

	(void)state;
	write_base("resources: [{resource: db}]\n");
	refused("{use: t, tabels: []}",
	    "/s/site.yaml:3:19: unknown word 'tabels'; did you mean 'tables'?");
	refused("{use: t, exclude: []}",
	    "/s/site.yaml:3:19: 'exclude' is not known to this version yet");
	refused("{use: t, prefix: {app: x_}}",
	    "/s/site.yaml:3:10: 'prefix': 'app' is no resource of "
	    "the profile");
	refused("{use: t, prefix: {db: x-}}",
	    "/s/site.yaml:3:32: 'x-' cannot be a 'prefix'; use 1 to 64 "
	    "letters, digits and underscores");
	refused("{use: t, tables: [{table: a}]}",
	    "/s/site.yaml:3:28: this entry has no 'resource'");
	refused("{use: t, none: [{resource: db}]}",
	    "/s/site.yaml:3:26: this entry has no 'values'");
	refused("{use: t, not_reference: [{resource: db, column: a}]}",
	    "/s/site.yaml:3:50: 'resource' and 'columns' are the words of this "
	    "entry");
	refused("{use: t, not_reference: [{resource: db, columns: [a]}]}",
	    "/s/site.yaml:3:60: 'a' cannot be a 'not_reference'; write "
	    "table.column");
	refused("{use: t, tables: {a: b}}",
	    "/s/site.yaml:3:27: 'tables' takes a list, each entry with its "
	    "'-'");
	refused("{tables: []}", "/s/site.yaml:3:11: unknown word 'tables'");
	refused("[t]",
	    "/s/site.yaml:3:10: 'profile' takes a name, a path, 'bundle', or "
	    "words with values");
	refused("a_b",
	    "/s/site.yaml:3:10: 'a_b' cannot be a 'profile'; use 1 to 64 "
	    "letters, digits and dashes");
	(void)snprintf(message, sizeof(message),
	    "cannot read profile '%s/u.yaml': No such file or directory", dir);
	refused("u", message);
}

/* The rules of a site about rows, and what a kind of database makes of it. */
static void
reads_rules_about_rows(void **state)
{
	static const char text[] =
	    "site: t\n"
	    "references: {undeclared: warn}\n"
	    "resources: [{name: db, kind: files, path: /a}]\n"
	    "keep_here:\n"
	    "- {resource: db, path: x}\n"
	    "- {resource: db, table: s, where: y, columns: [a, b]}\n"
	    "map:\n"
	    "- {resource: db, table: u, from: [a, ''], to: [b, c]}\n"
	    "- {resource: db, from: p, to: q}\n";
	struct vl_site s = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, read_site(&s, text, &err));
	assert_int_equal(VL_UNDECLARED_WARN, s.undeclared);
	assert_int_equal(1, s.nkeep_here);
	assert_string_equal("x", s.keep_here[0].path);
	assert_int_equal(1, s.nkeep_rows);
	assert_string_equal("db", s.keep_rows[0].resource);
	assert_string_equal("s", s.keep_rows[0].table);
	assert_string_equal("y", s.keep_rows[0].where);
	assert_int_equal(2, s.keep_rows[0].ncolumns);
	assert_int_equal(6, s.keep_rows[0].line);
	assert_int_equal(1, s.nmap);
	assert_string_equal("p", s.map[0].from);
	assert_int_equal(1, s.nmap_records);
	assert_string_equal("u", s.map_records[0].table);
	assert_string_equal("", s.map_records[0].from[1]);
	assert_string_equal("c", s.map_records[0].to[1]);
	vl_site_clear(VL_SCOPE_SITE, &s);
}

/* As they will stand beside a database: `db` is one, `f` is not. */
static void
refused_rule(const char *rules, const char *message)
{
	const struct vl_site_reader r = { .file = "/s/site.yaml", .dir = "/s" };
	struct vl_site s = { 0 };
	struct vl_site_node *root = NULL;
	struct vl_err err = { 0 };
	char text[1000];

	(void)snprintf(text, sizeof(text),
	    "site: t\n"
	    "profile: x\n"
	    "resources: [{name: db, kind: files, path: /a},\n"
	    "  {name: f, kind: files, path: /f}]\n%s",
	    rules);
	assert_int_equal(
	    VL_OK, vl_site_yaml(&root, r.file, vl_slice_of(text), &err));
	assert_int_equal(
	    VL_OK, vl_site_read_map(&r, VL_SCOPE_SITE, &s, root, &err));
	s.resources[0].kind = VL_KIND_SQLITE;
	if (message == NULL) {
		assert_int_equal(
		    VL_OK, vl_site_check_rules(&r, &s, root, &err));
	} else {
		assert_int_equal(
		    VL_EUSAGE, vl_site_check_rules(&r, &s, root, &err));
		assert_string_equal(message, err.text);
	}
	vl_site_node_free(root);
	vl_site_clear(VL_SCOPE_SITE, &s);
}

static void
holds_rules_about_rows_and_paths_apart(void **state)
{
	(void)state;
	refused_rule("map:\n"
	             "- {resource: db, table: u, from: [a], to: [b]}\n"
	             "- {resource: f, from: a/**, to: b/**}\n"
	             "keep_here:\n"
	             "- {resource: db, table: u}\n"
	             "- {resource: f, path: x}\n",
	    NULL);
	refused_rule("keep_here: [{resource: db, path: x}]\n",
	    "/s/site.yaml:5:24: 'db' is no tree of files: this entry needs "
	    "'table'");
	refused_rule("map: [{resource: db, from: x, to: y}]\n",
	    "/s/site.yaml:5:18: 'db' is no tree of files: this entry needs "
	    "'table'");
	refused_rule("map: [{resource: f, table: x, from: [a], to: [b]}]\n",
	    "/s/site.yaml:5:28: 'table' is about databases, and 'f' is a "
	    "resource of kind 'files'");
	refused_rule(
	    "map:\n- {resource: db, table: u, from: [a, b], to: [b]}\n",
	    "/s/site.yaml:6:3: 'from' has 2 columns of the key, 'to' has 1");
	/* Entries about rows do not shift those about paths. */
	refused_rule("map:\n"
	             "- {resource: f, from: a, to: b}\n"
	             "- {resource: db, table: u, from: [a], to: [b]}\n"
	             "- {resource: f, from: c, to: d/**}\n",
	    "/s/site.yaml:8:30: 'from' does not end in '/**', so 'to' must "
	    "not");
	refused_rule("map:\n"
	             "- {resource: db, table: u, from: [a], to: [b]}\n"
	             "- {resource: f, from: a/**, to: b/**}\n"
	             "- {resource: f, from: a, to: d}\n",
	    "/s/site.yaml:8:23: 'a' is mapped in line 7 already");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_name_a_path_or_the_words),
		cmocka_unit_test(takes_what_the_bundle_brings),
		cmocka_unit_test(a_single_word_of_the_site_replaces),
		cmocka_unit_test(a_table_of_a_list_is_taken_out_of_it),
		cmocka_unit_test(lists_of_the_site_add),
		cmocka_unit_test(a_reference_may_get_another_kind_of_target),
		cmocka_unit_test(resources_get_the_names_of_the_site),
		cmocka_unit_test(knows_of_each_word_which_file_it_is_of),
		cmocka_unit_test(says_in_which_file_a_mistake_is),
		cmocka_unit_test(refuses_words_that_stand_nowhere),
		cmocka_unit_test(reads_rules_about_rows),
		cmocka_unit_test(holds_rules_about_rows_and_paths_apart),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
