#ifndef VALISE_PLAN_H
#define VALISE_PLAN_H

/*
 * A plan (formats/plan.md): what an import would do, a line for each record,
 * as a preview writes it and a person may edit it.  An import that is given
 * one does what it says, and nothing else.
 */

#include <valise/site.h>

#define VL_PLAN_MAX (64u << 20) /* bytes */

struct vl_plan;

/*
 * The bytes of a plan; `text` is taken over, also by a failure.  VL_EUSAGE
 * with file and line for what is none.
 */
enum vl_status vl_plan_decode(struct vl_plan **out, const char *file,
    struct vl_buf *text, struct vl_err *err);
/* Records that it says are others here. */
const struct vl_map_record *vl_plan_map(const struct vl_plan *p, size_t *n);
void vl_plan_free(struct vl_plan *p);

#endif
