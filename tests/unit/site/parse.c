/* What a site file may say, and what each mistake is answered with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <valise/site.h>

#define HEAD                                                                   \
	"site: tracker\n"                                                      \
	"state: /var/state\n"                                                  \
	"resources:\n"                                                         \
	"  - name: uploads\n"                                                  \
	"    kind: files\n"                                                    \
	"    path: /srv/uploads\n"

static enum vl_status
parse(struct vl_site **site, const char *text, struct vl_err *err)
{
	return vl_site_parse(site, "/etc/t/site.yaml", vl_slice_of(text), err);
}

/* `text` is refused with `/etc/t/site.yaml:` and `message`. */
static void
refused(const char *text, const char *message)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	const char prefix[] = "/etc/t/site.yaml";

	assert_int_equal(VL_EUSAGE, parse(&site, text, &err));
	assert_null(site);
	assert_memory_equal(prefix, err.text, sizeof(prefix) - 1);
	assert_string_equal(message, err.text + sizeof(prefix) - 1);
}

static struct vl_site *
accepted(const char *text)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };

	if (parse(&site, text, &err) != VL_OK)
		fail_msg("%s", err.text);
	return site;
}

static void
reads_every_word_of_this_version(void **state)
{
	struct vl_site *s =
	    accepted("site: tracker\n"
	             "environment: production\n"
	             "resources:\n"
	             "  - name: zeta\n"
	             "    kind: files\n"
	             "    path: data/./zeta//\n"
	             "    exclude: [\"*.tmp\", 'cache/']\n"
	             "    target_only: keep\n"
	             "    on_match: fail\n"
	             "    one_file_system: false\n"
	             "    compress: false\n"
	             "    special: true\n"
	             "    privileged: true\n"
	             "    links: inside\n"
	             "    on_unsupported: drop\n"
	             "    owners: {map: {www-data: httpd, 1000: 'a b'}}\n"
	             "  - {name: alpha, kind: files, path: /a}\n"
	             "trust:\n"
	             "  - sender: keys/plant-a.pub\n"
	             "    series: 00112233445566778899aabbccdde"
	             "eff\n"
	             "allow_from: [production, staging]\n"
	             "keep: none\n"
	             "state: /var/state\n");
	const struct vl_resource *zeta = vl_site_resource(s, "zeta");

	(void)state;
	assert_string_equal("tracker", s->name);
	assert_string_equal("production", s->environment);
	assert_int_equal(2, s->nresources);
	assert_string_equal("alpha", s->resources[0].name);
	assert_ptr_equal(zeta, &s->resources[1]);
	assert_string_equal("/etc/t/data/zeta", zeta->path);
	assert_int_equal(2, zeta->nexclude);
	assert_string_equal("cache/", zeta->exclude[1]);
	assert_int_equal(VL_TARGET_ONLY_KEEP, zeta->target_only);
	assert_int_equal(VL_ON_MATCH_FAIL, zeta->on_match);
	assert_false(zeta->one_file_system);
	assert_false(zeta->compress);
	assert_true(zeta->special);
	assert_true(zeta->privileged);
	assert_int_equal(VL_LINKS_INSIDE, zeta->links);
	assert_int_equal(VL_ON_UNSUPPORTED_DROP, zeta->on_unsupported);
	assert_int_equal(2, zeta->nowners);
	assert_string_equal("www-data", zeta->owners[0].from);
	assert_string_equal("httpd", zeta->owners[0].to);
	assert_string_equal("1000", zeta->owners[1].from);
	assert_string_equal("a b", zeta->owners[1].to);
	assert_int_equal(4, zeta->line);
	assert_string_equal("/etc/t/keys/plant-a.pub", s->trust[0].sender);
	assert_string_equal("staging", s->allow_from[1]);
	assert_false(s->keep_shadow);
	assert_string_equal("/var/state", s->state);
	vl_site_free(s);
}

static void
reads_the_rules_of_a_target(void **state)
{
	struct vl_site *s =
	    accepted("site: t\n"
	             "state: /s\n"
	             "keep_here:\n"
	             "  - {resource: b, path: \"local/**\"}\n"
	             "  - {resource: b, path: \"!local/x\"}\n"
	             "rewrite:\n"
	             "  - {resource: b, path: \"*.conf\", from: /old, "
	             "to: /new}\n"
	             "  - {resource: a, path: x, from: gone, to: \"\"}\n"
	             "map:\n"
	             "  - {resource: a, from: x/**, to: y/z/**}\n"
	             "  - {resource: b, from: x/a, to: x/b}\n"
	             "  - {resource: b, from: x/ab, to: c}\n"
	             "resources:\n"
	             "- {name: a, kind: files, path: /a}\n"
	             "- {name: b, kind: files, path: /b}\n");

	(void)state;
	assert_int_equal(2, s->nkeep_here);
	assert_string_equal("b", s->keep_here[1].resource);
	assert_string_equal("!local/x", s->keep_here[1].path);
	assert_int_equal(2, s->nrewrite);
	assert_string_equal("b", s->rewrite[0].resource);
	assert_string_equal("*.conf", s->rewrite[0].path);
	assert_string_equal("/old", s->rewrite[0].from);
	assert_string_equal("/new", s->rewrite[0].to);
	assert_string_equal("", s->rewrite[1].to);
	assert_int_equal(3, s->nmap);
	assert_string_equal("a", s->map[0].resource);
	assert_string_equal("x/**", s->map[0].from);
	assert_string_equal("y/z/**", s->map[0].to);
	vl_site_free(s);
}

static void
fills_in_the_defaults(void **state)
{
	struct vl_site *s = accepted(HEAD);

	(void)state;
	assert_null(s->environment);
	assert_true(s->keep_shadow);
	assert_true(s->resources[0].one_file_system);
	assert_true(s->resources[0].compress);
	assert_int_equal(VL_TARGET_ONLY_DELETE, s->resources[0].target_only);
	assert_int_equal(VL_ON_MATCH_OVERWRITE, s->resources[0].on_match);
	assert_false(s->resources[0].special);
	assert_false(s->resources[0].privileged);
	assert_int_equal(VL_LINKS_AS_IS, s->resources[0].links);
	assert_int_equal(
	    VL_ON_UNSUPPORTED_REFUSE, s->resources[0].on_unsupported);
	assert_int_equal(0, s->resources[0].nowners);
	assert_int_equal(0, s->nkeep_here + s->nmap + s->nrewrite);
	vl_site_free(s);
}

static void
takes_a_home_sign_as_a_name(void **state)
{
	struct vl_site *s = accepted("site: t\n"
	                             "state: /s\n"
	                             "resources:\n"
	                             "- {name: a, kind: files, path: ~/x}\n");

	(void)state;
	assert_string_equal("/etc/t/~/x", s->resources[0].path);
	vl_site_free(s);
}

static void
names_the_nearest_right_word(void **state)
{
	(void)state;
	refused(HEAD "    target_onyl: keep\n",
	    ":7:5: unknown word 'target_onyl'; did you mean 'target_only'?");
	refused(HEAD "    target_only: delte\n",
	    ":7:18: 'delte' is not one of delete, keep, brought; did you mean "
	    "'delete'?");
	refused("sitee: tracker\n",
	    ":1:1: unknown word 'sitee'; did you mean "
	    "'site'?");
	refused(HEAD "xyzzyplugh: 1\n", ":7:1: unknown word 'xyzzyplugh'");
	/* Of one choice it is no list. */
	refused("site: t\n"
	        "resources:\n"
	        "- {name: a, kind: file, path: /a}\n",
	    ":3:19: 'file' is not one of files, sqlite; did you mean "
	    "'files'?");
	/* A word of another place is not a word here. */
	refused(HEAD "    environment: x\n",
	    ":7:5: unknown word "
	    "'environment'");
}

static void
says_what_comes_in_a_later_version(void **state)
{
	(void)state;
	refused(HEAD "hooks: {before_export: [true]}\n",
	    ":7:1: 'hooks' is not known to this version yet");
	refused(HEAD "    password: x\n",
	    ":7:5: 'password' is not known to this version yet");
	refused("site: t\n"
	        "resources:\n"
	        "- {name: a, kind: mariadb, path: /a}\n",
	    ":3:19: 'mariadb' is not known to this version yet");
}

static void
takes_a_database_and_words_about_it(void **state)
{
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    parse(&s,
	        "site: t\n"
	        "resources:\n"
	        "- {name: app, kind: sqlite, path: app.db}\n"
	        "profile: n8n\n"
	        "references: {undeclared: warn}\n"
	        "keep_here: [{resource: app, table: t, columns: [c]}]\n"
	        "map: [{resource: app, table: t, from: [a], to: [b]}]\n",
	        &err));
	assert_int_equal(VL_KIND_SQLITE, s->resources[0].kind);
	assert_string_equal("/etc/t/app.db", s->resources[0].path);
	assert_int_equal(VL_UNDECLARED_WARN, s->undeclared);
	assert_int_equal(1, s->nkeep_rows);
	assert_int_equal(1, s->nmap_records);
	assert_non_null(s->profile);
	vl_site_free(s);
}

#define DATABASE                                                               \
	"site: t\n"                                                            \
	"resources:\n"                                                         \
	"- name: app\n"                                                        \
	"  kind: sqlite\n"                                                     \
	"  path: app.db\n"

static void
refuses_words_about_files_where_there_is_a_database(void **state)
{
	static const char *const words[] = { "exclude: [a]", "on_match: skip",
		"target_only: keep", "one_file_system: true", "compress: true",
		"special: true", "privileged: true", "links: inside",
		"on_unsupported: drop", "owners: {map: {a: b}}" };
	char text[400];
	char message[200];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		(void)snprintf(text, sizeof(text), DATABASE "  %s\n", words[i]);
		(void)snprintf(message, sizeof(message),
		    ":6:3: '%.*s' is about trees of files, and 'app' is a "
		    "resource of kind 'sqlite'",
		    (int)strcspn(words[i], ":"), words[i]);
		refused(text, message);
	}
	refused(DATABASE "keep_here: [{resource: app, path: x}]\n",
	    ":6:24: 'app' is no tree of files: this entry needs 'table'");
	refused(DATABASE
	    "rewrite: [{resource: app, path: x, from: a, to: b}]\n",
	    ":6:22: 'app' is no tree of files: this entry needs 'columns'");
	refused(HEAD "rewrite: [{resource: uploads, columns: [a.b], from: c, "
	             "to: d}]\n",
	    ":7:40: 'columns' is about databases, and 'uploads' is a resource "
	    "of kind 'files'");
}

/* `entry` as the one of `word` behind HEAD, in line 8. */
static void
refused_entry(const char *word, const char *entry, const char *message)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "%s%s:\n- %s\n", HEAD, word, entry);
	refused(text, message);
}

static void
refuses_words_about_databases_where_there_is_none(void **state)
{
	(void)state;
	refused(HEAD "references: {undeclared: warn}\n",
	    ":7:13: 'references' is about databases, and no resource of this "
	    "file is one");
	refused_entry("keep_here", "{resource: uploads, table: t}",
	    ":8:30: 'table' is about databases, and 'uploads' is a resource of "
	    "kind 'files'");
	refused_entry("map",
	    "{resource: uploads, table: t, from: [a], to: [b]}",
	    ":8:30: 'table' is about databases, and 'uploads' is a resource of "
	    "kind 'files'");
	/* What is wrong in itself is said first. */
	refused(
	    HEAD "references: {}\n", ":7:13: 'references' has no 'undeclared'");
	refused(HEAD "profile: {use: n8n, prefix: {ap.: wp_}}\n",
	    ":7:30: 'ap.' cannot be a 'prefix'; use 1 to 64 letters, digits "
	    "and underscores");
	refused(HEAD "profile: {use: n8n, tabels: []}\n",
	    ":7:21: unknown word 'tabels'; did you mean 'tables'?");
	refused_entry("map", "{resource: uploads, table: t, from: a, to: [b]}",
	    ":8:39: 'from' takes a list, such as [a, b]");
	refused_entry("keep_here",
	    "{resource: uploads, path: a}\n- {resource: x, table: t}",
	    ":9:14: 'x' is not a resource of this file");
}

static void
refuses_wrong_types(void **state)
{
	(void)state;
	refused(HEAD "    compress: yes\n",
	    ":7:15: 'compress' takes true or false, without quotes");
	refused(HEAD "    compress: 'true'\n",
	    ":7:15: 'compress' takes true or false, without quotes");
	refused(HEAD "    exclude: '*.tmp'\n",
	    ":7:14: 'exclude' takes a list, such as [a, b]");
	refused(HEAD "    on_match: [skip]\n",
	    ":7:15: 'on_match' takes one "
	    "word");
	refused(HEAD "environment: {a: b}\n",
	    ":7:14: 'environment' takes one "
	    "text");
	refused(HEAD "environment:\n", ":7:13: 'environment' has no value");
	refused("- a\n",
	    ":1:1: words with values are expected, such as "
	    "'name: value'");
	refused("site: t\nresources: []\n", ":2:12: 'resources' is empty");
	refused("site: t\nresources: [a]\n",
	    ":2:13: words with values are expected, such as 'name: value'");
}

static void
refuses_names_that_could_not_be_paths(void **state)
{
	char text[200];
	char name[80];

	(void)state;
	refused("site: ../x\n",
	    ":1:7: '../x' cannot be a 'site'; use 1 to 64 letters, digits and "
	    "dashes");
	memset(name, 'n', 65);
	name[65] = '\0';
	(void)snprintf(text, sizeof(text), "site: %s\n", name);
	assert_int_equal(
	    VL_EUSAGE, parse(&(struct vl_site *){ NULL }, text, NULL));
	name[64] = '\0';
	(void)snprintf(text, sizeof(text),
	    "site: %s\nstate: /s\nresources:\n"
	    "- {name: a, kind: files, path: /a}\n",
	    name);
	vl_site_free(accepted(text));
}

static void
asks_for_what_is_missing(void **state)
{
	(void)state;
	refused("state: /s\n", ":1:1: the site has no 'site'");
	refused("site: t\n", ":1:1: the site has no 'resources'");
	refused("site: t\n"
	        "resources:\n"
	        "  - name: a\n"
	        "    kind: files\n",
	    ":3:5: this resource has no 'path'");
	refused("site: t\nresources:\n  - {kind: files, path: /a}\n",
	    ":3:5: this resource has no 'name'");
	refused("site: t\nresources:\n  - {name: a, path: /a}\n",
	    ":3:5: this resource has no 'kind'");
}

static void
refuses_duplicates(void **state)
{
	(void)state;
	refused(HEAD "site: again\n",
	    ":7:1: 'site' stands here twice; first "
	    "in line 1");
	refused(HEAD "    path: /b\n",
	    ":7:5: 'path' stands here twice; first "
	    "in line 6");
	refused(HEAD "  - {name: uploads, kind: files, path: /b}\n",
	    ":7:5: resource 'uploads' stands here twice; first in line 4");
}

static void
points_at_a_tab(void **state)
{
	(void)state;
	refused("site: t\nresources:\n\t- name: a\n",
	    ":3:1: a tab cannot indent; use spaces");
	refused("site: t\nresources:\n  - name: a\n  \tkind: files\n",
	    ":4:3: a tab cannot indent; use spaces");
}

static void
refuses_what_makes_yaml_ambiguous(void **state)
{
	static const char decorated[] =
	    "anchors, aliases and tags are not used here; write the value "
	    "itself, in quotes if it begins with & * or !";
	static const struct {
		const char *text; /* after HEAD */
		const char *place;
	} cases[] = { { "environment: &a t\n", ":7:14: " },
		{ "environment: !!str t\n", ":7:14: " },
		{ "environment: *a\n", ":7:14: " },
		{ "allow_from: &a [t]\n", ":7:13: " },
		{ "trust: [&a {sender: s}]\n", ":7:9: " } };
	char text[400];
	char message[400];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", HEAD, cases[i].text);
		(void)snprintf(message, sizeof(message), "%s%s", cases[i].place,
		    decorated);
		refused(text, message);
	}
	refused(HEAD "---\nsite: b\n", ":7:1: a second document");
	refused("? [a]\n: b\n", ":1:3: a word is expected before ':'");
	refused("site: \"a\\0b\"\n", ":1:7: a NUL in a text");
	refused("a: {b: {c: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]}}\n",
	    ":1:25: more than 16 lists and maps inside one another");
	refused("", ": nothing in it");
	refused("# nothing\n", ": nothing in it");
}

static void
refuses_what_is_not_yaml(void **state)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EUSAGE, parse(&site, "a: b\nsite: \xff\n", &err));
	assert_non_null(strstr(err.text, "site.yaml:2: "));
	assert_int_equal(VL_EUSAGE, parse(&site, "site: [a\n", &err));
	assert_non_null(strstr(err.text, "site.yaml:2:1: "));
}

static void
names_a_byte_order_mark(void **state)
{
	(void)state;
	refused("\xef\xbb\xbf" HEAD,
	    ":1:1: it begins with a byte order mark (BOM); save it as UTF-8 "
	    "without one");
}

static void
refuses_a_file_over_its_limit(void **state)
{
	static char text[(1u << 20) + 2];
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };

	(void)state;
	memset(text, '#', sizeof(text) - 1);
	assert_int_equal(VL_EUSAGE, parse(&site, text, &err));
	assert_non_null(strstr(err.text, "longer than"));
}

/* Every cut of a good file parses or is refused; none is misread. */
static void
survives_every_truncation(void **state)
{
	static const char text[] =
	    HEAD "    exclude: [\"*.tmp\"]\n"
	         "    owners: {map: {a: b, c: d}}\n"
	         "keep_here: [{resource: uploads, path: a}]\n"
	         "map: [{resource: uploads, from: a, to: b}]\n"
	         "rewrite: [{resource: uploads, path: a, from: b, to: c}]\n"
	         "trust: [{sender: a.pub}]\n";
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	size_t n = 0;

	(void)state;
	for (n = 0; n < sizeof(text); n++) {
		if (vl_site_parse(&site, "/s.yaml",
		        (struct vl_slice){ (const uint8_t *)text, n },
		        &err) == VL_OK)
			assert_string_equal("tracker", site->name);
		vl_site_free(site);
		site = NULL;
	}
}

/* No such number is anybody's, and none is quietly another. */
static void
refuses_numbers_that_no_owner_has(void **state)
{
	static const char *const numbers[] = { "4294967295",
		"99999999999999999", "-1", "+7", "0x10", "007", "' 7'", "'7 '",
		"'-'", "0xzz", "4294967294", "0", "3com" };
	const size_t bad = 8;
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char text[512];
	size_t i;
	int n = 0;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		n = snprintf(text, sizeof(text),
		    HEAD "    owners: {map: {a: %s}}\n", numbers[i]);
		assert_int_equal(i < bad ? VL_EUSAGE : VL_OK,
		    vl_site_parse(&s, "site.yaml",
		        (struct vl_slice){ (const uint8_t *)text, (size_t)n },
		        &err));
		vl_site_free(s);
	}
	refused(HEAD "    owners: {map: {a: 4294967295}}\n",
	    ":7:23: '4294967295' cannot be the number of an owner; write 0 to "
	    "4294967294 in digits");
	refused(HEAD "    owners: {map: {-1: b}}\n",
	    ":7:20: '-1' cannot be the number of an owner; write 0 to "
	    "4294967294 in digits");
}

static void
refuses_owners_that_say_nothing(void **state)
{
	(void)state;
	refused(HEAD "    owners: {}\n", ":7:13: 'owners' has no 'map'");
	refused(HEAD "    owners: {mpa: {a: b}}\n",
	    ":7:14: unknown word 'mpa'; did you mean 'map'?");
	refused(HEAD "    owners: [a]\n",
	    ":7:13: words with values are expected, such as 'name: value'");
	refused(HEAD "    owners: {map: [a, b]}\n",
	    ":7:19: 'map' takes a map, such as {old: new}");
	refused(HEAD "    owners: {map: {a: b, a: c}}\n",
	    ":7:26: 'a' stands here twice; first in line 7");
	refused(
	    HEAD "    owners: {map: {'': b}}\n", ":7:20: 'map' has no value");
	refused(HEAD "    owners: {map: {a: b, c: ''}}\n",
	    ":7:29: 'map' has no value");
	refused(HEAD "    owners: {map: {a: [b]}}\n",
	    ":7:23: 'map' takes one text");
}

static void
refuses_rules_of_resources_that_are_not_there(void **state)
{
	(void)state;
	refused_entry("keep_here", "{path: a, resource: uplaods}",
	    ":8:23: 'uplaods' is not a resource of this file; did you mean "
	    "'uploads'?");
	refused_entry("map", "{resource: x, from: a, to: b}",
	    ":8:14: 'x' is not a resource of this file");
	refused_entry("rewrite", "{resource: x, path: a, from: b, to: c}",
	    ":8:14: 'x' is not a resource of this file");
	refused_entry("keep_here", "{resource: uploads}",
	    ":8:3: this entry has no 'path'");
	refused_entry(
	    "map", "{from: a, to: b}", ":8:3: this entry has no 'resource'");
}

static void
refuses_paths_that_cannot_be_mapped(void **state)
{
	static const struct {
		const char *from;
		const char *message;
	} cases[] = {
		{ "/a",
		    "path '/a' has an empty component or a slash at an "
		    "end" },
		{ "a/",
		    "path 'a/' has an empty component or a slash at an "
		    "end" },
		{ "a//b",
		    "path 'a//b' has an empty component or a slash at "
		    "an end" },
		{ "./a", "path './a' has a component '.' or '..'" },
		{ "a/../b", "path 'a/../b' has a component '.' or '..'" },
		{ "a/../**", "path 'a/..' has a component '.' or '..'" },
	};
	static const char *const patterns[] = { "'**'", "'/**'", "'a**'",
		"'a/*'", "'a/*/**'", "'a/**/b'", "'a/**/**'", "'a?'",
		"'[ab]/**'" };
	char entry[200];
	char message[300];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(entry, sizeof(entry),
		    "{resource: uploads, from: %s, to: b}", cases[i].from);
		(void)snprintf(
		    message, sizeof(message), ":8:29: %s", cases[i].message);
		refused_entry("map", entry, message);
	}
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		(void)snprintf(entry, sizeof(entry),
		    "{resource: uploads, to: %s, from: a/**}", patterns[i]);
		(void)snprintf(message, sizeof(message),
		    ":8:27: %s cannot be a 'to': it is no pattern; only '/**' "
		    "at its end, for a directory and all below, is known",
		    patterns[i]);
		refused_entry("map", entry, message);
	}
}

static void
refuses_map_rules_that_meet(void **state)
{
	(void)state;
	refused_entry("map", "{resource: uploads, from: a/**, to: b}",
	    ":8:39: 'from' ends in '/**', so 'to' must");
	refused_entry("map", "{resource: uploads, from: a, to: b/**}",
	    ":8:36: 'from' does not end in '/**', so 'to' must not");
	refused_entry("map",
	    "{resource: uploads, from: a/**, to: b/**}\n"
	    "- {resource: uploads, from: a, to: c}",
	    ":9:29: 'a' is mapped in line 8 already");
	refused_entry("map",
	    "{resource: uploads, from: a/**, to: b/**}\n"
	    "- {resource: uploads, from: a/c/d, to: c}",
	    ":9:29: 'a/c/d' is below 'a', which is mapped in line 8");
	refused_entry("map",
	    "{resource: uploads, from: a/c/d, to: b}\n"
	    "- {resource: uploads, from: a/**, to: c/**}",
	    ":9:29: 'a' is above 'a/c/d', which is mapped in line 8");
}

static void
refuses_rewrite_rules_that_do_nothing(void **state)
{
	(void)state;
	refused_entry("rewrite",
	    "{resource: uploads, path: a, from: '', to: b}",
	    ":8:38: 'from' has no value");
	/* Text that is gone is meant only where it is written down. */
	refused_entry("rewrite", "{resource: uploads, path: a, from: b, to: }",
	    ":8:45: 'to' has no value");
	refused_entry("rewrite",
	    "{resource: uploads, path: '!a', from: b, to: c}",
	    ":8:29: '!' takes nothing back here; write which files are "
	    "meant");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_word_of_this_version),
		cmocka_unit_test(reads_the_rules_of_a_target),
		cmocka_unit_test(fills_in_the_defaults),
		cmocka_unit_test(takes_a_home_sign_as_a_name),
		cmocka_unit_test(names_the_nearest_right_word),
		cmocka_unit_test(says_what_comes_in_a_later_version),
		cmocka_unit_test(takes_a_database_and_words_about_it),
		cmocka_unit_test(
		    refuses_words_about_files_where_there_is_a_database),
		cmocka_unit_test(
		    refuses_words_about_databases_where_there_is_none),
		cmocka_unit_test(refuses_wrong_types),
		cmocka_unit_test(refuses_names_that_could_not_be_paths),
		cmocka_unit_test(asks_for_what_is_missing),
		cmocka_unit_test(refuses_duplicates),
		cmocka_unit_test(points_at_a_tab),
		cmocka_unit_test(refuses_what_makes_yaml_ambiguous),
		cmocka_unit_test(refuses_what_is_not_yaml),
		cmocka_unit_test(names_a_byte_order_mark),
		cmocka_unit_test(refuses_a_file_over_its_limit),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(refuses_owners_that_say_nothing),
		cmocka_unit_test(refuses_numbers_that_no_owner_has),
		cmocka_unit_test(refuses_rules_of_resources_that_are_not_there),
		cmocka_unit_test(refuses_paths_that_cannot_be_mapped),
		cmocka_unit_test(refuses_map_rules_that_meet),
		cmocka_unit_test(refuses_rewrite_rules_that_do_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
