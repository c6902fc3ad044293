/*
 * The decision: one record that names the import it is for and proves itself
 * (docs/transaction.md, "Who decides").  Its appearance under its name is
 * the commit of everything that cannot be prepared elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/journal.h>

#include "state_private.h"

#define DECISION_NAME "decision"
#define DECISION_MAX  256

/* "valise decision <import> <hash>\n" */
static size_t
form(char *text, size_t size, const uint8_t import[VL_IMPORT_ID_SIZE])
{
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	char id[VL_HEX_SIZE(VL_IMPORT_ID_SIZE)];
	int n = 0;

	vl_hash_of(hash, &(struct vl_hash_opts){ .personal = "vls1-decision" },
	    (struct vl_slice){ import, VL_IMPORT_ID_SIZE });
	n = snprintf(text, size, "valise decision %s %s\n",
	    vl_hex(id, import, VL_IMPORT_ID_SIZE),
	    vl_hex(hex, hash, VL_HASH_SIZE));
	return (size_t)n;
}

enum vl_status
vl_decision_write(struct vl_state *s, const uint8_t import[VL_IMPORT_ID_SIZE],
    struct vl_err *err)
{
	char text[DECISION_MAX];
	size_t n = form(text, sizeof(text), import);

	return vl_put_file(vl_state_fd(s), DECISION_NAME, 0600,
	    (struct vl_slice){ (const uint8_t *)text, n }, err);
}

enum vl_status
vl_decision_read(struct vl_state *s, const uint8_t import[VL_IMPORT_ID_SIZE],
    bool *decided, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char want[DECISION_MAX];
	size_t n = form(want, sizeof(want), import);
	bool there = false;
	enum vl_status st = VL_OK;

	*decided = false;
	/* Durable first: a record that is only in memory decides nothing. */
	st = vl_state_settle(s, DECISION_NAME, err);
	if (st != VL_OK)
		return vl_within(err, "state '%s'", vl_state_path(s));
	st = vl_state_read(s, DECISION_NAME, &text, &there, err);
	if (st == VL_OK && there)
		*decided = text.n == n && memcmp(text.p, want, n) == 0;
	vl_buf_free(&text);
	return st;
}

enum vl_status
vl_decision_drop(struct vl_state *s, struct vl_err *err)
{
	if (unlinkat(vl_state_fd(s), DECISION_NAME, 0) != 0 && errno != ENOENT)
		return vl_fail_errno(err,
		    "cannot remove '%s/" DECISION_NAME "'", vl_state_path(s));
	return VL_OK;
}
