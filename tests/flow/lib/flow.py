"""What every flow test needs: a site on two sides, and the real programs.

A test is one method of a Flow: it has a Site of its own in a temporary
directory, runs valise-export, valise-import and valise as an operator would,
and asks for the exit code with every run.  The programs come from the
directory that VALISE_BIN names.
"""
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "tools"))
from memory import WHOLE  # noqa: E402
from treestate import tree_lines, tree_state  # noqa: E402

BIN = Path(os.environ.get("VALISE_BIN", ".")).resolve()
NOBODY = 65534
TIMEOUT = 1800
KEYS = {}  # what keygen made for the first site: mode and bytes of each file


class Result:
    """What a program said, and how it ended."""

    def __init__(self, command, code, out, err):
        self.command = command
        self.code = code
        self.out = out
        self.err = err

    @property
    def said(self):
        return self.out + self.err

    def __str__(self):
        return (f"$ {' '.join(map(str, self.command))}\n{self.out}{self.err}"
                f"[exit {self.code}]")


def environment(home):
    """Nothing of the user's own settings reaches the programs."""
    kept = {key: os.environ[key] for key in
            ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TZ")
            if key in os.environ}
    return {**kept, "HOME": str(home), "NO_COLOR": "1"}


def write_tree(root, entries):
    """Make entries below `root`: text and bytes are files, None a directory,
    ("link", TARGET) a symbolic link.  Their times are long past, so that a
    later change is never taken for the same moment."""
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    for name, content in entries.items():
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if content is None:
            os.makedirs(path, exist_ok=True)
        elif isinstance(content, tuple):
            os.symlink(content[1], path)
        else:
            data = content.encode() if isinstance(content, str) else content
            with open(path, "wb") as file:
                file.write(data)
            os.utime(path, ns=(10**18 + 1, 10**18 + 1))


def remove_tree(path):
    """Also what has taken its own rights away, as long as it is ours."""
    def allow(function, failed, _):
        os.chmod(os.path.dirname(failed), 0o700)
        if os.path.isdir(failed) and not os.path.islink(failed):
            os.chmod(failed, 0o700)
        function(failed)
    # rm copes with any depth; what rights forbid is left to us.
    subprocess.run(["rm", "-rf", "--", str(path)],
                   stderr=subprocess.DEVNULL, check=False)
    if os.path.lexists(path):
        shutil.rmtree(path, onerror=allow)


class Site:
    """A site `demo` with one tree, `files`, at a source and a target."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.source = self.folder / "src" / "tree"
        self.target = self.folder / "dst" / "tree"
        self.source_yaml = self.folder / "source.yaml"
        self.target_yaml = self.folder / "target.yaml"
        self.source_state = self.folder / "state-src"
        self.target_state = self.folder / "state-dst"
        self.medium = self.folder / "medium"
        self.keys = self.folder / "keys"
        self.bin = BIN
        self.user = None
        self.wrapper = []
        self.medium.mkdir()
        self.target.parent.mkdir()

    # Running.

    def run(self, program, *words, expect=0, env=None, input=None):
        """Run one of the programs; `expect` is its exit code, or several."""
        command = [*self.wrapper, self.bin / program, *words]
        ids = {} if self.user is None else {
            "user": self.user, "group": self.user, "extra_groups": []}
        done = subprocess.run(
            [str(word) if not isinstance(word, bytes) else word
             for word in command],
            capture_output=True, timeout=TIMEOUT, cwd=self.folder,
            env={**environment(self.folder), **(env or {})},
            **({"stdin": subprocess.DEVNULL} if input is None
               else {"input": input}), **ids)
        result = Result(command, done.returncode,
                        done.stdout.decode(errors="surrogateescape"),
                        done.stderr.decode(errors="surrogateescape"))
        wanted = expect if isinstance(expect, tuple) else (expect,)
        if result.code not in wanted:
            raise AssertionError(f"exit code {result.code}, not {expect}:\n"
                                 f"{result}")
        return result

    def start(self, program, *words):
        """The same, running beside the test; a Popen."""
        return subprocess.Popen(
            [str(w) for w in [*self.wrapper, self.bin / program, *words]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, cwd=self.folder, text=True,
            env=environment(self.folder))

    # Setting up.

    def yaml(self, path, tree, state, extra="", words=""):
        path.write_text(
            "site: demo\n"
            f"state: {state}\n"
            f"{extra}"
            "resources:\n"
            "  - name: files\n"
            "    kind: files\n"
            f"    path: {tree}\n"
            + "".join(f"    {line}\n" for line in words.splitlines()))

    def write_source_yaml(self, words="", extra=""):
        self.yaml(self.source_yaml, self.source, self.source_state, extra,
                  words)

    def write_target_yaml(self, words="", extra=None, path=None, state=None):
        if extra is None:
            extra = f"trust:\n  - {{sender: {self.keys}/sender.pub}}\n"
        self.yaml(path or self.target_yaml, self.target,
                  state or self.target_state, extra, words)

    def set_up(self, entries):
        write_tree(self.source, entries)
        self.make_keys()
        self.write_source_yaml()
        self.write_target_yaml()

    def make_keys(self):
        """Those of keygen, which runs once: all sites of a file of tests have
        the same."""
        if not KEYS:
            self.run("valise", "keygen", self.keys)
            KEYS.update({path.name: (path.stat().st_mode, path.read_bytes())
                         for path in self.keys.iterdir()})
            return
        self.keys.mkdir(0o700)
        for name, (mode, data) in KEYS.items():
            path = self.keys / name
            path.write_bytes(data)
            path.chmod(mode)

    def copy_programs(self):
        """For other users, who may not reach the build directory."""
        own = self.folder / "bin"
        own.mkdir()
        for name in ("valise", "valise-export", "valise-import"):
            shutil.copy(self.bin / name, own / name)
        self.bin = own

    # The words of the operator.

    @property
    def identity(self):
        return ("--identity", self.keys / "recipient.key")

    def export(self, *words, expect=0, to=None, yaml=None):
        """Returns the bundle, or the result when none was expected."""
        result = self.run(
            "valise-export", yaml or self.source_yaml, "--to",
            to or self.medium, "--sign-key", self.keys / "sender.key",
            "--recipient", self.keys / "recipient.pub", "--kdf", "light",
            "--frame-log2", "16", *words, expect=expect)
        if result.code in (0, 3) and "--dry-run" not in words:
            self.last_export = result
            return Path(result.out.strip())
        return result

    def importing(self, bundle, *words, yaml=None):
        """The words of an import."""
        return (yaml or self.target_yaml, bundle, *self.identity, "--yes",
                *words)

    def import_(self, bundle, *words, expect=0, yaml=None):
        return self.run("valise-import",
                        *self.importing(bundle, *words, yaml=yaml),
                        expect=expect)

    def preview(self, bundle, *words, expect=0):
        return self.run("valise-import", self.target_yaml, bundle,
                        *self.identity, "--preview", *words, expect=expect)

    def recover(self, *words, expect=0):
        return self.run("valise-import", self.target_yaml, "--recover",
                        *words, expect=expect)

    def restart(self):
        """Forget failed syncs, as a restart of the machine does."""
        said = self.recover(expect=(0, 9)).err
        for note in re.findall(r"'([^']*unsynced)'", said):
            os.unlink(note)

    def status(self, expect=0):
        return self.run("valise-import", self.target_yaml, "--status",
                        expect=expect)

    # What there is.

    def state(self):
        return tree_state(self.target)

    def leftovers(self):
        """What lies beside and in the target that users did not put there."""
        found = [p for p in self.target.parent.iterdir()
                 if p != self.target and p.name.startswith(".")]
        if (self.target / ".valise").exists():
            found.append(self.target / ".valise")
        if self.target_state.exists():
            found += self.target_state.rglob("spool*/*")
        return sorted(str(p) for p in found)


class MachineCannot(unittest.SkipTest):
    """What no package brings: who runs it is not root, or the kernel, or the
    container around it, does not let him.  All other skips are failures
    where nothing may be left out (VALISE_TEST_WHOLE=1)."""

    def __str__(self):
        return f"this machine cannot: {super().__str__()}"


class Flow(unittest.TestCase):
    """One scenario a method.  `ENTRIES` is the tree the source begins with,
    `PLACE` where all of it lies if not where TMPDIR says."""

    PLACE = None

    ENTRIES = {"a": "first\n", "dir/b": "second\n", "dir/c": b"\0" * 70000,
               "link": ("link", "dir/b")}

    def setUp(self):
        folder = tempfile.mkdtemp(prefix="flow.", dir=self.PLACE)
        self.addCleanup(remove_tree, folder)
        os.chmod(folder, 0o755)
        self.site = Site(folder)
        self.site.set_up(self.ENTRIES)

    def run(self, result=None):
        """Also what a decorator leaves out is met here."""
        before = len(result.skipped)
        super().run(result)
        for test, why in result.skipped[before:] if WHOLE else ():
            if not why.startswith("this machine cannot: "):
                failed = self.failureException(
                    f"left out, where nothing may be: {why}")
                result.addFailure(test, (type(failed), failed, None))
        return result

    # Shorter words for tests.

    @property
    def folder(self):
        return self.site.folder

    def carry(self):
        """First transfer of the site as it stands; the bundle."""
        bundle = self.site.export()
        self.site.import_(bundle)
        return bundle

    # Requirements: without them a test is skipped, and says so.

    def need_root(self):
        if os.geteuid() != 0:
            raise MachineCannot("needs root")

    def faultat(self):
        program = BIN / "tests" / "tools" / "faultat"
        if not program.exists():
            self.skipTest("needs faultat, which knows x86-64 only")
        return program

    def mount_tmpfs(self, path, options):
        """A small real disk at `path`, gone with the test."""
        self.need_root()
        path.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options,
                               "tmpfs", str(path)], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest(f"cannot mount a tmpfs: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(path)])

    # Assertions.

    def assert_equal_trees(self, a=None, b=None, owner=True):
        a = a or self.site.source
        b = b or self.site.target
        self.maxDiff = None
        self.assertEqual(tree_lines(a, owner), tree_lines(b, owner))

    def assert_says(self, result, *words):
        for word in words:
            self.assertIn(str(word), result.said, str(result))

    def assert_one_line(self, result):
        """The error is one line that begins with the program's name."""
        lines = result.err.strip().split("\n")
        last = lines[-1]
        self.assertRegex(last, r"^valise(-export|-import)?: \S", str(result))

    def refused(self, code, words, *said):
        """An import that is refused: the target is byte for byte the same
        and nothing is left beside it.  Returns the result."""
        before = self.site.state()
        result = self.site.run("valise-import", *words, expect=code)
        self.assertEqual(before, self.site.state(), str(result))
        self.assertEqual([], self.site.leftovers(), str(result))
        self.assert_says(result, *said)
        self.assert_one_line(result)
        return result

    def refused_import(self, code, bundle, *said):
        return self.refused(code, self.site.importing(bundle), *said)


class Crash:
    """Crashes of one import, at any point of it, again and again.

    The site's target and state are put back before each run, so that every
    run is the same one; so are `parts`, directories beside the target, and
    then `state` says how all of it stands.
    """

    def __init__(self, flow, bundle, *words, parts=(), state=None):
        self.flow = flow
        self.site = flow.site
        self.words = flow.site.importing(bundle, "--workers", "1", *words)
        self.kept = flow.folder / "kept"
        self.kept.mkdir()
        self.parts = (self.site.target, self.site.target_state, *parts)
        self.state = state or self.site.state
        for part in self.parts:
            if part.exists():
                subprocess.run(["cp", "-a", str(part), str(self.kept)],
                               check=True)
        self.old = self.state()

    def reset(self):
        for part in self.parts:
            remove_tree(part)
            if (self.kept / part.name).exists():
                subprocess.run(["cp", "-a", str(self.kept / part.name),
                                str(part)], check=True)
        for left in self.site.target.parent.glob(".*.valise*"):
            remove_tree(left)

    def hit(self, *arguments):
        """Run the import under faultat; its exit code."""
        prefixes = []
        for part in (self.site.target.parent, self.site.target_state):
            prefixes += ["-p", str(part)]
        env = environment(self.flow.folder)
        env["ASAN_OPTIONS"] = (env.get("ASAN_OPTIONS", "")
                               + ":detect_leaks=0")
        done = subprocess.run(
            [self.flow.faultat(), *prefixes, *arguments, "--",
             str(self.site.bin / "valise-import"), *map(str, self.words)],
            capture_output=True, text=True, env=env, timeout=TIMEOUT,
            stdin=subprocess.DEVNULL)
        self.last = Result(["valise-import"], done.returncode, done.stdout,
                           done.stderr)
        return done.returncode

    def kill_at(self, nth):
        self.reset()
        return self.hit("-n", str(nth), "-a", "kill")

    def points(self):
        """A line for each point of the import, which is done."""
        self.reset()
        log = self.flow.folder / "points"
        code = self.hit("-l", str(log))
        if code != 0:
            raise AssertionError(str(self.last))
        self.new = self.state()
        return log.read_text(errors="replace").splitlines()

    def count(self):
        return len(self.points())

    def decision(self):
        """The first point before which a kill no longer means `old`: that
        behind the rename by which the decision appears."""
        for nth, line in enumerate(self.points(), 1):
            if re.search(r" renameat2? .*/decision len=", line):
                return nth + 1
        raise AssertionError("no decision was made")


def wait_for(condition, seconds=20):
    """True once `condition()` is; the test goes on at once."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def is_directory(path):
    return stat.S_ISDIR(os.lstat(path).st_mode)
