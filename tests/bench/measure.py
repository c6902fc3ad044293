"""Time, memory and sameness of what is measured."""
import collections
import os
import subprocess
import time

# Seconds on the wall and of the processors, and bytes; None: not known.
Sample = collections.namedtuple("Sample", "seconds cpu rss")


def run(command, env=None, cwd=None):
    """Run a shell line and then sync; the highest RSS of its processes.

    GNU time reports the largest of all that were waited for, so that every
    member of a pipeline counts.
    """
    read_end, write_end = os.pipe()
    start = time.monotonic()
    done = subprocess.run(
        ["/usr/bin/time", "-q", "-o", f"/dev/fd/{write_end}", "-f",
         "%U %S %M",
         "bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, **(env or {})}, cwd=cwd, pass_fds=[write_end],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    os.sync()
    seconds = time.monotonic() - start
    os.close(write_end)
    with open(read_end) as file:
        user, system, rss = file.read().split()[-3:]
    if done.returncode != 0:
        raise SystemExit(f"failed ({done.returncode}): {command}\n"
                         f"{done.stderr}")
    return Sample(seconds, float(user) + float(system), int(rss) * 1024)


def entries(tree):
    return sum(1 + len(files) for _, _, files in os.walk(tree))


def size(tree):
    """Apparent bytes of all files."""
    return sum(os.lstat(os.path.join(folder, name)).st_size
               for folder, _, files in os.walk(tree) for name in files)


def warm(tree):
    """Everybody reads from memory: the disk is not what is compared."""
    subprocess.run(f"tar -C '{tree}' -cf - . | cat >/dev/null", shell=True,
                   check=True)
    os.sync()


def require_equal(a, b):
    """The root's own attributes aside, which restic does not restore."""
    done = subprocess.run(["rsync", "-nac", "--delete", "-i", f"{a}/",
                           f"{b}/"], capture_output=True, text=True)
    differs = [line for line in done.stdout.splitlines()
               if not line.endswith((" lost+found/", " ./"))]
    if done.returncode != 0 or differs:
        raise SystemExit(f"'{b}' is not '{a}': {done.stderr}"
                         + "\n".join(differs[:5]))
