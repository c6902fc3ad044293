"""A small writer of bundles, from formats/*.md and nothing of src/.

It writes full bundles of one file tree and knows only what tests need: bodies
whose stretches are not longer than the least chunk, so that nothing is cut.
Each stage of the work has a name, and passes what it made through the edit of
that name, if there is one; later stages hash, encrypt and sign what the edit
gave back.  So a bundle can be wrong in one place and right in all others.

Needs python3-nacl, python3-zstandard, libxxhash, and libsodium.
"""
import base64
import ctypes
import hashlib
import json
import struct

import nacl.bindings
import nacl.pwhash.argon2id
import nacl.signing
import zstandard

BLOCK = 65536
ZSTD = zstandard.ZstdCompressor(level=3, write_checksum=True,
                                write_content_size=True)
README = (
    b"valise bundle\n"
    b"To check it without valise, with a copy of sender.pub that did not come "
    b"with it:\n"
    b"  minisign -Vm seal.txt -x seal.sig -p sender.pub\n"
    b"  b2sum --strict -c seal.txt\n"
    b"seal.txt names every file here but itself and seal.sig; anything else "
    b"does not belong here.\n")
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
XXH = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
XXH.restype = ctypes.c_uint64
XXH.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

SODIUM = ctypes.CDLL("libsodium.so.23")

# Kinds of records; bodies stand in solid blocks.
BODIES, LINES, MAP, LISTS, SECRETS, INNER = 1, 2, 3, 4, 5, 6


def blake(data, key=b"", personal=b"", salt=b"", size=32):
    return hashlib.blake2b(data, digest_size=size, key=key, salt=salt,
                           person=personal).digest()


def kdf(key, number, context):
    return blake(b"", key, context, struct.pack("<Q", number))


def b64u(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False).encode("utf-8", "surrogatepass")


def fixed(label, size=32):
    """Bytes that are the same in every run."""
    out = b""
    while len(out) < size:
        out += blake(label.encode() + struct.pack("<Q", len(out)))
    return out[:size]


def list_item(line, body, refs):
    """An item of a chunk list; refs are (zero blocks before, chunk id)."""
    return struct.pack("<QII", line, body, len(refs)) + b"".join(
        struct.pack("<I", zeros) + chunk for zeros, chunk in refs)


def secret_item(line, slot, token):
    """An item of a record of secrets."""
    return struct.pack("<QII", line, slot, len(token)) + token


class Secret:
    """In the place of a value, or with `inside` and `form` of a piece; of a
    file in `slots`, a list of (offset, Secret)."""

    def __init__(self, plain, kind="text", inside="", form=None):
        self.plain, self.kind = plain, kind
        self.inside, self.form = inside, form

    def place(self, line, column):
        if "path" in line:
            return [line["r"], "", line["path"], "", self.inside, self.kind]
        return [line["r"], line["c"], canonical(line["k"]).decode(), column,
                self.inside, self.kind]

    def json(self, fingerprint):
        more = [] if self.kind == "text" else [self.kind]
        if self.form:
            return {"$secret": [fingerprint, self.form, self.inside, *more]}
        return {"$secret": [fingerprint, *more] if more else fingerprint}


class Transfer:
    """Fingerprints and tokens under a transfer key."""

    def __init__(self, tk, series, epoch):
        self.keys = [kdf(tk, i, b"vls1xfer") for i in range(4)]
        self.series, self.epoch = series, epoch

    def location(self, place):
        return b"".join(struct.pack("<I", len(part)) + part for part in (
            self.series, struct.pack("<Q", self.epoch),
            *(word.encode() for word in place)))

    def fingerprint(self, place, plain):
        where = self.location(place)
        data = (b"vls1-sf" + struct.pack("<I", len(where)) + where
                + struct.pack("<I", len(plain)) + plain)
        return "sf1." + b64u(blake(data, self.keys[3])[:16])

    def seal(self, place, padded):
        """`padded` is right only where `pad` made it."""
        where = self.location(place)
        tag = blake(struct.pack("<QQ", len(where), len(padded)) + where
                    + padded, self.keys[1], b"vls1-siv")
        out = ctypes.create_string_buffer(len(padded))
        SODIUM.crypto_stream_xchacha20_xor(
            out, padded, ctypes.c_ulonglong(len(padded)), tag[:24],
            self.keys[2])
        return struct.pack("<Q", self.epoch) + tag + out.raw


def pad(plain):
    return plain + b"\x80" + bytes(31 - len(plain) % 32)


class Record:
    """`lies` replaces fields of the header by name."""

    FIELDS = ("kind", "codec", "reserved", "items", "stored", "plain",
              "ordinal", "xxh")

    def __init__(self, kind, plain, items, table=b"", codec=0, stored=None):
        self.kind = kind
        self.plain = plain
        self.items = items
        self.table = table
        self.codec = codec
        self.stored = stored
        self.lies = {}

    def __bytes__(self):
        stored = self.stored
        if stored is None:
            stored = ZSTD.compress(self.plain) if self.codec else self.plain
        true = (self.kind, self.codec, 0, self.items, len(stored),
                len(self.plain), self.ordinal, XXH(self.plain,
                                                   len(self.plain)))
        fields = [self.lies.get(name, value)
                  for name, value in zip(self.FIELDS, true)]
        return struct.pack("<BBHIIIQQ", *fields) + self.table + stored

    @property
    def counted(self):
        return self.lies.get("plain", len(self.plain))


class Sender:
    """A key of minisign, made from a label."""

    def __init__(self, label):
        self.key = nacl.signing.SigningKey(fixed(label))
        self.id = fixed(label + " id", 8)
        self.public = bytes(self.key.verify_key)

    def public_text(self):
        blob = base64.b64encode(b"Ed" + self.id + self.public).decode()
        return f"untrusted comment: a sender of tests\n{blob}\n"

    def sign(self, data):
        return self.key.sign(data).signature


class Password:
    """An argon2id stanza."""

    def __init__(self, password, role="full", m=8192, n=1):
        self.password = password
        self.fields = {"m": m, "n": n, "p": 1, "role": role,
                       "salt": b64u(fixed("salt", 16)), "t": "argon2id"}
        self.type = 1

    def kek(self, _ad):
        return nacl.pwhash.argon2id.kdf(
            32, self.password, fixed("salt", 16),
            opslimit=self.fields["n"], memlimit=self.fields["m"] * 1024)


class Identity:
    """An x25519 stanza."""

    def __init__(self, label, role="full"):
        self.secret = fixed(label)
        self.public = nacl.bindings.crypto_scalarmult_base(self.secret)
        self.ephemeral = fixed(label + " ephemeral")
        self.epk = nacl.bindings.crypto_scalarmult_base(self.ephemeral)
        self.fields = {"epk": b64u(self.epk), "role": role, "t": "x25519"}
        self.type = 2

    def kek(self, ad):
        shared = nacl.bindings.crypto_scalarmult(self.ephemeral, self.public)
        return blake(self.epk + self.public + ad, shared, b"vls1-x25519")


class Body:
    """A body as chunks (zero blocks before it, bytes) and its size."""

    def __init__(self, data):
        self.size = len(data)
        self.chunks = []
        self.offsets = []
        zeros = 0
        for at in range(0, len(data), BLOCK):
            block = data[at:at + BLOCK]
            if not block.strip(b"\0"):
                zeros += 1
                continue
            if self.chunks and not zeros:
                raise ValueError("a stretch longer than the least chunk")
            self.chunks.append((zeros, block))
            self.offsets.append(at)
            zeros = 0


def pieces_of(value):
    """Of a text in pieces, packed or not; else none."""
    parts = (next(iter(value.values())) if isinstance(value, dict)
             and len(value) == 1 else None)
    return parts if isinstance(parts, list) else []


def has_secrets(item):
    """Of (members of a line, its body)."""
    if isinstance(item[0], dict) and any(
            isinstance(part, Secret) for slot in item[0].get("slots", ())
            for part in slot):
        return True
    values = (item[0].get("row", {}) if isinstance(item[0], dict)
              else {}).values()
    return any(isinstance(one, Secret) for value in values
               for one in [value, *pieces_of(value)])


class Bundle:
    """`tree` is a list of (members of the line, bytes of the body or None, or
    a Body, which may lie about its size);
    `edits` maps names of stages to functions of what the stage made."""

    def __init__(self, tree, edits=None, sender=None, openers=(), seq=1):
        self.tree = tree
        self.edits = dict(edits or {})
        self.sender = sender or Sender("sender")
        self.openers = openers or (Identity("recipient"),)
        self.log2 = 16
        self.bk = fixed(f"bundle {seq}")
        self.sk = fixed("series key")
        self.tk = fixed("transfer key")
        self.files = {}
        self.whole = []  # lines of the manifest, once written
        self.tokens = []
        self.common = self.edit("common", {
            "commit": kdf(self.bk, 1, b"vls1bndl").hex(), "epoch": 1,
            "format": "valise-bundle", "frame_log2": self.log2, "hints": [],
            "id": fixed(f"id {seq}", 16).hex(), "kind": "full",
            "must": ["gear1", *(["siv1"] if any(map(has_secrets, tree))
                                else []), "zstd"], "prev": "0" * 64, "seq": seq,
            "series": fixed("series", 16).hex(), "v": 0})

    def edit(self, stage, value):
        change = self.edits.get(stage)
        return change(value) if change else value

    # Bodies, packs and their map.

    def chunk_id(self, data):
        return blake(data, kdf(self.sk, 1, b"vls1seri"))

    def content_hash(self, body):
        data = struct.pack("<Q", body.size) + b"".join(
            struct.pack("<Q", at) + self.chunk_id(chunk)
            for at, (_, chunk) in zip(body.offsets, body.chunks))
        return "k1." + b64u(blake(data, kdf(self.sk, 3, b"vls1seri")))

    def packs(self):
        """Two chunks a block, each chunk once; returns rows of the map."""
        chunks = {}
        for _, body in self.bodies:
            for _, data in body.chunks:
                chunks.setdefault(self.chunk_id(data), data)
        chunks = list(self.edit("chunks", chunks).items())
        self.records["p0000001"] = []
        rows = []
        offset = 0
        for at in range(0, len(chunks), 2):
            pair = [data for _, data in chunks[at:at + 2]]
            record = Record(
                BODIES, b"".join(pair), len(pair),
                b"".join(struct.pack("<I", len(d)) for d in pair),
                codec=int(len(b"".join(pair)) < 1000))
            record.ordinal = len(self.records["p0000001"])
            self.records["p0000001"].append(record)
            for index, (chunk, data) in enumerate(chunks[at:at + 2]):
                rows.append([chunk, 1, offset, index, 0, len(data), 0])
            offset += len(bytes(record))
        self.chunks = len(chunks)
        return self.edit("rows", sorted(rows))

    # Lines, secrets and lists.

    def with_slots(self, number, line):
        """The line with slots in the place of secrets, whose tokens it
        keeps."""
        transfer = Transfer(self.tk, bytes.fromhex(self.common["series"]),
                            self.common["epoch"])

        def keep(column, secret):
            """Its token; gives its fingerprint."""
            place = secret.place(line, column)
            mine = sum(n == number for n, _, _ in self.tokens)
            self.tokens.append(
                (number, mine, transfer.seal(place, pad(secret.plain))))
            return transfer.fingerprint(place, secret.plain)

        def slot(column, secret):
            return secret.json(keep(column, secret))

        if "slots" in line:
            return {**line, "slots": [
                [at, keep("", one), one.inside, one.kind]
                for at, one in line["slots"]]}
        row = {}
        for column, value in sorted(line["row"].items()):
            if isinstance(value, Secret):
                value = slot(column, value)
            elif pieces_of(value):
                tag, parts = next(iter(value.items()))
                value = {tag: [
                    slot(column, part) if isinstance(part, Secret) else part
                    for part in parts]}
            row[column] = value
        return {**line, "row": row}

    def lines(self):
        lines = []
        self.bodies = []
        for number, (members, data) in enumerate(self.tree):
            if data is not None:
                body = data if isinstance(data, Body) else Body(data)
                self.bodies.append((number, body))
                members = {**members, "size": body.size,
                           "hash": self.content_hash(body)}
            if has_secrets((members, None)):
                members = self.with_slots(number, members)
            lines.append(members)
        lines = self.edit("lines", lines)
        texts = [line if isinstance(line, bytes) else canonical(line) + b"\n"
                 for line in lines]
        return self.edit("texts", texts)

    def merkle(self, leaves):
        if len(leaves) == 1:
            return blake(leaves[0], kdf(self.sk, 4, b"vls1seri"))
        left = 1
        while left * 2 < len(leaves):
            left *= 2
        return blake(self.merkle(leaves[:left]) + self.merkle(leaves[left:]),
                     kdf(self.sk, 5, b"vls1seri"))

    def manifest(self, texts):
        first = canonical(self.edit("first", {
            "epoch": self.common["epoch"], "format": "valise-manifest",
            "series": self.common["series"], "site": "demo", "v": 0})) + b"\n"
        self.root = self.merkle([first, *texts,
                                 struct.pack("<Q", len(texts))])
        last = canonical(self.edit("last", {
            "count": len(texts), "root": self.root.hex()})) + b"\n"
        lists = self.edit("lists", [
            list_item(number, 0, [(zeros, self.chunk_id(data))
                                  for zeros, data in body.chunks])
            for number, body in self.bodies])
        self.whole = whole = self.edit("manifest", [first, *texts, last])
        self.records["i0000002"] = [
            Record(LINES, b"".join(whole), len(whole), codec=1)]
        tokens = [secret_item(*item) for item in
                  self.edit("tokens", self.tokens)]
        if tokens:
            self.records["i0000002"].append(
                Record(SECRETS, b"".join(tokens), len(tokens)))
        if lists:
            self.records["i0000002"].append(
                Record(LISTS, b"".join(lists), len(lists), codec=1))

    # Files of frames.

    def head_of_file(self, name):
        kind = 1 if name[0] == "p" else 2
        return (b"\x89VLS\r\n\x1a\n" + bytes((0, 0, kind, self.log2))
                + bytes(4) + bytes.fromhex(self.common["id"])
                + struct.pack("<Q", int(name[1:]))
                + fixed("salt of " + name, 16) + bytes(8))

    def frames(self, name):
        records = self.records[name]
        for ordinal, record in enumerate(records):
            record.ordinal = ordinal
        records = self.edit("records " + name, records)
        room = (1 << self.log2) - 16
        stream = self.edit("stream " + name, b"".join(map(bytes, records)))
        count = max(1, -(-len(stream) // room))
        stream = self.edit("padded " + name,
                           stream.ljust(count * room, b"\0"))
        header = self.edit("header " + name, self.head_of_file(name))
        count = len(stream) // room
        lasts = self.edit("lasts " + name, [0] * (count - 1) + [1])
        key = blake(header, kdf(self.bk, 2, b"vls1bndl"), b"vls1-file-key",
                    header[40:56])
        frames = [nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
            stream[i * room:(i + 1) * room], header,
            struct.pack("<Q", i) + bytes((0, 0, 0, lasts[i])), key)
            for i in range(count)]
        frames = self.edit("frames " + name, frames)
        suffix = ".vlp" if name[0] == "p" else ".vli"
        self.files[name + suffix] = self.edit(
            "file " + name, header + b"".join(frames))
        return count

    def inner(self, rows, packs):
        inner = {
            **self.common,
            "chunker": {"avg": 262144, "max": 1048576, "min": 65536},
            "counts": {"chunks": self.chunks, "lines": self.count},
            "created": "1700000000.000000000",
            "manifest_root": self.root.hex(),
            "map": [{"file": 1, "first_id": rows[0][0].hex(),
                     "rows": len(rows)}] if rows else [],
            "packs": packs,
            "resources": [{"hash": fixed("resource").hex(), "kind": "files",
                           "name": "files"}],
            "sender": self.sender.public.hex(),
            "site": "demo",
            "sk_commit": kdf(self.sk, 8, b"vls1seri").hex(),
            "tk_commit": kdf(self.tk, 8, b"vls1xfer").hex(),
            "tool": "bundlewriter",
            "total_plain": sum(record.counted for records in
                               self.records.values() for record in records)}
        return self.edit("inner text", canonical(self.edit("inner", inner)))

    # head.jsn and keys.jsn.

    def head(self, indexes):
        root = b"".join(
            name.encode() + b"\0" + struct.pack("<Q", len(data)) + blake(data)
            for name, data in sorted(self.files.items()))
        volume = {"i": [1, indexes]}
        if "p0000001" in self.records:
            volume["p"] = [1, 1]
        head = self.edit("head", {
            **self.common, "volumes": [volume],
            "files_root": blake(root, personal=b"vls1-content").hex()})
        return self.edit("head text", canonical(head) + b"\n")

    def stanza(self, opener):
        ad = (b"vls1" + bytes.fromhex(self.common["id"] +
                                      self.common["series"])
              + bytes((opener.type,)) + canonical(opener.fields))
        kek = opener.kek(ad)
        keys = self.bk + self.sk
        if opener.fields["role"] == "full":
            keys += self.tk
        wrap = nacl.bindings.crypto_aead_chacha20poly1305_ietf_encrypt(
            keys, ad, bytes(12), blake(ad, kek, b"vls1-kek-wrap"))
        return {**opener.fields, "wrap": b64u(wrap),
                "kc": b64u(blake(ad, kek, b"vls1-kek-commit"))}

    def keys(self):
        keys = {"stanzas": self.edit(
            "stanzas", [self.stanza(o) for o in self.openers]), "v": 0}
        keys["mac"] = blake(canonical(keys),
                            kdf(self.bk, 3, b"vls1bndl")).hex()
        return self.edit("keys text",
                         canonical(self.edit("keys", keys)) + b"\n")

    # The seal.

    def comment(self, head):
        number = int.from_bytes(bytes.fromhex(self.common["id"])[:5], "big")
        name = "".join(CROCKFORD[number >> shift & 31]
                       for shift in range(35, -1, -5))
        size = sum(map(len, self.files.values()))
        return (f"valise {name} seq={self.common['seq']} kind=full "
                f"files={len(self.files)} bytes={size} "
                f"head={blake(head).hex()}")

    def seal(self):
        listed = self.edit("listed", {
            name: blake(data).hex() for name, data in self.files.items()})
        text = self.edit("seal text", "".join(
            f"BLAKE2b-256 ({name}) = {listed[name]}\n"
            for name in sorted(listed)).encode())
        comment = self.edit("comment", self.comment(self.files["head.jsn"]))
        signer = self.edit("signer", self.sender)
        first = signer.sign(blake(text, size=64))
        second = signer.sign(first + comment.encode())
        blob = base64.b64encode(b"ED" + signer.id + first).decode()
        sig = ("untrusted comment: valise seal\n" + blob
               + "\ntrusted comment: " + comment + "\n"
               + base64.b64encode(second).decode() + "\n").encode()
        self.files["seal.txt"] = self.edit("written seal", text)
        self.files["seal.sig"] = self.edit("sig", sig)

    def write(self, folder):
        """All stages, and at last the files."""
        self.records = {}
        texts = self.lines()
        self.count = len(texts)
        rows = self.packs()
        if not rows:
            del self.records["p0000001"]
        self.manifest(texts)
        packs = [self.frames("p0000001")] if rows else []
        self.frames("i0000002")
        first = []
        if rows:
            first = [Record(MAP, b"".join(
                struct.pack("<32sIQHHII", *row) for row in rows), len(rows))]
        self.records["i0000001"] = first
        first.append(Record(INNER, self.inner(rows, packs), 1))
        self.frames("i0000001")
        self.files["head.jsn"] = self.head(2)
        self.files["keys.jsn"] = self.keys()
        self.files["readme.txt"] = self.edit("readme", README)
        self.files = self.edit("files", self.files)
        self.seal()
        folder.mkdir(parents=True)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        self.edit("folder", folder)
        return folder
