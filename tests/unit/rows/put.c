/* What each word of a profile does to the rows of a target. */

#include "import.h"

static const char *const tags =
    "CREATE TABLE tag(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " n INT);"
    "CREATE TABLE note(id INTEGER PRIMARY KEY, tag_id INT REFERENCES tag,"
    " place INT, text TEXT);";

static const char *const owned =
    WORDS("      - {table: tag, key: [name]}\n"
          "      - {table: note, key: [tag_id, place], owned_by: tag_id}\n");

static void
import(struct import *m, const char *profile)
{
	struct vl_err err = { 0 };

	if (import_run(m, profile, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static void
rows_meet_by_name_and_keep_the_ids_of_the_target(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'a',10),(2,'b',20);"
	    "INSERT INTO note VALUES(1,1,1,'x'),(2,2,1,'y')",
	    "INSERT INTO tag VALUES(7,'b',21),(9,'other',3);"
	    "INSERT INTO note VALUES(5,7,1,'y'),(6,7,2,'old'),(8,9,1,'its')");
	import(&m, owned);
	assert_string_equal("+note[\"a\",1]\n-note[\"b\",2]\n+tag[\"a\"]\n"
	                    "~tag[\"b\"] n\n",
	    m.changes);
	import_expect(
	    &m, "SELECT * FROM tag ORDER BY id", "7|b|20 9|other|3 10|a|10");
	import_expect(
	    &m, "SELECT * FROM note ORDER BY id", "5|7|1|y 8|9|1|its 9|10|1|x");
	import(&m, owned);
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	import_free(&m);
}

/* One row of the bundle, and two here: one has its id, one its name. */
static void
rows_meet_in_the_first_way_that_finds_one(void **state)
{
	static const struct {
		const char *ways;
		const char *want;
	} cases[] = {
		{ "key", "1|b|0 2|a|5" },
		{ "id", "1|a|5 2|a|0" },
		{ "id, key", "1|a|5 2|a|0" },
		{ "key, id", "1|b|0 2|a|5" },
		{ "brought, key", "1|b|0 2|a|0 3|a|5" },
		{ "brought, id", "1|b|0 2|a|0 3|a|5" },
		{ "key, brought", "1|b|0 2|a|5 3|c|0" },
		{ "brought, key, id", "1|b|0 2|a|0 3|a|5" },
	};
	struct import m;
	char words[256];
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		import_make(&m,
		    "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT, v)",
		    "INSERT INTO t VALUES(1,'a',5)",
		    "INSERT INTO t VALUES(1,'b',0),(2,'a',0)");
		if (strstr(cases[i].ways, "brought") != NULL) {
			import_sql(m.target, "INSERT INTO t VALUES(3,'c',0)");
			memcpy(m.brought[0],
			    ((const char[4][128]){
			        "t", "[\"c\"]", "[1]", "[3]" }),
			    sizeof(m.brought[0]));
			m.nbrought = 1;
		}
		(void)snprintf(words, sizeof(words),
		    WORDS("      - {table: t, key: [n], match: [%s],"
		          " target_only: keep}\n"),
		    cases[i].ways);
		import(&m, words);
		import_expect(&m, "SELECT * FROM t ORDER BY id", cases[i].want);
		import(&m, words);
		assert_int_equal(0, m.written);
		import_free(&m);
	}
}

/* At the source it names nobody. */
static void
an_id_that_is_kept_may_name_a_row_here(void **state)
{
	static const char *const words = WORDS(
	    "      - {table: man, key: [name]}\n"
	    "      - {table: dog, key: [name]}\n") "    references:\n"
	                                           "      - {from: dog.man_id, "
	                                           "to: man, on_dangling: "
	                                           "keep}\n"
	                                           "      - {from: dog.text, "
	                                           "json: \"$[*]\", to: man,"
	                                           " on_dangling: keep}\n";
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE dog(name TEXT PRIMARY KEY, man_id INT, text TEXT)",
	    "INSERT INTO man VALUES(1,'a');"
	    "INSERT INTO dog VALUES('x',77,'[77]'),('y',88,'[88]'),"
	    "('z',1,'[1, 77]')",
	    "INSERT INTO man VALUES(77,'zz'),(5,'a')");
	import(&m, words);
	import_expect(&m, "SELECT * FROM dog ORDER BY name",
	    "x|77|[77] y|88|[88] z|5|[5, 77]");
	assert_string_equal("table 'dog', [\"x\"]: 'man_id' keeps 77, which "
	                    "names 'man' [\"zz\"] here\n"
	                    "table 'dog', [\"x\"]: 'text' keeps an id which "
	                    "names a row here\n"
	                    "table 'dog', [\"z\"]: 'text' keeps an id which "
	                    "names a row here\n",
	    m.notes);
	import(&m, words);
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	import_free(&m);
}

/* What it holds would be another thing here. */
static void
an_id_that_is_kept_in_a_row_without_a_name(void **state)
{
	static const char *const words = WORDS(
	    "      - {table: man, key: [name]}\n"
	    "      - {table: dog, owned_by: of_id}\n") "    references:\n"
	                                               "      - {from: "
	                                               "dog.man_id, to: man, "
	                                               "on_dangling: keep}\n"
	                                               "      - {from: "
	                                               "dog.of_id, to: man}\n";
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE dog(of_id INT, man_id INT)",
	    "INSERT INTO man VALUES(1,'a'); INSERT INTO dog VALUES(1,77)",
	    "INSERT INTO man VALUES(77,'zz'),(5,'a')");
	assert_int_equal(VL_EREFUSED, import_run(&m, words, &err));
	if (strstr(err.text,
	        "it is known by what it holds, and 'man_id' keeps 77, which "
	        "names 'man' [\"zz\"] here, so that it would be another one: "
	        "give the table a 'key' or an 'ordinal'") == NULL)
		fail_msg("%s", err.text);
	import_expect(&m, "SELECT * FROM dog", "");
	import_free(&m);
}

static const char *const loose =
    "CREATE TABLE p(id INTEGER PRIMARY KEY, name TEXT UNIQUE, v INT);"
    "CREATE TABLE c(id INTEGER PRIMARY KEY, k TEXT UNIQUE, p_id INT,"
    " up_id INT, t TEXT);"
    "CREATE TABLE o(id INTEGER PRIMARY KEY, c_id INT, n INT);";

#define LOOSE_WORDS(p)                                                         \
	WORDS("      - {table: p, key: [name], " p "}\n"                       \
	      "      - {table: c, key: [k]}\n"                                 \
	      "      - {table: o, owned_by: c_id}\n")                          \
	"    references:\n"                                                    \
	"      - {from: c.p_id, to: p, on_dangling: drop}\n"                   \
	"      - {from: c.up_id, to: c, on_dangling: drop}\n"                  \
	"      - {from: c.t, pattern: \"#(\\\\d+)\", to: p, on_dangling: "     \
	"drop}\n"                                                              \
	"      - {from: o.c_id, to: c}\n"

/* With what it owns, and with what refers to it in this way. */
static void
a_row_that_refers_to_what_is_not_taken_is_left_out(void **state)
{
	static const char *const words[] = {
		LOOSE_WORDS("on_new: skip"),
		LOOSE_WORDS("skip: v = 1"),
	};
	struct import m;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		import_make(&m, loose,
		    "INSERT INTO p VALUES(1,'gone',1),(2,'here',0);"
		    "INSERT INTO c VALUES(1,'a',1,NULL,''),"
		    "(2,'b',2,5,''),(3,'c',2,NULL,'see #1'),"
		    "(4,'d',2,NULL,'see #2'),(5,'e',NULL,1,''),"
		    "(6,'f',1,NULL,'new');"
		    "INSERT INTO o VALUES(1,1,7),(2,4,8),(3,6,9)",
		    "INSERT INTO p VALUES(7,'here',0);"
		    "INSERT INTO c VALUES(8,'f',7,NULL,'mine')");
		import(&m, words[i]);
		import_expect(&m, "SELECT k, p_id, t FROM c ORDER BY k",
		    "d|7|see #7 f|7|mine");
		import_expect(&m, "SELECT n FROM o", "8");
		if (strstr(m.notes,
		        "table 'c', [\"a\"]: left out, as 'p_id' "
		        "refers to 'p' [\"gone\"], which is "
		        "neither in the bundle nor here") == NULL)
			fail_msg("%s", m.notes);
		import(&m, words[i]);
		assert_int_equal(0, m.written);
		import_free(&m);
	}
}

/* It has the id of one, and the name of another, which that is not any more. */
static void
a_row_that_was_found_by_its_id_is_called_otherwise(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, "CREATE TABLE t(id INTEGER PRIMARY KEY, n TEXT UNIQUE)",
	    "INSERT INTO t VALUES(1,'new'),(9,'old')",
	    "INSERT INTO t VALUES(1,'old')");
	import(&m, WORDS("      - {table: t, key: [n], match: [id, key]}\n"));
	assert_string_equal("+t[\"old\"]\n~t[\"new\"] n\n", m.changes);
	import_expect(&m, "SELECT * FROM t ORDER BY id", "1|new 9|old");
	import_free(&m);
}

static void
what_an_owner_that_is_left_alone_owns_is_left_alone(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'a',10);"
	    "INSERT INTO note VALUES(1,1,1,'x'),(2,1,2,'y')",
	    "INSERT INTO tag VALUES(1,'a',11);"
	    "INSERT INTO note VALUES(1,1,1,'mine'),(2,1,3,'mine too')");
	import(&m,
	    WORDS("      - {table: tag, key: [name], on_match: skip}\n"
	          "      - {table: note, key: [tag_id, place],"
	          " owned_by: tag_id}\n"));
	assert_string_equal("", m.changes);
	import_expect(&m, "SELECT text FROM note", "mine mine too");
	import_free(&m);
}

static void
an_owner_that_may_not_differ_leaves_what_only_the_target_has(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, tags, "INSERT INTO tag VALUES(1,'a',10)",
	    "INSERT INTO tag VALUES(1,'a',10);"
	    "INSERT INTO note VALUES(1,1,3,'mine')");
	import(&m,
	    WORDS("      - {table: tag, key: [name], on_match: fail}\n"
	          "      - {table: note, key: [tag_id, place],"
	          " owned_by: tag_id}\n"));
	import_expect(&m, "SELECT text FROM note", "mine");
	import_free(&m);
}

static void
a_row_that_keep_here_names_is_the_targets_on_either_side(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE word(w TEXT PRIMARY KEY COLLATE NOCASE,"
	    " v TEXT)",
	    "INSERT INTO word VALUES('HOST','there'),('smtp','there'),"
	    "('title','there')",
	    "INSERT INTO word VALUES('HOST','here'),('dns','here')");
	import(&m,
	    WORDS("      - {table: word, key: [w], target_only: delete}\n"
	          "    keep_here:\n"
	          "      - {table: word, where: \"w in ('host','smtp')\"}\n"));
	assert_string_equal("+word[\"title\"]\n-word[\"dns\"]\n", m.changes);
	import_expect(
	    &m, "SELECT * FROM word ORDER BY w", "HOST|here title|there");
	import_free(&m);
}

static void
rows_of_several_entries_follow_the_words_of_theirs(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, kind TEXT,"
	    " name TEXT)",
	    "INSERT INTO man VALUES(5,'user','u'),(6,'group','g')", "");
	import(&m,
	    WORDS("      - {table: man, where: \"kind='user'\", key: [name],"
	          " on_new: skip}\n"
	          "      - {table: man, key: [kind, name], ids: keep}\n"));
	assert_string_equal("+man[\"group\",\"g\"]\n", m.changes);
	import_expect(&m, "SELECT * FROM man", "6|group|g");
	import_free(&m);
}

/* Rows that get an id come before those that keep theirs. */
static void
new_ids_stay_clear_of_those_that_are_kept(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, kind TEXT,"
	    " name TEXT)",
	    "INSERT INTO man VALUES(9,'a','n'),(1,'a','o'),(3,'z','k')",
	    "INSERT INTO man VALUES(1,'z','here')");
	import(&m,
	    WORDS("      - {table: man, where: \"kind='a'\", key: [name],"
	          " ids: new}\n"
	          "      - {table: man, key: [kind, name], ids: keep,"
	          " target_only: keep}\n"));
	import_expect(
	    &m, "SELECT * FROM man ORDER BY id", "1|z|here 3|z|k 4|a|n 5|a|o");
	import_free(&m);
}

static const char *const brought =
    WORDS("      - {table: tag, key: [name], match: [brought, key]}\n"
          "      - {table: note, key: [tag_id, place], owned_by: tag_id}\n");

static void
a_row_that_was_brought_keeps_its_id_under_a_new_name(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'a',1);"
	    "INSERT INTO note VALUES(1,1,1,'x')",
	    "INSERT INTO tag VALUES(1,'c',3)");
	import(&m, brought);
	import_sql(m.source.path, "UPDATE tag SET name = 'b'");
	import(&m, brought);
	assert_string_equal("~tag[\"b\"] name\n", m.changes);
	import_expect(&m, "SELECT * FROM tag", "1|c|3 2|b|1");
	import_free(&m);
}

static void
what_was_brought_goes_and_what_was_merely_met_stays(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'made',1),(2,'met',1),(3,'stays',1)",
	    "INSERT INTO tag VALUES(1,'met',2)");
	import(&m, owned);
	assert_int_equal(2, m.nbrought);
	import_sql(m.source.path, "DELETE FROM tag WHERE id < 3");
	import(&m, owned);
	assert_string_equal("-tag[\"made\"]\n", m.changes);
	assert_int_equal(1, m.nbrought);
	import_expect(&m, "SELECT name FROM tag", "met stays");
	import_free(&m);
}

static void
the_list_of_what_was_brought_stays_while_all_of_it_is_here(void **state)
{
	static const char *const kept = WORDS(
	    "      - {table: tag, key: [name], target_only: keep}\n"
	    "      - {table: note, key: [tag_id, place], owned_by: tag_id}\n");
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'a',1),(2,'b',1);"
	    "INSERT INTO note VALUES(1,1,1,'x')",
	    "INSERT INTO tag VALUES(1,'met',1)");
	import(&m, kept);
	assert_false(m.stays);
	assert_int_equal(3, m.nbrought);
	import(&m, kept);
	assert_true(m.stays);
	import_sql(m.source.path, "DELETE FROM tag WHERE id = 2");
	import(&m, kept);
	assert_true(m.stays);
	assert_int_equal(3, m.nbrought);
	import_sql(m.target, "DELETE FROM tag WHERE name = 'b'");
	import(&m, kept);
	assert_false(m.stays);
	assert_int_equal(0, m.written);
	assert_int_equal(2, m.nbrought);
	import(&m, kept);
	assert_true(m.stays);
	/* What is written next is told as ever. */
	import_sql(m.source.path, "UPDATE tag SET n = 2");
	import(&m, kept);
	assert_false(m.stays);
	assert_int_equal(2, m.nbrought);
	import_free(&m);
}

static void
two_rows_may_swap_what_is_unique(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE t(name TEXT PRIMARY KEY,"
	    " place INT NOT NULL UNIQUE)",
	    "INSERT INTO t VALUES('a',1),('b',2)",
	    "INSERT INTO t VALUES('a',2),('b',1)");
	import(&m, WORDS("      - {table: t, key: [name]}\n"));
	import_expect(&m, "SELECT * FROM t ORDER BY name", "a|1 b|2");
	import_free(&m);
}

static void
an_id_that_another_row_has_is_drawn_anew_in_its_shape(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, "CREATE TABLE t(id TEXT PRIMARY KEY, name TEXT UNIQUE)",
	    "INSERT INTO t VALUES('xb1','a'),('xb2','b')",
	    "INSERT INTO t VALUES('xb1','b')");
	import(&m, WORDS("      - {table: t, key: [name]}\n"));
	import_expect(&m,
	    "SELECT name, id = 'xb1', id GLOB '[a-z][a-z][0-9]' FROM t"
	    " ORDER BY name",
	    "a|0|1 b|1|1");
	import_free(&m);
}

static void
a_target_may_keep_triggers_from_running(void **state)
{
	static const char *const schema =
	    "CREATE TABLE t(name TEXT PRIMARY KEY); CREATE TABLE log(x);"
	    "CREATE TRIGGER tr AFTER INSERT ON t BEGIN"
	    " INSERT INTO log VALUES(new.name); END;";
	struct import m;

	(void)state;
	import_make(&m, schema, "INSERT INTO t VALUES('a')", "");
	import(&m,
	    WORDS("      - {table: log, skip: true}\n"
	          "      - {table: t, key: [name], triggers: disable}\n"));
	import_expect(&m, "SELECT count(*) FROM log", "0");
	import_sql(m.source.path, "INSERT INTO t VALUES('b')");
	import(&m,
	    WORDS("      - {table: log, skip: true}\n"
	          "      - {table: t, key: [name]}\n"));
	import_expect(&m, "SELECT * FROM log", "b");
	import_free(&m);
}

static const char *const kept =
    "CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE, hide INT);"
    "CREATE TABLE b(name TEXT PRIMARY KEY, a_id INT NOT NULL);";

static void
a_reference_to_a_row_that_stays_behind_ends_as_on_dangling_says(void **state)
{
	static const char *const words[][2] = { { "keep", "x|5 y|8" },
		{ "clear, none: [0]", "x|0 y|8" } };
	struct import m;
	char profile[512];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		import_make(&m, kept,
		    "INSERT INTO a VALUES(5,'five',1),(6,'six',1);"
		    "INSERT INTO b VALUES('x',5),('y',6)",
		    "INSERT INTO a VALUES(8,'six',1)");
		(void)snprintf(profile, sizeof(profile),
		    WORDS("      - {table: a, key: [name], skip: hide}\n"
		          "      - {table: b, key: [name]}\n"
		          "    references:\n"
		          "      - {from: b.a_id, to: a, on_dangling: %s}\n"),
		    words[i][0]);
		import(&m, profile);
		import_expect(&m, "SELECT * FROM b ORDER BY name", words[i][1]);
		import_free(&m);
	}
}

/* The row that is referred to travels, so that its own id says which. */
static void
an_id_of_a_row_that_is_not_taken_is_kept(void **state)
{
	static const char *const profile =
	    WORDS("      - {table: man, key: [name], on_new: skip, keep_here: "
	          "[code]}\n"
	          "      - {table: dog, key: [name]}\n"
	          "    references:\n"
	          "      - {from: dog.man_id, to: man, on_dangling: keep}\n"
	          "      - {from: dog.code, to: man.code,"
	          " on_dangling: keep}\n");
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
	    " code TEXT UNIQUE);"
	    "CREATE TABLE dog(name TEXT PRIMARY KEY, man_id INT, code TEXT)",
	    "INSERT INTO man VALUES(3,'new','c3'),(4,'both','c4');"
	    "INSERT INTO dog VALUES('fido',3,'c3'),('rex',4,'c4'),"
	    "('old',3,'c3')",
	    "INSERT INTO man VALUES(3,'other','o'),(9,'both','c9');"
	    "INSERT INTO dog VALUES('old',9,'c9')");
	import(&m, profile);
	import_expect(&m, "SELECT * FROM dog ORDER BY name",
	    "fido|3|c3 old|3|c3 rex|9|c9");
	/* It is another's here, and that is said. */
	assert_string_equal("table 'dog', [\"old\"]: 'man_id' keeps 3, which "
	                    "names 'man' [\"other\"] here\n"
	                    "table 'dog', [\"fido\"]: 'man_id' keeps 3, which "
	                    "names 'man' [\"other\"] here\n",
	    m.notes);
	import(&m, profile);
	assert_string_equal("", m.changes);
	assert_int_equal(0, m.written);
	import_free(&m);
}

/* What they are referred to by is their own key, or an id of another row. */
static void
a_key_of_a_row_that_is_not_taken_is_kept(void **state)
{
	static const char *const profile =
	    WORDS("      - {table: lang, key: [code], on_new: skip}\n"
	          "      - {table: man, key: [name], on_new: skip}\n"
	          "      - {table: card, key: [man_id], on_new: skip}\n"
	          "      - {table: dog, key: [name]}\n"
	          "    references:\n"
	          "      - {from: card.man_id, to: man, on_dangling: keep}\n"
	          "      - {from: dog.lang, to: lang, on_dangling: keep}\n"
	          "      - {from: dog.card_id, to: card, on_dangling: keep}\n");
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE lang(code TEXT PRIMARY KEY);"
	    "CREATE TABLE man(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE card(man_id INTEGER PRIMARY KEY);"
	    "CREATE TABLE dog(name TEXT PRIMARY KEY, lang TEXT, card_id INT)",
	    "INSERT INTO lang VALUES('de'),('fr');"
	    "INSERT INTO man VALUES(3,'new'),(4,'both');"
	    "INSERT INTO card VALUES(3),(4);"
	    "INSERT INTO dog VALUES('fido','de',3),('rex','fr',4)",
	    "INSERT INTO lang VALUES('fr');"
	    "INSERT INTO man VALUES(9,'both'); INSERT INTO card VALUES(9)");
	import(&m, profile);
	import_expect(
	    &m, "SELECT * FROM dog ORDER BY name", "fido|de|3 rex|fr|9");
	import(&m, profile);
	assert_string_equal("", m.changes);
	import_free(&m);
}

/* Both rows are here already: only what they refer to is not taken. */
static void
a_reference_to_a_row_that_is_not_taken_is_no_change(void **state)
{
	static const char *const words[][3] = { { "clear", "(8,'a',NULL,NULL)",
		                                    "8|a|8|-" },
		{ "keep", "(8,'a',3,7)", "8|a|8|7" } };
	struct import m;
	char profile[1024];
	char target[256];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		(void)snprintf(target, sizeof(target),
		    "INSERT INTO dog VALUES(1,'fido',%s);"
		    "INSERT INTO man VALUES%s",
		    i == 0 ? "NULL" : "3", words[i][1]);
		import_make(&m,
		    "CREATE TABLE dog(id INTEGER PRIMARY KEY,"
		    " name TEXT UNIQUE, man_id INT);"
		    "CREATE TABLE man(id INTEGER PRIMARY KEY,"
		    " name TEXT UNIQUE, boss_id INT, dog INT);",
		    "INSERT INTO dog VALUES(6,'fido',3),(7,'rex',3);"
		    "INSERT INTO man VALUES(1,'a',3,7),(3,'new',3,7)",
		    target);
		(void)snprintf(profile, sizeof(profile),
		    WORDS(
		        "      - {table: dog, key: [name], on_new: skip}\n"
		        "      - {table: man, key: [name], on_new: skip}\n"
		        "    references:\n"
		        "      - {from: [dog.man_id, man.boss_id], to: man,"
		        " on_dangling: %s}\n"
		        "      - {from: man.dog, to: dog, on_dangling: %s}\n"),
		    words[i][0], words[i][0]);
		import(&m, profile);
		assert_string_equal("", m.changes);
		assert_int_equal(2, m.counts.same);
		assert_int_equal(0, m.written);
		import_sql(
		    m.source.path, "UPDATE man SET boss_id = 1 WHERE id = 1");
		import(&m, profile);
		assert_string_equal("~man[\"a\"] boss_id\n", m.changes);
		import_expect(&m, "SELECT * FROM man", words[i][2]);
		import_free(&m);
	}
}

static void
a_table_named_by_an_id_follows_the_row(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE sheet(id INTEGER PRIMARY KEY,"
	    " name TEXT UNIQUE)",
	    "INSERT INTO sheet VALUES(1,'s');"
	    "CREATE TABLE data_1(v TEXT); INSERT INTO data_1 VALUES('new')",
	    "INSERT INTO sheet VALUES(4,'s');"
	    "CREATE TABLE data_4(v TEXT); INSERT INTO data_4 VALUES('old')");
	import(&m,
	    WORDS("      - {table: sheet, key: [name]}\n"
	          "      - {table: \"data_{sheet.id}\"}\n"));
	import_expect(&m, "SELECT * FROM data_4", "new");
	import_free(&m);
}

static void
columns_that_one_side_has_need_no_value_when_drift_is_allowed(void **state)
{
	struct import m;

	(void)state;
	import_make(&m, "CREATE TABLE t(name TEXT PRIMARY KEY, v TEXT)",
	    "ALTER TABLE t ADD COLUMN old; INSERT INTO t VALUES('a','x',NULL),"
	    "('b','y',NULL)",
	    "ALTER TABLE t ADD COLUMN new INT DEFAULT 3;"
	    "INSERT INTO t VALUES('b','z',8)");
	m.drift = true;
	import(&m, WORDS("      - {table: t, key: [name]}\n"));
	import_expect(&m, "SELECT * FROM t ORDER BY name", "a|x|3 b|y|8");
	import_free(&m);
}

static void
a_record_of_the_source_may_be_another_of_the_target(void **state)
{
	char *from[] = { (char *)(uintptr_t) "ada" };
	char *to[] = { (char *)(uintptr_t) "eve" };
	struct vl_map_record map = { .resource = (char *)(uintptr_t) "app",
		.table = (char *)(uintptr_t) "tag",
		.from = from,
		.nfrom = 1,
		.to = to,
		.nto = 1 };
	struct import m;

	(void)state;
	import_make(&m, tags,
	    "INSERT INTO tag VALUES(1,'ada',5); INSERT INTO note"
	    " VALUES(1,1,1,'x')",
	    "INSERT INTO tag VALUES(4,'eve',5)");
	m.map = &map;
	m.nmap = 1;
	import(&m, owned);
	import_expect(&m, "SELECT * FROM tag", "4|eve|5");
	import_expect(&m, "SELECT * FROM note", "1|4|1|x");
	import_free(&m);
}

static void
what_triggers_and_cascades_change_beside_is_counted(void **state)
{
	static const char *const profile =
	    WORDS("      - {table: o, key: [name], target_only: delete}\n"
	          "      - {table: [log, c], skip: true}\n");
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE o(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
	    "CREATE TABLE c(o INT REFERENCES o ON DELETE CASCADE);"
	    "CREATE TABLE log(what TEXT);"
	    "CREATE TRIGGER t AFTER INSERT ON o BEGIN INSERT INTO log"
	    " VALUES(new.name); END;",
	    "INSERT INTO o VALUES(1,'a'),(2,'b')",
	    "INSERT INTO o VALUES(7,'gone'); INSERT INTO c VALUES(7),(7),(7)");
	import(&m, profile);
	assert_non_null(strstr(m.notes,
	    "triggers and cascades of the database change 5 rows beside"));
	import_expect(&m, "SELECT count(*) FROM c", "0");
	m.notes[0] = '\0';
	import(&m, profile);
	assert_null(strstr(m.notes, "beside"));
	import_free(&m);
}

/* SQLite finds 'prod' where 'Prod' is wanted; rows are one where their bytes
 * are. */
static void
prod_and_prod_of_other_letters_are_two_where_the_target_allows_it(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE env(id INTEGER PRIMARY KEY, name TEXT UNIQUE, v)",
	    "INSERT INTO env VALUES(1,'Prod',1),(2,'prod',2)",
	    "INSERT INTO env VALUES(7,'prod',0)");
	import(&m, WORDS("      - {table: env, key: [name]}\n"));
	assert_string_equal("+env[\"Prod\"]\n~env[\"prod\"] v\n", m.changes);
	import_expect(
	    &m, "SELECT * FROM env ORDER BY name", "8|Prod|1 7|prod|2");
	import_free(&m);
}

static void
prod_is_in_the_way_of_prod_where_the_targets_collation_says_so(void **state)
{
	static const char words[] =
	    WORDS("      - {table: env, key: [name]}\n");
	struct vl_err err = { 0 };
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE env(id INTEGER PRIMARY KEY,"
	    " name TEXT COLLATE NOCASE UNIQUE, v)",
	    "INSERT INTO env VALUES(1,'Prod',1)",
	    "INSERT INTO env VALUES(7,'prod',0)");
	assert_int_equal(VL_EREFUSED, import_run(&m, words, &err));
	import_expect(&m, "SELECT * FROM env", "7|prod|0");
	import_free(&m);
}

/* "x IS NOT y" of such a column says that nothing differs. */
static void
a_change_that_a_nocase_column_hides_is_written(void **state)
{
	struct import m;

	(void)state;
	import_make(&m,
	    "CREATE TABLE env(k TEXT PRIMARY KEY,"
	    " name TEXT COLLATE NOCASE, n NUMERIC)",
	    "INSERT INTO env VALUES('a','Prod',1),('b','same',2)",
	    "INSERT INTO env VALUES('a','prod',1),('b','same',2)");
	import(&m, WORDS("      - {table: env, key: [k]}\n"));
	assert_string_equal("~env[\"a\"] name\n", m.changes);
	import_expect(&m, "SELECT * FROM env ORDER BY k", "a|Prod|1 b|same|2");
	import_free(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_is_kept_may_name_a_row_here),
		cmocka_unit_test(an_id_that_is_kept_in_a_row_without_a_name),
		cmocka_unit_test(rows_meet_in_the_first_way_that_finds_one),
		cmocka_unit_test(
		    a_row_that_refers_to_what_is_not_taken_is_left_out),
		cmocka_unit_test(
		    a_row_that_was_found_by_its_id_is_called_otherwise),
		cmocka_unit_test(
		    what_triggers_and_cascades_change_beside_is_counted),
		cmocka_unit_test(
		    rows_meet_by_name_and_keep_the_ids_of_the_target),
		cmocka_unit_test(
		    what_an_owner_that_is_left_alone_owns_is_left_alone),
		cmocka_unit_test(
		    an_owner_that_may_not_differ_leaves_what_only_the_target_has),
		cmocka_unit_test(
		    a_row_that_keep_here_names_is_the_targets_on_either_side),
		cmocka_unit_test(
		    rows_of_several_entries_follow_the_words_of_theirs),
		cmocka_unit_test(new_ids_stay_clear_of_those_that_are_kept),
		cmocka_unit_test(
		    a_row_that_was_brought_keeps_its_id_under_a_new_name),
		cmocka_unit_test(
		    what_was_brought_goes_and_what_was_merely_met_stays),
		cmocka_unit_test(
		    the_list_of_what_was_brought_stays_while_all_of_it_is_here),
		cmocka_unit_test(two_rows_may_swap_what_is_unique),
		cmocka_unit_test(
		    an_id_that_another_row_has_is_drawn_anew_in_its_shape),
		cmocka_unit_test(a_target_may_keep_triggers_from_running),
		cmocka_unit_test(
		    a_reference_to_a_row_that_stays_behind_ends_as_on_dangling_says),
		cmocka_unit_test(an_id_of_a_row_that_is_not_taken_is_kept),
		cmocka_unit_test(a_key_of_a_row_that_is_not_taken_is_kept),
		cmocka_unit_test(
		    a_reference_to_a_row_that_is_not_taken_is_no_change),
		cmocka_unit_test(a_table_named_by_an_id_follows_the_row),
		cmocka_unit_test(
		    columns_that_one_side_has_need_no_value_when_drift_is_allowed),
		cmocka_unit_test(
		    a_record_of_the_source_may_be_another_of_the_target),
		cmocka_unit_test(
		    prod_and_prod_of_other_letters_are_two_where_the_target_allows_it),
		cmocka_unit_test(
		    prod_is_in_the_way_of_prod_where_the_targets_collation_says_so),
		cmocka_unit_test(
		    a_change_that_a_nocase_column_hides_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
