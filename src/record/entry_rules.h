#ifndef VALISE_RECORD_ENTRY_RULES_H
#define VALISE_RECORD_ENTRY_RULES_H

/* What formats/manifest.md asks of the members of a line of a tree, apart
 * from how they are written: the same for who writes and who reads. */

#include <valise/entry.h>

/* Types that describe a thing of its own, with owner and mtime. */
bool vl_entry_has_owner(enum vl_entry_type type);
bool vl_entry_has_mode(enum vl_entry_type type);
bool vl_entry_is_device(enum vl_entry_type type);

/* All rules but those of vl_path_check().  VL_EFORMAT, VL_EPATH, VL_ELIMIT. */
enum vl_status vl_entry_check(const struct vl_entry *e, struct vl_err *err);

/* Values from their one text form; false for every other text. */
bool vl_entry_parse_mode(struct vl_slice text, uint32_t *mode);
bool vl_entry_parse_time(struct vl_slice text, struct vl_time *t);
bool vl_entry_parse_rdev(struct vl_slice text, struct vl_entry *e);
bool vl_entry_parse_hash(struct vl_slice text, struct vl_entry *e);

#endif
