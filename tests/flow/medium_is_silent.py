"""What the medium says to whoever has no key: what `valise inspect` prints,
and nothing else.

A site full of telling words is exported.  No byte of what then lies on the
medium may spell one of them, in any of the usual ways to write text; and each
number and word of the files that are text must be one that inspect shows, or
a hash, a salt or a key of fixed length.
"""
import base64
import datetime
import json
import os
import re
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, write_tree  # noqa: E402

HOST = "tellinghost"
SITE = "tellingsite"
LABEL = "tellinglabel"
RESOURCE = "tellingresource"
NAMES = ("telling-folder", "telling-file", "telling-link", "telling-target",
         "telling-other-name", "user.telling-attribute", "telling-value",
         "telling content of a file")
OWNER = 424242424     # nobody is called so
NOBODY_ELSE = 65534   # nobody, nogroup
MTIME = 1563858849    # 2019-07-23 05:14:09 UTC
SIZE = 87654321       # in digits that no hash is likely to have
PASSWORD = "telling-password-of-21"
HEX32, HEX64 = r"[0-9a-f]{32}", r"[0-9a-f]{64}"


def times(seconds):
    """The ways to write a moment that are long enough to be no accident."""
    utc = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    here = datetime.datetime.fromtimestamp(seconds)
    words = {str(seconds)}
    for moment in (utc, here):
        words |= {moment.strftime(form) for form in
                  ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%b %d %Y",
                   "%a, %d %b", "%H:%M:%S")}
    return ({word.encode() for word in words}
            | {struct.pack("<q", seconds), struct.pack(">q", seconds)})


def base64_of(word):
    """What is the same of it, wherever in the text it stands."""
    for before in range(3):
        text = base64.b64encode(b"\0" * before + word)
        # The first character that holds no bit of what stands before, and
        # the last that holds none of what follows.
        first = (before * 8 + 5) // 6
        last = (before + len(word)) * 8 // 6
        yield text[first:last]
        yield text[first:last].translate(bytes.maketrans(b"+/", b"-_"))


def spellings(word):
    yield word
    yield word[::-1]
    yield word.hex().encode()
    yield word.hex().upper().encode()
    yield from base64_of(word)
    if word.isascii():
        yield word.decode().encode("utf-16-le")
        yield word.decode().encode("utf-16-be")
        yield word.upper()


def said(data, words):
    """Those of `words` that `data` spells in any way."""
    return sorted({word for word in words for one in spellings(word)
                   if one in data})


class Silent(Flow):
    ENTRIES = {
        "telling-folder/telling-file": "telling content of a file\n" * 50,
        "telling-folder/plain": b"x", "telling-link":
        ("link", "telling-target")}

    def setUp(self):
        super().setUp()
        self.need_root()
        tree = self.site.source
        os.link(tree / "telling-folder/telling-file",
                tree / "telling-other-name")
        os.truncate(tree / "telling-folder/plain", SIZE)
        os.chown(tree / "telling-folder/plain", OWNER, OWNER)
        os.chown(tree / "telling-folder", NOBODY_ELSE, NOBODY_ELSE)
        try:
            os.setxattr(tree / "telling-other-name",
                        "user.telling-attribute", b"telling-value")
        except OSError as error:
            self.skipTest(f"no attributes here: {error.strerror}")
        for path in (tree / "telling-folder/plain", tree / "telling-folder",
                     tree):
            os.utime(path, (MTIME, MTIME))
        text = self.site.source_yaml.read_text()
        self.site.source_yaml.write_text(
            text.replace("site: demo", f"site: {SITE}\nenvironment: {LABEL}")
            .replace("name: files", f"name: {RESOURCE}"))
        self.audit = self.folder / "audit"
        self.site.run("valise", "keygen", self.audit)
        self.password = self.folder / "password"
        self.password.write_text(PASSWORD)
        self.site.wrapper = [
            "unshare", "--uts", "sh", "-c",
            f'echo {HOST} >/proc/sys/kernel/hostname && exec "$@"', "sh"]
        done = subprocess.run([*self.site.wrapper, "uname", "-n"], text=True,
                              capture_output=True, check=False)
        if done.stdout.strip() != HOST:
            self.skipTest("cannot give the machine another name: "
                          + done.stderr.strip())

    def export(self):
        return self.site.export("--audit-recipient",
                                self.audit / "recipient.pub",
                                "--password-file", self.password)

    def words(self, begun):
        """All that the site, the machine and the moment are called."""
        words = {word.encode() for word in
                 (HOST, SITE, LABEL, RESOURCE, *NAMES, PASSWORD, "nobody",
                  "nogroup", str(OWNER), str(SIZE), str(self.folder),
                  str(self.site.source),
                  self.site.run("valise", "--version").out.strip())}
        if Path("/etc/machine-id").exists():
            words.add(Path("/etc/machine-id").read_bytes().strip())
            words.discard(b"")
        words |= times(MTIME)
        for moment in range(begun - 1, int(time.time()) + 2):
            words |= times(moment)
        return words

    def inspect(self, bundle):
        return json.loads(self.site.run("valise", "inspect", "--json",
                                        bundle).out)


class Raw(Silent):
    def test_the_search_finds_each_spelling(self):
        words = self.words(int(time.time()))
        for word in words:
            for one in spellings(word):
                self.assertIn(word, said(b"\x01\x02" + one + b"\x03", [word]))
        for before in (b"", b"a", b"ab"):
            for after in (b"", b"c", b"cd"):
                for encode in (base64.b64encode, base64.urlsafe_b64encode):
                    text = encode(before + SITE.encode() + after)
                    self.assertEqual([SITE.encode()],
                                     said(text, [SITE.encode()]))

    def test_no_byte_of_the_medium_spells_a_word_of_the_site(self):
        begun = int(time.time())
        first, second = self.export(), self.export()
        words = self.words(begun)
        found = []
        for folder, folders, files in os.walk(self.site.medium):
            for name in [*folders, *files]:
                path = os.path.join(folder, name)
                data = name.encode()
                for key in os.listxattr(path):
                    data += b"\n" + key.encode() + os.getxattr(path, key)
                if name in files:
                    data += b"\n" + Path(path).read_bytes()
                found += [(name, word) for word in said(data, words)]
        self.assertEqual([], found)
        self.assertEqual({first.name, second.name},
                         set(os.listdir(self.site.medium)))

    def test_the_words_are_in_there_for_whoever_has_the_key(self):
        bundle = self.export()
        listed = self.site.run("valise", "ls", "--json", bundle,
                               *self.site.identity).out
        for word in (RESOURCE, "telling-folder", "telling-link",
                     "telling-other-name"):
            self.assertIn(word, listed)
        out = self.site.run("valise", "cat", bundle,
                            f"{RESOURCE}/telling-other-name",
                            *self.site.identity).out
        self.assertIn("telling content", out)


class Explained(Silent):
    """What is text on the medium, word by word."""

    def setUp(self):
        super().setUp()
        self.export()
        self.bundle = self.export()
        self.shown = self.inspect(self.bundle)
        self.sizes = {file["name"]: file["size"]
                      for file in self.shown["files"]}

    def test_inspect_shows_every_file(self):
        self.assertEqual({p.name: p.stat().st_size
                          for p in self.bundle.iterdir()}, self.sizes)

    def test_sizes_are_those_of_whole_frames(self):
        for name, size in self.sizes.items():
            if name.endswith((".vli", ".vlp")):
                self.assertEqual(64, size % (1 << self.shown["frame_log2"]))

    def test_the_head(self):
        head = json.loads((self.bundle / "head.jsn").read_text())
        for name in ("commit", "files_root", "prev"):
            self.assertRegex(head.pop(name), f"^{HEX64}$")
        for name in ("epoch", "format", "frame_log2", "id", "kind", "must",
                     "seq", "series", "v"):
            self.assertEqual(self.shown[name], head.pop(name), name)
        for name in ("id", "series"):
            self.assertRegex(self.shown[name], f"^{HEX32}$")
        self.assertEqual([], head.pop("hints"))
        count = {kind: sum(1 for name in self.sizes if name[0] == kind
                           and name.endswith(".vl" + kind))
                 for kind in "ip"}
        self.assertEqual([{kind: [1, n] for kind, n in count.items() if n}],
                         head.pop("volumes"))
        self.assertEqual({}, head)

    def test_the_keys(self):
        keys = json.loads((self.bundle / "keys.jsn").read_text())
        self.assertRegex(keys.pop("mac"), f"^{HEX64}$")
        self.assertEqual(0, keys.pop("v"))
        told = []
        for stanza in keys.pop("stanzas"):
            wrapped = 150 if stanza["role"] == "full" else 107
            for name, length in (("kc", 43), ("epk", 43), ("salt", 22),
                                 ("wrap", wrapped)):
                if name in stanza:
                    self.assertRegex(stanza.pop(name),
                                     f"^[0-9A-Za-z_-]{{{length}}}$")
            self.assertEqual(1, stanza.pop("p", 1))
            names = {"m": "kib", "n": "passes", "t": "type"}
            told.append({names.get(k, k): v for k, v in stanza.items()})
        self.assertEqual(self.shown["stanzas"], told)
        self.assertEqual({}, keys)

    def test_the_seal(self):
        listed = {name: size for name, size in self.sizes.items()
                  if not name.startswith("seal.")}
        lines = (self.bundle / "seal.txt").read_text().splitlines()
        self.assertEqual(sorted(listed), [
            re.fullmatch(rf"BLAKE2b-256 \((.*)\) = {HEX64}", line).group(1)
            for line in lines])
        lines = (self.bundle / "seal.sig").read_text().splitlines()
        self.assertEqual("untrusted comment: valise seal", lines[0])
        self.assertRegex(lines[1], r"^[0-9A-Za-z+/]{98,99}={1,2}$")
        self.assertRegex(lines[2], (
            rf"^trusted comment: valise {self.bundle.stem} "
            f"seq={self.shown['seq']} kind={self.shown['kind']} "
            f"files={len(listed)} bytes={sum(listed.values())} "
            f"head={HEX64}$"))
        self.assertRegex(lines[3], r"^[0-9A-Za-z+/]{86}==$")
        self.assertEqual(4, len(lines))

    def test_what_stands_before_the_frames(self):
        paths = list(self.bundle.glob("*.vl[ip]"))
        self.assertEqual(3, len(paths))
        for path in paths:
            head = path.read_bytes()[:64]
            kind = {"p": 1, "i": 2}[path.name[0]]
            number = int(path.stem[1:])
            self.assertEqual(
                b"\x89VLS\r\n\x1a\n"
                + bytes([0, 0, kind, self.shown["frame_log2"]]) + bytes(4)
                + bytes.fromhex(self.shown["id"])
                + struct.pack("<Q", number), head[:40])
            # Between them a salt.
            self.assertEqual(bytes(8), head[56:])

    def test_one_more_of_everything_cannot_be_seen(self):
        before = (self.shown["stanzas"], self.sizes)
        readme = (self.bundle / "readme.txt").read_bytes()
        write_tree(self.site.source, {"one/more/file": "x",
                                      "another": "y" * 9})
        self.site.source_yaml.write_text(
            self.site.source_yaml.read_text().replace(SITE, "s"))
        bundle = self.export()
        self.assertEqual(readme, (bundle / "readme.txt").read_bytes())
        shown = self.inspect(bundle)
        self.assertEqual(before, (shown["stanzas"], {
            file["name"]: file["size"] for file in shown["files"]}))


if __name__ == "__main__":
    unittest.main()
