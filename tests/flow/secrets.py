"""Secrets: opened with the master key of the source, carried under the transfer
key, and kept with the master key of the target."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from application import Sides, tree  # noqa: E402
from flow import Crash  # noqa: E402

MAP = ("map:\n  - {resource: app, table: user, from: [admin@example.test],"
       " to: [chef@ziel.test]}\n")
TOKEN = '{"name":"X-Token","value":"tok_0123456789abcdef"}'


SAMPLES = 400 if os.environ.get("VALISE_TEST_ALL") else 8


class Site(Sides):

    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            n8n.make_database(self.db[side], side)
        n8n.make_binary(self.files["src"])
        self.keys = {side: n8n.master_keys(self.folder, side)
                     for side in ("src", "dst")}
        self.write_yaml("profile: n8n\n", extra=MAP, sides=self.keys)

    def credentials(self, side):
        """Name to what n8n itself sees there, with the key of that side."""
        return {name: n8n.opened(data, side) for name, data in self.ask(
            side, "select name, data from credentials_entity")}

    def manifest(self, bundle, *identity):
        out = self.site.run("valise", "ls", "--json", bundle,
                            *(identity or self.site.identity)).out
        return [line for line in out.splitlines() if '"r":' in line]

    def put(self, side, name, text):
        self.ask(side, "update credentials_entity set data = ? where name = ?",
                 n8n.sealed(text, side), name)

    def view(self):
        """What a kill must not mix: credentials, opened, and files."""
        return (sorted(self.credentials("dst").items()),
                sorted(tree(self.files["dst"]).items()))


class Killed(Site):
    """Recovery needs no password, no key of a bundle and no master key."""

    def test_recovery_finishes_or_undoes_without_any_key(self):
        self.faultat()
        bundle = self.site.export()
        crash = Crash(self, bundle, "--allow-delete",
                      parts=(self.folder / "dst",), state=self.view)
        points = crash.count()
        config = n8n.make_config(self.folder, "dst")
        found = set()
        for nth in [*range(1, points, max(1, points // SAMPLES)), points]:
            with self.subTest(point=nth):
                crash.kill_at(nth)
                config.unlink()
                said = self.site.recover()
                now = self.view()
                self.assertIn(now, (crash.old, crash.new), said)
                found.add(now == crash.new)
                n8n.make_config(self.folder, "dst")
        self.assertEqual({True, False}, found)


class N8n(Site):
    """Credentials, by the profile that is shipped."""

    def test_credentials_open_at_the_target_with_its_own_key(self):
        was = self.credentials("src")
        own = self.credentials("dst")["Only in target"]
        self.assertNotEqual(was["Header token"],
                            self.credentials("dst")["Header token"])
        self.carry()
        now = self.credentials("dst")
        self.assertEqual(own, now.pop("Only in target"))
        self.assertEqual(was, now)
        self.assertEqual(TOKEN, now["Header token"])
        self.assertEqual("dstHdr0000000001", self.one(
            "dst", "select id from credentials_entity where name = "
            "'Header token'"))
        result = self.site.import_(self.site.export())
        self.assert_says(result, "nothing")

    def test_encrypting_all_anew_changes_no_line_and_no_row(self):
        first = self.manifest(self.site.export())
        self.carry()
        n8n.sealed_anew(self.db["src"], "src")
        bundle = self.site.export()
        self.assertEqual(first, self.manifest(bundle))
        before = self.ask("dst", "select * from credentials_entity")
        self.assert_says(self.site.import_(bundle), "nothing")
        self.assertEqual(before, self.ask(
            "dst", "select * from credentials_entity"))

    def test_one_secret_that_changes_is_one_line_of_manifest_and_preview(self):
        self.carry()
        first = self.manifest(self.bundle)
        self.put("src", "SSH build host", '{"privateKey":"another key"}')
        bundle = self.site.export()
        lines = [line for line in self.manifest(bundle) if line not in first]
        self.assertEqual(1, len(lines), lines)
        self.assertIn('"data":{"$secret":"sf1.', lines[0])
        result = self.site.preview(bundle)
        shown = [line for line in result.out.splitlines()
                 if "SSH build host" in line]
        self.assertEqual(1, len(shown), result)
        self.assertRegex(shown[0], r"^app +credentials_entity +s \S*.*"
                                   r"SSH build host +secret changed$")
        self.assertNotIn("another key", result.said)
        self.assertNotIn(json.loads(lines[0])["row"]["data"]["$secret"],
                         result.said)
        self.site.import_(bundle)
        self.assertIn("another", self.credentials("dst")["SSH build host"])

    def test_the_wrong_key_of_either_side_is_found_before_anything_else(self):
        bundle = self.site.export()
        path = n8n.make_config(self.folder, "dst")
        path.write_text('{"encryptionKey": "another"}')
        before = self.ask("dst", "select * from credentials_entity")
        self.refused_import(4, bundle, "master key 'app'",
                            "'credentials_entity'", "row ")
        self.assertEqual(before, self.ask(
            "dst", "select * from credentials_entity"))
        path = n8n.make_config(self.folder, "src")
        path.write_text('{"encryptionKey": "another"}')
        result = self.site.export(expect=2)
        self.assert_says(result, "master key 'app'", "'credentials_entity'")
        for name in ("src", "dst"):
            for value in self.ask(name, "select data from "
                                  "credentials_entity"):
                self.assertNotIn(value[0], result.said)

    def test_a_wrong_key_is_found_where_the_target_has_no_secret_yet(self):
        """By `check`: values of its own that the right key opens."""
        self.do("dst", "pragma foreign_keys = on; "
                "delete from credentials_entity")
        for side in ("src", "dst"):
            self.do(side, "create table proof(name text primary key, v text)")
        self.ask("dst", "insert into proof values('a', 'in clear'), ('b', ?)",
                 n8n.sealed("proof", "dst"))
        keys = {"src": self.keys["src"],
                "dst": self.keys["dst"].replace(
                    "json:", "check: {resource: app, column: proof.v}, json:")}
        self.write_yaml("profile: n8n\n", extra=MAP, sides=keys)
        bundle = self.site.export()
        config = n8n.make_config(self.folder, "dst")
        config.write_text('{"encryptionKey": "another"}')
        before = self.db["dst"].read_bytes()
        files = tree(self.files["dst"])
        self.refused_import(4, bundle, "resource 'app'", "master key 'app'",
                            "'check': column 'proof.v': no value opens")
        self.assertEqual(before, self.db["dst"].read_bytes())
        self.assertEqual(files, tree(self.files["dst"]))
        n8n.make_config(self.folder, "dst")
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual(self.credentials("src"), self.credentials("dst"))

    def test_a_token_in_the_log_of_executions_travels_as_a_secret(self):
        """n8n keeps what a request was sent in clear (README of the site)."""
        told = [row[0] for row in self.ask(
            "src", "select data from execution_data where data like "
            "'%tok_0123456789abcdef%'")]
        self.assertTrue(told)
        bundle = self.site.export()
        self.assertNotIn("tok_0123456789abcdef",
                         "".join(self.manifest(bundle)))
        self.site.import_(bundle, "--allow-delete")
        now = [row[0] for row in self.ask(
            "dst", "select data from execution_data where data like "
            "'%tok_0123456789abcdef%'")]
        self.assertEqual(len(told), len(now))
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_an_export_stops_where_a_secret_stands_in_clear(self):
        self.do("src", "update workflow_entity set staticData = "
                "'{\"last\": \"tok_0123456789abcdef\"}' where name = "
                "'Error handler'")
        result = self.site.export(expect=4)
        self.assert_says(result, "column 'workflow_entity.staticData'",
                         "'credentials_entity.data'", "Error handler",
                         "leaks: [{column: workflow_entity.staticData")
        self.assertNotIn("tok_0123456789abcdef", result.said)
        self.write_yaml("profile: {use: n8n, leaks: [{resource: app, column: "
                        "workflow_entity.staticData, do: blank}]}\n",
                        extra=MAP, sides=self.keys)
        self.carry()
        self.assertEqual('{"last": ""}', self.one(
            "dst", "select staticData from workflow_entity where name = "
            "'Error handler'"))

    def test_a_site_that_does_not_name_its_key_is_told_what_to_add(self):
        self.write_yaml("profile: n8n\n", extra=MAP)
        result = self.site.export(expect=2)
        self.assert_one_line(result)
        self.assert_says(result, "master_keys: [{name: app")

    def test_a_credential_that_does_not_open_is_named_by_its_key(self):
        self.do("src", "update credentials_entity set data = 'U2FsdGVkX19h' "
                "where name = 'SSH build host'")
        result = self.site.export(expect=4)
        self.assert_says(result, "SSH build host", "on_broken")
        self.assertNotIn("U2FsdGVkX19h", result.said)


if __name__ == "__main__":
    unittest.main()
