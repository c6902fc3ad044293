"""Who is measured.  Every peer encrypts; all keep owners, modes and times."""
import os
import subprocess
from pathlib import Path

import measure

BIN = os.environ.get("VALISE_BIN", ".")
REFERENCE = "tar|zstd|age"


class Peer:
    """One tool, with everything it writes below `folder`."""

    needs = ()
    can_repeat = True
    env = {}

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "store"
        self.prepare()

    def prepare(self):
        """Keys and the like, once and unmeasured."""

    def reset(self):
        """An empty store, unmeasured."""
        subprocess.run(["rm", "-rf", str(self.store)], check=True)
        self.store.mkdir()

    def size(self):
        return measure.size(self.store)

    def restored(self, folder):
        """Where below `folder` the tree stands after a restore."""
        return folder / "tree"

    def sh(self, command, cwd=None):
        return measure.run(command, self.env, cwd)


class Valise(Peer):
    name = "valise"
    importer = f"{BIN}/valise-import"

    def prepare(self):
        subprocess.run([f"{BIN}/valise", "keygen",
                        str(self.folder / "keys")], check=True)
        self.site("source", "/")

    def site(self, side, tree):
        path = self.folder / f"{side}.yaml"
        path.write_text(
            f"site: bench\nstate: {self.folder}/state-{side}\n"
            f"resources:\n  - name: files\n    kind: files\n"
            f"    path: {tree}\n"
            # The Linux sources have a key in them, for a test.
            f"secrets: {{undeclared: warn}}\n"
            f"trust:\n  - {{sender: {self.folder}/keys/sender.pub}}\n")
        return path

    def reset(self):
        super().reset()
        subprocess.run(["rm", "-rf", f"{self.folder}/state-source"],
                       check=True)

    def bundle(self):
        return next(Path(self.store).glob("*.vls"))

    def export(self, tree):
        site = self.site("source", tree)
        return self.sh(f"{BIN}/valise-export {site} --to {self.store} "
                       f"--sign-key {self.folder}/keys/sender.key "
                       f"--recipient {self.folder}/keys/recipient.pub")

    def verifications(self):
        trust = f"--sender {self.folder}/keys/sender.pub"
        key = f"--identity {self.folder}/keys/recipient.key"
        yield "verify", f"{BIN}/valise verify {self.bundle()} {trust}"
        yield ("verify --open",
               f"{BIN}/valise verify --open {self.bundle()} {trust} {key}")

    def restore(self, folder):
        if not (folder / "tree").exists():
            subprocess.run(["rm", "-rf", f"{self.folder}/state-target"],
                           check=True)
        site = self.site("target", folder / "tree")
        return self.sh(f"{self.importer} {site} {self.bundle()} --yes "
                       f"--identity {self.folder}/keys/recipient.key")


class TarZstdAge(Peer):
    name = REFERENCE
    needs = ("tar", "zstd", "age", "age-keygen")
    can_repeat = False

    def prepare(self):
        key = self.folder / "key"
        subprocess.run(["age-keygen", "-o", str(key)], check=True,
                       stderr=subprocess.DEVNULL)
        self.key = key
        self.recipient = subprocess.run(
            ["age-keygen", "-y", str(key)], check=True, text=True,
            capture_output=True).stdout.strip()

    def export(self, tree):
        return self.sh(f"tar -C {tree} -cf - . | zstd -q -3 -T2 | "
                       f"age -r {self.recipient} -o {self.store}/a.age")

    def opened(self):
        return f"age -d -i {self.key} {self.store}/a.age | zstd -dcq"

    def verifications(self):
        yield "verify", f"{self.opened()} | tar -tf - >/dev/null"

    def restore(self, folder):
        (folder / "tree").mkdir()
        return self.sh(f"{self.opened()} | tar -C {folder}/tree -xpf -")


class Restic(Peer):
    name = "restic"
    needs = ("restic",)
    can_repeat = False  # 0.14 fails on symbolic links that are there

    def prepare(self):
        self.env = {"RESTIC_PASSWORD": "bench", "GOMAXPROCS": "2",
                    "RESTIC_CACHE_DIR": str(self.folder / "cache"),
                    "RESTIC_REPOSITORY": str(self.store)}

    def reset(self):
        super().reset()
        self.sh("restic -q init")

    def export(self, tree):
        return self.sh("restic -q backup .", cwd=tree)

    def verifications(self):
        yield "verify", "restic -q check --read-data"

    def restore(self, folder):
        return self.sh(f"restic -q restore latest --target {folder}/tree")


class Borg(Peer):
    name = "borg"
    needs = ("borg",)
    can_repeat = False

    def prepare(self):
        self.env = {"BORG_PASSPHRASE": "bench",
                    "BORG_BASE_DIR": str(self.folder / "base"),
                    "BORG_REPO": str(self.store)}

    def reset(self):
        subprocess.run(["rm", "-rf", str(self.store),
                        str(self.folder / "base")], check=True)
        self.sh("borg init -e repokey-blake2")

    def export(self, tree):
        return self.sh("borg create -C zstd,3 ::bench .", cwd=tree)

    def verifications(self):
        yield "verify", "borg check --verify-data"

    def restore(self, folder):
        (folder / "tree").mkdir()
        return self.sh("borg extract ::bench", cwd=folder / "tree")


ALL = (Valise, TarZstdAge, Restic, Borg)
