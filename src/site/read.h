#ifndef VALISE_SITE_READ_H
#define VALISE_SITE_READ_H

/* From the tree of a site file to its struct, by the table of words. */

#include <valise/site.h>

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

/* A path of `map` without the slash and the two stars behind it. */
struct vl_slice vl_site_mapped(const char *text);

/* `path` below the absolute `dir`, without "//", "/./" and a "/" at the
 * end; NULL when memory is exhausted. */
char *vl_site_join(const char *dir, const char *path);

#endif
