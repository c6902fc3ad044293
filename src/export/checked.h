#ifndef VL_EXPORT_CHECKED_H
#define VL_EXPORT_CHECKED_H

/* Between check-profile and how it says what it finds. */

#include <valise/against.h>

#include "export.h"

struct checked {
	const char *resource;
	bool json;
	uint64_t wrong;
	uint64_t refused;
	uint64_t hints;
	uint64_t tables;
	uint64_t rows;
	enum vl_status verdict; /* of all databases */
	enum vl_status there;   /* of an import into them */
};

/* check_secrets.c: secrets in files of a tree. */
struct vl_check_trees {
	void *arg;
	struct vl_masters *masters; /* NULL: they are counted, not opened */
	void (*secret)(void *arg, const struct vl_check_secret *s);
	void (*finding)(void *arg, const struct vl_check_finding *f);
	/* What of a file looks like one, and is not declared. */
	void (*suspect)(void *arg, const char *path, const char *text);
};
enum vl_status vl_check_trees(const struct vl_check_trees *to,
    const struct vl_profile *p, const struct vl_resource *r,
    struct vl_err *err);

/* `arg` is a struct checked. */
void checked_say_name(const char *name);
void checked_say_text(const char *text);
void checked_say_place(const struct checked *c, const char *word,
    const char *table_name, const char *column);
void checked_add_text(struct vl_msg *m, const char *key, const char *text);
/* What is left of a message, and a line of text. */
void checked_end_finding(const struct checked *c, struct vl_msg *m,
    const struct vl_check_finding *f);
void checked_say_finding(const struct checked *c, const char *word,
    const struct vl_check_finding *f);
void checked_tell_version(void *arg, const char *text);
void checked_tell_entry(void *arg, const struct vl_check_entry *e);
void checked_tell_reference(void *arg, const struct vl_check_reference *r);
void checked_tell_secret(void *arg, const struct vl_check_secret *s);
void checked_tell_finding(void *arg, const struct vl_check_finding *f);
void checked_tell_against(void *arg, const struct vl_against_table *t);

#endif
