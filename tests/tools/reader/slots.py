"""Secrets: formats/manifest.md, "Secrets"; formats/bundle.md, "Secrets".

XChaCha20 is written down here, since no library of Debian gives it to Python
without Poly1305 behind it. It is slow, which for secrets is fast enough.
"""

import base64
import json
import struct

from common import (blake, demand, from_base64url, is_label, is_number,
                    is_text, json_text, kdf_transfer, shown)

HEAD = 40
BLOCK = 32
TOKEN_MOST = HEAD + (1 << 20) + BLOCK
LINE_MOST = 16 + TOKEN_MOST     # items of one line together
INSIDE_MOST = 1024
FILE_MOST = 16 << 20
TYPES = ("text", "blob", "clear", "clear-blob", "broken", "broken-blob")
PIECE_TYPES = ("text", "clear", "broken")
FORMS = ("plain", "json", "yaml", "yaml-part", "yaml-single", "yaml-double")


# As they stand in a line

def is_fingerprint(text):
    return (is_text(text, r"sf1\.[A-Za-z0-9_-]{22}")
            and len(from_base64url(text[4:], "a fingerprint")) == 16)


def read_value(value):
    """(fingerprint, type) of what stands behind $secret."""
    if not isinstance(value, list):
        value = [value, "text"]
    else:
        demand(len(value) == 2 and value[1] in TYPES[1:], "a secret is wrong")
    demand(is_fingerprint(value[0]), "a fingerprint is wrong")
    return tuple(value)


def read_piece(value):
    """(fingerprint, type, path inside) of a piece."""
    demand(isinstance(value, list) and len(value) in (3, 4)
           and is_fingerprint(value[0]) and value[1] in FORMS
           and is_label(value[2], INSIDE_MOST)
           and value[3:] in ([], ["clear"], ["broken"]),
           "a secret in pieces is wrong")
    return value[0], (value[3:] or ["text"])[0], value[2]


def is_secret(part):
    return isinstance(part, dict) and list(part) == ["$secret"]


def check_file(line):
    """The slots of a file: [[offset, fingerprint, place, type], ...]."""
    found = line["slots"]
    demand(isinstance(found, list) and found != []
           and all(isinstance(slot, list) and len(slot) == 4
                   for slot in found), "'slots' is wrong")
    demand("holes" not in line, "'slots' beside 'holes'")
    before = 0
    for at, fingerprint_, inside, type_ in found:
        demand(is_number(at) and is_fingerprint(fingerprint_)
               and isinstance(inside, str) and type_ in PIECE_TYPES
               and len(inside.encode()) <= INSIDE_MOST, "'slots' is wrong")
        demand(before <= at <= line["size"], "a slot beyond its file", "limit")
        demand(inside or len(found) == 1 and line["size"] == 0,
               "a slot that is the whole file, and more")
        before = at
    demand(line["size"] <= FILE_MOST, "a file with slots is too long", "limit")


def of_line(line):
    """(fingerprint, place) of each secret of a line, in their order."""
    if line["t"] == "row":
        yield from of_row(line)
    for _, fingerprint_, inside, type_ in line.get("slots", []):
        yield fingerprint_, (line["r"].encode(), b"", line["path"], b"",
                             inside.encode(), type_.encode())


def of_row(line):
    for column in sorted(line["row"], key=str.encode):
        value = line["row"][column]
        if is_secret(value):
            found = [(*read_value(value["$secret"]), "")]
        elif isinstance(value, dict) and isinstance(
                next(iter(value.values())), list):
            found = [read_piece(part["$secret"])
                     for part in next(iter(value.values()))
                     if is_secret(part)]
        else:
            found = []
        for fingerprint_, type_, inside in found:
            yield fingerprint_, (
                line["r"].encode(), line["c"].encode(),
                json_text(line["k"], -10).encode(), column.encode(),
                inside.encode(), type_.encode())


# Files with secrets in them

def put_back(text, line):
    """`text`, what is left of a file, with its secrets where they stood."""
    demand(None not in line["secrets"],
           f"{shown(line['r'], line['path'])} holds secrets, which this key "
           "does not open",
           "key")
    out, behind = b"", 0
    for (at, _, inside, _), secret in zip(line["slots"], line["secrets"]):
        out += text[behind:at] + spelled(secret, inside, text[at - 1:at]
                                         if at else b"", text[at:at + 1])
        behind = at
    return out + text[behind:]


def spelled(secret, inside, before, after):
    """As it stands between these two bytes, as far as shows in them: whether
    a file is JSON or YAML, and how an application encrypts, does not."""
    quote = before if before == after else b""
    try:
        words = secret.decode()
    except UnicodeDecodeError:
        return secret
    if inside.startswith("$") and quote == b'"':
        return json.dumps(words, ensure_ascii=False)[1:-1].encode()
    if inside.startswith("$") and quote == b"'":
        return secret.replace(b"'", b"''")
    if inside.startswith("define ") and quote:
        special = b"\\" + quote + (b"$" if quote == b'"' else b"")
        return b"".join((b"\\" if c in special else b"") + bytes([c])
                        for c in secret)
    return secret


# Records of kind 5

def items(data):
    """(line, slot, token) of each."""
    while data:
        demand(len(data) >= 16, "a secret that is cut short")
        line, slot, size = struct.unpack("<QII", data[:16])
        demand(size <= TOKEN_MOST, "a secret that is too long", "limit")
        demand(16 + size <= len(data), "a secret that is cut short")
        demand(size > HEAD and (size - HEAD) % BLOCK == 0,
               "a token that is none")
        yield line, slot, data[16:16 + size]
        data = data[16 + size:]


def read_items(data):
    found = list(items(data))
    demand(found, "no secret")
    return found


# XChaCha20


def rotate(n, bits):
    return (n << bits | n >> (32 - bits)) & 0xffffffff


def rounds(state):
    """The twenty rounds of ChaCha20, in ten pairs."""
    s = list(state)

    def quarter(a, b, c, d):
        s[a] = s[a] + s[b] & 0xffffffff
        s[d] = rotate(s[d] ^ s[a], 16)
        s[c] = s[c] + s[d] & 0xffffffff
        s[b] = rotate(s[b] ^ s[c], 12)
        s[a] = s[a] + s[b] & 0xffffffff
        s[d] = rotate(s[d] ^ s[a], 8)
        s[c] = s[c] + s[d] & 0xffffffff
        s[b] = rotate(s[b] ^ s[c], 7)

    for _ in range(10):
        quarter(0, 4, 8, 12)
        quarter(1, 5, 9, 13)
        quarter(2, 6, 10, 14)
        quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15)
        quarter(1, 6, 11, 12)
        quarter(2, 7, 8, 13)
        quarter(3, 4, 9, 14)
    return s


def words(data):
    return list(struct.unpack("<%dI" % (len(data) // 4), data))


CONSTANTS = words(b"expand 32-byte k")


def xchacha20(key, nonce, n):
    """n bytes of the key stream."""
    s = rounds(CONSTANTS + words(key) + words(nonce[:16]))
    inner = s[:4] + s[12:]
    out = b""
    for block in range((n + 63) // 64):
        state = CONSTANTS + inner + words(
            struct.pack("<Q", block) + nonce[16:24])
        out += struct.pack("<16I", *((a + b) & 0xffffffff for a, b in
                                     zip(state, rounds(state))))
    return out[:n]


# Fingerprints and tokens. `place` is resource, collection, key, column, path
# inside the value and type, as bytes.

def chain(parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def location(series, epoch, place):
    return chain([series, struct.pack("<Q", epoch), *place])


def fingerprint(tk, loc, plain):
    digest = blake(b"vls1-sf" + chain([loc, plain]), key=kdf_transfer(tk, 3))
    return "sf1." + base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def padded(plain):
    return plain + b"\x80" + bytes(-(len(plain) + 1) % BLOCK)


def tag_of(tk, loc, full):
    return blake(struct.pack("<QQ", len(loc), len(full)) + loc + full,
                 key=kdf_transfer(tk, 1), person=b"vls1-siv")


def crypt(tk, tag, data):
    stream = xchacha20(kdf_transfer(tk, 2), tag[:24], len(data))
    return bytes(a ^ b for a, b in zip(data, stream))


def seal(tk, epoch, loc, plain):
    """The token of a secret."""
    full = padded(plain)
    tag = tag_of(tk, loc, full)
    return struct.pack("<Q", epoch) + tag + crypt(tk, tag, full)


def unseal(tk, epoch, loc, want, token):
    """The secret of a token, whose fingerprint is `want`."""
    demand(struct.unpack("<Q", token[:8])[0] == epoch,
           "a token of another epoch", "auth")
    tag = token[8:HEAD]
    full = crypt(tk, tag, token[HEAD:])
    demand(tag_of(tk, loc, full) == tag, "a token that does not open", "auth")
    plain = full.rstrip(b"\0")
    demand(plain.endswith(b"\x80") and len(full) - len(plain) < BLOCK,
           "a secret that is not padded", "auth")
    plain = plain[:-1]
    demand(fingerprint(tk, loc, plain) == want,
           "a secret that is not its fingerprint", "auth")
    return plain
