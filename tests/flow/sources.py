"""Sources that cannot be read as they stand: what travels is said, and what
did not travel is left alone at the target."""
import os
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, Flow, write_tree  # noqa: E402


class Unreadable(Flow):
    ENTRIES = {"open": "x", "shut": "secret", "room/inside": "x"}

    def setUp(self):
        super().setUp()
        if os.geteuid() == 0:
            # Rights do not bind root: the source is read by somebody else.
            self.site.copy_programs()
            for path in (self.site.source_state, self.site.medium,
                         self.site.keys):
                path.mkdir(exist_ok=True)
                subprocess.run(["chown", "-R", str(NOBODY), str(path)],
                               check=True)
        self.carry_as_reader()
        os.chmod(self.site.source / "shut", 0)
        os.chmod(self.site.source / "room", 0)

    def export_as_reader(self, expect=0):
        if os.geteuid() == 0:
            self.site.user = NOBODY
        try:
            return self.site.export(expect=expect)
        finally:
            self.site.user = None

    def carry_as_reader(self):
        self.site.import_(self.export_as_reader())

    def test_is_exit_3_and_listed(self):
        self.export_as_reader(expect=3)
        self.assert_says(self.site.last_export, "shut", "room")

    def test_the_rest_travels_and_the_targets_copy_stays(self):
        write_tree(self.site.source, {"open": "newer"})
        self.site.import_(self.export_as_reader(expect=3))
        target = self.site.target
        self.assertEqual("newer", (target / "open").read_text())
        self.assertEqual("secret", (target / "shut").read_text())
        self.assertEqual("x", (target / "room/inside").read_text())


class Changing(Flow):
    def test_a_file_that_never_rests_is_exit_3_and_not_torn(self):
        path = self.site.source / "busy"
        size = 8 << 20
        path.write_bytes(b"0" * size)
        self.carry()
        stop = threading.Event()

        def write():
            n = 0
            with path.open("r+b") as file:
                while not stop.is_set():
                    n += 1
                    file.seek(n * 4096 % size)
                    file.write(bytes(str(n), "ascii"))
                    file.flush()
                    time.sleep(0.0005)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            bundle = self.site.export(expect=3)
        finally:
            stop.set()
            writer.join()
        self.assert_says(self.site.last_export, "busy")
        self.site.import_(bundle)
        self.assertEqual(b"0" * size,
                         (self.site.target / "busy").read_bytes())

    def test_an_import_from_a_tree_in_motion_is_old_or_new_file_by_file(self):
        names = [f"f{i:02}" for i in range(40)]
        for name in names:
            (self.site.source / name).write_bytes(b"0" * 300000)
        self.carry()
        stop = threading.Event()

        def replace():
            n = 0
            while not stop.is_set():
                n += 1
                name = names[n % len(names)]
                draft = self.site.source / ".draft"
                draft.write_bytes(bytes(str(n % 10), "ascii") * 300000)
                os.rename(draft, self.site.source / name)

        writer = threading.Thread(target=replace)
        writer.start()
        try:
            bundle = self.site.export(expect=(0, 3))
        finally:
            stop.set()
            writer.join()
        self.site.import_(bundle, "--allow-delete")
        for name in names:
            content = (self.site.target / name).read_bytes()
            self.assertEqual({300000: 1}, {len(content): len(set(content))},
                             name)


class OtherKinds(Flow):
    def test_are_counted_and_exit_0(self):
        os.mkfifo(self.site.source / "pipe")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.site.source / "sock"))
        self.site.export()
        self.assertRegex(self.site.last_export.err, r"not carried|left out")

    def test_stay_at_the_target(self):
        self.carry()
        os.mkfifo(self.site.target / "pipe")
        self.site.import_(self.site.export())
        self.assertTrue((self.site.target / "pipe").is_fifo())

    def test_a_file_stays_where_the_source_has_a_pipe(self):
        self.carry()
        (self.site.source / "a").unlink()
        os.mkfifo(self.site.source / "a")
        self.site.import_(self.site.export())
        self.assertEqual("first\n", (self.site.target / "a").read_text())

    def test_another_file_system_is_not_entered(self):
        self.mount_tmpfs(self.site.source / "mounted", "size=1M")
        write_tree(self.site.source / "mounted", {"x": "x"})
        write_tree(self.site.target, {"mounted/theirs": "y"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual(["theirs"],
                         os.listdir(self.site.target / "mounted"))

    def test_another_file_system_is_entered_when_told_so(self):
        self.mount_tmpfs(self.site.source / "mounted", "size=1M")
        write_tree(self.site.source / "mounted", {"x": "x"})
        self.site.write_source_yaml("one_file_system: false")
        self.carry()
        self.assertEqual("x",
                         (self.site.target / "mounted/x").read_text())

    def test_a_mount_point_of_the_target_is_never_deleted(self):
        self.carry()
        self.mount_tmpfs(self.site.target / "mounted", "size=1M")
        write_tree(self.site.target / "mounted", {"theirs": "y"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("y", (self.site.target / "mounted/theirs")
                         .read_text())


class BadSources(Flow):
    def test_a_source_that_is_not_there_is_usage(self):
        self.site.source.rename(self.folder / "elsewhere")
        result = self.site.export(expect=2)
        self.assert_says(result, self.site.source)

    def test_a_source_that_is_a_file_is_usage(self):
        self.site.source.rename(self.folder / "elsewhere")
        self.site.source.write_text("x")
        self.site.export(expect=2)

    def test_a_medium_that_is_absent_is_temporary(self):
        result = self.site.export(to=self.folder / "nothing", expect=75)
        self.assert_says(result, "nothing")

    def test_a_full_medium_says_what_was_needed(self):
        small = self.folder / "small"
        self.mount_tmpfs(small, "size=128k")
        write_tree(self.site.source, {"noise": os.urandom(600000)})
        result = self.site.export(to=small, expect=1)
        self.assertRegex(result.err, r"(?i)space|full|need")
        self.assertEqual([], [p for p in small.iterdir()
                              if p.suffix == ".vls"])

    def test_what_a_full_medium_left_is_no_bundle_and_later_goes(self):
        small = self.folder / "small"
        self.mount_tmpfs(small, "size=128k")
        write_tree(self.site.source, {"noise": os.urandom(600000)})
        self.site.export(to=small, expect=1)
        (self.site.source / "noise").unlink()
        subprocess.run(["mount", "-o", "remount,size=4M", str(small)],
                       check=True)
        bundle = self.site.export(to=small)
        self.site.run("valise", "verify", bundle, "--sender",
                      self.site.keys / "sender.pub")


if __name__ == "__main__":
    unittest.main()
