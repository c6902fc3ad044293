/* An importer without a cage, to be measured beside the one that has it: the
 * rooms below read the bundle themselves where none is given. */

#include <valise/unpack.h>

enum vl_status __wrap_vl_unpack_cage_open(
    struct vl_cage **out, unsigned workers, struct vl_err *err);
void __wrap_vl_cage_heed(struct vl_cage *c, bool (*stop)(void *arg), void *arg);

enum vl_status
__wrap_vl_unpack_cage_open(
    struct vl_cage **out, unsigned workers, struct vl_err *err)
{
	(void)workers;
	(void)err;
	*out = NULL;
	return VL_OK;
}

void
__wrap_vl_cage_heed(struct vl_cage *c, bool (*stop)(void *arg), void *arg)
{
	(void)c;
	(void)stop;
	(void)arg;
}
