#ifndef VALISE_PLACE_PRIVATE_H
#define VALISE_PLACE_PRIVATE_H

/* What the files of this room share. */

#include <valise/place.h>

#define STEPS_MAX 63 /* the states of a path are the bits of 64 */
#define DEPTH_MAX 128

/* A JSONPath.  After i steps the walk is in state i; in state n it is there. */
enum step_kind {
	STEP_NAME,
	STEP_INDEX,
	STEP_ANY
};
struct step {
	enum step_kind kind;
	bool below;           /* `..`: at any depth */
	struct vl_slice name; /* into `names` */
	size_t index;
};
struct json_path {
	struct step steps[STEPS_MAX];
	size_t n;
	bool keys; /* of what it selects, not the values */
	struct vl_buf names;
};
enum vl_status json_path_read(
    struct json_path *path, const char *text, struct vl_err *err);
void json_path_free(struct json_path *path);
/* Append a name as a path has it: `.name`, or in brackets. */
enum vl_status path_add_name(
    struct vl_buf *path, struct vl_slice name, struct vl_err *err);

/* How a value is called in the one around it. */
struct kid {
	bool named;
	bool escaped; /* the name is spelled as in JSON */
	struct vl_slice name;
	size_t at; /* of a name: its bytes, quotes among them */
	size_t n;
	bool indexed;
	size_t index;
};
/* The states at a kid of what has the states `before`. */
uint64_t path_step(
    const struct json_path *path, uint64_t before, const struct kid *kid);

struct spelled;

/* A string, without its quotes, or a number; or such a key. */
struct leaf {
	size_t at;
	size_t n;
	size_t head; /* bytes from its length up to it; 0: it has none */
	enum vl_part_form form;
	bool escaped;
	const struct spelled *spelled; /* of YAML: its text; else NULL */
};
enum nesting {
	NEST_MAP,
	NEST_FLOW_MAP, /* of YAML, in braces */
	NEST_LIST,
	NEST_ALIAS /* of YAML; it ends as it begins */
};
struct leaf_visit {
	enum vl_status (*leaf)(
	    void *with, const struct leaf *leaf, struct vl_err *err);
	void *with;
	bool whole; /* of YAML: any tag of a scalar will do */
	/* Not NULL: without a path, for all values but maps and lists, null
	 * among them, and no keys.  Called before each value, with how many
	 * there are around it. */
	void (*enter)(void *with, size_t depth, const struct kid *kid);
	/* With `enter`, or NULL: what is no leaf begins at byte `at`; what
	 * began last and has not ended ends before byte `end`. */
	void (*open)(void *with, enum nesting nest, size_t at);
	void (*close)(void *with, size_t end);
};
/* Call `visit` for each leaf that `path` selects, ascending; a failure of it
 * ends the walk. */
enum vl_status json_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err);

/* The same of what PHP serialised; without a path all strings and integers,
 * keys and those in objects, too. */
enum vl_status php_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err);
/*
 * The places of `out` from `first` on lie in the text `leaf` of `value`,
 * whose length stands before it: it is a counted text, and so are those
 * around places in what may be PHP-serialised in it again.
 */
enum vl_status php_count(struct vl_places *out, size_t first,
    struct vl_slice value, const struct leaf *leaf, struct vl_err *err);

/* The same of YAML; scalars, keys among them. */
enum vl_status yaml_scan(const struct json_path *path, struct vl_slice value,
    const struct leaf_visit *visit, struct vl_err *err);

/* trail.c: the way down to the leaf at hand, as a path: first in what is handed
 * to a visit that enters. */
struct trail {
	struct vl_buf path;
	size_t marks[DEPTH_MAX + 2];
	enum vl_status st;
	struct vl_err *err;
};
enum vl_status trail_begin(struct trail *t, struct vl_err *err);
void trail_enter(void *trail, size_t depth, const struct kid *kid);

/*
 * A byte of a JSON string, or one escape (of a surrogate pair both): what it
 * stands for, and how many bytes it takes.
 */
struct unit {
	uint8_t bytes[4];
	size_t n;
	size_t raw;
	bool lone; /* half of a surrogate pair, as U+FFFD */
};
/* `raw` is not empty.  False: not an escape. */
bool json_unit(struct unit *u, struct vl_slice raw);
/* Append the text of the string `raw`, which a scan has accepted. */
enum vl_status json_text(
    struct vl_buf *out, struct vl_slice raw, struct vl_err *err);

struct span {
	size_t at;
	size_t n;
};

struct pattern;
enum vl_status pattern_new(
    struct pattern **out, const char *text, struct vl_err *err);
/* `text` is UTF-8 and borrowed until the last match. */
void pattern_begin(struct pattern *p, struct vl_slice text);
/* Group 1 of the next match in which it is not empty. */
enum vl_status pattern_next(
    struct pattern *p, struct span *span, bool *found, struct vl_err *err);
void pattern_free(struct pattern *p);

enum vl_status places_add(
    struct vl_places *p, struct vl_place place, struct vl_err *err);
enum vl_status places_add_counted(
    struct vl_places *p, struct vl_counted counted, struct vl_err *err);

#endif
