"""A medium that does not give the same bytes twice.

Each file of the bundle is replaced by another one as soon as it was read and
closed, so whoever reads it again gets what no seal covers.  valise reads it
once: what it verifies and what it uses is its own copy.
"""
import ctypes
import os
import struct
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flow/lib"))
from flow import Flow  # noqa: E402

LIBC = ctypes.CDLL(None, use_errno=True)
OPENED, CLOSED = 0x20, 0x10  # IN_OPEN, IN_CLOSE_NOWRITE
EVENT = struct.Struct("iIII")


class Medium(threading.Thread):
    """Watches a folder until stop(); counts how often each file was opened,
    and replaces it when it is closed for the first time."""

    def __init__(self, folder, spoil):
        super().__init__(daemon=True)
        self.folder = folder
        self.spoil = spoil
        self.opened = {}
        self.fd = LIBC.inotify_init1(os.O_CLOEXEC)
        watch = LIBC.inotify_add_watch(self.fd, os.fsencode(folder),
                                       OPENED | CLOSED)
        if self.fd < 0 or watch < 0:
            raise OSError(ctypes.get_errno(), "no inotify")
        self.replaced = set()
        self.start()

    def run(self):
        while True:
            data = os.read(self.fd, 65536)
            while data:
                _, mask, _, size = EVENT.unpack_from(data)
                name = data[EVENT.size:EVENT.size + size].rstrip(b"\0")
                data = data[EVENT.size + size:]
                name = name.decode()
                if name == "stop":
                    return
                if name and mask & OPENED:
                    self.opened[name] = self.opened.get(name, 0) + 1
                if name and mask & CLOSED and self.spoil:
                    self.replace(name)

    def replace(self, name):
        if name in self.replaced:
            return
        self.replaced.add(name)
        path = self.folder / name
        other = self.folder.parent / f"other.{name}"
        other.write_bytes(bytes(path.stat().st_size))
        os.replace(other, path)

    def stop(self):
        (self.folder / "stop").touch()
        self.join(60)
        os.close(self.fd)
        (self.folder / "stop").unlink()


class ReadOnce(Flow):
    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()
        self.names = {path.name for path in self.bundle.iterdir()}

    def watched(self, spoil, *words):
        medium = Medium(self.bundle, spoil)
        try:
            self.site.run(*words)
        finally:
            medium.stop()
        medium.opened.pop("stop", None)
        return medium

    def importing(self):
        return "valise-import", *self.site.importing(self.bundle)

    def test_an_import_opens_each_file_once(self):
        medium = self.watched(False, *self.importing())
        self.assertEqual(dict.fromkeys(self.names, 1), medium.opened)
        self.assert_equal_trees()

    def test_an_import_uses_what_it_verified(self):
        medium = self.watched(True, *self.importing())
        self.assertEqual(self.names, medium.replaced)
        self.assert_equal_trees()
        # That the medium was another one afterwards.
        self.site.run("valise", "verify", self.bundle, "--sender",
                      self.site.keys / "sender.pub", expect=5)

    def test_a_look_uses_nothing_that_no_key_covers_twice(self):
        """It makes no copy: what it reads again are frames, each with a tag
        of the keys that it had from the first time."""
        for words in (("verify", "--open"), ("ls",)):
            words = ("valise", *words, self.bundle, *self.site.identity,
                     "--sender", self.site.keys / "sender.pub")
            opened = self.watched(False, *words).opened
            self.assertEqual({1}, {
                count for name, count in opened.items()
                if not name.endswith((".vli", ".vlp"))}, words)


if __name__ == "__main__":
    unittest.main()
