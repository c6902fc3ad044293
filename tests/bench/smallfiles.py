#!/usr/bin/env python3
"""A tree of many small files, the same one each time.

    smallfiles.py FOLDER COUNT

Files of 0 to 4,096 bytes, seven in ten of words and the rest noise, fifty to
a directory.
"""
import random
import string
import sys
from pathlib import Path

PER_FOLDER = 50
LARGEST = 4096


def sources(pick):
    """Text and noise from which the files are cut."""
    words = ["".join(pick.choices(string.ascii_lowercase,
                                  k=pick.randrange(2, 10)))
             for _ in range(4000)]
    text = " ".join(pick.choices(words, k=400_000)).encode()
    return text, pick.randbytes(1 << 20)


def make(root, count):
    pick = random.Random(5)
    text, noise = sources(pick)
    for number in range(count):
        block = number // PER_FOLDER
        folder = root / f"{block // 200:03}" / f"{block % 200:03}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        source = text if pick.random() < 0.7 else noise
        start = pick.randrange(len(source) - LARGEST)
        content = source[start:start + pick.randrange(LARGEST + 1)]
        if source is noise:
            # Not the same noise twice: it would be found to be known.
            content = number.to_bytes(4, "little") + content[4:]
        (folder / f"{number:07}").write_bytes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
