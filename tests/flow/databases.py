"""Databases as sources: what is exported of them, what is said of the rest,
and how each thing that is wrong with one is refused."""
import json
import os
import sqlite3
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from database import SHOP, Database  # noqa: E402


class Summary(Database):
    def test_counts_rows_and_tables_and_names_what_is_not_carried(self):
        self.make(SHOP + """
            create view open as select * from task where done is null;
            create trigger on_task after insert on task begin
                update task set done = 0 where id = new.id; end;
            create index task_by_person on task(person_id);
        """)
        self.write_yaml("profile: {resources: [{resource: app, tables: ["
                        "{table: cache, skip: \"k = 'a'\"}]}]}\n")
        result = self.look()
        self.assert_says(result, "'app': 6 rows, 3 tables", "1 view ('open')",
                         "1 trigger ('on_task')",
                         "left out of 'app' by 'skip', and untouched at the "
                         "target: 1 row\n")
        lines = [json.loads(line) for line in
                 self.look("--json").out.splitlines()]
        self.assertIn({"message_type": "status", "not_carried": "view",
                       "resource": "app", "name": "open"}, lines)
        self.assertEqual((6, 3, 1, 0), tuple(
            lines[-1][word] for word in
            ("rows", "tables", "skipped_rows", "dropped_rows")))

    def test_says_how_many_rows_were_dropped(self):
        self.make(SHOP.replace("7, 'A suit", "8, 'A suit"))
        self.refused_export(4, "task", "8")
        self.write_yaml("profile: {resources: [{resource: app, references: ["
                        "{from: task.person_id, to: person, "
                        "on_dangling: drop}]}]}\n")
        self.assert_says(self.look(), "6 rows", "by 'on_dangling: drop': "
                         "1 row that refers to what is not there")

    def test_an_empty_database_is_refused_unless_it_is_meant(self):
        self.make("create table t(a text primary key)")
        self.refused_export(4, "resource 'app' is empty", "--allow-empty")
        self.site.export("--allow-empty")
        self.make("create table t(a); drop table t")
        self.assert_says(self.look("--allow-empty"), "'app': nothing")


class Profiles(Database):
    def test_an_undeclared_reference_is_refused_or_told(self):
        self.make(SHOP.replace("integer references person(id)", "integer"))
        self.refused_export(4, "'task.person_id' is named like a reference "
                            "to 'person'")
        self.write_yaml("references: {undeclared: warn}\n")
        self.assert_says(self.look(), "note: resource 'app': "
                         "'task.person_id' is named like a reference")

    def test_all_that_stands_against_an_export_is_told(self):
        self.make("create table man(id integer primary key, name text unique);"
                  "create table dog(id integer primary key, name text unique,"
                  " man_id integer, friend integer);"
                  "create table log(line text);"
                  "insert into log values ('x');"
                  "with n(i) as (select 1 union all select i + 1 from n where "
                  "i < 30) insert into dog select i, 'd' || i, i, i + 20 from "
                  "n;")
        self.write_yaml("profile: {resources: [{resource: app, references: ["
                        "{from: dog.man_id, to: man}, "
                        "{from: dog.friend, to: dog}]}]}\n")
        result = self.site.export(expect=4)
        self.assert_says(
            result, "note: resource 'app': table 'dog', column 'man_id': 30 "
            "of 30 ids name no row of 'man' (1, 2, 3", "table 'dog', column "
            "'friend': 20 of 30 ids name no row of 'dog' (31, 32",
            "note: resource 'app': table 'log' has no key")
        self.assertEqual([], list(self.site.medium.iterdir()))

    def test_a_table_without_a_key_is_refused(self):
        self.make(SHOP + "create table log(line text);"
                  "insert into log values ('x')")
        self.refused_export(4, "'log'", "key")

    def test_what_the_profile_names_must_be_there(self):
        self.write_yaml("profile:\n  resources:\n    - resource: app\n"
                        "      tables:\n        - {table: tsak, key: [a]}\n")
        self.refused_export(2, "source.yaml:9:11", "tsak")
        self.write_yaml("profile: {resources: [{resource: ap, tables: ["
                        "{table: task, key: [name]}]}]}\n")
        self.refused_export(2, "source.yaml:5:10: the profile speaks of "
                            "resource 'ap'", "and not of 'app'")
        self.write_yaml("profile: nosuch\n")
        self.refused_export(2, "cannot read profile '", "/profiles/nosuch")
        self.write_yaml("profile: bundle\n")
        self.refused_export(2, "'profile: bundle' is for a target")

    def test_a_shipped_profile_is_found_by_its_name(self):
        self.write_yaml("profile: {use: n8n}\n")
        self.refused_export(2, "/profiles/n8n.yaml:",
                            "there is no table")
        self.write_yaml("profile: {use: n8n, resources: {app: ap}}\n")
        self.refused_export(2, "the profile speaks of resource 'ap'")


class Refusals(Database):
    def test_what_is_no_database(self):
        os.unlink(self.db)
        self.refused_export(2, "resource 'app'", "No such file")
        self.db.mkdir()
        self.refused_export(2, "resource 'app'", "app.db")
        self.db.rmdir()
        self.db.write_bytes(b"")
        self.refused_export(2, "resource 'app'", "empty")
        self.db.write_bytes(b"site: demo\n" * 500)
        self.refused_export(2, "resource 'app'",
                            "it is no SQLite database, or it is encrypted")
        self.db.write_bytes(os.urandom(1 << 16))
        self.refused_export(2, "it is no SQLite database, or it is encrypted")

    def test_a_damaged_page(self):
        self.make("create table t(a integer primary key, b text);"
                  "with n(i) as (select 1 union all select i + 1 from n "
                  "where i < 2000) insert into t select i, hex(i) || "
                  "'..................................' from n;")
        with self.db.open("r+b") as file:
            file.seek(3 * 4096)
            file.write(b"\xff" * 4096)
        self.refused_export(5, "resource 'app'", "is damaged, restore it")
        with self.db.open("r+b") as file:
            file.truncate(5 * 4096)
        self.refused_export(5, "resource 'app'", "damaged")

    def test_one_that_is_locked_for_good(self):
        other = sqlite3.connect(self.db, isolation_level=None)
        other.execute("begin exclusive")
        result = self.site.export(expect=75)
        other.close()
        self.assert_says(result, "resource 'app'",
                         "it is locked by another program")
        self.assertEqual([], list(self.site.medium.iterdir()))

    def test_one_that_is_locked_for_a_moment(self):
        other = sqlite3.connect(self.db, isolation_level=None,
                                check_same_thread=False)
        other.execute("begin exclusive")
        timer = threading.Timer(1, lambda: other.execute("commit"))
        timer.start()
        self.site.export()
        timer.join()
        other.close()

    def written_meanwhile(self, *words):
        """What a command says while an application writes all the time."""
        stop = threading.Event()

        def write():
            db = sqlite3.connect(self.db, isolation_level=None, timeout=60)
            db.execute("pragma synchronous = off")
            while not stop.is_set():
                db.execute("update task set done = done + 1 where id = 1")
            db.close()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            return self.site.run("valise", *words, expect=(0, 4)).err
        finally:
            stop.set()
            writer.join()

    def test_whoever_copies_one_says_that_it_began_anew(self):
        # The lock is given up six times: a writer that waits sleeps between
        # its tries, and may miss most.
        self.make(SHOP +
                  "insert into cache values ('c', zeroblob(24000000));")
        for words in (("inventory", "--secrets", self.site.source_yaml),
                      ("check-profile", self.site.source_yaml),
                      ("init", "--sqlite", self.db)):
            for _ in range(5):
                said = self.written_meanwhile(*words)
                if "its copy began anew" in said:
                    break
            self.assertRegex(said, "note: resource 'app': an application "
                             "writes to it: its copy began anew [1-9]", words)

    def test_one_in_a_tree_that_would_carry_it_too(self):
        self.db = self.site.source / "app.db"
        self.make(SHOP)
        self.write_yaml(files="")
        self.refused_export(2, "the database of resource 'app' lies in the "
                            "tree of resource 'files', as '/app.db'")
        self.write_yaml(files=", exclude: ['*.db', '!*-wal']")
        other = sqlite3.connect(self.db, isolation_level=None)
        other.execute("pragma journal_mode = wal")
        other.execute("insert into person values (1, 'x@example.org')")
        (self.site.source / "app.db-journal").write_text("x")
        bundle = self.site.export("--only", "files")
        other.close()
        names = self.site.run("valise", "ls", bundle,
                              *self.site.identity).out
        self.assertIn("files/app.db\texcluded\n", names)
        for end in ("-wal", "-shm", "-journal"):
            self.assertIn(f"files/app.db{end}\texcluded\n", names)


if __name__ == "__main__":
    unittest.main()
