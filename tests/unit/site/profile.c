/* What a profile may say, and what each mistake is answered with. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/fs.h>
#include <valise/profile.h>

#define FILE_NAME "/etc/t/tracker.yaml"
#define HEAD      "resources:\n- resource: db\n"

static enum vl_status
parse(struct vl_profile **p, const char *text, struct vl_err *err)
{
	return vl_profile_parse(p, FILE_NAME, vl_slice_of(text), err);
}

static struct vl_profile *
accepted(const char *text)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	if (parse(&p, text, &err) != VL_OK)
		fail_msg("%s", err.text);
	return p;
}

/* `text` is refused with FILE_NAME and `message`. */
static void
refused(const char *text, const char *message)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, parse(&p, text, &err));
	assert_null(p);
	assert_memory_equal(FILE_NAME, err.text, sizeof(FILE_NAME) - 1);
	assert_string_equal(message, err.text + sizeof(FILE_NAME) - 1);
}

/* `entry` as the one table of HEAD, in line 4 from column 5 on. */
static void
refused_table(const char *entry, const char *message)
{
	char text[1000];

	(void)snprintf(text, sizeof(text), HEAD "  tables:\n  - %s\n", entry);
	refused(text, message);
}

static void
refused_reference(const char *entry, const char *message)
{
	char text[1000];

	(void)snprintf(
	    text, sizeof(text), HEAD "  references:\n  - %s\n", entry);
	refused(text, message);
}

static const char whole[] =
    "application: tracker\n"
    "version: {resource: db, sql: select 1, accept: ['2024*', '2025*']}\n"
    "types: {rails: {Issue: issue, Project: project}}\n"
    "resources:\n"
    "- resource: db\n"
    "  tables:\n"
    "  - {table: [session, cache, job], skip: true}\n"
    "  - {table: user, where: \"type='User'\", key: [login],\n"
    "     keep_here: [password_hash], on_match: skip, on_new: fail,\n"
    "     target_only: delete, ids: keep, triggers: disable,\n"
    "     match: [id, brought, key]}\n"
    "  - {table: user, key: [type, {of: a.b, where: x, column: c}],\n"
    "     owned_by: [p, q], ordinal: [t, id],\n"
    "     skip: \"name like 'x%'\"}\n"
    "  - {table: \"data_{data_table.id}\", create: true}\n"
    "  references:\n"
    "  - {from: '*.project_id', to: project}\n"
    "  - {from: [issue.a, issue.b], to: user.login, none: [0, \"\"],\n"
    "     on_dangling: clear, where: x > 1}\n"
    "  - {from: at.id, to_by: {column: type, values: rails, else: plain}}\n"
    "  - {from: cv.v, to_by: {column: f.format, values: {user: user}}}\n"
    "  - {path: \"wf/{wf.id}/**\", in: binary}\n"
    "  - {from: wf.nodes, json: '$[*].id', pattern: (.*), split: ',',\n"
    "     to: cred, on_dangling: drop, on_broken: keep}\n"
    "  not_reference: [issue.ext_id, \"data_*.*\"]\n"
    "  none: [-1]\n"
    "  keep_here:\n"
    "  - {table: setting, columns: [value], where: \"name = 'x'\"}\n"
    "- resource: other\n";

static void
reads_every_word_of_tables(void **state)
{
	struct vl_profile *p = accepted(whole);
	const struct vl_profile_resource *db = vl_profile_resource(p, "db");
	const struct vl_table_words *t = db->tables;

	(void)state;
	assert_string_equal("tracker", p->application);
	assert_string_equal("db", p->version_resource);
	assert_string_equal("select 1", p->version_sql);
	assert_int_equal(2, p->nversion_accept);
	assert_int_equal(2, p->nresources);
	assert_null(vl_profile_resource(p, "none"));
	/* One table an entry, by name; of one table as they are tried. */
	assert_int_equal(6, db->ntables);
	assert_string_equal("cache", t[0].tables[0]);
	assert_true(t[0].skip);
	assert_int_equal(1, t[0].ntables);
	assert_int_equal(7, t[0].line);
	assert_true(t[1].create);
	assert_string_equal("job", t[2].tables[0]);
	assert_string_equal("session", t[3].tables[0]);
	assert_string_equal("type='User'", t[4].where);
	assert_string_equal("login", t[4].key[0].column);
	assert_null(t[4].key[0].of);
	assert_string_equal("password_hash", t[4].keep_here[0]);
	assert_int_equal(VL_ON_MATCH_SKIP, t[4].on_match);
	assert_int_equal(VL_ON_NEW_FAIL, t[4].on_new);
	assert_true(t[4].has_target_only);
	assert_int_equal(VL_TARGET_ONLY_DELETE, t[4].target_only);
	assert_int_equal(VL_IDS_KEEP, t[4].ids);
	assert_int_equal(VL_TRIGGERS_DISABLE, t[4].triggers);
	assert_null(t[5].where);
	assert_false(t[5].skip);
	assert_string_equal("name like 'x%'", t[5].skip_where);
	assert_int_equal(2, t[5].nkey);
	assert_string_equal("a.b", t[5].key[1].of);
	assert_string_equal("x", t[5].key[1].where);
	assert_string_equal("c", t[5].key[1].column);
	assert_int_equal(3, t[4].nmatch);
	assert_int_equal(VL_MATCH_ID, t[4].match[0]);
	assert_int_equal(VL_MATCH_BROUGHT, t[4].match[1]);
	assert_int_equal(VL_MATCH_KEY, t[4].match[2]);
	assert_int_equal(2, t[5].nowned_by);
	assert_string_equal("id", t[5].ordinal[1]);
	assert_false(t[5].has_target_only);
	assert_int_equal(VL_IDS_DEFAULT, t[5].ids);
	assert_false(t[5].in_site);
	vl_profile_free(p);
}

static void
reads_every_word_of_references(void **state)
{
	struct vl_profile *p = accepted(whole);
	const struct vl_profile_resource *db = vl_profile_resource(p, "db");
	const struct vl_reference *r = db->references;

	(void)state;
	assert_int_equal(5, db->nreferences);
	assert_string_equal("*.project_id", r[0].from[0]);
	assert_string_equal("project", r[0].to);
	assert_null(r[0].to_by);
	assert_int_equal(VL_DANGLING_REFUSE, r[0].on_dangling);
	assert_int_equal(2, r[1].nfrom);
	assert_string_equal("user.login", r[1].to);
	assert_string_equal("0", r[1].none[0]);
	assert_string_equal("", r[1].none[1]);
	assert_string_equal("x > 1", r[1].where);
	assert_int_equal(VL_DANGLING_CLEAR, r[1].on_dangling);
	assert_string_equal("type", r[2].to_by->column);
	assert_string_equal("plain", r[2].to_by->otherwise);
	/* The map of `types` stands where it is used. */
	assert_int_equal(2, r[2].to_by->nvalues);
	assert_string_equal("Project", r[2].to_by->values[1].from);
	assert_string_equal("project", r[2].to_by->values[1].to);
	assert_string_equal("refuse", r[3].to_by->otherwise);
	assert_string_equal("user", r[3].to_by->values[0].to);
	assert_string_equal("$[*].id", r[4].json);
	assert_string_equal("(.*)", r[4].pattern);
	assert_string_equal(",", r[4].split);
	assert_int_equal(VL_DANGLING_DROP, r[4].on_dangling);
	assert_int_equal(VL_BROKEN_KEEP, r[4].on_broken);
	assert_int_equal(1, db->npaths);
	assert_string_equal("wf/{wf.id}/**", db->paths[0].path);
	assert_string_equal("binary", db->paths[0].in);
	assert_int_equal(22, db->paths[0].line);
	assert_int_equal(2, db->nnot_reference);
	assert_int_equal(25, db->not_reference_at[1].line);
	assert_int_equal(33, db->not_reference_at[1].column);
	assert_string_equal("-1", db->none[0]);
	assert_int_equal(1, db->nkeep_here);
	assert_string_equal("setting", db->keep_here[0].table);
	assert_string_equal("value", db->keep_here[0].columns[0]);
	assert_string_equal("name = 'x'", db->keep_here[0].where);
	assert_null(db->keep_here[0].resource);
	vl_profile_free(p);
}

static void
names_the_nearest_right_word(void **state)
{
	(void)state;
	refused("aplication: x\n",
	    ":1:1: unknown word 'aplication'; did you mean 'application'?");
	refused(HEAD "  tabels: []\n",
	    ":3:3: unknown word 'tabels'; did you mean 'tables'?");
	refused_table("{table: a, on_mach: skip}",
	    ":4:16: unknown word 'on_mach'; did you mean 'on_match'?");
	refused_table("{table: a, on_match: skipp}",
	    ":4:26: 'skipp' is not one of overwrite, skip, fail; did you mean "
	    "'skip'?");
	refused_table("{table: a, match: [keys]}",
	    ":4:24: 'keys' is not one of key, id, brought; did you mean "
	    "'key'?");
	refused_table("{table: a, key: [{of: a.b, colum: c}]}",
	    ":4:32: unknown word 'colum'; did you mean 'column'?");
	refused_reference("{from: a.b, too: c}",
	    ":4:17: unknown word 'too'; did you mean 'to'?");
	refused_reference("{path: 'a/{b.c}', inn: f}",
	    ":4:23: unknown word 'inn'; did you mean 'in'?");
	refused_reference("{from: a.b, to_by: {column: c, value: {d: e}}}",
	    ":4:36: unknown word 'value'; did you mean 'values'?");
	refused(HEAD "  keep_here: [{tabel: a}]\n",
	    ":3:16: unknown word 'tabel'; did you mean 'table'?");
	refused("version: {resource: db, sq: x}\n",
	    ":1:25: unknown word 'sq'; did you mean 'sql'?");
}

/* What was brought is told by a name that it had. */
static void
brought_stands_beside_another_word_and_not_with_ordinal(void **state)
{
	(void)state;
	refused(HEAD "  tables:\n  - {table: t, key: [a], match: [brought]}\n",
	    ":4:5: 'brought' in 'match' needs 'key' or 'id' beside it, for "
	    "rows that no import brought: write [brought, key]");
	refused(HEAD "  tables:\n  - {table: t, key: [a], ordinal: [b],"
	             " match: [brought, key]}\n",
	    ":4:5: 'brought' in 'match' finds no row with 'ordinal', whose "
	    "place among others is its name: leave one of them out");
}

/* Another id would not be found again. */
static void
what_is_matched_by_its_id_keeps_it(void **state)
{
	(void)state;
	refused(HEAD "  tables:\n  - {table: t, key: [a], match: [id, key],"
	             " ids: new}\n",
	    ":4:5: with 'id' in 'match' new rows keep their ids, or they would "
	    "not be found by them again: write 'ids: keep', or leave it out");
	refused(HEAD "  tables:\n  - {table: t, key: [a], match: [key, id],"
	             " ids: keep_or_new}\n",
	    ":4:5: with 'id' in 'match' new rows keep their ids, or they would "
	    "not be found by them again: write 'ids: keep', or leave it out");
	refused(HEAD "  tables:\n  - {table: t, owned_by: b, ordinal: [a],"
	             " match: [id]}\n",
	    ":4:5: 'id' in 'match' finds no row with 'ordinal', whose place "
	    "among others is its name: leave one of them out");
}

static void
asks_for_what_is_missing(void **state)
{
	(void)state;
	refused("application: x\n", ":1:1: the profile has no 'resources'");
	refused("resources: [{none: [0]}]\n",
	    ":1:13: this resource has no 'resource'");
	refused(HEAD "version: {resource: a}\n",
	    ":3:10: 'version' has no 'sql', 'file' or 'command'");
	refused(HEAD "version: {resource: a, sql: b, file: c}\n",
	    ":3:10: one of 'sql', 'file' and 'command' tells the version");
	refused(HEAD "version: {resource: a, sql: b, json: $.c}\n",
	    ":3:10: 'json' says where in a 'file' the version stands");
	refused(HEAD "version: {resource: a, command: b}\n",
	    ":3:33: 'command' takes a list, such as [a, b]");
	refused("version: {sql: a}\n", ":1:10: 'version' has no 'resource'");
	refused_table("{skip: true}", ":4:5: this entry has no 'table'");
	refused_table("{table: []}", ":4:13: 'table' is empty");
	refused_table("{table: a, key: []}", ":4:21: 'key' is empty");
	refused_table("{table: a, key: [{of: b.c}]}",
	    ":4:22: this part of the key has no 'column'");
	refused_table("{table: a, key: [{column: c}]}",
	    ":4:22: this part of the key has no 'of'");
	refused_reference("{to: a}", ":4:5: this entry has no 'from'");
	refused_reference("{from: a.b}", ":4:5: this entry has no 'to'");
	refused_reference("{from: a.b, to: c, to_by: {column: d, values: {e: "
	                  "f}}}",
	    ":4:5: one of 'to' and 'to_by' says what it refers to, not both");
	refused_reference("{from: a.b, to_by: {column: c}}",
	    ":4:24: 'to_by' has no 'values'");
	refused_reference("{from: a.b, to_by: {column: c, values: {}}}",
	    ":4:44: 'values' is empty");
	refused_reference("{path: 'a/{b.c}'}", ":4:5: this entry has no 'in'");
	refused(HEAD "  keep_here: [{where: a}]\n",
	    ":3:15: this entry has no 'table'");
}

static void
refuses_wrong_types(void **state)
{
	(void)state;
	refused_table(
	    "{table: a, key: b}", ":4:21: 'key' takes a list, such as [a, b]");
	refused_table("{table: a, match: key}",
	    ":4:23: 'match' takes a list, such as [a, b]");
	refused_table("{table: a, ordinal: b}",
	    ":4:25: 'ordinal' takes a list, such as [a, b]");
	refused_table(
	    "{table: {a: b}}", ":4:13: 'table' takes a list, such as [a, b]");
	refused_table("{table: [[a]]}", ":4:14: 'table' takes one text");
	refused_table("{table: a, skip: [b]}",
	    ":4:22: 'skip' takes true or false, without quotes");
	refused_table("{table: a, skip: ''}", ":4:22: 'skip' has no value");
	refused_table("{table: 'a_{b.c}', create: yes}",
	    ":4:32: 'create' takes true or false, without quotes");
	refused_reference("{from: a.b, to: [c]}", ":4:21: 'to' takes one text");
	refused_reference("{from: a.b, to_by: c}",
	    ":4:24: words with values are expected, such as 'name: value'");
	refused_reference("{from: a.b, to: c, none: 0}",
	    ":4:30: 'none' takes a list, such as [a, b]");
	/* Empty is a value where it is written down. */
	refused(HEAD "  none:\n  -\n  - 1\n", ":4:4: 'none' has no value");
	refused("types: [a]\n",
	    ":1:8: 'types' takes a map of maps, such as {name: {Type: "
	    "table}}");
	refused("types: {a: b}\n",
	    ":1:12: a type takes a map, such as {Type: table}");
	refused("resources: {a: b}\n",
	    ":1:12: 'resources' takes a list, each entry with its '-'");
	refused(HEAD "  references: [a]\n",
	    ":3:16: words with values are expected, such as 'name: value'");
	refused(HEAD "  resource: db\n",
	    ":3:3: 'resource' stands here twice; first in line 2");
}

static void
refuses_texts_that_name_nothing(void **state)
{
	static const char *const columns[] = { "a", "'a.'", ".b", "'{a.b}'",
		"'a{b.c}'" };
	char entry[100];
	char message[200];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		(void)snprintf(
		    entry, sizeof(entry), "{to: x, from: %s}", columns[i]);
		(void)snprintf(message, sizeof(message),
		    ":4:19: '%.*s' cannot be a 'from'; write table.column",
		    (int)strcspn(columns[i] + (columns[i][0] == '\''), "'"),
		    columns[i] + (columns[i][0] == '\''));
		refused_reference(entry, message);
	}
	refused(HEAD "  not_reference: [a]\n",
	    ":3:19: 'a' cannot be a 'not_reference'; write table.column");
	refused_table("{table: 'a_{b}'}",
	    ":4:13: 'a_{b}': an id in a name is written {table.column}");
	refused_table("{table: 'a_{b.c'}",
	    ":4:13: 'a_{b.c': an id in a name is written {table.column}");
	refused_table("{table: 'a_}'}",
	    ":4:13: 'a_}': an id in a name is written {table.column}");
	refused_table("{table: 'a_{b.c}_{d.e}'}",
	    ":4:13: 'a_{b.c}_{d.e}': the name of a table holds one id at most");
	refused_reference("{in: f, path: 'a/b'}",
	    ":4:19: 'a/b' holds no id; write {table.column} where it stands");
	refused_reference("{in: f, path: 'a/*/{b.c}'}",
	    ":4:19: 'a/*/{b.c}' cannot be a 'path': it is no pattern; only "
	    "'/**' at its end, for a directory and all below, is known");
	refused_reference("{in: f, path: '../{b.c}'}",
	    ":4:19: path '../x' has a component '.' or '..'");
	refused_reference("{from: a.b, to: c, json: a.b}",
	    ":4:30: 'json' takes a path from the root, such as $.a.b or "
	    "$[*].id");
	refused(HEAD "- resource: a_b\n",
	    ":3:13: 'a_b' cannot be a 'resource'; use 1 to 64 letters, digits "
	    "and dashes");
}

static void
refuses_words_that_need_others(void **state)
{
	(void)state;
	refused_table("{table: [a, b], key: [c]}",
	    ":4:5: several tables in one entry take 'skip: true' and nothing "
	    "else; write one entry for each");
	refused_table("{table: [a, b], skip: c}",
	    ":4:5: several tables in one entry take 'skip: true' and nothing "
	    "else; write one entry for each");
	refused_table("{table: a, create: true}",
	    ":4:5: 'create' is for a table whose name holds an id, such as "
	    "'data_{table.id}'");
	refused_reference("{from: a.b, to: c, on_broken: keep}",
	    ":4:5: 'on_broken' is about values that are read by 'unpack', "
	    "'json', 'php', 'yaml' or 'pattern'");
	refused_reference("{from: a.b, to: c, json: $, php: $}",
	    ":4:5: one of 'json', 'php' and 'yaml' reads the value");
	refused_reference("{from: a.b, to_by: {column: c, values: rails}}",
	    ":4:5: 'rails' is none of the maps of 'types'");
}

static void
refuses_lines_that_say_the_same_twice(void **state)
{
	(void)state;
	refused_table("{table: a, key: [b]}\n  - {table: a, ids: keep}",
	    ":5:5: table 'a' stands here twice with the same rows; first in "
	    "line 4");
	refused_table("{table: a, where: x}\n  - {table: a, where: y}\n"
	              "  - {table: a, where: x, key: [z]}",
	    ":6:5: table 'a' stands here twice with the same rows; first in "
	    "line 4");
	refused_table("{table: [a, b, a], skip: true}",
	    ":4:5: table 'a' stands here twice with the same rows; first in "
	    "line 4");
	refused_table("{table: a, match: [id, key, id]}",
	    ":4:33: 'id' stands here twice");
	refused_reference("{from: [a.b, c.d], to: e}\n"
	                  "  - {from: c.d, to: f}",
	    ":5:5: 'c.d' stands here twice for the same rows and places; first "
	    "in line 4");
	refused_reference("{from: a.b, to: e, json: $.x, where: y}\n"
	                  "  - {from: a.b, to: f, where: y, json: $.x}",
	    ":5:5: 'a.b' stands here twice for the same rows and places; first "
	    "in line 4");
	vl_profile_free(accepted(HEAD "  references:\n"
	                              "  - {from: a.b, to: e, json: $.x}\n"
	                              "  - {from: a.b, to: e, json: $.y}\n"
	                              "  - {from: a.b, to: e, pattern: x}\n"
	                              "  - {from: a.b, to: e, where: x}\n"
	                              "  - {from: a.b, to: e}\n"));
	refused(HEAD "- resource: x\n- {resource: db, none: [0]}\n",
	    ":4:3: resource 'db' stands here twice; first in line 2");
}

/* A list counts as what it comes to. */
static void
refuses_lists_over_their_limit(void **state)
{
	size_t room = 100000;
	char *text = malloc(room);
	size_t n = 0;
	size_t i = 0;

	(void)state;
	assert_non_null(text);
	n = (size_t)snprintf(
	    text, room, HEAD "  tables: [{skip: true, table: [t");
	for (i = 0; i < 4095; i++)
		n += (size_t)snprintf(text + n, room - n, ", t%zu", i);
	(void)snprintf(text + n, room - n, "]}]\n");
	vl_profile_free(accepted(text));
	(void)snprintf(text + n, room - n, "]}, {table: a}]\n");
	refused(text,
	    ":2:3: 'tables' takes at most 4096 entries, each name of a list "
	    "counted");
	n = (size_t)snprintf(
	    text, room, HEAD "  references: [{to: a, from: [a.b");
	for (i = 0; i < 4094; i++)
		n += (size_t)snprintf(text + n, room - n, ", t.c%zu", i);
	(void)snprintf(text + n, room - n, "]}, {path: '{a.b}', in: f}]\n");
	vl_profile_free(accepted(text));
	(void)snprintf(text + n, room - n,
	    "]}, {path: '{a.b}', in: f}, {path: '{a.c}', in: f}]\n");
	refused(text,
	    ":2:3: 'references' takes at most 4096 entries, each name of a "
	    "list counted");
	free(text);
}

static void
survives_every_truncation(void **state)
{
	struct vl_profile *p = NULL;
	size_t n = 0;

	(void)state;
	for (n = 0; n < sizeof(whole); n++) {
		(void)vl_profile_parse(&p, "t.yaml",
		    (struct vl_slice){ (const uint8_t *)whole, n }, NULL);
		vl_profile_free(p);
	}
}

static void
splits_a_column_from_its_table(void **state)
{
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };

	(void)state;
	assert_true(vl_profile_split("a.b.c", &table, &column));
	assert_true(vl_slice_equal(table, vl_slice_of("a.b")));
	assert_true(vl_slice_equal(column, vl_slice_of("c")));
	assert_true(vl_profile_split("d_{t.id}.*", &table, &column));
	assert_true(vl_slice_equal(table, vl_slice_of("d_{t.id}")));
	assert_true(vl_slice_equal(column, vl_slice_of("*")));
	assert_false(vl_profile_split("d_{t.id}", &table, &column));
	assert_false(vl_profile_split("a.", &table, &column));
	assert_false(vl_profile_split("", &table, &column));
}

static void
says_why_a_file_cannot_be_read(void **state)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(
	    VL_EUSAGE, vl_profile_load(&p, "/nonexistent/x.yaml", &err));
	assert_null(p);
	assert_string_equal(
	    "cannot read profile '/nonexistent/x.yaml': No such "
	    "file or directory",
	    err.text);
}

/* Whether `schema` makes the table that a profile calls `name`. */
static bool
has_table(const char *schema, const char *name)
{
	char line[200];

	(void)snprintf(line, sizeof(line), "\nCREATE TABLE \"%.*s%s",
	    (int)strcspn(name, "{"), name, strchr(name, '{') ? "" : "\" (\n");
	return strstr(schema, line) != NULL;
}

/* How many tables of `schema` no entry of `r` names. */
static size_t
count_unnamed(const char *schema, const struct vl_profile_resource *r)
{
	static const char create[] = "\nCREATE TABLE \"";
	const char *p = schema;
	const char *name = NULL;
	size_t found = 0;
	size_t n = 0;
	size_t i = 0;

	while ((p = strstr(p, create)) != NULL) {
		p += sizeof(create) - 1;
		for (i = 0; i < r->ntables; i++) {
			name = r->tables[i].tables[0];
			n = strcspn(name, "{");
			if (strncmp(p, name, n) == 0 &&
			    (name[n] != '\0' || p[n] == '"'))
				break;
		}
		if (i == r->ntables)
			found++;
	}
	return found;
}

/* The profile of n8n, against the tables of a real one. */
static void
n8n_names_every_table_of_the_real_schema(void **state)
{
	struct vl_profile *p = NULL;
	const struct vl_profile_resource *app = NULL;
	struct vl_buf schema = { 0 };
	struct vl_err err = { 0 };
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	char name[100];
	size_t i = 0;

	(void)state;
	if (vl_profile_load(
	        &p, SOURCE_DIR "/formats/profiles/n8n.yaml", &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(VL_OK,
	    vl_read_file(AT_FDCWD, SOURCE_DIR "/fixtures/sites/n8n/schema.sql",
	        1 << 20, &schema, &err));
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &schema, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	app = vl_profile_resource(p, "app");
	assert_non_null(app);
	for (i = 0; i < app->ntables; i++)
		if (!has_table(
		        (const char *)schema.p, app->tables[i].tables[0]))
			fail_msg("no table '%s'", app->tables[i].tables[0]);
	assert_int_equal(0, count_unnamed((const char *)schema.p, app));
	for (i = 0; i < app->nreferences; i++) {
		assert_true(vl_profile_split(
		    app->references[i].from[0], &table, &column));
		(void)snprintf(name, sizeof(name), "%.*s", (int)table.n,
		    (const char *)table.p);
		assert_true(has_table((const char *)schema.p, name));
		if (app->references[i].to != NULL)
			assert_true(has_table(
			    (const char *)schema.p, app->references[i].to));
	}
	vl_buf_free(&schema);
	vl_profile_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_word_of_tables),
		cmocka_unit_test(reads_every_word_of_references),
		cmocka_unit_test(names_the_nearest_right_word),
		cmocka_unit_test(
		    brought_stands_beside_another_word_and_not_with_ordinal),
		cmocka_unit_test(what_is_matched_by_its_id_keeps_it),
		cmocka_unit_test(asks_for_what_is_missing),
		cmocka_unit_test(refuses_wrong_types),
		cmocka_unit_test(refuses_texts_that_name_nothing),
		cmocka_unit_test(refuses_words_that_need_others),
		cmocka_unit_test(refuses_lines_that_say_the_same_twice),
		cmocka_unit_test(refuses_lists_over_their_limit),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(splits_a_column_from_its_table),
		cmocka_unit_test(says_why_a_file_cannot_be_read),
		cmocka_unit_test(n8n_names_every_table_of_the_real_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
