/* The way down to what a scan meets, as a path. */

#include "place.h"

enum vl_status
trail_begin(struct trail *t, struct vl_err *err)
{
	t->st = vl_buf_add_text(&t->path, "$", err);
	t->err = err;
	t->marks[0] = t->marks[1] = t->path.n;
	return t->st;
}

void
trail_enter(void *trail, size_t depth, const struct kid *kid)
{
	struct trail *t = trail;
	struct vl_buf name = { 0 };

	if (t->st != VL_OK)
		return;
	t->path.n = t->marks[depth];
	if (kid->indexed) {
		t->st = vl_buf_printf(&t->path, t->err, "[%zu]", kid->index);
	} else if (!kid->named) {
		t->st = vl_buf_add_text(&t->path, "[?]", t->err);
	} else {
		t->st = kid->escaped ? json_text(&name, kid->name, t->err) :
		                       vl_buf_add(&name, kid->name, t->err);
		if (t->st == VL_OK)
			t->st = path_add_name(
			    &t->path, vl_buf_slice(&name), t->err);
	}
	vl_buf_free(&name);
	t->marks[depth + 1] = t->path.n;
}
