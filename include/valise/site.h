#ifndef VALISE_SITE_H
#define VALISE_SITE_H

/*
 * site.yaml, read against one table of words (formats/site.md): an unknown
 * or misspelt word, a wrong type, a duplicate is VL_EUSAGE with file, line,
 * column and what would be right.  Relative paths are relative to the file
 * and come out absolute.
 */

#include <stdbool.h>

#include <valise/bytes.h>
#include <valise/master.h>
#include <valise/text.h>
#include <valise/vault.h>

/* Where a text of a list stood, in the file or in the site over it. */
struct vl_word_at {
	unsigned line; /* 0: in no file */
	unsigned column;
	bool in_site;
};

enum vl_kind {
	VL_KIND_FILES,
	VL_KIND_SQLITE
};

enum vl_target_only {
	VL_TARGET_ONLY_DELETE, /* the tree becomes the bundle's tree */
	VL_TARGET_ONLY_KEEP,
	VL_TARGET_ONLY_BROUGHT /* what an import of the series created goes */
};

/* Symbolic links that lead out of the tree. */
enum vl_links_policy {
	VL_LINKS_AS_IS,
	VL_LINKS_INSIDE /* are not carried, not taken */
};

/* Attributes that the target's file system cannot hold. */
enum vl_on_unsupported {
	VL_ON_UNSUPPORTED_REFUSE,
	VL_ON_UNSUPPORTED_DROP
};

enum vl_on_match {
	VL_ON_MATCH_OVERWRITE,
	VL_ON_MATCH_SKIP,
	VL_ON_MATCH_FAIL
};

struct vl_resource {
	char *name;
	enum vl_kind kind;
	char *path; /* absolute, as written: not resolved */
	/* From here to `compress`: of a tree, and no other kind. */
	char **exclude;
	size_t nexclude;
	enum vl_target_only target_only;
	bool has_target_only; /* it is said */
	enum vl_on_match on_match;
	bool one_file_system;
	bool special;    /* FIFOs and devices */
	bool privileged; /* setuid, setgid, security.*, trusted.* */
	enum vl_links_policy links;
	enum vl_on_unsupported on_unsupported;
	struct vl_pair *owners; /* owners: {map: {from: to}} */
	size_t nowners;
	bool compress;
	char **unit; /* of a profile: directories that are one thing each */
	size_t nunit;
	/* Which of these words are said, here or by the profile. */
	bool has_on_match;
	bool has_one_file_system;
	bool has_special;
	bool has_privileged;
	bool has_links;
	bool has_on_unsupported;
	bool has_compress;
	const char *prefix; /* what names of its tables begin with (profile.h);
	                     * or NULL */
	unsigned line;      /* in site.yaml, for messages */
	unsigned column;
};

/* keep_here: what of the target is left alone; a pattern as in exclude. */
struct vl_keep_here {
	char *resource;
	char *path;
};

/* The same of values in files: what stands there stays the target's. */
struct vl_keep_value {
	char *resource; /* NULL in a profile, where it stands in one */
	char *file;     /* a pattern as in exclude, without `!` */
	char *json;     /* a path into it; or NULL */
	char *yaml;     /* the same; one of the two */
	unsigned line;
	unsigned column;
	bool in_site; /* of a profile: the place is in the site file */
};

/* members, of a profile: objects in files of JSON, whose members are records.
 */
struct vl_members {
	char *resource;
	char *file;
	char *json;
	enum vl_target_only target_only;
	bool has_target_only; /* else brought */
	unsigned line;
	unsigned column;
	bool in_site;
};

/* map: a path of the source is another one at the target.  Both end in "**"
 * (the directory before it and all below), or neither does. */
struct vl_map {
	char *resource;
	char *from;
	char *to;
};

/* rewrite: text in files whose path matches, a pattern as in exclude. */
struct vl_rewrite {
	char *resource;
	char *path;
	char *from; /* not empty */
	char *to;
};

/* rewrite: text in columns of rows, for one occasion. */
struct vl_rewrite_rows {
	char *resource;
	char **columns; /* "table.column", either with "*" */
	size_t ncolumns;
	char *where; /* SQL over the table, or NULL */
	char *from;
	char *to;
	unsigned line;
	unsigned column;
};

/* keep_here of rows, here and in a profile: they are the target's. */
struct vl_keep_rows {
	char *resource; /* NULL in a profile, where it stands in one */
	char *table;
	char **columns; /* none: whole rows */
	size_t ncolumns;
	struct vl_word_at *columns_at; /* as many */
	char *where;                   /* SQL, or NULL: all */
	unsigned line;
	unsigned column;
	bool in_site; /* of a profile: the place is in the site file */
};

/* map: a record of the source is another one of the target; keys, column by
 * column, both of one length. */
struct vl_map_record {
	char *resource;
	char *table;
	char **from;
	size_t nfrom;
	char **to;
	size_t nto;
	unsigned line;
	unsigned column;
	/* Of a file of its own (vl_map_file_decode); else NULL: `from` and
	 * `to` are then one text each, a key as it is shown or as JSON. */
	const char *file;
	const char *site_file; /* of one that stands in a site file: that */
	char *by; /* in place of keys: rows are one where this column is */
};

/* References that nobody declared. */
enum vl_undeclared {
	VL_UNDECLARED_REFUSE,
	VL_UNDECLARED_WARN
};

/* A cipher that the site or a profile declares; its words are freed with it. */
struct vl_declared {
	struct vl_cipher cipher;
	char **command; /* `cipher.command`, once it is settled */
	size_t ncommand;
	unsigned line;
	unsigned column;
	bool in_site; /* of a profile: the place is in the site file */
};

struct vl_profile_use; /* what `profile` says: profile.h */

struct vl_trust {
	char *sender; /* path of a public key file */
	char *series; /* hex, or NULL for any */
	bool code;    /* what his profiles bring is run */
};

struct vl_site {
	char *file; /* as given */
	char *dir;  /* that it is in, absolute */
	char *name;
	char *environment;             /* or NULL */
	struct vl_resource *resources; /* ascending by name */
	size_t nresources;
	struct vl_trust *trust;
	size_t ntrust;
	char **allow_from; /* labels; none: any */
	size_t nallow_from;
	struct vl_keep_here *keep_here; /* each names a resource of the file */
	size_t nkeep_here;
	struct vl_keep_rows *keep_rows;
	size_t nkeep_rows;
	struct vl_keep_value *keep_values;
	size_t nkeep_values;
	struct vl_members *members; /* of its profile */
	size_t nmembers;
	struct vl_map *map;
	size_t nmap;
	struct vl_map_record *map_records;
	size_t nmap_records;
	struct vl_rewrite *rewrite;
	size_t nrewrite;
	struct vl_rewrite_rows *rewrite_rows;
	size_t nrewrite_rows;
	struct vl_profile_use *profile; /* or NULL */
	struct vl_pair *here; /* values that differ from side to side */
	size_t nhere;
	enum vl_undeclared undeclared;         /* references */
	enum vl_undeclared undeclared_secrets; /* what looks like one */
	struct vl_master_words *masters;       /* of this side */
	size_t nmasters;
	struct vl_declared *ciphers; /* go before those of a profile */
	size_t nciphers;
	/* Base directory of state, absolute.  Where none is given:
	 * /var/lib/valise for root, else $XDG_STATE_HOME/valise or
	 * ~/.local/state/valise. */
	char *state;
	bool keep_shadow; /* keep: last | none */
};

/* The file of --map (formats/map.md): what an operator says of records at one
 * import. */
#define VL_MAP_FILE_MAX  (1u << 20) /* bytes */
#define VL_MAP_LINES_MAX 10000
struct vl_map_list {
	struct vl_map_record *records;
	size_t n;
	char *file;
};

/* VL_EUSAGE with the file and the line for what is no line of one. */
enum vl_status vl_map_file_decode(struct vl_map_list *out, const char *file,
    struct vl_slice text, struct vl_err *err);
/* Every line is about a database of the site. */
enum vl_status vl_map_list_check(const struct vl_map_list *list,
    const struct vl_site *site, struct vl_err *err);
void vl_map_list_free(struct vl_map_list *list);

extern const char *const vl_kind_words[]; /* by kind; NULL at the end */

enum vl_status vl_site_load(
    struct vl_site **out, const char *file, struct vl_err *err);
/* The same from memory; `file` is for messages and relative paths. */
enum vl_status vl_site_parse(struct vl_site **out, const char *file,
    struct vl_slice text, struct vl_err *err);
const struct vl_resource *vl_site_resource(
    const struct vl_site *site, const char *name);
/* The name of a resource that `name` may be a misspelling of, or NULL. */
const char *vl_site_nearest(const struct vl_site *site, const char *name);

/* What the site says of the master key `name`; NULL: nothing. */
const struct vl_master_words *vl_site_master(
    const struct vl_site *site, const char *name);
/* The same; VL_EUSAGE where the site does not name it: with the line to add. */
enum vl_status vl_site_master_find(const struct vl_master_words **out,
    const struct vl_site *site, const char *name, struct vl_err *err);
/* vl_master_read() of an entry, or of a member of one (family.h); VL_EUSAGE
 * with file, line and column. */
enum vl_status vl_site_master_read(struct vl_locked *out,
    struct vl_master_found *found, const struct vl_site *site,
    const struct vl_master_words *words, struct vl_err *err);

/* The `n` names of `--only`: VL_EUSAGE where one is no resource. */
enum vl_status vl_site_only_check(const struct vl_site *site,
    const char *const *only, size_t n, struct vl_err *err);
/* Whether `name` is one of them; where there are none, all are. */
bool vl_site_only_has(const char *const *only, size_t n, const char *name);
/*
 * Resolve the paths and refuse (VL_EUSAGE) the same path twice, a tree
 * inside another one, state inside a tree or a tree inside state, a database
 * inside a tree that does not exclude it, and what is below a `~` that is not
 * there.  An absent root is resolved by its parent.  The files that an engine
 * puts beside a database are added to `exclude` of the tree around it.
 */
enum vl_status vl_site_check_overlap(struct vl_site *site, struct vl_err *err);
void vl_site_free(struct vl_site *site);

#endif
