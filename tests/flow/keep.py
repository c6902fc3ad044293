"""What the target keeps of a bundle after the import: `keep` of site.yaml."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402


class Keep(Flow):
    def carry_once(self, keep):
        (self.site.source / "a").write_text(f"{keep} {self.number}\n")
        self.number += 1
        self.site.write_target_yaml(
            extra=f"keep: {keep}\n"
            f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n")
        bundle = self.site.export()
        self.site.import_(bundle)
        return bundle

    def setUp(self):
        super().setUp()
        self.number = 0

    def shadow(self):
        """The kept bundle, file by file."""
        folder = self.site.target_state / "demo" / "shadow"
        return {p.name: p.read_bytes() for p in folder.iterdir()} \
            if folder.exists() else {}

    def test_last_keeps_the_last_bundle(self):
        for _ in range(2):
            bundle = self.carry_once("last")
            kept = self.shadow()
            self.assertIn("head.jsn", kept)
            for name, content in kept.items():
                self.assertEqual((bundle / name).read_bytes(), content)

    def test_none_removes_what_was_kept_before(self):
        self.carry_once("last")
        self.carry_once("none")
        self.assertEqual({}, self.shadow())
        self.assertEqual([], self.site.leftovers())


if __name__ == "__main__":
    unittest.main()
