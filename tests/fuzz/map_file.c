/* The file of --map: each line of it names a table, and two keys or a
 * column. */

#include <valise/site.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_map_list list = { 0 };
	struct vl_err err = { 0 };
	const struct vl_map_record *m = NULL;
	size_t i = 0;

	if (vl_map_file_decode(&list, "map", (struct vl_slice){ p, n }, &err) !=
	    VL_OK) {
		MUST(err.status == VL_EUSAGE && list.records == NULL);
		return 0;
	}
	for (i = 0; i < list.n; i++) {
		m = &list.records[i];
		MUST(m->resource[0] != '\0' && m->table[0] != '\0');
		MUST((m->by == NULL) == (m->nfrom == 1 && m->nto == 1));
		MUST(m->by == NULL || m->by[0] != '\0');
	}
	vl_map_list_free(&list);
	return 0;
}
