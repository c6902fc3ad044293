#ifndef VALISE_AGAINST_H
#define VALISE_AGAINST_H

/*
 * Rows of one local database against those of another: what an import would
 * do, and for what it would be refused, found by doing it in a private copy
 * of the target's, which is forgotten.
 */

#include <valise/check.h>
#include <valise/masters.h>

/* A table, with what an import makes of its rows. */
struct vl_against_table {
	const char *name;
	struct vl_rows_put_counts counts;
	const char *news;  /* keys of the first rows without a partner */
	const char *fewer; /* and of the target's own that would go */
};

struct vl_against {
	struct vl_rows_opts source; /* `db` is a copy of the source's */
	struct vl_db_opts target;
	const struct vl_site *site; /* the target's */
	const char *profiles; /* the directory of those that are shipped */
	/* Of the target, whose profile they get; NULL: nothing is opened there.
	 * Fingerprints and tokens are those of `source`. */
	struct vl_masters *masters;
	void *arg;
	void (*finding)(void *arg, const struct vl_check_finding *f);
	void (*table)(void *arg, const struct vl_against_table *t);
};

/*
 * `*verdict` is VL_OK where an import would go, VL_EREFUSED where it would be
 * refused, VL_EUSAGE where the profile or the site file of the target names
 * what is not there.  The answer of the call is about the comparison itself;
 * an export has to go.
 */
enum vl_status vl_rows_against(
    const struct vl_against *a, enum vl_status *verdict, struct vl_err *err);

#endif
