"""What a tree can hold arrives: the awkward tree, and trees made of one thing
only.  Equal is what treecmp.py calls so, and what rsync, getfacl, getfattr
and lsattr do."""
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, Site, write_tree  # noqa: E402
import awkward  # noqa: E402
import others  # noqa: E402
from metadata import ACCESS, acl, dismantle  # noqa: E402
from treecmp import compare, printable, scan  # noqa: E402

ROOT = os.geteuid() == 0
EVERYTHING = os.environ.get("VALISE_TEST_ALL") == "1"
ALL = "special: true\nprivileged: true"
# What programs that use paths as strings cannot name, and what nobody copies.
OUT_OF_REACH = (b"deep", b"long", b"sockets")


def touched(tree):
    """Inode and change time of every path: what an untouched tree keeps."""
    return {path: (entry.inode, entry.changed)
            for path, entry in scan(tree).items()}


def messages(result, kind):
    """The objects of this type of a program's --json.  Lines end with LF
    alone: names have all that Python takes for the end of a line."""
    lines = [json.loads(line) for line in result.out.split("\n") if line]
    return [line for line in lines if line["message_type"] == kind]


def last_summary(result):
    return messages(result, "summary")[-1]


class Faithful(unittest.TestCase):
    """A site whose words allow everything; below /var/tmp, since a tmpfs
    does not hold all of it everywhere."""

    WORDS = ALL

    def setUp(self):
        self.site = self.new_site(self.addCleanup)

    @classmethod
    def new_site(cls, clean):
        folder = tempfile.mkdtemp(prefix="faithful.", dir="/var/tmp")
        clean(dismantle, folder)
        os.chmod(folder, 0o755)
        site = Site(folder)
        site.run("valise", "keygen", site.keys)
        site.write_source_yaml(cls.WORDS)
        site.write_target_yaml(cls.WORDS)
        return site

    def become_nobody(self):
        site = self.site
        site.copy_programs()
        site.source.parent.mkdir()
        for path in (site.source_state, site.target_state):
            path.mkdir()
        for path in (site.folder, site.source_state, site.target_state,
                     site.medium, site.source.parent, site.target.parent):
            os.chown(path, NOBODY, NOBODY)
        subprocess.run(["chown", "-R", str(NOBODY), str(site.keys)],
                       check=True)
        site.user = NOBODY

    def export_summary(self, *words):
        """What an export counts, though it writes nothing."""
        return last_summary(self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--recipient",
            self.site.keys / "recipient.pub", "--dry-run", "--json", *words,
            expect=(0, 3)))

    def assert_equal(self, **options):
        self.maxDiff = None
        self.assertEqual([], compare(self.site.source, self.site.target,
                                     sockets=False, **options))


@unittest.skipUnless(ROOT, "only root can have all of it")
class AwkwardTree(Faithful):
    """Made and carried once; each test looks at what became of it."""

    @classmethod
    def setUpClass(cls):
        site = cls.site = cls.new_site(cls.addClassCleanup)
        awkward.make(site.source)
        cls.before = touched(site.source)
        cls.bundle = site.export()
        cls.verified = site.run("valise", "verify", "--open", cls.bundle,
                                "--sender", site.keys / "sender.pub",
                                *site.identity, expect=tuple(range(128)))
        cls.preview = site.preview(cls.bundle, "--json")
        cls.absent_after_preview = not site.target.exists()
        cls.imported = site.import_(cls.bundle, "--json")

    def setUp(self):
        pass

    def assert_no_other_finds(self, found):
        if found is None:
            self.skipTest("not installed")
        self.assertEqual([], found)

    def test_everything_is_equal(self):
        self.assert_equal()

    def test_the_export_changes_nothing_at_the_source(self):
        self.assertEqual(self.before, touched(self.site.source))

    def test_verify_finds_it_whole(self):
        self.assertEqual(0, self.verified.code, str(self.verified))

    def test_the_preview_makes_nothing_and_lists_everything(self):
        self.assertTrue(self.absent_after_preview)
        added = messages(self.preview, "plan")
        sockets = sum(entry.kind == "socket" for entry in
                      scan(self.site.source).values())
        self.assertEqual({"add"}, {line["change"] for line in added})
        self.assertIn(len(scan(self.site.source)) - sockets - len(added),
                      (0, 1))  # the root may be listed or not

    def test_nothing_is_left_beside_it(self):
        self.assertEqual([], self.site.leftovers())

    def test_rsync_finds_no_difference(self):
        self.assert_no_other_finds(others.rsync(
            self.site.source, self.site.target, OUT_OF_REACH))

    def test_getfacl_getfattr_and_lsattr_find_no_difference(self):
        for program in others.PROGRAMS:
            with self.subTest(program=program):
                self.assert_no_other_finds(others.differences(
                    program, self.site.source, self.site.target,
                    OUT_OF_REACH))

    def test_another_import_touches_nothing(self):
        before = touched(self.site.target)
        self.site.import_(self.bundle)
        self.assertEqual(before, touched(self.site.target))
        self.site.import_(self.site.export())
        self.assertEqual(before, touched(self.site.target))


@unittest.skipUnless(ROOT, "only root can have all of it")
class AwkwardChanges(Faithful):
    def carry(self, seed):
        awkward.remove(self.site.source)
        awkward.make(self.site.source, seed)
        self.site.import_(self.site.export(), "--allow-delete")
        self.assert_equal()
        self.assertEqual([], self.site.leftovers())

    def test_one_awkward_tree_becomes_another_and_another(self):
        for seed in (1, 2, 7) if EVERYTHING else (1, 7):
            self.carry(seed)
            self.site.preview(self.site.export(), "--exit-code")

    def test_an_awkward_tree_becomes_one_that_was_never_imported(self):
        awkward.make(self.site.target, 5)
        outside = os.fsencode(self.site.target) + b".outside"
        before = scan(outside + b"/name")[b""]
        self.carry(1)
        after = scan(outside + b"/name")[b""]
        for aspect in ("mode", "owner", "mtime", "content", "xattrs"):
            self.assertEqual(getattr(before, aspect), getattr(after, aspect))

    def test_an_awkward_tree_goes_away(self):
        self.carry(1)
        awkward.remove(self.site.source)
        write_tree(self.site.source, {"last": "x"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assert_equal()


class OrdinaryUser(Faithful):
    """The same programs without rights; root gives his up for it."""

    WORDS = ""

    def setUp(self):
        super().setUp()
        if ROOT:
            self.become_nobody()
        self.as_user(awkward.make, self.site.source, privileged=False)

    def as_user(self, function, *arguments, **more):
        if not ROOT:
            function(*arguments, **more)
            return
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                function(*arguments, **more)
                code = 0
            finally:
                os._exit(code)
        self.assertEqual(0, os.waitpid(child, 0)[1])

    def privileged(self):
        """Paths whose modes give rights, and the modes without these."""
        kept = {"file": 0o1777, "dir": 0o3777}
        return {path: entry.mode & kept[entry.kind] for path, entry in
                scan(self.site.source).items() if entry.kind in kept
                and entry.mode & ~kept[entry.kind]}

    def differences(self):
        """Aspects and paths in which the target is not as the source."""
        found = {}
        for text in compare(self.site.source, self.site.target,
                            sockets=False):
            path, aspect = text.split("\t")[:2]
            found.setdefault(aspect, set()).add(path)
        return found

    def test_what_is_not_carried_is_counted_and_said(self):
        special = [entry for entry in scan(self.site.source).values()
                   if entry.kind in ("fifo", "socket")]
        summary = self.export_summary()
        self.assertEqual(len(special), summary["left_out_kind"])
        self.assertEqual(len(self.privileged()),
                         summary["not_carried_privileged"])
        self.site.export()
        self.assertRegex(self.site.last_export.err, r"left out .*FIFO")
        self.assertRegex(self.site.last_export.err,
                         r"not carried .*setuid.*privileged")

    def test_the_rest_is_carried(self):
        self.site.import_(self.site.export())
        source, target = scan(self.site.source), scan(self.site.target)
        special = {printable(path) for path, entry in source.items()
                   if entry.kind == "fifo"}
        privileged = self.privileged()
        self.assertEqual({"kind": special,
                          "mode": set(map(printable, privileged))},
                         self.differences())
        self.assertEqual(privileged, {path: target[path].mode
                                      for path in privileged})

    def test_pipes_need_leave_and_no_rights(self):
        for side in (self.site.write_source_yaml, self.site.write_target_yaml):
            side("special: true")
        self.site.import_(self.site.export())
        self.assertEqual({"mode"}, set(self.differences()))
        before = touched(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, touched(self.site.target))

    def test_what_only_root_may_give_is_refused_before_anything_changes(self):
        for side in (self.site.write_source_yaml, self.site.write_target_yaml):
            side(ALL)
        bundle = self.site.export()
        result = self.site.preview(bundle, "--json", expect=4)
        conflicts = [line["path"] for line in messages(result, "plan")
                     if line["change"] == "conflict"]
        self.assertEqual(
            sorted(path.decode() for path, entry in
                   scan(self.site.source).items()
                   if entry.kind == "file" and entry.mode & 0o6000),
            conflicts)
        self.site.import_(bundle, expect=4)
        self.assertFalse(self.site.target.exists())


@unittest.skipUnless(ROOT, "only root can read what its owner cannot")
class WithoutRightsOfTheirOwn(Faithful):
    """Root's bundle has directories that an importer without rights could
    neither list nor enter, once he has made them."""

    WORDS = ""
    MODES = {"new/list": 0o444, "new/enter": 0o311, "new/no": 0,
             "new/no/deep": 0o0, "new/no/deep/er": 0o200,
             "new/write": 0o555}

    def setUp(self):
        super().setUp()
        self.become_nobody()
        source = self.site.source
        write_tree(source, {"new/" + name: "x" for name in
                            ("no/a", "no/deep/b", "no/deep/er/c", "list/d",
                             "enter/e", "write/f", "g")})
        # Leaders and further names, in and out of these directories.
        for first, name in (("new/no/a", "new/list/a"),
                            ("new/no/a", "outside"),
                            ("new/list/d", "new/no/deep/z"),
                            ("new/list/d", "new/z")):
            os.link(source / first, source / name)
        os.setxattr(source / "new/enter", ACCESS, acl(3, 1, 1, {33: 1}))
        for name, mode in self.MODES.items():
            os.chmod(source / name, mode)
        os.setxattr(source / "new/enter", ACCESS, acl(3, 1, 1, {33: 1}))
        subprocess.run(["chown", "-Rh", f"{NOBODY}:{NOBODY}", str(source)],
                       check=True)
        self.site.user = None
        self.bundle = self.site.export()
        for path in self.site.medium.rglob("*"):
            os.chown(path, NOBODY, NOBODY)
        self.site.user = NOBODY

    def test_they_arrive_with_all_that_is_in_them(self):
        self.site.import_(self.bundle)
        self.assert_equal()
        self.assertEqual([], self.site.leftovers())

    def test_what_is_refused_late_leaves_nothing(self):
        write_tree(self.site.target, {"there": "x"})
        self.site.import_(self.bundle, expect=4)
        self.assertEqual([], self.site.leftovers())


@unittest.skipUnless(ROOT and shutil.which("mkfs.btrfs"), "needs btrfs")
class Btrfs(Faithful):
    """Where some flags are taken of empty files only."""

    def setUp(self):
        super().setUp()
        folder = self.site.folder / "disk"
        folder.mkdir()
        image = self.site.folder / "image"
        with image.open("wb") as file:
            file.truncate(256 << 20)
        subprocess.run(["mkfs.btrfs", "-q", image], check=True,
                       capture_output=True)
        done = subprocess.run(["mount", "-o", "loop", image, folder],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"cannot mount: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(folder)])
        self.site.source = folder / "source"
        self.site.target = folder / "target" / "tree"
        self.site.target.parent.mkdir()
        self.site.write_source_yaml(self.WORDS)
        self.site.write_target_yaml(self.WORDS)

    def make(self, name, flag, data):
        path = self.site.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch()
        if flag:
            subprocess.run(["chattr", flag, path], check=True)
        path.write_bytes(data)
        os.utime(path, ns=(10**18, 10**18))

    def carry(self):
        self.site.import_(self.site.export())
        self.assert_equal()
        before = touched(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, touched(self.site.target))

    def test_flags_of_empty_files_come_and_go_with_their_content(self):
        large = os.urandom(6_000_000)
        for mode, flags in ((0o644, ("+C", "+c", None)),
                            (0o600, (None, "+C", "+c")),
                            (0o640, ("+C", None, "+C"))):
            for name, flag in zip("xyz", flags):
                for folder in ("", "new" + str(flags.index(flag)) + "/"):
                    self.make(folder + name, flag, b"content\n")
                self.make("empty-" + name, flag, b"")
                self.make("large-" + name, flag, large)
                self.make("mode-" + name, "+C" if name < "y" else "+c", b"m")
                os.chmod(self.site.source / ("mode-" + name), mode)
                folder = self.site.source / ("dir-" + name)
                if folder.exists():
                    subprocess.run(["chattr", "-cC", folder], check=True)
                self.make(f"dir-{name}/f", None, b"")
                if flag:
                    subprocess.run(["chattr", flag, folder], check=True)
            self.carry()


class MetadataAlone(Faithful):
    COUNT = 10_000 if EVERYTHING else 2_000

    def setUp(self):
        super().setUp()
        self.names = [f"{i // 500}/{i}" for i in range(self.COUNT)]
        write_tree(self.site.source, {name: name for name in self.names})

    def timed_import(self):
        """The summary, and how long it took, by the clock and of the CPU."""
        bundle = self.site.export()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        result = self.site.import_(bundle, "--json")
        seconds = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = sum(after[:2]) - sum(before[:2])
        return last_summary(result), f"{seconds:.2f} s ({cpu:.2f} s of CPU)"

    def test_no_content_is_written_for_thousands_of_new_modes(self):
        self.timed_import()
        _, walk = self.timed_import()
        inodes = {path: entry.inode for path, entry in
                  scan(self.site.target).items()}
        for i, name in enumerate(self.names):
            path = self.site.source / name
            os.chmod(path, 0o600)
            os.utime(path, ns=(0, 5 * 10**17 + i))
            if i % 10 == 0:
                os.setxattr(path, "user.x", b"1")
                os.setxattr(path, ACCESS, acl(6, 0, 0, {33: 4}))
            if ROOT:
                os.chown(path, 33, 33)
        summary, seconds = self.timed_import()
        print(f"files={self.COUNT} walk={walk}, "
              f"all metadata changed={seconds}", file=sys.stderr)
        self.assertEqual(self.COUNT, summary["change"])
        self.assertEqual(0, summary["staged_bytes"])
        self.assert_equal()
        self.assertEqual(inodes, {path: entry.inode for path, entry in
                                  scan(self.site.target).items()})


class Terabyte(Faithful):
    # Minutes are what reading the zeros would take.
    LIMIT = 30

    def test_holes_are_neither_read_nor_written(self):
        awkward.make(self.site.source, parts=(), more=(awkward.huge,))
        start = time.monotonic()
        bundle = self.site.export()
        half = time.monotonic()
        self.site.import_(bundle)
        end = time.monotonic()
        print(f"1 TiB: export={half - start:.2f} s import={end - half:.2f} s",
              file=sys.stderr)
        self.assertLess(end - start, self.LIMIT)
        self.assert_equal()
        for name in ("terabyte", "five-gigabytes"):
            st = os.stat(self.site.target / "huge" / name)
            self.assertLess(st.st_blocks * 512, 4 << 20)


class BeyondLimits(Faithful):
    def test_what_is_too_long_is_left_out_and_said(self):
        awkward.make(self.site.source, parts=(awkward.depths,),
                     more=(awkward.beyond,))
        bundle = self.site.export(expect=(0, 3))
        self.assertRegex(self.site.last_export.err, r"2 names too long")
        self.assertEqual(2, self.export_summary()["left_out_name"])
        self.site.import_(bundle)
        found = [line.split("\t") for line in
                 compare(self.site.source, self.site.target)]
        self.assertEqual({("kind", "absent")},
                         {(line[1], line[3]) for line in found})
        self.assertEqual({"beyond", "longer"},
                         {line[0].split("/")[0] for line in found})


class SecondNames(Faithful):
    """Hard links between what is new and what stays."""

    def setUp(self):
        super().setUp()
        write_tree(self.site.source, {"stays/a": "x", "stays/b": "x"})
        self.site.import_(self.site.export())

    def test_a_new_name_of_a_file_that_stays_is_a_link_to_it(self):
        inode = os.stat(self.site.target / "stays/a").st_ino
        (self.site.source / "young").mkdir()
        os.link(self.site.source / "stays/a", self.site.source / "young/a")
        self.site.import_(self.site.export())
        self.assert_equal()
        self.assertEqual(inode,
                         os.stat(self.site.target / "young/a").st_ino)

    def test_a_new_name_may_come_first_in_the_manifest(self):
        os.link(self.site.source / "stays/a", self.site.source / "before")
        self.site.import_(self.site.export())
        self.assert_equal()

    def test_two_files_become_one_and_one_becomes_two(self):
        s = self.site.source
        (s / "stays/b").unlink()
        os.link(s / "stays/a", s / "stays/b")
        self.site.import_(self.site.export())
        self.assert_equal()
        (s / "stays/b").unlink()
        write_tree(s, {"stays/b": "x"})
        self.site.import_(self.site.export())
        self.assert_equal()

    def test_a_name_outside_of_the_tree_is_said_and_cut(self):
        s = self.site.source
        os.link(s / "stays/a", self.site.folder / "outside")
        bundle = self.site.export()
        self.assertRegex(self.site.last_export.err, r"1 file of .*outside")
        self.site.import_(bundle)
        self.assert_equal()

    def test_a_targets_name_outside_of_the_tree_is_not_written_through(self):
        outside = self.site.folder / "outside"
        os.link(self.site.target / "stays/a", outside)
        before = outside.stat()
        write_tree(self.site.source, {"stays/a": "other"})
        os.chmod(self.site.source / "stays/b", 0o600)
        os.link(self.site.target / "stays/b", self.site.folder / "outside-b")
        self.site.import_(self.site.export())
        self.assert_equal()
        self.assertEqual("x", outside.read_text())
        self.assertEqual(before.st_mtime_ns, outside.stat().st_mtime_ns)
        self.assertEqual(0o644, stat.S_IMODE(
            (self.site.folder / "outside-b").stat().st_mode))


if __name__ == "__main__":
    unittest.main()
