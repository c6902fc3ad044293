#ifndef VALISE_SITE_WORDS_H
#define VALISE_SITE_WORDS_H

/* The table of words of a site file. */

#include <valise/bytes.h>

#define VL_SITE_NAME_MAX      64   /* bytes of the name of a site or resource */
#define VL_SITE_LABEL_MAX     255  /* bytes of an environment */
#define VL_SITE_TEXT_MAX      4095 /* bytes of any other text */
#define VL_SITE_RESOURCES_MAX 256

/* Where a word stands; each has a struct of its own. */
enum vl_scope {
	VL_SCOPE_SITE,      /* struct vl_site */
	VL_SCOPE_RESOURCE,  /* struct vl_resource */
	VL_SCOPE_OWNERS,    /* the same: its `owners` */
	VL_SCOPE_TRUST,     /* struct vl_trust */
	VL_SCOPE_KEEP_HERE, /* struct vl_keep_here */
	VL_SCOPE_MAP,       /* struct vl_map */
	VL_SCOPE_REWRITE    /* struct vl_rewrite */
};

enum vl_word_type {
	VL_WORD_NAME,   /* char *: letters, digits, dash */
	VL_WORD_LABEL,  /* char * */
	VL_WORD_PATH,   /* char *, made absolute */
	VL_WORD_TEXT,   /* char * */
	VL_WORD_QUOTED, /* char *: empty in quotes */
	VL_WORD_MAPPED, /* char *: a path in a tree, or one with a slash and
	                 * two stars behind it */
	VL_WORD_HEX16,  /* char *: 32 lower-case hex digits */
	VL_WORD_BOOL,   /* bool: true or false */
	VL_WORD_CHOICE, /* an enum: index of the choice */
	VL_WORD_SWITCH, /* bool: index of the choice, one of two */
	VL_WORD_TEXTS,  /* char ** and size_t */
	VL_WORD_LABELS, /* the same, each as a label */
	VL_WORD_PAIRS,  /* array of struct vl_pair, and size_t: owners */
	VL_WORD_MAPS,   /* array of structs of scope `of`, and size_t */
	VL_WORD_MAP,    /* words of scope `of`, whose struct is this one */
	VL_WORD_LATER   /* of the format, but not of this version */
};

struct vl_word {
	const char *word;
	enum vl_scope scope;
	enum vl_word_type type;
	bool required;
	enum vl_scope of;
	size_t at;                  /* of the member in its struct */
	size_t count;               /* of the member that counts a list */
	const char *const *choices; /* NULL at the end */
	const char *const *later;   /* choices not of this version, or NULL */
};

extern const struct vl_word vl_site_words[]; /* `word` is NULL at the end */

#endif
