/* Secrets in texts of files: taken out at one side, put back at the other. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <valise/secretfile.h>

#define SLOTS_MAX 16

static char dir[] = "/var/tmp/vl-secretfile-XXXXXX";

/* A token is the secret itself, so that what travels can be looked at. */
static void
print(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    uint8_t out[VL_SLOT_PRINT_SIZE])
{
	(void)arg;
	(void)place;
	memset(out, 0, VL_SLOT_PRINT_SIZE);
	if (plain.n > 0)
		out[0] = plain.p[0];
}

static enum vl_status
seal(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    struct vl_buf *out, struct vl_err *err)
{
	(void)arg;
	assert_int_equal(0, place->collection.n);
	assert_true(vl_slice_equal(vl_slice_of("f"), place->resource));
	return vl_buf_add(out, plain, err);
}

static const struct vl_secret_ops ops = { .print = print, .seal = seal };

/* One side. */
struct side {
	struct vl_site *site;
	struct vl_profile *profile;
	struct vl_masters *masters;
	struct vl_secretfiles *set;
};

static void
make_key(const char *name, const char *text)
{
	char path[200];
	FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(0, fclose(file));
}

/* `secrets`: entries; `more`: other words about the tree.  Keys are named
 * "app", and "t-{tenant}". */
static struct side
side_of(const char *key, const char *secrets, const char *more,
    struct vl_needles *needles)
{
	struct side side = { NULL, NULL, NULL, NULL };
	struct vl_secretfiles_opts opts = {
		.resource = "f", .ops = &ops, .needles = needles
	};
	struct vl_err err = { 0 };
	char text[4000];

	(void)snprintf(text, sizeof(text),
	    "site: t\nstate: %s/state\n"
	    "resources: [{name: f, kind: files, path: /f}]\n"
	    "master_keys: [{name: app, file: %s/%s},"
	    " {name: \"t-{tenant}\", file: \"%s/{tenant}.key\"}]\n"
	    "profile: {resources: [{resource: f, secrets: [%s]%s}]}\n",
	    dir, dir, key, dir, secrets, more);
	if (vl_site_parse(&side.site, "s", vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(
	    VL_OK, vl_profile_of_site(&side.profile, side.site, "", &err));
	assert_int_equal(VL_OK,
	    vl_masters_new(&side.masters, side.site,
	        &(struct vl_masters_report){ NULL, NULL }, &err));
	opts.words = vl_profile_resource(side.profile, "f");
	opts.masters = side.masters;
	if (vl_secretfiles_new(&side.set, &opts, &err) != VL_OK)
		fail_msg("%s", err.text);
	return side;
}

static void
free_side(struct side *side)
{
	vl_secretfiles_free(side->set);
	vl_masters_free(side->masters);
	vl_profile_free(side->profile);
	vl_site_free(side->site);
}

static struct vl_slice
text_of(const struct vl_locked *l)
{
	return vl_locked_slice(l);
}

static void
is_text(const char *want, struct vl_slice got)
{
	if (!vl_slice_equal(vl_slice_of(want), got))
		fail_msg("want\n%s\ngot\n%.*s", want, (int)got.n, got.p);
}

/* In the file `file` what remains is `rest`, with `<` inside `>` where slots
 * are. */
static void
parts_to(const struct side *side, const char *file, const char *text,
    const char *marked, struct vl_parted *out)
{
	struct vl_buf shown = { 0 };
	struct vl_err err = { 0 };
	size_t done = 0;
	size_t i = 0;

	if (vl_secretfile_part(out, side->set, vl_slice_of(file),
	        vl_slice_of(file), vl_slice_of(text), &err) != VL_OK)
		fail_msg("%s", err.text);
	for (i = 0; i < out->nslots; i++) {
		assert_true(out->slots[i].at >= done);
		assert_int_equal(VL_OK,
		    vl_buf_printf(&shown, &err, "%.*s<%.*s>",
		        (int)(out->slots[i].at - done), out->rest.p + done,
		        (int)out->slots[i].inside.n, out->slots[i].inside.p));
		done = (size_t)out->slots[i].at;
	}
	assert_int_equal(VL_OK,
	    vl_buf_printf(&shown, &err, "%.*s", (int)(out->rest.n - done),
	        out->rest.p + done));
	is_text(marked, vl_buf_slice(&shown));
	vl_buf_free(&shown);
}

static enum vl_status
fill(const struct side *side, const char *file, const struct vl_parted *parted,
    const char *here, struct vl_locked *out, struct vl_filled *filled,
    struct vl_err *err)
{
	const struct vl_filling f = { .file = vl_slice_of(file),
		.rest = text_of(&parted->rest),
		.slots = parted->slots,
		.nslots = parted->nslots,
		.plains = parted->tokens,
		.here =
		    here == NULL ? (struct vl_slice){ 0 } : vl_slice_of(here) };

	return vl_secretfile_fill(out, filled, side->set, &f, err);
}

/* What was parted comes to `want` where `here` is. */
static struct vl_filled
fills_to(const struct side *side, const char *file,
    const struct vl_parted *parted, const char *here, const char *want)
{
	struct vl_locked out = { 0 };
	struct vl_filled filled = { 0 };
	struct vl_err err = { 0 };

	if (fill(side, file, parted, here, &out, &filled, &err) != VL_OK)
		fail_msg("%s", err.text);
	is_text(want, text_of(&out));
	vl_locked_free(&out);
	return filled;
}

/* To a target that has the same file, and to one that has none. */
static void
goes_around(
    const char *secrets, const char *file, const char *text, const char *marked)
{
	struct side side = side_of("app.key", secrets, "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_filled filled = { 0 };

	assert_true(vl_secretfiles_concern(side.set, vl_slice_of(file)));
	parts_to(&side, file, text, marked, &parted);
	filled = fills_to(&side, file, &parted, text, text);
	assert_int_equal(0, filled.changed);
	assert_int_equal(parted.nslots, filled.same);
	filled = fills_to(&side, file, &parted, NULL, text);
	assert_int_equal(parted.nslots, filled.changed);
	vl_parted_free(&parted);
	free_side(&side);
}

static void
parting_refused(const char *secrets, const char *text, const char *message)
{
	struct side side = side_of("app.key", secrets, "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_EREFUSED,
	    vl_secretfile_part(&parted, side.set, vl_slice_of("a"),
	        vl_slice_of("a"), vl_slice_of(text), &err));
	assert_string_equal(message, err.text);
	vl_parted_free(&parted);
	free_side(&side);
}

static void
lines_behind_names_go_around(void **state)
{
	static const char env[] = "# app\nAPP_ENV=production\n"
	                          "DB_PASSWORD=s3cr3t-w0rd\n"
	                          "export API_KEY=\"with blanks = \"\n"
	                          "EMPTY=\nMAIL='it is'  # old\n";
	static const char ini[] = "[client]\r\nuser = app\r\n"
	                          "password = p;w#1\r\n[other]\r\n";

	(void)state;
	goes_around("{file: .env, line: DB_PASSWORD}, {file: .env, line: "
	            "API_KEY}, {file: .env, line: MAIL}, {file: .env, line: "
	            "EMPTY}, {file: .env, line: ABSENT}",
	    "srv/.env", env,
	    "# app\nAPP_ENV=production\nDB_PASSWORD=<line DB_PASSWORD>\n"
	    "export API_KEY=\"<line API_KEY>\"\nEMPTY=\nMAIL='<line MAIL>'  # "
	    "old\n");
	goes_around("{file: my.cnf, line: password}", "my.cnf", ini,
	    "[client]\r\nuser = app\r\npassword = <line password>\r\n"
	    "[other]\r\n");
	goes_around("{file: a, line: K}", "a", "K=last", "K=<line K>");
}

static void
constants_of_php_go_around(void **state)
{
	static const char php[] =
	    "<?php\n// define('AUTH_KEY', 'comment');\n"
	    "define( 'DB_PASSWORD', 'pa\\'ss\\\\word' );\n"
	    "define('AUTH_KEY',         'put your unique phrase $here');\n"
	    "define(\"SALT\", \"two\");\n$table_prefix = 'wp_';\n";

	(void)state;
	goes_around("{file: wp-config.php, define: DB_PASSWORD}, {file: "
	            "wp-config.php, define: AUTH_KEY}, {file: wp-config.php, "
	            "define: SALT}",
	    "www/wp-config.php", php,
	    "<?php\n// define('AUTH_KEY', 'comment');\n"
	    "define( 'DB_PASSWORD', '<define DB_PASSWORD>' );\n"
	    "define('AUTH_KEY',         '<define AUTH_KEY>');\n"
	    "define(\"SALT\", \"<define SALT>\");\n$table_prefix = 'wp_';\n");
}

static void
paths_into_json_go_around(void **state)
{
	static const char json[] =
	    "{\n  \"db\": {\"host\": \"h\", \"password\": \"p\\\"w\\\\\\n\"},\n"
	    "  \"pin\": 4711, \"empty\": \"\", \"nothing\": null,\n"
	    "  \"list\": [{\"token\": \"t1\"}, {\"token\": \"t2\"}]\n}\n";

	(void)state;
	goes_around("{file: c.json, json: $.db.password}, {file: c.json, json: "
	            "$.pin}, {file: c.json, json: \"$.list[*].token\"}, {file: "
	            "c.json, json: $.empty}, {file: c.json, json: $.nothing}",
	    "c.json", json,
	    "{\n  \"db\": {\"host\": \"h\", \"password\": "
	    "\"<$.db.password>\"},\n"
	    "  \"pin\": <$.pin>, \"empty\": \"\", \"nothing\": null,\n"
	    "  \"list\": [{\"token\": \"<$.list[0].token>\"}, {\"token\": "
	    "\"<$.list[1].token>\"}]\n}\n");
}

static void
paths_into_yaml_go_around(void **state)
{
	static const char yaml[] =
	    "db: # main\n  password: s3cr3t\n  other: 'it''s'\n"
	    "  third: \"a\\\"b\"\n  pin: 12345\n  none: ~\n"
	    "tls: |\n  -----BEGIN PRIVATE KEY-----\n  MIIB\n\n  x==\n"
	    "  -----END PRIVATE KEY-----\nlast: {token: abc-def}\n";

	(void)state;
	goes_around("{file: c.yaml, yaml: \"$.db.*\"}, {file: c.yaml, yaml: "
	            "$.tls}, {file: c.yaml, yaml: $.last.token}",
	    "c.yaml", yaml,
	    "db: # main\n  password: <$.db.password>\n"
	    "  other: '<$.db.other>'\n  third: \"<$.db.third>\"\n"
	    "  pin: <$.db.pin>\n  none: ~\ntls: |\n  <$.tls>\n"
	    "last: {token: <$.last.token>}\n");
}

static void
whole_files_go_around(void **state)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\nMIIBVQ\n"
	                          "-----END PRIVATE KEY-----\n";

	(void)state;
	goes_around("{file: \"keys/*.pem\"}", "keys/a.pem", pem, "<>");
	goes_around("{file: key.bin}", "key.bin", "\x01\xff\n", "<>");
	/* An empty one is none. */
	goes_around("{file: key.bin}", "key.bin", "", "");
}

/* n8n: no MAC; so each has its own ciphertext of the same secret. */
static void
sealed(char *out, size_t size, const char *key, const char *plain)
{
	struct vl_locked text = { 0 };
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_vault_new(&v, vl_cipher_named("n8n"), vl_slice_of(key), &err));
	assert_int_equal(
	    VL_OK, vl_vault_seal(v, &text, vl_slice_of(plain), &err));
	(void)snprintf(out, size, "%.*s", (int)text.n, text.p);
	vl_locked_free(&text);
	vl_vault_free(v);
}

#define SEALED "master_key: app, cipher: n8n, plain: json"

static void
what_is_encrypted_is_opened_and_encrypted_as_the_target_does(void **state)
{
	struct side there = side_of(
	    "app.key", "{file: s.json, json: $.data, " SEALED "}", "", NULL);
	struct side here = side_of(
	    "other.key", "{file: s.json, json: $.data, " SEALED "}", "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_filled filled = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	char one[300];
	char two[300];
	char text[400];
	char own[400];

	(void)state;
	sealed(one, sizeof(one), "source key", "{\"a\":1}");
	sealed(two, sizeof(two), "target key", "{\"a\":1}");
	(void)snprintf(text, sizeof(text), "{\"data\":\"%s\",\"v\":2}", one);
	(void)snprintf(own, sizeof(own), "{\"data\":\"%s\",\"v\":1}", two);
	parts_to(
	    &there, "s.json", text, "{\"data\":\"<$.data>\",\"v\":2}", &parted);
	is_text("{\"a\":1}", parted.tokens[0]);
	assert_int_equal(VL_SLOT_SEALED, parted.slots[0].slot.form);
	/* The same secret keeps the target's ciphertext. */
	(void)snprintf(text, sizeof(text), "{\"data\":\"%s\",\"v\":2}", two);
	filled = fills_to(&here, "s.json", &parted, own, text);
	assert_int_equal(1, filled.same);
	/* Another one is encrypted with the target's key. */
	sealed(two, sizeof(two), "target key", "{\"a\":2}");
	(void)snprintf(own, sizeof(own), "{\"data\":\"%s\",\"v\":1}", two);
	assert_int_equal(
	    VL_OK, fill(&here, "s.json", &parted, own, &out, &filled, &err));
	assert_int_equal(1, filled.changed);
	vl_parted_free(&parted);
	(void)snprintf(text, sizeof(text), "%.*s", (int)out.n, out.p);
	assert_null(strstr(text, two));
	parts_to(
	    &here, "s.json", text, "{\"data\":\"<$.data>\",\"v\":2}", &parted);
	is_text("{\"a\":1}", parted.tokens[0]);
	vl_parted_free(&parted);
	vl_locked_free(&out);
	free_side(&there);
	free_side(&here);
}

static void
a_member_of_a_family_is_named_by_the_path(void **state)
{
	struct side side = side_of("app.key",
	    "{file: \"{tenant}/s.json\", json: $.data, master_key: "
	    "\"t-{tenant}\", cipher: n8n, plain: json}",
	    "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_err err = { 0 };
	char one[300];
	char text[400];

	(void)state;
	make_key("acme.key", "key of acme");
	make_key("blue.key", "key of blue");
	sealed(one, sizeof(one), "key of acme", "{\"a\":1}");
	(void)snprintf(text, sizeof(text), "{\"data\":\"%s\"}", one);
	assert_false(
	    vl_secretfiles_concern(side.set, vl_slice_of("a/b/s.json")));
	parts_to(
	    &side, "acme/s.json", text, "{\"data\":\"<$.data>\"}", &parted);
	is_text("{\"a\":1}", parted.tokens[0]);
	assert_int_equal(VL_EREFUSED,
	    vl_secretfile_part(&parted, side.set, vl_slice_of("blue/s.json"),
	        vl_slice_of("blue/s.json"), vl_slice_of(text), &err));
	vl_parted_free(&parted);
	free_side(&side);
}

static void
what_does_not_open_is_refused_or_carried_as_it_is(void **state)
{
	const char *const carry =
	    "{file: a, json: $.a, " SEALED ", on_broken: carry_as_is}";
	struct side side = side_of("app.key", carry, "", NULL);
	struct vl_parted parted = { 0 };

	(void)state;
	parting_refused("{file: a, json: $.a, " SEALED "}", "{\"a\":\"x\"}",
	    "file 'a', $.a: the value does not have the form of cipher 'n8n': "
	    "mend it, or say 'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a, json: $.a}", "{\"a\":",
	    "file 'a': not JSON at byte 5: the text ends early: mend it, or "
	    "say "
	    "'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a, line: K}", "K=1\nK=2\n",
	    "file 'a': the name stands there twice: mend it, or say "
	    "'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a, line: K}", "K=\"a\\\"b\"\n",
	    "file 'a': the value has an escape, or no closing quote: mend it, "
	    "or say 'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a, json: $.a}", "{\"a\":\"x\",\"a\":\"y\"}",
	    "file 'a': the name stands there twice: mend it, or say "
	    "'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a, json: \"$.*\"}", "{\"\\u0000\":\"x\"}",
	    "file 'a': the path to a secret has a zero byte, or is not UTF-8: "
	    "mend it, or say 'on_broken: carry_as_is' in the profile");
	parting_refused("{file: a}, {file: a, line: K}", "K=1\n",
	    "file 'a': 'a' and 'a, line K' of 'secrets' meet in the same "
	    "bytes");
	parts_to(&side, "a", "{\"a\":\"x\\ty\"}", "{\"a\":\"<$.a>\"}", &parted);
	assert_int_equal(VL_SLOT_BROKEN, parted.slots[0].slot.form);
	is_text("x\ty", parted.tokens[0]);
	(void)fills_to(&side, "a", &parted, NULL, "{\"a\":\"x\\ty\"}");
	/* What cannot be read is one secret. */
	parts_to(&side, "a", "{\"a\":", "<>", &parted);
	assert_int_equal(VL_SLOT_BROKEN, parted.slots[0].slot.form);
	(void)fills_to(&side, "a", &parted, "{}", "{\"a\":");
	vl_parted_free(&parted);
	free_side(&side);
}

static void
blank_does_not_travel_and_the_target_keeps_its_own(void **state)
{
	struct side side = side_of("app.key",
	    "{file: a, line: K, on_secret: blank}, {file: j, json: $.p, "
	    "on_secret: blank}, {file: w, on_secret: blank}, {file: y, yaml: "
	    "$.p, on_secret: blank}, {file: k, line: K, on_secret: keep_here}",
	    "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_filled filled = { 0 };

	(void)state;
	parts_to(&side, "a", "K=source\nL=2\n", "K=\nL=2\n", &parted);
	assert_int_equal(1, parted.blank);
	filled = fills_to(&side, "a", &parted, "K=own\nL=1\n", "K=own\nL=2\n");
	assert_int_equal(1, filled.kept);
	filled = fills_to(&side, "a", &parted, NULL, "K=\nL=2\n");
	assert_int_equal(1, filled.empty);
	parts_to(&side, "j", "{\"p\":77}", "{\"p\":\"\"}", &parted);
	(void)fills_to(
	    &side, "j", &parted, "{\"p\": \"own\"}", "{\"p\":\"own\"}");
	parts_to(&side, "y", "p: source\n", "p: \"\"\n", &parted);
	(void)fills_to(&side, "y", &parted, "p: own\n", "p: \"own\"\n");
	parts_to(&side, "w", "all\n", "", &parted);
	(void)fills_to(&side, "w", &parted, "own\n", "own\n");
	(void)fills_to(&side, "w", &parted, NULL, "");
	/* It travels, and is for who has none. */
	parts_to(&side, "k", "K=source\n", "K=<line K>\n", &parted);
	(void)fills_to(&side, "k", &parted, "K=own\n", "K=own\n");
	(void)fills_to(&side, "k", &parted, NULL, "K=source\n");
	vl_parted_free(&parted);
	free_side(&side);
}

/* How it is written is the source's; what stands there the target's. */
static void
values_are_spelled_as_the_text_around_them_wants(void **state)
{
	struct side side = side_of("app.key",
	    "{file: a, json: $.a}, {file: y, yaml: $.a}, {file: l, line: K}",
	    "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_locked out = { 0 };
	struct vl_filled filled = { 0 };
	struct vl_slice plain = vl_slice_of("a\"b'\\c\n");
	struct vl_err err = { 0 };

	(void)state;
	parts_to(&side, "a", "{\"a\":\"x\"}", "{\"a\":\"<$.a>\"}", &parted);
	parted.tokens = &plain;
	(void)fills_to(
	    &side, "a", &parted, NULL, "{\"a\":\"a\\\"b'\\\\c\\n\"}");
	parts_to(&side, "y", "a: x\n", "a: <$.a>\n", &parted);
	parted.tokens = &plain;
	(void)fills_to(&side, "y", &parted, NULL, "a: \"a\\\"b'\\\\c\\n\"\n");
	plain = vl_slice_of("it's");
	parts_to(&side, "y", "a: 'x'\n", "a: '<$.a>'\n", &parted);
	parted.tokens = &plain;
	(void)fills_to(&side, "y", &parted, NULL, "a: 'it''s'\n");
	plain = vl_slice_of("one\n\ntwo\n");
	parts_to(
	    &side, "y", "a: |\n    x\n    y\n", "a: |\n    <$.a>\n", &parted);
	parted.tokens = &plain;
	(void)fills_to(&side, "y", &parted, NULL, "a: |\n    one\n\n    two\n");
	/* What cannot be there is not written. */
	plain = vl_slice_of("two\nlines");
	parts_to(&side, "l", "K=x\n", "K=<line K>\n", &parted);
	parted.tokens = &plain;
	assert_int_equal(
	    VL_EREFUSED, fill(&side, "l", &parted, NULL, &out, &filled, &err));
	assert_string_equal("file 'l': a secret cannot be spelled where it is "
	                    "to stand",
	    err.text);
	assert_int_equal(0, out.n);
	vl_parted_free(&parted);
	free_side(&side);
}

static void
a_slot_where_this_side_names_none_is_refused(void **state)
{
	struct side there =
	    side_of("app.key", "{file: a, line: K}, {file: b}", "", NULL);
	struct side here = side_of("app.key", "{file: a, line: L}", "", NULL);
	struct vl_parted parted = { 0 };
	struct vl_filled filled = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	parts_to(&there, "a", "K=x\n", "K=<line K>\n", &parted);
	assert_int_equal(
	    VL_EREFUSED, fill(&here, "a", &parted, NULL, &out, &filled, &err));
	assert_string_equal("file 'a', line K: a secret came for it, and no "
	                    "entry of 'secrets' in the profile here finds one "
	                    "there: use the same profile on both sides",
	    err.text);
	parts_to(&there, "b", "x", "<>", &parted);
	assert_int_equal(
	    VL_EREFUSED, fill(&here, "b", &parted, NULL, &out, &filled, &err));
	assert_string_equal(
	    "file 'b': all of it came as a secret, and no entry "
	    "of 'secrets' in the profile here is about it: use "
	    "the same profile on both sides",
	    err.text);
	vl_parted_free(&parted);
	free_side(&there);
	free_side(&here);
}

static void
what_stands_in_clear_beside_is_found(void **state)
{
	struct vl_needles *needles = NULL;
	struct vl_err err = { 0 };
	struct vl_parted parted = { 0 };
	struct side side = { NULL, NULL, NULL, NULL };
	enum vl_leak_do what = VL_LEAK_ALLOW;

	(void)state;
	assert_int_equal(VL_OK, vl_needles_new(&needles, &err));
	side = side_of("app.key", "{file: .env, line: K}",
	    ", leaks: [{file: \"*.log\", do: slot}, {file: \"*.out\", do: "
	    "blank}, {file: \"*.ok\", do: allow}]",
	    needles);
	assert_int_equal(VL_OK,
	    vl_secretfile_try(side.set, vl_slice_of(".env"),
	        vl_slice_of("K=hunter2hunter2\n"), &err));
	assert_int_equal(VL_OK, vl_secretfiles_tried(side.set, false, &err));
	assert_int_equal(VL_OK, vl_needles_ready(needles, &err));
	/* Where it is declared it is none. */
	parts_to(&side, ".env", "K=hunter2hunter2\n", "K=<line K>\n", &parted);
	assert_null(parted.leaking);
	parts_to(&side, ".env", "K=hunter2hunter2\n# hunter2hunter2\n",
	    "K=<line K>\n# hunter2hunter2\n", &parted);
	assert_string_equal(".env, line K", parted.leaking);
	assert_true(vl_secretfiles_leak(side.set, vl_slice_of("a.log"), &what));
	assert_int_equal(VL_LEAK_SLOT, what);
	parts_to(&side, "a.log", "a hunter2hunter2 b hunter2hunter2",
	    "a <@1> b <@2>", &parted);
	assert_null(parted.leaking);
	(void)fills_to(
	    &side, "a.log", &parted, NULL, "a hunter2hunter2 b hunter2hunter2");
	parts_to(&side, "a.out", "a hunter2hunter2 b", "a  b", &parted);
	parts_to(
	    &side, "a.ok", "a hunter2hunter2 b", "a hunter2hunter2 b", &parted);
	vl_parted_free(&parted);
	free_side(&side);
	vl_needles_free(needles);
}

static void
of_secrets_that_overlap_nothing_stays(void **state)
{
	struct vl_needles *needles = NULL;
	struct vl_err err = { 0 };
	struct vl_parted parted = { 0 };
	struct side side = { NULL, NULL, NULL, NULL };

	(void)state;
	assert_int_equal(VL_OK, vl_needles_new(&needles, &err));
	side = side_of("app.key",
	    "{file: .env, line: A}, {file: .env, line: B}, {file: .env, line: "
	    "C}",
	    ", leaks: [{file: \"*.log\", do: slot}, {file: .env, do: slot}]",
	    needles);
	assert_int_equal(VL_OK,
	    vl_secretfile_try(side.set, vl_slice_of(".env"),
	        vl_slice_of("A=abcdefgh12345678\nB=12345678ijklmnop\n"
	                    "C=ijklmnopC=12345678\n"),
	        &err));
	assert_int_equal(VL_OK, vl_needles_ready(needles, &err));
	parts_to(&side, "a.log", "a abcdefgh12345678ijklmnop b", "a <@1><@2> b",
	    &parted);
	is_text("abcdefgh12345678", parted.tokens[0]);
	is_text("ijklmnop", parted.tokens[1]);
	(void)fills_to(
	    &side, "a.log", &parted, NULL, "a abcdefgh12345678ijklmnop b");
	/* Nor of one that is declared, and goes on behind it. */
	parts_to(&side, ".env", "ijklmnopC=12345678ijklmnop\nC='12345678'\n",
	    "<@1><@2>\nC='<line C>'\n", &parted);
	parts_to(&side, ".env",
	    "xijklmnop\nC=12345678\nC_=ijklmnopC=12345678\n",
	    "xijklmnop\nC=<line C>\nC_=<@1>\n", &parted);
	vl_parted_free(&parted);
	free_side(&side);
	vl_needles_free(needles);
}

static void
a_byte_order_mark_hides_no_line(void **state)
{
	struct side side = side_of("app.key", "{file: a, line: K}", "", NULL);
	struct vl_parted parted = { 0 };

	(void)state;
	parts_to(&side, "a", "\xef\xbb\xbfK=hunter2\n",
	    "\xef\xbb\xbfK=<line K>\n", &parted);
	(void)fills_to(&side, "a", &parted, NULL, "\xef\xbb\xbfK=hunter2\n");
	vl_parted_free(&parted);
	free_side(&side);
}

static void
a_number_of_json_stays_one(void **state)
{
	struct side side =
	    side_of("app.key", "{file: a, json: \"$.*\"}", "", NULL);
	const char *text = "{\"a\":-1.5e+300,\"b\":0.25,\"c\":7E2}";
	struct vl_parted parted = { 0 };

	(void)state;
	parts_to(
	    &side, "a", text, "{\"a\":<$.a>,\"b\":<$.b>,\"c\":<$.c>}", &parted);
	(void)fills_to(&side, "a", &parted, NULL, text);
	vl_parted_free(&parted);
	free_side(&side);
}

static void
a_wrong_master_key_is_told(void **state)
{
	struct side side = side_of("other.key",
	    "{file: s.json, json: $.data, " SEALED "}, {file: b, line: K}", "",
	    NULL);
	struct vl_err err = { 0 };
	char one[300];
	char text[400];
	size_t at = 0;

	(void)state;
	sealed(one, sizeof(one), "source key", "{\"a\":1}");
	(void)snprintf(text, sizeof(text), "{\"data\":\"%s\"}", one);
	assert_int_equal(VL_OK,
	    vl_secretfile_try(
	        side.set, vl_slice_of("s.json"), vl_slice_of(text), &err));
	assert_int_equal(
	    VL_EUSAGE, vl_secretfiles_tried(side.set, false, &err));
	assert_non_null(strstr(err.text,
	    "'secrets', 's.json, $.data': no secret opens with master key "
	    "'app' ("));
	assert_int_equal(
	    VL_EREFUSED, vl_secretfiles_tried(side.set, true, &err));
	assert_string_equal("b, line K", vl_secretfiles_unfound(side.set, &at));
	assert_null(vl_secretfiles_unfound(side.set, &at));
	free_side(&side);
}

static int
make_dir(void **state)
{
	(void)state;
	if (!vl_secret_init() || mkdtemp(dir) == NULL)
		return -1;
	make_key("app.key", "source key\n");
	make_key("other.key", "target key\n");
	return 0;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "app.key", "other.key", "acme.key",
		"blue.key" };
	char path[200];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_behind_names_go_around),
		cmocka_unit_test(constants_of_php_go_around),
		cmocka_unit_test(paths_into_json_go_around),
		cmocka_unit_test(paths_into_yaml_go_around),
		cmocka_unit_test(whole_files_go_around),
		cmocka_unit_test(
		    what_is_encrypted_is_opened_and_encrypted_as_the_target_does),
		cmocka_unit_test(a_member_of_a_family_is_named_by_the_path),
		cmocka_unit_test(
		    what_does_not_open_is_refused_or_carried_as_it_is),
		cmocka_unit_test(
		    blank_does_not_travel_and_the_target_keeps_its_own),
		cmocka_unit_test(
		    values_are_spelled_as_the_text_around_them_wants),
		cmocka_unit_test(a_slot_where_this_side_names_none_is_refused),
		cmocka_unit_test(what_stands_in_clear_beside_is_found),
		cmocka_unit_test(of_secrets_that_overlap_nothing_stays),
		cmocka_unit_test(a_byte_order_mark_hides_no_line),
		cmocka_unit_test(a_number_of_json_stays_one),
		cmocka_unit_test(a_wrong_master_key_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
