"""What programs that are not ours say about two trees: rsync, getfacl,
getfattr, lsattr.  Each function returns differences as text, none where they
find none, or None where the program is not installed."""
import os
import re
import shutil
import subprocess
import tempfile


def pattern(path):
    """What stands for this path and no other in rsync's exclude list, where
    a backslash is one unless there is something to quote."""
    if re.search(rb"[*?\[]", path):
        path = re.sub(rb"([*?\[\\])", rb"\\\1", path)
    return b"/" + path


def rsync(source, target, excluded=()):
    """`excluded`: paths (bytes) that are not looked at."""
    if not shutil.which("rsync"):
        return None
    with tempfile.NamedTemporaryFile(prefix="excluded.") as file:
        file.write(b"".join(pattern(path) + b"\0" for path in excluded))
        file.flush()
        done = subprocess.run(
            ["rsync", "-naAXHcxx", "--delete", "-i", "-0",
             f"--exclude-from={file.name}", f"{source}/", f"{target}/"],
            capture_output=True)
    said = (done.stdout + done.stderr).decode(errors="backslashreplace")
    found = [line for line in said.split("\n") if line]
    if done.returncode != 0:
        found.append(f"rsync exits {done.returncode}")
    return found


def unquoted(path):
    r"""A path as getfacl and getfattr write it: \ooo for what is odd."""
    path = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), path)
    return re.sub(rb"^\./|^\.$", b"", path)


def blocks(command, tree, names):
    """What a program says of each path, in blocks after "# file: PATH"; the
    order of the lines of one is nobody's."""
    done = subprocess.run([*command, "--", *names], cwd=tree,
                          capture_output=True)
    found = {}
    for block in done.stdout.split(b"\n\n"):
        first, _, rest = block.partition(b"\n")
        if first.startswith(b"# file: "):
            found[unquoted(first[8:])] = sorted(rest.split(b"\n"))
    return found


def acls(tree, names):
    return blocks(["getfacl", "-R", "-P", "-n"], tree, names)


def attributes(tree, names):
    return blocks(["getfattr", "-R", "-P", "-h", "-d", "-m", "-", "-e",
                   "hex"], tree, names)


def flags(tree, names):
    """Those of lsattr but e, I and N, which tell how a file is stored."""
    done = subprocess.run(["lsattr", "-R", "-a", "--", *names], cwd=tree,
                          capture_output=True)
    # A name may have line ends in it, a line begins with a row of letters.
    parts = re.split(rb"(?m)^([-A-Za-z]{16,24}) ", done.stdout)[1:]
    found = {}
    for letters, rest in zip(parts[::2], parts[1::2]):
        # Behind it may stand the heading of the next directory.
        path = unquoted(re.sub(rb"\n(\n.*:\n)?\n*$", b"", rest, flags=re.S))
        if not re.search(rb"/\.\.?$", path):
            found[path] = re.sub(rb"[eIN]", b"-", letters)
    return found


PROGRAMS = {"getfacl": acls, "getfattr": attributes, "lsattr": flags}


def differences(program, source, target, without=()):
    """What one of PROGRAMS says differently; `without`: paths (bytes) that
    are not looked at, nor what is below them."""
    if not shutil.which(program):
        return None
    tops = {path.split(b"/")[0] for path in without if b"/" not in path}
    said = []
    for tree in (source, target):
        names = sorted(set(os.listdir(os.fsencode(tree))) - tops)
        said.append(PROGRAMS[program](tree, names))
    # Many a tree has no extended attribute; the others speak of each file.
    if not said[0] and program != "getfattr":
        return [f"{program} says nothing about {source}"] if names else []
    without = set(without)
    return [f"{program}: {path!r}: {said[0].get(path)} {said[1].get(path)}"
            for path in sorted(said[0].keys() | said[1].keys())
            if said[0].get(path) != said[1].get(path)
            and not any(path == one or path.startswith(one + b"/")
                        for one in without)]
