"""Rows and files of one bundle: they come together, or not at all."""
import contextlib
import os
import shutil
import signal
import sqlite3
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Crash, Flow, write_tree  # noqa: E402
from treestate import tree_state  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
# Points at which an import is killed in a normal run, on both sides of the
# decision.
SAMPLES = 10

PEOPLE = """
create table person(id integer primary key, mail text not null unique,
    name text);
create table task(id integer primary key, title text not null unique,
    person_id integer references person(id), body text);
"""
SOURCE = PEOPLE + """
insert into person values (70, 'ada@example.org', 'Ada'),
    (71, 'blaise@example.org', 'Blaise');
insert into task values (1, 'pack', 71, 'Pack it.'), (2, 'buy', 70, null);
"""
TARGET = PEOPLE + """
insert into person values (1, 'blaise@example.org', 'B.'),
    (2, 'carla@example.org', 'Carla');
insert into task values (70, 'mine', 2, 'It stays.');
"""
WORDS = ("{resource: %s, tables: [{table: person, key: [mail]}, "
         "{table: task, key: [title]}]}")


def make(path, sql, wal=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    if wal:
        db.execute("pragma journal_mode = wal")
    db.executescript(sql)
    db.close()


def change(path, sql):
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(sql)
    db.close()


def rows(path):
    """All rows but our own table's."""
    db = sqlite3.connect(path)
    names = [name for (name,) in db.execute(
        "select name from sqlite_schema where type = 'table' "
        "and name <> 'valise_import' order by name")]
    found = {name: db.execute(f'select * from "{name}" order by 1').fetchall()
             for name in names}
    db.close()
    return found


def mode(path):
    db = sqlite3.connect(path)
    (word,) = db.execute("pragma journal_mode").fetchone()
    db.close()
    return word


class Rows(Flow):
    """A site of the tree `files` and of databases, `DBS`."""

    DBS = ("app",)
    WAL = False

    def setUp(self):
        super().setUp()
        self.source = self.folder / "src" / "db"
        self.target = self.folder / "dst" / "db"
        for name in self.DBS:
            make(self.source / name, SOURCE)
            make(self.target / name, TARGET, self.WAL)
        self.write(self.site.source_yaml, self.site.source, self.source,
                   self.site.source_state)
        self.write_target()

    def profile(self):
        return ("profile: {resources: ["
                + ", ".join(WORDS % name for name in self.DBS) + "]}\n")

    def write(self, yaml, tree, databases, state, extra="", profile=None):
        lines = "".join(
            f"  - {{name: {name}, kind: sqlite, path: {databases / name}}}\n"
            for name in self.DBS)
        yaml.write_text(
            f"site: demo\nstate: {state}\nresources:\n{lines}"
            f"  - {{name: files, kind: files, path: {tree}}}\n"
            f"{self.profile() if profile is None else profile}{extra}")

    def write_target(self, extra="", profile=None):
        self.write(self.site.target_yaml, self.site.target, self.target,
                   self.site.target_state,
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                   + extra, profile)

    def state(self):
        return (self.site.state(),
                [rows(self.target / name) for name in self.DBS])

    def refused_rows(self, code, bundle, *said):
        before = self.state()
        result = self.refused(code, self.site.importing(
            bundle, "--allow-delete"), *said)
        self.assertEqual(before, self.state(), str(result))
        return result

    def titles(self, name="app"):
        return {title: body for _, title, _, body
                in rows(self.target / name)["task"]}


class Import(Rows):
    def test_rows_and_files_come_together(self):
        bundle = self.site.export()
        result = self.site.import_(bundle, "--allow-delete")
        self.assert_equal_trees()
        self.assertEqual(
            {"person": [(1, "blaise@example.org", "Blaise"),
                        (2, "carla@example.org", "Carla"),
                        (3, "ada@example.org", "Ada")],
             "task": [(70, "mine", 2, "It stays."), (71, "buy", 3, None),
                      (72, "pack", 1, "Pack it.")]},
            rows(self.target / "app"))
        self.assertRegex(result.said, r"4 rows \([0-9.]+ s\) read back")

    def test_a_preview_names_them_by_key_and_changes_nothing(self):
        bundle = self.site.export()
        before = (self.target / "app").read_bytes()
        result = self.site.preview(bundle)
        self.assert_says(
            result, "app    person             + ada@example.org\n",
            "app    person             ~ blaise@example.org        name\n",
            "app    task               + pack\n", "files  + a\n")
        self.assertNotIn("mine", result.out)
        self.assertEqual(before, (self.target / "app").read_bytes())
        lines = self.site.preview(bundle, "--json").out.splitlines()
        self.assertIn('{"message_type":"plan","resource":"app",'
                      '"change":"change","table":"person",'
                      '"key":["blaise@example.org"],"fields":"name"}', lines)

    def test_the_same_again_does_not_touch_the_database(self):
        bundle = self.site.export()
        self.site.import_(bundle, "--allow-delete")
        before = (self.target / "app").read_bytes()
        again = self.site.import_(bundle)
        self.assert_says(again, "nothing differs")
        self.assertEqual(before, (self.target / "app").read_bytes())
        # Nor does a new bundle of the same rows.
        self.assert_says(self.site.import_(self.site.export()),
                         "nothing differs")
        self.assertEqual(before, (self.target / "app").read_bytes())

    def test_of_many_rows_only_the_one_that_changed_is_written(self):
        """The database itself refuses any other write, and its change counter
        tells of one transaction that wrote."""
        change(self.source / "app", """
            with n(i) as (select 1 union all select i + 1 from n
                where i < 2000)
            insert into task select i + 10, 't' || i, 70, 'b' from n""")
        self.site.import_(self.site.export(), "--allow-delete")
        for table in ("person", "task"):
            for verb in ("insert", "update", "delete"):
                change(self.target / "app", f"""
                    create trigger {verb}_{table} before {verb} on {table}
                    {"when old.title <> 't700'" * (verb == "update" and
                                                   table == "task")}
                    begin select raise(abort, 'nobody changed it'); end;""")
        before = self.change_counter()
        self.site.import_(self.site.export())
        self.assertEqual(before, self.change_counter())
        change(self.source / "app",
               "update task set body = 'c' where title = 't700'")
        self.site.import_(self.site.export())
        self.assertEqual("c", self.titles()["t700"])
        self.assertEqual(before + 1, self.change_counter())

    def change_counter(self):
        """Bytes 24 to 27 of a database file (SQLite, "Database File
        Format")."""
        return int.from_bytes((self.target / "app").read_bytes()[24:28])

    def test_what_came_and_is_no_more_at_the_source_goes(self):
        self.site.import_(self.site.export(), "--allow-delete")
        change(self.source / "app", "delete from task where title = 'buy'")
        bundle = self.site.export()
        self.assert_says(self.site.preview(bundle), "- buy")
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual({"mine", "pack"}, set(self.titles()))

    def test_a_row_that_was_there_before_stays(self):
        change(self.source / "app",
               "insert into task values (9, 'mine', 70, 'It came.')")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("It came.", self.titles()["mine"])
        change(self.source / "app", "delete from task where title = 'mine'")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertIn("mine", self.titles())

    def test_a_large_value_and_one_with_a_hole_come_whole(self):
        change(self.source / "app", """
            alter table task add data blob;
            update task set data = zeroblob(3000000) || x'01' where id = 1;
            update task set body = printf('%.*c', 200000, 'x') where id = 2;
        """)
        change(self.target / "app", "alter table task add data blob")
        self.site.import_(self.site.export(), "--allow-delete")
        ask = ("select title, body, data from task where title <> 'mine' "
               "order by 1")
        found = []
        for path in (self.source, self.target):
            db = sqlite3.connect(path / "app")
            found.append(db.execute(ask).fetchall())
            db.close()
        self.assertEqual(*found)

    def test_the_import_is_noted_in_the_database(self):
        self.site.import_(self.site.export(), "--allow-delete")
        db = sqlite3.connect(self.target / "app")
        self.assertEqual([("demo", 1)], db.execute(
            "select site, seq from valise_import").fetchall())
        db.close()


class Refused(Rows):
    def test_the_first_import_needs_the_right_to_delete(self):
        bundle = self.site.export()
        self.refused_import(4, bundle, "never imported to", "rows: 3")

    def test_a_conflict_is_named_by_the_key_of_the_row(self):
        bundle = self.site.export()
        before = self.state()
        result = self.refused(4, self.site.importing(
            bundle, "--allow-delete", "--on-match", "fail"),
            'row ["blaise@example.org"] of table \'person\'')
        self.assertEqual(before, self.state(), str(result))

    def test_a_constraint_of_the_target_is_named_with_the_row(self):
        for side in (self.source, self.target):
            change(side / "app", "create unique index one on task(body)")
        change(self.source / "app", "update task set body = 'It stays.'"
               " where id = 1")
        bundle = self.site.export()
        self.refused_rows(4, bundle, "table 'task'",
                          "UNIQUE constraint failed: task.body; in the way is "
                          "row [")

    def test_a_profile_that_means_something_else(self):
        bundle = self.site.export()
        self.write_target(profile=self.profile().replace("[title]", "[id]"))
        self.refused_rows(4, bundle, "resource 'app'",
                          "tables (task): key is id here and title there")
        self.write_target(profile="profile: bundle\n")
        self.site.import_(bundle, "--allow-delete")

    def test_a_target_without_a_profile_takes_the_bundles(self):
        bundle = self.site.export()
        self.write_target(profile="")
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual({"mine", "pack", "buy"}, set(self.titles()))

    def test_a_database_that_is_not_there(self):
        bundle = self.site.export()
        (self.target / "app").unlink()
        self.refused(2, self.site.importing(bundle, "--allow-delete"),
                     "is not there")
        self.assertFalse((self.target / "app").exists())

    def test_a_resource_of_another_kind(self):
        bundle = self.site.export()
        yaml = self.site.target_yaml
        yaml.write_text(yaml.read_text().replace(
            f"kind: sqlite, path: {self.target}/app",
            f"kind: files, path: {self.target}/tree").replace(
                self.profile(), ""))
        self.refused(4, self.site.importing(bundle), "'app' is of kind "
                     "'sqlite' in the bundle, and of kind 'files'")

    def test_a_signal_ends_the_wait_for_a_locked_database(self):
        bundle = self.site.export()
        before = self.state()
        db = sqlite3.connect(self.target / "app", isolation_level=None)
        for kind in ("immediate", "exclusive"):
            db.execute(f"begin {kind}")
            running = self.site.start(
                "valise-import", *self.site.importing(
                    bundle, "--allow-delete", "--wait", "3600"))
            time.sleep(0.5)
            self.assertIsNone(running.poll())
            running.send_signal(signal.SIGTERM)
            err = running.communicate(timeout=60)[1]
            self.assertEqual(143, running.returncode, err)
            db.execute("rollback")
        db.close()
        self.assertEqual(before, self.state())

    def test_a_locked_database_is_75_and_says_what_to_do(self):
        bundle = self.site.export()
        db = sqlite3.connect(self.target / "app", isolation_level=None)
        db.execute("begin immediate")
        self.refused(75, self.site.importing(bundle, "--allow-delete"),
                     "app", "stop the application")
        db.execute("rollback")
        db.close()
        self.site.import_(bundle, "--allow-delete")

    def test_a_database_that_may_not_be_written(self):
        self.need_root()
        bundle = self.site.export()
        for path in self.folder.rglob("*"):
            if not path.is_symlink():
                os.chown(path, 65534, 65534)
        os.chown(self.folder, 65534, 65534)
        os.chmod(self.target / "app", 0o444)
        self.site.user = 65534
        self.site.copy_programs()
        before = self.state()
        result = self.site.import_(bundle, "--allow-delete", expect=(1, 4))
        self.assert_says(result, "app")
        self.assertEqual(before, self.state())

    def test_words_that_are_wrong_are_2_before_anything(self):
        bundle = self.site.export()
        self.write_target(profile="profile: none-such\n")
        self.refused(2, self.site.importing(bundle), "none-such")


    def test_a_schema_that_drifted_is_told_column_by_column(self):
        change(self.target / "app", "alter table task add note text")
        bundle = self.site.export()
        self.refused_rows(4, bundle, "task", "note", "allow-schema-drift")
        self.site.import_(bundle, "--allow-delete", "--allow-schema-drift")
        self.assertIn((71, "buy", 3, None, None),
                      rows(self.target / "app")["task"])

    def test_another_version_of_the_application(self):
        asks = "version: {resource: app, sql: \"select 'v' || max(n) from v\"}"
        for side, n in ((self.source, 2), (self.target, 1)):
            change(side / "app", "create table v(n integer primary key);"
                   f"insert into v values ({n})")
        words = self.profile().strip()[:-1] + f", {asks}}}\n"
        words = words.replace("{table: person", "{table: v, skip: true}, "
                              "{table: person")
        self.write(self.site.source_yaml, self.site.source, self.source,
                   self.site.source_state, profile=words)
        self.write_target(profile=words)
        bundle = self.site.export()
        self.refused_rows(4, bundle, "'v2' at the source", "'v1' here")
        # Which go together is the source's to say.
        accept = words.replace("from v\"", "from v\", accept: [\"v*\"]")
        self.write_target(profile=accept)
        self.refused_rows(4, bundle, "version: accept is [\"v*\"] here and "
                          "nothing there")
        self.write(self.site.source_yaml, self.site.source, self.source,
                   self.site.source_state, profile=accept)
        self.site.import_(self.site.export(), "--allow-delete")


class Site(Rows):
    def test_only_takes_what_it_names(self):
        bundle = self.site.export()
        self.site.import_(bundle, "--allow-delete", "--only", "files")
        self.assertEqual({"mine"}, set(self.titles()))
        self.assert_equal_trees()
        self.site.import_(bundle, "--allow-delete", "--only", "app")
        self.assertEqual({"mine", "pack", "buy"}, set(self.titles()))

    def test_rows_that_are_kept_here(self):
        bundle = self.site.export()
        self.write_target("keep_here:\n  - {resource: app, table: person, "
                          "columns: [name]}\n")
        self.site.import_(bundle, "--allow-delete")
        self.assertIn((1, "blaise@example.org", "B."),
                      rows(self.target / "app")["person"])

    def test_records_that_are_others_here(self):
        bundle = self.site.export()
        self.write_target("map:\n  - {resource: app, table: person, "
                          "from: [ada@example.org], "
                          "to: [carla@example.org]}\n")
        self.site.import_(bundle, "--allow-delete")
        found = rows(self.target / "app")
        self.assertNotIn("ada@example.org",
                         [mail for _, mail, _ in found["person"]])
        self.assertIn(2, [who for _, title, who, _ in found["task"]
                          if title == "buy"])


class InUse(Rows):
    """One database in WAL mode, which its application has open."""

    WAL = True

    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()
        self.app = self.open("app")

    def open(self, name):
        db = sqlite3.connect(self.target / name, isolation_level=None)
        self.addCleanup(db.close)
        db.execute("select count(*) from person").fetchone()
        return db

    def test_one_alone_may_be_read_meanwhile(self):
        self.app.execute("begin")
        before = self.app.execute("select count(*) from task").fetchone()
        self.site.import_(self.bundle, "--allow-delete")
        self.assertEqual(before, self.app.execute(
            "select count(*) from task").fetchone())
        self.app.execute("commit")
        self.assertEqual((3,), self.app.execute(
            "select count(*) from task").fetchone())
        self.assertEqual("wal", mode(self.target / "app"))

    def test_several_have_to_be_closed(self):
        make(self.source / "log", SOURCE)
        make(self.target / "log", TARGET)
        self.DBS = ("app", "log")
        self.write(self.site.source_yaml, self.site.source, self.source,
                   self.site.source_state)
        self.write_target()
        bundle = self.site.export()
        self.refused(75, self.site.importing(bundle, "--allow-delete"),
                     "app", "stop the application")
        self.assertEqual({"mine"}, set(self.titles()))
        # A preview takes nothing from anybody.
        self.site.preview(bundle)
        self.app.close()
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual(["wal", "delete"],
                         [mode(self.target / name) for name in self.DBS])


class Killed(Rows):
    """Two trees and two databases, which were in WAL mode."""

    DBS = ("app", "log")
    WAL = True

    def setUp(self):
        super().setUp()
        self.more = self.folder / "dst" / "more"
        write_tree(self.folder / "src" / "more", {"x": "1\n", "y/z": "2\n"})
        for yaml, side in ((self.site.source_yaml, "src"),
                           (self.site.target_yaml, "dst")):
            yaml.write_text(yaml.read_text().replace(
                "  - {name: files", "  - {name: more, kind: files, path: "
                f"{self.folder / side / 'more'}}}\n  - {{name: files"))
        self.site.import_(self.site.export(), "--allow-delete")
        write_tree(self.site.source, {"a": "newer\n", "new/deep": "x"})
        write_tree(self.folder / "src" / "more", {"x": "newer\n"})
        for name in self.DBS:
            change(self.source / name,
                   "update task set body = 'newer' where id = 1;"
                   "insert into task values (3, 'third', 70, null)")
        self.bundle = self.site.export()
        self.crash = Crash(self, self.bundle, "--allow-delete",
                           parts=(self.target, self.more), state=self.state)
        self.points = self.crash.count()
        self.assertTrue(self.recovered("the whole import"))
        # The import is decided once the super-journal is gone.
        calls = (self.folder / "points").read_text().splitlines()
        self.decided = 1 + max(
            int(call.split()[0]) for call in calls
            if " unlink " in call and "-mj" in call)

    def state(self):
        return super().state(), tree_state(self.more)

    def recovered(self, said):
        """All of it, or nothing; and the databases are what they were, or it
        is said."""
        found = self.state()
        self.assertIn(found, (self.crash.old, self.crash.new), said)
        for name in self.DBS:
            if "not in WAL mode again" not in said:
                self.assertEqual("wal", mode(self.target / name), said)
        # What is left of a journal holds nothing to go back to.
        for journal in self.target.glob("*-journal"):
            self.assertEqual(b"", journal.read_bytes()[:8].strip(b"\0"), said)
        self.assertEqual([], self.site.leftovers(), said)
        return found == self.crash.new

    def kill(self, nth):
        self.assertEqual(137, self.crash.kill_at(nth), str(self.crash.last))

    def test_any_point_leaves_all_or_nothing(self):
        step = 1 if ALL else max(1, self.points // SAMPLES)
        at = self.decided
        for nth in sorted({*range(1, self.points, step), at - 1, at, at + 1}):
            with self.subTest(point=nth):
                self.kill(nth)
                said = self.site.recover()
                self.assertEqual(nth >= at,
                                 self.recovered(f"point {nth}: {said}"))

    def test_any_call_that_fails_leaves_all_or_nothing(self):
        step = 1 if ALL else max(1, self.points // SAMPLES)
        at = self.decided
        for nth in sorted({*range(2, self.points, step), at - 1, at, at + 1}):
            action = "EIO" if nth % 2 else "ENOSPC"
            with self.subTest(point=nth, action=action):
                self.crash.reset()
                code = self.crash.hit("-n", str(nth), "-a", action)
                self.assertIn(code, (0, 1, 9), str(self.crash.last))
                self.site.restart()
                said = f"{self.crash.last}{self.site.recover()}"
                whole = self.recovered(said)
                if code in (0, 1):
                    self.assertEqual(code == 0, whole, said)

    def test_where_rows_alone_tell_recovery_needs_them(self):
        """Killed between the commit and the record."""
        aside = self.folder / "aside"
        self.kill(self.decided)
        shutil.move(self.target / "log", aside)
        self.assert_says(self.site.recover(expect=9), "cannot be told", "log")
        self.assert_says(self.site.status(expect=9), "cannot be told")
        shutil.move(aside, self.target / "log")
        with self.locked("log"):
            self.assert_says(self.site.recover(expect=9), "cannot be told",
                             "stop the application")
        self.assert_says(self.site.status(), "decided")
        self.site.recover()
        self.assertTrue(self.recovered("moved back"))
        # The state is lost: what is staged tells of them.
        self.kill(self.decided)
        shutil.rmtree(self.site.target_state)
        self.site.recover(expect=9)
        self.site.recover("--state-lost")
        self.assertTrue(self.recovered("--state-lost"))
        # An older copy of one of them is there.
        self.kill(self.decided)
        for path in self.target.glob("log*"):
            path.unlink()
        shutil.copy(self.crash.kept / "db" / "log", self.target / "log")
        self.assert_says(self.site.recover(expect=9), "diverged",
                         "1 of its 2 databases")
        self.assert_says(self.site.recover("--abandon"), "log", "abandoned")
        self.assert_says(self.site.status(), "idle")

    @contextlib.contextmanager
    def locked(self, name):
        db = sqlite3.connect(self.target / name, isolation_level=None)
        db.execute("pragma locking_mode = exclusive")
        db.execute("begin exclusive")
        yield
        db.close()

    def test_a_writer_between_crash_and_recovery_loses_nothing(self):
        for nth in (self.decided + 8, self.points - 20):
            self.kill(nth)
            change(self.target / "app",
                   "insert into person values (99, 'd@example.org', 'D')")
            said = self.site.recover()
            self.assertIn((99, "d@example.org", "D"),
                          rows(self.target / "app")["person"], str(said))
            for name in self.DBS:
                self.assertEqual("newer", self.titles(name)["pack"])

    def test_a_writer_before_the_decision_loses_nothing_either(self):
        """Who opens the databases first makes SQLite roll them back."""
        for nth in (self.decided - 1, self.decided // 2):
            self.kill(nth)
            change(self.target / "log",
                   "insert into person values (99, 'd@example.org', 'D')")
            said = self.site.recover()
            want = [dict(one) for one in self.crash.old[0][1]]
            want[1]["person"] = want[1]["person"] + [
                (99, "d@example.org", "D")]
            self.assertEqual(((self.crash.old[0][0], want),
                              self.crash.old[1]), self.state(), str(said))
            self.site.import_(self.bundle, "--allow-delete")
            self.assertIn((99, "d@example.org", "D"),
                          rows(self.target / "log")["person"])
            self.assertEqual("newer", self.titles("log")["pack"])

    def test_a_writer_to_a_tree_blocks_it_and_rows_stay_decided(self):
        self.kill(self.decided + 8)
        (self.more / "x").unlink(missing_ok=True)
        (self.more / "x").write_text("theirs\n")
        self.assert_says(self.site.recover(expect=9), self.more / "x",
                         "blocked")
        self.assertEqual("theirs\n", (self.more / "x").read_text())
        self.site.import_(self.bundle, expect=9)
        self.site.recover("--take-ours", self.more / "x")
        self.assertEqual(self.crash.new, self.state())


if __name__ == "__main__":
    unittest.main()
