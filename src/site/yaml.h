#ifndef VALISE_SITE_YAML_H
#define VALISE_SITE_YAML_H

/* The YAML of a site file as a tree whose nodes know where they stood. */

#include <stdarg.h>

#include <valise/bytes.h>

#define VL_SITE_FILE_MAX  (1u << 20) /* bytes of a file */
#define VL_SITE_DEPTH_MAX 16         /* lists and maps inside one another */
#define VL_SITE_NODES_MAX 65536      /* values and words */

enum vl_node_type {
	VL_NODE_TEXT,
	VL_NODE_LIST,
	VL_NODE_MAP /* kids: word, value, word, value ... */
};

struct vl_site_node {
	enum vl_node_type type;
	bool plain; /* text without quotes */
	char *text; /* no NUL inside; NULL unless TEXT */
	struct vl_site_node **kids;
	size_t nkids;
	size_t cap;
	unsigned line; /* from 1; 0: of no file */
	unsigned column;
	/* Borrowed: the site file, of what it says over a profile; or NULL. */
	const char *file;
};

/*
 * The one document of `text`; the root is a map.  VL_EUSAGE with file, line
 * and column for what is not YAML, for aliases, anchors, tags, a second
 * document, a word given twice, and what is over the limits above.
 */
enum vl_status vl_site_yaml(struct vl_site_node **out, const char *file,
    struct vl_slice text, struct vl_err *err);
/* The value of `word` in `map`; NULL where it does not stand there, or where
 * that is no map. */
struct vl_site_node *vl_site_node_of(
    const struct vl_site_node *map, const char *word);
/* One more kid of a list or map, which owns it also after a failure. */
enum vl_status vl_site_node_add(
    struct vl_site_node *node, struct vl_site_node *kid, struct vl_err *err);
void vl_site_node_free(struct vl_site_node *node);

/* VL_EUSAGE, "file:line:column: " and the message; the file of `at`, where it
 * has one, goes before `file`. */
enum vl_status vl_site_fail(const char *file, const struct vl_site_node *at,
    struct vl_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
