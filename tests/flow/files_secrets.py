"""Secrets in files of trees: opened with the master key of the source, carried
beside the body of their file, and put back with the master key of the target."""
import json
import os
import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from application import open_db  # noqa: E402
from flow import Crash, Flow  # noqa: E402

SIDES = ("src", "dst")
SAMPLES = 60 if os.environ.get("VALISE_TEST_ALL") else 8
PEM = ("-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdrcWhraUc5dzBC\n"
       "-----END PRIVATE KEY-----\n")
PASSWORD = "pA55word-of-the-database"
WORDS = [
    '{file: "keys/*.pem"}',
    "{file: .env, line: DB_PASSWORD}",
    "{file: app.json, json: $.data, master_key: app, cipher: n8n}",
    '{file: "tenants/{tenant}/secrets.json", json: $.data, '
    'master_key: "t-{tenant}", cipher: n8n}',
]


class Files(Flow):

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.root = {"src": self.site.source, "dst": self.site.target}
        for side in SIDES:
            self.root[side].mkdir(parents=True, exist_ok=True)
            n8n.make_config(self.folder, side)
            (self.folder / f"{side}-tenants").write_text(json.dumps(
                {"tenants": {"a.b": {"key": n8n.key_of(side)}}}))
            (self.folder / f"{side}-tenants").chmod(0o600)
        self.put("src", "keys/id.pem", PEM)
        self.put("src", ".env", f"PORT=80\nDB_PASSWORD={PASSWORD}\nDEBUG=0\n")
        self.put("src", "app.json", self.config("src", "app secret"))
        self.put("src", "tenants/a.b/secrets.json",
                 self.config("src", "tenant secret"))
        self.write()

    # Sides.

    def put(self, side, name, text):
        path = self.root[side] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def config(self, side, secret, port=80):
        """JSON as an application writes it, with a secret."""
        return json.dumps({"port": port, "data": n8n.sealed(secret, side)},
                          indent=2) + "\n"

    def text(self, name, side="dst"):
        return (self.root[side] / name).read_text()

    def secret(self, name, side="dst"):
        """What the application sees there."""
        return n8n.opened(json.loads(self.text(name, side))["data"], side)

    def write(self, entries=None, site="", target=None, more="", profile=""):
        """`site` and `target`: words of the target's site, and entries of its
        own; `profile`: lines of the resource."""
        for side in SIDES:
            own = target if side == "dst" and target is not None else (
                WORDS if entries is None else entries)
            words = "".join(f"        - {line}\n" for line in own)
            yaml = (self.site.source_yaml if side == "src"
                    else self.site.target_yaml)
            state = (self.site.source_state if side == "src"
                     else self.site.target_state)
            said = ("profile:\n  resources:\n    - resource: files\n"
                    f"{profile}      secrets:\n{words}{more}") if own else ""
            key = f"{self.folder}/{side}-"
            yaml.write_text(
                f"site: demo\nstate: {state}\nresources:\n"
                f"  - {{name: files, kind: files, path: {self.root[side]}}}\n"
                + said + "secrets: {undeclared: warn}\nmaster_keys:\n"
                f"  - {{name: app, file: {key}config, json: $.encryptionKey}}\n"
                f"  - {{name: \"t-{{tenant}}\", file: {key}tenants, "
                "json: \"$.tenants.{tenant}.key\"}\n"
                + (f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                   + site if side == "dst" else ""))

    def database(self, side):
        return self.root[side].parent / "db" / "app.db"

    def tables(self, words):
        """A database `app` on each side."""
        for side, base in (("src", 0), ("dst", 40)):
            path = self.database(side)
            path.parent.mkdir(exist_ok=True)
            db = open_db(path)
            db.executescript(
                "create table flow(id integer primary key, name text unique, "
                "file text); insert into flow values"
                f"({base + 7}, 'seven', 'seven.json');"
                "create table login(name text primary key, data text);")
            db.execute("insert into login values('a', ?)",
                       (n8n.sealed(f"of a row of {side}", side),))
            db.close()
            yaml = (self.site.source_yaml if side == "src"
                    else self.site.target_yaml)
            yaml.write_text(yaml.read_text().replace(
                "resources:\n", "resources:\n  - {name: app, kind: sqlite, "
                f"path: {path}}}\n", 1).replace(
                "profile:\n  resources:\n", "profile:\n  resources:\n"
                "    - resource: app\n      tables: [{table: flow, key: "
                "[name]}, {table: login, key: [name]}]\n      secrets: "
                "[{column: login.data, master_key: app, cipher: n8n}]\n"
                f"      references: [{words}]\n", 1))

    def carry(self, **more):
        self.bundle = self.site.export()
        result = self.site.import_(self.bundle, "--allow-delete", **more)
        self.assert_tells_no_secret(result)
        return result

    def assert_tells_no_secret(self, result):
        for text in (PASSWORD, PEM.splitlines()[1], "app secret",
                     "tenant secret"):
            self.assertNotIn(text, result.said)

    def view(self):
        """What a kill must not mix."""
        return sorted(
            (str(path.relative_to(self.root["dst"])),
             json.loads(path.read_text())["port"] if path.suffix == ".json"
             else path.read_text(),
             self.secret(path.relative_to(self.root["dst"]))
             if path.suffix == ".json" else "",
             stat.S_IMODE(path.stat().st_mode))
            for path in self.root["dst"].rglob("*") if path.is_file())


class Carried(Files):

    def test_each_is_here_as_this_side_keeps_it(self):
        self.carry()
        self.assertEqual(PEM, self.text("keys/id.pem"))
        self.assertEqual(self.text(".env", "src"), self.text(".env"))
        self.assertEqual("app secret", self.secret("app.json"))
        self.assertEqual("tenant secret",
                         self.secret("tenants/a.b/secrets.json"))
        self.assertNotEqual(self.text("app.json", "src"),
                            self.text("app.json"))
        for name in ("keys/id.pem", ".env", "app.json"):
            self.assertEqual(0o600, stat.S_IMODE(
                (self.root["dst"] / name).stat().st_mode))
        self.assert_says(self.site.import_(self.bundle), "nothing differs")
        self.assert_says(self.site.import_(self.site.export()),
                         "nothing differs")

    def test_one_that_is_encrypted_anew_is_no_other_file(self):
        self.carry()
        path = self.root["dst"] / "app.json"
        before = (path.read_bytes(), path.stat())
        self.put("src", "app.json", self.config("src", "app secret"))
        self.assert_says(self.carry(), "nothing differs")
        self.assertEqual(before, (path.read_bytes(), path.stat()))

    def test_one_that_changes_is_shown_without_its_length(self):
        self.carry()
        self.put("src", "app.json", self.config("src", "x" * 99))
        self.put("src", ".env", "PORT=81\nDB_PASSWORD=short-1-one\nDEBUG=0\n")
        self.put("src", "tenants/a.b/secrets.json",
                 self.config("src", "tenant secret", port=7))
        bundle = self.site.export()
        shown = self.site.preview(bundle)
        self.assertRegex(shown.out, r"(?m)^files +s app\.json +secret changed$")
        self.assertRegex(shown.out, r"(?m)^files +~ \.env +content and secrets$")
        self.assertRegex(shown.out, r"(?m)^files +~ tenants/a\.b/secrets\.json "
                         "+content$")
        self.assertNotIn("short-1-one", shown.said)
        said = [json.loads(line) for line in self.site.preview(
            bundle, "--json").out.splitlines()]
        self.assertIn(("app.json", "secret"), [
            (s.get("path"), s.get("change")) for s in said])
        kept = json.loads(self.text("tenants/a.b/secrets.json"))["data"]
        self.site.import_(bundle)
        self.assertEqual("x" * 99, self.secret("app.json"))
        self.assertIn("short-1-one", self.text(".env"))
        # The target's own ciphertext, beside another value that changed.
        self.assertEqual({"port": 7, "data": kept}, json.loads(
            self.text("tenants/a.b/secrets.json")))

    def test_one_that_does_not_open_here_is_told_and_replaced(self):
        self.carry()
        self.put("dst", "app.json", json.dumps(
            {"port": 80, "data": "U2FsdGVkX1AAAA=="}))
        result = self.carry()
        self.assert_says(result, "1 secret in files here that do not open")
        self.assertEqual("app secret", self.secret("app.json"))

    def test_a_wrong_key_is_found_before_anything_is_written(self):
        self.carry()
        self.put("src", "app.json", self.config("src", "another one"))
        n8n.make_config(self.folder, "dst").write_text(
            '{"encryptionKey": "wrong"}')
        before = {str(p): p.read_bytes()
                  for p in self.root["dst"].rglob("*") if p.is_file()}
        result = self.refused_import(4, self.site.export(), "app.json",
                                     "master key 'app'")
        self.assertNotIn("another one", result.said)
        self.assertEqual(before, {
            str(p): p.read_bytes()
            for p in self.root["dst"].rglob("*") if p.is_file()})

    def test_a_member_of_a_family_that_is_not_there_is_named(self):
        (self.folder / "dst-tenants").write_text('{"tenants": {}}')
        self.refused_import(2, self.site.export(), "'t-a.b'",
                            "the key is not in it")

    def test_a_wrong_key_of_one_member_is_no_less_wrong(self):
        self.put("src", "tenants/b/secrets.json",
                 self.config("src", "of another tenant"))
        keys = self.folder / "dst-tenants"
        for side in SIDES:
            (self.folder / f"{side}-tenants").write_text(json.dumps(
                {"tenants": {name: {"key": n8n.key_of(side)}
                             for name in ("a.b", "b")}}))
        self.carry()
        text = self.text("tenants/b/secrets.json")
        keys.write_text(keys.read_text().replace(
            f'"b": {{"key": "{n8n.key_of("dst")}"}}', '"b": {"key": "wrong"}'))
        self.assertIn("wrong", keys.read_text())
        self.refused_import(4, self.bundle, "no secret opens",
                            "master key 't-{tenant}' of 'b'")
        self.assertEqual(text, self.text("tenants/b/secrets.json"))

    @unittest.skipIf(os.geteuid() == 0, "root reads every file")
    def test_one_that_cannot_be_read_here_is_named(self):
        self.carry()
        path = self.root["dst"] / ".env"
        path.chmod(0)
        self.refused_import(1, self.bundle, "secrets of '.env'",
                            "Permission denied")
        path.chmod(0o600)

    def test_a_side_that_does_not_know_of_secrets_is_told(self):
        self.write(target=[])
        self.refused_import(4, self.site.export(), "came with secrets",
                            "use that of the source")
        self.write(target=WORDS[:2])
        self.refused_import(4, self.site.export(), "app.json",
                            "no entry of 'secrets'")

    def test_keep_here_leaves_what_is_there(self):
        self.put("dst", "app.json", self.config("dst", "its own", port=1))
        self.put("dst", "keys/id.pem", "mine")
        self.write(target=[line[:-1] + ", on_secret: keep_here}"
                           for line in WORDS])
        self.carry()
        self.assertEqual("its own", self.secret("app.json"))
        self.assertEqual(80, json.loads(self.text("app.json"))["port"])
        self.assertEqual("mine", self.text("keys/id.pem"))
        # What is new has none of its own.
        self.assertEqual("tenant secret",
                         self.secret("tenants/a.b/secrets.json"))
        self.assert_says(self.carry(), "nothing differs")

    def test_blank_does_not_travel_and_is_entered_here(self):
        self.put("dst", "app.json", self.config("dst", "its own", port=1))
        self.write([line[:-1] + ", on_secret: blank}" for line in WORDS])
        result = self.carry()
        self.assertEqual("its own", self.secret("app.json"))
        self.assertEqual("PORT=80\nDB_PASSWORD=\nDEBUG=0\n", self.text(".env"))
        self.assertEqual("", self.text("keys/id.pem"))
        for name in (".env", "keys/id.pem", "tenants/a.b/secrets.json"):
            self.assert_says(result, f"'{name}' has a secret that does not "
                             "travel: enter it here")
        self.assertNotIn("'app.json' has", result.said)
        # Entered, it stays.
        self.put("dst", ".env", "PORT=80\nDB_PASSWORD=entered\nDEBUG=0\n")
        self.put("dst", "keys/id.pem", PEM)
        self.carry()
        self.assertIn("entered", self.text(".env"))
        self.assertEqual(PEM, self.text("keys/id.pem"))


    def test_a_master_key_in_a_file_of_the_tree_is_each_sides_own(self):
        """As that of a program of PHP, in its .env beside other settings."""
        for side in SIDES:
            self.put(side, ".env", f"APP_KEY={n8n.key_of(side)}\n"
                     f"PORT={len(side)}\nDB_PASSWORD={PASSWORD}\n")

        def write(words):
            self.write([*WORDS, f"{{file: .env, line: APP_KEY{words}}}"])
            for side in SIDES:
                yaml = (self.site.source_yaml if side == "src"
                        else self.site.target_yaml)
                yaml.write_text(yaml.read_text().replace(
                    f"{self.folder}/{side}-config, json: $.encryptionKey",
                    f"{self.root[side]}/.env, line: APP_KEY"))

        write("")
        result = self.refused_import(4, self.site.export(), "'.env'",
                                     "master key 'app' of this side")
        self.assertNotIn(n8n.key_of("src"), result.said)
        write(", on_secret: keep_here")
        self.put("src", ".env", self.text(".env", "src") + "NEW=1\n")
        self.carry()
        self.assertEqual(f"APP_KEY={n8n.key_of('dst')}\nPORT=3\n"
                         f"DB_PASSWORD={PASSWORD}\nNEW=1\n",
                         self.text(".env"))
        self.assertEqual("app secret", self.secret("app.json"))
        self.assert_says(self.carry(), "nothing differs")


class Moved(Files):

    def test_secrets_follow_a_path_that_is_mapped(self):
        self.write(site="map:\n  - {resource: files, from: keys/id.pem, "
                   "to: keys/of-here.pem}\n  - {resource: files, from: "
                   "\"tenants/**\", to: \"tenants/**\"}\n")
        self.carry()
        self.assertEqual(PEM, self.text("keys/of-here.pem"))
        self.assertEqual("tenant secret",
                         self.secret("tenants/a.b/secrets.json"))
        self.assert_says(self.carry(), "nothing differs")

    def test_hard_links_are_names_of_what_was_filled(self):
        os.link(self.root["src"] / ".env", self.root["src"] / "env.link")
        self.carry()
        self.assertEqual(self.text(".env", "src"), self.text("env.link"))
        self.assertTrue(os.path.samefile(self.root["dst"] / ".env",
                                         self.root["dst"] / "env.link"))
        self.assert_says(self.carry(), "nothing differs")

    def test_a_name_that_comes_second_does_not_hide_its_secrets(self):
        os.link(self.root["src"] / ".env", self.root["src"] / ".a")
        result = self.site.export(expect=4)
        self.assert_says(result, "'.env'", "one file with '.a'", "name both")
        self.assertEqual([], list(self.site.medium.glob("*")))
        self.write([*WORDS, "{file: .a, line: DB_PASSWORD}"])
        self.carry()
        self.assertEqual(self.text(".env", "src"), self.text(".a"))
        self.assert_says(self.carry(), "nothing differs")

    def test_values_that_stay_and_text_that_is_rewritten(self):
        self.put("src", "app.json", json.dumps(
            {"port": 80, "url": "https://old.example/x",
             "data": n8n.sealed("app secret", "src")}))
        self.put("dst", "app.json", json.dumps(
            {"port": 9, "data": n8n.sealed("app secret", "dst")}))
        kept = json.loads(self.text("app.json"))["data"]
        self.write(site="keep_here:\n  - {resource: files, file: app.json, "
                   "json: $.port}\nrewrite:\n  - {resource: files, path: "
                   "app.json, from: old.example, to: new.example}\n")
        self.carry()
        self.assertEqual({"port": 9, "url": "https://new.example/x",
                          "data": kept}, json.loads(self.text("app.json")))
        self.assert_says(self.carry(), "nothing differs")
        for secret, said in (("app secret", None), ("other", "secret changed")):
            self.put("src", "app.json", json.dumps(
                {"port": 80, "url": "https://old.example/x",
                 "data": n8n.sealed(secret, "src")}))
            shown = self.site.preview(self.site.export())
            if said is None:
                self.assert_says(shown, "nothing differs")
            else:
                self.assertRegex(shown.out, r"s app\.json +secret changed")

    def test_a_file_that_is_left_alone_is_not_looked_at(self):
        self.put("dst", "app.json", "no JSON")
        self.write(site="keep_here:\n  - {resource: files, path: app.json}\n")
        self.carry()
        self.assertEqual("no JSON", self.text("app.json"))


class Tied(Files):
    """A file in whose path an id stands, and one that a row owns."""

    def test_secrets_follow_the_id_in_a_path(self):
        self.put("src", "flows/7/secrets.json", self.config("src", "of seven"))
        self.write([*WORDS, '{file: "flows/*/secrets.json", json: $.data, '
                    "master_key: app, cipher: n8n}"])
        self.tables('{path: "flows/{flow.id}/**", in: files}')
        self.carry()
        self.assertEqual("of seven", self.secret("flows/47/secrets.json"))
        self.assert_says(self.carry(), "nothing differs")

    def test_values_of_a_database_tell_of_a_wrong_key_of_files(self):
        self.tables("")
        db = open_db(self.database("dst"))
        db.execute("update flow set file = ?", (n8n.sealed("proof", "dst"),))
        db.close()
        self.site.target_yaml.write_text(
            self.site.target_yaml.read_text().replace(
                "dst-config, json: $.encryptionKey", "dst-config, json: "
                "$.encryptionKey, check: {resource: app, column: flow.file}"))
        bundle = self.site.export()
        config = n8n.make_config(self.folder, "dst")
        right = config.read_text()
        config.write_text('{"encryptionKey": "wrong"}')
        self.refused_import(4, bundle, "master key 'app'", "'flow.file'",
                            "no value opens")
        self.assertFalse((self.root["dst"] / "app.json").exists())
        config.write_text(right)
        self.carry()
        self.assertEqual("app secret", self.secret("app.json"))

    def test_a_key_that_everybody_may_read_is_warned_of_once(self):
        self.tables("")
        bundle = self.site.export()
        (self.folder / "dst-config").chmod(0o644)
        result = self.site.import_(bundle, "--allow-delete")
        self.assertEqual(1, result.err.count("may read master key 'app'"))

    def test_a_tree_of_files_of_rows_has_no_secrets(self):
        self.put("src", "flows/seven.json", self.config("src", "of seven"))
        self.write([*WORDS, '{file: "flows/*.json", json: $.data, '
                    "master_key: app, cipher: n8n}"])
        self.tables('{from: flow, file: "flows/{file}", in: files}')
        self.refused_import(4, self.site.export(), "rows own "
                            "files of it, and '.env' has secrets")


class Killed(Files):

    def clear_text(self, folder):
        """Modes of files below that hold a secret in clear."""
        return {path: stat.S_IMODE(path.stat().st_mode)
                for path in folder.rglob("*") if path.is_file() and
                not path.is_symlink() and
                any(text.encode() in path.read_bytes()
                    for text in (PASSWORD, "TUlJRXZRSUJBREFO", "app secret",
                                 "tenant secret", "of a row of"))}

    def both(self):
        db = open_db(self.database("dst"))
        rows = [(name, n8n.opened(data, "dst"))
                for name, data in db.execute("select * from login")]
        db.close()
        return rows, self.view()

    def test_recovery_needs_no_key_and_leaves_no_secret_behind(self):
        self.put("dst", "app.json", self.config("dst", "before", port=1))
        self.put("dst", ".env", "PORT=80\nDB_PASSWORD=before-1\nDEBUG=0\n")
        self.tables("")
        self.faultat()
        bundle = self.site.export()
        crash = Crash(self, bundle, "--allow-delete", state=self.both,
                      parts=(self.database("dst").parent,))
        points = crash.count()
        config = (self.folder / "dst-config").read_text()
        found = set()
        for nth in [*range(1, points, max(1, points // SAMPLES)), points]:
            with self.subTest(point=nth):
                crash.kill_at(nth)
                self.assertEqual({}, self.clear_text(self.site.target_state))
                for path, mode in self.clear_text(
                        self.site.target.parent).items():
                    self.assertEqual(0o600, mode, path)
                (self.folder / "dst-config").unlink()
                said = self.site.recover()
                (self.folder / "dst-config").write_text(config)
                now = self.both()
                self.assertIn(now, (crash.old, crash.new), said)
                found.add(now == crash.new)
        self.assertEqual({True, False}, found)


if __name__ == "__main__":
    unittest.main()
