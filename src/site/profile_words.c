/* Every word of formats/profile.md, once. */

#include <valise/profile.h>

#include "profile_use.h"
#include "words.h"

static const char *const match[] = { "key", "id", "brought", NULL };
static const char *const on_match[] = { "overwrite", "skip", "fail", NULL };
static const char *const on_new[] = { "create", "skip", "fail", NULL };
static const char *const target_only[] = { "delete", "keep", "brought", NULL };
static const char *const ids[] = { "new", "keep", "keep_or_new", NULL };
static const char *const triggers[] = { "keep", "disable", NULL };
static const char *const on_dangling[] = { "refuse", "clear", "keep", "drop",
	NULL };
static const char *const unpack[] = { "gzip", "zlib", "deflate", NULL };
static const char *const links[] = { "as_is", "inside", NULL };
static const char *const on_unsupported[] = { "refuse", "drop", NULL };
static const char *const plain[] = { "json", "pem", "utf8", "any", NULL };
static const char *const encodings[] = { "raw", "hex", "hex-lines", "base64",
	"base64-lines", "base64url", "base64url-padded", NULL };
static const char *const unprefixed[] = { "refuse", "plain", NULL };
static const char *const ciphers[] = { "plain", "aes-128-cbc", "aes-256-cbc",
	"aes-128-gcm", "aes-256-gcm", "aes-256-ctr", "chacha20-poly1305",
	"secretbox", NULL };
static const char *const derive[] = { "raw", "hex", "base64", "base64url",
	"text-32", "sha256", "sha256-hex-32", "md5-bytestokey", "pbkdf2-sha1",
	"pbkdf2-sha256", "scrypt", NULL };
static const char *const take[] = { "iv", "mac", "key", NULL };
static const char *const hash[] = { "hmac-sha1", "hmac-sha256", NULL };
static const char *const over[] = { "ciphertext", "before", "wrapped", NULL };
static const char *const pieces[] = { "ciphertext", "salt", "tag", "iv", "mac",
	NULL };
static const char *const on_broken[] = { "refuse", "keep", NULL };
static const char *const on_secret[] = { "carry", "blank", "keep_here", NULL };
static const char *const broken[] = { "refuse", "carry_as_is", NULL };
static const char *const leak[] = { "allow", "blank", "slot", NULL };
static const char *const missing[] = { "refuse", "allow", NULL };
static const char *const collide[] = { "refuse", "rename", NULL };

#define PROFILE(name) VL_SCOPE_PROFILE, .at = offsetof(struct vl_profile, name)
#define VERSION(name) VL_SCOPE_VERSION, .at = offsetof(struct vl_profile, name)
#define DATABASE(name)                                                         \
	VL_SCOPE_DATABASE, .at = offsetof(struct vl_profile_resource, name)
#define TREE(name)                                                             \
	VL_SCOPE_DATABASE,                                                     \
	    .files = true,                                                     \
	    .at = offsetof(struct vl_profile_resource, tree.name)
#define TREE_HAS(name)                                                         \
	.has = offsetof(struct vl_profile_resource, tree.has_##name)
#define IN_DATABASE(name) offsetof(struct vl_profile_resource, name)
#define TABLE(name)       VL_SCOPE_TABLE, .at = offsetof(struct vl_table_words, name)
#define IN_TABLE(name)    offsetof(struct vl_table_words, name)
#define KEY_PART(name)                                                         \
	VL_SCOPE_KEY_PART, .at = offsetof(struct vl_key_part, name)
#define NESTED(name)                                                           \
	VL_SCOPE_NESTED_SET, .at = offsetof(struct vl_nested_set, name)
#define REFERENCE(name)                                                        \
	VL_SCOPE_REFERENCE, .at = offsetof(struct vl_reference, name)
#define TO_BY(name) VL_SCOPE_TO_BY, .at = offsetof(struct vl_to_by, name)
#define PATH(name)  VL_SCOPE_PATH, .at = offsetof(struct vl_path_reference, name)
#define OWNED(name)                                                            \
	VL_SCOPE_FILE, .at = offsetof(struct vl_file_reference, name)
#define KEPT(name)                                                             \
	VL_SCOPE_KEEP_VALUE, .at = offsetof(struct vl_keep_value, name)
#define MEMBERS(name) VL_SCOPE_MEMBERS, .at = offsetof(struct vl_members, name)
#define ROWS(name)    VL_SCOPE_ROWS, .at = offsetof(struct vl_keep_rows, name)
#define SECRET(name)                                                           \
	VL_SCOPE_SECRET, .at = offsetof(struct vl_secret_words, name)
#define SECRET_FILE(name)                                                      \
	VL_SCOPE_FILE_SECRET, .at = offsetof(struct vl_secret_words, name)
#define NOT_FILE(name)                                                         \
	VL_SCOPE_FILE_NOT_SECRET, .at = offsetof(struct vl_not_secret, name)
#define LEAK_FILE(name) VL_SCOPE_FILE_LEAK, .at = offsetof(struct vl_leak, name)
#define LEAK(name)      VL_SCOPE_LEAK, .at = offsetof(struct vl_leak, name)
#define NOT_SECRET(name)                                                       \
	VL_SCOPE_NOT_SECRET, .at = offsetof(struct vl_not_secret, name)
#define CIPHER(name)                                                           \
	VL_SCOPE_CIPHER, .at = offsetof(struct vl_declared, cipher.name)
#define KEY(name)                                                              \
	VL_SCOPE_CIPHER_KEY, .at = offsetof(struct vl_declared, cipher.name)
#define MAC(name)                                                              \
	VL_SCOPE_CIPHER_MAC, .at = offsetof(struct vl_declared, cipher.name)
#define IN_CIPHER(name) offsetof(struct vl_declared, cipher.name)
#define PART(name)                                                             \
	VL_SCOPE_CIPHER_PART, .at = offsetof(struct vl_cipher_part, name)
#define ENCODED(name)                                                          \
	PART(name), .type = VL_WORD_CHOICE, .choices = encodings,              \
	            .first = VL_ENCODED_RAW
#define HERE(name) VL_SCOPE_HERE, .at = offsetof(struct vl_here, name)
#define LATER(name, scope_)                                                    \
	{                                                                      \
		.word = name, .scope = scope_, .type = VL_WORD_LATER           \
	}

static const struct vl_word_other keep_values = { "file", VL_SCOPE_KEEP_VALUE,
	IN_DATABASE(keep_values), IN_DATABASE(nkeep_values), NULL };
static const struct vl_word_other keep_paths = { "path", VL_SCOPE_KEEP_PATH,
	IN_DATABASE(keep_paths), IN_DATABASE(nkeep_paths), &keep_values };
static const struct vl_word_other file_secrets = { "file", VL_SCOPE_FILE_SECRET,
	IN_DATABASE(file_secrets), IN_DATABASE(nfile_secrets), NULL };
static const struct vl_word_other file_not_secret = { "file",
	VL_SCOPE_FILE_NOT_SECRET, IN_DATABASE(file_not_secret),
	IN_DATABASE(nfile_not_secret), NULL };
static const struct vl_word_other file_leaks = { "file", VL_SCOPE_FILE_LEAK,
	IN_DATABASE(file_leaks), IN_DATABASE(nfile_leaks), NULL };
static const struct vl_word_other files = { "file", VL_SCOPE_FILE,
	IN_DATABASE(files), IN_DATABASE(nfiles), NULL };
static const struct vl_word_other paths = { "path", VL_SCOPE_PATH,
	IN_DATABASE(paths), IN_DATABASE(npaths), &files };

const struct vl_word vl_profile_table[] = {
	{ "application", PROFILE(application), .type = VL_WORD_LABEL },
	{ "version", VL_SCOPE_PROFILE, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_VERSION },
	{ "types", PROFILE(types), .type = VL_WORD_TYPES,
	    .count = offsetof(struct vl_profile, ntypes) },
	{ "resources", PROFILE(resources), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_DATABASE,
	    .count = offsetof(struct vl_profile, nresources) },
	{ "ciphers", PROFILE(ciphers), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_CIPHER,
	    .count = offsetof(struct vl_profile, nciphers) },

	{ "resource", VERSION(version_resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "sql", VERSION(version_sql), .type = VL_WORD_TEXT },
	{ "file", VERSION(version_file), .type = VL_WORD_TEXT },
	{ "json", VERSION(version_json), .type = VL_WORD_JSON },
	{ "yaml", VERSION(version_yaml), .type = VL_WORD_JSON },
	{ "command", VERSION(version_command), .type = VL_WORD_TEXT,
	    .many = VL_LIST,
	    .count = offsetof(struct vl_profile, nversion_command) },
	{ "accept", VERSION(version_accept), .type = VL_WORD_TEXT,
	    .many = VL_LIST, .set = true,
	    .count = offsetof(struct vl_profile, nversion_accept) },

	{ "resource", DATABASE(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "tables", DATABASE(tables), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_TABLE, .count = IN_DATABASE(ntables),
	    .max = VL_PROFILE_LINES_MAX },
	{ "references", DATABASE(references), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_REFERENCE, .other = &paths, .set = true,
	    .count = IN_DATABASE(nreferences), .max = VL_PROFILE_LINES_MAX },
	{ "not_reference", DATABASE(not_reference), .type = VL_WORD_COLUMN,
	    .many = VL_LIST, .set = true, .count = IN_DATABASE(nnot_reference),
	    .places = IN_DATABASE(not_reference_at) },
	{ "none", DATABASE(none), .type = VL_WORD_QUOTED, .many = VL_LIST,
	    .set = true, .count = IN_DATABASE(nnone) },
	{ "keep_here", DATABASE(keep_here), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_ROWS, .other = &keep_paths, .set = true,
	    .policy = true, .count = IN_DATABASE(nkeep_here) },
	{ "here", DATABASE(here), .type = VL_WORD_MAPS, .of = VL_SCOPE_HERE,
	    .set = true, .count = IN_DATABASE(nhere) },
	{ "exclude", TREE(exclude), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .count = IN_DATABASE(tree.nexclude) },
	{ "target_only", TREE(target_only), .type = VL_WORD_CHOICE,
	    .choices = target_only, TREE_HAS(target_only) },
	{ "on_match", TREE(on_match), .type = VL_WORD_CHOICE,
	    .choices = on_match, TREE_HAS(on_match) },
	{ "one_file_system", TREE(one_file_system), .type = VL_WORD_BOOL,
	    TREE_HAS(one_file_system) },
	{ "special", TREE(special), .type = VL_WORD_BOOL, TREE_HAS(special) },
	{ "privileged", TREE(privileged), .type = VL_WORD_BOOL,
	    TREE_HAS(privileged) },
	{ "links", TREE(links), .type = VL_WORD_CHOICE, .choices = links,
	    TREE_HAS(links) },
	{ "on_unsupported", TREE(on_unsupported), .type = VL_WORD_CHOICE,
	    .choices = on_unsupported, TREE_HAS(on_unsupported) },
	{ "owners", VL_SCOPE_DATABASE, .files = true, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_TREE_OWNERS },
	{ "compress", TREE(compress), .type = VL_WORD_BOOL,
	    TREE_HAS(compress) },
	{ "unit", TREE(unit), .type = VL_WORD_TEXT, .many = VL_ONE_OR_LIST,
	    .count = IN_DATABASE(tree.nunit) },
	{ "members", DATABASE(members), .files = true, .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_MEMBERS, .policy = true,
	    .count = IN_DATABASE(nmembers) },
	{ "secrets", DATABASE(secrets), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_SECRET, .other = &file_secrets,
	    .count = IN_DATABASE(nsecrets) },
	{ "not_secret", DATABASE(not_secret), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_NOT_SECRET, .other = &file_not_secret, .set = true,
	    .count = IN_DATABASE(nnot_secret) },
	{ "leaks", DATABASE(leaks), .type = VL_WORD_MAPS, .of = VL_SCOPE_LEAK,
	    .other = &file_leaks, .set = true, .count = IN_DATABASE(nleaks) },

	{ "table", TABLE(tables), .type = VL_WORD_TABLE, .required = true,
	    .many = VL_ONE_OR_LIST, .count = IN_TABLE(ntables) },
	{ "where", TABLE(where), .type = VL_WORD_TEXT },
	{ "skip", TABLE(skip), .type = VL_WORD_SKIP,
	    .also = IN_TABLE(skip_where) },
	{ "key", TABLE(key), .type = VL_WORD_KEY, .of = VL_SCOPE_KEY_PART,
	    .count = IN_TABLE(nkey) },
	{ "match", TABLE(match), .type = VL_WORD_CHOICE, .many = VL_LIST,
	    .choices = match, .count = IN_TABLE(nmatch) },
	{ "owned_by", TABLE(owned_by), .type = VL_WORD_TEXT, .set = true,
	    .many = VL_ONE_OR_LIST, .count = IN_TABLE(nowned_by),
	    .places = IN_TABLE(owned_by_at) },
	{ "ordinal", TABLE(ordinal), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .count = IN_TABLE(nordinal), .places = IN_TABLE(ordinal_at) },
	{ "create", TABLE(create), .type = VL_WORD_BOOL },
	{ "on_match", TABLE(on_match), .type = VL_WORD_CHOICE, .policy = true,
	    .choices = on_match },
	{ "on_new", TABLE(on_new), .type = VL_WORD_CHOICE, .policy = true,
	    .choices = on_new },
	{ "target_only", TABLE(target_only), .type = VL_WORD_CHOICE,
	    .policy = true, .choices = target_only,
	    .has = IN_TABLE(has_target_only) },
	{ "ids", TABLE(ids), .type = VL_WORD_CHOICE, .policy = true,
	    .choices = ids, .first = VL_IDS_NEW },
	{ "keep_here", TABLE(keep_here), .type = VL_WORD_TEXT, .policy = true,
	    .set = true, .many = VL_LIST, .count = IN_TABLE(nkeep_here),
	    .places = IN_TABLE(keep_here_at) },
	{ "derived", TABLE(derived), .type = VL_WORD_TEXT, .set = true,
	    .many = VL_LIST, .count = IN_TABLE(nderived),
	    .places = IN_TABLE(derived_at) },
	{ "triggers", TABLE(triggers), .type = VL_WORD_CHOICE, .policy = true,
	    .choices = triggers },
	{ "derive", TABLE(derive), .type = VL_WORD_TEXT, .policy = true },
	{ "nested_set", TABLE(nested_set), .type = VL_WORD_STRUCT,
	    .of = VL_SCOPE_NESTED_SET },

	{ "parent", NESTED(parent), .type = VL_WORD_TEXT, .required = true },
	{ "left", NESTED(left), .type = VL_WORD_TEXT, .required = true },
	{ "right", NESTED(right), .type = VL_WORD_TEXT, .required = true },
	{ "order", NESTED(order), .type = VL_WORD_TEXT, .many = VL_ONE_OR_LIST,
	    .count = offsetof(struct vl_nested_set, norder),
	    .places = offsetof(struct vl_nested_set, order_at) },
	{ "scope", NESTED(scope), .type = VL_WORD_TEXT, .many = VL_ONE_OR_LIST,
	    .set = true, .count = offsetof(struct vl_nested_set, nscope),
	    .places = offsetof(struct vl_nested_set, scope_at) },

	{ "of", KEY_PART(of), .type = VL_WORD_COLUMN, .required = true },
	{ "where", KEY_PART(where), .type = VL_WORD_TEXT },
	{ "column", KEY_PART(column), .type = VL_WORD_TEXT, .required = true },

	{ "from", REFERENCE(from), .type = VL_WORD_COLUMN, .required = true,
	    .many = VL_ONE_OR_LIST, .set = true,
	    .count = offsetof(struct vl_reference, nfrom),
	    .places = offsetof(struct vl_reference, from_at) },
	{ "to", REFERENCE(to), .type = VL_WORD_TEXT },
	{ "to_by", REFERENCE(to_by), .type = VL_WORD_STRUCT,
	    .of = VL_SCOPE_TO_BY },
	{ "where", REFERENCE(where), .type = VL_WORD_TEXT },
	{ "unpack", REFERENCE(unpack), .type = VL_WORD_CHOICE,
	    .choices = unpack, .first = VL_PACKING_GZIP },
	{ "json", REFERENCE(json), .type = VL_WORD_JSON },
	{ "php", REFERENCE(php), .type = VL_WORD_JSON },
	{ "yaml", REFERENCE(yaml), .type = VL_WORD_JSON },
	{ "pattern", REFERENCE(pattern), .type = VL_WORD_TEXT },
	{ "split", REFERENCE(split), .type = VL_WORD_TEXT },
	{ "none", REFERENCE(none), .type = VL_WORD_QUOTED, .many = VL_LIST,
	    .set = true, .count = offsetof(struct vl_reference, nnone) },
	{ "on_dangling", REFERENCE(on_dangling), .type = VL_WORD_CHOICE,
	    .choices = on_dangling },
	{ "on_broken", REFERENCE(on_broken), .type = VL_WORD_CHOICE,
	    .choices = on_broken },

	{ "column", TO_BY(column), .type = VL_WORD_TEXT, .required = true },
	{ "values", TO_BY(values), .type = VL_WORD_VALUES, .required = true,
	    .count = offsetof(struct vl_to_by, nvalues),
	    .also = offsetof(struct vl_to_by, types) },
	{ "else", TO_BY(otherwise), .type = VL_WORD_TEXT,
	    .fallback = "refuse" },

	{ "path", PATH(path), .type = VL_WORD_IDS, .required = true },
	{ "in", PATH(in), .type = VL_WORD_NAME, .required = true },

	{ "from", OWNED(table), .type = VL_WORD_TEXT, .required = true },
	{ "where", OWNED(where), .type = VL_WORD_TEXT },
	{ "file", OWNED(file), .type = VL_WORD_TEXT, .required = true },
	{ "in", OWNED(in), .type = VL_WORD_NAME, .required = true },
	{ "missing", OWNED(missing), .type = VL_WORD_CHOICE,
	    .choices = missing },
	{ "collide", OWNED(collide), .type = VL_WORD_CHOICE,
	    .choices = collide },

	{ "path", VL_SCOPE_KEEP_PATH, .at = offsetof(struct vl_keep_here, path),
	    .type = VL_WORD_TEXT, .required = true },

	{ "file", KEPT(file), .type = VL_WORD_TEXT, .required = true },
	{ "json", KEPT(json), .type = VL_WORD_JSON },
	{ "yaml", KEPT(yaml), .type = VL_WORD_JSON },

	{ "file", MEMBERS(file), .type = VL_WORD_TEXT, .required = true },
	{ "json", MEMBERS(json), .type = VL_WORD_JSON, .required = true },
	{ "target_only", MEMBERS(target_only), .type = VL_WORD_CHOICE,
	    .policy = true, .choices = target_only,
	    .has = offsetof(struct vl_members, has_target_only) },

	{ "map", VL_SCOPE_TREE_OWNERS, .type = VL_WORD_PAIRS, .required = true,
	    .at = offsetof(struct vl_profile_resource, tree.owners),
	    .count = IN_DATABASE(tree.nowners) },

	{ "table", ROWS(table), .type = VL_WORD_TEXT, .required = true },
	{ "columns", ROWS(columns), .type = VL_WORD_TEXT, .many = VL_LIST,
	    .set = true, .count = offsetof(struct vl_keep_rows, ncolumns),
	    .places = offsetof(struct vl_keep_rows, columns_at) },
	{ "where", ROWS(where), .type = VL_WORD_TEXT },

	{ "column", SECRET(of), .type = VL_WORD_COLUMN, .required = true },
	{ "where", SECRET(where), .type = VL_WORD_TEXT },
	{ "json", SECRET(json), .type = VL_WORD_JSON },
	{ "yaml", SECRET(yaml), .type = VL_WORD_JSON },
	{ "php", SECRET(php), .type = VL_WORD_JSON },
	{ "master_key", SECRET(master_key), .type = VL_WORD_FAMILY },
	{ "cipher", SECRET(cipher), .type = VL_WORD_NAME, .fallback = "plain",
	    .beside = offsetof(struct vl_secret_words, master_key) },
	{ "plain", SECRET(plain), .type = VL_WORD_CHOICE, .choices = plain,
	    .first = VL_PLAIN_JSON },
	{ "search", SECRET(search), .type = VL_WORD_JSON, .many = VL_LIST,
	    .set = true, .count = offsetof(struct vl_secret_words, nsearch) },
	{ "on_secret", SECRET(on_secret), .type = VL_WORD_CHOICE,
	    .policy = true, .choices = on_secret },
	{ "on_broken", SECRET(on_broken), .type = VL_WORD_CHOICE,
	    .choices = broken },
	{ "file", SECRET_FILE(file), .type = VL_WORD_TEXT, .required = true },
	{ "line", SECRET_FILE(keyed), .type = VL_WORD_TEXT },
	{ "define", SECRET_FILE(define), .type = VL_WORD_TEXT },
	{ "json", SECRET_FILE(json), .type = VL_WORD_JSON },
	{ "yaml", SECRET_FILE(yaml), .type = VL_WORD_JSON },
	{ "master_key", SECRET_FILE(master_key), .type = VL_WORD_FAMILY },
	{ "cipher", SECRET_FILE(cipher), .type = VL_WORD_NAME,
	    .fallback = "plain" },
	{ "plain", SECRET_FILE(plain), .type = VL_WORD_CHOICE, .choices = plain,
	    .first = VL_PLAIN_JSON },
	{ "search", SECRET_FILE(search), .type = VL_WORD_JSON, .many = VL_LIST,
	    .set = true, .count = offsetof(struct vl_secret_words, nsearch) },
	{ "on_secret", SECRET_FILE(on_secret), .type = VL_WORD_CHOICE,
	    .policy = true, .choices = on_secret },
	{ "on_broken", SECRET_FILE(on_broken), .type = VL_WORD_CHOICE,
	    .choices = broken },
	{ "file", NOT_FILE(file), .type = VL_WORD_TEXT, .required = true },
	{ "file", LEAK_FILE(file), .type = VL_WORD_TEXT, .required = true },
	{ "do", LEAK_FILE(what), .type = VL_WORD_CHOICE, .choices = leak,
	    .required = true },
	{ "column", NOT_SECRET(of), .type = VL_WORD_COLUMN, .required = true },
	{ "where", NOT_SECRET(where), .type = VL_WORD_TEXT },
	{ "column", LEAK(of), .type = VL_WORD_COLUMN, .required = true },
	{ "where", LEAK(where), .type = VL_WORD_TEXT },
	{ "do", LEAK(what), .type = VL_WORD_CHOICE, .choices = leak,
	    .required = true },
	{ "name", HERE(name), .type = VL_WORD_NAME, .required = true },
	{ "in", HERE(in), .type = VL_WORD_COLUMN, .required = true,
	    .many = VL_ONE_OR_LIST, .set = true,
	    .count = offsetof(struct vl_here, nin),
	    .places = offsetof(struct vl_here, in_at) },
	{ "where", HERE(where), .type = VL_WORD_TEXT },
	{ "value", HERE(value), .type = VL_WORD_TEXT, .policy = true },

	{ "name", CIPHER(name), .type = VL_WORD_NAME, .required = true },
	{ "cipher", CIPHER(cipher), .type = VL_WORD_CHOICE, .choices = ciphers,
	    .first = VL_CIPHER_PLAIN },
	{ "prefix", CIPHER(prefix), .type = VL_WORD_TEXT },
	{ "unprefixed", CIPHER(unprefixed_plain), .type = VL_WORD_SWITCH,
	    .choices = unprefixed },
	{ "wrap", CIPHER(wrap), .type = VL_WORD_CHOICE, .choices = encodings,
	    .first = VL_ENCODED_RAW },
	{ "join", CIPHER(join), .type = VL_WORD_TEXT },
	{ "parts", CIPHER(parts), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_CIPHER_PART, .count = IN_CIPHER(nparts) },
	{ "after", CIPHER(after), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_CIPHER_PART, .count = IN_CIPHER(nafter) },
	{ "padded", CIPHER(padded), .type = VL_WORD_BOOL },
	{ "key", VL_SCOPE_CIPHER, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_CIPHER_KEY },
	{ "mac", VL_SCOPE_CIPHER, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_CIPHER_MAC },
	{ "command", VL_SCOPE_CIPHER,
	    .at = offsetof(struct vl_declared, command), .type = VL_WORD_TEXT,
	    .many = VL_LIST, .count = offsetof(struct vl_declared, ncommand) },
	{ "seconds", CIPHER(seconds), .type = VL_WORD_COUNT },

	{ "derive", KEY(derive), .type = VL_WORD_CHOICE, .choices = derive,
	    .first = VL_DERIVE_RAW, .required = true },
	{ "salt", KEY(salt), .type = VL_WORD_TEXT },
	{ "rounds", KEY(rounds), .type = VL_WORD_COUNT },
	{ "cost", KEY(cost), .type = VL_WORD_COUNT },
	{ "block", KEY(block), .type = VL_WORD_COUNT },
	{ "parallel", KEY(parallel), .type = VL_WORD_COUNT },
	{ "take", KEY(take), .type = VL_WORD_CHOICE, .many = VL_LIST,
	    .choices = take, .first = VL_PIECE_IV, .count = IN_CIPHER(ntake) },
	{ "latin1", KEY(latin1), .type = VL_WORD_BOOL },

	{ "hash", MAC(mac), .type = VL_WORD_CHOICE, .choices = hash,
	    .first = VL_MAC_HMAC_SHA1, .required = true },
	{ "over", MAC(mac_over), .type = VL_WORD_CHOICE, .choices = over },
	{ "key_bytes", MAC(mac_key), .type = VL_WORD_COUNT },

	{ "ciphertext", ENCODED(ciphertext) }, { "iv", ENCODED(iv) },
	{ "salt", ENCODED(salt) }, { "tag", ENCODED(tag) },
	{ "mac", ENCODED(mac) },
	{ "literal", PART(literal), .type = VL_WORD_TEXT },
	{ "bytes", PART(bytes), .type = VL_WORD_TEXT },
	{ "size", PART(size), .type = VL_WORD_CHOICE, .choices = pieces,
	    .first = VL_PIECE_CIPHERTEXT },
	{ "time", PART(time), .type = VL_WORD_BOOL },
	{ "length", PART(length), .type = VL_WORD_COUNT },
	{ "tagged", PART(tagged), .type = VL_WORD_BOOL },

	{ "use", VL_SCOPE_USE, .at = offsetof(struct vl_profile_use, use),
	    .type = VL_WORD_TEXT, .required = true },
	{ "resources", VL_SCOPE_USE,
	    .at = offsetof(struct vl_profile_use, names), .type = VL_WORD_NAMES,
	    .count = offsetof(struct vl_profile_use, nnames) },
	{ "version", VL_SCOPE_USE, .type = VL_WORD_WHOLE },
	{ "types", VL_SCOPE_USE, .type = VL_WORD_WHOLE },
	{ "tables", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "references", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "not_reference", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "none", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "keep_here", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "here", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "prefix", VL_SCOPE_USE,
	    .at = offsetof(struct vl_profile_use, prefixes),
	    .type = VL_WORD_PREFIX,
	    .count = offsetof(struct vl_profile_use, nprefixes) },
	LATER("exclude", VL_SCOPE_USE),
	{ "members", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "not_secret", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "secrets", VL_SCOPE_USE, .type = VL_WORD_LINES },
	{ "leaks", VL_SCOPE_USE, .type = VL_WORD_LINES },

	{ .word = NULL }
};
