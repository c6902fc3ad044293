/*
 * The transaction over the databases of an import decides it: its row is in
 * every one of them, or in none (docs/transaction.md, "Who decides").  It is
 * asked for by the paths of the header, on a connection of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>

#include "databases.h"

#define HEX VL_HEX_SIZE(VL_IMPORT_ID_SIZE)

enum vl_status
vl_decider_open(
    struct vl_dbs **out, const struct vl_asking *a, struct vl_err *err)
{
	const struct vl_header *h = a->header;
	const char *paths[VL_DBS_MAX] = { NULL };
	size_t i = 0;

	for (i = 0; i < h->ndbs && i < VL_DBS_MAX; i++)
		paths[i] = h->dbs[i].path;
	return vl_dbs_open(out,
	    &(struct vl_dbs_opts){ .paths = paths,
	        .n = h->ndbs,
	        .tempdir = vl_state_path(a->state),
	        .wait = a->wait,
	        .recovery = true },
	    err);
}

/* What is read there holds from here on: else it is not believed. */
static enum vl_status
settle(struct vl_dbs *dbs, struct vl_state *state, const struct vl_header *h,
    struct vl_err *err)
{
	enum vl_status st = vl_dbs_settle(dbs, err);

	if (st != VL_OK)
		vl_state_note_failed_sync(state, h->dbs[0].path);
	return st;
}

enum vl_status
vl_decider_ask(struct vl_dbs **dbs, const struct vl_asking *a, bool *decided,
    struct vl_err *err)
{
	const struct vl_header *h = a->header;
	enum vl_status st = VL_OK;
	size_t in = 0;
	char id[HEX];

	*decided = false;
	if (*dbs == NULL)
		st = vl_decider_open(dbs, a, err);
	if (st == VL_OK)
		st = settle(*dbs, a->state, h, err);
	if (st == VL_OK)
		st = vl_dbs_row_ask(
		    *dbs, vl_hex(id, h->import, sizeof(h->import)), &in, err);
	if (st != VL_OK) {
		(void)vl_within(
		    err, "whether the import is decided cannot be told");
		return err->status = VL_EPENDING;
	}
	if (in != 0 && in != h->ndbs)
		return vl_fail(err, VL_EPENDING,
		    "diverged: the import is in %zu of its %zu databases, "
		    "which change together: bring those back that were "
		    "replaced by an older copy, or end the import as it "
		    "stands with --recover --abandon",
		    in, h->ndbs);
	*decided = in > 0;
	return VL_OK;
}

/* Which of several were in WAL mode; one alone stays what it is. */
static bool
modes(const struct vl_header *h, bool wal[VL_DBS_MAX])
{
	bool any = false;
	size_t i = 0;

	for (i = 0; i < h->ndbs && i < VL_DBS_MAX; i++) {
		wal[i] = h->dbs[i].was_wal;
		any = any || wal[i];
	}
	return any && h->ndbs > 1;
}

void
vl_decider_give_back(struct vl_dbs **dbs, const struct vl_asking *a)
{
	const struct vl_apply_ui *ui = a->ui;
	struct vl_err err = { 0 };
	bool wal[VL_DBS_MAX] = { false };
	enum vl_status st = VL_OK;

	if (modes(a->header, wal)) {
		if (*dbs == NULL)
			st = vl_decider_open(dbs, a, &err);
		if (st == VL_OK)
			st = vl_dbs_rollback(*dbs, &err);
		if (st == VL_OK)
			st = vl_dbs_give_back(*dbs, wal, &err);
		if (st != VL_OK) {
			(void)vl_within(&err,
			    "note: the databases are not in WAL mode again, "
			    "which their application may mend");
			ui->note(ui->arg, err.text);
		}
	}
	vl_dbs_free(*dbs);
	*dbs = NULL;
}

enum vl_status
vl_decider_note(struct vl_run *run, struct vl_err *err)
{
	const struct vl_header *h = &run->header;
	char id[HEX];
	char series[VL_HEX_SIZE(16)];
	char head[VL_HEX_SIZE(32)];

	return vl_dbs_row_put(run->dbs,
	    &(struct vl_dbs_row){
	        .id = vl_hex(id, h->import, sizeof(h->import)),
	        .site = h->site,
	        .series = vl_hex(series, h->series, sizeof(h->series)),
	        .seq = (int64_t)h->seq,
	        .root = vl_hex(head, h->head, sizeof(h->head)) },
	    err);
}

/* An error of the commit is no answer: another connection has one. */
static enum vl_status
ask_anew(struct vl_run *run, const struct vl_asking *a, struct vl_err *err)
{
	const struct vl_err why = *err;
	bool decided = false;
	enum vl_status st = VL_OK;

	vl_dbs_free(run->dbs);
	run->dbs = NULL;
	st = vl_decider_ask(&run->dbs, a, &decided, err);
	if (st != VL_OK || decided)
		return st;
	*err = why;
	return err->status = VL_EIO;
}

enum vl_status
vl_decider_commit(struct vl_run *run, struct vl_err *err)
{
	const struct vl_asking a = { .state = run->opts->state,
		.header = &run->header,
		.wait = run->opts->wait,
		.ui = run->opts->ui };
	enum vl_status st = vl_dbs_commit(run->dbs, err);

	if (st == VL_EPENDING)
		return ask_anew(run, &a, err);
	if (st == VL_OK)
		st = settle(run->dbs, a.state, a.header, err);
	return st;
}
