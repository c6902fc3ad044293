#ifndef VALISE_SITE_WORDS_H
#define VALISE_SITE_WORDS_H

/* The table of words of a site file and of a profile. */

#include <valise/bytes.h>

#define VL_SITE_NAME_MAX      64   /* bytes of the name of a site or resource */
#define VL_SITE_LABEL_MAX     255  /* bytes of an environment */
#define VL_SITE_TEXT_MAX      4095 /* bytes of any other text */
#define VL_SITE_RESOURCES_MAX 256  /* entries of a list of maps */
#define VL_PROFILE_LINES_MAX  4096 /* the same of tables and references */
/* Bytes of a resource as it travels: with the version of its application, all
 * of which may be escaped, it is one line of a manifest. */
#define VL_PROFILE_WORDS_MAX 57344u

/* Where a word stands; each has a struct of its own. */
enum vl_scope {
	VL_SCOPE_SITE,         /* struct vl_site */
	VL_SCOPE_RESOURCE,     /* struct vl_resource */
	VL_SCOPE_OWNERS,       /* the same: its `owners` */
	VL_SCOPE_TRUST,        /* struct vl_trust */
	VL_SCOPE_KEEP_HERE,    /* struct vl_keep_here */
	VL_SCOPE_KEEP_ROWS,    /* struct vl_keep_rows */
	VL_SCOPE_KEEP_VALUES,  /* struct vl_keep_value */
	VL_SCOPE_MAP,          /* struct vl_map */
	VL_SCOPE_MAP_RECORD,   /* struct vl_map_record */
	VL_SCOPE_REWRITE,      /* struct vl_rewrite */
	VL_SCOPE_REWRITE_ROWS, /* struct vl_rewrite_rows */
	VL_SCOPE_REFERENCES,   /* struct vl_site: its `references` */
	VL_SCOPE_UNDECLARED,   /* the same: its `secrets` */
	VL_SCOPE_MASTER_KEY,   /* struct vl_master_words */
	VL_SCOPE_MASTER_CHECK, /* struct vl_master_check */

	VL_SCOPE_PROFILE,         /* struct vl_profile */
	VL_SCOPE_VERSION,         /* the same: its `version` */
	VL_SCOPE_DATABASE,        /* struct vl_profile_resource */
	VL_SCOPE_TABLE,           /* struct vl_table_words */
	VL_SCOPE_KEY_PART,        /* struct vl_key_part */
	VL_SCOPE_NESTED_SET,      /* struct vl_nested_set */
	VL_SCOPE_REFERENCE,       /* struct vl_reference */
	VL_SCOPE_TO_BY,           /* struct vl_to_by */
	VL_SCOPE_PATH,            /* struct vl_path_reference */
	VL_SCOPE_FILE,            /* struct vl_file_reference */
	VL_SCOPE_TREE_OWNERS,     /* struct vl_profile_resource: its `owners` */
	VL_SCOPE_KEEP_PATH,       /* struct vl_keep_here, of a profile */
	VL_SCOPE_KEEP_VALUE,      /* struct vl_keep_value, of a profile */
	VL_SCOPE_MEMBERS,         /* struct vl_members */
	VL_SCOPE_ROWS,            /* struct vl_keep_rows, of a profile */
	VL_SCOPE_SECRET,          /* struct vl_secret_words */
	VL_SCOPE_NOT_SECRET,      /* struct vl_not_secret */
	VL_SCOPE_LEAK,            /* struct vl_leak */
	VL_SCOPE_FILE_SECRET,     /* struct vl_secret_words, of a tree */
	VL_SCOPE_FILE_NOT_SECRET, /* struct vl_not_secret, the same */
	VL_SCOPE_FILE_LEAK,       /* struct vl_leak, the same */
	VL_SCOPE_HERE,            /* struct vl_here */
	VL_SCOPE_CIPHER,          /* struct vl_declared */
	VL_SCOPE_CIPHER_KEY,      /* the same: its `key` */
	VL_SCOPE_CIPHER_MAC,      /* the same: its `mac` */
	VL_SCOPE_CIPHER_PART,     /* struct vl_cipher_part */
	VL_SCOPE_USE              /* struct vl_profile_use */
};

enum vl_word_type {
	VL_WORD_NAME,   /* char *: letters, digits, dash */
	VL_WORD_FAMILY, /* char *: a name that may hold {name} */
	VL_WORD_LABEL,  /* char * */
	VL_WORD_PATH,   /* char *, made absolute */
	VL_WORD_TEXT,   /* char * */
	VL_WORD_QUOTED, /* char *: empty in quotes */
	VL_WORD_MAPPED, /* char *: a path in a tree, or one with a slash and
	                 * two stars behind it */
	VL_WORD_COLUMN, /* char *: table.column */
	VL_WORD_TABLE,  /* char *: a name that may hold one {table.column} */
	VL_WORD_IDS,    /* char *: MAPPED that holds {table.column} */
	VL_WORD_JSON,   /* char *: a JSONPath */
	VL_WORD_HEX16,  /* char *: 32 lower-case hex digits */
	VL_WORD_BOOL,   /* bool: true or false */
	VL_WORD_COUNT,  /* unsigned: a number from 1 on */
	VL_WORD_CHOICE, /* an enum: index of the choice */
	VL_WORD_SWITCH, /* bool: index of the choice, one of two */
	VL_WORD_PAIRS,  /* array of struct vl_pair, and size_t: owners */
	VL_WORD_NAMES,  /* the same: each a name */
	VL_WORD_HERE,   /* the same: from a name to a text */
	VL_WORD_PREFIX, /* the same: each what a name of a table begins with */
	VL_WORD_VALUES, /* the same: tables; or a text: the member `also` */
	VL_WORD_TYPES,  /* array of struct vl_types, and size_t */
	VL_WORD_SKIP,   /* bool; or a text: the member `also` */
	VL_WORD_KEY,    /* array of struct vl_key_part, and size_t */
	VL_WORD_USE,    /* struct vl_profile_use * */
	VL_WORD_LINES,  /* lines of a profile, each with its resource, and */
	VL_WORD_WHOLE,  /* a word of it, both as they stand: its `words` */
	VL_WORD_MAPS,   /* array of structs of scope `of`, and size_t */
	VL_WORD_MAP,    /* words of scope `of`, whose struct is this one */
	VL_WORD_STRUCT, /* pointer to a struct of scope `of` */
	VL_WORD_LATER   /* of the format, but not of this version */
};

/* How many of a text or choice there are. */
enum vl_word_many {
	VL_ONE,
	VL_LIST,       /* an array, and size_t */
	VL_ONE_OR_LIST /* the same */
};

/* Entries of a list of maps that have this word are of another kind. */
struct vl_word_other {
	const char *word;
	enum vl_scope of;
	size_t at;
	size_t count;
	const struct vl_word_other *next; /* one more kind, or NULL */
};

struct vl_word {
	const char *word;
	enum vl_scope scope;
	enum vl_word_type type;
	enum vl_word_many many;
	bool required;
	bool policy; /* the target's: no part of what a profile means */
	bool set;    /* a list whose order says nothing */
	bool files;  /* of a resource that is a tree, and of no other */
	enum vl_scope of;
	size_t at;                  /* of the member in its struct */
	size_t count;               /* of the member that counts a list */
	size_t also;                /* of a second member, see the type */
	size_t places;              /* of as many vl_word_at; or 0 */
	size_t has;                 /* of a bool: the word was given; or 0 */
	unsigned first;             /* value of the first choice */
	size_t max;                 /* entries; 0: VL_SITE_RESOURCES_MAX */
	const char *const *choices; /* NULL at the end */
	const char *const *later;   /* choices not of this version, or NULL */
	const struct vl_word_other *other; /* or NULL */
	const char *fallback; /* a text that says what no word says */
	size_t beside; /* of a text: where it is there, so is the fallback */
};

extern const struct vl_word vl_site_words[];    /* `word` is NULL at the end */
extern const struct vl_word vl_profile_table[]; /* the same */

/* The word of `scope` behind `at`, or its first; NULL behind the last. */
const struct vl_word *vl_word_next(
    enum vl_scope scope, const struct vl_word *at);

/* The word of `scope` that is spelt `text`, or NULL. */
const struct vl_word *vl_word_find(enum vl_scope scope, const char *text);

/* What the structs of a scope are. */
struct vl_scope_of {
	size_t size;
	const char *whose; /* "this entry" */
	/* Of line, column and in_site, where the struct says where it stood. */
	bool placed;
	size_t line;
	size_t column;
	size_t in_site;
};
extern const struct vl_scope_of vl_scopes[];

#endif
