"""Seal and medium (formats/seal.md)."""
import base64
import os
import shutil
import socket
import stat

from base import Case
from bundlewriter import Sender


def hostile(name, exit_code, says, edits, **more):
    """Found by the public check."""
    return Case(name, exit_code, says, edits, seal=True, **more)


def without(name):
    return {"folder": lambda folder: (folder / name).unlink()}


def rewritten(name, change):
    """The file as the medium has it, behind the seal's back."""
    def edit(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))
    return {"folder": edit}


def replaced(name, make):
    def edit(folder):
        (folder / name).unlink()
        make(folder / name)
    return {"folder": edit}


def added(name):
    return {"folder": lambda folder: (folder / name).write_bytes(b"x")}


def text(change):
    """Of seal.txt, signed as it then is."""
    return {"seal text": change}


def renamed(old, new):
    return text(lambda t: t.replace(old, new))


def lines(change):
    def edit(data):
        return b"".join(change(data.splitlines(keepends=True)))
    return text(edit)


def signature(change):
    """Of seal.sig as it is written; `change` gets its lines."""
    def edit(data):
        return b"\n".join(change(data.split(b"\n")))
    return {"sig": edit}


def other_key_id(all_lines):
    blob = bytearray(base64.b64decode(all_lines[1]))
    blob[2] ^= 1
    return [all_lines[0], base64.b64encode(blob), *all_lines[2:]]


def comment(old, new):
    return {"comment": lambda t: t.replace(old, new)}


def flipped(data):
    return data[:100] + bytes((data[100] ^ 1,)) + data[101:]


def not_a_folder(make):
    """In place of the bundle itself."""
    def edit(folder):
        shutil.rmtree(folder)
        make(folder)
    return {"folder": edit}


def make_zeros(path):
    """/dev/zero: whoever reads it to its end never comes back."""
    os.mknod(path, stat.S_IFCHR | 0o644, os.makedev(1, 5))


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(str(path))


UNKNOWN_KEY = "is by key .*, not by the trusted|with key id .* is not trusted"
PACK = "p0000001.vlp"
FORM = "of 'seal.txt' is not as 'b2sum -l 256 --tag' prints it"
UNSORTED = "'seal.txt' is not sorted"
DAMAGED = f"'{PACK}' is damaged or changed: its .* do not have the hash"
NO_FILE = "'{}' is not a regular file"
NO_FOLDER = ("is not a bundle: it is not a directory|and a bundle is a folder"
             "|cannot open the bundle .* Not a directory")

CASES = [
    hostile("no seal.txt", 5, r"not a bundle \(no seal.txt\)",
            without("seal.txt")),
    hostile("no seal.sig", 5, "not exactly one 'seal.sig'",
            without("seal.sig")),
    hostile("signed by another", 6, UNKNOWN_KEY,
            {"signer": lambda _: Sender("other")}),
    Case("a sender for another series", 6, "not trusted", open_exit=0,
         trust=", series: " + "00" * 16),
    hostile("a seal of other hashes", 6, "not sign|not fit seal.txt",
            {"written seal": lambda t: t[:-3] + bytes((
                t[-3] ^ 1 if t[-3] in b"01234567" else ord("0"),)) + t[-2:]}),
    hostile("a line behind what was signed", 6,
            "speaks of 6 files, 'seal.txt' lists 7",
            {"written seal": lambda t: t + b"BLAKE2b-256 (z.txt) = "
             + b"0" * 64 + b"\n"}),
    hostile("edited comment", 6, "comment.* is not signed|not fit", signature(
        lambda s: [*s[:2], s[2].replace(b"seq=1", b"seq=2"), *s[3:]])),
    hostile("edited key id", 6, UNKNOWN_KEY,
            signature(other_key_id)),
    hostile("edited untrusted comment", 5, "does not begin with", signature(
        lambda s: [b"untrusted comment: hello", *s[1:]])),

    hostile("CR in seal.txt", 5, FORM,
            text(lambda t: t.replace(b"\n", b"\r\n"))),
    hostile("capitals in a hash", 5, FORM,
            lines(lambda s: [s[0][:27] + s[0][27:].upper(), *s[1:]])),
    hostile("a name twice", 5, UNSORTED, lines(lambda s: [s[0], *s])),
    hostile("names not sorted", 5, UNSORTED, lines(lambda s: s[::-1])),
    hostile("a path as name", 5, FORM, renamed(b"head.jsn", b"a/d.jsn")),
    hostile("a name that leads out", 5, FORM,
            renamed(b"head.jsn", b"../d.jsn")),
    hostile("an absolute name", 5, FORM, renamed(b"head.jsn", b"/etc.pwd")),
    hostile("a long name", 5, FORM, renamed(b"head.jsn", b"head.json")),
    hostile("two points as name", 5, FORM, renamed(b"head.jsn", b"..")),
    hostile("seal.txt lists itself", 5, FORM,
            renamed(b"readme.txt", b"seal.txt")),

    hostile("a file is missing", 5, f"'{PACK}' is missing", without(PACK)),
    hostile("a file is longer", 5, DAMAGED,
            rewritten(PACK, lambda d: d + b"\0")),
    hostile("a file is shorter", 5, DAMAGED,
            rewritten(PACK, lambda d: d[:-1])),
    hostile("a file is empty", 5, DAMAGED, rewritten(PACK, lambda d: b"")),
    hostile("a bit is different", 5, DAMAGED, rewritten(PACK, flipped)),
    hostile("a file that is not listed", 5, "'extra.txt' is not listed",
            added("extra.txt")),
    hostile("a name that no bundle has", 5, r"'x y\\x1b' is not listed",
            added("x y\x1b")),
    hostile("names that differ in case", 5, "in another spelling",
            added("HEAD.JSN")),
    hostile("names that differ by a version", 5, "in another spelling",
            added("head.jsn;1")),
    hostile("names that differ by a point", 5, "in another spelling",
            added("head.jsn.")),
    hostile("a link as file", 5, NO_FILE.format(PACK), replaced(
        PACK, lambda p: p.symlink_to("/etc/passwd"))),
    hostile("a link as seal", 5, NO_FILE.format("seal.txt"), replaced(
        "seal.txt", lambda p: p.symlink_to("/etc/passwd"))),
    hostile("a pipe as file", 5, NO_FILE.format(PACK),
            replaced(PACK, os.mkfifo)),
    hostile("a pipe as seal.sig", 5, NO_FILE.format("seal.sig"),
            replaced("seal.sig", os.mkfifo)),
    hostile("a folder as file", 5, NO_FILE.format(PACK),
            replaced(PACK, os.mkdir)),
    hostile("a socket as file", 5, NO_FILE.format(PACK),
            replaced(PACK, make_socket)),
    hostile("a device as file", 5, NO_FILE.format(PACK),
            replaced(PACK, make_zeros), root=True),
    hostile("a device as seal.txt", 5, NO_FILE.format("seal.txt"),
            replaced("seal.txt", make_zeros), root=True),
    hostile("a file as bundle", 5, NO_FOLDER,
            not_a_folder(lambda p: p.write_bytes(b"x"))),
    hostile("a pipe as bundle", 5, NO_FOLDER, not_a_folder(os.mkfifo)),
    hostile("a device as bundle", 5, NO_FOLDER, not_a_folder(make_zeros),
            root=True),
    hostile("an empty folder as bundle", 5, r"is not a bundle \(no seal.txt\)",
            not_a_folder(os.mkdir)),
    hostile("a folder that was not finished", 5, "is an unfinished bundle",
            {}, folder="case.par"),

    hostile("no trusted comment", 5, "'seal.sig' is not four lines",
            signature(lambda s: [*s[:2], b""])),
    hostile("a trusted comment of minisign", 5,
            "is not the trusted comment of a bundle", {
        "comment": lambda t: "timestamp:1\tfile:seal.txt\thashed"}),
    hostile("the comment has another seq", 6, "its 'seq' does not fit",
            comment("seq=1", "seq=2")),
    hostile("the comment has another id", 6, "its 'id' does not fit",
            {"comment": lambda t: "valise 00000000" + t[15:]}),
    hostile("the comment has another kind", 6, "its 'kind' does not fit",
            comment("kind=full", "kind=delta")),
    hostile("the comment has another fingerprint", 6,
            "its 'head' does not fit",
            {"comment": lambda t: t[:-64] + "0" * 64}),
    hostile("the comment has more files", 6,
            "speaks of 7 files, 'seal.txt' lists 6",
            comment("files=6", "files=7")),
    hostile("the comment has more bytes", 6, "bytes, and the files have",
            comment("bytes=", "bytes=1")),

    hostile("head.jsn is too long", 5, "'head.jsn' is longer than 65536",
            {"head text": lambda t: t + b" " * 65536}),
    hostile("keys.jsn is too long", 5, "'keys.jsn' is longer than 65536",
            {"keys text": lambda t: t + b" " * 65536}),
    hostile("seal.txt is too long", 5, "bytes, more than 16777216",
            text(lambda t: t + b"\n" * (16 << 20))),
    hostile("seal.txt has too many lines", 5,
            "lists 100001 files, more than 100000", text(
        lambda t: b"".join(b"BLAKE2b-256 (a%07d.aaa) = %064d\n" % (n, n)
                           for n in range(100001)))),
    hostile("another readme", 5, "is not the text that every bundle has",
            {"readme": lambda t: t.replace(b"sender.pub", b"medium.pub")}),
    hostile("files_root does not fit", 5, "its files_root does not fit",
            {"head": lambda h: {**h, "files_root": "0" * 64}}),
    hostile("a pack that the head does not know", 5, "1 packs",
            {"files": lambda f: {**f, "p0000002.vlp": f[PACK]}}),
    hostile("a file of another purpose", 5,
            "is no file of a bundle of this version",
            {"files": lambda f: {**f, "notes.txt": b"hello\n"}}),
    hostile("an index file is missing", 5, "2 index files",
            {"files": lambda f: {n: d for n, d in f.items()
                                 if n != "i0000002.vli"}}),
]
