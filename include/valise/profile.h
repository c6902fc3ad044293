#ifndef VALISE_PROFILE_H
#define VALISE_PROFILE_H

/*
 * What an application's rows mean (formats/profile.md): the words of a
 * profile, read by the same table-driven reader as site.yaml, or from the
 * canonical JSON in which they travel in a bundle.
 *
 * Names are those of the profile; nothing here has seen a database.  SQL
 * conditions are text that the database's room checks and runs.
 *
 * A site takes one with vl_profile_of_site(), its own words over it.  A bundle
 * carries vl_profile_words(); vl_profile_from_meaning() reads them, and two
 * profiles mean the same where vl_profile_meaning() says the same.
 */

#include <valise/bytes.h>
#include <valise/site.h>
#include <valise/value.h>

enum vl_match_by {
	VL_MATCH_KEY,
	VL_MATCH_ID,
	VL_MATCH_BROUGHT
};

enum vl_on_new {
	VL_ON_NEW_CREATE,
	VL_ON_NEW_SKIP,
	VL_ON_NEW_FAIL
};

enum vl_ids_policy {
	VL_IDS_DEFAULT, /* new for integers, keep_or_new for all other */
	VL_IDS_NEW,
	VL_IDS_KEEP,
	VL_IDS_KEEP_OR_NEW
};

enum vl_triggers_policy {
	VL_TRIGGERS_KEEP,
	VL_TRIGGERS_DISABLE
};

enum vl_on_dangling {
	VL_DANGLING_REFUSE,
	VL_DANGLING_CLEAR,
	VL_DANGLING_KEEP,
	VL_DANGLING_DROP
};

enum vl_on_broken {
	VL_BROKEN_REFUSE,
	VL_BROKEN_KEEP
};

/* What becomes of a secret: the target's to say, but that the source sends
 * nothing where it says BLANK. */
enum vl_on_secret {
	VL_SECRET_CARRY,
	VL_SECRET_BLANK,    /* empty at the target, to be entered by hand */
	VL_SECRET_KEEP_HERE /* existing rows keep what they have */
};

/* A value that does not open at the source. */
enum vl_secret_broken {
	VL_SECRET_BROKEN_REFUSE,
	VL_SECRET_BROKEN_CARRY /* sealed as it is, and put back as it was */
};

/* A part of a key: a column, or what the one row that points here says. */
struct vl_key_part {
	char *column; /* of this table, or (of) of the child */
	char *of;     /* "child.column" that points here; or NULL */
	char *where;  /* SQL over the child; or NULL */
	struct vl_word_at at;
};

/* Places in a tree, counted on the way down and up. */
struct vl_nested_set {
	char *parent; /* columns */
	char *left;
	char *right;
	char **order; /* of the rows below one */
	size_t norder;
	struct vl_word_at *order_at; /* as many */
	char **scope;                /* rows with equal values are one count */
	size_t nscope;
	struct vl_word_at *scope_at; /* as many */
	unsigned line;
	unsigned column;
	bool in_site;
};

/* Rows of one table, or of those of them that `where` fits. */
struct vl_table_words {
	char **tables; /* one; a list in the file became several of these */
	size_t ntables;
	char *where;      /* SQL, or NULL: what no other entry takes */
	bool skip;        /* all of them */
	char *skip_where; /* SQL, or NULL */
	struct vl_key_part *key;
	size_t nkey;
	enum vl_match_by *match; /* none: key */
	size_t nmatch;
	char **owned_by; /* columns */
	size_t nowned_by;
	struct vl_word_at *owned_by_at; /* as many */
	char **ordinal;                 /* columns */
	size_t nordinal;
	struct vl_word_at *ordinal_at; /* as many */
	enum vl_on_match on_match;
	enum vl_on_new on_new;
	bool
	    has_target_only; /* else brought, or delete below a matched owner */
	enum vl_target_only target_only;
	enum vl_ids_policy ids;
	char **keep_here; /* columns */
	size_t nkeep_here;
	struct vl_word_at *keep_here_at; /* as many */
	char **derived;                  /* columns, of all rows of the table */
	size_t nderived;
	struct vl_word_at *derived_at;    /* as many */
	char *derive;                     /* SQL that sets them, or NULL */
	struct vl_nested_set *nested_set; /* or NULL */
	enum vl_triggers_policy triggers;
	bool create; /* a table whose name holds an id is made if absent */
	unsigned line;
	unsigned column;
	bool in_site; /* the place is in the site file, not in the profile */
};

/* `to_by`: the table is named by a value. */
struct vl_to_by {
	char *column;           /* or a path over declared references, "a.b" */
	struct vl_pair *values; /* value -> table; those of `types`, too */
	size_t nvalues;
	char *types;     /* name of a map of the profile; or NULL */
	char *otherwise; /* a table, or "plain"; NULL: refuse */
};

struct vl_reference {
	char **from; /* "table.column", either with "*" */
	size_t nfrom;
	struct vl_word_at *from_at; /* as many */
	char *to; /* a table, or "table.column"; NULL with to_by */
	struct vl_to_by *to_by;
	char *where;
	enum vl_packing unpack;
	char *json;    /* JSONPath, or NULL */
	char *php;     /* the same into what PHP serialised; or NULL */
	char *yaml;    /* the same into YAML; or NULL */
	char *pattern; /* PCRE2, or NULL */
	char *split;   /* or NULL */
	char **none;   /* values that mean no row, as text */
	size_t nnone;
	enum vl_on_dangling on_dangling;
	enum vl_on_broken on_broken;
	unsigned line;
	unsigned column;
	bool in_site;
};

/* A column, or places in its values, that is encrypted with a key which each
 * side has for itself, or is secret and in clear.  Or files of a tree: all of
 * them, or one place in each. */
struct vl_secret_words {
	char *of;     /* "table.column" */
	char *file;   /* a pattern as in exclude, without `!`; one of the two */
	char *keyed;  /* of a file: what stands before the `=` of a line */
	char *define; /* the same: a constant of PHP */
	char *where;  /* SQL over the table, or NULL: the rows that no other
	               * line about this place takes */
	char *json;   /* JSONPath into the value, or NULL */
	char *yaml;   /* the same; at most one of the three */
	char *php;
	enum vl_plain plain; /* what it is when it is open */
	char **search;       /* JSONPaths into the plaintext: what is looked
	                      * for elsewhere; none: what looks secret */
	size_t nsearch;
	char *master_key; /* NULL: only where `cipher` is "plain" */
	char *cipher;     /* what the profile says; vl_site_cipher() has this
	                   * side's */
	enum vl_on_secret on_secret;
	enum vl_secret_broken on_broken;
	unsigned line;
	unsigned column;
	bool in_site;
};

/* A column, or files, that look as if they held secrets, and hold none. */
struct vl_not_secret {
	char *of;    /* "table.column", either with "*" */
	char *file;  /* a pattern as above; one of the two */
	char *where; /* SQL over the table, or NULL */
	unsigned line;
	unsigned column;
	bool in_site;
};

/* What becomes of a secret that stands in clear elsewhere. */
enum vl_leak_do {
	VL_LEAK_ALLOW,
	VL_LEAK_BLANK, /* what travels is without it */
	VL_LEAK_SLOT   /* it travels as a secret */
};

/* A column, or files, in which secrets are known to stand. */
struct vl_leak {
	char *of;    /* "table.column", either with "*" */
	char *file;  /* a pattern as above; one of the two */
	char *where; /* SQL over the table, or NULL */
	enum vl_leak_do what;
	unsigned line;
	unsigned column;
	bool in_site;
};

/* A path of a files resource that holds ids: "workflows/{workflow.id}/". */
struct vl_path_reference {
	char *path;
	char *in; /* the files resource */
	unsigned line;
	unsigned column;
	bool in_site;
};

enum vl_missing {
	VL_MISSING_REFUSE,
	VL_MISSING_ALLOW
};

enum vl_collide {
	VL_COLLIDE_REFUSE,
	VL_COLLIDE_RENAME
};

/* Rows of a table that own files: "{directory}/{name}" in a tree. */
struct vl_file_reference {
	char *table;
	char *where; /* SQL over it, or NULL */
	char *file;  /* a path that holds columns of the row */
	char *in;    /* the files resource */
	enum vl_missing missing;
	enum vl_collide collide;
	unsigned line;
	unsigned column;
	bool in_site;
};

/* here: a value that differs from side to side, and which columns hold it. */
struct vl_here {
	char *name;
	char **in; /* "table.column", either with "*" */
	size_t nin;
	struct vl_word_at *in_at; /* as many */
	char *where;              /* SQL over the table, or NULL */
	char *value; /* on this side; in a bundle at the source; or NULL */
	unsigned line;
	unsigned column;
	bool in_site;
};

/* The words about one database of the site. */
struct vl_profile_resource {
	char *resource;
	struct vl_table_words
	    *tables; /* ascending by name; those of one table
	              * in the order in which they are tried */
	size_t ntables;
	struct vl_reference *references;
	size_t nreferences;
	struct vl_path_reference *paths;
	size_t npaths;
	struct vl_file_reference *files;
	size_t nfiles;
	/* Ascending by column and path; those of one place in the order in
	 * which they are tried, the one without `where` last. */
	struct vl_secret_words *secrets;
	size_t nsecrets;
	struct vl_not_secret *not_secret;
	size_t nnot_secret;
	struct vl_leak *leaks;
	size_t nleaks;
	char **not_reference; /* "table.column", either with "*" */
	size_t nnot_reference;
	struct vl_word_at *not_reference_at; /* as many */
	char **none;
	size_t nnone;
	struct vl_keep_rows *keep_here;
	size_t nkeep_here;
	struct vl_here *here;
	size_t nhere;
	/* Of a tree, and then nothing from above: its words, and paths that
	 * are kept as they are. */
	struct vl_resource tree;
	struct vl_keep_here *keep_paths; /* without `resource` */
	size_t nkeep_paths;
	struct vl_keep_value *keep_values; /* the same */
	size_t nkeep_values;
	struct vl_members *members; /* the same */
	size_t nmembers;
	/* In the order of the file: of two about one place the first counts. */
	struct vl_secret_words *file_secrets;
	size_t nfile_secrets;
	struct vl_not_secret *file_not_secret;
	size_t nfile_not_secret;
	struct vl_leak *file_leaks;
	size_t nfile_leaks;
	unsigned line;
	unsigned column;
	bool in_site;
};

struct vl_types {
	char *name;
	struct vl_pair *values; /* value -> table */
	size_t nvalues;
};

struct vl_profile {
	char *file;      /* for messages: where `line` and `column` are */
	char *site_file; /* and where those `in_site` are; or NULL */
	char *application;
	char *version_resource; /* NULL: no probe */
	/* One of these three says how it is told. */
	char *version_sql;
	char *version_file; /* absolute, or from `dir` */
	char *version_json; /* where in the file; neither: all of it */
	char *version_yaml;
	char **version_command; /* words */
	size_t nversion_command;
	unsigned version_line;
	unsigned version_column;
	bool version_in_site;
	char *dir;             /* of the site file; NULL: not known */
	char **version_accept; /* globs; none: only the same */
	size_t nversion_accept;
	struct vl_types *types;
	size_t ntypes;
	struct vl_declared *ciphers;
	size_t nciphers;
	struct vl_profile_resource *resources;
	size_t nresources;
};

/* VL_EUSAGE with file, line, column, and what would be right. */
enum vl_status vl_profile_load(
    struct vl_profile **out, const char *file, struct vl_err *err);
enum vl_status vl_profile_parse(struct vl_profile **out, const char *file,
    struct vl_slice text, struct vl_err *err);
const struct vl_profile_resource *vl_profile_resource(
    const struct vl_profile *p, const char *resource);
void vl_profile_free(struct vl_profile *p);

/*
 * The profile of a site with the site's own words over it; resources have the
 * site's names.  `dir` has the shipped ones, as NAME.yaml.  NULL in `*out`
 * where the site names none, or says `bundle`.
 */
enum vl_status vl_profile_of_site(struct vl_profile **out,
    const struct vl_site *site, const char *dir, struct vl_err *err);
/* The words about trees in the profile of the site, before they are used: into
 * its resources.  Words of the site go before them, and its lists add. */
enum vl_status vl_profile_take_files(
    struct vl_site *site, const char *dir, struct vl_err *err);
/* Of a profile that is of no site: paths in it are from that of `site`. */
enum vl_status vl_profile_beside(
    struct vl_profile *p, const struct vl_site *site, struct vl_err *err);
/* The site says `profile: bundle`: what the bundle brings is taken. */
bool vl_profile_of_bundle(const struct vl_site *site);

/*
 * What the bundle brings of `resource` (or NULL), with the words of policy that
 * the site says over it (`use: bundle`); NULL in `*out` where it says none.
 * What of the bundle may not run is dropped from `theirs` before.
 *
 * VL_EUSAGE    of the site's words, with file and line: wrong, or about what
 *              the bundle has no entry of
 */
enum vl_status vl_profile_over_bundle(struct vl_profile **out,
    const struct vl_profile *theirs, const struct vl_site *site,
    const char *resource, struct vl_err *err);

/* The rows of `resource` that the site keeps as they are here, among the words
 * about it; `*p` may be NULL before, and after where there are none. */
enum vl_status vl_profile_keep_rows(struct vl_profile **p,
    const struct vl_site *site, const char *resource, struct vl_err *err);

/*
 * Canonical JSON of one resource, without where a word stood: all words, as
 * they travel; or their meaning alone, without those of policy.  Equal
 * meaning is equal bytes.
 */
enum vl_status vl_profile_words(struct vl_buf *out, const struct vl_profile *p,
    const char *resource, struct vl_err *err);
enum vl_status vl_profile_meaning(struct vl_buf *out,
    const struct vl_profile *p, const char *resource, struct vl_err *err);
/* VL_EREFUSED: at a target its own profile means something else than the
 * source's (or NULL); the first words that differ, with both sides.  Tables
 * that it alone speaks of, to skip them, do not count. */
enum vl_status vl_profile_same(const struct vl_profile *own,
    const struct vl_profile *theirs, const char *resource, struct vl_err *err);
/* Append docs/profile-words.md.  VL_EUSAGE: a word that nothing is said of. */
enum vl_status vl_profile_reference(struct vl_buf *out, struct vl_err *err);
/* Back from either: VL_EFORMAT for what they would not have written. */
enum vl_status vl_profile_from_meaning(
    struct vl_profile **out, struct vl_slice json, struct vl_err *err);

/* The next {column} of a `file`: what stands before it, and its name; `*text`
 * goes behind it.  False where there is none; then `before` is all of the
 * text. */
bool vl_file_next(
    const char **text, struct vl_slice *before, struct vl_slice *column);
/* The database whose rows own files of `tree`, or NULL. */
const char *vl_profile_owner(const struct vl_profile *p, const char *tree);

/* The path into the value, or NULL. */
const char *vl_secret_path(const struct vl_secret_words *s);
/*
 * The cipher of such values on this side: what the master key's entry in the
 * site says, else what the line says; declared by the site, by its own profile
 * `own` (or NULL), or compiled in.  VL_EUSAGE: none of them has it; the message
 * names it, and the line to add.  Borrowed from them.
 */
enum vl_status vl_site_cipher(const struct vl_cipher **out,
    const struct vl_site *site, const struct vl_profile *own,
    const struct vl_secret_words *s, struct vl_err *err);

/* The path into the value, or NULL; whether ids stand inside the value. */
const char *vl_reference_path(const struct vl_reference *ref);
bool vl_reference_inside(const struct vl_reference *ref);

/* "table.column" at its last dot outside of braces; false where it has none,
 * or nothing on one side of it. */
bool vl_profile_split(
    const char *text, struct vl_slice *table, struct vl_slice *column);

#endif
