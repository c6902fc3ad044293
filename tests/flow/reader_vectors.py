"""The second reader and the vectors of formats/ agree, and so do the worked
examples of its pages.

The reader is in tests/tools/reader; tests/flow/second_reader.py has it read
whole bundles.
"""
import os
import re
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

try:
    import nacl  # noqa: F401
    import xxhash  # noqa: F401
    import zstandard  # noqa: F401
    from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-zstandard, python3-xxhash)")
    sys.exit(77)

TESTS = Path(__file__).resolve().parents[1]
FORMATS = TESTS.parent / "formats"

sys.path.insert(0, str(TESTS / "tools"))
sys.path.insert(0, str(TESTS / "tools/reader"))
sys.path.insert(0, str(TESTS / "flow/lib"))
import bundle as reader_bundle  # noqa: E402
import frames  # noqa: E402
import fromtext  # noqa: E402
import keys  # noqa: E402
import locked  # noqa: E402
import manifest  # noqa: E402
import paths  # noqa: E402
import php  # noqa: E402
import seal  # noqa: E402
import slots  # noqa: E402
from bundlewriter import b64u, list_item, secret_item  # noqa: E402
from common import (Bad, blake, from_base64url,  # noqa: E402
                    kdf_bundle, kdf_series, le64)


# Vectors, as formats/bundle.md describes them.

def vector(path):
    """Fields of a vector, its comment and expect; bytes are in 'data'."""
    fields = {"data": b""}
    for line in path.read_bytes().removesuffix(b"\n").split(b"\n"):
        word, _, rest = line.partition(b": ")
        word = word.decode().removesuffix(":")
        if word == "line":
            fields["data"] += rest + b"\n"
        elif word == "text":
            fields["data"] += rest
        elif word == "hex":
            fields["data"] += bytes.fromhex(rest.decode())
        elif word in ("repeat", "lines"):
            count, _, text = rest.partition(b" ")
            end = b"\n" if word == "lines" else b""
            fields["data"] += (text + end) * int(count)
        else:
            fields[word] = rest
    return fields


def unlock(fields):
    identity = fields.get("identity")
    opened = keys.unlock(
        keys.read_head(fields["head"] + b"\n"),
        keys.read_keys(fields["keys"] + b"\n"), fields.get("password"),
        bytes.fromhex(identity.decode()) if identity else None)
    for name in ("bk", "sk", "tk"):
        wanted = fields.get(name)
        found = opened[name].hex().encode() if opened[name] else None
        if found != wanted:
            raise AssertionError(f"{name}: {found}, not {wanted}")


DECODERS = {
    "chunk-list": frames.read_list_items,
    "database-line": manifest.read_any,
    "file-header": frames.read_file_header,
    "head": keys.read_head,
    "inner-head": reader_bundle.read_inner,
    "key-file": locked.read_locked,
    "keys": keys.read_keys,
    "manifest-head": manifest.read_first,
    "manifest-line": manifest.read_line,
    "manifest-tail": manifest.read_last,
    "map-row": frames.read_map_row,
    "record-header": frames.read_record_header,
    "seal-list": seal.read_list,
    "secrets": slots.read_items,
    "php": php.read,
    "seal-sig": seal.read_signature,
    "sender-public": seal.read_sender,
    # A reader has no use for these: they are in fromtext.py.
    "sender-secret": fromtext.sender_secret,
    "series-key": fromtext.series_key,
}
# Of these there are runners of their own.
WHOLE = {"gear1", "key-open", "keys-unlock", "manifest", "sender-locked",
         "stream", "tied-path", "token"}
# Values of an application, which nobody needs to read a bundle: YAML as libyaml
# reads it, and what is encrypted at rest.  Their only runners are
# tests/unit/place/yaml.c and tests/unit/vault/vectors.c.
ELSEWHERE = {"cipher", "yaml"}


class Vectors(unittest.TestCase):
    def outcome(self, decode, data):
        try:
            decode(data)
        except Bad as bad:
            return bad.kind
        return "ok"

    def test_every_structure_is_decoded_or_named(self):
        found = {p.name for p in (FORMATS / "vectors").iterdir()}
        self.assertEqual(found, set(DECODERS) | WHOLE | ELSEWHERE)

    def test_each_has_its_outcome(self):
        for structure, decode in DECODERS.items():
            for path in sorted((FORMATS / "vectors" / structure).iterdir()):
                fields = vector(path)
                with self.subTest(f"{structure}/{path.name}"):
                    self.assertEqual(fields["expect"].decode(),
                                     self.outcome(decode, fields["data"]))

    def test_keys_open_as_expected(self):
        for path in sorted((FORMATS / "vectors/keys-unlock").iterdir()):
            fields = vector(path)
            with self.subTest(path.name):
                self.assertEqual(fields["expect"].decode(),
                                 self.outcome(unlock, fields))

    def test_keys_under_a_password_open_as_expected(self):
        for structure, opened, result in (
                ("key-open", lambda data, password: locked.open_locked(
                    locked.read_locked(data), password), "plain"),
                ("sender-locked", fromtext.sender_locked, "key")):
            for path in sorted((FORMATS / "vectors" / structure).iterdir()):
                fields = vector(path)
                with self.subTest(f"{structure}/{path.name}"):
                    found, kind = None, "ok"
                    try:
                        found = opened(fields["data"], fields["password"])
                    except Bad as bad:
                        kind = bad.kind
                    self.assertEqual(fields["expect"].decode(), kind)
                    self.assertEqual(fields.get(result),
                                     found and found.hex().encode())

    def test_paths_that_hold_keys_become_those_here(self):
        lines = paths.Lines([b"pic/{pic.id}.png", b"home/u-{user.id}/**",
                             b"home/u-{user.id}/at/{day.id}"])
        for path in sorted((FORMATS / "vectors/tied-path").iterdir()):
            fields = vector(path)
            with self.subTest(path.name):
                found, kind = None, "ok"
                try:
                    found = lines.here(fields["path"], lambda key: key[2:-2])
                except Bad as bad:
                    kind = bad.kind
                self.assertEqual(fields["expect"].decode(), kind)
                self.assertEqual(fields.get("here"), found)

    def test_tokens_open_as_expected(self):
        for path in sorted((FORMATS / "vectors/token").iterdir()):
            with self.subTest(path.name):
                facts = dict(pairs(path))
                place = [value for key, value in pairs(path)
                         if key == "place"]
                tk, series, token = (bytes.fromhex(facts[name].decode())
                                     for name in ("tk", "series", "token"))
                epoch = int(facts["epoch"])
                where = slots.location(series, epoch, place)
                found, kind = None, "ok"
                try:
                    found = slots.unseal(
                        tk, epoch, where, facts["fingerprint"].decode(), token)
                except Bad as bad:
                    kind = bad.kind
                self.assertEqual(facts["expect"].decode(), kind)
                self.assertEqual(facts.get("plain"),
                                 None if found is None
                                 else found.hex().encode())
                if kind == "ok":
                    self.assertEqual(token,
                                     slots.seal(tk, epoch, where, found))

    def test_stretches_are_cut_as_expected(self):
        for path in sorted((FORMATS / "vectors/gear1").iterdir()):
            with self.subTest(path.name):
                facts, data = {}, b""
                for key, value in pairs(path):
                    words = value.decode().split()
                    if key == "gear":
                        gear = fromtext.splitmix64(int(words[1]), 256)
                    elif key == "set":
                        gear[int(words[0])] = int(words[1], 16)
                    elif key == "data" and words[0] == "byte":
                        data += bytes([int(words[1])]) * int(words[2])
                    elif key == "data":
                        size = int(words[2])
                        data += b"".join(map(le64, fromtext.splitmix64(
                            int(words[1]), -(-size // 8))))[:size]
                    else:
                        facts[key] = words
                self.assertEqual(
                    [int(word) for word in facts.get("cuts", [])],
                    fromtext.cuts(gear, data, *(int(facts[name][0]) for name
                                                in ("min", "avg", "max"))))

    def test_what_is_accepted_is_refused_cut_or_longer(self):
        """But for what the text excepts: a seal cut behind a line, lists and
        secrets cut behind an item, and missing lines or LF of key files."""
        excepted = {"seal-list", "chunk-list", "secrets", "sender-public",
                    "key-file", "sender-secret"}
        for structure in sorted(set(DECODERS) - excepted):
            for path in sorted((FORMATS / "vectors" / structure).iterdir()):
                fields, decode = vector(path), DECODERS[structure]
                data = fields["data"]
                if fields["expect"] != b"ok" or len(data) > 2000:
                    continue
                with self.subTest(f"{structure}/{path.name}"):
                    for size in range(len(data)):
                        self.assertNotEqual(
                            "ok", self.outcome(decode, data[:size]))
                    self.assertNotEqual(
                        "ok", self.outcome(decode, data + b"\0"))


# What is released piece by piece: its vectors say what may be, before the
# failure.

def pairs(path):
    """(key, value) of each line of a vector."""
    for line in path.read_bytes().removesuffix(b"\n").split(b"\n"):
        key, _, value = line.partition(b": ")
        yield key.decode(), value


def stream_file(path):
    """Facts of a vector of formats/vectors/stream, and the file."""
    facts, plain, file = {}, None, b""

    def end_frame():
        nonlocal file
        if plain is not None:
            key = blake(facts["header"], salt=facts["header"][40:56],
                        key=kdf_bundle(facts.get("sealed_by", facts["bk"]), 2),
                        person=b"vls1-file-key")
            number, last = facts["frame"]
            file += crypto_aead_chacha20poly1305_ietf_encrypt(
                plain.ljust(65520, b"\0"), facts["header"],
                le64(number) + bytes([0, 0, 0, last]), key)

    for key, value in pairs(path):
        if key in ("frame", "more", "cut", "flip", "file"):
            end_frame()
            plain = None
        if key in ("bk", "id", "header", "sealed_by"):
            facts[key] = bytes.fromhex(value.decode())
            file += facts[key] if key == "header" else b""
        elif key == "frame":
            facts[key] = [int(word) for word in value.split()]
            plain = b""
        elif key == "hex":
            plain += bytes.fromhex(value.decode())
        elif key == "zeros":
            plain += bytes(int(value))
        elif key == "repeat":
            count, _, byte = value.partition(b" ")
            plain += byte * int(count)
        elif key == "more":
            file += bytes(int(value))
        elif key == "cut":
            file = file[:int(value)]
        elif key == "flip":
            at = int(value)
            file = file[:at] + bytes([file[at] ^ 1]) + file[at + 1:]
        else:
            facts[key] = value.decode()
    return facts, file


def record_bytes(record):
    """Header, table and plain bytes of a record that came out."""
    h = record.header
    return struct.pack("<BBHIIIQQ", h["kind"], h["codec"], 0, h["items"],
                       h["stored"], h["plain"], h["ordinal"],
                       h["xxh3"]) + record.table + record.plain


class OneManifest(reader_bundle.Bundle):
    """The lines of a vector of formats/vectors/manifest, a record each."""

    def __init__(self, path):
        self.lines, facts = [], {}
        for key, value in pairs(path):
            if key == "line":
                self.lines.append(value + b"\n")
            else:
                facts[key] = value.decode()
        self.facts = facts
        self.sk = bytes.fromhex(facts["sk"])
        self.map = {}
        self.inner = {
            "epoch": int(facts["epoch"]), "series": facts["series"],
            "site": facts["site"], "manifest_root": facts["root"],
            "counts": {"lines": int(facts["count"])},
            "resources": [
                {"name": name, "kind": kind or "files"} for name, _, kind in (
                    r.partition(":") for r in facts["resources"].split())]}

    def index_records(self):
        for number, line in enumerate(self.lines):
            yield SimpleNamespace(kind=frames.LINES, items=1, plain=line)
            if b'"t":"file"' in line:
                yield SimpleNamespace(
                    kind=frames.LISTS, items=1,
                    plain=list_item(number - 1, 0, []))


class Pieces(unittest.TestCase):
    def check(self, path, facts, pieces):
        """`pieces` makes what is released; it ends as the vector says."""
        released, found = b"", "ok"
        try:
            for piece in pieces():
                released += piece
        except Bad as bad:
            found = bad.kind
        self.assertEqual((facts["expect"], facts["released"]),
                         (found, blake(released).hex()), path.name)

    def test_streams_give_out_what_they_may(self):
        folder = tempfile.mkdtemp(prefix="second.")
        self.addCleanup(shutil.rmtree, folder)
        for path in sorted((FORMATS / "vectors/stream").iterdir()):
            facts, file = stream_file(path)
            self.assertEqual(facts["file"], blake(file).hex())
            head = {"id": facts["id"].hex(),
                    "frame_log2": int(facts["frame_log2"])}
            (Path(folder) / "file").write_bytes(file)

            def pieces():
                opened = frames.FrameFile(os.path.join(folder, "file"),
                                          facts["name"], head, facts["bk"])
                try:
                    yield from map(record_bytes, frames.records(opened))
                finally:
                    opened.close()

            with self.subTest(path.name):
                self.check(path, facts, pieces)

    def test_lists_give_out_what_they_may(self):
        for path in sorted((FORMATS / "vectors/chunk-list").iterdir()):
            fields = vector(path)
            facts = {key: fields[key].decode()
                     for key in ("expect", "released")}
            with self.subTest(path.name):
                self.check(path, facts, lambda: (
                    list_item(*item) for item in
                    frames.list_items(fields["data"])))

    def test_secrets_give_out_what_they_may(self):
        for path in sorted((FORMATS / "vectors/secrets").iterdir()):
            fields = vector(path)
            facts = {key: fields[key].decode()
                     for key in ("expect", "released")}
            with self.subTest(path.name):
                self.check(path, facts, lambda: (
                    secret_item(*item) for item in
                    slots.items(fields["data"])))

    def test_manifests_give_out_what_they_may(self):
        for path in sorted((FORMATS / "vectors/manifest").iterdir()):
            bundle = OneManifest(path)
            with self.subTest(path.name):
                self.check(path, bundle.facts, lambda: (
                    text for text, _, _ in bundle.read_manifest()))


class Examples(unittest.TestCase):
    """Values that the worked examples derive; tests/style/vectors.py looks
    after the bytes that they show."""

    def shows(self, page, **values):
        text = (FORMATS / page).read_text(encoding="utf-8")
        text = "".join(re.findall("[0-9A-Za-z_-]+", text))
        for name, value in values.items():
            shown = value if isinstance(value, str) else value.hex()
            with self.subTest(f"{page}: {name}"):
                self.assertIn(shown, text)

    def test_of_head_and_frames(self):
        head = vector(FORMATS / "vectors/head/full")["data"]
        facts, _ = stream_file(FORMATS / "vectors/stream/two-records")
        root = kdf_bundle(facts["bk"], 2)
        self.shows("bundle.md", fingerprint=blake(head), root=root, FK=blake(
            facts["header"], key=root, salt=facts["header"][40:56],
            person=b"vls1-file-key"))

    def test_of_keys(self):
        fields = vector(FORMATS / "vectors/keys-unlock/password")
        head = keys.read_head(fields["head"] + b"\n")
        stanza = keys.read_keys(fields["keys"] + b"\n")["stanzas"][0]
        ad = keys.additional_data(head, stanza)
        kek = keys.kek_of_password(stanza, fields["password"])
        kc = blake(ad, key=kek, person=b"vls1-kek-commit")
        self.assertEqual(kc, from_base64url(stanza["kc"], "kc"))
        page = (FORMATS / "keys.md").read_text(encoding="utf-8")
        self.assertIn(ad.hex(), "".join(re.findall(
            r"(?m)^    00[0-9a-f]0  ((?:[0-9a-f]{2} ?)+)$", page)).replace(
                " ", ""))
        self.shows("keys.md", KEK=kek, kc=kc,
                   KW=blake(ad, key=kek, person=b"vls1-kek-wrap"),
                   **{n: fields[n].decode() for n in ("bk", "sk", "tk")})

    def test_of_a_manifest(self):
        sk = bytes(range(32))
        body = b"hello\n"
        chunk = blake(body, key=kdf_series(sk, 1))
        page = (FORMATS / "manifest.md").read_text(encoding="utf-8")
        example = page[page.index("## Worked example"):]
        lines = [line.encode() + b"\n" for line in
                 re.findall(r'(?m)^    (\{"[eg].*)$', example)]
        root = manifest.Root(sk)
        for line in lines:
            root.add(line)
        files = [line for line in map(manifest.read_line, lines[1:])
                 if line["t"] == "file"]
        self.assertEqual((2, 1), (len(lines) - 1, len(files)))
        digest = manifest.content_hash(sk, len(body), [(0, chunk)])
        self.assertEqual(digest, from_base64url(files[0]["hash"][3:], "hash"))
        self.shows(
            "manifest.md", chunk=chunk, root=root.finish(2),
            hash=b64u(digest), empty=b64u(manifest.content_hash(sk, 0, [])),
            **{f"key {n}": kdf_series(sk, n) for n in (1, 3, 4, 5)},
            **{f"leaf {n}": blake(leaf, key=kdf_series(sk, 4))
               for n, leaf in enumerate([*lines, le64(2)])})


if __name__ == "__main__":
    unittest.main()
