/*
 * valise series rotate: other keys for a series, in an epoch of their own
 * (formats/keys.md, "The keys"; docs/security.md, "When a key is lost").
 */

#include <inttypes.h>

#include <valise/encode.h>
#include <valise/site.h>
#include <valise/state.h>

#include "tool.h"

/* Of a site whose state is locked, so that no export has the old keys in hand.
 * A series that is not there yet needs no other keys. */
static enum vl_status
rotate(struct vl_state *state, struct vl_series *series, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool there = false;

	st = vl_series_exists(&there, state, err);
	if (st == VL_OK && !there)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' has no series yet: the first export makes it",
		    vl_state_path(state));
	if (st == VL_OK)
		st = vl_series_load(series, state, err);
	if (st == VL_OK && vl_cli_stop())
		st = vl_cli_stopped(err);
	return st == VL_OK ? vl_series_rotate(state, series, err) : st;
}

static void
show(const struct vl_series *series, const char *site)
{
	char id[VL_HEX_SIZE(VL_ID_SIZE)];

	vl_cli_note("series %s of site '%s' has other keys, from its next "
	            "bundle on: it is in epoch %" PRIu64,
	    vl_hex(id, series->id, sizeof(series->id)), site, series->epoch);
	vl_cli_note("all fingerprints and hashes of its manifests become "
	            "others, once; bundles of before open as they did, and a "
	            "target that met the new epoch refuses them");
	vl_cli_note("a copy of the series that was made before is of no use "
	            "any more: make it anew with 'valise key export'");
}

static enum vl_status
run(const struct vl_args *args, struct vl_err *err)
{
	struct vl_state_opts where = { .create = false };
	struct vl_series series = { 0 };
	struct vl_state *state = NULL;
	struct vl_site *site = NULL;
	enum vl_status st = vl_site_load(&site, args->operands[0], err);

	if (st == VL_OK) {
		where.base = site->state;
		where.site = site->name;
		st = vl_state_open(&state, &where, err);
	}
	if (st == VL_OK)
		st = vl_state_lock(state, 0, err);
	if (st == VL_OK)
		st = rotate(state, &series, err);
	if (st == VL_OK)
		show(&series, site->name);
	vl_series_free(&series);
	vl_state_free(state);
	vl_site_free(site);
	return st;
}

const struct vl_cmd vl_cmd_series_rotate = {
	.name = "series rotate",
	.operands = "SITE.yaml",
	.help = "give the series of a site other keys",
	.about = "For the day on which the series key, or a bundle with its "
	         "password, is in wrong\nhands: what is exported from now on "
	         "is under keys that they do not have. It takes\nback nothing "
	         "of what was exported before.",
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
