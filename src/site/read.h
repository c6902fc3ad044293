#ifndef VALISE_SITE_READ_H
#define VALISE_SITE_READ_H

/* From the tree of a site file to its struct, by the table of words. */

#include <valise/profile.h>

#include "words.h"
#include "yaml.h"

struct vl_site_reader {
	const char *file; /* for messages */
	const char *dir;  /* absolute; relative paths begin here */
};

/* Fill the struct of `scope` at `into` from the words of `map`. */
enum vl_status vl_site_read_map(const struct vl_site_reader *r,
    enum vl_scope scope, void *into, const struct vl_site_node *map,
    struct vl_err *err);

/* lists.c: what takes more than one value; `into` is the struct that the
 * word's members are in. */
enum vl_status vl_site_read_list(const struct vl_site_reader *r,
    const struct vl_word *word, void *into, const struct vl_site_node *value,
    struct vl_err *err);
enum vl_status vl_site_read_pairs(const struct vl_site_reader *r,
    const struct vl_word *word, void *into, const struct vl_site_node *value,
    struct vl_err *err);
enum vl_status vl_site_read_types(const struct vl_site_reader *r,
    const struct vl_word *word, void *into, const struct vl_site_node *value,
    struct vl_err *err);
enum vl_status vl_site_read_key(const struct vl_site_reader *r,
    const struct vl_word *word, void *into, const struct vl_site_node *value,
    struct vl_err *err);
enum vl_status vl_site_read_maps(const struct vl_site_reader *r,
    const struct vl_word *word, void *into, const struct vl_site_node *value,
    struct vl_err *err);

/* clear.c: free all that the words of `scope` have in the struct. */
void vl_site_clear(enum vl_scope scope, void *of);

/* One text as the type of `word` wants it: checked, copied to `*out`. */
enum vl_status vl_site_read_text(const struct vl_site_reader *r,
    const struct vl_word *word, char **out, const struct vl_site_node *value,
    struct vl_err *err);
/* The index of the choice that `value` names. */
enum vl_status vl_site_read_choice(const struct vl_site_reader *r,
    const struct vl_word *word, size_t *choice,
    const struct vl_site_node *value, struct vl_err *err);

/* rules.c: what `keep_here`, `map` and `rewrite` say fits the resources, and
 * itself.  `root` is what `site` was read from. */
enum vl_status vl_site_check_rules(const struct vl_site_reader *r,
    const struct vl_site *site, const struct vl_site_node *root,
    struct vl_err *err);

/*
 * profile_check.c: what of a profile one value alone does not show; and lists
 * taken apart, defaults, order.  With `partial` it is what a site says over
 * one, and names of `types` may be those of the profile.
 */
enum vl_status vl_profile_settle(
    struct vl_profile *p, bool partial, struct vl_err *err);
/* profile_take.c: a resource is of rows, or a tree. */
enum vl_status vl_profile_check_kind(const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err);
/* The same: an entry about values in files says which, and how they are read;
 * `pattern` is one that `at` has. */
enum vl_status vl_site_check_value(
    const char *file, const struct vl_keep_value *v, struct vl_err *err);
enum vl_status vl_site_check_file(const char *file,
    const struct vl_site_node *at, const char *pattern, struct vl_err *err);
/* profile_files.c: lines about rows that own files. */
enum vl_status vl_profile_check_files(const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err);
/* profile_ciphers.c: declarations keep the rules of their room; `file` and
 * `site_file` say where they stand. */
struct vl_declarations {
	struct vl_declared *list;
	size_t n;
	const char *file;
	const char *site_file; /* of those in the site; or NULL */
};
enum vl_status vl_site_check_ciphers(
    const struct vl_declarations *d, struct vl_err *err);
/* profile_secrets.c: entries of `secrets`, each and together; in order. */
enum vl_status vl_profile_check_secrets(const struct vl_profile *p,
    struct vl_profile_resource *r, bool partial, struct vl_err *err);
/* master.c: those of `master_keys`. */
enum vl_status vl_site_check_masters(const struct vl_site_reader *r,
    const struct vl_site *site, struct vl_err *err);
/* profile.c: a profile from its tree, read and settled. */
struct vl_profile_source {
	const struct vl_site_node *root;
	const char *file;      /* escaped */
	const char *site_file; /* of nodes that have a file; or NULL */
	bool partial;
};
enum vl_status vl_profile_read(struct vl_profile **out,
    const struct vl_profile_source *from, struct vl_err *err);

/* profile.c: the tree of a file. */
enum vl_status vl_profile_file(
    struct vl_site_node **root, const char *file, struct vl_err *err);

/* profile_json.c: whether a word says other than what holds without it. */
bool vl_site_says(const struct vl_word *w, const void *of);

/* A path of `map` without the slash and the two stars behind it. */
struct vl_slice vl_site_mapped(const char *text);

/* `path` below the absolute `dir`, without "//", "/./" and a "/" at the
 * end; NULL when memory is exhausted. */
char *vl_site_join(const char *dir, const char *path);

#endif
