"""Secrets in files of a tree, at the source: they travel under the transfer key
and nowhere else, and what stands of them in clear elsewhere is found."""
import base64
import json
import os
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from flow import Flow, write_tree  # noqa: E402

ENV = "APP_ENV=production\nDB_PASSWORD=s3cr3t-w0rd-99\n"
CONFIG = '{"db": {"host": "h", "password": "hunter2-hunter2"}, "v": 1}\n'
PEM = ("-----BEGIN PRIVATE KEY-----\n"
       + base64.b64encode(bytes(range(100))).decode() + "\n"
       "-----END PRIVATE KEY-----\n")
WORDS = """
secrets:
  - {file: .env, line: DB_PASSWORD}
  - {file: config.json, json: $.db.password}
  - {file: "keys/*.pem"}
"""
SECRETS = ("s3cr3t-w0rd-99", "hunter2-hunter2", PEM.split("\n")[1])


class Tree(Flow):
    ENTRIES = {"srv/.env": ENV, "config.json": CONFIG, "keys/a.pem": PEM,
               "readme.txt": "nothing here\n"}

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.words(WORDS)

    def words(self, words, extra="", database=""):
        path = self.folder / "app.yaml"
        path.write_text(database + ("" if database else "resources:\n")
                        + "  - resource: files\n" + "".join(
                            f"    {line}\n"
                            for line in words.strip().splitlines()))
        self.site.write_source_yaml(extra=f"profile: {path}\n" + extra)

    def lines(self, bundle):
        out = self.site.run("valise", "ls", "--json", bundle,
                            *self.site.identity).out
        return {line["path"]: line for line in map(
            json.loads, out.splitlines()) if "path" in line}

    def body(self, bundle, path):
        return self.site.run("valise", "cat", bundle, f"files/{path}",
                             *self.site.identity, expect=(0, 1, 2)).out

    def refused(self, code, *said, words=()):
        result = self.site.export(*words, expect=code)
        self.assert_says(result, *said)
        self.assertEqual([], list(self.site.medium.glob("*.vls")))
        for secret in SECRETS:
            self.assertNotIn(secret, result.said)
        return result


class Lines(Tree):

    def test_slots_stand_where_secrets_stood(self):
        lines = self.lines(self.site.export())
        self.assertEqual(
            [[31, "line DB_PASSWORD", "text"]],
            [[s[0], *s[2:]] for s in lines["srv/.env"]["slots"]])
        self.assertEqual(
            [[34, "$.db.password", "text"]],
            [[s[0], *s[2:]] for s in lines["config.json"]["slots"]])
        self.assertEqual([[0, "", "text"]],
                         [[s[0], *s[2:]]
                          for s in lines["keys/a.pem"]["slots"]])
        self.assertEqual(0, lines["keys/a.pem"]["size"])
        self.assertNotIn("slots", lines["readme.txt"])

    def test_an_unchanged_tree_has_the_same_lines(self):
        first = self.lines(self.site.export())
        self.assertEqual(first, self.lines(self.site.export()))
        write_tree(self.site.source, {"srv/.env": ENV.replace("99", "98")})
        second = self.lines(self.site.export())
        self.assertEqual(first["srv/.env"]["hash"],
                         second["srv/.env"]["hash"])
        self.assertNotEqual(first["srv/.env"]["slots"],
                            second["srv/.env"]["slots"])
        self.assertEqual(first["config.json"], second["config.json"])

    def test_no_secret_is_on_the_medium_or_in_the_state(self):
        bundle = self.site.export("--level", "1")
        out = self.site.run("valise", "ls", "--json", bundle,
                            *self.site.identity).out
        for secret in SECRETS:
            self.assertNotIn(secret, out)
            self.assertNotIn(secret, self.site.last_export.said)
            found = subprocess.run(
                ["grep", "-rlF", "--", secret, str(self.site.medium),
                 str(self.site.source_state)], capture_output=True,
                check=False)
            self.assertEqual(b"", found.stdout)

    def test_blank_does_not_travel_and_is_told(self):
        self.words("secrets:\n  - {file: .env, line: DB_PASSWORD, on_secret: "
                   "blank}\n  - {file: \"keys/*.pem\"}\n"
                   "  - {file: config.json, json: $.db.password}\n")
        lines = self.lines(self.site.export())
        self.assertNotIn("slots", lines["srv/.env"])
        self.assertEqual(31 + 1, lines["srv/.env"]["size"])
        self.assert_says(self.site.last_export, "1 secret of files not "
                         "carried ('on_secret: blank')")

    def test_what_is_found_nowhere_is_told(self):
        self.words(WORDS + "  - {file: .env, line: NO_SUCH}\n")
        self.site.export()
        self.assert_says(self.site.last_export, "note: resource 'files': "
                         "'secrets', '.env, line NO_SUCH': no file has one "
                         "there")

    def test_words_of_the_site_go_before_the_profile_s(self):
        path = self.folder / "app.yaml"
        self.site.write_source_yaml(
            extra=f"profile: {{use: {path}, secrets: [{{resource: files, "
            "file: .env, line: DB_PASSWORD, on_secret: blank}]}\n")
        self.assertNotIn("slots",
                         self.lines(self.site.export())["srv/.env"])

    def test_a_file_that_is_too_long_is_refused_by_name(self):
        self.words(WORDS + '  - {file: "*.bin"}\n')
        write_tree(self.site.source, {"large.bin": b"\0" * ((16 << 20) + 1)})
        self.refused(4, "file 'large.bin' has more than 16777216 bytes")

    def test_a_secret_that_is_too_long_and_too_many_are_refused(self):
        self.words(WORDS + '  - {file: "*.bin"}\n')
        write_tree(self.site.source, {"large.bin": b"\1" * ((1 << 20) + 1)})
        self.refused(4, "file 'large.bin'", "a secret of more than 1 MiB")
        (self.site.source / "large.bin").unlink()
        self.words(WORDS + '  - {file: many.json, json: "$.*"}\n')
        write_tree(self.site.source, {"many.json": json.dumps(
            {f"k{i}": f"v{i}" for i in range(100_000)})})
        self.refused(4, "file 'many.json'", "more secrets than a line")

    def test_what_cannot_be_read_is_refused_or_carried_as_it_is(self):
        write_tree(self.site.source, {"config.json": '{"db": '})
        self.refused(4, "file 'config.json': not JSON at byte",
                     "on_broken: carry_as_is")
        self.words(WORDS.replace("$.db.password", "$.db.password, on_broken: "
                                 "carry_as_is"))
        line = self.lines(self.site.export())["config.json"]
        self.assertEqual([[0, "", "broken"]],
                         [[s[0], *s[2:]] for s in line["slots"]])

    def test_names_of_one_file_travel_as_before(self):
        os.link(self.site.source / "srv/.env", self.site.source / "srv/2.env")
        lines = self.lines(self.site.export())
        self.assertEqual("hard", lines["srv/2.env"]["t"])


class Keys(Tree):
    """Under a master key of the source's application."""

    ENTRIES = {"s.json": '{"data": "%s"}\n'}

    def setUp(self):
        super().setUp()
        self.key = self.folder / "app.key"
        self.key.write_text(n8n.key_of("src") + "\n")
        self.key.chmod(0o600)
        self.words(
            "secrets:\n  - {file: s.json, json: $.data, master_key: app, "
            "cipher: n8n, plain: json}\n",
            extra="master_keys:\n"
            f"  - {{name: app, file: {self.key}}}\n")
        self.put("src")

    def put(self, side):
        sealed = n8n.sealed('{"token":"tok_0123456789abcdef"}', side)
        write_tree(self.site.source, {"s.json": '{"data": "%s"}\n' % sealed})

    def test_the_same_secret_encrypted_anew_is_the_same_line(self):
        first = self.lines(self.site.export())["s.json"]
        self.put("src")
        second = self.lines(self.site.export())["s.json"]
        self.assertEqual(first["slots"], second["slots"])
        self.assertEqual(first["hash"], second["hash"])

    def test_a_wrong_master_key_stops_before_the_export(self):
        self.put("dst")
        self.refused(2, "resource 'files': 'secrets', 's.json, $.data': no "
                     "secret opens with master key 'app'")

    def test_a_value_that_does_not_open_is_refused_by_its_place(self):
        write_tree(self.site.source, {"t/s.json": '{"data": "nonsense"}\n'})
        self.refused(4, "file 't/s.json', $.data: the value does not have the "
                     "form of cipher 'n8n': mend it, or say 'on_broken: "
                     "carry_as_is'")

    def test_what_was_opened_is_looked_for_in_clear(self):
        write_tree(self.site.source, {"x.log": "sent tok_0123456789abcdef\n"})
        self.refused(4, "file 'x.log' has in clear what 's.json, $.data' "
                     "keeps secret")


class Hunted(Tree):
    """What stands in clear elsewhere stops the export."""

    def test_found_in_small_and_large_files_and_across_pieces(self):
        size = 5 << 20
        write_tree(self.site.source, {
            "small.log": "with s3cr3t-w0rd-99\n",
            "large.bin": os.urandom(size) + b"hunter2-hunter2"
            + os.urandom(size),
            "sub/base64.txt": base64.b64encode(b"..s3cr3t-w0rd-99.."),
            "escaped.json": json.dumps({"k": PEM})})
        result = self.refused(4, "4 places have in clear what is declared a "
                              "secret elsewhere")
        for name in ("small.log", "large.bin", "sub/base64.txt",
                     "escaped.json"):
            self.assert_says(result, f"file '{name}' has in clear what '",
                             f"leaks: [{{file: \"{name}\", do: slot}}]")
        result = self.refused(4, "4 places have", words=("--dry-run",))

    def test_at_every_distance_from_the_borders_of_what_is_read(self):
        """A secret over any border between two reads is found."""
        secret = b"s3cr3t-w0rd-99"
        for at in (1 << 20, 1 << 21, 1 << 22):
            for step in range(0, len(secret) + 1, 3):
                data = bytearray(os.urandom((4 << 20) + 4096))
                place = at - step
                data[place:place + len(secret)] = secret
                write_tree(self.site.source, {f"b{at}-{step}": bytes(data)})
        self.refused(4, "15 places have in clear")

    def test_leaks_say_what_becomes_of_them(self):
        write_tree(self.site.source, {
            "a.log": "one s3cr3t-w0rd-99 two s3cr3t-w0rd-99\n",
            "b.log": "one s3cr3t-w0rd-99 two\n",
            "c.log": "one s3cr3t-w0rd-99 two\n"})
        self.words(WORDS + "leaks:\n  - {file: a.log, do: slot}\n"
                   "  - {file: b.log, do: blank}\n"
                   "  - {file: c.log, do: allow}\n")
        lines = self.lines(self.site.export())
        self.assertEqual(
            [[4, "@1", "text"], [9, "@2", "text"]],
            [[s[0], *s[2:]] for s in lines["a.log"]["slots"]])
        self.assertEqual(9, lines["b.log"]["size"])
        self.assertNotIn("slots", lines["b.log"])
        self.assertEqual(23, lines["c.log"]["size"])

    def test_beside_its_own_place_it_is_one_too(self):
        write_tree(self.site.source,
                   {"srv/.env": ENV + "# was s3cr3t-w0rd-99\n"})
        self.refused(4, "file 'srv/.env' has in clear what '.env, line "
                     "DB_PASSWORD' keeps secret")

    def test_what_is_excluded_is_not_searched(self):
        write_tree(self.site.source, {"x.log": "s3cr3t-w0rd-99\n"})
        path = self.folder / "app.yaml"
        self.site.write_source_yaml("exclude: ['*.log']",
                                    f"profile: {path}\n")
        self.site.export()

    def test_secrets_of_files_are_found_in_rows_and_the_other_way(self):
        database = self.folder / "app.db"
        with sqlite3.connect(database) as db:
            db.execute("create table log (id integer primary key, text text)")
            db.execute("create table login (name text primary key, pass text)")
            db.execute("insert into log values (1, 'a s3cr3t-w0rd-99')")
            db.execute("insert into login values ('a', 'row-s3cret-77')")
        db.close()
        write_tree(self.site.source, {"x.log": "b row-s3cret-77\n"})
        self.words(WORDS, database="resources:\n  - resource: app\n"
                   "    tables: [{table: log, key: [id]}]\n"
                   "    secrets: [{column: login.pass}]\n")
        with self.site.source_yaml.open("a") as yaml:
            yaml.write("  - name: app\n    kind: sqlite\n"
                       f"    path: {database}\n")
        self.refused(4, "2 places have in clear",
                     "column 'log.text': 1 value has in clear what '.env, "
                     "line DB_PASSWORD' keeps secret",
                     "file 'x.log' has in clear what 'login.pass' keeps "
                     "secret")


KEY = ("-----BEGIN RSA PRIVATE KEY-----\n"
       + base64.b64encode(bytes(range(200))).decode()
       + "\n-----END RSA PRIVATE KEY-----\n")


class Suspected(Tree):
    """What looks like a secret, and of which no line speaks."""

    LOOKS = {"etc/app.env": "API_TOKEN=ab12cd34ef56\n",
             "etc/id": KEY,
             "etc/vault": n8n.sealed("a secret of n8n", "src") + "\n",
             "run/db_password": "hunter2-33-x\n",
             "app.json": '{"smtp": {"password": "Passw0rd-77"}}\n'}
    # What programs' own files say of secrets, and is none.
    PASSES = {"package.json": '{"dependencies": {"js-tokens": "^4.0.0", '
              '"csrf-token": "2.1.0-beta12", "token-lib": '
              '"npm:token@9.0.2"}}\n',
              "de.json": '{"password": "Passwort", "reset_password_url": '
              '"/account/reset/password", "token_type": "bearer_v2"}\n',
              "sample.env": "DB_PASSWORD=changeme123\nAPI_KEY=your-key-123\n"
              "SECRET=${SECRET_77AB}\nTOKEN=\n",
              "config.php": "<?php\n$password = getenv('DB_PASSWORD_77');\n",
              "pem.txt": "how to: -----BEGIN PRIVATE KEY----- and so on\n",
              "public.pem": KEY.replace("RSA PRIVATE", "PUBLIC"),
              "token.c": "int next_token(void) { return 4711; }\n",
              "k8s.yaml": "secretName: my-tls-cert1\ntokenTtl: 3600\n"}

    def test_an_export_stops_and_names_each_with_the_line_to_add(self):
        write_tree(self.site.source, self.LOOKS)
        result = self.refused(4, "5 places may hold secrets, which would "
                              "travel as they stand")
        for name in self.LOOKS:
            self.assert_says(result, f"file '{name}': ",
                             f"not_secret: [{{file: \"{name}\"}}]")
        self.assert_says(
            result, "what stands beside 'API_TOKEN' may be a secret",
            "it holds a private key", "encrypted as under cipher "
            "'n8n'", "what stands beside 'password'")
        self.assertNotIn("ab12cd34", result.said)
        self.refused(4, "5 places may", words=("--dry-run",))

    def test_what_is_about_secrets_and_is_none_passes(self):
        write_tree(self.site.source, self.PASSES)
        self.site.export()

    def test_words_of_the_profile_or_the_site_let_them_pass(self):
        write_tree(self.site.source, self.LOOKS)
        self.words(WORDS + 'not_secret: [{file: "etc/*"}, {file: app.json}, '
                   "{file: run/db_password}]\n")
        self.site.export()
        self.words(WORDS, extra="secrets: {undeclared: warn}\n")
        self.site.export()
        self.assert_says(self.site.last_export, "file 'etc/id': it holds a "
                         "private key")

    def test_the_rest_of_a_file_that_holds_declared_ones_is_looked_at(self):
        write_tree(self.site.source,
                   {"srv/.env": ENV + "MAIL_PASSWORD=pw-4711-x\n"})
        result = self.refused(4, "1 place may hold secrets")
        self.assert_says(result, "'MAIL_PASSWORD'")

    def test_all_of_a_site_is_told_at_once(self):
        resources = []
        for name in ("one", "two"):
            with sqlite3.connect(self.folder / f"{name}.db") as db:
                db.execute("create table s (k text primary key, token text)")
                db.execute("insert into s values ('a', 'tok-77-ab-12')")
            db.close()
            resources.append(f"  - name: {name}\n    kind: sqlite\n"
                             f"    path: {self.folder}/{name}.db\n")
        write_tree(self.site.source, self.LOOKS)
        with self.site.source_yaml.open("a") as yaml:
            yaml.write("".join(resources))
        result = self.refused(4, "7 places may hold secrets")
        self.assert_says(result, "resource 'one': 's.token': ",
                         "resource 'two': 's.token': ",
                         "resource 'files': file 'etc/id': ")

    def test_check_profile_and_inventory_speak_of_files(self):
        write_tree(self.site.source, self.LOOKS)
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml, expect=4)
        self.assert_says(
            result,
            "secret\tfiles/.env\t1 files\t0 opened\t1 in clear\tcipher "
            "plain\tin line DB_PASSWORD",
            "secret\tfiles/keys/*.pem\t1 files",
            "refused\tfiles\tfile 'etc/id': it holds a private key\tadd: "
            "not_secret: [{file: \"etc/id\"}]")
        result = self.site.run("valise", "inventory", "--secrets",
                               self.site.source_yaml)
        self.assert_says(
            result, "secret\tfiles/config.json\t1 files\t1 values\tcipher "
            "plain\tin $.db.password",
            "3 secrets declared; 5 suspected places")
        said = [json.loads(line) for line in self.site.run(
            "valise", "inventory", "--secrets", "--json",
            self.site.source_yaml).out.splitlines()]
        self.assertEqual(
            [".env", "config.json", "keys/*.pem"],
            sorted(line["file"] for line in said
                   if line["message_type"] == "secret"))

    def test_check_profile_names_what_an_export_would_refuse(self):
        write_tree(self.site.source, {"config.json": '{"db": '})
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml, expect=4)
        self.assert_says(result, "1 of 1 do not open, the first "
                         "'config.json': not JSON at byte")
        self.words(WORDS + "  - {file: .env, line: NONE}\n")
        write_tree(self.site.source, {"config.json": CONFIG})
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml)
        self.assert_says(result, "'secrets' is about file '.env', line NONE, "
                         "and no file has one there")


if __name__ == "__main__":
    unittest.main()
