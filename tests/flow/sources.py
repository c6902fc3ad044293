"""Sources that cannot be read as they stand: what travels is said, and what
did not travel is left alone at the target."""
import json
import os
import resource
import socket
import stat
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


def lines(site, bundle):
    """The manifest lines of a bundle, by path."""
    done = site.run("valise", "ls", "--json", *site.identity, bundle,
                    "files")
    return {line["path"]: line for line in map(json.loads,
                                               done.out.splitlines())}


class OtherKinds(Flow):
    def test_are_counted_and_exit_0(self):
        os.mkfifo(self.site.source / "pipe")
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.site.source / "sock"))
        bundle = self.site.export()
        self.assert_says(self.site.last_export, "2 sockets, FIFOs or devices",
                         "special: true")
        found = lines(self.site, bundle)
        self.assertEqual(["left_out"] * 2,
                         [found[name]["t"] for name in ("pipe", "sock")])

    def test_travel_when_told_so_but_for_sockets(self):
        os.mkfifo(self.site.source / "pipe", 0o620)
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.site.source / "sock"))
        self.site.write_source_yaml("special: true")
        self.site.write_target_yaml("special: true")
        self.carry()
        self.assert_says(self.site.last_export, "1 FIFO or device",
                         "1 socket")
        self.assertTrue((self.site.target / "pipe").is_fifo())
        self.assertFalse((self.site.target / "sock").exists())

    def test_devices_travel_when_told_so(self):
        self.need_root()
        os.mknod(self.site.source / "null", stat.S_IFCHR | 0o640,
                 os.makedev(1, 3))
        self.site.write_source_yaml("special: true")
        self.site.write_target_yaml("special: true")
        self.carry()
        made = os.lstat(self.site.target / "null")
        self.assertTrue(stat.S_ISCHR(made.st_mode))
        self.assertEqual(os.makedev(1, 3), made.st_rdev)

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

    def test_another_file_system_is_not_entered_and_named(self):
        self.mount_tmpfs(self.site.source / "mounted", "size=1M")
        write_tree(self.site.source / "mounted", {"x": "x"})
        write_tree(self.site.target, {"mounted/theirs": "y"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assert_says(self.site.last_export, "'mounted'",
                         "one_file_system: false")
        self.assertEqual(["theirs"],
                         os.listdir(self.site.target / "mounted"))

    def test_another_file_system_is_entered_when_told_so(self):
        self.mount_tmpfs(self.site.source / "mounted", "size=1M")
        write_tree(self.site.source / "mounted", {"x": "x"})
        self.site.write_source_yaml("one_file_system: false")
        self.carry()
        self.assertEqual("x",
                         (self.site.target / "mounted/x").read_text())

    def test_of_many_mount_points_ten_are_named_and_json_has_all(self):
        for i in range(12):
            self.mount_tmpfs(self.site.source / f"m{i:02}", "size=1M")
        self.site.export()
        self.assert_says(self.site.last_export, "'m00'", "'m09'",
                         "and 2 more")
        self.assertNotIn("m10", self.site.last_export.err)
        said = self.site.export("--json", "--dry-run")
        found = [json.loads(line) for line in said.out.splitlines()]
        self.assertEqual([f"m{i:02}" for i in range(12)],
                         [m["path"] for m in found
                          if m.get("left_out") == "mount"])

    def test_a_bind_mount_is_entered_and_a_loop_is_not(self):
        self.need_root()
        elsewhere = self.folder / "elsewhere"
        write_tree(elsewhere, {"in/x": "x"})
        write_tree(self.site.source, {"bound": None, "dir/loop": None})
        for what, on in ((elsewhere, "bound"), (self.site.source,
                                                "dir/loop")):
            on = self.site.source / on
            done = subprocess.run(["mount", "--bind", str(what), str(on)],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                self.skipTest(f"cannot mount: {done.stderr.strip()}")
            self.addCleanup(subprocess.run, ["umount", "-l", str(on)])
        found = lines(self.site, self.site.export())
        self.assertEqual(["mount"] * 2, [found[name]["why"] for name in
                                         ("bound", "dir/loop")])
        self.site.write_source_yaml("one_file_system: false")
        found = lines(self.site, self.site.export())
        self.assertEqual("file", found["bound/in/x"]["t"])
        self.assertEqual("mount", found["dir/loop"]["why"])
        self.assert_says(self.site.last_export, "'dir/loop'")

    def test_a_mount_point_of_the_target_is_never_deleted(self):
        self.carry()
        self.mount_tmpfs(self.site.target / "mounted", "size=1M")
        write_tree(self.site.target / "mounted", {"theirs": "y"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("y", (self.site.target / "mounted/theirs")
                         .read_text())


class Rights(Flow):
    """Setuid and what else gives rights to whoever runs or reads a file."""

    def setUp(self):
        super().setUp()
        self.need_root()
        write_tree(self.site.source, {"tool": "#!/bin/sh\n"})
        os.chmod(self.site.source / "tool", 0o6755)
        os.setxattr(self.site.source / "tool", "trusted.note", b"x")

    def test_are_counted_and_do_not_travel(self):
        self.carry()
        self.assert_says(self.site.last_export, "of 1 entry",
                         "privileged: true")
        tool = self.site.target / "tool"
        self.assertEqual(0o755, stat.S_IMODE(tool.stat().st_mode))
        self.assertEqual([], os.listxattr(tool))

    def test_travel_when_both_sides_say_so(self):
        self.site.write_source_yaml("privileged: true")
        self.site.write_target_yaml("privileged: true")
        self.carry()
        self.assertNotIn("privileged", self.site.last_export.err)
        tool = self.site.target / "tool"
        self.assertEqual(0o6755, stat.S_IMODE(tool.stat().st_mode))
        self.assertEqual(b"x", os.getxattr(tool, "trusted.note"))


class Names(Flow):
    """Files that have several names."""

    def test_travel_once_and_are_counted(self):
        os.link(self.site.source / "a", self.site.source / "dir/a")
        os.symlink("nowhere", self.site.source / "s")
        os.link(self.site.source / "s", self.site.source / "t",
                follow_symlinks=False)
        found = lines(self.site, self.site.export())
        self.assert_says(self.site.last_export, "2 hard links")
        self.assertEqual({"t": "hard", "to": "a"},
                         {k: found["dir/a"][k] for k in ("t", "to")})
        self.assertEqual({"t": "hard", "to": "s"},
                         {k: found["t"][k] for k in ("t", "to")})

    def test_that_lie_outside_are_said_to(self):
        os.link(self.site.source / "a", self.folder / "outside")
        self.carry()
        self.assert_says(self.site.last_export, "1 file of 'files' has "
                         "names outside of what is exported")
        self.assertEqual(1, (self.site.target / "a").stat().st_nlink)


class Links(Flow):
    def test_that_lead_out_stay_behind_when_told_so(self):
        write_tree(self.site.source, {"out": ("link", "/etc"),
                                      "dir/in": ("link", "../a")})
        self.site.write_source_yaml("links: inside")
        found = lines(self.site, self.site.export())
        self.assert_says(self.site.last_export, "1 link out of the tree")
        self.assertEqual("left_out", found["out"]["t"])
        self.assertEqual("link", found["dir/in"]["t"])


class Sparse(Flow):
    def test_a_tebibyte_with_a_mebibyte_of_data_is_read_in_no_time(self):
        path = self.site.source / "big"
        data = os.urandom(1 << 20)
        with path.open("wb") as file:
            try:
                file.truncate(1 << 40)
            except OSError as error:
                self.skipTest(f"no file may be that large: {error}")
            file.seek(700 << 30)
            file.write(data)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        found = lines(self.site, self.site.export())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # What it costs, not how long it waits for others.
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime -
                        before.ru_stime, 2)
        self.assertEqual([[0, 700 << 30],
                          [(700 << 30) + (1 << 20),
                           (1 << 40) - (700 << 30) - (1 << 20)]],
                         found["big"]["holes"])
        self.assert_says(self.site.last_export, "1 file with holes")

    def make_porous(self, holes, size):
        """4 KiB of data behind each hole."""
        path = self.site.source / "porous"
        with path.open("wb") as file:
            for i in range(holes):
                file.seek(i * size + size - 4096)
                file.write(b"x" * 4096)
        if path.stat().st_blocks * 512 > holes * 8192:
            self.skipTest("no holes of that size here")
        return path

    def test_many_holes_of_one_size_cross(self):
        path = self.make_porous(1100, 1 << 20)
        bundle = self.carry()
        self.assertEqual(1100, len(lines(self.site, bundle)["porous"]["holes"]))
        self.assert_says(self.site.last_export, "1 file with holes")
        self.assertNotIn("more holes", self.site.last_export.said)
        self.assertLess(
            (self.site.target / "porous").stat().st_blocks * 512, 8 << 20)
        self.assertTrue(path.read_bytes() ==
                        (self.site.target / "porous").read_bytes())

    def test_holes_without_room_in_a_line_are_said(self):
        path = self.make_porous(6500, 16384)
        bundle = self.carry()
        self.assertGreater(
            len(lines(self.site, bundle)["porous"]["holes"]), 2000)
        self.assert_says(self.site.last_export, "1 file with holes",
                         "1 file of 'files' has more holes")
        self.assertTrue(path.read_bytes() ==
                        (self.site.target / "porous").read_bytes())

    def test_a_file_that_is_too_long_is_said(self):
        self.mount_tmpfs(self.site.source / "large", "size=1M")
        path = self.site.source / "large/file"
        path.touch()
        os.truncate(path, 10**15)
        self.site.write_source_yaml("one_file_system: false")
        self.site.export(expect=3)
        self.assert_says(self.site.last_export, "large/file",
                         "it is longer than 10^15 - 1 bytes")


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
        self.assert_says(result, "No space left", "the medium has 0 B free",
                         "what is exported has 670.0 kB before compression")
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
