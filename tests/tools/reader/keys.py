"""head.jsn and keys.jsn: formats/bundle.md "head.jsn", formats/keys.md."""

import hmac

import nacl.bindings as sodium
import nacl.exceptions

from common import (Bad, blake, demand, from_base64url, is_hex, is_label,
                  is_number, is_text, json_read_lf, json_text, kdf_bundle,
                  members)

FEATURES = ("gear1", "siv1", "zstd")
TYPES = {"argon2id": 1, "x25519": 2}
WRAPPED = {"full": 96 + 16, "audit": 64 + 16}
FILES_MOST = 100000

COMMON = "commit epoch format frame_log2 hints id kind must prev seq series v"


# head.jsn

def ascending(values):
    return all(a.encode() < b.encode() for a, b in zip(values, values[1:]))


def check_common(head):
    """The members that head.jsn and inner head share."""
    demand(is_number(head.get("v")) and head["v"] == 0,
           "a version of the format that is not known")
    demand(head.get("format") == "valise-bundle", "no valise bundle")
    demand(head.get("kind") in ("full", "delta"), "a kind that is not known")
    demand(head["kind"] == "full", "a delta bundle is not known to version 0",
           "refused")
    for name, digits in (("commit", 64), ("prev", 64), ("id", 32),
                         ("series", 32)):
        demand(is_hex(head.get(name), digits), f"'{name}' is no hex{digits}")
    demand(is_number(head.get("epoch"), 1), "'epoch' is no number from 1")
    demand(is_number(head.get("seq"), 1), "'seq' is no number from 1")
    demand(is_number(head.get("frame_log2"), 16, 20), "'frame_log2' is wrong")
    for name in ("must", "hints"):
        values = head.get(name)
        demand(isinstance(values, list), f"'{name}' is no array")
        demand(all(is_label(v, 64) for v in values) and ascending(values),
               f"'{name}' does not hold ascending words")
    for word in head["must"]:
        demand(word in FEATURES, f"feature {word!a} is not known")


def check_range(value):
    demand(isinstance(value, list) and len(value) == 2
           and all(is_number(v) for v in value)
           and value[0] == 1 and value[1] >= 1, "'volumes' is wrong")
    demand(value[1] <= FILES_MOST, "more than 100,000 files", "limit")
    return value[1]


def read_head(data):
    head = json_read_lf(data, "head.jsn")
    check_common(head)
    members(head, "head.jsn", COMMON + " files_root volumes")
    demand(is_hex(head["files_root"], 64), "'files_root' is no hex64")
    demand(isinstance(head["volumes"], list) and len(head["volumes"]) == 1,
           "not one volume")
    volume = head["volumes"][0]
    members(volume, "a volume", "i", "p")
    head["index_files"] = check_range(volume["i"])
    head["pack_files"] = check_range(volume["p"]) if "p" in volume else 0
    return head


# keys.jsn

def check_stanza(stanza):
    demand(isinstance(stanza, dict) and isinstance(stanza.get("t"), str),
           "a stanza without type")
    if stanza["t"] == "argon2id":
        members(stanza, "a stanza", "kc m n p role salt t wrap",
                extensions=False)
        sizes = {"salt": 16}
        for name in ("m", "n", "p"):
            demand(is_number(stanza[name]), f"'{name}' is no number")
            demand(stanza[name] < 2 ** 32, f"'{name}' is too large", "limit")
        demand(stanza["p"] == 1, "'p' is not 1", "limit")
    elif stanza["t"] == "x25519":
        members(stanza, "a stanza", "epk kc role t wrap", extensions=False)
        sizes = {"epk": 32}
    else:
        return
    demand(is_text(stanza["role"], "full|audit"), "a role that is not known")
    sizes.update(kc=32, wrap=WRAPPED[stanza["role"]])
    for name, size in sizes.items():
        demand(len(from_base64url(stanza[name], f"'{name}'")) == size,
               f"'{name}' has not {size} bytes")


def read_keys(data):
    keys = json_read_lf(data, "keys.jsn")
    demand(is_number(keys.get("v")) and keys["v"] == 0,
           "keys.jsn has a version that is not known")
    members(keys, "keys.jsn", "mac stanzas v")
    demand(is_hex(keys["mac"], 64), "'mac' is no hex64")
    demand(isinstance(keys["stanzas"], list)
           and 1 <= len(keys["stanzas"]) <= 8, "not 1 to 8 stanzas")
    for stanza in keys["stanzas"]:
        check_stanza(stanza)
    return keys


# Unlocking, by the numbers of formats/keys.md

def memory_available():
    """KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1])
    return 1 << 20


def check_costs(stanzas):
    """1. Caps of the stanzas that will be tried."""
    for stanza in stanzas:
        demand(8192 <= stanza["m"] <= min(1 << 20, memory_available() // 2),
               f"Argon2id with {stanza['m']} KiB", "limit")
        demand(1 <= stanza["n"] <= 10,
               f"Argon2id with {stanza['n']} passes", "limit")
    demand(sum(s["m"] * s["n"] for s in stanzas) <= 4 << 20,
           "Argon2id costs too much in all", "limit")


def additional_data(head, stanza):
    left = {k: v for k, v in stanza.items() if k not in ("kc", "wrap")}
    return (b"vls1" + bytes.fromhex(head["id"]) + bytes.fromhex(head["series"])
            + bytes([TYPES[stanza["t"]]]) + json_text(left).encode())


def kek_of_password(stanza, password):
    return sodium.crypto_pwhash_alg(
        32, password, from_base64url(stanza["salt"], "'salt'"), stanza["n"],
        stanza["m"] * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)


def kek_of_identity(stanza, secret, ad):
    epk = from_base64url(stanza["epk"], "'epk'")
    try:
        shared = sodium.crypto_scalarmult(secret, epk)
    except (RuntimeError, nacl.exceptions.CryptoError):
        raise Bad("key", "an 'epk' of low order") from None
    return blake(epk + sodium.crypto_scalarmult_base(secret) + ad, key=shared,
                 person=b"vls1-x25519")


def unwrap(stanza, kek, ad):
    """4. BK, SK and, in the role full, TK."""
    try:
        plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
            from_base64url(stanza["wrap"], "'wrap'"), ad, bytes(12),
            blake(ad, key=kek, person=b"vls1-kek-wrap"))
    except nacl.exceptions.CryptoError:
        raise Bad("auth", "'kc' fits and 'wrap' does not") from None
    return {"role": stanza["role"], "bk": plain[:32], "sk": plain[32:64],
            "tk": plain[64:] or None}


def unlock(head, keys, password=None, identity=None):
    held = "argon2id" if password is not None else "x25519"
    tried = [s for s in keys["stanzas"] if s["t"] == held]
    if password is None and identity is None:
        tried = []
    if held == "argon2id":
        check_costs(tried)
    for stanza in tried:
        ad = additional_data(head, stanza)
        if held == "argon2id":                                  # 2.
            kek = kek_of_password(stanza, password)
        else:
            kek = kek_of_identity(stanza, identity, ad)
        kc = blake(ad, key=kek, person=b"vls1-kek-commit")
        if hmac.compare_digest(kc, from_base64url(stanza["kc"], "'kc'")):
            break                                               # 3.
    else:
        raise Bad("key", "wrong password or identity, or damaged keys")
    opened = unwrap(stanza, kek, ad)
    demand(kdf_bundle(opened["bk"], 1).hex() == head["commit"],
           "head.jsn commits to another key", "auth")           # 5.
    text = json_text({k: v for k, v in keys.items() if k != "mac"}).encode()
    mac = blake(text, key=kdf_bundle(opened["bk"], 3))
    demand(hmac.compare_digest(mac.hex(), keys["mac"]),
           "the MAC of keys.jsn does not fit", "auth")          # 6.
    return opened
