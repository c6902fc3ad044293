/*
 * The strict reader against a model: cJSON, asked to print again what it
 * parsed.  Both must agree on every mutation of valid lines; and what is
 * accepted, our writer writes again from the items.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include <valise/json.h>
#include <valise/text.h>

#define ROUNDS   150000
#define TEXT_MAX 2048

struct random {
	uint64_t state;
};

static uint64_t
next(struct random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static size_t
below(struct random *r, size_t n)
{
	return (size_t)(next(r) % n);
}

static bool
model_walk(const cJSON *item, unsigned depth)
{
	const cJSON *child = NULL;

	if (cJSON_IsNumber(item))
		return fabs(item->valuedouble) < 1e15 &&
		    floor(item->valuedouble) >= item->valuedouble &&
		    !(item->valuedouble >= 0 && signbit(item->valuedouble));
	if (!cJSON_IsObject(item) && !cJSON_IsArray(item))
		return true;
	if (depth == VL_JSON_DEPTH_MAX)
		return false;
	for (child = item->child; child != NULL; child = child->next) {
		if (cJSON_IsObject(item) && child->next != NULL &&
		    strcmp(child->string, child->next->string) >= 0)
			return false;
		if (!model_walk(child, depth + 1))
			return false;
	}
	return true;
}

static bool
model_accepts(struct vl_slice text)
{
	cJSON *parsed = NULL;
	char *printed = NULL;
	bool same = false;

	if (!vl_utf8_valid(text) || memchr(text.p, 0, text.n) != NULL)
		return false;
	parsed = cJSON_ParseWithLength((const char *)text.p, text.n);
	if (parsed != NULL && model_walk(parsed, 0))
		printed = cJSON_PrintUnformatted(parsed);
	if (printed != NULL)
		same = vl_slice_equal(vl_slice_of(printed), text);
	cJSON_free(printed);
	cJSON_Delete(parsed);
	return same;
}

/* Write the value at `at` again; the index behind it. */
static size_t
rewrite(struct vl_json_w *w, const struct vl_json *j, size_t at)
{
	const struct vl_json_item *it = &j->items[at];
	struct vl_buf text = { 0 };
	uint32_t i;

	switch (it->type) {
	case VL_JSON_OBJECT:
	case VL_JSON_ARRAY:
		vl_json_w_open(w, it->type == VL_JSON_OBJECT ? '{' : '[');
		at++;
		for (i = 0; i < it->count; i++) {
			if (it->type == VL_JSON_OBJECT) {
				assert_int_equal(VL_OK,
				    vl_json_decode(j, at++, &text, NULL));
				assert_int_equal(VL_OK,
				    vl_buf_add(&text,
				        (struct vl_slice){
				            (const uint8_t *)"", 1 },
				        NULL));
				vl_json_w_key(w, (const char *)text.p);
				vl_buf_free(&text);
			}
			at = rewrite(w, j, at);
		}
		vl_json_w_close(w, it->type == VL_JSON_OBJECT ? '}' : ']');
		assert_int_equal(it->next, at);
		return at;
	case VL_JSON_STRING:
		assert_int_equal(VL_OK, vl_json_decode(j, at, &text, NULL));
		vl_json_w_text(w, vl_buf_slice(&text));
		vl_buf_free(&text);
		return at + 1;
	case VL_JSON_INT:
		vl_json_w_int(w, it->number);
		return at + 1;
	case VL_JSON_NULL: /* no line has one, and the writer none */
		assert_int_equal(
		    VL_OK, vl_buf_add_text(w->out, w->comma ? "," : "", NULL));
		assert_int_equal(VL_OK, vl_buf_add_text(w->out, "null", NULL));
		w->comma = true;
		return at + 1;
	default:
		vl_json_w_bool(w, it->type == VL_JSON_TRUE);
		return at + 1;
	}
}

/* Ask both; what is accepted is written again to the same bytes. */
static bool
ask(struct vl_json *j, const uint8_t *p, size_t n)
{
	uint8_t *tight = malloc(n + (n == 0));
	struct vl_slice text = { tight, n };
	struct vl_buf again = { 0 };
	struct vl_json_w w;
	bool accepted;

	assert_non_null(tight);
	memcpy(tight, p, n);
	accepted = vl_json_parse(j, text, NULL) == VL_OK;
	if (accepted != model_accepts(text)) {
		print_error("%.*s\n", (int)n, (const char *)p);
		fail_msg("the reader says %s", accepted ? "yes" : "no");
	}
	if (accepted) {
		vl_json_w_init(&w, &again);
		assert_int_equal(j->n, rewrite(&w, j, 0));
		assert_int_equal(VL_OK, vl_json_w_end(&w, NULL));
		assert_true(vl_slice_equal(text, vl_buf_slice(&again)));
	}
	vl_buf_free(&again);
	free(tight);
	return accepted;
}

/* Characters and pieces that mean something to one reader or the other. */
static const char *const pieces[] = { "0", "1", "-", ".", "e", "E+", "[", "]",
	"{", "}", ",", ":", "\"", "\\", "\\\"", "\\\\", "\\/", "\\b", "\\n",
	"\\u0001", "\\u001f", "\\u001F", "\\u0000", "\\u0041", "\\u00e9",
	"\\ud83d\\ude00", "\\ud800", " ", "\t", "\r", "\n", "true", "false",
	"null", "{}", "[]", "[1,2]", "{\"a\":1}", "{\"\\n\":1,\"\\t\":2}",
	"{\"\\t\":1,\"\\n\":2}", "999999999999999", "1000000000000000", "-0",
	"1e999", "0.5", "\"\"", ",\"z\":1", ",\"zz\":[[]]", "/", "\x7f",
	"\xc3\xa9", "\xf0\x9f\x98\x80", "\xff", "\xc0\xaf", "\xed\xa0\x80",
	"\xef\xbb\xbf", "[[[[[[[[", "]]]]]]]]" };

static size_t
mutate(struct random *r, uint8_t *p, size_t n)
{
	const char *piece =
	    pieces[below(r, sizeof(pieces) / sizeof(pieces[0]))];
	size_t size = strlen(piece);
	size_t at = below(r, n + 1);
	size_t cut = below(r, 3) == 0 ? 1 + below(r, 8) : 0;

	if (cut > n - at)
		cut = n - at;
	switch (below(r, 4)) {
	case 0: /* one bit */
		if (at < n)
			p[at] ^= (uint8_t)(1u << below(r, 8));
		return n;
	case 1: /* a digit or letter for one of its kind: often still valid */
		if (at < n && p[at] >= '0' && p[at] <= '9')
			p[at] = (uint8_t)('0' + below(r, 10));
		else if (at < n && p[at] >= 'a' && p[at] <= 'z')
			p[at] = (uint8_t)('a' + below(r, 26));
		return n;
	case 2: /* cut */
		memmove(p + at, p + at + cut, n - at - cut);
		return n - cut;
	default: /* replace by a piece */
		if (n - cut + size > TEXT_MAX)
			return n;
		memmove(p + at + size, p + at + cut, n - at - cut);
		memcpy(p + at, piece, size);
		return n - cut + size;
	}
}

static size_t
load_lines(uint8_t (*lines)[TEXT_MAX], size_t *sizes, size_t max)
{
	FILE *f = fopen(SOURCE_DIR "/fixtures/manifest/tree.jsonl", "r");
	size_t n = 0;

	assert_non_null(f);
	while (n < max && fgets((char *)lines[n], TEXT_MAX / 2, f) != NULL) {
		sizes[n] = strlen((char *)lines[n]) - 1; /* without LF */
		n++;
	}
	assert_int_equal(0, fclose(f));
	return n;
}

static void
agrees_with_the_model_on_mutated_lines(void **state)
{
	static uint8_t lines[64][TEXT_MAX];
	size_t sizes[64];
	uint8_t text[TEXT_MAX + 64];
	struct random r = { 20230611 };
	struct vl_json j = { 0 };
	size_t nlines = load_lines(lines, sizes, 63);
	size_t accepted = 0;
	size_t line;
	size_t n;
	size_t i;
	size_t k;

	(void)state;
	assert_true(nlines > 20);
	/* All there is in JSON, which a line of a tree has not. */
	n = (size_t)snprintf((char *)lines[nlines], TEXT_MAX,
	    "{\"\":[],\"\\t\":{\"a\":[true,false,null]},\"\\n\":-12,\"a\":"
	    "[[[[[[1]]]]]],\"b\":\"\\u0001\\\\\\\"\",\"\xc3\xa9\":0}");
	sizes[nlines++] = n;
	for (i = 0; i < nlines; i++)
		assert_true(ask(&j, lines[i], sizes[i]));
	for (i = 0; i < ROUNDS; i++) {
		line = i % 2 == 0 ? nlines - 1 : below(&r, nlines);
		n = sizes[line];
		memcpy(text, lines[line], n);
		for (k = 1 + below(&r, 3); k > 0; k--)
			n = mutate(&r, text, n);
		accepted += ask(&j, text, n);
	}
	print_message("%zu of %d accepted\n", accepted, ROUNDS);
	assert_true(accepted > ROUNDS / 10); /* both answers are exercised */
	assert_true(accepted < ROUNDS / 2);
	vl_json_free(&j);
}

static void
agrees_with_the_model_on_short_texts(void **state)
{
	struct random r = { 77 };
	struct vl_json j = { 0 };
	uint8_t text[64];
	const char *piece = NULL;
	size_t accepted = 0;
	size_t n;
	size_t i;
	size_t k;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		n = 0;
		for (k = 1 + below(&r, 4); k > 0; k--) {
			piece = pieces[below(
			    &r, sizeof(pieces) / sizeof(pieces[0]))];
			memcpy(text + n, piece, strlen(piece));
			n += strlen(piece);
		}
		accepted += ask(&j, text, n);
	}
	assert_true(accepted > ROUNDS / 100);
	vl_json_free(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_the_model_on_mutated_lines),
		cmocka_unit_test(agrees_with_the_model_on_short_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
