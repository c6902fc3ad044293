/* Every word of formats/site.md, once. */

#include <valise/site.h>

#include "words.h"

const char *const vl_kind_words[] = { "files", NULL };

static const char *const kinds_later[] = { "sqlite", "postgres", "mariadb",
	"git", NULL };
static const char *const target_only[] = { "delete", "keep", NULL };
static const char *const target_only_later[] = { "brought", NULL };
static const char *const on_match[] = { "overwrite", "skip", "fail", NULL };
static const char *const keep[] = { "none", "last", NULL };

#define SITE(name) VL_SCOPE_SITE, .at = offsetof(struct vl_site, name)
#define RESOURCE(name)                                                         \
	VL_SCOPE_RESOURCE, .at = offsetof(struct vl_resource, name)
#define TRUST(name) VL_SCOPE_TRUST, .at = offsetof(struct vl_trust, name)
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
	{ "keep", SITE(keep_shadow), .type = VL_WORD_SWITCH, .choices = keep },
	{ "state", SITE(state), .type = VL_WORD_PATH },
	LATER("profile", VL_SCOPE_SITE), LATER("master_keys", VL_SCOPE_SITE),
	LATER("here", VL_SCOPE_SITE), LATER("keep_here", VL_SCOPE_SITE),
	LATER("rewrite", VL_SCOPE_SITE), LATER("map", VL_SCOPE_SITE),
	LATER("references", VL_SCOPE_SITE), LATER("secrets", VL_SCOPE_SITE),
	LATER("hooks", VL_SCOPE_SITE), LATER("undo", VL_SCOPE_SITE),

	{ "name", RESOURCE(name), .type = VL_WORD_NAME, .required = true },
	{ "kind", RESOURCE(kind), .type = VL_WORD_CHOICE, .required = true,
	    .choices = vl_kind_words, .later = kinds_later },
	{ "path", RESOURCE(path), .type = VL_WORD_PATH, .required = true },
	{ "exclude", RESOURCE(exclude), .type = VL_WORD_TEXTS,
	    .count = offsetof(struct vl_resource, nexclude) },
	{ "target_only", RESOURCE(target_only), .type = VL_WORD_CHOICE,
	    .choices = target_only, .later = target_only_later },
	{ "on_match", RESOURCE(on_match), .type = VL_WORD_CHOICE,
	    .choices = on_match },
	{ "one_file_system", RESOURCE(one_file_system), .type = VL_WORD_BOOL },
	{ "compress", RESOURCE(compress), .type = VL_WORD_BOOL },
	LATER("url", VL_SCOPE_RESOURCE), LATER("password", VL_SCOPE_RESOURCE),
	LATER("special", VL_SCOPE_RESOURCE),
	LATER("privileged", VL_SCOPE_RESOURCE),
	LATER("links", VL_SCOPE_RESOURCE),
	LATER("on_unsupported", VL_SCOPE_RESOURCE),
	LATER("owners", VL_SCOPE_RESOURCE),

	{ "sender", TRUST(sender), .type = VL_WORD_PATH, .required = true },
	{ "series", TRUST(series), .type = VL_WORD_HEX16 }, { .word = NULL }
};
