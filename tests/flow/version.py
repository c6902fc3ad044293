"""The version of an application by a file or a command, and what of it counts
where a bundle brings it."""
import os
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

SCHEMA = "create table t(id integer primary key, name text unique);"


class Version(Flow):
    def setUp(self):
        super().setUp()
        self.sides = {"source": self.folder / "a", "target": self.folder / "b"}
        for side, folder in self.sides.items():
            folder.mkdir()
            db = sqlite3.connect(folder / "app.db", isolation_level=None)
            db.executescript(SCHEMA)
            db.close()
        self.site.source_yaml = self.sides["source"] / "site.yaml"
        self.site.target_yaml = self.sides["target"] / "site.yaml"

    def write(self, version, **others):
        for side in self.sides:
            trust = f"{{sender: {self.site.keys}/sender.pub"
            if others.get("code") and side == "target":
                trust += ", code: true"
            words = (f"profile:\n  version: {{resource: app, {version}}}\n"
                     "  resources: [{resource: app, tables: "
                     "[{table: t, key: [name]}]}]\n")
            if side == "target" and others.get("bundle"):
                words = "profile: bundle\n"
            (self.sides[side] / "site.yaml").write_text(
                "site: demo\nstate: state\nresources:\n"
                "  - {name: app, kind: sqlite, path: app.db}\n" + words +
                (f"trust: [{trust}}}]\n" if side == "target" else ""))

    def put(self, name, source, target):
        for side, text in (("source", source), ("target", target)):
            (self.sides[side] / name).write_text(text)

    def carry(self, expect=0):
        return self.site.import_(self.site.export("--allow-empty"),
                                 expect=expect)

    def refused(self, words):
        result = self.site.export("--allow-empty", expect=2)
        self.assert_says(result, *words)
        self.assert_one_line(result)

    def test_a_whole_file(self):
        self.write("file: VERSION")
        self.put("VERSION", "1.2\n", "1.2\r\n\n")
        self.carry()
        self.put("VERSION", "1.2\n", "1.3\n")
        self.assert_says(self.carry(4), "of version '1.2' at the source and "
                         "of '1.3' here")
        self.write("file: VERSION, accept: ['1.*']")
        self.carry()

    def test_a_value_in_a_file(self):
        self.write("file: package.json, json: $.app.version")
        self.put("package.json", '{"app": {"version": "7\\u002e1"}, "x": 1}',
                 '{"app": {"version": "7.1"}, "x": 2}')
        self.carry()
        self.put("package.json", '{"app": {"version": 8}}', "{}")
        self.assert_says(self.carry(2), "has 0 values at '$.app.version'")

    def test_a_value_in_a_file_of_yaml(self):
        self.write("file: Chart.yaml, yaml: $.app.version")
        self.put("Chart.yaml", "app: {version: '7.1'}\n",
                 "# the chart\napp:\n  name: x\n  version: \"7.1\"\n")
        self.carry()
        self.put("Chart.yaml", "app: {version: '7.1'}\n", "app: {version: 8}")
        self.assert_says(self.carry(4), "of version '7.1' at the source")
        self.put("Chart.yaml", "app: [\n", "")
        self.refused(["is not YAML"])

    def test_what_is_no_version(self):
        self.write("file: V")
        self.refused(["cannot read", "a/V", "No such file"])
        for text, words in (("", "empty"), (" \n", "empty"),
                            ("1\n2\n", "not one line"), ("a\0b", "not one"),
                            ("x" * 1025, "more than 1024 bytes")):
            self.put("V", text, text)
            self.refused([words])
        (self.sides["source"] / "V").write_bytes(b"\xff\xfe")
        self.refused(["not one line of text"])
        (self.sides["source"] / "V").unlink()
        os.mkfifo(self.sides["source"] / "V")
        self.refused(["cannot read"])
        self.write("file: W, json: $.v")
        self.put("W", "no json", "")
        self.refused(["is not JSON"])
        self.put("W", '{"v": 1, "a": {"v": 2}}', "")
        self.write("file: W, json: $..v")
        self.refused(["has 2 values"])

    def test_a_command_without_a_shell(self):
        self.write('command: [printf, "%s;%s", "$HOME", "a b"]')
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml)
        self.assertIn("version\tapp\t$HOME;a b\n", result.out)
        self.carry()
        self.write("command: [sh, -c, 'exit 3']")
        self.refused(["'version': 'sh' ends with 3"])
        self.write("command: [/no/such/thing]")
        self.refused(["cannot run '/no/such/thing'"])
        self.write('command: [sh, -c, "echo $VALISE_SEEN$HOME."]')
        os.environ["VALISE_SEEN"] = "seen"
        self.assertIn("version\tapp\t.\n", self.site.run(
            "valise", "check-profile", self.site.source_yaml).out)

    def test_a_bundle_brings_no_command_that_runs(self):
        mark = self.folder / "ran"
        command = f"command: [sh, -c, 'echo x >> {mark}; echo 1']"
        self.write(command, bundle=True)
        bundle = self.site.export("--allow-empty")
        mark.unlink()
        result = self.site.import_(bundle)
        self.assert_says(result, "'version' by a command is the bundle's and "
                         "is not run")
        self.assertFalse(mark.exists())
        self.write(command, bundle=True, code=True)
        self.site.import_(self.site.export("--allow-empty"))
        self.assertEqual("x\nx\n", mark.read_text())

    def test_a_bundle_reads_no_file_but_beside_the_site_file(self):
        secret = self.folder / "secret"
        secret.write_text("1\n")
        self.put("V", "1\n", "2\n")
        for path in (secret, "../secret", "x/../../secret"):
            (self.sides["source"] / "x").mkdir(exist_ok=True)
            self.write(f"file: {path}", bundle=True)
            secret.write_text("1\n")
            bundle = self.site.export("--allow-empty")
            secret.write_text("2\n")
            result = self.site.import_(bundle)
            self.assert_says(result, "'version' by a file outside is the "
                             "bundle's")
        self.write("file: V", bundle=True)
        self.assert_says(self.carry(4), "of version '1' at the source and of "
                         "'2' here")


if __name__ == "__main__":
    unittest.main()
