"""Databases as they are found: with an application that writes, or was killed,
and a real one with its files."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from database import Rows  # noqa: E402


class Writers(Rows):
    """Applications that write while they are read, or were killed."""

    ACCOUNTS = ("create table account(name text primary key, n int,"
                " filler text);"
                "with c(i) as (select 0 union all select i + 1 from c"
                " where i < 2999) insert into account"
                " select printf('%04d', i), 100, hex(zeroblob(300)) from c;")

    def killed(self, mode):
        """The application dies in a transaction that has reached the disk;
        the one before it was complete."""
        self.make(f"pragma journal_mode = {mode};" + self.ACCOUNTS)
        script = f"""
import os, signal, sqlite3
db = sqlite3.connect({str(self.db)!r}, isolation_level=None)
db.execute("pragma cache_size = 10")
db.execute("update account set n = 101")
db.execute("begin")
db.execute("update account set n = 7, filler = hex(zeroblob(310))")
os.kill(os.getpid(), signal.SIGKILL)
"""
        done = subprocess.run([sys.executable, "-c", script], check=False)
        self.assertEqual(-signal.SIGKILL, done.returncode)
        return {row["n"] for row in self.rows(self.site.export(), "account")}

    def test_one_that_was_killed_in_a_transaction(self):
        self.assertEqual({101}, self.killed("delete"))
        self.assertEqual({101}, self.killed("wal"))
        db = sqlite3.connect(self.db)
        self.assertEqual([(101,)], db.execute(
            "select distinct n from account").fetchall())
        db.close()

    def test_one_that_goes_on_writing(self):
        for mode in ("delete", "wal"):
            self.make(f"pragma journal_mode = {mode};" + self.ACCOUNTS)
            stop = threading.Event()
            commits = []

            def move():
                db = sqlite3.connect(self.db, timeout=30)
                while not stop.is_set():
                    a, b = os.urandom(2)
                    db.execute("update account set n = n - 1 where name = ?",
                               (f"{a:04}",))
                    db.execute("update account set n = n + 1 where name = ?",
                               (f"{2999 - b:04}",))
                    db.commit()
                    commits.append(1)
                db.close()

            writer = threading.Thread(target=move)
            writer.start()
            try:
                bundle = self.site.export()
            finally:
                stop.set()
                writer.join()
            rows = self.rows(bundle, "account")
            self.assertEqual((3000, 300000),
                             (len(rows), sum(row["n"] for row in rows)))
            self.assertGreater(len(commits), 1)


class Application(Rows):
    """The whole of a real one, by the profile that is shipped for it."""

    ENTRIES = {"own": "x"}

    def setUp(self):
        super().setUp()
        self.db.unlink()
        n8n.make_database(self.db, "src")
        n8n.make_binary(self.site.source)
        self.site.source_yaml.write_text(
            self.site.source_yaml.read_text()
            + f"  - {{name: binary, kind: files, path: {self.site.source}}}\n"
            "profile: n8n\n" + n8n.master_keys(self.folder, "src"))

    def test_n8n_travels_by_names(self):
        bundle = self.site.export()
        self.assert_says(self.site.last_export, "'app': 55 rows, 31 tables",
                         "380 rows", "'workflow_version_increment'",
                         "'binary': 13 files")
        self.site.run("valise", "verify", "--open", bundle, "--sender",
                      self.site.keys / "sender.pub", *self.site.identity)
        lines = self.lines(bundle)
        self.assertEqual("profile", lines[0]["t"])
        self.assertTrue(lines[0]["version"])
        # Ids are where nothing is compared, and in no other place.
        ids = {line["x"]["id"] for line in lines
               if isinstance(line.get("x", {}).get("id"), str)}
        self.assertIn("wfSubNormalise01", ids)
        for line in lines:
            line.pop("x", None)
            text = json.dumps(line)
            for one in ids:
                self.assertNotIn(f'"{one}"', text)
        main, = (row for row in self.rows(bundle, "workflow_entity")
                 if row["name"] == "Main: order intake")
        called = [part for part in main["nodes"]["$parts"]
                  if not isinstance(part, str)]
        self.assertIn(["workflow_entity", [["personal", "admin@example.test"],
                       None, "Sub: normalise"], "json"], called)
        table = "data_table_user_{[[\"personal\",\"admin@example.test\"]," \
            "\"orders\"]}"
        self.assertEqual(2, len(self.rows(bundle, table)))

    def test_its_manifest_is_one_whatever_the_layout(self):
        first = self.manifest()
        with sqlite3.connect(self.db, isolation_level=None) as db:
            db.executescript("pragma page_size = 1024; vacuum; reindex;"
                             "pragma journal_mode = wal;")
        db.close()
        self.assertEqual(first, self.manifest())


if __name__ == "__main__":
    unittest.main()
