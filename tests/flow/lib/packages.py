"""Files of Debian packages that tests read and valise does not contain."""
import os
from pathlib import Path


def find(path):
    """Where the file of a package is: installed, or below VALISE_PACKAGES,
    where tests/run.sh unpacks some.  None: it is not there."""
    for root in ("/", os.environ.get("VALISE_PACKAGES")):
        if root and (Path(root) / path).exists():
            return Path(root) / path
    return None
