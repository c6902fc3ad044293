/* A profile as it travels: the same meaning is the same bytes, and what they
 * say is read back as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/json.h>
#include <valise/profile.h>

/* Each line of the resource says something; those that end in # are policy,
 * and one that ends in & says no more than the others. */
static const char *const lines[] = {
	"application: tracker",
	"version: {resource: db, sql: select 1, accept: ['2024*', '2025*']}",
	"resources:",
	"- resource: db",
	"  tables:",
	"  - {table: [session, cache], skip: true}",
	"  - table: user",
	"    where: type = 1",
	"    key: [login, {of: a.b, where: x, column: c}]",
	"    owned_by: [p, q]",
	"    ordinal: [t, id]",
	"    skip: name = 2",
	"    on_match: skip #",
	"    on_new: fail #",
	"    target_only: delete #",
	"    ids: new #",
	"    triggers: disable #",
	"    keep_here: [h, password] #",
	"    derived: [n, c]",
	"    derive: update user set n = 1 #",
	"    nested_set: {parent: p, left: l, right: r, order: [o, a], scope: "
	"[s, b]}",
	"  - {table: person, key: [type], match: [id, key]}",
	"  - {table: 'data_{d.id}', create: true}",
	"  references:",
	"  - from: [issue.a, issue.b]",
	"    to: user",
	"    where: x > 1",
	"    json: $.a",
	"    pattern: (.*)",
	"    split: ','",
	"    none: [0, '']",
	"    on_dangling: clear",
	"    on_broken: keep",
	"  - {from: x.y, to_by: {column: t, values: {B: b, A: a}, else: "
	"plain}}",
	"  - {path: 'wf/{wf.id}/**', in: binary}",
	"  - from: doc",
	"    file: '{dir}/{name}'",
	"    in: disk",
	"    where: kind = 3",
	"    missing: allow",
	"    collide: rename",
	"  not_reference: [issue.ext_id, 'd_*.*']",
	"  none: [-1]",
	"  here:",
	"  - {name: url, in: [s.b, s.a], where: z}",
	"  - {name: u, in: s.c}",
	"  keep_here: #",
	"  - {table: setting, columns: [value], where: y} #",
	"  - {table: a} #",
};
#define NLINES (sizeof(lines) / sizeof(lines[0]))
/* Without these the rest has no place to stand or another form. */
static const char *const frames[] = { "resources:", "- resource: db",
	"  tables:", "  - table: user",
	"  references:", "  - from: [issue.a, issue.b]", "    to: user",
	"  - from: doc", "    file: '{dir}/{name}'", "    in: disk",
	"  here:", "  keep_here: #" };

static bool
is_frame(const char *line)
{
	size_t i = 0;

	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (strcmp(frames[i], line) == 0)
			return true;
	return false;
}

/* All lines but number `without`. */
static void
write_lines(char *text, size_t size, size_t without)
{
	size_t n = 0;
	size_t i = 0;

	text[0] = '\0';
	for (i = 0; i < NLINES; i++)
		if (i != without)
			n += (size_t)snprintf(
			    text + n, size - n, "%s\n", lines[i]);
	assert_true(n < size);
}

static struct vl_profile *
accepted(const char *text)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	if (vl_profile_parse(&p, "t.yaml", vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	return p;
}

typedef enum vl_status (*writer)(
    struct vl_buf *, const struct vl_profile *, const char *, struct vl_err *);

/* What `text` says of `db`, with a NUL behind it. */
static char *
said(const char *text, writer write)
{
	struct vl_profile *p = accepted(text);
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK, write(&out, p, "db", &err));
	assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
	vl_profile_free(p);
	return (char *)out.p;
}

static void
same(const char *a, const char *b)
{
	char *x = said(a, vl_profile_words);
	char *y = said(b, vl_profile_words);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

static void
writes_canonical_json(void **state)
{
	static const char policy[] =
	    "{\"resources\":[{\"keep_here\":[{\"table\":\"s\"}],"
	    "\"resource\":\"db\",\"tables\":[{\"key\":[\"k\",{\"column\":\"c\","
	    "\"of\":\"a.b\"}],\"on_new\":\"skip\",\"table\":\"t\"}]}]}";
	static const char meaning[] =
	    "{\"resources\":[{\"resource\":\"db\",\"tables\":[{\"key\":[\"k\","
	    "{\"column\":\"c\",\"of\":\"a.b\"}],\"table\":\"t\"}]}]}";
	static const char text[] =
	    "resources:\n"
	    "- resource: db\n"
	    "  keep_here: [{table: s}]\n"
	    "  tables: [{table: t, key: [k, {of: a.b, column: c}],\n"
	    "            on_new: skip}]\n"
	    "- {resource: other, none: [0]}\n";
	char *x = said(text, vl_profile_words);
	char *y = said(text, vl_profile_meaning);

	(void)state;
	assert_string_equal(policy, x);
	assert_string_equal(meaning, y);
	free(x);
	free(y);
}

static void
a_resource_without_words_means_nothing_more(void **state)
{
	struct vl_profile *p = accepted("application: a\n"
	                                "resources: [{resource: x}]\n");
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_profile_meaning(&out, p, "db", &err));
	assert_true(vl_slice_equal(vl_buf_slice(&out),
	    vl_slice_of("{\"application\":\"a\",\"resources\":[{\"resource\":"
	                "\"db\"}]}")));
	vl_buf_free(&out);
	vl_profile_free(p);
}

/* Read back, what is written says the same again. */
static void
round_trip(const char *text, writer write)
{
	char *first = said(text, write);
	struct vl_profile *p = NULL;
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };

	if (vl_profile_from_meaning(&p, vl_slice_of(first), &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(VL_OK, write(&again, p, "db", &err));
	assert_true(vl_slice_equal(vl_buf_slice(&again), vl_slice_of(first)));
	vl_buf_free(&again);
	vl_profile_free(p);
	free(first);
}

static void
ciphers_do_not_travel(void **state)
{
	static const char text[] =
	    "ciphers: [{name: a, command: [/a], seconds: 3}]\n"
	    "resources: [{resource: db, secrets: [{column: t.c, "
	    "master_key: k, cipher: a}]}]\n";
	char *first = said(text, vl_profile_words);

	(void)state;
	assert_null(strstr(first, "ciphers"));
	free(first);
	round_trip(text, vl_profile_words);
	round_trip(text, vl_profile_meaning);
}

static void
is_read_back_as_it_was(void **state)
{
	char text[8192];

	(void)state;
	write_lines(text, sizeof(text), NLINES);
	round_trip(text, vl_profile_words);
	round_trip(text, vl_profile_meaning);
	round_trip("resources:\n"
	           "- resource: db\n"
	           "  tables:\n"
	           "  - {table: \"a\\\"\\\\\\u0001\\u20ac\", skip: \"true\"}\n"
	           "  - {table: b, skip: true}\n",
	    vl_profile_words);
	/* One that is named twice is one. */
	round_trip("resources:\n"
	           "- resource: db\n"
	           "  tables:\n"
	           "  - {table: b, owned_by: [q, q]}\n",
	    vl_profile_words);
}

static void
every_line_counts(void **state)
{
	char text[8192];
	char *all[2] = { NULL };
	char *less[2] = { NULL };
	bool policy = false;
	size_t i = 0;

	(void)state;
	write_lines(text, sizeof(text), NLINES);
	all[0] = said(text, vl_profile_words);
	all[1] = said(text, vl_profile_meaning);
	for (i = 0; i < NLINES; i++) {
		if (is_frame(lines[i]))
			continue;
		policy = strchr(lines[i], '#') != NULL;
		write_lines(text, sizeof(text), i);
		less[0] = said(text, vl_profile_words);
		less[1] = said(text, vl_profile_meaning);
		if (strcmp(all[0], less[0]) == 0)
			fail_msg("no word of it travels: %s", lines[i]);
		/* What a target may do as it likes is no meaning. */
		if ((strcmp(all[1], less[1]) == 0) != policy)
			fail_msg("%s: %s", policy ? "meaning" : "no meaning",
			    lines[i]);
		free(less[0]);
		free(less[1]);
	}
	free(all[0]);
	free(all[1]);
}

static void
order_and_spelling_do_not_count(void **state)
{
	(void)state;
	same("application: a\n"
	     "resources:\n"
	     "- resource: db\n"
	     "  none: [0, '', 0]\n"
	     "  tables:\n"
	     "  - {table: [s, c], skip: true}\n"
	     "  - {table: u, key: [k]}\n"
	     "  - {table: u, where: x, owned_by: [o], keep_here: [b, a]}\n"
	     "  references:\n"
	     "  - {from: [t.a, t.b], to: u}\n"
	     "  - {from: v.w, to_by: {column: c, values: {b: y, a: x}}}\n"
	     "  not_reference: [b.c, a.b]\n",
	    "types: {m: {a: x, b: y}}\n"
	    "\"resources\":\n"
	    "  - not_reference: [a.b, 'b.c']\n"
	    "    references:\n"
	    "      - to_by: {values: m, column: c, else: refuse}\n"
	    "        from: [v.w]\n"
	    "      - {from: t.b, to: u, on_dangling: refuse}\n"
	    "      - {from: t.a, to: u, none: []}\n"
	    "    tables:\n"
	    "      - {table: c, skip: true}\n"
	    "      - {table: u, where: \"x\", owned_by: o,\n"
	    "         keep_here: [a, b], on_match: overwrite}\n"
	    "      - {table: u, key: [k], match: [key], skip: false}\n"
	    "      - {table: s, skip: true, create: false}\n"
	    "    none: [\"\", \"0\"]\n"
	    "    resource: db\n"
	    "  - {resource: another, none: [1]}\n"
	    "application: \"a\"\n");
}

/* Of several entries the first whose `where` fits counts, and a key and what
 * is matched first have an order. */
static void
order_counts_where_it_says_something(void **state)
{
	static const char *const pairs[][2] = {
		{ "[{table: a, where: x}, {table: a, where: y}]",
		    "[{table: a, where: y}, {table: a, where: x}]" },
		{ "[{table: a, key: [b, c]}]", "[{table: a, key: [c, b]}]" },
		{ "[{table: a, match: [id, key]}]",
		    "[{table: a, match: [key, id]}]" },
		{ "[{table: a, ordinal: [b, c]}]",
		    "[{table: a, ordinal: [c, b]}]" },
	};
	char text[200];
	char *said_of[2] = { NULL };
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		for (k = 0; k < 2; k++) {
			(void)snprintf(text, sizeof(text),
			    "resources: [{resource: db, tables: %s}]\n",
			    pairs[i][k]);
			said_of[k] = said(text, vl_profile_meaning);
		}
		assert_string_not_equal(said_of[0], said_of[1]);
		free(said_of[0]);
		free(said_of[1]);
	}
}

/* It fits into a line of a manifest: one object more around it. */
static void
is_no_deeper_than_a_line_can_hold(void **state)
{
	char text[8192];
	struct vl_json json = { 0 };
	struct vl_buf line = { 0 };
	struct vl_err err = { 0 };
	char *words = NULL;

	(void)state;
	write_lines(text, sizeof(text), NLINES);
	words = said(text, vl_profile_words);
	assert_int_equal(
	    VL_OK, vl_buf_printf(&line, &err, "{\"p\":%s}", words));
	assert_int_equal(
	    VL_OK, vl_json_parse(&json, vl_buf_slice(&line), &err));
	vl_json_free(&json);
	vl_buf_free(&line);
	free(words);
}

static void
refused(const char *json, const char *message)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(
	    VL_EFORMAT, vl_profile_from_meaning(&p, vl_slice_of(json), &err));
	assert_null(p);
	assert_int_equal(VL_EFORMAT, err.status);
	if (message != NULL)
		assert_string_equal(message, err.text);
}

#define RESOURCE(words) "{\"resources\":[{" words "}]}"
#define SOURCE          "the profile of the bundle"

static void
refuses_what_no_writer_wrote(void **state)
{
	static const char other[] = SOURCE " is not written as a profile is";

	(void)state;
	refused("", NULL);
	refused("[]",
	    SOURCE ": words with values are expected, such as 'name: "
	           "value'");
	refused("{}", SOURCE ": the profile has no 'resources'");
	refused(
	    "{\"resources\":[]}", SOURCE ": the profile has no 'resources'");
	refused("{\"resources\":[{\"resource\":\"a\"},{\"resource\":\"b\"}]}",
	    other);
	/* Ciphers do not travel. */
	refused("{\"ciphers\":[{\"command\":[\"/a\"],\"name\":\"a\"}]}", other);
	refused("{\"ciphers\":[{\"command\":[\"/a\"],\"name\":\"a\"}],"
	        "\"resources\":[{\"resource\":\"a\"}]}",
	    other);
	refused(RESOURCE("\"resource\":\"a\",\"tabels\":[]"),
	    SOURCE ": unknown word 'tabels'; did you mean 'tables'?");
	/* Nor do words about files. */
	refused(RESOURCE("\"resource\":\"a\",\"secrets\":[{\"file\":\"a\"}]"),
	    other);
	refused(RESOURCE("\"resource\":1"),
	    SOURCE ": a number, false or null, which no word takes");
	refused(RESOURCE("\"resource\":\"a\\u0000\""), NULL);
	refused(RESOURCE("\"resource\":null"),
	    SOURCE ": a number, false or null, which no word takes");
	/* Each thing has one form. */
	refused(RESOURCE("\"none\":[],\"resource\":\"a\""), other);
	refused(RESOURCE("\"none\":[\"1\",\"0\"],\"resource\":\"a\""), other);
	refused(RESOURCE("\"none\":[\"0\",\"0\"],\"resource\":\"a\""), other);
	refused(RESOURCE("\"resource\":\"a\",\"tables\":[{\"skip\":true,"
	                 "\"table\":[\"a\",\"b\"]}]"),
	    other);
	refused(RESOURCE("\"resource\":\"a\",\"tables\":[{\"table\":[\"a\"]}]"),
	    other);
	refused(RESOURCE("\"resource\":\"a\",\"tables\":[{\"match\":[\"key\"],"
	                 "\"table\":\"a\"}]"),
	    other);
	refused(RESOURCE("\"resource\":\"a\",\"tables\":[{\"table\":\"b\"},"
	                 "{\"table\":\"a\"}]"),
	    other);
	refused(RESOURCE("\"references\":[{\"from\":[\"a.b\",\"a.c\"],\"to\":"
	                 "\"d\"}],\"resource\":\"a\""),
	    other);
	refused(
	    "{\"resources\":[{\"resource\":\"a\"}],\"version\":{\"resource\""
	    ":\"b\",\"sql\":\"x\"}}",
	    other);
	refused("{\"resources\":[{\"resource\":\"a\"}],\"types\":{\"t\":{\"a\":"
	        "\"b\"}}}",
	    other);
}

static void
survives_every_truncation_and_each_changed_byte(void **state)
{
	char text[8192];
	char *words = NULL;
	struct vl_profile *p = NULL;
	struct vl_slice json = { 0 };
	size_t i = 0;

	(void)state;
	write_lines(text, sizeof(text), NLINES);
	words = said(text, vl_profile_words);
	for (i = 0; i < strlen(words); i++) {
		json = (struct vl_slice){ (const uint8_t *)words, i };
		assert_int_not_equal(
		    VL_OK, vl_profile_from_meaning(&p, json, NULL));
		assert_null(p);
	}
	for (i = 0; i < strlen(words); i++) {
		words[i] = (char)(words[i] ^ 1);
		(void)vl_profile_from_meaning(&p, vl_slice_of(words), NULL);
		vl_profile_free(p);
		words[i] = (char)(words[i] ^ 1);
	}
	free(words);
}

static void
refuses_what_is_too_long(void **state)
{
	size_t n = 57344 + 1;
	uint8_t *bytes = malloc(n);
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_non_null(bytes);
	memset(bytes, ' ', n);
	assert_int_equal(VL_ELIMIT,
	    vl_profile_from_meaning(&p, (struct vl_slice){ bytes, n }, &err));
	free(bytes);
}

/* Few words may say much: a long map for each of many columns. */
static void
refuses_to_write_what_could_not_be_read(void **state)
{
	size_t room = 200000;
	char *text = malloc(room);
	struct vl_profile *p = NULL;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t n = 0;
	size_t i = 0;

	(void)state;
	assert_non_null(text);
	n = (size_t)snprintf(text, room,
	    "resources:\n- resource: db\n  references:\n"
	    "  - to_by: {column: c, values: {a: b");
	for (i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, room - n, ", v%zu: t", i);
	n += (size_t)snprintf(text + n, room - n, "}}\n    from: [a.b");
	for (i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, room - n, ", t.c%zu", i);
	(void)snprintf(text + n, room - n, "]\n");
	p = accepted(text);
	assert_int_equal(VL_EUSAGE, vl_profile_words(&out, p, "db", &err));
	assert_string_equal("a resource of the profile comes to more than "
	                    "57344 bytes as it travels",
	    err.text);
	vl_buf_free(&out);
	vl_profile_free(p);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_canonical_json),
		cmocka_unit_test(a_resource_without_words_means_nothing_more),
		cmocka_unit_test(ciphers_do_not_travel),
		cmocka_unit_test(is_read_back_as_it_was),
		cmocka_unit_test(every_line_counts),
		cmocka_unit_test(order_and_spelling_do_not_count),
		cmocka_unit_test(order_counts_where_it_says_something),
		cmocka_unit_test(is_no_deeper_than_a_line_can_hold),
		cmocka_unit_test(refuses_what_no_writer_wrote),
		cmocka_unit_test(
		    survives_every_truncation_and_each_changed_byte),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_to_write_what_could_not_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
