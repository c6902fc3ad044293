"""Keys under a password: formats/keys.md, "Files of people"."""

import hmac

import nacl.bindings as sodium
import nacl.exceptions

from common import Bad, blake, demand, from_base64url, le
from keys import check_costs

FILE_MOST = 2048
IDENTITY = b"valise recipient.key under a password"
KINDS = {IDENTITY: 1, b"valise series key under a password": 2}
SERIES_MOST = 768
TAG = 16


def read_locked(data):
    """The parts of a key under a password."""
    demand(len(data) <= FILE_MOST, "a key file is too long", "limit")
    lines = data.removesuffix(b"\n").split(b"\n")
    demand(len(lines) == 2 and lines[0] in KINDS,
           "this is no key under a password")
    raw = from_base64url(lines[1].decode("latin-1"), "a key under a password")
    demand(len(raw) >= 64 + TAG and raw[:4] == b"vlsk" and raw[4] == 0,
           "this is no key of a version that is known")
    demand(raw[5] == KINDS[lines[0]] and raw[6:8] == bytes(2),
           "a key is of another kind than its first line says")
    size = len(raw) - 64 - TAG
    demand(size == 32 if raw[5] == 1 else size <= SERIES_MOST,
           "a key has a wrong size")
    return {"n": le(raw[8:12]), "m": le(raw[12:16]), "salt": raw[16:32],
            "ad": raw[:32], "kc": raw[32:64], "sealed": raw[64:]}


def open_locked(locked, password):
    """What stands under the password."""
    check_costs([locked])
    ad = locked["ad"]
    kek = sodium.crypto_pwhash_alg(
        32, password, locked["salt"], locked["n"], locked["m"] * 1024,
        sodium.crypto_pwhash_ALG_ARGON2ID13)
    kc = blake(ad, key=kek, person=b"vls1-kek-commit")
    demand(hmac.compare_digest(kc, locked["kc"]),
           "wrong password, or a damaged key", "key")
    try:
        return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
            locked["sealed"], ad, bytes(12),
            blake(ad, key=kek, person=b"vls1-kek-wrap"))
    except nacl.exceptions.CryptoError:
        raise Bad("auth", "'kc' fits and what is sealed does not") from None


def read_identity(data, password=None):
    """recipient.key, which may be under a password."""
    if data.startswith(IDENTITY):
        demand(password is not None, "it is under a password", "key")
        return open_locked(read_locked(data), password)
    text = data.removesuffix(b"\n").decode("latin-1")
    secret = from_base64url(text, "the identity")
    demand(len(secret) == 32, "an identity has 32 bytes")
    return secret
