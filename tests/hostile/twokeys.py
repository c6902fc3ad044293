"""A wrap that opens under two passwords (Len, Grubbs, Ristenpart:
Partitioning Oracle Attacks, USENIX Security 2021).

ChaCha20-Poly1305 does not commit to its key: its tag is a polynomial in the
blocks of ciphertext, so one block can be chosen such that the tags under two
keys are equal.  The keys that come out under the first password are right but
for the end of TK, where that block is; under the second they are noise.
"""
import base64
import struct

import nacl.bindings as sodium

from bundlewriter import Password, b64u, blake, canonical, fixed

PRIME = 2**130 - 5
BLOCK = 2**128
NONCE = bytes(12)
SIZE = 96  # BK, SK, TK: six blocks


def rotated(value, by):
    return (value << by | value >> (32 - by)) & 0xffffffff


def quarter(x, a, b, c, d):
    for one, other, last, by in ((a, b, d, 16), (c, d, b, 12),
                                 (a, b, d, 8), (c, d, b, 7)):
        x[one] = (x[one] + x[other]) & 0xffffffff
        x[last] = rotated(x[last] ^ x[one], by)


def key_stream(key):
    """The first block of RFC 8439, 2.3, with nonce and counter 0."""
    start = [*struct.unpack("<4I", b"expand 32-byte k"),
             *struct.unpack("<8I", key), 0, 0, 0, 0]
    x = list(start)
    for _ in range(10):
        for column in range(4):
            quarter(x, column, column + 4, column + 8, column + 12)
        for column in range(4):
            quarter(x, column, (column + 1) % 4 + 4, (column + 2) % 4 + 8,
                    (column + 3) % 4 + 12)
    return struct.pack("<16I", *((a + b) & 0xffffffff
                                 for a, b in zip(x, start)))


class OneTime:
    """The tag of one key, as a polynomial (RFC 8439, 2.5 and 2.8)."""

    def __init__(self, key):
        stream = key_stream(key)
        self.r = (int.from_bytes(stream[:16], "little")
                  & 0x0ffffffc0ffffffc0ffffffc0fffffff)
        self.s = int.from_bytes(stream[16:32], "little")

    def sum(self, ad, sealed):
        whole = (ad + bytes(-len(ad) % 16) + sealed + bytes(-len(sealed) % 16)
                 + struct.pack("<QQ", len(ad), len(sealed)))
        total = 0
        for at in range(0, len(whole), 16):
            block = int.from_bytes(whole[at:at + 16], "little") + BLOCK
            total = (total + block) * self.r % PRIME
        return total

    def tag(self, ad, sealed):
        return ((self.sum(ad, sealed) + self.s) % BLOCK).to_bytes(
            16, "little")


def collide(keys, ad, sealed):
    """`sealed` with its last two blocks such that both tags are equal; the
    last one is two multiplications from the end of the polynomial."""
    one, other = (OneTime(key) for key in keys)
    inverse = pow(one.r**2 - other.r**2, -1, PRIME)
    for draw in range(1000):
        head = sealed[:-32] + fixed(f"draw {draw}", 16)
        base = head + bytes(16)
        wanted = (other.sum(ad, base) - one.sum(ad, base)
                  + other.s - one.s) * inverse % PRIME
        if wanted < BLOCK:
            found = head + wanted.to_bytes(16, "little")
            tag = one.tag(ad, found)
            if tag == other.tag(ad, found):
                return found + tag
    raise AssertionError("no block was found")


def wrap_key(password, ad):
    return blake(ad, Password(password).kek(ad), b"vls1-kek-wrap")


def opens_twice(stanza, first, second):
    """The stanza of password `first`, with a wrap that `second` opens, too;
    of the first bundle of bundlewriter.py."""
    left = {k: v for k, v in stanza.items() if k not in ("kc", "wrap")}
    ad = (b"vls1" + fixed("id 1", 16) + fixed("series", 16) + b"\1"
          + canonical(left))
    keys = [wrap_key(password, ad) for password in (first, second)]
    sealed = base64.urlsafe_b64decode(stanza["wrap"] + "==")[:SIZE]
    wrap = collide(keys, ad, sealed)
    for key in keys:
        # Raises where it does not open.
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(wrap, ad, NONCE, key)
    return {**stanza, "wrap": b64u(wrap)}
