/* Bytes in locked memory that grow. */

#include <string.h>

#include <valise/secret.h>

#define FIRST 4096

enum vl_status
vl_locked_reserve(struct vl_locked *l, size_t more, struct vl_err *err)
{
	size_t cap = l->cap > 0 ? l->cap : FIRST;
	uint8_t *p = NULL;

	if (l->cap - l->n >= more)
		return VL_OK;
	while (cap - l->n < more) {
		if (cap > SIZE_MAX / 2)
			return vl_fail_memory(err);
		cap *= 2;
	}
	p = vl_secret_alloc(cap);
	if (p == NULL)
		return vl_fail_memory(err);
	if (l->n > 0)
		memcpy(p, l->p, l->n);
	vl_secret_free(l->p);
	l->p = p;
	l->cap = cap;
	return VL_OK;
}

enum vl_status
vl_locked_add(struct vl_locked *l, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st = vl_locked_reserve(l, bytes.n, err);

	if (st == VL_OK && bytes.n > 0) {
		memcpy(l->p + l->n, bytes.p, bytes.n);
		l->n += bytes.n;
	}
	return st;
}

void
vl_locked_clear(struct vl_locked *l)
{
	if (l->p != NULL)
		vl_secret_wipe(l->p, l->n);
	l->n = 0;
}

struct vl_slice
vl_locked_slice(const struct vl_locked *l)
{
	return (struct vl_slice){ l->p, l->n };
}

void
vl_locked_free(struct vl_locked *l)
{
	vl_secret_free(l->p);
	*l = (struct vl_locked){ 0 };
}
