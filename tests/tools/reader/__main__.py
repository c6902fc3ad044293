"""Reads a valise bundle without valise, from the texts in formats/ alone.

    python3 tests/tools/reader check BUNDLE KEY...
    python3 tests/tools/reader manifest BUNDLE KEY...
    python3 tests/tools/reader cat BUNDLE RESOURCE/PATH KEY...
    python3 tests/tools/reader cat BUNDLE RESOURCE/TABLE/[KEY-OF-A-ROW] KEY...
    python3 tests/tools/reader extract BUNDLE FOLDER KEY...
    python3 tests/tools/reader secrets BUNDLE KEY... [--show]

KEY is --password-file FILE, or --identity FILE (recipient.key; the role audit
will do) and, where that is under a password, --identity-password-file FILE;
and --sender FILE (sender.pub), without which nothing shows who made the bundle.
docs/recover-by-hand.md shows how it is used.

secrets says where each secret stands, and its fingerprint; with --show, and a
key of the role full, the secret as well, as a Python literal.

It needs python3-nacl, python3-zstandard and python3-xxhash of Debian, and room
for a copy of the bundle in --spool DIR (else where temporary files go).

Exit: 0 all is well, 1 the system failed, 2 wrong command, 4 nothing that
version 0 carries, 5 damaged or no bundle, 6 not of this sender, 7 no key opens
it.
"""

import argparse
import os
import sys
import tempfile

try:
    import nacl  # noqa: F401
    import xxhash  # noqa: F401
    import zstandard  # noqa: F401
except ImportError as missing:
    sys.exit(f"this python3 has no package '{missing.name}': install "
             "python3-nacl, python3-zstandard and python3-xxhash of Debian, "
             "and take Debian's /usr/bin/python3; or PyNaCl, zstandard and "
             "xxhash for this one")

import extract
import locked
import seal
from common import EXIT, Bad, Wrong, demand, json_text
from bundle import Bundle


def words(argv):
    parser = argparse.ArgumentParser(
        prog="reader", description=__doc__.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, more in (("check", []), ("manifest", []),
                       ("cat", ["path"]), ("extract", ["folder"]),
                       ("secrets", [])):
        one = commands.add_parser(name)
        one.add_argument("bundle")
        for word in more:
            one.add_argument(word)
        key = one.add_mutually_exclusive_group(required=True)
        key.add_argument("--password-file", metavar="FILE")
        key.add_argument("--identity", metavar="FILE")
        one.add_argument("--identity-password-file", metavar="FILE")
        one.add_argument("--sender", metavar="FILE")
        one.add_argument("--spool", metavar="DIR")
        one.add_argument("--show", action="store_true",
                         help=argparse.SUPPRESS if name != "secrets" else
                         "the secrets themselves, too")
    return parser.parse_args(argv)


def own_file(path, read):
    """What 'read' makes of a file of whoever runs this; None of no file."""
    if path is None:
        return None
    with open(path, "rb") as file:
        data = file.read(65537)
    try:
        demand(len(data) <= 65536, "longer than such a file can be")
        return read(data)
    except Bad as bad:
        if bad.kind == "key":
            raise Bad("key", f"{path!a}: {bad}") from None
        raise Wrong(f"{path!a}: {bad}") from None


def read_password(data):
    return data.removesuffix(b"\n")


def open_bundle(args, spool):
    sender = own_file(args.sender, seal.read_sender)
    unlocks = own_file(args.identity_password_file, read_password)
    identity = own_file(args.identity,
                        lambda data: locked.read_identity(data, unlocks))
    password = own_file(args.password_file, read_password)
    bundle = Bundle(args.bundle, spool, sender)
    bundle.unlock(password, identity)
    bundle.read_map()
    if not sender:
        by = "the sender" if bundle.sealed_by_maker() else "another than"
        print(f"sealed by {by} that is named inside; whose bundle it is "
              "shows only --sender", file=sys.stderr)
    return bundle


# The commands

def show_manifest(bundle):
    """The lines as they are. On a terminal what is not ASCII is escaped."""
    lines = [text for text, _, _ in bundle.read_manifest()]
    for text in lines:
        if sys.stdout.isatty():
            text = text.decode().encode("ascii", "backslashreplace")
            text = text.replace(b"\x7f", b"\\x7f")
        sys.stdout.buffer.write(text)


def place_of(line):
    """What stands behind the name of the resource."""
    if "path" in line:
        return line["path"]
    key = json_text(line["k"], -10) if "k" in line else ""
    return f"{line.get('c', '')}/{key}".encode()


def cat(bundle, name):
    resource, _, path = os.fsencode(name).partition(b"/")
    lines = {place_of(line): (line, chunks)
             for _, line, chunks in bundle.read_manifest()
             if line and line["r"].encode() == resource}
    line, chunks = lines.get(path, (None, None))
    if line and line["t"] == "hard":
        line, chunks = lines[line["to"]]
    if not line or "size" not in line:
        raise Wrong(f"{name!a} has no content in this bundle")
    extract.write_body(sys.stdout.buffer, line, chunks, bundle)


def secrets(bundle, show):
    """A line for each: place, type and fingerprint, parted by tabs."""
    found = []
    bundle.take_secret = lambda *secret: found.append(secret)
    if show and bundle.tk is None:
        raise Wrong("this key has the role audit, which opens no secret")
    bundle.check()
    for (*place, kind), fingerprint, secret in found:
        words = [word.decode().encode("unicode_escape").decode()
                 for word in place] + [kind.decode(), fingerprint]
        print("\t".join(words + [repr(secret)] if show else words))


def run(args, spool):
    bundle = open_bundle(args, spool)
    try:
        if args.command == "check":
            lines = len(bundle.check()) - 2
            print(f"ok: {lines} lines, role {bundle.role}")
        elif args.command == "manifest":
            show_manifest(bundle)
        elif args.command == "secrets":
            secrets(bundle, args.show)
        elif args.command == "cat":
            cat(bundle, args.path)
        else:
            failed = extract.extract(bundle, bundle.check(), args.folder)
            if failed:
                raise OSError(f"{failed} entries could not be made")
    finally:
        bundle.close()


def main():
    args = words(sys.argv[1:])
    try:
        with tempfile.TemporaryDirectory(dir=args.spool) as spool:
            run(args, spool)
        sys.stdout.flush()
    except Bad as bad:
        print(f"{args.bundle!a}: {bad}", file=sys.stderr)
        return EXIT.get(bad.kind, 5)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
