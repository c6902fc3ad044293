#ifndef VALISE_PLACE_NODES_H
#define VALISE_PLACE_NODES_H

/* A value of JSON or YAML as a list of what is in it, in the order of its
 * bytes. */

#include "place.h"

#define NODES_MAX 262144
#define NO_NODE   UINT32_MAX

enum node_kind {
	NODE_SCALAR,
	NODE_MAP,
	NODE_FLOW_MAP, /* of YAML */
	NODE_LIST,
	NODE_ALIAS
};

/* What a path says of it. */
#define MARK_KEPT    1u /* its value is the target's */
#define MARK_MEMBERS 2u /* its members are records, as `how` says */
#define MARK_BELOW   4u /* something in it has a mark */

/* Names and texts are in `memory`. */
struct node {
	uint32_t at; /* its bytes */
	uint32_t end;
	uint32_t key_at; /* those of its name; none: both are 0 */
	uint32_t key_end;
	uint32_t name;
	uint32_t nname;
	uint32_t text; /* of YAML: what a scalar stands for */
	uint32_t ntext;
	uint32_t up;
	uint32_t next;  /* behind all that is in it */
	uint32_t index; /* among those of a list */
	uint32_t nkids;
	uint8_t kind;
	uint8_t mark;
	uint8_t how;
	bool named;
	bool plain; /* of YAML */
};

struct nodes {
	struct vl_slice value;
	struct node *list;
	size_t n;
	size_t cap;
	struct vl_buf memory;
};

/* VL_EFORMAT, VL_ELIMIT; what was read is freed all the same. */
enum vl_status nodes_read(
    struct nodes *out, struct vl_slice value, bool yaml, struct vl_err *err);
void nodes_free(struct nodes *n);

struct vl_slice node_raw(const struct nodes *n, const struct node *node);
/* Without the end of its last line, and the empty lines behind that, which
 * libyaml counts to a block; of those that are part of one (`|+`) one goes. */
struct vl_slice node_bare(const struct nodes *n, const struct node *node);
struct vl_slice node_name(const struct nodes *n, const struct node *node);
struct vl_slice node_text(const struct nodes *n, const struct node *node);
bool node_is_map(const struct node *node);

#endif
