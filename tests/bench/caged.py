"""What the cage costs: one bundle onto an absent tree in memory, again and
again, by the importer and by one that reads the bundle itself (uncaged.c).
"""
import shutil
import tempfile
from pathlib import Path

import measure
import peers

UNCAGED = "tests/bench/valise-import-uncaged"


class Caged:
    def __init__(self, bench, tree):
        self.bench = bench
        bench.tree = tree
        self.folder = bench.work / "caged"
        self.folder.mkdir()
        self.peer = peers.Valise(self.folder)
        self.peer.reset()
        self.peer.export(tree)

    def import_(self, program):
        self.peer.importer = f"{peers.BIN}/{program}"
        with tempfile.TemporaryDirectory(prefix="valise-bench.",
                                         dir="/dev/shm") as folder:
            sample = self.peer.restore(Path(folder))
            measure.require_equal(self.bench.tree,
                                  self.peer.restored(Path(folder)))
        return sample

    def measure(self):
        samples = {}
        for turn in range(self.bench.runs):
            those = [("without", UNCAGED), ("valise", "valise-import")]
            for name, program in those[::-1 if turn % 2 else 1]:
                samples.setdefault(name, []).append(self.import_(program))
        for name, taken in samples.items():
            self.bench.add(name, "import", taken)
        shutil.rmtree(self.folder)
