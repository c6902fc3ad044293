"""What all parts of the reader stand on: refusing, hashes, canonical JSON.

formats/bundle.md, "Conventions"; formats/manifest.md, "Canonical JSON".
"""

import base64
import hashlib
import json
import re

JSON_NUMBER = 10 ** 15          # numbers of canonical JSON are below this
JSON_DEPTH = 8
SMALL_FILE = 65536              # head.jsn, keys.jsn, inner head, a line


class Bad(Exception):
    """Something is refused. The kind is an outcome of formats/: format,
    limit, refused, path, auth; key (nothing opens it); trust (the seal is not
    that of the sender)."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


EXIT = {"refused": 4, "trust": 6, "key": 7}     # any other kind is 5


class Wrong(Exception):
    """The command asks for what cannot be."""


def demand(condition, text, kind="format"):
    if not condition:
        raise Bad(kind, text)


def shown(resource, path):
    """A path as messages show it: no byte of it goes to a terminal raw."""
    return ascii(f"{resource}/" + path.decode("utf-8", "backslashreplace"))


# Hashes and keys

def blake(data, key=b"", person=b"", salt=b"", size=32):
    return hashlib.blake2b(data, digest_size=size, key=key, salt=salt,
                           person=person).digest()


def kdf(key, number, context):
    """KDF(K, i): crypto_kdf_derive_from_key of libsodium."""
    return blake(b"", key=key, salt=number.to_bytes(8, "little"),
                 person=context)


def kdf_bundle(key, number):
    return kdf(key, number, b"vls1bndl")


def kdf_series(key, number):
    return kdf(key, number, b"vls1seri")


def kdf_transfer(key, number):
    return kdf(key, number, b"vls1xfer")


def le(data):
    return int.from_bytes(data, "little")


def le64(number):
    return number.to_bytes(8, "little")


# Canonical JSON: there is one text for each value, so a text is canonical
# when the value that was read from it, written again, gives the same text.

def json_text(value, depth=1):
    if isinstance(value, (dict, list)):
        demand(depth <= JSON_DEPTH, "JSON is more than 8 deep")
    if isinstance(value, dict):
        return "{" + ",".join(
            json_text(key) + ":" + json_text(value[key], depth + 1)
            for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(v, depth + 1) for v in value) + "]"
    if isinstance(value, str):
        demand("\0" not in value, "a NUL in JSON")
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int) and not isinstance(value, bool):
        demand(abs(value) < JSON_NUMBER, "a number of 10^15 or more")
    return json.dumps(value)


def no_float(text):
    raise Bad("format", "a number that is no integer")


def json_read(data, what, limit=SMALL_FILE):
    """The object of a canonical JSON text, without LF at its end."""
    demand(len(data) <= limit, f"{what} is longer than {limit} bytes", "limit")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=no_float,
                           parse_constant=no_float)
        again = json_text(value).encode("utf-8")
    except (ValueError, RecursionError):
        raise Bad("format", f"{what} is no JSON") from None
    demand(isinstance(value, dict), f"{what} is no JSON object")
    demand(again == data, f"{what} is not in canonical form")
    return value


def json_read_lf(data, what, limit=SMALL_FILE):
    """The same with one LF, which the limit counts."""
    demand(len(data) <= limit, f"{what} is longer than {limit} bytes", "limit")
    demand(data.endswith(b"\n"), f"{what} has no LF at its end")
    return json_read(data[:-1], what)


def members(value, what, required, optional="", extensions=True):
    """Checks that an object has these members and no others."""
    demand(isinstance(value, dict), f"{what} is no object")
    known = set(required.split()) | set(optional.split())
    for name in required.split():
        demand(name in value, f"{what} has no '{name}'")
    for name in value:
        passed = extensions and re.fullmatch("x_[a-z0-9_]+", name)
        demand(name in known or passed, f"{what} has a member {name!a}")


# Values of members

def is_number(value, low=0, high=JSON_NUMBER - 1):
    return (isinstance(value, int) and not isinstance(value, bool)
            and low <= value <= high)


def is_text(value, pattern):
    return (isinstance(value, str)
            and re.fullmatch(pattern, value, re.DOTALL) is not None)


def is_label(value, most):
    return isinstance(value, str) and 1 <= len(value.encode()) <= most


def is_hex(value, digits):
    return is_text(value, "[0-9a-f]{%d}" % digits)


def is_name(value, most=64):
    return is_text(value, "[A-Za-z0-9-]{1,%d}" % most)


def is_time(value):
    """Seconds with sign, a point, nine digits of nanoseconds."""
    if not is_text(value, r"(0|-?[1-9][0-9]{0,18})\.[0-9]{9}"):
        return False
    return -2 ** 63 <= int(value.split(".")[0]) < 2 ** 63


def from_base64url(value, what):
    """Bytes of base64url without padding, stray bits refused."""
    demand(is_text(value, "[A-Za-z0-9_-]*"), f"{what} is no base64url")
    demand(len(value) % 4 != 1, f"{what} is no base64url")
    data = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    again = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    demand(again == value, f"{what} is no canonical base64url")
    return data
