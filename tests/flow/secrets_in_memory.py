"""Passwords and keys in the memory of running programs, and what a crash
leaves.

A program is stopped where it opens a certain file, and every page of it is
searched.  While a password is in use it must be found, in locked memory and
nowhere else: so the search is known to work.  Once keys are derived from it
it must be nowhere.
"""
import base64
import fcntl
import os
import pty
import resource
import signal
import subprocess
import sys
import termios
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import (NOBODY, TIMEOUT, Flow, MachineCannot,  # noqa: E402
                  environment, write_tree)
from memory import Gate, is_sanitized, locked_kib, where  # noqa: E402

PASSWORD = "vV7-quite.Unlikely.Bytes_Gp4"
CANARY = "found-wherever-environments-stand"
WARNING = "keys could not be locked"


def core_unlimited():
    resource.setrlimit(resource.RLIMIT_CORE,
                       (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


class Memory(Flow):
    ENTRIES = {"a": "first\n", "dir/b": b"second\n" * 40000, "gate": "one\n"}

    def setUp(self):
        self.need_root()
        super().setUp()
        try:
            with Gate(self.site.source / "gate"):
                pass
        except OSError as error:
            raise MachineCannot(
                f"hold up an open: {error.strerror}") from error
        self.password_file = self.folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.password_file.chmod(0o600)
        self.running = []
        self.addCleanup(self.end_all)

    def end_all(self):
        for process in self.running:
            process.kill()
            process.wait()
            for file in (process.stdin, process.stdout, process.stderr):
                if file is not None:
                    file.close()

    def start(self, program, *words, **popen):
        env = {**environment(self.folder), "CANARY": CANARY,
               **popen.pop("env", {})}
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, **popen}
        process = subprocess.Popen(
            [str(w) for w in [*self.site.wrapper, self.site.bin / program,
                              *words]],
            cwd=self.folder, env=env, **options)
        self.running.append(process)
        return process

    def finish(self, process, expect=0):
        out, err = process.communicate(timeout=TIMEOUT)
        said = (err or b"").decode()
        self.assertEqual(expect, process.returncode, said)
        return (out or b"").decode(), said

    def start_export(self, *words, **popen):
        return self.start(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--kdf", "light",
            "--frame-log2", "16", *words, **popen)

    def start_import(self, bundle, *words, **popen):
        return self.start("valise-import", self.site.target_yaml, bundle,
                          "--yes", *words, **popen)

    # What a search comes to.

    def search(self, process, *secrets):
        """Where each of `secrets` is; the search has shown that it works."""
        canary, *found = where(process.pid, CANARY.encode(), *secrets)
        self.assertTrue(canary, "the search does not find what is there")
        return found

    def assert_locked(self, process, secrets, found):
        """Not a byte of them outside memory that is locked."""
        if is_sanitized(process.pid):
            return
        for name, mappings in zip(secrets, found):
            for mapping in mappings:
                self.assertTrue(mapping.locked, f"{name} in {mapping}")
                self.assertFalse(mapping.dumped, f"{name} in {mapping}")

    def assert_only_locked(self, process, **secrets):
        """They are there, and in locked memory."""
        found = self.search(process, *secrets.values())
        for name, mappings in zip(secrets, found):
            self.assertTrue(mappings, f"{name} is not there yet")
        self.assert_locked(process, secrets, found)

    def assert_nowhere(self, process, **secrets):
        found = self.search(process, *secrets.values())
        for name, mappings in zip(secrets, found):
            self.assertEqual([], [str(m) for m in mappings], name)

    # The keys as the programs hold them.

    def identity(self):
        """Without the bits that X25519 sets in a copy."""
        text = (self.site.keys / "recipient.key").read_text().strip()
        return base64.urlsafe_b64decode(text + "=")[1:31]

    def sender_seed(self):
        text = (self.site.keys / "sender.key").read_text().splitlines()[1]
        return base64.b64decode(text)[62:94]

    def lock(self, name):
        """Put a key under the password."""
        self.finish(self.start(
            "valise", "key", "password", self.site.keys / name, "--kdf",
            "light", "--new-key-password-file", self.password_file))

    def bundle_of_password(self):
        process = self.start_export("--password-file", self.password_file)
        return Path(self.finish(process)[0].strip())

    def bundle_of_recipient(self):
        process = self.start_export("--recipient",
                                    self.site.keys / "recipient.pub")
        return Path(self.finish(process)[0].strip())

    def carry_by_password(self):
        """The target has all of it, then the source changes."""
        self.finish(self.start_import(self.bundle_of_password(),
                                      "--password-file",
                                      self.password_file))
        write_tree(self.site.source, {"gate": "two\n", "a": "third\n"})


class Export(Memory):
    def watch(self, *words, **popen):
        """Stopped with the password in hand, and while it reads the tree."""
        with Gate(self.site.keys / "sender.key") as key, \
                Gate(self.site.source / "gate") as tree:
            process = self.start_export(*words, **popen)
            key.wait(process)
            self.assert_only_locked(process, password=PASSWORD.encode())
            key.open()
            tree.wait(process)
            self.assert_nowhere(process, password=PASSWORD.encode())
            self.assert_only_locked(process, sender=self.sender_seed())
        return process

    def test_a_password_from_a_file(self):
        process = self.watch("--password-file", self.password_file)
        self.finish(process)

    def test_a_password_from_a_descriptor(self):
        read, write = os.pipe()
        os.write(write, PASSWORD.encode() + b"\n")
        os.close(write)
        self.addCleanup(os.close, read)
        self.finish(self.watch("--password-fd", read, pass_fds=[read]))

    def test_a_password_from_a_command(self):
        self.finish(self.watch("--password-command",
                               f"cat '{self.password_file}'"))

    def test_a_password_from_a_credential(self):
        folder = self.folder / "credentials"
        folder.mkdir()
        (folder / "valise-password").write_text(PASSWORD)
        self.finish(self.watch(env={"CREDENTIALS_DIRECTORY": str(folder)}))

    def test_a_password_from_a_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)

        def take_terminal():
            os.setsid()
            fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

        with Gate(self.site.keys / "sender.key") as key, \
                Gate(self.site.source / "gate") as tree:
            process = self.start_export(stdin=theirs, stderr=theirs,
                                        preexec_fn=take_terminal)
            os.close(theirs)
            for prompt in (b"password for the bundle: ", b"the same again: "):
                said = b""
                while not said.endswith(prompt):
                    said += os.read(ours, 1024)
                os.write(ours, PASSWORD.encode() + b"\n")
            key.wait(process)
            self.assert_only_locked(process, password=PASSWORD.encode())
            key.open()
            tree.wait(process)
            self.assert_nowhere(process, password=PASSWORD.encode())
        self.finish(process)

    def test_the_keys_of_the_series(self):
        self.bundle_of_password()
        text = (self.site.source_state / "demo" / "series").read_text()
        words = dict(line.split(" ", 1) for line in text.splitlines())
        secrets = {name: bytes.fromhex(words[name]) for name in ("sk", "tk")}
        as_text = [words[name].encode() for name in secrets]
        with Gate(self.site.source / "gate") as tree:
            process = self.start_export("--recipient",
                                        self.site.keys / "recipient.pub")
            tree.wait(process)
            self.assert_only_locked(process, **secrets)
            self.assert_nowhere(process, **dict(zip(secrets, as_text)))
        self.finish(process)


    def test_the_key_that_signs_under_a_password(self):
        seed = self.sender_seed()
        self.lock("sender.key")
        with Gate(self.site.source / "gate") as tree:
            process = self.start_export(
                "--sign-key-password-file", self.password_file,
                "--recipient", self.site.keys / "recipient.pub")
            tree.wait(process)
            self.assert_nowhere(process, password=PASSWORD.encode())
            self.assert_only_locked(process, sender=seed)
        self.finish(process)


class Import(Memory):
    def watch(self, bundle, *words, **secrets):
        """Stopped where it copies the bundle, and where it compares."""
        with Gate(bundle / "p0000001.vlp") as medium, \
                Gate(self.site.target / "gate") as tree:
            process = self.start_import(bundle, *words)
            medium.wait(process)
            self.assert_only_locked(process, **secrets)
            medium.open()
            tree.wait(process)
            self.assert_nowhere(process, **secrets)
        self.finish(process)
        self.assert_equal_trees()

    def test_a_password(self):
        self.carry_by_password()
        self.watch(self.bundle_of_password(), "--password-file",
                   self.password_file, password=PASSWORD.encode())

    def test_the_key_of_a_recipient(self):
        self.carry_by_password()
        self.watch(self.bundle_of_recipient(), *self.site.identity,
                   identity=self.identity())

    def test_the_key_of_a_recipient_under_a_password(self):
        self.carry_by_password()
        bundle = self.bundle_of_recipient()
        identity = self.identity()
        self.lock("recipient.key")
        with Gate(bundle / "p0000001.vlp") as medium:
            process = self.start_import(
                bundle, *self.site.identity, "--identity-password-file",
                self.password_file)
            medium.wait(process)
            self.assert_nowhere(process, password=PASSWORD.encode())
            self.assert_only_locked(process, identity=identity)
        self.finish(process)
        self.assert_equal_trees()


class Cat(Memory):
    def test_a_password(self):
        process = self.start("valise", "cat", self.bundle_of_password(),
                             "files/dir/b", "--password-file",
                             self.password_file)
        # More than a pipe holds: it waits for a reader.
        self.assertEqual(b"s", os.read(process.stdout.fileno(), 1))
        self.assert_nowhere(process, password=PASSWORD.encode())
        self.assertIsNone(process.poll())
        self.finish(process)


class NotRoot(Memory):
    """All of it is of one user, who has no rights of root."""

    def setUp(self):
        super().setUp()
        self.site.copy_programs()
        for folder, folders, files in os.walk(self.folder):
            for name in [".", *folders, *files]:
                os.chown(os.path.join(folder, name), NOBODY, NOBODY,
                         follow_symlinks=False)
        self.ids = {"user": NOBODY, "group": NOBODY, "extra_groups": []}


class Others(NotRoot):
    def test_others_of_the_same_user_cannot_look(self):
        with Gate(self.site.source / "gate") as tree:
            process = self.start_export("--password-file",
                                        self.password_file, **self.ids)
            tree.wait(process)
            for name in ("mem", "environ", "fd"):
                other = subprocess.run(
                    ["cat" if name != "fd" else "ls",
                     f"/proc/{process.pid}/{name}"], capture_output=True,
                    text=True, check=False, **self.ids)
                self.assertIn("Permission denied", other.stderr, name)
        self.finish(process)

    def test_a_password_by_way_of_dev_stdin(self):
        """/proc/self is root's by then, and lets its own process in."""
        words = [self.site.bin / "valise-export", self.site.source_yaml,
                 "--to", self.site.medium, "--sign-key",
                 self.site.keys / "sender.key", "--kdf", "light",
                 "--password-file", "/dev/stdin"]
        script = 'file=$1; shift; cat "$file" | "$@"'
        done = subprocess.run(
            ["sh", "-c", script, "sh", self.password_file, *words],
            cwd=self.folder, env=environment(self.folder), check=False,
            capture_output=True, text=True, timeout=TIMEOUT, **self.ids)
        self.assertEqual(0, done.returncode, done.stderr)
        with open(self.password_file, "rb") as file:
            self.finish(self.start_import(
                done.stdout.strip(), "--password-file", "/dev/stdin",
                stdin=file, **self.ids))
        self.assert_equal_trees()


class Limits(NotRoot):
    """Whoever is not root may lock what `ulimit -l` says."""

    def transfer(self, limit):
        """The notes of an export and of an import, and what they locked."""
        self.site.wrapper = ["prlimit", f"--memlock={limit}:{limit}"]
        with Gate(self.site.source / "gate") as tree:
            process = self.start_export("--password-file",
                                        self.password_file, **self.ids)
            tree.wait(process)
            sanitized = is_sanitized(process.pid)
            locked = locked_kib(process.pid)
        out, exported = self.finish(process)
        bundle = Path(out.strip())
        _, imported = self.finish(self.start_import(
            bundle, "--password-file", self.password_file, **self.ids))
        self.assert_equal_trees()
        if sanitized:
            self.skipTest("AddressSanitizer's mlock() does nothing")
        return exported, imported, locked

    def test_64_kib_are_enough(self):
        exported, imported, locked = self.transfer(64 << 10)
        self.assertEqual(0, exported.count(WARNING), exported)
        self.assertEqual(0, imported.count(WARNING), imported)
        self.assertGreater(locked, 0)

    def test_with_too_little_it_says_so_once_and_goes_on(self):
        for limit in (4096, 0):
            exported, imported, _ = self.transfer(limit)
            self.assertEqual(1, exported.count(WARNING), exported)
            self.assertEqual(1, imported.count(WARNING), imported)
            write_tree(self.site.source, {"a": "fourth\n"})


    def test_so_it_does_where_its_child_alone_has_too_little(self):
        """Which needs a few pages more than its parent."""
        out, _ = self.finish(self.start_export(
            "--password-file", self.password_file, **self.ids))
        bundle = Path(out.strip())
        self.site.wrapper = ["prlimit", f"--memlock={20 << 10}:{20 << 10}"]
        with Gate(bundle / "p0000001.vlp") as medium:
            process = self.start_import(bundle, "--password-file",
                                        self.password_file, **self.ids)
            medium.wait(process)
            sanitized = is_sanitized(process.pid)
        _, said = self.finish(process)
        if sanitized:
            self.skipTest("AddressSanitizer's mlock() does nothing")
        self.assertEqual(1, said.count(WARNING), said)


class Crash(Memory):
    """What a crash leaves where everybody may leave as much as he likes."""

    def crash(self, command, signum, gate=None):
        """The core files of `command`, ended by a signal."""
        cwd = self.folder / "cwd"
        cwd.mkdir(exist_ok=True)
        env = environment(self.folder)
        # Its own handlers of these, and its own limit for cores.
        env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + (
            ":handle_segv=0:handle_sigbus=0:disable_coredump=0")
        process = subprocess.Popen(
            [str(word) for word in command], cwd=cwd, env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=core_unlimited)
        self.running.append(process)
        if gate is not None:
            gate.wait(process)
        process.send_signal(signum)
        if gate is not None:
            gate.open()
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status)
        self.assertTrue(os.WIFSIGNALED(status), status)
        self.assertEqual(signum, os.WTERMSIG(status))
        left = [p.name for p in cwd.iterdir()]
        for name in left:
            (cwd / name).unlink()
        return left + ["dumped"] * os.WCOREDUMP(status)

    def export_words(self):
        return [self.site.bin / "valise-export", self.site.source_yaml,
                "--to", self.site.medium, "--sign-key",
                self.site.keys / "sender.key", "--kdf", "light",
                "--password-file", self.password_file]

    def import_words(self, bundle):
        return [self.site.bin / "valise-import", self.site.target_yaml,
                bundle, "--yes", "--password-file", self.password_file]

    def test_no_core_is_left(self):
        self.carry_by_password()
        bundle = self.bundle_of_password()
        if self.crash(["sleep", "600"], signal.SIGQUIT) == []:
            raise MachineCannot("no program leaves a core file here")
        for signum in (signal.SIGABRT, signal.SIGQUIT, signal.SIGBUS,
                       signal.SIGSEGV):
            with self.subTest(signal=signum.name):
                with Gate(self.site.source / "gate") as gate:
                    self.assertEqual([], self.crash(
                        self.export_words(), signum, gate))
                with Gate(self.site.target / "gate") as gate:
                    self.assertEqual([], self.crash(
                        self.import_words(bundle), signum, gate))


if __name__ == "__main__":
    unittest.main()
