#ifndef TEST_APPLY_IMPORTER_H
#define TEST_APPLY_IMPORTER_H

/*
 * A side that imports: a site, a state and a small bundle (tests/fuzz/reseal.h)
 * in a folder of their own.  Includes cmocka's headers before.
 */

#include <valise/apply.h>

#include "../../fuzz/folder.h"
#include "../../fuzz/reseal.h"
#include "quiet.h"

#define SITE                                                                   \
	"site: " RESEAL_SITE "\nstate: state\nresources:\n"                    \
	"  - name: tree\n    kind: files\n    path: world/tree\n"

static struct reseal all;
static struct vl_pool *pool;
static struct vl_site *site;
static bool interactive; /* nobody is trusted yet, somebody is asked */
static char sender_path[128];
static char bundle_path[128];
static char state_path[128];

static inline enum vl_status
give_identity(void *arg, struct vl_opener *opener, struct vl_err *err)
{
	(void)arg, (void)err;
	opener->identity = all.identity;
	return VL_OK;
}

static inline struct vl_apply_ui
importer_ui(void)
{
	struct vl_apply_ui ui = quiet_ui();

	ui.interactive = interactive;
	ui.opener = give_identity;
	return ui;
}

static inline void
importer_site(const char *text)
{
	struct vl_err err = { 0 };
	char file[128];

	(void)snprintf(file, sizeof(file), "%s/site.yaml", folder_path);
	vl_site_free(site);
	if (vl_site_parse(&site, file, vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
}

/* All but `state`. */
static inline struct vl_import_opts
importer_opts(void)
{
	static const char *trust = sender_path;
	static struct vl_apply_ui ui;

	ui = importer_ui();
	return (struct vl_import_opts){ .site = site,
		.bundle = bundle_path,
		.allow_delete = true,
		.yes = true,
		.trust = &trust,
		.ntrust = interactive ? 0 : 1,
		.pool = pool,
		.ui = &ui };
}

static inline enum vl_status
importer_state(struct vl_state **out, struct vl_err *err)
{
	return vl_state_open(out,
	    &(struct vl_state_opts){
	        .base = state_path, .site = RESEAL_SITE, .create = true },
	    err);
}

static inline enum vl_status
importer_run(struct vl_import_opts *opts, struct vl_err *err)
{
	struct vl_import_result result = { 0 };
	enum vl_status st = importer_state(&opts->state, err);

	if (st == VL_OK)
		st = vl_apply_import(opts, &result, err);
	vl_state_free(opts->state);
	return st;
}

/* The bundle of all.head as it is now. */
static inline void
importer_bundle(void)
{
	int fd = openat(folder_fd(), "bundle.vls", O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	reseal_bundle(&all, fd, (struct vl_slice){ 0 });
	(void)close(fd);
}

/* This and its like begin and end a group of cmocka's. */
static inline int
importer_begin(void **state)
{
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	reseal_init(&all);
	assert_int_equal(VL_OK, vl_pool_new(&pool, 1, &err));
	(void)folder_fd();
	(void)snprintf(sender_path, sizeof(sender_path), "%s/pub", folder_path);
	(void)snprintf(
	    bundle_path, sizeof(bundle_path), "%s/bundle.vls", folder_path);
	(void)snprintf(state_path, sizeof(state_path), "%s/state", folder_path);
	assert_int_equal(
	    VL_OK, vl_sender_public_encode(&text, &all.sender->pub, &err));
	folder_put("pub", vl_buf_slice(&text));
	vl_buf_free(&text);
	assert_int_equal(0, mkdirat(folder_fd(), "bundle.vls", 0755));
	importer_bundle();
	return 0;
}

static inline int
importer_end(void **state)
{
	(void)state;
	vl_site_free(site);
	vl_pool_free(pool);
	vl_ids_free(all.ids);
	vl_buf_free(&all.keys_text);
	vl_secret_free(all.keys);
	vl_secret_free(all.read);
	vl_secret_free(all.sender);
	return 0;
}

#endif
