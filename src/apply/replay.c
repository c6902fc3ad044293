/*
 * Is this bundle the next one of its series, from the sender that the series
 * is pinned to, and meant for this site?  Decided from the ledger alone: no
 * clock is trusted.
 */
#include <stdio.h>
#include <string.h>

#include "apply.h"

/* A jump of more than this is asked about: it may be a bundle made to shut
 * out all honest ones that follow. */
#define SEQ_JUMP 1000

static bool
zero32(const uint8_t p[32])
{
	static const uint8_t none[32];

	return memcmp(p, none, sizeof(none)) == 0;
}

static enum vl_status
check_line(
    struct vl_run *run, const struct vl_ledger_line *l, struct vl_err *err)
{
	const struct vl_head *head = &run->intake.seal.head;
	const uint8_t *fingerprint = run->intake.seal.fingerprint;
	const struct vl_apply_ui *ui = run->opts->ui;
	char text[128];

	if (head->seq < l->seq)
		return vl_fail(err, VL_ETRUST,
		    "this bundle is number %llu, but '%s' was already brought "
		    "to number %llu: an older state is not imported over a "
		    "newer one",
		    (unsigned long long)head->seq, l->resource,
		    (unsigned long long)l->seq);
	if (head->seq == l->seq && !zero32(l->head) &&
	    memcmp(l->head, fingerprint, 32) != 0)
		return vl_fail(err, VL_ETRUST,
		    "another bundle with the number %llu was already imported "
		    "into '%s': the source issued the number twice, or one of "
		    "them is forged",
		    (unsigned long long)head->seq, l->resource);
	if (head->seq == l->seq + 1 && !zero32(l->head) &&
	    memcmp(l->head, head->prev, 32) != 0)
		return vl_fail(err, VL_ETRUST,
		    "this bundle follows another number %llu than the one "
		    "that was imported into '%s'",
		    (unsigned long long)l->seq, l->resource);
	if (head->seq > l->seq + SEQ_JUMP) {
		snprintf(text, sizeof(text),
		    "the number jumps from %llu to %llu",
		    (unsigned long long)l->seq, (unsigned long long)head->seq);
		if (!ui->interactive || !ui->confirm(ui->arg, text))
			return vl_fail(err, VL_ETRUST,
			    "%s: ask the sender, then import it on a terminal",
			    text);
	}
	return VL_OK;
}

enum vl_status
vl_replay_check(struct vl_run *run, struct vl_err *err)
{
	const struct vl_head *head = &run->intake.seal.head;
	const struct vl_ledger_line *l = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	l = vl_ledger_find(&run->ledger, head->series, "");
	if (l != NULL &&
	    memcmp(l->sender, run->intake.sender, VL_SIGN_PUBLIC_SIZE) != 0)
		return vl_fail(err, VL_ETRUST,
		    "this series was brought by another sender before: each "
		    "series has one signer; export it with the key that signed "
		    "it first");
	if (l != NULL && head->epoch < l->epoch)
		return vl_fail(err, VL_ETRUST,
		    "this bundle is of epoch %llu of its series, and epoch "
		    "%llu was met already: its keys were given up with 'valise "
		    "series rotate'",
		    (unsigned long long)head->epoch,
		    (unsigned long long)l->epoch);
	for (i = 0; i < run->opts->site->nresources && st == VL_OK; i++) {
		l = vl_ledger_find(&run->ledger, head->series,
		    run->opts->site->resources[i].name);
		if (l != NULL &&
		    vl_selected(run->opts, run->opts->site->resources[i].name))
			st = check_line(run, l, err);
	}
	return st;
}

enum vl_status
vl_replay_lines(struct vl_run *run, struct vl_err *err)
{
	const struct vl_head *head = &run->intake.seal.head;
	struct vl_ledger_line line = { 0 };
	struct vl_taken t = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	memcpy(line.series, head->series, sizeof(line.series));
	memcpy(line.sender, run->intake.sender, sizeof(line.sender));
	line.epoch = head->epoch;
	st = vl_ledger_set(&run->header.ledger, &line, err);
	line.epoch = 0;
	line.seq = head->seq;
	memcpy(line.head, run->intake.seal.fingerprint, sizeof(line.head));
	for (i = 0; st == VL_OK && vl_run_taken(run, i, &t); i++) {
		snprintf(
		    line.resource, sizeof(line.resource), "%s", t.resource);
		st = vl_ledger_set(&run->header.ledger, &line, err);
	}
	return st;
}
