#!/usr/bin/env python3
"""Makes the golden bundle fixtures/bundles/v0/secrets anew.

    /usr/bin/python3 make_golden_secrets.py

It is of tests/tools/bundlewriter.py, so that tokens and fingerprints are those
of a program that shares no code with valise, and the same bytes in every run.
`secrets.txt` is what the second reader shows: place, type, fingerprint and
secret; `keys` has the files of the tree `keys` with their secrets in them.  The other files are as in the other golden bundles.
"""
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from bundlewriter import Bundle, Identity, Password, Secret, Sender, b64u

TESTS = Path(__file__).resolve().parents[1]
TO = TESTS.parent / "fixtures/bundles/v0/secrets"
PASSWORD = b"a password of golden bundles"
NOTE = b"a tree stands beside the database\n"

PROFILE = {"r": "app", "t": "profile", "version": "1"}
VAULT = {"c": "vault", "r": "app", "schema": [
    'column "doc" TEXT collate BINARY',
    'column "name" TEXT not null collate BINARY',
    'column "raw" BLOB collate BINARY',
    'column "secret" TEXT collate BINARY', 'key "name" BINARY'], "t": "table"}


def piece(plain, form, inside, kind="text"):
    return Secret(plain, kind, inside, form)


ROWS = {
    "all": {"raw": Secret(bytes(range(256)), "blob"),
            "secret": Secret(b"hunter2")},
    "broken": {"raw": Secret(b"\0\xff", "broken-blob"),
               "secret": Secret(b"v1:not what it was", "broken")},
    "clear": {"raw": Secret(b"raw, in clear", "clear-blob"),
              "secret": Secret(b"in clear", "clear")},
    "empty": {"raw": Secret(b"", "blob"), "secret": Secret(b"")},
    "json": {"doc": {"$parts": [
        '{"password":"', piece("quote \" and \u00e9".encode(), "json",
                               "$.password"),
        '","user":', ["vault", ["all"], "number"], "}"]}},
    "long": {"secret": Secret(b"0123456789abcdef" * 500)},
    "packed": {"raw": {"$gzip": ["key=", piece(b"inside a packed text",
                                               "plain", "$", "clear")]}},
    "php": {"doc": {"$parts": [
        "a:1:{s:1:\"p\";s:", 1, piece(b"counted", "plain", "$.p", "broken"),
        "\";}"]}},
    "yaml": {"doc": {"$parts": [
        "a: ", piece(b"plain", "yaml", "$.a"), "\nb: by ",
        piece(b"part", "yaml-part", "$.b"), "\nc: '",
        piece(b"it's", "yaml-single", "$.c"), "'\nd: \"",
        piece(b"tab\t", "yaml-double", "$.d"), "\"\n"]}},
}


def within(plain, inside, spelled=None, kind="text"):
    """A secret of a file, and how it is spelled there."""
    return spelled or plain, Secret(plain, kind, inside)


# What a target says of these files: they are in clear there.
WORDS = """resources:
  - resource: keys
    secrets:
      - {file: .env, line: DB_PASSWORD}
      - {file: .env, line: EMPTY}
      - {file: .env, line: MAIL}
      - {file: config.json, json: $.a.b}
      - {file: config.json, json: $.c, on_broken: carry_as_is}
      - {file: config.php, define: AUTH_KEY}
      - {file: config.yaml, yaml: $.a}
      - {file: config.yaml, yaml: $.b}
      - {file: tls.key}
    leaks:
      - {file: log.txt, do: slot}
"""
# Files in pieces: what stays, and secrets.
FILES = {
    ".env": [b"# settings\nDB_PASSWORD=", within(b"hunter2", "line DB_PASSWORD"),
             b"\nEMPTY=", within(b"", "line EMPTY", kind="clear"),
             b"\nMAIL='", within(b"in clear", "line MAIL", kind="clear"),
             b"'\n"],
    "config.json": [b'{"a":{"b":"', within(
        "quote \" and \u00e9".encode(), "$.a.b",
        "quote \\\" and \u00e9".encode()), b'"},"c":"',
        within(b"v1:not what it was", "$.c", kind="broken"), b'"}\n'],
    "config.php": [b"<?php\ndefine('AUTH_KEY', '", within(
        b"it's \\ so", "define AUTH_KEY", b"it\\'s \\\\ so"), b"');\n"],
    "config.yaml": [b"a: ", within(b"plain", "$.a"), b"\nb: '",
                    within(b"it's", "$.b", b"it''s"), b"'\n"],
    "log.txt": [within(b"hunter2", "@1"), within(b"hunter2", "@2"),
                b" was found twice\n"],
    "tls.key": [within(b"-----BEGIN\n" + bytes(range(256)), "")],
}


def entry(t, path, mode, r="desk", **more):
    return {"gid": 0, "mode": mode, "mtime": "1700000000.000000000",
            "path": path, "r": r, "t": t, "uid": 0, **more}


def file_with_secrets(path, pieces):
    slots, body = [], b""
    for piece_ in pieces:
        if isinstance(piece_, bytes):
            body += piece_
        else:
            slots.append((len(body), piece_[1]))
    return entry("file", path, "0600", "keys", slots=slots), body


def resources(inner):
    one = inner["resources"][0]
    return {**inner, "resources": [
        {**one, "kind": "sqlite", "name": "app"}, {**one, "name": "desk"},
        {**one, "name": "keys"}]}


def tree():
    return [
        (PROFILE, None), (VAULT, None),
        *(({"c": "vault", "k": [name], "r": "app",
            "row": {"name": name, **ROWS[name]}, "t": "row"}, None)
          for name in sorted(ROWS)),
        (entry("dir", "", "0755"), None),
        (entry("file", "note.txt", "0644"), NOTE),
        (entry("dir", "", "0755", "keys"), None),
        *(file_with_secrets(path, FILES[path]) for path in sorted(FILES))]


def reader(command, bundle, *words):
    return subprocess.run(
        [sys.executable, "-B", str(TESTS / "tools/reader"), command,
         str(bundle), "--password-file", str(TO / "password"), "--sender",
         str(TO / "sender.pub"), *words],
        capture_output=True, check=True).stdout


def put(name, text, mode=0o644):
    (TO / name).write_text(text)
    (TO / name).chmod(mode)


def main():
    shutil.rmtree(TO, ignore_errors=True)
    (TO / "keys").mkdir(parents=True)
    for path, pieces in FILES.items():
        (TO / "keys" / path).write_bytes(b"".join(
            one if isinstance(one, bytes) else one[0] for one in pieces))
    made = Bundle(tree(), {"inner": resources}, seq=7, openers=(
        Password(PASSWORD), Identity("recipient"),
        Identity("auditor", "audit"))).write(TO / "new")
    comment = (made / "seal.sig").read_text().split("\ntrusted comment: ")[1]
    bundle = made.rename(TO / (comment.split()[1] + ".vls"))
    put("password", PASSWORD.decode())
    for name, label in (("recipient.key", "recipient"),
                        ("audit.key", "auditor")):
        put(name, b64u(Identity(label).secret) + "\n")
    put("profile.yaml", WORDS)
    put("sender.pub", Sender("sender").public_text())
    digest = hashlib.sha256(NOTE).hexdigest()
    put("expect.tsv", "# path, type, size, SHA-256\n"
        f".\tdir\t-\t-\nnote.txt\tfile\t{len(NOTE)}\t{digest}\n")
    (TO / "manifest.jsonl").write_bytes(reader("manifest", bundle))
    (TO / "secrets.txt").write_bytes(reader("secrets", bundle, "--show"))
    print(json.dumps({"bundle": bundle.name,
                      "secrets": len((TO / "secrets.txt").read_bytes()
                                     .splitlines())}))


if __name__ == "__main__":
    main()
