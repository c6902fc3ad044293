/* Every word of formats/site.md, once; and what stands where. */

#include <valise/profile.h>

#include "words.h"

const char *const vl_kind_words[] = {
	[VL_KIND_FILES] = "files", [VL_KIND_SQLITE] = "sqlite", NULL
};

static const char *const kinds_later[] = { "postgres", "mariadb", "git", NULL };
static const char *const target_only[] = { "delete", "keep", "brought", NULL };
static const char *const links[] = { "as_is", "inside", NULL };
static const char *const on_unsupported[] = { "refuse", "drop", NULL };
static const char *const on_match[] = { "overwrite", "skip", "fail", NULL };
static const char *const keep[] = { "none", "last", NULL };
static const char *const undeclared[] = { "refuse", "warn", NULL };

#define SITE(name) VL_SCOPE_SITE, .at = offsetof(struct vl_site, name)
#define RESOURCE(name)                                                         \
	VL_SCOPE_RESOURCE, .at = offsetof(struct vl_resource, name)
#define FILES(name) RESOURCE(name), .files = true
#define HAS(name)   .has = offsetof(struct vl_resource, has_##name)
#define TRUST(name) VL_SCOPE_TRUST, .at = offsetof(struct vl_trust, name)
#define KEEP_HERE(name)                                                        \
	VL_SCOPE_KEEP_HERE, .at = offsetof(struct vl_keep_here, name)
#define MAP(name) VL_SCOPE_MAP, .at = offsetof(struct vl_map, name)
#define KEEP_VALUES(name)                                                      \
	VL_SCOPE_KEEP_VALUES, .at = offsetof(struct vl_keep_value, name)
#define KEEP_ROWS(name)                                                        \
	VL_SCOPE_KEEP_ROWS, .at = offsetof(struct vl_keep_rows, name)
#define MAP_RECORD(name)                                                       \
	VL_SCOPE_MAP_RECORD, .at = offsetof(struct vl_map_record, name)
#define REWRITE(name) VL_SCOPE_REWRITE, .at = offsetof(struct vl_rewrite, name)
#define REWRITE_ROWS(name)                                                     \
	VL_SCOPE_REWRITE_ROWS, .at = offsetof(struct vl_rewrite_rows, name)
#define MASTER(name)                                                           \
	VL_SCOPE_MASTER_KEY, .at = offsetof(struct vl_master_words, name)
#define MASTER_CHECK(name)                                                     \
	VL_SCOPE_MASTER_CHECK, .at = offsetof(struct vl_master_check, name)
#define LATER(name, scope_)                                                    \
	{                                                                      \
		.word = name, .scope = scope_, .type = VL_WORD_LATER           \
	}

static const struct vl_word_other keep_values = { "file", VL_SCOPE_KEEP_VALUES,
	offsetof(struct vl_site, keep_values),
	offsetof(struct vl_site, nkeep_values), NULL };
static const struct vl_word_other keep_rows = { "table", VL_SCOPE_KEEP_ROWS,
	offsetof(struct vl_site, keep_rows),
	offsetof(struct vl_site, nkeep_rows), &keep_values };
static const struct vl_word_other map_records = { "table", VL_SCOPE_MAP_RECORD,
	offsetof(struct vl_site, map_records),
	offsetof(struct vl_site, nmap_records), NULL };

static const struct vl_word_other rewrite_rows = { "columns",
	VL_SCOPE_REWRITE_ROWS, offsetof(struct vl_site, rewrite_rows),
	offsetof(struct vl_site, nrewrite_rows), NULL };

const struct vl_word vl_site_words[] = {
	{ "site", SITE(name), .type = VL_WORD_NAME, .required = true },
	{ "environment", SITE(environment), .type = VL_WORD_LABEL },
	{ "resources", SITE(resources), .type = VL_WORD_MAPS, .required = true,
	    .of = VL_SCOPE_RESOURCE,
	    .count = offsetof(struct vl_site, nresources) },
	{ "trust", SITE(trust), .type = VL_WORD_MAPS, .of = VL_SCOPE_TRUST,
	    .count = offsetof(struct vl_site, ntrust) },
	{ "allow_from", SITE(allow_from), .type = VL_WORD_LABEL,
	    .many = VL_LIST, .count = offsetof(struct vl_site, nallow_from) },
	{ "keep_here", SITE(keep_here), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_KEEP_HERE, .other = &keep_rows,
	    .count = offsetof(struct vl_site, nkeep_here) },
	{ "map", SITE(map), .type = VL_WORD_MAPS, .of = VL_SCOPE_MAP,
	    .other = &map_records, .count = offsetof(struct vl_site, nmap) },
	{ "rewrite", SITE(rewrite), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_REWRITE, .other = &rewrite_rows,
	    .count = offsetof(struct vl_site, nrewrite) },
	{ "keep", SITE(keep_shadow), .type = VL_WORD_SWITCH, .choices = keep },
	{ "state", SITE(state), .type = VL_WORD_PATH },
	{ "profile", SITE(profile), .type = VL_WORD_USE },
	{ "references", VL_SCOPE_SITE, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_REFERENCES },
	{ "here", SITE(here), .type = VL_WORD_HERE,
	    .count = offsetof(struct vl_site, nhere) },
	{ "master_keys", SITE(masters), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_MASTER_KEY,
	    .count = offsetof(struct vl_site, nmasters) },
	{ "ciphers", SITE(ciphers), .type = VL_WORD_MAPS, .of = VL_SCOPE_CIPHER,
	    .count = offsetof(struct vl_site, nciphers) },
	{ "secrets", VL_SCOPE_SITE, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_UNDECLARED },
	LATER("hooks", VL_SCOPE_SITE), LATER("undo", VL_SCOPE_SITE),

	{ "name", RESOURCE(name), .type = VL_WORD_NAME, .required = true },
	{ "kind", RESOURCE(kind), .type = VL_WORD_CHOICE, .required = true,
	    .choices = vl_kind_words, .later = kinds_later },
	{ "path", RESOURCE(path), .type = VL_WORD_PATH, .required = true },
	{ "exclude", FILES(exclude), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .count = offsetof(struct vl_resource, nexclude) },
	{ "target_only", FILES(target_only), .type = VL_WORD_CHOICE,
	    .choices = target_only, HAS(target_only) },
	{ "on_match", FILES(on_match), .type = VL_WORD_CHOICE,
	    .choices = on_match, HAS(on_match) },
	{ "one_file_system", FILES(one_file_system), .type = VL_WORD_BOOL,
	    HAS(one_file_system) },
	{ "compress", FILES(compress), .type = VL_WORD_BOOL, HAS(compress) },
	{ "special", FILES(special), .type = VL_WORD_BOOL, HAS(special) },
	{ "privileged", FILES(privileged), .type = VL_WORD_BOOL,
	    HAS(privileged) },
	{ "links", FILES(links), .type = VL_WORD_CHOICE, .choices = links,
	    HAS(links) },
	{ "on_unsupported", FILES(on_unsupported), .type = VL_WORD_CHOICE,
	    .choices = on_unsupported, HAS(on_unsupported) },
	{ "owners", VL_SCOPE_RESOURCE, .files = true, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_OWNERS },
	LATER("url", VL_SCOPE_RESOURCE), LATER("password", VL_SCOPE_RESOURCE),

	{ "map", VL_SCOPE_OWNERS, .type = VL_WORD_PAIRS, .required = true,
	    .at = offsetof(struct vl_resource, owners),
	    .count = offsetof(struct vl_resource, nowners) },

	{ "sender", TRUST(sender), .type = VL_WORD_PATH, .required = true },
	{ "series", TRUST(series), .type = VL_WORD_HEX16 },
	{ "code", TRUST(code), .type = VL_WORD_BOOL },

	{ "resource", KEEP_HERE(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "path", KEEP_HERE(path), .type = VL_WORD_TEXT, .required = true },

	{ "resource", KEEP_ROWS(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "table", KEEP_ROWS(table), .type = VL_WORD_TEXT, .required = true },
	{ "columns", KEEP_ROWS(columns), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .count = offsetof(struct vl_keep_rows, ncolumns),
	    .places = offsetof(struct vl_keep_rows, columns_at) },
	{ "where", KEEP_ROWS(where), .type = VL_WORD_TEXT },

	{ "resource", KEEP_VALUES(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "file", KEEP_VALUES(file), .type = VL_WORD_TEXT, .required = true },
	{ "json", KEEP_VALUES(json), .type = VL_WORD_JSON },
	{ "yaml", KEEP_VALUES(yaml), .type = VL_WORD_JSON },

	{ "resource", MAP(resource), .type = VL_WORD_NAME, .required = true },
	{ "from", MAP(from), .type = VL_WORD_MAPPED, .required = true },
	{ "to", MAP(to), .type = VL_WORD_MAPPED, .required = true },

	{ "resource", MAP_RECORD(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "table", MAP_RECORD(table), .type = VL_WORD_TEXT, .required = true },
	{ "from", MAP_RECORD(from), .type = VL_WORD_QUOTED, .many = VL_LIST,
	    .required = true, .count = offsetof(struct vl_map_record, nfrom) },
	{ "to", MAP_RECORD(to), .type = VL_WORD_QUOTED, .many = VL_LIST,
	    .required = true, .count = offsetof(struct vl_map_record, nto) },

	{ "resource", REWRITE(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "path", REWRITE(path), .type = VL_WORD_TEXT, .required = true },
	{ "from", REWRITE(from), .type = VL_WORD_TEXT, .required = true },
	{ "to", REWRITE(to), .type = VL_WORD_QUOTED, .required = true },

	{ "resource", REWRITE_ROWS(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "columns", REWRITE_ROWS(columns), .type = VL_WORD_COLUMN,
	    .many = VL_LIST, .required = true,
	    .count = offsetof(struct vl_rewrite_rows, ncolumns) },
	{ "where", REWRITE_ROWS(where), .type = VL_WORD_TEXT },
	{ "from", REWRITE_ROWS(from), .type = VL_WORD_TEXT, .required = true },
	{ "to", REWRITE_ROWS(to), .type = VL_WORD_TEXT, .required = true },

	{ "undeclared", VL_SCOPE_REFERENCES,
	    .at = offsetof(struct vl_site, undeclared), .type = VL_WORD_CHOICE,
	    .choices = undeclared, .required = true },

	{ "undeclared", VL_SCOPE_UNDECLARED,
	    .at = offsetof(struct vl_site, undeclared_secrets),
	    .type = VL_WORD_CHOICE, .choices = undeclared, .required = true },

	{ "name", MASTER(name), .type = VL_WORD_FAMILY, .required = true },
	{ "file", MASTER(file), .type = VL_WORD_PATH },
	{ "json", MASTER(json), .type = VL_WORD_JSON },
	{ "yaml", MASTER(yaml), .type = VL_WORD_JSON },
	{ "line", MASTER(keyed), .type = VL_WORD_TEXT },
	{ "define", MASTER(define), .type = VL_WORD_TEXT },
	{ "command", MASTER(command), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .count = offsetof(struct vl_master_words, ncommand) },
	{ "credential", MASTER(credential), .type = VL_WORD_TEXT },
	{ "optional", MASTER(optional), .type = VL_WORD_BOOL },
	{ "cipher", MASTER(cipher), .type = VL_WORD_NAME },
	{ "check", MASTER(check), .type = VL_WORD_STRUCT,
	    .of = VL_SCOPE_MASTER_CHECK },

	{ "resource", MASTER_CHECK(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "column", MASTER_CHECK(of), .type = VL_WORD_COLUMN,
	    .required = true },

	{ .word = NULL }
};

#define PLACED(name)                                                           \
	.size = sizeof(struct name), .placed = true,                           \
	.line = offsetof(struct name, line),                                   \
	.column = offsetof(struct name, column)
#define IN_SITE(name) PLACED(name), .in_site = offsetof(struct name, in_site)
#define ENTRY(name)   .size = sizeof(struct name), .whose = "this entry"

const struct vl_scope_of vl_scopes[] = {
	[VL_SCOPE_SITE] = { .whose = "the site" },
	[VL_SCOPE_RESOURCE] = { PLACED(vl_resource), .whose = "this resource" },
	[VL_SCOPE_OWNERS] = { .whose = "'owners'" },
	[VL_SCOPE_TRUST] = { ENTRY(vl_trust) },
	[VL_SCOPE_KEEP_HERE] = { ENTRY(vl_keep_here) },
	[VL_SCOPE_KEEP_ROWS] = { IN_SITE(vl_keep_rows), .whose = "this entry" },
	[VL_SCOPE_KEEP_VALUES] = { IN_SITE(vl_keep_value),
	    .whose = "this entry" },
	[VL_SCOPE_MAP] = { ENTRY(vl_map) },
	[VL_SCOPE_MAP_RECORD] = { PLACED(vl_map_record),
	    .whose = "this entry" },
	[VL_SCOPE_REWRITE] = { ENTRY(vl_rewrite) },
	[VL_SCOPE_REWRITE_ROWS] = { PLACED(vl_rewrite_rows),
	    .whose = "this entry" },
	[VL_SCOPE_REFERENCES] = { .whose = "'references'" },
	[VL_SCOPE_UNDECLARED] = { .whose = "'secrets'" },
	[VL_SCOPE_MASTER_KEY] = { PLACED(vl_master_words),
	    .whose = "this key" },
	[VL_SCOPE_MASTER_CHECK] = { .size = sizeof(struct vl_master_check),
	    .whose = "'check'" },
	[VL_SCOPE_PROFILE] = { .whose = "the profile" },
	[VL_SCOPE_VERSION] = { .whose = "'version'",
	    .placed = true,
	    .line = offsetof(struct vl_profile, version_line),
	    .column = offsetof(struct vl_profile, version_column),
	    .in_site = offsetof(struct vl_profile, version_in_site) },
	[VL_SCOPE_DATABASE] = { IN_SITE(vl_profile_resource),
	    .whose = "this resource" },
	[VL_SCOPE_TABLE] = { IN_SITE(vl_table_words), .whose = "this entry" },
	[VL_SCOPE_KEY_PART] = { .size = sizeof(struct vl_key_part),
	    .whose = "this part of the key" },
	[VL_SCOPE_NESTED_SET] = { IN_SITE(vl_nested_set),
	    .whose = "'nested_set'" },
	[VL_SCOPE_REFERENCE] = { IN_SITE(vl_reference), .whose = "this entry" },
	[VL_SCOPE_TO_BY] = { .size = sizeof(struct vl_to_by),
	    .whose = "'to_by'" },
	[VL_SCOPE_PATH] = { IN_SITE(vl_path_reference), .whose = "this entry" },
	[VL_SCOPE_FILE] = { IN_SITE(vl_file_reference), .whose = "this entry" },
	[VL_SCOPE_TREE_OWNERS] = { .whose = "'owners'" },
	[VL_SCOPE_KEEP_PATH] = { .size = sizeof(struct vl_keep_here),
	    .whose = "this entry" },
	[VL_SCOPE_KEEP_VALUE] = { IN_SITE(vl_keep_value),
	    .whose = "this entry" },
	[VL_SCOPE_MEMBERS] = { IN_SITE(vl_members), .whose = "this entry" },
	[VL_SCOPE_ROWS] = { IN_SITE(vl_keep_rows), .whose = "this entry" },
	[VL_SCOPE_SECRET] = { IN_SITE(vl_secret_words), .whose = "this entry" },
	[VL_SCOPE_NOT_SECRET] = { IN_SITE(vl_not_secret),
	    .whose = "this entry" },
	[VL_SCOPE_FILE_SECRET] = { IN_SITE(vl_secret_words),
	    .whose = "this entry" },
	[VL_SCOPE_FILE_NOT_SECRET] = { IN_SITE(vl_not_secret),
	    .whose = "this entry" },
	[VL_SCOPE_FILE_LEAK] = { IN_SITE(vl_leak), .whose = "this entry" },
	[VL_SCOPE_LEAK] = { IN_SITE(vl_leak), .whose = "this entry" },
	[VL_SCOPE_HERE] = { IN_SITE(vl_here), .whose = "this entry" },
	[VL_SCOPE_CIPHER] = { IN_SITE(vl_declared), .whose = "this cipher" },
	[VL_SCOPE_CIPHER_KEY] = { .whose = "'key'" },
	[VL_SCOPE_CIPHER_MAC] = { .whose = "'mac'" },
	[VL_SCOPE_CIPHER_PART] = { .size = sizeof(struct vl_cipher_part),
	    .whose = "this part" },
	[VL_SCOPE_USE] = { .whose = "'profile'" },
};

const struct vl_word *
vl_word_next(enum vl_scope scope, const struct vl_word *at)
{
	const struct vl_word *w = NULL;

	if (at != NULL)
		w = at + 1;
	else
		w = scope < VL_SCOPE_PROFILE ? vl_site_words : vl_profile_table;
	while (w->word != NULL && w->scope != scope)
		w++;
	return w->word != NULL ? w : NULL;
}

const struct vl_word *
vl_word_find(enum vl_scope scope, const char *text)
{
	const struct vl_word *w = vl_word_next(scope, NULL);

	while (w != NULL && strcmp(w->word, text) != 0)
		w = vl_word_next(scope, w);
	return w;
}
