"""A run of a program whose child, the reader of the bundle, is looked at,
ended or held up by a test."""
import shutil
import time
from pathlib import Path

from flow import Flow, tree_state, write_tree
from memory import is_sanitized

WAIT = 30


def noise(size, seed):
    """Bytes that do not compress, the same in every run."""
    out, word = bytearray(), seed
    while len(out) < size:
        word = (word * 6364136223846793005 + 1442695040888963407) % 2**64
        out += word.to_bytes(8, "little")
    return bytes(out[:size])


def children(pid):
    try:
        return [int(c) for c in Path(
            f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def status(pid):
    return dict(line.split(":\t", 1) for line in
                Path(f"/proc/{pid}/status").read_text().splitlines())


class Watched(Flow):
    """`self.bundle` is what it imports unless told otherwise."""

    def start(self, *words, program="valise-import"):
        """A running import, or another program, and its child."""
        running = self.site.start(
            program, *(words or self.site.importing(self.bundle)))
        self.addCleanup(self.end, running)
        until = time.monotonic() + WAIT
        while not children(running.pid):
            if running.poll() is not None or time.monotonic() > until:
                self.fail("it has no child: " + running.communicate()[1])
        return running, children(running.pid)[0]

    @staticmethod
    def end(running):
        if running.poll() is None:
            running.kill()
        running.communicate()

    def locked(self, child):
        """Wait until the child is; False with a sanitizer, which it outlives
        only without a list of system calls."""
        until = time.monotonic() + WAIT
        while status(child)["Seccomp"] != "2":
            if status(child)["NoNewPrivs"] == "1" and is_sanitized(child):
                return False
            self.assertLess(time.monotonic(), until, "it is not locked in")
            time.sleep(0.001)
        return True


class Cage(Watched):
    ENTRIES = {"a": "first\n", **{f"d/{i}": noise(4000 + 300 * i, i)
                                  for i in range(300)}}

    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()


class Changed(Cage):
    """The target has a bundle, and another one is there."""

    def setUp(self):
        super().setUp()
        self.site.import_(self.bundle)
        write_tree(self.site.source, {f"d/{i}": noise(6000 + 300 * i, -i)
                                      for i in range(300)})
        self.before = tree_state(self.site.target)
        self.bundle = self.site.export()
        self.kept = self.folder / "kept"
        shutil.copytree(self.site.target_state, self.kept, symlinks=True)
