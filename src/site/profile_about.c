/*
 * What each word of a profile means, in one line, and an entry in which it
 * stands: docs/profile-words.md is made of this and of the table of words.
 */

#include <string.h>

#include "profile_about.h"

#define PROFILE   VL_SCOPE_PROFILE
#define VERSION   VL_SCOPE_VERSION
#define DATABASE  VL_SCOPE_DATABASE
#define TABLE     VL_SCOPE_TABLE
#define KEY_PART  VL_SCOPE_KEY_PART
#define NESTED    VL_SCOPE_NESTED_SET
#define REFERENCE VL_SCOPE_REFERENCE
#define TO_BY     VL_SCOPE_TO_BY
#define PATH      VL_SCOPE_PATH
#define OWNED     VL_SCOPE_FILE
#define KEEP_PATH VL_SCOPE_KEEP_PATH
#define KEPT      VL_SCOPE_KEEP_VALUE
#define MEMBERS   VL_SCOPE_MEMBERS
#define OWNERS    VL_SCOPE_TREE_OWNERS
#define ROWS      VL_SCOPE_ROWS
#define SECRET    VL_SCOPE_SECRET
#define NOT       VL_SCOPE_NOT_SECRET
#define HERE      VL_SCOPE_HERE
#define USE       VL_SCOPE_USE

const struct vl_word_about vl_profile_about[] = {
	/* clang-format off */
	{ PROFILE, "application", "what it is the profile of", NULL,
	  "application: tracker" },
	{ PROFILE, "version", "how the version of the application is told",
	  "versions are not compared",
	  "version: {resource: db, sql: \"select max(version) from migrations\"}" },
	{ PROFILE, "types", "maps from a value to a table, for `to_by`", NULL,
	  "types: {rails: {Issue: issue, Project: project}}" },
	{ PROFILE, "resources", "the words about each database", "required",
	  "resources: [{resource: db, tables: [{table: user, key: [login]}]}]" },

	{ VERSION, "resource", "the database of the application that has this version", NULL,
	  "version: {resource: db, file: VERSION}" },
	{ VERSION, "sql", "a query whose one answer is the version", "this, `file` or `command`",
	  "version: {resource: db, sql: \"select version from about\"}" },
	{ VERSION, "file", "a file in which it stands, beside the site file", "this, `sql` or `command`",
	  "version: {resource: db, file: app/VERSION}" },
	{ VERSION, "json", "where in the file", "all of the file",
	  "version: {resource: db, file: package.json, json: $.version}" },
	{ VERSION, "yaml", "the same in a file that is YAML", "all of the file",
	  "version: {resource: db, file: Chart.yaml, yaml: $.appVersion}" },
	{ VERSION, "command", "a program that prints it, run without a shell", "this, `sql` or `file`",
	  "version: {resource: db, command: [/usr/bin/app, --version]}" },
	{ VERSION, "accept", "versions that go together, with `*`", "the same only",
	  "version: {resource: db, sql: select 1, accept: [\"2024*\", \"2025*\"]}" },

	{ DATABASE, "resource", "its name in `site.yaml`", NULL, "{resource: db}" },
	{ DATABASE, "tables", "what rows are known by, and what becomes of them", NULL,
	  "{resource: db, tables: [{table: user, key: [login]}]}" },
	{ DATABASE, "references", "which values are ids of rows", "foreign keys of the schema",
	  "{resource: db, references: [{from: page.author_id, to: user}]}" },
	{ DATABASE, "not_reference", "columns that are named like references and are none", NULL,
	  "{resource: db, not_reference: [page.ext_id, \"log_*.*\"]}" },
	{ DATABASE, "none", "values that refer to nothing, in all references", NULL,
	  "{resource: db, none: [0, \"\"]}" },
	{ DATABASE, "secrets", "columns that are encrypted with a key of each side", NULL,
	  "{resource: db, secrets: [{column: login.data, master_key: app, cipher: mine}]}" },
	{ DATABASE, "not_secret", "columns that only look as if they held secrets", NULL,
	  "{resource: db, not_secret: [{column: user.token_count}]}" },
	{ DATABASE, "keep_here", "rows, columns of rows, files, or values in files, that are the target's", NULL,
	  "{resource: db, keep_here: [{table: setting, where: \"name = 'url'\"}]}" },
	{ DATABASE, "here", "values that differ from side to side", NULL,
	  "{resource: db, here: [{name: url, in: [post.body]}]}" },

	{ DATABASE, "exclude", "what of the tree does not travel, and is left alone", NULL,
	  "{resource: files, exclude: [\"*.tmp\", cache/]}" },
	{ DATABASE, "target_only", "what only the target has in the tree", "`delete`; `brought` where rows own files or units are named",
	  "{resource: files, target_only: brought}" },
	{ DATABASE, "on_match", "what both sides have in the tree", NULL,
	  "{resource: files, on_match: skip}" },
	{ DATABASE, "one_file_system", "what is mounted inside is left out", "`true`",
	  "{resource: files, one_file_system: false}" },
	{ DATABASE, "special", "FIFOs and devices travel", NULL,
	  "{resource: files, special: true}" },
	{ DATABASE, "privileged", "setuid, capabilities and the like travel", NULL,
	  "{resource: files, privileged: true}" },
	{ DATABASE, "links", "symbolic links that lead out of the tree", NULL,
	  "{resource: files, links: inside}" },
	{ DATABASE, "on_unsupported", "what the target's disk cannot hold", NULL,
	  "{resource: files, on_unsupported: drop}" },
	{ DATABASE, "owners", "owners that have other names at the target", NULL,
	  "{resource: files, owners: {map: {www-data: httpd}}}" },
	{ DATABASE, "compress", "whether the contents are compressed", "`true`",
	  "{resource: files, compress: false}" },
	{ DATABASE, "unit", "a directory that fits is one thing", NULL,
	  "{resource: files, unit: \"tenants/*/\"}" },
	{ DATABASE, "members", "objects in files, whose members are records", NULL,
	  "{resource: files, members: [{file: tenants.json, json: $.tenants}]}" },

	{ TABLE, "table", "which; a list only with `skip: true`", NULL,
	  "{table: [session, cache], skip: true}" },
	{ TABLE, "where", "which of its rows; the first entry that fits counts", "what no other entry takes",
	  "{table: user, where: \"type = 'Group'\", key: [type, name]}" },
	{ TABLE, "skip", "these rows do not travel, and are left alone", NULL,
	  "{table: setting, key: [name], skip: \"name like 'cache.%'\"}" },
	{ TABLE, "key", "by what a row is known on both sides", "a unique key of the schema",
	  "{table: version, key: [project_id, number]}" },
	{ TABLE, "match", "how a row finds its partner, in order", "`[key]`",
	  "{table: issue, key: [project_id, subject], match: [brought, key]}" },
	{ TABLE, "owned_by", "the row goes with the one that the column refers to", "it has no owner",
	  "{table: comment, owned_by: issue_id, ordinal: [created_on, id]}" },
	{ TABLE, "ordinal", "their order tells rows of one owner, or of one key, apart", NULL,
	  "{table: line, owned_by: order_id, ordinal: [position]}" },
	{ TABLE, "create", "a table whose name holds an id is made where it is absent", NULL,
	  "{table: \"data_{project.id}\", create: true}" },
	{ TABLE, "on_match", "a row that both sides have", NULL,
	  "{table: user, key: [login], on_match: skip}" },
	{ TABLE, "on_new", "a row that the target does not have", NULL,
	  "{table: user, key: [login], on_new: skip}" },
	{ TABLE, "target_only", "a row that only the target has", "`brought`; `delete` below an owner that was overwritten",
	  "{table: member, key: [project_id, user_id], target_only: keep}" },
	{ TABLE, "ids", "ids of new rows", "`new` for integers, else `keep_or_new`",
	  "{table: issue, key: [number], ids: keep}" },
	{ TABLE, "keep_here", "columns of existing rows that keep the target's value", NULL,
	  "{table: user, key: [login], keep_here: [password_hash]}" },
	{ TABLE, "derived", "columns that follow from other rows", NULL,
	  "{table: tag, key: [name], derived: [posts]}" },
	{ TABLE, "derive", "an `UPDATE` that works them out at the target", "they keep what they have",
	  "{table: tag, key: [name], derived: [n], derive: \"update tag set n = 0\"}" },
	{ TABLE, "nested_set", "places in a tree, which are counted at the target", NULL,
	  "{table: page, key: [name], nested_set: {parent: parent_id, left: lft, right: rgt}}" },
	{ TABLE, "triggers", "triggers of the target during the import", NULL,
	  "{table: page, key: [name], triggers: disable}" },

	{ KEY_PART, "of", "a column of another table that refers to this row", NULL,
	  "{table: document, key: [{of: share.document_id, column: user_id}, name]}" },
	{ KEY_PART, "where", "which of that table's rows", "all",
	  "{table: document, key: [{of: share.document_id, where: \"role = 'owner'\", column: user_id}]}" },
	{ KEY_PART, "column", "its value, in the one row that refers here, is the part", NULL,
	  "{table: document, key: [{of: share.document_id, column: user_id}]}" },

	{ NESTED, "parent", "refers to the row above", NULL,
	  "{table: page, key: [name], nested_set: {parent: up, left: lft, right: rgt}}" },
	{ NESTED, "left", "gets the place on the way down", NULL,
	  "{table: page, key: [name], nested_set: {parent: up, left: lft, right: rgt}}" },
	{ NESTED, "right", "gets the place on the way up", NULL,
	  "{table: page, key: [name], nested_set: {parent: up, left: lft, right: rgt}}" },
	{ NESTED, "order", "the order of rows below one", "by id",
	  "{table: page, key: [name], nested_set: {parent: up, left: l, right: r, order: [name]}}" },
	{ NESTED, "scope", "rows with equal values are one count", "all rows are",
	  "{table: page, key: [name], nested_set: {parent: up, left: l, right: r, scope: site_id}}" },

	{ REFERENCE, "from", "the columns that hold ids; `*` stands for any", NULL,
	  "{from: [\"*.user_id\", page.author], to: user}" },
	{ REFERENCE, "to", "of which table, or table.column", "this or `to_by`",
	  "{from: page.author, to: user.login_id}" },
	{ REFERENCE, "to_by", "another value says of which table", "this or `to`",
	  "{from: note.on_id, to_by: {column: on_type, values: {Page: page}}}" },
	{ REFERENCE, "where", "which rows the line is about", "all",
	  "{from: meta.value, where: \"name = 'thumb'\", to: image}" },
	{ REFERENCE, "unpack", "the value is packed", "it is not",
	  "{from: page.body, unpack: gzip, pattern: \"#(\\\\d+)\", to: issue}" },
	{ REFERENCE, "json", "where in a value that is JSON", "the whole value",
	  "{from: post.settings, json: $.cover.image, to: image}" },
	{ REFERENCE, "yaml", "where in a value that is YAML", "the whole value",
	  "{from: query.filters, yaml: \"$.*~\", pattern: \"^cf_(\\\\d+)$\", to: field}" },
	{ REFERENCE, "php", "where in a value that PHP serialised", "the whole value",
	  "{from: option.value, where: \"name = 'sticky'\", php: \"$[*]\", to: post}" },
	{ REFERENCE, "pattern", "the first group of each match is an id", "the whole value",
	  "{from: post.body, pattern: \"\\\\[image:(\\\\d+)\\\\]\", to: image}" },
	{ REFERENCE, "split", "what stands between several ids", "there is one",
	  "{from: post.tags, split: \",\", to: tag}" },
	{ REFERENCE, "none", "values that refer to nothing, besides those of the resource", NULL,
	  "{from: page.editor_id, to: user, none: [0]}" },
	{ REFERENCE, "on_dangling", "an id of no row", NULL,
	  "{from: task.user_id, to: user, on_dangling: clear}" },
	{ REFERENCE, "on_broken", "a value that cannot be read", NULL,
	  "{from: post.settings, json: $.image, to: image, on_broken: keep}" },

	{ TO_BY, "column", "has the value; or a path, from reference to reference", NULL,
	  "{from: value.value, to_by: {column: field_id.format, values: {user: user}, else: plain}}" },
	{ TO_BY, "values", "which value means which table; or the name of a map of `types`", NULL,
	  "{from: note.on_id, to_by: {column: on_type, values: {User: user, Page: page}}}" },
	{ TO_BY, "else", "any other value: `refuse`, `plain`, or a table", "`refuse`",
	  "{from: note.on_id, to_by: {column: on_type, values: {User: user}, else: page}}" },

	{ PATH, "path", "names in a tree hold ids", NULL,
	  "{path: \"workflows/{workflow.id}/**\", in: files}" },
	{ PATH, "in", "the tree, a resource of kind `files`", NULL,
	  "{path: \"u-{user.id}.png\", in: avatars}" },

	{ OWNED, "from", "the table whose rows own files", NULL,
	  "{from: attachment, file: \"{dir}/{name}\", in: files}" },
	{ OWNED, "where", "which of its rows", "all",
	  "{from: attachment, where: \"kind = 'file'\", file: \"{name}\", in: files}" },
	{ OWNED, "file", "the path of a row's file, with columns of the row", NULL,
	  "{from: attachment, file: \"{dir}/{name}\", in: files}" },
	{ OWNED, "in", "the tree, a resource of kind `files`", NULL,
	  "{from: attachment, file: \"{name}\", in: files}" },
	{ OWNED, "missing", "a row whose file is not there", NULL,
	  "{from: attachment, file: \"{name}\", in: files, missing: allow}" },
	{ OWNED, "collide", "a name that another row of the target has, with other bytes", NULL,
	  "{from: attachment, file: \"{name}\", in: files, collide: rename}" },

	{ KEEP_PATH, "path", "files of the tree that are the target's", NULL,
	  "{path: \"local/**\"}" },

	{ KEPT, "file", "which files, a pattern as of `exclude`", NULL,
	  "{file: app.json, json: $.active}" },
	{ KEPT, "json", "which value, in a file of JSON", "this or `yaml`",
	  "{file: app.json, json: \"$.tenants.*.url\"}" },
	{ KEPT, "yaml", "the same in a file of YAML", "this or `json`",
	  "{file: app.yaml, yaml: $.server.port}" },

	{ MEMBERS, "file", "which files of JSON, a pattern as of `exclude`", NULL,
	  "{file: tenants.json, json: $.tenants}" },
	{ MEMBERS, "json", "the object whose members are records", NULL,
	  "{file: tenants.json, json: $.tenants}" },
	{ MEMBERS, "target_only", "a member that only the target has", "`brought`",
	  "{file: tenants.json, json: $.tenants, target_only: keep}" },

	{ OWNERS, "map", "the source's name, and the one here", NULL,
	  "{resource: files, owners: {map: {www-data: httpd}}}" },

	{ ROWS, "table", "the table", NULL, "{table: setting, where: \"name = 'url'\"}" },
	{ ROWS, "columns", "only these, in rows that exist", "whole rows",
	  "{table: user, columns: [last_login]}" },
	{ ROWS, "where", "which rows, on either side", "all",
	  "{table: setting, where: \"name like 'smtp_%'\"}" },

	{ SECRET, "column", "which", NULL,
	  "{column: login.data, master_key: app, cipher: mine}" },
	{ SECRET, "master_key", "what the key is called", NULL,
	  "{column: login.data, master_key: app, cipher: mine}" },
	{ SECRET, "cipher", "how it is used", NULL,
	  "{column: login.data, master_key: app, cipher: mine}" },
	{ SECRET, "plain", "what the value is when it is open", "not said",
	  "{column: login.data, master_key: app, cipher: mine, plain: json}" },

	{ NOT, "column", "which; `*` stands for any", NULL, "{column: user.token_count}" },
	{ NOT, "where", "in which rows", "all",
	  "{column: meta.value, where: \"name = 'tokens'\"}" },

	{ HERE, "name", "which value; `site.yaml` says what it is", NULL,
	  "{name: url, in: [post.body, setting.value]}" },
	{ HERE, "in", "the columns that hold it", NULL, "{name: url, in: [\"*.body\"]}" },
	{ HERE, "where", "which rows", "all",
	  "{name: url, in: [setting.value], where: \"name = 'home'\"}" },
	{ HERE, "value", "the value, where the site file does not say it", NULL,
	  "{name: url, in: [post.body], value: \"http://localhost\"}" },

	{ USE, "use", "which profile: a name, or a path", NULL, "profile: {use: wordpress}" },
	{ USE, "resources", "the profile's names of resources, and the site's for them", "the same names",
	  "profile: {use: n8n, resources: {app: my-db}}" },
	{ USE, "prefix", "what names of tables begin with on this side", NULL,
	  "profile: {use: wordpress, prefix: {app: wp_}}" },
	{ USE, "version", "in the place of the profile's", NULL,
	  "profile: {use: n8n, version: {resource: app, sql: select 1}}" },
	{ USE, "types", "in the place of the profile's", NULL,
	  "profile: {use: n8n, types: {rails: {Issue: issue}}}" },
	{ USE, "tables", "words over those of the profile", NULL,
	  "profile: {use: n8n, tables: [{resource: app, table: execution_entity, skip: true}]}" },
	{ USE, "references", "words over those of the profile, or further lines", NULL,
	  "profile: {use: n8n, references: [{resource: app, from: a.b, to: user}]}" },
	{ USE, "not_reference", "further columns", NULL,
	  "profile: {use: n8n, not_reference: [{resource: app, columns: [a.b_id]}]}" },
	{ USE, "none", "further values", NULL,
	  "profile: {use: n8n, none: [{resource: app, values: [\"-1\"]}]}" },
	{ USE, "keep_here", "further lines", NULL,
	  "profile: {use: n8n, keep_here: [{resource: app, table: user, columns: [mfaEnabled]}]}" },
	{ USE, "here", "further lines", NULL,
	  "profile: {use: n8n, here: [{resource: app, name: url, in: [a.b]}]}" },
	{ USE, "members", "further lines", NULL,
	  "profile: {use: app, members: [{resource: files, file: t.json, json: $.list}]}" },
	{ USE, "not_secret", "further lines", NULL,
	  "profile: {use: n8n, not_secret: [{resource: app, column: a.token}]}" },
	/* clang-format on */
	{ .word = NULL }
};

const struct vl_word_about *
vl_word_about_of(enum vl_scope scope, const char *word)
{
	const struct vl_word_about *a = vl_profile_about;

	while (a->word != NULL &&
	    (a->scope != scope || strcmp(a->word, word) != 0))
		a++;
	return a->word == NULL ? NULL : a;
}
