/* Every word of formats/site.md, once. */

#include <valise/site.h>

#include "words.h"

const char *const vl_kind_words[] = { "files", NULL };

static const char *const kinds_later[] = { "sqlite", "postgres", "mariadb",
	"git", NULL };
static const char *const target_only[] = { "delete", "keep", "brought", NULL };
static const char *const links[] = { "as_is", "inside", NULL };
static const char *const on_unsupported[] = { "refuse", "drop", NULL };
static const char *const on_match[] = { "overwrite", "skip", "fail", NULL };
static const char *const keep[] = { "none", "last", NULL };

#define SITE(name) VL_SCOPE_SITE, .at = offsetof(struct vl_site, name)
#define RESOURCE(name)                                                         \
	VL_SCOPE_RESOURCE, .at = offsetof(struct vl_resource, name)
#define TRUST(name) VL_SCOPE_TRUST, .at = offsetof(struct vl_trust, name)
#define KEEP_HERE(name)                                                        \
	VL_SCOPE_KEEP_HERE, .at = offsetof(struct vl_keep_here, name)
#define MAP(name)     VL_SCOPE_MAP, .at = offsetof(struct vl_map, name)
#define REWRITE(name) VL_SCOPE_REWRITE, .at = offsetof(struct vl_rewrite, name)
#define LATER(name, scope_)                                                    \
	{                                                                      \
		.word = name, .scope = scope_, .type = VL_WORD_LATER           \
	}

const struct vl_word vl_site_words[] = {
	{ "site", SITE(name), .type = VL_WORD_NAME, .required = true },
	{ "environment", SITE(environment), .type = VL_WORD_LABEL },
	{ "resources", SITE(resources), .type = VL_WORD_MAPS, .required = true,
	    .of = VL_SCOPE_RESOURCE,
	    .count = offsetof(struct vl_site, nresources) },
	{ "trust", SITE(trust), .type = VL_WORD_MAPS, .of = VL_SCOPE_TRUST,
	    .count = offsetof(struct vl_site, ntrust) },
	{ "allow_from", SITE(allow_from), .type = VL_WORD_LABELS,
	    .count = offsetof(struct vl_site, nallow_from) },
	{ "keep_here", SITE(keep_here), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_KEEP_HERE,
	    .count = offsetof(struct vl_site, nkeep_here) },
	{ "map", SITE(map), .type = VL_WORD_MAPS, .of = VL_SCOPE_MAP,
	    .count = offsetof(struct vl_site, nmap) },
	{ "rewrite", SITE(rewrite), .type = VL_WORD_MAPS,
	    .of = VL_SCOPE_REWRITE,
	    .count = offsetof(struct vl_site, nrewrite) },
	{ "keep", SITE(keep_shadow), .type = VL_WORD_SWITCH, .choices = keep },
	{ "state", SITE(state), .type = VL_WORD_PATH },
	LATER("profile", VL_SCOPE_SITE), LATER("master_keys", VL_SCOPE_SITE),
	LATER("here", VL_SCOPE_SITE), LATER("references", VL_SCOPE_SITE),
	LATER("secrets", VL_SCOPE_SITE), LATER("hooks", VL_SCOPE_SITE),
	LATER("undo", VL_SCOPE_SITE),

	{ "name", RESOURCE(name), .type = VL_WORD_NAME, .required = true },
	{ "kind", RESOURCE(kind), .type = VL_WORD_CHOICE, .required = true,
	    .choices = vl_kind_words, .later = kinds_later },
	{ "path", RESOURCE(path), .type = VL_WORD_PATH, .required = true },
	{ "exclude", RESOURCE(exclude), .type = VL_WORD_TEXTS,
	    .count = offsetof(struct vl_resource, nexclude) },
	{ "target_only", RESOURCE(target_only), .type = VL_WORD_CHOICE,
	    .choices = target_only },
	{ "on_match", RESOURCE(on_match), .type = VL_WORD_CHOICE,
	    .choices = on_match },
	{ "one_file_system", RESOURCE(one_file_system), .type = VL_WORD_BOOL },
	{ "compress", RESOURCE(compress), .type = VL_WORD_BOOL },
	{ "special", RESOURCE(special), .type = VL_WORD_BOOL },
	{ "privileged", RESOURCE(privileged), .type = VL_WORD_BOOL },
	{ "links", RESOURCE(links), .type = VL_WORD_CHOICE, .choices = links },
	{ "on_unsupported", RESOURCE(on_unsupported), .type = VL_WORD_CHOICE,
	    .choices = on_unsupported },
	{ "owners", VL_SCOPE_RESOURCE, .type = VL_WORD_MAP,
	    .of = VL_SCOPE_OWNERS },
	LATER("url", VL_SCOPE_RESOURCE), LATER("password", VL_SCOPE_RESOURCE),

	{ "map", VL_SCOPE_OWNERS, .type = VL_WORD_PAIRS, .required = true,
	    .at = offsetof(struct vl_resource, owners),
	    .count = offsetof(struct vl_resource, nowners) },

	{ "sender", TRUST(sender), .type = VL_WORD_PATH, .required = true },
	{ "series", TRUST(series), .type = VL_WORD_HEX16 },

	{ "resource", KEEP_HERE(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "path", KEEP_HERE(path), .type = VL_WORD_TEXT, .required = true },
	LATER("table", VL_SCOPE_KEEP_HERE),
	LATER("columns", VL_SCOPE_KEEP_HERE),
	LATER("where", VL_SCOPE_KEEP_HERE),

	{ "resource", MAP(resource), .type = VL_WORD_NAME, .required = true },
	{ "from", MAP(from), .type = VL_WORD_MAPPED, .required = true },
	{ "to", MAP(to), .type = VL_WORD_MAPPED, .required = true },
	LATER("table", VL_SCOPE_MAP),

	{ "resource", REWRITE(resource), .type = VL_WORD_NAME,
	    .required = true },
	{ "path", REWRITE(path), .type = VL_WORD_TEXT, .required = true },
	{ "from", REWRITE(from), .type = VL_WORD_TEXT, .required = true },
	{ "to", REWRITE(to), .type = VL_WORD_QUOTED, .required = true },
	LATER("columns", VL_SCOPE_REWRITE),

	{ .word = NULL }
};
