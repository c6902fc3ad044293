#ifndef VALISE_RECORD_ENTRY_RULES_H
#define VALISE_RECORD_ENTRY_RULES_H

/* What formats/manifest.md asks of the members of a line of a tree, apart
 * from how they are written: the same for who writes and who reads. */

#include <valise/entry.h>

/* Types that describe a thing of its own, with owner and mtime. */
bool vl_entry_has_owner(enum vl_entry_type type);
bool vl_entry_has_mode(enum vl_entry_type type);
bool vl_entry_is_device(enum vl_entry_type type);

/* Those of ACLs, flags and extended attributes, a part of vl_entry_check(). */
enum vl_status vl_entry_check_attrs(
    const struct vl_entry *e, struct vl_err *err);

/* Those of slots, the same. */
enum vl_status vl_entry_check_slots(
    const struct vl_entry *e, struct vl_err *err);

/* Values from their one text form; false for every other text. */
bool vl_entry_parse_mode(struct vl_slice text, uint32_t *mode);
bool vl_entry_parse_time(struct vl_slice text, struct vl_time *t);
bool vl_entry_parse_rdev(struct vl_slice text, struct vl_entry *e);
bool vl_entry_parse_hash(struct vl_slice text, struct vl_entry *e);

/* 1 to 64 letters, digits and dashes; VL_EFORMAT. */
enum vl_status vl_entry_check_resource(
    struct vl_slice name, struct vl_err *err);
/* A member that a reader passes over: "x_" and lower-case letters, digits and
 * underscores. */
bool vl_entry_is_extension(struct vl_slice key);

/* Index of `word` in `words`, which ends with NULL; or -1. */
int vl_entry_word(const char *const *words, struct vl_slice word);
/* UTF-8 without a NUL: bytes that can be a string. */
bool vl_entry_is_text(struct vl_slice s);

extern const char *const vl_acl_tag_words[]; /* by tag: some are the same */

/* Where attributes stand in a line: items, or VL_JSON_NONE. */
struct vl_entry_attrs_at {
	size_t acl;
	size_t acl_default;
	size_t flags;
	size_t xattrs;
};
/* Their values into `e` and `store`, whose text has room for the line. */
enum vl_status vl_entry_read_attrs(struct vl_entry *e,
    struct vl_entry_store *store, const struct vl_entry_attrs_at *at,
    struct vl_err *err);

/* The slots at `item`, the same. */
enum vl_status vl_entry_read_slots(struct vl_entry *e,
    struct vl_entry_store *store, size_t item, struct vl_err *err);

/* Members of a line from values that were checked, where there are any. */
void vl_entry_put_acl(struct vl_json_w *w, const char *key,
    const struct vl_acl_entry *acl, size_t n);
void vl_entry_put_flags(struct vl_json_w *w, uint32_t flags);
void vl_entry_put_xattrs(struct vl_json_w *w, const struct vl_entry *e);
void vl_entry_put_slots(struct vl_json_w *w, const struct vl_entry *e);

#endif
