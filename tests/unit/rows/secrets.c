/* Secrets in columns: opened with the key of one side, kept with that of the
 * other, and nothing of them in lines. */

#include <valise/crypt.h>
#include <valise/secret.h>

#include "import.h"

/* ---- What stands in for the transfer key ---- */

static void
hash_place(struct vl_hash *h, const struct vl_slot_place *place)
{
	const struct vl_slice parts[] = { place->resource, place->collection,
		place->key, place->column, place->inside,
		vl_slice_of(vl_slot_type(place->form, place->blob)) };
	uint8_t n[4];
	size_t i = 0;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		vl_put_u32le(n, (uint32_t)parts[i].n);
		vl_hash_add(h, (struct vl_slice){ n, sizeof(n) });
		vl_hash_add(h, parts[i]);
	}
}

static void
print(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    uint8_t out[VL_SLOT_PRINT_SIZE])
{
	uint8_t hash[VL_HASH_SIZE];
	struct vl_hash h;

	(void)arg;
	vl_hash_init(&h, NULL);
	hash_place(&h, place);
	vl_hash_add(&h, plain);
	vl_hash_end(&h, hash);
	memcpy(out, hash, VL_SLOT_PRINT_SIZE);
}

static enum vl_status
seal(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    struct vl_buf *out, struct vl_err *err)
{
	(void)arg;
	(void)place;
	return vl_buf_add(out, plain, err);
}

static enum vl_status
other_seal(const void *arg, const struct vl_slot_place *place,
    struct vl_slice plain, struct vl_buf *out, struct vl_err *err)
{
	enum vl_status st = seal(arg, place, plain, out, err);

	return st == VL_OK ? vl_buf_add_text(out, "!", err) : st;
}

static enum vl_status
open_token(const void *arg, const struct vl_slot_place *place,
    const uint8_t want[VL_SLOT_PRINT_SIZE], struct vl_slice token,
    struct vl_locked *plain, struct vl_err *err)
{
	uint8_t have[VL_SLOT_PRINT_SIZE];

	print(arg, place, token, have);
	vl_locked_clear(plain);
	if (memcmp(have, want, sizeof(have)) != 0)
		return vl_fail(err, VL_EAUTH, "the token is of another slot");
	return vl_locked_add(plain, token, err);
}

static const struct vl_secret_ops ops = { NULL, print, seal, open_token };

/* ---- Two sides ---- */

struct side {
	const char *cipher;
	const char *key;
	struct vl_rows_secrets secrets;
};

static enum vl_status
key_of(void *arg, const struct vl_secret_words *words,
    const struct vl_cipher **cipher, struct vl_slice *key, struct vl_err *err)
{
	const struct side *side = arg;

	(void)words;
	(void)err;
	*cipher = vl_cipher_named(side->cipher);
	*key = vl_slice_of(side->key);
	return VL_OK;
}

static struct side
side_of(const char *cipher, const char *key)
{
	return (struct side){ .cipher = cipher, .key = key };
}

static struct vl_vault *
vault_of(const struct side *side)
{
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	if (vl_vault_new(&v, vl_cipher_named(side->cipher),
	        vl_slice_of(side->key), &err) != VL_OK)
		fail_msg("%s", err.text);
	return v;
}

/* `sql` has ?1 for the value as that side keeps it. */
static void
run_sealed(const char *path, const struct side *side, const char *sql,
    const char *plain)
{
	struct vl_vault *v = vault_of(side);
	struct vl_locked sealed = { 0 };
	struct vl_err err = { 0 };
	sqlite3_stmt *q = NULL;
	sqlite3 *db = NULL;

	assert_int_equal(
	    VL_OK, vl_vault_seal(v, &sealed, vl_slice_of(plain), &err));
	assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
	if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(SQLITE_OK,
	    sqlite3_bind_text(
	        q, 1, (const char *)sealed.p, (int)sealed.n, SQLITE_TRANSIENT));
	assert_int_equal(SQLITE_DONE, sqlite3_step(q));
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	vl_locked_free(&sealed);
	vl_vault_free(v);
}

/* The one value that the query answers, opened with the key of `side`. */
static void
expect_opened(struct import *m, const struct side *side, const char *sql,
    const char *want)
{
	struct vl_vault *v = vault_of(side);
	struct vl_locked plain = { 0 };
	struct vl_err err = { 0 };
	bool clear = false;
	char have[1024];

	import_ask(m, sql, have, sizeof(have));
	if (vl_vault_open(v, &plain, &clear, vl_slice_of(have), &err) != VL_OK)
		fail_msg("%s: %s", have, err.text);
	assert_int_equal(strlen(want), plain.n);
	assert_memory_equal(want, plain.p, plain.n);
	vl_locked_free(&plain);
	vl_vault_free(v);
}

static const char *const logins =
    "CREATE TABLE login(id INTEGER PRIMARY KEY, name TEXT UNIQUE, pass TEXT,"
    " note TEXT);";

#define LOGINS(more)                                                           \
	WORDS("      - {table: login, key: [name]}\n")                         \
	"    secrets:\n      - {column: login.pass, master_key: k, cipher: "   \
	"n8n" more "}\n"

static void
begin(struct import *m, struct side *source, struct side *target)
{
	struct side *sides[] = { source, target };
	size_t i = 0;

	assert_true(vl_secret_init());
	for (i = 0; i < 2; i++)
		sides[i]->secrets = (struct vl_rows_secrets){
			.ops = &ops, .arg = sides[i], .key = key_of
		};
	import_make(m, logins, "SELECT 1", "SELECT 1");
	m->source.secrets = &source->secrets;
	m->secrets = &target->secrets;
}

static void
import(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
refuses(struct import *m, const char *profile, enum vl_status status,
    const char *why)
{
	struct vl_err err = { 0 };

	assert_int_equal(status, import_run(m, profile, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("%s", err.text);
}

static void
a_secret_arrives_under_the_key_of_the_target(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target =
	    side_of("octopus-aes128", "6EdU6IWsCtMEwk0kPKflQQ==");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	import_sql(m.source.path,
	    "INSERT INTO login VALUES(2,'none',NULL,''),(3,'empty','','')");
	import(&m, LOGINS(""));
	expect_opened(&m, &target, "SELECT pass FROM login WHERE name = 'a'",
	    "secret of a");
	import_expect(&m, "SELECT name, pass FROM login WHERE name <> 'a'",
	    "empty| none|-");
	import(&m, LOGINS(""));
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	import_free(&m);
}

static void
encrypting_anew_is_no_change_and_another_secret_is_one(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "the same");
	run_sealed(m.target, &target, "INSERT INTO login VALUES(5,'a',?1,'x')",
	    "the same");
	import(&m, LOGINS(""));
	assert_string_equal("", m.changes);
	run_sealed(
	    m.source.path, &source, "UPDATE login SET pass = ?1", "the same");
	import(&m, LOGINS(""));
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	run_sealed(
	    m.source.path, &source, "UPDATE login SET pass = ?1", "another");
	import(&m, LOGINS(""));
	assert_string_equal("slogin[\"a\"] secret changed\n", m.changes);
	expect_opened(&m, &target, "SELECT pass FROM login", "another");
	import_sql(m.source.path, "UPDATE login SET note = 'y'");
	run_sealed(
	    m.source.path, &source, "UPDATE login SET pass = ?1", "third");
	import(&m, LOGINS(""));
	assert_string_equal(
	    "~login[\"a\"] note\nslogin[\"a\"] secret changed\n", m.changes);
	import_free(&m);
}

static void
lines_hold_nothing_of_a_secret(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	assert_int_equal(VL_OK, site_open(&m.source, LOGINS(""), false, &err));
	assert_int_equal(VL_OK, site_lines(&m.source, false, &out, &err));
	assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
	assert_non_null(strstr((char *)out.p, "\"pass\":{\"$secret\":\"sf1."));
	assert_null(strstr((char *)out.p, "U2FsdGVkX1"));
	vl_buf_free(&out);
	site_close(&m.source);
	import_free(&m);
}

static void
another_key_is_told_before_anything_is_done(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side wrong = side_of("n8n", "wrong");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &wrong, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	refuses(&m, LOGINS(", plain: utf8"), VL_EUSAGE,
	    "no value opens with master key 'k'");
	site_close(&m.source);
	m.source.secrets = &source.secrets;
	source.secrets = wrong.secrets;
	source.secrets.arg = &source;
	run_sealed(m.target, &wrong, "INSERT INTO login VALUES(5,'b',?1,'x')",
	    "its own");
	refuses(&m, LOGINS(", plain: utf8"), VL_EREFUSED,
	    "no value opens with master key 'k'");
	import_expect(&m, "SELECT count(*) FROM login", "1");
	import_free(&m);
}

static void
a_value_that_does_not_open_is_refused_or_carried_as_it_is(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	import_sql(
	    m.source.path, "INSERT INTO login VALUES(2,'b','no cipher','x')");
	refuses(&m, LOGINS(""), VL_EREFUSED, "on_broken: carry_as_is");
	import(&m, LOGINS(", on_broken: carry_as_is"));
	import_expect(
	    &m, "SELECT pass FROM login WHERE name = 'b'", "no cipher");
	import(&m, LOGINS(", on_broken: carry_as_is"));
	assert_string_equal("", m.changes);
	/* One of the target differs from whatever comes, and is told. */
	import_sql(
	    m.target, "UPDATE login SET pass = 'broken' WHERE name = 'a'");
	import_sql(m.source.path, "DELETE FROM login WHERE name = 'b'");
	m.notes[0] = '\0';
	import(&m, LOGINS(""));
	assert_non_null(strstr(m.notes, "do not open with the master key"));
	expect_opened(&m, &target, "SELECT pass FROM login WHERE name = 'a'",
	    "secret of a");
	import_free(&m);
}

static void
what_a_side_keeps_or_leaves_blank_stays_out(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(2,'b',?1,'x')", "secret of b");
	run_sealed(m.target, &target, "INSERT INTO login VALUES(5,'a',?1,'y')",
	    "its own");
	import(&m, LOGINS(", on_secret: keep_here"));
	expect_opened(
	    &m, &target, "SELECT pass FROM login WHERE name = 'a'", "its own");
	expect_opened(&m, &target, "SELECT pass FROM login WHERE name = 'b'",
	    "secret of b");
	import_sql(m.target, "DELETE FROM login WHERE name = 'b'");
	import(&m, LOGINS(", on_secret: blank"));
	assert_string_equal("+login[\"b\"]\n", m.changes);
	assert_non_null(strstr(m.source.notes, "2 values not carried"));
	expect_opened(
	    &m, &target, "SELECT pass FROM login WHERE name = 'a'", "its own");
	import_expect(&m, "SELECT pass FROM login WHERE name = 'b'", "-");
	assert_non_null(strstr(m.notes,
	    "resource 'app': 'login.pass' of [\"b\"] does not travel: enter it "
	    "here"));
	import_free(&m);
}

static const char *const inside = WORDS(
    "      - {table: login, key: [name]}\n") "    secrets:\n"
                                             "      - {column: login.note, "
                                             "json: \"$.keys[*].private\", "
                                             "master_key: k, cipher: n8n}\n";

static void
a_secret_inside_a_value_is_one_of_its_pieces(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login "
	    "VALUES(1,'a',NULL,'{\"keys\":[{\"private\":\"\"},"
	    "{\"private\":\"' || ?1 || '\",\"n\":1}]}')",
	    "the inner one");
	import(&m, inside);
	expect_opened(&m, &target,
	    "SELECT note->>'$.keys[1].private' FROM login", "the inner one");
	import_expect(&m, "SELECT note->>'$.keys[1].n' FROM login", "1");
	import(&m, inside);
	assert_string_equal("", m.changes);
	import_sql(m.source.path,
	    "UPDATE login SET note = json_set(note, '$.keys[1].n', 2)");
	import(&m, inside);
	assert_string_equal("~login[\"a\"] note\n", m.changes);
	expect_opened(&m, &target,
	    "SELECT note->>'$.keys[1].private' FROM login", "the inner one");
	import_free(&m);
}

static const char *const emptied = WORDS(
    "      - {table: login, key: [name]}\n") "    secrets:\n"
                                             "      - {column: login.note, "
                                             "json: $.private, master_key: k, "
                                             "cipher: n8n, on_secret: blank}\n";

static void
a_place_that_is_left_blank_is_entered_by_hand(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',NULL,"
	    "'{\"private\":\"' || ?1 || '\",\"n\":1}')",
	    "the inner one");
	import(&m, emptied);
	import_expect(
	    &m, "SELECT note FROM login", "{\"private\":\"\",\"n\":1}");
	import_sql(m.target,
	    "UPDATE login SET note = json_set(note, '$.private', 'entered')");
	import(&m, emptied);
	assert_string_equal("", m.changes);
	import_expect(&m, "SELECT note->>'$.private' FROM login", "entered");
	import_sql(
	    m.source.path, "UPDATE login SET note = json_set(note, '$.n', 2)");
	import(&m, emptied);
	assert_string_equal("~login[\"a\"] note\n", m.changes);
	import_expect(
	    &m, "SELECT note FROM login", "{\"private\":\"\",\"n\":2}");
	import_free(&m);
}

static const char *const logged =
    WORDS("      - {table: login, key: [name]}\n") "    secrets:\n      - "
                                                   "{column: login.pass, "
                                                   "master_key: k, cipher: "
                                                   "n8n}\n";

#define LEAKS(what) "    leaks: [{column: login.note, do: " what "}]\n"

/* The source's words, and its secret in clear in `note`. */
static void
begin_leak(struct import *m, struct side *source, struct side *target)
{
	struct vl_err err = { 0 };

	begin(m, source, target);
	assert_int_equal(VL_OK, vl_needles_new(&source->secrets.needles, &err));
	run_sealed(m->source.path, source,
	    "INSERT INTO login VALUES(1,'a',?1,'sent horse battery to b')",
	    "horse battery");
}

static void
end_leak(struct import *m, struct side *source)
{
	vl_needles_free(source->secrets.needles);
	import_free(m);
}

static void
a_secret_in_clear_elsewhere_is_told_with_its_place(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct vl_rows_counts counts = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	begin_leak(&m, &source, &target);
	assert_int_equal(VL_OK, site_open(&m.source, logged, false, &err));
	assert_int_equal(VL_OK, site_lines(&m.source, false, &out, &err));
	vl_rows_counts(m.source.rows, &counts);
	assert_int_equal(1, counts.leaks);
	assert_non_null(strstr(m.source.notes,
	    "column 'login.note': 1 value has in clear what 'login.pass' keeps "
	    "secret, the first in [\"a\"]"));
	vl_buf_free(&out);
	site_close(&m.source);
	end_leak(&m, &source);
}

static void
leaks_says_what_becomes_of_it(void **state)
{
	static const struct {
		const char *words;
		const char *line;
		const char *there;
	} cases[] = { { LEAKS("allow"), "\"note\":\"sent horse battery to b\"",
		          "sent horse battery to b" },
		{ LEAKS("blank"), "\"note\":\"sent  to b\"", "sent  to b" },
		{ LEAKS("slot"),
		    "\"note\":{\"$parts\":[\"sent \",{\"$secret\":[\"sf1.",
		    "sent horse battery to b" } };
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };
	struct import m;
	char words[1024];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin_leak(&m, &source, &target);
		(void)snprintf(
		    words, sizeof(words), "%s%s", logged, cases[i].words);
		assert_int_equal(
		    VL_OK, site_open(&m.source, words, false, &err));
		assert_int_equal(
		    VL_OK, site_lines(&m.source, false, &out, &err));
		assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
		if (strstr((char *)out.p, cases[i].line) == NULL)
			fail_msg("%s", (char *)out.p);
		vl_buf_free(&out);
		site_close(&m.source);
		import(&m, words);
		import_expect(&m, "SELECT note FROM login", cases[i].there);
		import(&m, words);
		assert_string_equal("", m.changes);
		import_sql(
		    m.source.path, "UPDATE login SET note = 'no ' || note");
		import(&m, words);
		assert_string_equal("~login[\"a\"] note\n", m.changes);
		end_leak(&m, &source);
	}
}

static void
a_secret_stands_beside_a_value_in_the_body(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,printf('%.*c', 90000, 'x'))",
	    "secret of a");
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(2,'b',?1,printf('%.*c', 50000, 'y'))",
	    "secret of b");
	import(&m, LOGINS(""));
	import_expect(&m,
	    "SELECT name, length(note), substr(note, 1, 1) FROM login",
	    "a|90000|x b|50000|y");
	expect_opened(&m, &target, "SELECT pass FROM login WHERE name = 'a'",
	    "secret of a");
	expect_opened(&m, &target, "SELECT pass FROM login WHERE name = 'b'",
	    "secret of b");
	import(&m, LOGINS(""));
	assert_string_equal("", m.changes);
	import_free(&m);
}

static void
a_token_of_another_row_or_series_is_refused(void **state)
{
	struct side source = side_of("n8n", "one");
	struct side target = side_of("n8n", "two");
	const struct vl_secret_ops other = { NULL, print, other_seal,
		open_token };
	struct import m;

	(void)state;
	begin(&m, &source, &target);
	source.secrets.ops = &other;
	run_sealed(m.source.path, &source,
	    "INSERT INTO login VALUES(1,'a',?1,'x')", "secret of a");
	refuses(&m, LOGINS(""), VL_EAUTH,
	    "[\"a\"]: column 'pass': the token is of another slot");
	import_expect(&m, "SELECT count(*) FROM login", "0");
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_arrives_under_the_key_of_the_target),
		cmocka_unit_test(
		    encrypting_anew_is_no_change_and_another_secret_is_one),
		cmocka_unit_test(lines_hold_nothing_of_a_secret),
		cmocka_unit_test(another_key_is_told_before_anything_is_done),
		cmocka_unit_test(
		    a_value_that_does_not_open_is_refused_or_carried_as_it_is),
		cmocka_unit_test(what_a_side_keeps_or_leaves_blank_stays_out),
		cmocka_unit_test(a_secret_inside_a_value_is_one_of_its_pieces),
		cmocka_unit_test(
		    a_secret_in_clear_elsewhere_is_told_with_its_place),
		cmocka_unit_test(a_place_that_is_left_blank_is_entered_by_hand),
		cmocka_unit_test(leaks_says_what_becomes_of_it),
		cmocka_unit_test(a_secret_stands_beside_a_value_in_the_body),
		cmocka_unit_test(a_token_of_another_row_or_series_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
