#ifndef VALISE_TREE_GLOB_H
#define VALISE_TREE_GLOB_H

/* `*`, `?`, `[...]` and `\` within one component, by bytes. */

#include <stdbool.h>

#include <valise/bytes.h>

bool vl_glob_match(struct vl_slice pattern, struct vl_slice name);
/* Why `pattern` cannot match anything as it is written, or NULL. */
const char *vl_glob_fault(struct vl_slice pattern);

#endif
