#ifndef VALISE_SEAL_ZIP_H
#define VALISE_SEAL_ZIP_H

/* Compression of one record; one struct zip serves one thread. */

#include <valise/bytes.h>

struct zip;

enum vl_status zip_new(struct zip **out, int level, struct vl_err *err);
void zip_free(struct zip *z);
/* `out` is replaced; left empty when `plain` is to be stored as it is; `lines`:
 * those of the manifest, which the usual level need not be spent on. */
enum vl_status zip_compress(struct zip *z, struct vl_buf *out,
    struct vl_slice plain, bool lines, struct vl_err *err);

#endif
