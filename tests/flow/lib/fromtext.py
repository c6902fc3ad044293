"""What formats/ says of things that a reader of bundles has no use for, done
from the text alone: where bodies are cut, keys that sign, keys of a series.

Each function takes bytes or fields and gives what is in them, or raises Bad of
tests/tools/reader.
"""
import base64
import struct

import nacl.bindings as sodium
import nacl.signing
from common import blake, demand, is_name

JSON_NUMBER = 10**15


# formats/manifest.md, "gear1"

def splitmix64(state, count):
    out = []
    for _ in range(count):
        state = (state + 0x9e3779b97f4a7c15) % 2**64
        z = state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 % 2**64
        z = (z ^ z >> 27) * 0x94d049bb133111eb % 2**64
        out.append(z ^ z >> 31)
    return out


def cut_once(gear, data, at, least, average, most):
    """Length of the first chunk of the stretch from `at` on."""
    size = len(data) - at
    if size <= least:
        return size
    h = 0
    for byte in data[at + least - 64:at + least]:
        h = (2 * h + gear[byte]) % 2**64
    bits = average.bit_length() - 1
    for length in range(least, size + 1):
        k = bits + 2 if length < average else bits - 2
        if length in (size, most) or h >> (64 - k) == 0:
            return length
        h = (2 * h + gear[data[at + length]]) % 2**64
    raise AssertionError("a stretch without an end")


def cuts(gear, data, least, average, most):
    at, lengths = 0, []
    while at < len(data):
        lengths.append(cut_once(gear, data, at, least, average, most))
        at += lengths[-1]
    return lengths


# formats/seal.md, "Key files of a sender"

def lines_of(data):
    demand(len(data) <= 512, "sender.key is too long", "limit")
    lines = data.removesuffix(b"\n").split(b"\n")
    demand(len(lines) == 2 and lines[0].startswith(b"untrusted comment: "),
           "sender.key has not two lines")
    try:
        raw = base64.b64decode(lines[1], validate=True)
    except ValueError:
        raw = b""
    demand(base64.b64encode(raw) == lines[1] and len(raw) == 158,
           "sender.key has not 158 bytes")
    demand(raw[:2] == b"Ed" and raw[4:6] == b"B2",
           "sender.key is of another algorithm")
    return raw


def both_halves(key):
    """Key id and secret key, whose halves belong together."""
    public = bytes(nacl.signing.SigningKey(key[8:40]).verify_key)
    demand(public == key[40:72], "halves that do not belong together")
    return key


def sender_secret(data):
    raw = lines_of(data)
    demand(raw[2:4] in (bytes(2), b"Sc"), "another derivation")
    demand(raw[2:4] == bytes(2), "under a password", "refused")
    check = raw[126:]
    demand(check in (bytes(32), blake(b"Ed" + raw[54:126])),
           "the check sum does not fit")
    return both_halves(raw[54:126])


def sender_locked(data, password):
    raw = lines_of(data)
    demand(raw[2:4] == b"Sc", "another derivation")
    blocks, memory = struct.unpack("<QQ", raw[38:54])
    demand(2**24 <= memory <= 2**30 and 2**15 <= blocks <= 2**27,
           "costs out of bounds", "limit")
    log2, r, p = sodium.nacl_bindings_pick_scrypt_params(blocks, memory)
    mask = sodium.crypto_pwhash_scryptsalsa208sha256_ll(
        password, raw[6:38], 1 << log2, r, p, dklen=104, maxmem=2**31)
    plain = bytes(a ^ b for a, b in zip(raw[54:], mask))
    demand(plain[72:] == blake(b"Ed" + plain[:72]),
           "wrong password, or damaged", "key")
    return both_halves(plain[:72])


# formats/keys.md, "Series key"

def series_key(data):
    demand(len(data) >= 179, "a series key is too short")
    numbers = struct.unpack("<QQQ", data[16:40])
    demand(all(number < JSON_NUMBER for number in numbers)
           and numbers[0] >= 1, "a number out of bounds")
    demand(numbers[1] > 0 or data[40:72] == bytes(32),
           "a last bundle without a number")
    behind = 177 + data[176]
    name = data[177:behind]
    demand(is_name(name.decode("latin-1")), "no name of a site")
    demand(len(data) >= behind + 2, "a series key is cut")
    size = struct.unpack("<H", data[behind:behind + 2])[0]
    demand(size <= 512 and len(data) == behind + 2 + size,
           "a sender.key of another length")
