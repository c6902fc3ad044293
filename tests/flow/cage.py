"""The child that reads bundles: what it may, and what comes of its end.

A run is held with SIGSTOP once its child is there, and the child looked at
in /proc; or the child is killed at one moment after the other, and the target
must be as it was, or as the bundle says where the work was done already.
"""
import os
import re
import resource
import shutil
import signal
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from child import WAIT, Cage, Changed, Watched, noise, status  # noqa: E402
from flow import remove_tree, tree_state  # noqa: E402
from memory import WHOLE, where  # noqa: E402
from sides import Sides  # noqa: E402

PASSWORD = "vV7-quite.Unlikely.Bytes_Gp5"
MOMENTS = 25
KILLED = "the reader of the bundle ended by signal 9 (KILL)"


class Locked(Cage):
    def held(self, *words):
        running, child = self.start(*words)
        os.kill(running.pid, signal.SIGSTOP)
        return running, child, self.locked(child)

    def test_the_child_has_no_rights_and_few_descriptors(self):
        running, child, whole = self.held()
        self.assertEqual("1", status(child)["NoNewPrivs"])
        if whole:
            for task in os.listdir(f"/proc/{child}/task"):
                self.assertEqual("2", status(task)["Seccomp"])
        for name in os.listdir(f"/proc/{child}/fd"):
            to = os.readlink(f"/proc/{child}/fd/{name}")
            if whole or name != "2":
                self.assertRegex(to, r"^(/dev/null|socket:.*|"
                                 rf"{self.site.target_state}/.*)$")
        core, _ = resource.prlimit(child, resource.RLIMIT_CORE)
        files, hard = resource.prlimit(child, resource.RLIMIT_NOFILE)
        self.assertEqual((0, 64, 64), (core, files, hard))
        if whole:
            self.assertLess(resource.prlimit(child, resource.RLIMIT_DATA)[1],
                            4 << 30)
        os.kill(running.pid, signal.SIGCONT)
        running.communicate()
        self.assertEqual(0, running.returncode)
        self.assert_equal_trees()

    def test_the_password_is_never_in_the_child(self):
        self.need_root()
        password = self.folder / "password"
        password.write_text(PASSWORD + "\n")
        password.chmod(0o600)
        self.bundle = self.site.export("--password-file", password)
        running, child = self.start(
            self.site.target_yaml, self.bundle, "--password-file", password,
            "--yes")
        wanted = PASSWORD.encode()
        for _ in range(5):
            if running.poll() is not None:
                break
            os.kill(child, signal.SIGSTOP)
            self.assertEqual([[]], where(child, wanted))
            os.kill(child, signal.SIGCONT)
            time.sleep(0.02)
        _, err = running.communicate()
        self.assertEqual(0, running.returncode, err)

    def test_a_killed_parent_takes_the_child_along(self):
        running, child, _ = self.held()
        running.kill()
        running.communicate()
        until = time.monotonic() + WAIT
        while os.path.exists(f"/proc/{child}") and \
                not status(child)["State"].startswith("Z"):
            self.assertLess(time.monotonic(), until, "the child lives on")
            time.sleep(0.01)
        self.site.restart()
        self.site.import_(self.bundle)
        self.assert_equal_trees()

    def test_ctrl_c_reaches_the_parent_alone(self):
        running, child, _ = self.held()
        os.kill(child, signal.SIGINT)
        os.kill(child, signal.SIGTERM)
        os.kill(running.pid, signal.SIGCONT)
        _, err = running.communicate()
        self.assertEqual(0, running.returncode, err)


class Moments(Watched):
    def killed(self, number, delay, *words):
        running, child = self.start(*words)
        time.sleep(delay)
        try:
            os.kill(child, number)
        except ProcessLookupError:
            pass
        _, err = running.communicate()
        return running.returncode, err


class Killed(Changed, Moments):
    def test_at_any_moment_the_target_is_old_or_all_of_it_new(self):
        before = time.monotonic()
        self.site.preview(self.bundle)
        length = time.monotonic() - before
        refused = 0
        for i in range(MOMENTS):
            code, err = self.killed(signal.SIGKILL, length * i / MOMENTS)
            if code == 0: # it was no longer needed
                self.assert_equal_trees()
                break
            refused += 1
            self.assertEqual(1, code, err)
            self.assertIn(KILLED, err)
            self.assertEqual(self.before, tree_state(self.site.target))
            self.assertEqual([], self.site.leftovers())
        self.assertGreater(refused, 3)
        self.site.import_(self.bundle)
        self.assert_equal_trees()

    def test_one_that_the_kernel_ends_makes_the_bundle_suspect(self):
        running, child = self.start()
        os.kill(running.pid, signal.SIGSTOP)
        self.locked(child)
        os.kill(child, signal.SIGSYS)
        os.kill(running.pid, signal.SIGCONT)
        _, err = running.communicate()
        self.assertEqual(5, running.returncode, err)
        self.assertIn("asked the kernel for what it may not", err)
        self.assertEqual(self.before, tree_state(self.site.target))


class Full(Changed):
    """A child that comes to the limit of its memory: here it is lowered, when
    the child is locked in and before it hears of a bundle, to what it has and
    some more.  Where so much is needed is not held, but how it ends."""

    # KiB, from too little for the first answer to enough.
    MORE = (-4096, 0, 64, 128, 192, 256, 384, 512, 768, 1024, 4096, 65536)
    OWN = (512 + 32 * os.cpu_count()) << 20

    def limited(self, more):
        running, child = self.start()
        os.kill(running.pid, signal.SIGSTOP)
        if not self.locked(child):
            self.skipTest("a sanitizer takes memory as it likes")
        self.assertEqual((self.OWN, self.OWN),
                         resource.prlimit(child, resource.RLIMIT_DATA))
        has = int(status(child)["VmData"].split()[0])
        limit = (has + more) << 10
        resource.prlimit(child, resource.RLIMIT_DATA, (limit, limit))
        os.kill(running.pid, signal.SIGCONT)
        _, err = running.communicate()
        return running.returncode, err

    def test_at_the_limit_of_its_memory_the_import_is_refused(self):
        codes = []
        for more in self.MORE:
            code, err = self.limited(more)
            codes.append(code)
            if code == 0:
                break
            self.assertEqual(1, code, err)
            line, = re.findall("^valise-import: .*$", err, re.M)
            self.assertTrue(line.endswith("out of memory"), line)
            self.assertNotRegex(line, r"(\w[^:]*: )\1")
            self.assertEqual(self.before, tree_state(self.site.target))
            self.assertEqual([], self.site.leftovers())
        self.assertEqual(0, codes[-1])
        self.assertGreater(len(codes), 6)
        self.assert_equal_trees()


class KilledRows(Sides, Moments):
    """The same of a database, whose rows are written as the child reads."""

    TABLE = "create table note(id integer primary key, name text unique, body)"
    WORDS = "tables: [{table: note, key: [name]}]"
    N = 4000

    def setUp(self):
        super().setUp()
        for side in ("source", "target"):
            self.change(side, self.TABLE)
        self.both(self.WORDS)
        self.fill(1)
        self.site.import_(self.site.export())
        self.fill(2)
        self.bundle = self.site.export()

    def fill(self, seed):
        """Each row another one than before."""
        bodies = (noise(150, seed * self.N + i).hex() for i in range(self.N))
        self.change("source", "begin;" + "".join(
            f"insert or replace into note values ({i}, 'n{i}', '{body}');"
            for i, body in enumerate(bodies)) + "commit")

    def rows(self, side):
        return self.ask("select name, body from note order by name", side)

    def test_at_any_moment_the_database_is_as_it_was(self):
        old, before = self.rows("target"), self.digest()
        words = self.site.importing(self.bundle, "--allow-delete")
        started = time.monotonic()
        self.site.preview(self.bundle)
        length = time.monotonic() - started
        refused = 0
        for i in range(MOMENTS):
            code, err = self.killed(signal.SIGKILL, length * i / MOMENTS,
                                    *words)
            if code == 0: # it was no longer needed
                break
            refused += 1
            self.assertEqual(1, code, err)
            self.assertIn(KILLED, err)
            self.assertEqual(old, self.rows("target"))
            self.assertEqual(before, self.digest())
            self.assertEqual([], self.site.leftovers())
        self.assertGreater(refused, 3)
        self.site.run("valise-import", *words)
        self.assertNotEqual(old, self.rows("target"))
        self.assertEqual(self.rows("source"), self.rows("target"))


class Kernel(Cage):
    """What this one gives, and one that gives less."""

    OLD = ("strace", "-f", "-qq", "-o", "/dev/null", "-e",
           "trace=landlock_create_ruleset", "-e",
           "inject=landlock_create_ruleset:error=ENOSYS")

    # The ABI that forbids it first, where that is none of Debian 12's.
    LANDLOCK = {"connect to the network, by Landlock": 4,
                "send its parent a signal, by Landlock": 6}

    def without_landlock(self):
        if shutil.which("strace") is None:
            self.skipTest("there is no strace")
        # LeakSanitizer cannot work where something is traced already.
        quiet = mock.patch.dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
        quiet.start()
        self.addCleanup(quiet.stop)
        self.site.wrapper = list(self.OLD)

    def test_doctor_tries_all_and_each_attempt_is_held(self):
        said = self.site.run("valise", "doctor").out
        tried = [line.split("\t") for line in said.splitlines()
                 if re.search(", by (Landlock|system calls)$", line)]
        self.assertGreater(len(tried), 10)
        abi = re.search(r"^(\d+)\tLandlock, its ABI$", said, re.M)
        for result, what in tried:
            # What a sanitizer takes away, and what an old kernel has not.
            least = self.LANDLOCK.get(what, 0)
            excused = not WHOLE or int(abi[1]) < least
            self.assertIn(result, ("held", "not tried") if excused
                          else ("held",), what)
        self.assertIn("held", {result for result, _ in tried})

    def test_doctor_says_what_is_missing(self):
        self.without_landlock()
        said = self.site.run("valise", "doctor", expect=1)
        self.assertIn("missing\tLandlock", said.out)
        self.assertIn("there is no Landlock here", said.err)

    def test_an_export_has_nobody_to_lock_in(self):
        said = self.site.run("valise-export", self.site.source_yaml, "--to",
                             self.site.medium, "--require-sandbox", expect=2)
        self.assert_says(said, "reads no bundle of anybody else")

    def test_less_than_all_is_refused_where_that_was_asked(self):
        self.site.import_(self.bundle, "--require-sandbox")
        self.site.run("valise", "verify", "--open", self.bundle, "--sender",
                      self.site.keys / "sender.pub", *self.site.identity,
                      "--require-sandbox")
        rekey = ("rekey", self.bundle, "--sign-key",
                 self.site.keys / "sender.key", "--recipient",
                 self.site.keys / "recipient.pub", *self.site.identity,
                 "--require-sandbox")
        self.site.run("valise", *rekey)
        remove_tree(self.site.target)
        remove_tree(self.site.target_state)
        self.without_landlock()
        said = self.site.run("valise", *rekey, expect=1)
        self.assertIn("there is no Landlock here", said.err)
        said = self.site.import_(self.bundle, "--require-sandbox", expect=1)
        self.assertIn("there is no Landlock here", said.err)
        self.assertFalse(self.site.target.exists())
        said = self.site.import_(self.bundle)
        self.assertEqual(1, said.err.count("there is no Landlock here"))
        self.assert_equal_trees()


if __name__ == "__main__":
    unittest.main()
