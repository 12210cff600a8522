"""C shims that make a process's disk lose power or fill up: compiled here, loaded by LD_PRELOAD."""

import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

SOURCES = Path(__file__).parent
BLOCK_BYTES = 4096
"""What a disk may write or leave unwritten when its power goes."""


def compiled(name: str, folder: Path) -> Path:
    """Compile a shim into ``folder`` unless it is there."""
    compiler = shutil.which("gcc")
    assert compiler is not None, "gcc is missing; see the apt line in the README"
    library = folder / f"{name}.so"
    if not library.exists():
        source = str(SOURCES / f"{name}.c")
        flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, "-o", str(library), source, "-ldl", "-lpthread"], check=True)
    return library


class PowerCut:
    """A folder whose writer runs under the shim, and what a power cut leaves of it."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder.resolve()
        self._scratch = scratch
        self._shadow = scratch / "shadow"
        self._library = compiled("power_cut", scratch)

    def environment(self) -> Mapping[str, str]:
        """Give the environment of the writing process; what lies in the folder now counts as on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._shadow, ignore_errors=True)
        shutil.copytree(self.folder, self._shadow, ignore=shutil.ignore_patterns("*-shm"))
        return {
            **os.environ,
            "LD_PRELOAD": str(self._library),
            "CUT_FOLDER": str(self.folder),
            "CUT_SHADOW": str(self._shadow),
        }

    def cut_back(self, dice: random.Random | None = None) -> None:
        """Leave of the folder what a power cut leaves, now that its writer is dead.

        Without dice each file is as at its last flush. With dice each block that was written since is, or is
        not, on the disk, and so is the file's length.
        """
        (self._shadow / ".half").unlink(missing_ok=True)
        for path in sorted(self._shadow.rglob("*")):
            live = self.folder / path.relative_to(self._shadow)
            if dice is not None and path.is_file() and live.is_file():
                path.write_bytes(_torn(path.read_bytes(), live.read_bytes(), dice))
        shutil.rmtree(self.folder)
        shutil.copytree(self._shadow, self.folder)


def _torn(flushed: bytes, live: bytes, dice: random.Random) -> bytes:
    length = dice.choice((len(flushed), len(live)))
    blocks = []
    for begin in range(0, length, BLOCK_BYTES):
        old, new = flushed[begin : begin + BLOCK_BYTES], live[begin : begin + BLOCK_BYTES]
        chosen = old if dice.random() < 0.5 else new
        blocks.append(chosen.ljust(min(BLOCK_BYTES, length - begin), b"\0"))
    return b"".join(blocks)[:length]
