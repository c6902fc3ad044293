#ifndef VALISE_TARGET_STAGE_H
#define VALISE_TARGET_STAGE_H

/* The staging directory from inside the room. */

#include <valise/stage.h>
#include <valise/tree.h>

#define VL_STAGE_NEW          "new"
#define VL_STAGE_UNDO         "undo"
#define VL_STAGE_PROBE        ".valise.probe"
#define VL_STAGE_HEADER       "header"
#define VL_STAGE_MARK_DECIDED "decided"
#define VL_STAGE_HEADER_MAX   (16u << 20)

struct vl_stage {
	uint8_t import[VL_IMPORT_ID_SIZE];
	struct vl_header_tree tree; /* paths owned */
	char *parent;               /* directory that holds the staging */
	char *name;                 /* its fixed name there */
	int parentfd;
	int fd;    /* the staging directory, locked; opened before the first
	            * staged byte and kept for the syncfs */
	int newfd; /* new/ */
	int undofd;
	int rootfd; /* the root, locked; -1: absent, or not to be opened */
};

/* A stage with its names set and the parent directory open; errno tells what
 * kept it from that. */
enum vl_status vl_stage_init(struct vl_stage **out, const struct vl_header *h,
    size_t tree, struct vl_err *err);
/* Where the staging of `root` stands, malloc'd; NULL: memory is exhausted, or
 * (errno ENOENT) nothing is beside "/". */
char *vl_stage_path(const char *root, bool inside);
/* Remove what stands under the fixed name. */
enum vl_status vl_stage_remove(struct vl_stage *s, struct vl_err *err);
/* ".NAME.valise.HEX": what staging is called while it is made or removed. */
char *vl_stage_private_name(
    const char *name, const uint8_t import[VL_IMPORT_ID_SIZE]);
/* "N", "N.copy" */
#define VL_STAGE_N_SIZE 40
char *vl_stage_n(char text[VL_STAGE_N_SIZE], uint64_t n, const char *suffix);

#endif
