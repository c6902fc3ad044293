#ifndef VALISE_SITE_PROFILE_USE_H
#define VALISE_SITE_PROFILE_USE_H

/* What `profile` in a site file says: which one, and the site's words over
 * it, kept as they stood until the other one is read. */

#include "read.h"

struct vl_profile_use {
	char *source; /* the site file, escaped */
	unsigned line;
	unsigned column;
	bool bundle; /* what a bundle brings */
	char *use;   /* else a name, or an absolute path; NULL: the words are
	              * all */
	struct vl_pair *names; /* of the profile's resources -> of the site's */
	size_t nnames;
	struct vl_pair *prefixes; /* of names of tables, by the profile's
	                           * resource */
	size_t nprefixes;
	struct vl_site_node *words; /* in the form of a profile; or NULL */
};

enum vl_status vl_profile_use_read(const struct vl_site_reader *r,
    struct vl_profile_use **out, const struct vl_site_node *value,
    struct vl_err *err);
/* `value` is what stands behind `word`; both go to the words of the struct. */
enum vl_status vl_profile_use_lines(const struct vl_site_reader *r,
    const struct vl_word *word, struct vl_profile_use *use,
    const struct vl_site_node *value, struct vl_err *err);
enum vl_status vl_profile_use_whole(const struct vl_word *word,
    struct vl_profile_use *use, const struct vl_site_node *value,
    struct vl_err *err);
void vl_profile_use_free(struct vl_profile_use *use);
/* The site's name for a resource of the profile; `name` where it is that. */
const char *vl_profile_use_name(
    const struct vl_profile_use *use, const char *name);
/* Resources of the site get theirs. */
void vl_profile_use_prefixes(struct vl_site *site);

/* profile_bundle.c: beside `use: bundle` stand words of policy alone; and about
 * databases of the site, as far as it is known which there are. */
enum vl_status vl_profile_bundle_words(
    const struct vl_profile_use *use, struct vl_err *err);
enum vl_status vl_profile_bundle_names(
    const struct vl_site *site, struct vl_err *err);

/* profile_merge.c: the words of `use` over the profile `base`, and its names.
 */
enum vl_status vl_profile_merge(struct vl_site_node *base,
    const struct vl_profile_use *use, struct vl_err *err);

/* profile_tree.c: nodes that were not read; NULL when memory is exhausted. */
struct vl_site_node *vl_site_node_copy(
    const struct vl_site_node *node, const char *file);
struct vl_site_node *vl_site_node_new(
    enum vl_node_type type, const struct vl_site_node *at);
/* The value of `word` in `map`; where it does not stand there, a new one of
 * `type`.  NULL when memory is exhausted. */
struct vl_site_node *vl_site_node_make(struct vl_site_node *map,
    const char *word, enum vl_node_type type, const struct vl_site_node *at);
/* `value` is copied behind `word`, in the place of what stands there. */
enum vl_status vl_site_node_set(struct vl_site_node *map, const char *word,
    const struct vl_site_node *value, struct vl_err *err);
/* The map in the list `maps` whose `word` is the text `text`, or NULL. */
struct vl_site_node *vl_site_node_find(
    const struct vl_site_node *maps, const char *word, const char *text);

#endif
