"""A database on each side, and a profile that both, or one of them, have."""
import hashlib
import sqlite3

from flow import Flow

RESOURCE = "profile:\n  resources:\n    - resource: app\n"


class Sides(Flow):
    def setUp(self):
        super().setUp()
        self.files = {}
        for side in ("source", "target"):
            folder = self.folder / f"side-{side}"
            folder.mkdir()
            self.files[side] = folder / "app.db"

    def change(self, side, sql):
        db = sqlite3.connect(self.files[side], isolation_level=None)
        db.executescript(sql)
        db.close()

    def ask(self, sql, side="target"):
        db = sqlite3.connect(self.files[side])
        found = db.execute(sql).fetchall()
        db.close()
        return found

    def digest(self, side="target"):
        return hashlib.sha256(self.files[side].read_bytes()).hexdigest()

    def profile(self, words):
        """Lines of the resource `app`, as the word of a site."""
        return RESOURCE + "".join(
            f"      {line}\n" for line in words.strip().splitlines())

    def write(self, side, words="", extra="", code=""):
        """`words`: of the profile, or none; `extra`: more of the site."""
        trust = (f"trust:\n  - {{sender: {self.site.keys}/sender.pub{code}}}"
                 "\n") if side == "target" else ""
        path = (self.site.source_yaml if side == "source"
                else self.site.target_yaml)
        state = (self.site.source_state if side == "source"
                 else self.site.target_state)
        path.write_text(
            f"site: demo\nstate: {state}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.files[side]}}}\n"
            f"{trust}{self.profile(words) if words else ''}{extra}")

    def both(self, words, extra=""):
        self.write("source", words, extra)
        self.write("target", words, extra)

    def carry(self, *words, expect=0):
        """Export, preview, import: the same answer, and what the preview
        showed; nothing is written where it is refused."""
        bundle = self.site.export()
        before = self.digest()
        shown = self.site.preview(bundle, expect=expect)
        self.assertEqual(before, self.digest())
        result = self.site.import_(bundle, "--allow-delete", *words,
                                   expect=expect)
        if expect != 0:
            self.assertEqual(before, self.digest())
            self.assert_one_line(result)
        return shown if expect == 0 else result

    def nothing_differs(self):
        before = self.digest()
        self.assert_says(self.site.import_(self.site.export()),
                         "nothing differs")
        self.assertEqual(before, self.digest())

    def signs(self, result):
        """The lines of a preview: table, sign, key and columns, sorted."""
        lines = (line.split() for line in result.out.splitlines())
        return sorted(" ".join(words[1:]) for words in lines
                      if len(words) > 3 and words[0] == "app" and
                      words[2] in "+-~!*")
