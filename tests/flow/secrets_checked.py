"""valise check-profile opens every secret of a site: how many, with which key,
and of those that do not open the first, by its row and never by its bytes."""
import json
import shutil
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402
import n8n  # noqa: E402

TABLES = "tables: [{table: login, key: [name]}, {table: setting, key: [name]}]"


class Checked(Flow):
    def setUp(self):
        super().setUp()
        self.db = self.folder / "app.db"
        self.yaml = self.folder / "app.yaml"
        self.key = self.folder / "key"
        self.key.write_text(n8n.key_of("src") + "\n")
        self.key.chmod(0o600)
        self.plain = [json.dumps({"password": f"geheim-{n}"})
                      for n in range(3)]
        with sqlite3.connect(self.db, isolation_level=None) as db:
            db.executescript("""
                create table login(id integer primary key, name text unique,
                    data text);
                create table setting(name text primary key, value text);
                insert into setting values('theme', 'dark');""")
            for n, text in enumerate(self.plain):
                db.execute("insert into login values(?, ?, ?)",
                           (n, f"user-{n}", n8n.sealed(text, "src")))
            db.execute("insert into setting values(?, ?)", (
                "ssh", json.dumps({"host": "a", "keys": [
                    {"key": n8n.sealed("one", "src")},
                    {"key": n8n.sealed("two", "src")}]})))
        db.close()

    def do(self, sql, *values):
        with sqlite3.connect(self.db) as db:
            db.execute(sql, values)
        db.close()

    def check(self, *entries, keys=None, expect=0, words=()):
        keys = keys or f"[{{name: app, file: {self.key}}}]"
        self.yaml.write_text(
            f"site: demo\nstate: {self.folder}/state\nmaster_keys: {keys}\n"
            "secrets: {undeclared: warn}\n"
            f"profile:\n  resources:\n    - resource: app\n      {TABLES}\n"
            f"      secrets: [{', '.join(entries)}]\n"
            f"resources:\n  - {{name: app, kind: sqlite, path: {self.db}}}\n")
        result = self.site.run("valise", "check-profile", self.yaml, *words,
                               expect=expect)
        for text in self.plain + ["geheim", "U2FsdGVk", n8n.key_of("src")]:
            self.assertNotIn(text, result.said)
        return result

    def found(self, result, kind):
        return [line.split("\t", 2)[1:] for line in result.out.split("\n")
                if line.split("\t")[0] == kind]

    DATA = "{column: login.data, master_key: app, cipher: n8n, plain: json}"
    SSH = ("{column: setting.value, where: \"name = 'ssh'\", json: "
           "'$.keys[*].key', master_key: app, cipher: n8n}")

    def test_each_entry_says_how_many_open_and_with_which_key(self):
        result = self.check(self.DATA, self.SSH)
        self.assertEqual([
            ["app/login.data", "3 opened\tcipher n8n\tmaster key app"],
            ["app/setting.value", "2 opened\tcipher n8n\tmaster key app\t"
             "in $.keys[*].key\twhere name = 'ssh'"]],
            self.found(result, "secret"))
        result = self.check(self.DATA, words=["--json"])
        said = [line for line in map(json.loads, result.out.splitlines())
                if line["message_type"] == "secret"]
        self.assertEqual([("login", "data", "n8n", "app", 3, 0, 0)], [
            (s["table"], s["column"], s["cipher"], s["master_key"],
             s["opened"], s["clear"], s["broken"]) for s in said])

    def test_another_key_is_told_with_the_first_row(self):
        self.key.write_text("another key")
        result = self.check(self.DATA, expect=2)
        (place, text), = self.found(result, "wrong")
        self.assertEqual("app/login.data", place)
        self.assertRegex(text, r"none of 3 values opens with master key 'app'"
                         r".*row \[\"user-0\"\]: the value does not open")

    def test_one_value_that_is_broken_is_told_by_its_row(self):
        self.do("update login set data = 'U2FsdGVkX19h' where id = 1")
        result = self.check(self.DATA, expect=4)
        self.assertEqual([["app/login.data", "2 opened\t1 broken\tcipher n8n"
                           "\tmaster key app"]], self.found(result, "secret"))
        (_, text), = [f for f in self.found(result, "refused")]
        self.assertRegex(text, r"1 value does not open, the first in row "
                         r"\[\"user-1\"\]: .*form.*on_broken: carry_as_is")
        result = self.check(self.DATA[:-1] + ", on_broken: carry_as_is}")
        self.assertEqual([], self.found(result, "refused"))
        self.assertIn("1 value does not open",
                      "".join(text for _, text in self.found(result, "hint")))

    def test_what_opens_to_something_else_than_plain_says_is_broken(self):
        self.do("update login set data = ? where id = 2",
                n8n.sealed("no json", "src"))
        result = self.check(self.DATA, expect=4)
        (_, text), = self.found(result, "refused")
        self.assertIn("'plain'", text)
        self.assertIn('["user-2"]', text)
        self.check(self.DATA.replace("json", "utf8"))

    def test_a_key_that_is_absent_and_optional_means_in_clear(self):
        self.key.unlink()
        result = self.check(self.DATA, expect=2)
        self.assert_says(result, "No such file", "app.yaml:3:")
        for n, text in enumerate(self.plain):
            self.do("update login set data = ? where id = ?", text, n)
        result = self.check(
            self.DATA, keys=f"[{{name: app, file: {self.key}, optional: true}}]")
        self.assertEqual([["app/login.data", "0 opened\t3 in clear\t"
                           "cipher plain\tmaster key app"]],
                         self.found(result, "secret"))

    def test_what_this_side_lacks_is_told_with_the_line_to_add(self):
        result = self.check(self.DATA, keys="[{name: x, cipher: plain}]",
                            expect=2)
        self.assert_says(result, "master_keys: [{name: app, file: PATH}]")
        result = self.check(self.DATA.replace("n8n", "mine"), expect=2)
        self.assert_says(result, "no cipher 'mine'", "'ciphers'")

    def test_a_key_that_everybody_may_read_is_warned_of_once(self):
        self.key.chmod(0o644)
        result = self.check(self.DATA, self.SSH)
        self.assertEqual(1, result.err.count("may read master key 'app'"))

    def test_against_a_target_secrets_are_compared_and_not_their_ciphertext(
            self):
        target, key = self.folder / "target.db", self.folder / "target-key"
        yaml = self.folder / "target.yaml"
        self.check(self.DATA, self.SSH)
        shutil.copy(self.db, target)
        key.write_text(n8n.key_of("dst"))
        key.chmod(0o600)
        with sqlite3.connect(target) as db:
            for n, text in enumerate(self.plain):
                db.execute("update login set data = ? where id = ?",
                           (n8n.sealed(text, "dst"), n))
            db.execute("delete from setting where name = 'ssh'")
        db.close()
        yaml.write_text(self.yaml.read_text().replace(
            str(self.db), str(target)).replace(str(self.key), str(key)))

        def against(expect=0):
            result = self.check(self.DATA, self.SSH, words=[
                "--against", yaml], expect=expect)
            return result, dict(self.found(result, "against"))

        self.assertEqual("3 same", against()[1]["app/login"])
        self.do("update login set data = ? where id = 0",
                n8n.sealed('{"password": "another"}', "src"))
        _, said = against()
        self.assertEqual("2 same\t1 differ", said["app/login"])
        self.assertIn('1 new: ["ssh"]', said["app/setting"])
        key.write_text("another key")
        result, _ = against(expect=4)
        self.assert_says(result, "master key 'app'")

    def test_values_that_a_right_key_opens_may_be_named(self):
        """Where no secret is there yet, they alone tell of a wrong key."""
        self.do("create table proof(name text primary key, v text)")
        self.do("insert into proof values ('a', null), ('b', ?)",
                n8n.sealed("proof", "src"))
        self.do("delete from login")
        keys = (f"[{{name: app, file: {self.key}, check: "
                "{resource: app, column: proof.v}}]")
        self.check(self.DATA, keys=keys)
        self.key.write_text("another key")
        self.check(self.DATA)
        result = self.check(self.DATA, keys=keys, expect=2)
        self.assert_says(result, "master key 'app' (line 3 of the site file), "
                         "'check': column 'proof.v': no value opens")
        result = self.check(self.DATA, keys=keys.replace("proof.v", "proof.w"),
                            expect=2)
        self.assert_says(result, "column 'proof.w': there is no such column")

    def inventory(self, *words, expect=0):
        result = self.site.run("valise", "inventory", "--secrets", self.yaml,
                               *words, expect=expect)
        for text in self.plain + ["geheim", "U2FsdGVk", "hunter2",
                                  n8n.key_of("src")]:
            self.assertNotIn(text, result.said)
        return result

    def test_the_inventory_lists_what_is_declared_and_what_looks_like_it(self):
        tree = self.folder / "tree"
        (tree / "etc").mkdir(parents=True)
        for name, text in (
                ("etc/app.env", "PORT=80\nDB_PASSWORD=hunter2-and-3\n"),
                ("etc/app.json", '{"api": {"token": "hunter2-and-4"}}'),
                ("etc/id", "-----BEGIN OPENSSH PRIVATE KEY-----\n"
                 + "hunter2" * 10 + "\n-----END OPENSSH PRIVATE KEY-----\n"),
                ("etc/vault", n8n.sealed("geheim", "src")),
                ("code.c", "password = hunter2-and-5;\n"),
                ("etc/large.env", "SECRET=hunter2-and-6\n" + "#" * 70000)):
            (tree / name).write_text(text)
        self.do("insert into setting values('api_token', 'hunter2-and-7')")
        self.check(self.DATA[:-1] + ", on_secret: keep_here}", self.SSH)
        with self.yaml.open("a") as yaml:
            yaml.write(f"  - {{name: tree, kind: files, path: {tree}}}\n")
        self.key.unlink()       # is not needed
        result = self.inventory()
        self.assertEqual([
            ["app/login.data", "3 values\tcipher n8n\tkeep_here\t"
             "master key app"],
            ["app/setting.value", "2 values\tcipher n8n\tmaster key app\t"
             "in $.keys[*].key\twhere name = 'ssh'"]],
            self.found(result, "secret"))
        suspected = dict(self.found(result, "suspected"))
        self.assertEqual({"app/setting.value", "tree/etc/app.env",
                          "tree/etc/app.json", "tree/etc/id",
                          "tree/etc/vault"}, set(suspected))
        self.assertIn("{column: setting.value, where: \"name = 'api_token'\"}",
                      suspected["app/setting.value"])
        self.assertIn("'DB_PASSWORD'", suspected["tree/etc/app.env"])
        self.assertIn("private key", suspected["tree/etc/id"])
        self.assertIn("'n8n'", suspected["tree/etc/vault"])
        self.assert_says(result, "5 secrets declared; 5 suspected places")
        said = list(map(json.loads,
                        self.inventory("--json").out.splitlines()))
        self.assertEqual(
            ["secret"] * 2 + ["summary"] + ["suspected"] * 5,
            sorted(line["message_type"] for line in said))
        self.assertEqual(3, next(line["values"] for line in said
                                 if line["message_type"] == "secret"))
        self.assertEqual([], self.found(self.inventory("--only", "app"),
                                        "tree"))
        self.assert_says(
            self.site.run("valise", "inventory", self.yaml, expect=2),
            "--secrets")

    def test_an_export_stops_at_what_looks_like_a_secret(self):
        self.do("insert into setting values('api_token', 'hunter2-and-7')")
        self.check(self.DATA, self.SSH)
        warned = self.yaml.read_text()
        self.yaml.write_text(warned.replace("warn", "refuse"))
        result = self.site.run("valise-export", self.yaml, "--dry-run",
                               expect=4)
        self.assert_says(result, "'api_token'", "1 place may hold secrets",
                         "not_secret")
        self.assertNotIn("hunter2", result.said)
        self.yaml.write_text(warned.replace("warn", "refuse").replace(
            "      secrets:", "      not_secret: [{column: setting.value, "
            "where: \"name = 'api_token'\"}]\n      secrets:"))
        self.site.run("valise-export", self.yaml, "--dry-run")
        self.yaml.write_text(warned)
        result = self.site.run("valise-export", self.yaml, "--dry-run")
        self.assert_says(result, "'api_token'")


if __name__ == "__main__":
    unittest.main()
