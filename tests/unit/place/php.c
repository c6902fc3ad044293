/* What PHP serialised: which places a path selects, what is refused, and that
 * values with other texts are what PHP writes of them. */

#include <stdio.h>
#include <stdlib.h>

#include <valise/encode.h>

#include "../format/vector.h"
#include "find.h"

#include <glob.h>

static void
php(const char *path, const char *marked)
{
	finds(&(struct find){ .php = path }, marked);
}

static void
paths_select_strings_and_integers(void **state)
{
	(void)state;
	php("$", "s:1:\"<a>\";");
	php("$", "s:0:\"<>\";");
	php("$", "i:<-5>;");
	php("$", "d:0.5;");
	php("$", "b:1;");
	php("$", "N;");
	php("$[*]", "a:3:{i:0;i:<5>;i:1;s:2:\"<12>\";i:2;a:1:{i:0;i:1;}}");
	php("$.*", "a:2:{i:0;i:<5>;s:1:\"k\";i:<6>;}");
	php("$..*", "a:2:{i:0;i:<5>;i:1;a:1:{s:1:\"k\";s:1:\"<6>\";}}");
	php("$.a.b", "a:1:{s:1:\"a\";a:2:{s:1:\"a\";i:1;s:1:\"b\";i:<2>;}}");
}

static void
names_and_indexes_are_keys(void **state)
{
	(void)state;
	php("$[7]", "a:3:{i:0;i:1;i:7;i:<2>;i:-7;i:3;}");
	php("$.7", "a:2:{i:0;i:1;i:7;i:<2>;}");
	php("$['-7']", "a:2:{i:7;i:1;i:-7;i:<2>;}");
	php("$['7']", "a:2:{s:2:\"07\";i:1;i:7;i:<2>;}");
	php("$[7]", "a:1:{s:1:\"7\";i:1;}");
	php("$.a", "a:2:{s:1:\"a\";i:<1>;s:1:\"a\";i:<2>;}");
}

static void
tildes_select_keys(void **state)
{
	(void)state;
	php("$.*~", "a:2:{i:<5>;s:1:\"x\";s:4:\"<cf_1>\";a:1:{i:0;i:1;}}");
	php("$..*~", "a:1:{s:1:\"<a>\";a:1:{i:<9>;N;}}");
	php("$.a.*~", "a:2:{s:1:\"a\";a:1:{i:<4>;i:1;}s:1:\"b\";a:1:{i:5;N;}}");
	finds(&(struct find){ .php = "$.*~", .pattern = "^cf_(\\d+)$" },
	    "a:2:{s:4:\"cf_<1>\";i:5;s:5:\"cf_<12>\";N;}");
}

static void
objects_are_kept_as_they_are(void **state)
{
	(void)state;
	php("$..*",
	    "a:3:{i:0;O:8:\"stdClass\":1:{s:1:\"p\";i:5;}i:1;r:2;i:2;i:<5>;}");
	php("$..*", "a:2:{i:0;C:1:\"A\":7:{i:5;}}x}i:1;i:<5>;}");
	php("$..*", "a:2:{i:0;E:6:\"A:Case\";i:1;s:1:\"<5>\";}");
	php("$.*", "O:1:\"A\":1:{s:1:\"p\";i:5;}");
	php("$..*~", "O:1:\"A\":1:{s:1:\"p\";i:5;}");
}

static void
patterns_and_separators_stay_within_a_string(void **state)
{
	(void)state;
	finds(&(struct find){ .php = "$.*", .pattern = "#(\\d+)" },
	    "a:2:{i:0;s:8:\"#<1> \"; #<2>\";i:1;s:2:\"22\";}");
	finds(&(struct find){ .php = "$", .split = "," }, "s:4:\"<1>, <2>\";");
	cannot_find(&(struct find){ .php = "$.*", .pattern = "(1)" },
	    vl_slice_of("a:1:{i:0;i:12;}"),
	    "only a part of the number at byte 11");
}

/* Counted texts: "at+head+n" each. */
static void
counts(const struct find *how, const char *value, const char *expected)
{
	struct vl_finder *f = finder_of(how);
	struct vl_places places = { 0 };
	struct vl_buf shown = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_finder_find(f, vl_slice_of(value), &places, &err) != VL_OK)
		fail_msg("%s: %s", value, err.text);
	for (i = 0; i < places.ncounted; i++)
		assert_int_equal(VL_OK,
		    vl_buf_printf(&shown, &err, "%zu+%zu+%zu ",
		        places.counted[i].at, places.counted[i].head,
		        places.counted[i].n));
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &shown, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	assert_string_equal(expected, (const char *)shown.p);
	vl_buf_free(&shown);
	vl_places_free(&places);
	vl_finder_free(f);
}

static void
strings_around_places_are_counted(void **state)
{
	const struct find id = { .php = "$.*", .pattern = "id(\\d)" };

	(void)state;
	counts(&(struct find){ .php = "$" }, "i:5;", "");
	counts(&(struct find){ .php = "$" }, "s:1:\"5\";", "2+3+1 ");
	counts(&(struct find){ .php = "$.*~" }, "a:2:{s:1:\"a\";i:1;i:7;N;}",
	    "7+3+1 ");
	counts(&id, "a:2:{i:0;s:2:\"id\";i:1;s:3:\"id5\";}", "24+3+3 ");
	/* In a text that was serialised, but for one that only looks so. */
	counts(&id, "a:1:{i:0;s:15:\"a:1:{i:0;N;}id5\";}", "11+4+15 ");
	counts(&id, "a:1:{i:0;s:20:\"a:1:{i:0;s:3:\"id5\";}\";}",
	    "11+4+20 26+3+3 ");
}

static void
what_holds_a_nested_value_together_is_no_reference(void **state)
{
	const struct find digits = { .php = "$.*", .pattern = "(\\d+)" };
	const struct find id = { .php = "$.*", .pattern = "i:0;i:(\\d+)" };

	(void)state;
	cannot_find(&digits, vl_slice_of("a:1:{i:0;s:14:\"a:1:{i:0;i:5;}\";}"),
	    "stands between the values of what is PHP-serialised within a "
	    "text at byte 15");
	cannot_find(&(struct find){ .php = "$.*", .pattern = "C.*(y)" },
	    vl_slice_of("a:1:{i:0;s:13:\"C:1:\"C\":1:{y}\";}"),
	    "stands between the values");
	finds(&id, "a:1:{i:0;s:14:\"a:1:{i:0;i:<5>;}\";}");
}

/* Written by PHP: with each place replaced it is what PHP writes. */

struct written {
	struct vl_buf out;
	struct vl_slice value;
	size_t done;
	size_t depth;
	size_t end[VL_COUNTED_DEPTH];
	size_t from[VL_COUNTED_DEPTH];
};

static void
copy_to(struct written *w, size_t to)
{
	assert_int_equal(VL_OK,
	    vl_buf_add(&w->out,
	        (struct vl_slice){ w->value.p + w->done, to - w->done }, NULL));
	w->done = to;
}

static void
end_before(struct written *w, size_t at)
{
	for (; w->depth > 0 && w->end[w->depth - 1] < at; w->depth--) {
		copy_to(w, w->end[w->depth - 1]);
		assert_int_equal(VL_OK,
		    vl_place_count(&w->out, w->from[w->depth - 1], NULL));
	}
}

static void
replace(struct written *w, const struct vl_places *places, const char *text)
{
	const struct vl_counted *c = places->counted;
	size_t i = 0;

	for (i = 0; i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		for (; c < places->counted + places->ncounted && c->at < p->at;
		     c++) {
			end_before(w, c->at);
			copy_to(w, c->at);
			w->done += c->head;
			w->end[w->depth] = w->done + c->n;
			w->from[w->depth++] = w->out.n;
		}
		end_before(w, p->at);
		copy_to(w, p->at);
		assert_int_equal(VL_OK,
		    vl_place_write(&w->out, p->form, vl_slice_of(text), NULL));
		w->done = p->at + p->n;
	}
	end_before(w, w->value.n + 1);
	copy_to(w, w->value.n);
}

static void
rewritten_as(const char *path, struct vl_slice from, const char *text,
    struct vl_slice to)
{
	struct vl_finder *f =
	    finder_of(&(struct find){ .php = path, .pattern = "(x+)" });
	struct written w = { .value = from };
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };

	if (vl_finder_find(f, from, &places, &err) != VL_OK)
		fail_msg(
		    "%.*s: %s", (int)from.n, (const char *)from.p, err.text);
	replace(&w, &places, text);
	if (!vl_slice_equal(to, vl_buf_slice(&w.out)))
		fail_msg("%.*s\nis not\n%.*s", (int)w.out.n,
		    (const char *)w.out.p, (int)to.n, (const char *)to.p);
	vl_buf_free(&w.out);
	vl_places_free(&places);
	vl_finder_free(f);
}

static struct vl_slice
unhex(struct vl_buf *b, const char *hex)
{
	assert_int_equal(VL_OK, vl_buf_reserve(b, strlen(hex) / 2, NULL));
	b->n = strlen(hex) / 2;
	assert_true(vl_unhex(b->p, b->n, vl_slice_of(hex)));
	return vl_buf_slice(b);
}

static void
with_other_texts_it_is_what_php_writes(void **state)
{
	FILE *f = fopen(SOURCE_DIR "/fixtures/php/values.tsv", "r");
	char *line = NULL;
	char *rest = NULL;
	size_t cap = 0;
	size_t n = 0;

	(void)state;
	assert_non_null(f);
	for (; getline(&line, &cap, f) > 0; n++) {
		struct vl_buf a = { 0 };
		struct vl_buf b = { 0 };
		struct vl_slice from = { 0 };
		struct vl_slice to = { 0 };
		const char *name = strtok_r(line, "\t\n", &rest);

		from = unhex(&a, strtok_r(NULL, "\t\n", &rest));
		to = unhex(&b, strtok_r(NULL, "\t\n", &rest));
		name = strcmp(name, "text") == 0 ? "$" : "$..*";
		rewritten_as(name, from, "xxxxxxxxxxxxxxxxxxxx", to);
		rewritten_as(name, to, "x", from);
		vl_buf_free(&a);
		vl_buf_free(&b);
	}
	assert_true(n > 10);
	free(line);
	assert_int_equal(0, fclose(f));
}

/* formats/vectors/php */

static enum vl_status
outcome(struct vl_slice value)
{
	struct vl_finder *f = finder_of(&(struct find){ .php = "$..*" });
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };
	const enum vl_status st = vl_finder_find(f, value, &places, &err);

	vl_places_free(&places);
	vl_finder_free(f);
	return st;
}

static void
each_vector(void (*check)(const char *path, const struct vector *v))
{
	struct vector v = { 0 };
	glob_t found = { 0 };
	size_t i = 0;

	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/vectors/php/*", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		vector_load(&v, found.gl_pathv[i]);
		check(found.gl_pathv[i], &v);
	}
	globfree(&found);
	vl_buf_free(&v.bytes);
}

static void
has_its_outcome(const char *path, const struct vector *v)
{
	const enum vl_status st = outcome(vl_buf_slice(&v->bytes));

	if (strcmp(v->expect, st == VL_OK ? "ok" : "format") != 0 ||
	    (st != VL_OK && st != VL_EFORMAT))
		fail_msg("%s", path);
}

static void
is_refused_cut_or_longer(const char *path, const struct vector *v)
{
	struct vl_buf longer = { 0 };
	size_t n = 0;

	if (strcmp(v->expect, "ok") != 0)
		return;
	for (n = 0; n<v->bytes.n; n += v->bytes.n> 500 ? 97 : 1)
		if (outcome((struct vl_slice){ v->bytes.p, n }) != VL_EFORMAT)
			fail_msg("%s: cut to %zu", path, n);
	assert_int_equal(
	    VL_OK, vl_buf_add(&longer, vl_buf_slice(&v->bytes), NULL));
	assert_int_equal(VL_OK, vl_buf_add_text(&longer, "}", NULL));
	if (outcome(vl_buf_slice(&longer)) != VL_EFORMAT)
		fail_msg("%s: longer", path);
	vl_buf_free(&longer);
}

static void
vectors_have_their_outcome(void **state)
{
	(void)state;
	each_vector(has_its_outcome);
}

static void
what_is_accepted_is_refused_cut_or_longer(void **state)
{
	(void)state;
	each_vector(is_refused_cut_or_longer);
}

static void
refusals_name_place_and_reason(void **state)
{
	static const char *const bad[][2] = {
		{ "", "at byte 0: the value ends early" },
		{ "a:1:{i:0;i:5;", "at byte 13: '}' is missing" },
		{ "a:2:{i:0;i:5;}", "at byte 13: a key is missing" },
		{ "s:3:\"ab\";", "at byte 8: the string does not end" },
		{ "s:9:\"ab\";", "at byte 5: the string is longer" },
		{ "i:05;", "at byte 4: a number with a zero in front" },
		{ "R:2;", "at byte 4: it refers to a value" },
		{ "x", "at byte 1: not a value" },
		{ "i:5;i:6;", "at byte 4: text goes on" },
	};
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cannot_find(&(struct find){ .php = "$" },
		    vl_slice_of(bad[i][0]), bad[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_select_strings_and_integers),
		cmocka_unit_test(names_and_indexes_are_keys),
		cmocka_unit_test(tildes_select_keys),
		cmocka_unit_test(objects_are_kept_as_they_are),
		cmocka_unit_test(patterns_and_separators_stay_within_a_string),
		cmocka_unit_test(strings_around_places_are_counted),
		cmocka_unit_test(
		    what_holds_a_nested_value_together_is_no_reference),
		cmocka_unit_test(with_other_texts_it_is_what_php_writes),
		cmocka_unit_test(vectors_have_their_outcome),
		cmocka_unit_test(what_is_accepted_is_refused_cut_or_longer),
		cmocka_unit_test(refusals_name_place_and_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
