/* What a profile says of secrets, and a site of its master keys: every word
 * arrives, the order that counts is kept, and each mistake is named. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <valise/profile.h>

#define SITE                                                                   \
	"site: t\n"                                                            \
	"state: /var/state\n"                                                  \
	"resources: [{name: db, kind: sqlite, path: /a.db}, {name: f, kind: "  \
	"files, path: /f}]\n"

static struct vl_profile *
profile(const char *entries)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text),
	    "resources: [{resource: db, secrets: [%s]}]\n", entries);
	if (vl_profile_parse(&p, "p", vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	return p;
}

/* One entry, from column 38 on. */
static void
refused(const char *entries, const char *message)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text),
	    "resources: [{resource: db, secrets: [%s]}]\n", entries);
	assert_int_equal(
	    VL_EUSAGE, vl_profile_parse(&p, "p", vl_slice_of(text), &err));
	assert_null(p);
	assert_string_equal(message, err.text);
}

static struct vl_site *
site(const char *words)
{
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text), SITE "%s\n", words);
	if (vl_site_parse(&s, "/s/site.yaml", vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	return s;
}

/* Words in line 4. */
static void
refused_site(const char *words, const char *message)
{
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char text[2000];

	(void)snprintf(text, sizeof(text), SITE "%s\n", words);
	assert_int_equal(VL_EUSAGE,
	    vl_site_parse(&s, "/s/site.yaml", vl_slice_of(text), &err));
	assert_null(s);
	assert_string_equal(message, err.text);
}

static void
reads_every_word(void **state)
{
	struct vl_profile *p = profile(
	    "{column: a.b, where: \"k = 'x'\", json: $.key, master_key: app,"
	    " cipher: n8n, plain: json, search: [$.a, $.b], on_secret: blank,"
	    " on_broken: carry_as_is}, {column: a.c, on_secret: keep_here}");
	const struct vl_secret_words *s = p->resources[0].secrets;

	(void)state;
	assert_int_equal(2, p->resources[0].nsecrets);
	assert_string_equal("a.b", s->of);
	assert_string_equal("k = 'x'", s->where);
	assert_string_equal("$.key", vl_secret_path(s));
	assert_string_equal("app", s->master_key);
	assert_string_equal("n8n", s->cipher);
	assert_int_equal(VL_PLAIN_JSON, s->plain);
	assert_int_equal(2, s->nsearch);
	assert_string_equal("$.b", s->search[1]);
	assert_int_equal(VL_SECRET_BLANK, s->on_secret);
	assert_int_equal(VL_SECRET_BROKEN_CARRY, s->on_broken);
	/* In clear, and yet a secret. */
	assert_string_equal("plain", s[1].cipher);
	assert_null(s[1].master_key);
	assert_null(vl_secret_path(&s[1]));
	assert_int_equal(VL_SECRET_KEEP_HERE, s[1].on_secret);
	assert_int_equal(VL_SECRET_BROKEN_REFUSE, s[1].on_broken);
	vl_profile_free(p);
}

static void
refuses_words_that_do_not_go_together(void **state)
{
	(void)state;
	refused("{column: a.b, master_key: app}",
	    "p:1:38: this entry has a 'master_key' and no 'cipher' that says "
	    "how it is used");
	refused("{column: a.b, cipher: n8n}",
	    "p:1:38: this entry has a 'cipher' and no 'master_key' for it");
	refused("{column: a.b, json: $.a, php: $.a}",
	    "p:1:38: one of 'json', 'yaml' and 'php' reads the value");
	refused("{column: a.b, json: $.a~}",
	    "p:1:38: a path with '~' selects names, and a secret is a value");
	refused("{column: a.b, json: $.a, on_secret: keep_here}",
	    "p:1:38: 'keep_here' is about whole values, and this is a place in "
	    "one: name the column in 'keep_here' of its table");
	refused("{column: a.b, yaml: a}",
	    "p:1:58: 'yaml' takes a path from the root, such as $.a.b or "
	    "$[*].id");
	refused("{column: a.b, plain: utf8, search: [$.a]}",
	    "p:1:38: 'search' needs 'plain: json', in which it looks");
	refused("{column: \"a.*\"}",
	    "p:1:38: 'column' is one column of one table, without a star");
	refused("{column: a.b, on_secret: keep}",
	    "p:1:63: 'keep' is not one of carry, blank, keep_here");
	refused("{column: a.b, file: x}", "p:1:39: unknown word 'column'");
	refused("{json: $.a}", "p:1:38: this entry has no 'column'");
}

static void
reads_every_word_about_files(void **state)
{
	struct vl_profile *p =
	    profile("{file: \"keys/*.pem\"}, {file: .env, line: DB_PASSWORD},"
	            " {file: c.php, define: KEY}, {file: s.json, json: $.a,"
	            " master_key: app, cipher: n8n, plain: json, search: [$.b],"
	            " on_secret: blank, on_broken: carry_as_is},"
	            " {file: a.yaml, yaml: \"$.*.key\", on_secret: keep_here}");
	const struct vl_secret_words *s = p->resources[0].file_secrets;

	(void)state;
	assert_int_equal(0, p->resources[0].nsecrets);
	assert_int_equal(5, p->resources[0].nfile_secrets);
	assert_string_equal("keys/*.pem", s->file);
	assert_string_equal("plain", s->cipher);
	assert_null(s->of);
	assert_string_equal("DB_PASSWORD", s[1].keyed);
	assert_string_equal("KEY", s[2].define);
	assert_string_equal("$.a", s[3].json);
	assert_string_equal("app", s[3].master_key);
	assert_string_equal("n8n", s[3].cipher);
	assert_int_equal(VL_PLAIN_JSON, s[3].plain);
	assert_string_equal("$.b", s[3].search[0]);
	assert_int_equal(VL_SECRET_BLANK, s[3].on_secret);
	assert_int_equal(VL_SECRET_BROKEN_CARRY, s[3].on_broken);
	assert_string_equal("$.*.key", s[4].yaml);
	assert_int_equal(VL_SECRET_KEEP_HERE, s[4].on_secret);
	vl_profile_free(p);
}

static void
refuses_words_about_files_that_do_not_go_together(void **state)
{
	(void)state;
	refused("{file: a, line: A, json: $.a}",
	    "p:1:38: one of 'line', 'define', 'json' and 'yaml' says where in "
	    "the file");
	refused("{file: a, where: x}", "p:1:48: unknown word 'where'");
	refused("{file: \"!a\"}",
	    "p:1:38: '!' takes nothing back here; write which files are meant");
	refused("{file: a, json: $.a~}",
	    "p:1:38: a path with '~' selects names, and a secret is a value");
	refused("{file: a, line: K}, {file: b}, {file: a, line: K}",
	    "p:1:69: 'a' stands here twice for the same place; first in line "
	    "1");
	refused("{file: \"{t}/a\", master_key: \"k-{u}\", cipher: n8n}",
	    "p:1:38: a part in braces of 'master_key' is none of those of "
	    "'file'");
	refused("{file: \"**/{t}/a\"}",
	    "p:1:38: a part in braces is a component of 'file', or a piece of "
	    "one without '*', and there is no '**' beside it");
	refused("{file: \"{t}*/a\"}",
	    "p:1:38: a part in braces is a component of 'file', or a piece of "
	    "one without '*', and there is no '**' beside it");
	refused("{file: a}, {column: a.b}",
	    "p:1:13: resource 'db' has words about rows and words about a tree "
	    "of files: it is one or the other");
}

/* The site's words over those of the profile; the rest goes before them. */
static void
words_about_files_of_a_site_replace_those_of_the_same_place(void **state)
{
	struct vl_profile *p = NULL;
	struct vl_site *s = NULL;
	struct vl_err err = { 0 };
	char words[1000];
	char path[] = "/var/tmp/vl-profile-XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	static const char text[] =
	    "resources: [{resource: f, secrets: [{file: .env, line: A}, "
	    "{file: \"*.pem\"}], leaks: [{file: \"*.log\", do: allow}]}]\n";

	(void)state;
	assert_int_equal(sizeof(text) - 1, write(fd, text, sizeof(text) - 1));
	(void)close(fd);
	(void)snprintf(words, sizeof(words),
	    "profile: {use: %s, secrets: [{resource: f, file: .env, line: A, "
	    "on_secret: blank}, {resource: f, file: .env, line: B}], "
	    "not_secret: [{resource: f, file: \"*.pub\"}], leaks: [{resource: "
	    "f, file: a.sql, do: slot}]}",
	    path);
	s = site(words);
	assert_int_equal(VL_OK, vl_profile_of_site(&p, s, "/nowhere", &err));
	assert_int_equal(3, p->resources[0].nfile_secrets);
	assert_string_equal("B", p->resources[0].file_secrets[0].keyed);
	assert_true(p->resources[0].file_secrets[0].in_site);
	assert_string_equal("A", p->resources[0].file_secrets[1].keyed);
	assert_int_equal(
	    VL_SECRET_BLANK, p->resources[0].file_secrets[1].on_secret);
	assert_string_equal("*.pem", p->resources[0].file_secrets[2].file);
	assert_int_equal(1, p->resources[0].nfile_not_secret);
	assert_string_equal("*.pub", p->resources[0].file_not_secret[0].file);
	assert_int_equal(2, p->resources[0].nfile_leaks);
	assert_int_equal(VL_LEAK_SLOT, p->resources[0].file_leaks[1].what);
	vl_profile_free(p);
	vl_site_free(s);
	(void)unlink(path);
}

static void
no_two_lines_are_about_the_same_rows_and_place(void **state)
{
	struct vl_profile *p = NULL;

	(void)state;
	refused("{column: a.b},\n {column: a.b, on_secret: blank}",
	    "p:2:2: 'a.b' stands here twice for the same rows and place; first "
	    "in line 1");
	refused("{column: a.b, where: x, json: $.a},\n {column: a.b},\n"
	        " {column: a.b, where: x, json: $.a}",
	    "p:3:2: 'a.b' stands here twice for the same rows and place; first "
	    "in line 1");
	p = profile("{column: a.b, json: $.a}, {column: a.b, json: $.b},"
	            " {column: a.b, php: $.a}, {column: a.b, where: x}");
	assert_int_equal(4, p->resources[0].nsecrets);
	vl_profile_free(p);
}

/* Of one place the first that fits counts: their order is a part of what they
 * mean, that of others is not. */
static void
lines_of_one_place_keep_their_order(void **state)
{
	static const char *const spelled[] = {
		"{column: b.c}, {column: a.b}, {column: a.b, where: z},"
		" {column: a.b, where: y}, {column: a.b, json: $.a}",
		"{column: a.b, where: z}, {column: a.b, json: $.a},"
		" {column: a.b, where: y}, {column: a.b}, {column: b.c}",
		"{column: a.b, where: y}, {column: a.b, json: $.a},"
		" {column: a.b, where: z}, {column: a.b}, {column: b.c}",
	};
	struct vl_buf said[3] = { { 0 } };
	struct vl_err err = { 0 };
	struct vl_profile *p = NULL;
	struct vl_profile *again = NULL;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		p = profile(spelled[i]);
		assert_int_equal(
		    VL_OK, vl_profile_words(&said[i], p, "db", &err));
		assert_int_equal(VL_OK,
		    vl_profile_from_meaning(
		        &again, vl_buf_slice(&said[i]), &err));
		vl_profile_free(again);
		vl_profile_free(p);
	}
	assert_true(
	    vl_slice_equal(vl_buf_slice(&said[0]), vl_buf_slice(&said[1])));
	assert_false(
	    vl_slice_equal(vl_buf_slice(&said[0]), vl_buf_slice(&said[2])));
	for (i = 0; i < 3; i++)
		vl_buf_free(&said[i]);
}

/* Of what must be there, also what is said where nothing is said. */
static void
a_leak_that_is_allowed_and_a_key_of_what_is_plain_travel(void **state)
{
	const char *text =
	    "resources: [{resource: db, leaks: [{column: a.b, do: allow}],"
	    " secrets: [{column: a.c, cipher: plain, master_key: app}]}]\n";
	struct vl_buf said = { 0 };
	struct vl_err err = { 0 };
	struct vl_profile *p = NULL;
	struct vl_profile *again = NULL;

	(void)state;
	assert_int_equal(
	    VL_OK, vl_profile_parse(&p, "p", vl_slice_of(text), &err));
	assert_int_equal(VL_OK, vl_profile_words(&said, p, "db", &err));
	assert_int_equal(
	    VL_OK, vl_profile_from_meaning(&again, vl_buf_slice(&said), &err));
	assert_int_equal(1, again->resources[0].nleaks);
	assert_int_equal(VL_LEAK_ALLOW, again->resources[0].leaks[0].what);
	assert_string_equal("app", again->resources[0].secrets[0].master_key);
	assert_string_equal("plain", again->resources[0].secrets[0].cipher);
	vl_profile_free(again);
	vl_profile_free(p);
	vl_buf_free(&said);
}

static void
is_compared(const char *own, const char *theirs, enum vl_status want)
{
	struct vl_profile *a = profile(own);
	struct vl_profile *b = profile(theirs);
	struct vl_err err = { 0 };

	assert_int_equal(want, vl_profile_same(a, b, "db", &err));
	if (want == VL_EREFUSED)
		assert_non_null(strstr(err.text, "secrets (a.b)"));
	vl_profile_free(a);
	vl_profile_free(b);
}

static void
what_becomes_of_it_is_the_targets_to_say_and_where_it_is_is_not(void **state)
{
	(void)state;
	is_compared("{column: a.b}", "{column: a.b, on_secret: blank}", VL_OK);
	is_compared("{column: a.b, on_secret: keep_here}",
	    "{column: a.b, on_secret: blank}", VL_OK);
	is_compared("{column: a.b}", "{column: a.b, where: x}", VL_EREFUSED);
	is_compared("{column: a.b, master_key: app, cipher: n8n}",
	    "{column: a.b, master_key: app, cipher: fernet}", VL_EREFUSED);
}

/* ---- A site over a profile ---- */

static void
a_site_changes_words_of_one_line_or_goes_before(void **state)
{
	char path[] = "/var/tmp/valise-secrets-XXXXXX.yaml";
	const int fd = mkstemps(path, 5);
	FILE *f = fdopen(fd, "w");
	struct vl_profile *p = NULL;
	const struct vl_secret_words *s = NULL;
	struct vl_site *over = NULL;
	struct vl_err err = { 0 };
	char words[1000];

	(void)state;
	assert_non_null(f);
	assert_true(
	    fputs("resources: [{resource: db, secrets: [\n"
	          "{column: a.b, master_key: k, cipher: n8n},\n"
	          "{column: a.b, where: x, master_key: k, cipher: n8n}]}]\n",
	        f) >= 0);
	assert_int_equal(0, fclose(f));
	(void)snprintf(words, sizeof(words),
	    "profile: {use: %s, secrets: [{resource: db, column: a.b, "
	    "on_secret: keep_here}, {resource: db, column: a.b, where: y}]}",
	    path);
	over = site(words);
	if (vl_profile_of_site(&p, over, "/", &err) != VL_OK)
		fail_msg("%s", err.text);
	s = p->resources[0].secrets;
	assert_int_equal(3, p->resources[0].nsecrets);
	assert_string_equal("y", s[0].where);
	assert_string_equal("plain", s[0].cipher);
	assert_true(s[0].in_site);
	assert_string_equal("x", s[1].where);
	assert_int_equal(VL_SECRET_CARRY, s[1].on_secret);
	assert_null(s[2].where);
	assert_int_equal(VL_SECRET_KEEP_HERE, s[2].on_secret);
	assert_string_equal("n8n", s[2].cipher);
	vl_profile_free(p);
	vl_site_free(over);
	(void)unlink(path);
}

/* ---- Master keys ---- */

static void
reads_every_word_of_a_master_key(void **state)
{
	struct vl_site *s =
	    site("master_keys:\n"
	         "- {name: app, file: k/config.json, json: $.encryptionKey, "
	         "optional:"
	         " true, check: {resource: db, column: a.b}}\n"
	         "- {name: two, command: [/bin/pass, show, k]}\n"
	         "- {name: three, credential: app-key, cipher: fernet}\n"
	         "- {name: four, file: /k, line: KEY}\n"
	         "- {name: five, file: /k, define: KEY}\n"
	         "- {name: six, file: /k, yaml: $.k}\n"
	         "- {name: seven, cipher: plain}");
	const struct vl_master_words *m = vl_site_master(s, "app");

	(void)state;
	assert_string_equal("/s/k/config.json", m->file);
	assert_string_equal("$.encryptionKey", m->json);
	assert_true(m->optional);
	assert_string_equal("db", m->check->resource);
	assert_string_equal("a.b", m->check->of);
	assert_int_equal(3, vl_site_master(s, "two")->ncommand);
	assert_string_equal("app-key", vl_site_master(s, "three")->credential);
	assert_string_equal("fernet", vl_site_master(s, "three")->cipher);
	assert_string_equal("KEY", vl_site_master(s, "four")->keyed);
	assert_string_equal("KEY", vl_site_master(s, "five")->define);
	assert_string_equal("$.k", vl_site_master(s, "six")->yaml);
	assert_null(vl_site_master(s, "eight"));
	vl_site_free(s);
}

#define KEYS(words) "master_keys: [" words "]"

static void
refuses_a_master_key_that_is_nowhere_or_in_two_places(void **state)
{
	(void)state;
	refused_site(KEYS("{name: a}"),
	    "/s/site.yaml:4:15: this key has no 'file', 'command' or "
	    "'credential'");
	refused_site(KEYS("{name: a, file: /k, credential: k}"),
	    "/s/site.yaml:4:15: one of 'file', 'command' and 'credential' has "
	    "the key");
	refused_site(KEYS("{name: a, credential: k, json: $.a}"),
	    "/s/site.yaml:4:15: 'json', 'yaml', 'line' and 'define' say where "
	    "in a 'file' the key stands");
	refused_site(KEYS("{name: a, file: /k, json: $.a, line: A}"),
	    "/s/site.yaml:4:15: one of 'json', 'yaml', 'line' and 'define' "
	    "reads the file");
	refused_site(KEYS("{name: a, file: /k, yaml: $.a~}"),
	    "/s/site.yaml:4:15: a path with '~' selects names, and a key is a "
	    "value");
	refused_site(KEYS("{name: a, credential: ../k}"),
	    "/s/site.yaml:4:15: 'credential' is a name, without '/' and not "
	    "with '.' first");
	refused_site(KEYS("{name: a, command: [x], optional: true}"),
	    "/s/site.yaml:4:15: 'optional' is about a file or a credential "
	    "that may be absent; a command prints a key or fails");
	refused_site(KEYS("{name: a, file: /k}, {name: a, file: /l}"),
	    "/s/site.yaml:4:36: a key of this name stands here twice");
	refused_site(
	    KEYS("{name: a, file: /k, check: {resource: f, column: a.b}}"),
	    "/s/site.yaml:4:15: 'check': 'f' is no database of this file");
	refused_site(KEYS("{name: a, file: /k, check: {resource: db}}"),
	    "/s/site.yaml:4:42: 'check' has no 'column'");
	refused_site(
	    KEYS("{file: /k}"), "/s/site.yaml:4:15: this key has no 'name'");
	refused_site("ciphers: [{name: n8n, command: [/x]}]",
	    "/s/site.yaml:4:11: a cipher of this name is there without being "
	    "declared");
}

/* ---- Which cipher ---- */

static const struct vl_cipher *
cipher_of(const char *words, const char *entry, struct vl_site **s,
    struct vl_profile **p, struct vl_err *err)
{
	const struct vl_cipher *c = NULL;

	*s = site(words);
	*p = profile(entry);
	(void)vl_site_cipher(&c, *s, *p, &(*p)->resources[0].secrets[0], err);
	return c;
}

static void
is_cipher(const char *words, const char *entry, const char *name,
    const char *const *command)
{
	struct vl_site *s = NULL;
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	const struct vl_cipher *c = cipher_of(words, entry, &s, &p, &err);

	assert_non_null(c);
	assert_string_equal(name, c->name);
	if (command != NULL)
		assert_string_equal(*command, c->command[0]);
	vl_profile_free(p);
	vl_site_free(s);
}

static void
each_side_has_its_own_cipher(void **state)
{
	static const char *const here = "/here";
	struct vl_site *s = NULL;
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	is_cipher("", "{column: a.b}", "plain", NULL);
	is_cipher("", "{column: a.b, master_key: k, cipher: n8n}", "n8n", NULL);
	is_cipher(KEYS("{name: k, file: /k, cipher: fernet}"),
	    "{column: a.b, master_key: k, cipher: n8n}", "fernet", NULL);
	is_cipher("ciphers: [{name: mine, command: [/here]}]",
	    "{column: a.b, master_key: k, cipher: mine}", "mine", &here);
	assert_null(cipher_of(
	    "", "{column: a.b, master_key: k, cipher: mine}", &s, &p, &err));
	assert_string_equal(
	    "'a.b': this side has no cipher 'mine': declare it under 'ciphers' "
	    "of /s/site.yaml, or say 'cipher' with another one in the entry of "
	    "'master_keys'",
	    err.text);
	vl_profile_free(p);
	vl_site_free(s);
}

static void
a_key_that_cannot_be_read_is_named_with_its_line(void **state)
{
	struct vl_site *s = site(KEYS("{name: k, file: /nowhere/k}"));
	const struct vl_master_words *words = NULL;
	struct vl_locked key = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_site_master_find(&words, s, "k", &err));
	assert_int_equal(
	    VL_EUSAGE, vl_site_master_read(&key, &found, s, words, &err));
	assert_string_equal(
	    "/s/site.yaml:4:15: master key 'k': /nowhere/k: No such file or "
	    "directory",
	    err.text);
	assert_int_equal(VL_EUSAGE, vl_site_master_find(&words, s, "l", &err));
	assert_string_equal(
	    "/s/site.yaml: master key 'l' is not named; add 'master_keys: "
	    "[{name: l, file: PATH}]'",
	    err.text);
	vl_locked_free(&key);
	vl_site_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_word),
		cmocka_unit_test(refuses_words_that_do_not_go_together),
		cmocka_unit_test(reads_every_word_about_files),
		cmocka_unit_test(
		    refuses_words_about_files_that_do_not_go_together),
		cmocka_unit_test(
		    words_about_files_of_a_site_replace_those_of_the_same_place),
		cmocka_unit_test(
		    no_two_lines_are_about_the_same_rows_and_place),
		cmocka_unit_test(lines_of_one_place_keep_their_order),
		cmocka_unit_test(
		    a_leak_that_is_allowed_and_a_key_of_what_is_plain_travel),
		cmocka_unit_test(
		    what_becomes_of_it_is_the_targets_to_say_and_where_it_is_is_not),
		cmocka_unit_test(
		    a_site_changes_words_of_one_line_or_goes_before),
		cmocka_unit_test(reads_every_word_of_a_master_key),
		cmocka_unit_test(
		    refuses_a_master_key_that_is_nowhere_or_in_two_places),
		cmocka_unit_test(each_side_has_its_own_cipher),
		cmocka_unit_test(
		    a_key_that_cannot_be_read_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
