"""The folder and its seal: formats/seal.md."""

import base64
import hashlib
import os
import re
import stat

import nacl.exceptions
import nacl.signing

from common import Bad, JSON_NUMBER, blake, demand, is_text

NAME = r"[a-z][a-z0-9]{0,7}\.[a-z][a-z0-9]{2}"
UNLISTED = ("seal.txt", "seal.sig")
LIST_BYTES = 16 << 20
LIST_LINES = 100000
FILE_LARGEST = 64 + (1 << 26)

README = b"""valise bundle
To check it without valise, with a copy of sender.pub that did not come with it:
  minisign -Vm seal.txt -x seal.sig -p sender.pub
  b2sum --strict -c seal.txt
seal.txt names every file here but itself and seal.sig; anything else does not belong here.
"""


# Names on a medium

def fold(name):
    """The name as it was written, from what a medium made of it."""
    if name.endswith(";1"):
        name = name[:-2]
    if name.endswith("."):
        name = name[:-1]
    return re.sub("[A-Z]", lambda m: m.group().lower(), name)


def list_folder(folder):
    """Folded names, and what each is called on the medium."""
    own = os.path.basename(os.path.realpath(folder))
    demand(not fold(own).endswith(".par"), "the folder is unfinished (.par)")
    names = {}
    demand(os.path.isdir(folder), "no folder, and so no bundle")
    for name in os.listdir(folder):
        folded = fold(name)
        demand(folded not in names, f"{name!a} is there twice")
        names[folded] = os.path.join(folder, name)
    return names


def open_file(path):
    """A regular file, without following a link and without waiting."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Bad("format", f"cannot open {path!a}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Bad("format", f"{path!a} is no regular file")
    return os.fdopen(fd, "rb")


def read_small(path, limit):
    with open_file(path) as file:
        data = file.read(limit + 1)
    demand(len(data) <= limit, f"{path!a} is longer than {limit}", "limit")
    return data


# seal.txt

def read_list(data):
    """Name to hash."""
    demand(len(data) <= LIST_BYTES, "seal.txt is too long", "limit")
    demand(data.count(b"\n") <= LIST_LINES, "seal.txt has too many lines",
           "limit")
    demand(data.endswith(b"\n"), "seal.txt does not end with LF")
    hashes, before = {}, ""
    for line in data[:-1].split(b"\n"):
        found = re.fullmatch(rb"BLAKE2b-256 \((%s)\) = ([0-9a-f]{64})"
                             % NAME.encode(), line)
        demand(found, f"seal.txt has a line {line[:99]!a}")
        name = found[1].decode()
        demand(name not in UNLISTED, f"seal.txt names {name}")
        demand(before < name, "names in seal.txt do not ascend")
        hashes[name] = bytes.fromhex(found[2].decode())
        before = name
    return hashes


# seal.sig and sender.pub

def from_base64(text, size, what):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad("format", f"{what} is no base64") from None
    demand(base64.b64encode(data) == text and len(data) == size,
           f"{what} is no base64 of {size} bytes")
    return data


COMMENT = (r"valise (?P<id>[0-9abcdefghjkmnpqrstvwxyz]{8})"
           r" seq=(?P<seq>[1-9][0-9]{0,14}) kind=(?P<kind>full|delta)"
           r" files=(?P<files>0|[1-9][0-9]{0,14})"
           r" bytes=(?P<bytes>0|[1-9][0-9]{0,14}) head=(?P<head>[0-9a-f]{64})")


def read_signature(data):
    """Key id, the two signatures, and what the trusted comment says."""
    demand(len(data) <= 1024, "seal.sig is too long", "limit")
    lines = data.split(b"\n")
    demand(len(lines) == 5 and lines[4] == b"", "seal.sig has not four lines")
    demand(lines[0] == b"untrusted comment: valise seal",
           "seal.sig has another first line")
    first = from_base64(lines[1], 74, "the signature")
    demand(first[:2] == b"ED", "the signature is not of a hash")
    head = b"trusted comment: "
    demand(lines[2].startswith(head), "seal.sig has no trusted comment")
    text = lines[2][len(head):]
    words = re.fullmatch(COMMENT.encode(), text)
    demand(words, "the trusted comment has another form")
    second = from_base64(lines[3], 64, "the second signature")
    comment = {k: v.decode() for k, v in words.groupdict().items()}
    for word in ("seq", "files", "bytes"):
        comment[word] = int(comment[word])
        demand(comment[word] < JSON_NUMBER, "a number is too large")
    return {"key_id": first[2:10], "first": first[10:], "second": second,
            "text": text, "comment": comment}


def read_sender(data):
    """Key id and public key of a sender.pub."""
    demand(len(data) <= 2048, "sender.pub is too long", "limit")
    lines = data.removesuffix(b"\n").split(b"\n")
    if len(lines) == 2:
        demand(lines[0].startswith(b"untrusted comment: "),
               "sender.pub does not begin with a comment")
        del lines[0]
    demand(len(lines) == 1, "sender.pub has not two lines")
    raw = from_base64(lines[0], 42, "sender.pub")
    demand(raw[:2] == b"Ed", "sender.pub is of another algorithm")
    return raw[2:10], raw[10:]


def check_signature(seal_txt, signature, public_key):
    """Both signatures are made by this key, or it is refused."""
    verify = nacl.signing.VerifyKey(public_key).verify
    try:
        verify(blake(seal_txt, size=64), signature["first"])
        verify(signature["first"] + signature["text"], signature["second"])
    except nacl.exceptions.BadSignatureError:
        raise Bad("trust", "seal.sig is not signed by this sender") from None


# The files

def copy_files(names, hashes, spool):
    """Reads every file once, into a copy of our own; name to size.

    All wrong files are told, not only the first."""
    wrong, sizes = [], {}
    for name in sorted(set(names) - set(hashes) - set(UNLISTED)):
        wrong.append(f"{name!a} does not belong here")
    for name in sorted(hashes):
        if name not in names:
            wrong.append(f"{name} is missing")
            continue
        try:
            sizes[name], found = copy_file(names[name],
                                           os.path.join(spool, name))
        except Bad as bad:
            wrong.append(str(bad))
            continue
        if found != hashes[name]:
            wrong.append(f"{name} has another hash than seal.txt says")
    demand(not wrong, "; ".join(wrong))
    return sizes


def copy_file(path, to):
    digest, size = hashlib.blake2b(digest_size=32), 0
    with open_file(path) as file, open(to, "xb") as out:
        while piece := file.read(1 << 20):
            size += len(piece)
            demand(size <= FILE_LARGEST, f"{path!a} is too long", "limit")
            digest.update(piece)
            out.write(piece)
    return size, digest.digest()
