"""A master key that stands in a file of a tree which an import carries: the
key of this side stays what it is, or nothing is written."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402
from application import tree  # noqa: E402

KEYS = {"src": "source-key-0123456789", "dst": "target-key-9876543210"}


class KeyInTree(Flow):

    def setUp(self):
        super().setUp()
        self.root = {}
        for side in ("src", "dst"):
            self.root[side] = self.folder / side
            (self.root[side] / "etc").mkdir(parents=True)
            self.put(side, "data", side)
        self.file = self.root["dst"] / "etc" / "app.json"
        self.write(f"file: {self.file}, json: $.key")

    def put(self, side, name, text):
        path = self.root[side] / name
        path.write_text(text)
        path.chmod(0o600)

    def config(self, side, key=None, **more):
        self.put(side, "etc/app.json",
                 json.dumps({"key": key or KEYS[side], **more}))

    def write(self, key, words="", resource="", name="app"):
        """`key`: where the target has it; the source has none."""
        for side, yaml, state, more in (
                ("src", self.site.source_yaml, self.site.source_state, ""),
                ("dst", self.site.target_yaml, self.site.target_state,
                 f"master_keys: [{{name: \"{name}\", {key}}}]\n{words}\n"
                 f"trust: [{{sender: {self.site.keys}/sender.pub}}]\n")):
            yaml.write_text(
                f"site: demo\nstate: {state}\nresources:\n"
                f"  - {{name: home, kind: files, path: {self.root[side]}"
                f"{resource if side == 'dst' else ''}}}\n{more}")

    def refused_whole(self, *said):
        bundle = self.site.export()
        before = tree(self.root["dst"])
        for run in (self.site.preview, self.site.import_):
            more = [] if run == self.site.preview else ["--allow-delete"]
            result = run(bundle, *more, expect=4)
            self.assert_says(result, "master key 'app' of this side",
                             "'keep_here' or 'exclude'", *said)
            for key in KEYS.values():
                self.assertNotIn(key, result.said)
        self.assertEqual(before, tree(self.root["dst"]))

    def taken(self):
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("src", (self.root["dst"] / "data").read_text())

    def test_a_bundle_that_brings_another_key_is_refused(self):
        self.config("src")
        self.config("dst")
        self.refused_whole("'etc/app.json'", "the bundle has another one")

    def test_a_bundle_without_the_file_is_refused(self):
        self.config("dst")
        self.refused_whole("'etc/app.json'", "does not have the file")

    def test_what_is_no_file_any_more_is_refused(self):
        (self.root["src"] / "etc/app.json").symlink_to("/dev/null")
        self.config("dst")
        self.refused_whole("'etc/app.json'", "the bundle has another one")

    def test_the_same_key_may_come_with_other_values(self):
        self.config("src", KEYS["dst"], theme="dark")
        self.config("dst", theme="light")
        self.taken()
        self.assertEqual("dark", json.loads(self.file.read_text())["theme"])

    def test_a_value_that_stays_is_no_other_key(self):
        self.config("src", theme="dark")
        self.config("dst", theme="light")
        self.write(f"file: {self.file}, json: $.key", "keep_here: [{resource: "
                   "home, file: etc/app.json, json: $.key}]")
        self.taken()
        self.assertEqual({"key": KEYS["dst"], "theme": "dark"},
                         json.loads(self.file.read_text()))

    def test_a_file_that_stays_keeps_its_key(self):
        for words, resource in (
                ("keep_here: [{resource: home, path: etc/app.json}]", ""),
                ("", ", exclude: [etc/app.json]")):
            with self.subTest(words or resource):
                self.config("src")
                self.config("dst")
                self.put("dst", "data", "dst")
                self.write(f"file: {self.file}, json: $.key", words, resource)
                self.taken()
                self.assertEqual(KEYS["dst"],
                                 json.loads(self.file.read_text())["key"])

    def test_a_key_may_come_where_none_was(self):
        self.config("src")
        self.taken()
        self.assertEqual(KEYS["src"], json.loads(self.file.read_text())["key"])

    def test_a_file_that_a_link_leads_to_is_found(self):
        link = self.folder / "key"
        link.symlink_to(self.root["dst"] / "etc" / "raw")
        for side in ("src", "dst"):
            (self.root[side] / "etc/raw").write_bytes(
                b"\0\xff" + KEYS[side].encode())
        self.write(f"file: {link}")
        bundle = self.site.export()
        self.refused_import(4, bundle, "'etc/raw'", "master key 'app'")

    def test_a_file_of_a_family_stays_as_it_is(self):
        for side in ("src", "dst"):
            (self.root[side] / "etc/acme").mkdir()
            self.put(side, "etc/acme/key", KEYS[side])
        self.write(f"file: \"{self.root['dst']}/etc/{{t}}/key\"",
                   name="app-{t}")
        bundle = self.site.export()
        self.refused_import(4, bundle, "'etc/acme/key'", "'app-{t}'")
        self.put("src", "etc/acme/key", KEYS["dst"])
        self.taken()


if __name__ == "__main__":
    unittest.main()
