/*
 * One PCRE2 pattern and its matches in a text, from left to right.
 *
 * Newlines and limits are set here, so that a pattern means the same on both
 * sides of a gap whatever their libraries were built with.
 */

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdlib.h>

#include <valise/text.h>

#include "place.h"

#define PATTERN_MAX   4096
#define MATCH_MAX     1000000 /* steps from one beginning */
#define DEPTH_LIMIT   100000
#define HEAP_KIB_MAX  32768
#define STACK_MIN     32768
#define STACK_MAX     (4 << 20)
#define MESSAGE_BYTES 128

struct pattern {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
	struct vl_slice text;
	size_t from; /* where the next match is looked for */
	size_t done; /* end of the last place */
	bool empty;  /* the last match was */
};

static enum vl_status
compile(struct pattern *p, const char *text, struct vl_err *err)
{
	pcre2_compile_context *how = pcre2_compile_context_create(NULL);
	char message[MESSAGE_BYTES] = "";
	char shown[256];
	PCRE2_SIZE at = 0;
	uint32_t groups = 0;
	int code = 0;

	if (how == NULL)
		return vl_fail_memory(err);
	pcre2_set_newline(how, PCRE2_NEWLINE_LF);
	pcre2_set_bsr(how, PCRE2_BSR_UNICODE);
	p->code = pcre2_compile((PCRE2_SPTR)text, strlen(text),
	    PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, how);
	pcre2_compile_context_free(how);
	vl_escape_text(shown, sizeof(shown), vl_slice_of(text));
	if (p->code == NULL) {
		(void)pcre2_get_error_message(
		    code, (PCRE2_UCHAR *)message, sizeof(message));
		return vl_fail(err, VL_EUSAGE,
		    "cannot use the pattern '%s' from byte %zu on: %s", shown,
		    (size_t)at, message);
	}
	(void)pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups == 0)
		return vl_fail(err, VL_EUSAGE,
		    "cannot use the pattern '%s': it has no group; put the "
		    "id into parentheses",
		    shown);
	return VL_OK;
}

/* Without JIT a match is slower and otherwise the same. */
static void
compile_jit(struct pattern *p)
{
	if (pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) != 0)
		return;
	p->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	if (p->stack != NULL)
		pcre2_jit_stack_assign(p->limits, NULL, p->stack);
}

enum vl_status
pattern_new(struct pattern **out, const char *text, struct vl_err *err)
{
	struct pattern *p = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (strlen(text) > PATTERN_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "a pattern is longer than %d bytes", PATTERN_MAX);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return vl_fail_memory(err);
	st = compile(p, text, err);
	if (st == VL_OK) {
		p->limits = pcre2_match_context_create(NULL);
		p->data = pcre2_match_data_create(2, NULL);
		if (p->limits == NULL || p->data == NULL)
			st = vl_fail_memory(err);
	}
	if (st != VL_OK) {
		pattern_free(p);
		return st;
	}
	pcre2_set_match_limit(p->limits, MATCH_MAX);
	pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(p->limits, HEAP_KIB_MAX);
	compile_jit(p);
	*out = p;
	return VL_OK;
}

void
pattern_begin(struct pattern *p, struct vl_slice text)
{
	p->text = text.n > 0 ? text : vl_slice_of("");
	p->from = 0;
	p->done = 0;
	p->empty = false;
}

/* The next match into p->data, or `none`. */
static enum vl_status
match(struct pattern *p, bool *none, struct vl_err *err)
{
	const PCRE2_SIZE *span = pcre2_get_ovector_pointer(p->data);
	/* Where an empty match was, a longer one may still begin. */
	const uint32_t again = p->empty ? PCRE2_NOTEMPTY_ATSTART : 0;
	const int rc = pcre2_match(p->code, p->text.p, p->text.n, p->from,
	    PCRE2_NO_UTF_CHECK | again, p->data, p->limits);

	*none = rc == PCRE2_ERROR_NOMATCH;
	if (*none)
		return VL_OK;
	if (rc == PCRE2_ERROR_NOMEMORY)
		return vl_fail_memory(err);
	if (rc < 0)
		return vl_fail(err, VL_EFORMAT,
		    "the pattern takes too many steps behind byte %zu of a "
		    "text",
		    p->from);
	p->empty = span[0] == span[1];
	p->from = span[1];
	return VL_OK;
}

enum vl_status
pattern_next(
    struct pattern *p, struct span *span, bool *found, struct vl_err *err)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data) + 2;
	enum vl_status st = VL_OK;
	bool none = false;

	*found = false;
	while (!*found) {
		st = match(p, &none, err);
		if (st != VL_OK || none)
			return st;
		/* Both are PCRE2_UNSET where the group took no part. */
		*found = at[0] < at[1];
	}
	/* By looking ahead a group can lie where another match found it. */
	if (at[0] < p->done)
		return vl_fail(err, VL_EFORMAT,
		    "the pattern finds byte %zu of a text twice",
		    (size_t)at[0]);
	p->done = at[1];
	*span = (struct span){ at[0], at[1] - at[0] };
	return VL_OK;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	pcre2_match_data_free(p->data);
	pcre2_match_context_free(p->limits);
	pcre2_jit_stack_free(p->stack);
	pcre2_code_free(p->code);
	free(p);
}
