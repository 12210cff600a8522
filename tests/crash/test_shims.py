"""The shims themselves: what they lose and what they keep."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.shims import PowerCut

SCRIPT_HEAD = """
import os, sys
os.chdir(sys.argv[1])
def write(name, text, flush):
    with open(name, "a") as file:
        file.write(text)
        file.flush()
        if flush:
            os.fsync(file.fileno())
def flush_folder(name="."):
    folder = os.open(name, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
"""


def left(tmp_path: Path, script: str, dice: random.Random | None = None) -> dict[str, str]:
    """Give what a power cut after the script leaves, by name."""
    (tmp_path / "scratch").mkdir()
    cut = PowerCut(tmp_path / "data", tmp_path / "scratch")
    environment = cut.environment()
    command = [sys.executable, "-c", SCRIPT_HEAD + script, str(cut.folder)]
    subprocess.run(command, check=True, env=environment)
    cut.cut_back(dice)
    files = (path for path in sorted(cut.folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(cut.folder)): path.read_text() for path in files}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('write("a", "kept", True); write("b", "lost", False)', {"a": "kept"}),
        ('write("a", "kept", True); write("a", "lost", False)', {"a": "kept"}),
        ('write("a", "kept", True); write("a", ", too", True)', {"a": "kept, too"}),
        ('write("a", "lost", False); flush_folder()', {"a": ""}),
        ('write("a", "back", True); os.unlink("a")', {"a": "back"}),
        ('write("a", "gone", True); os.unlink("a"); flush_folder()', {}),
        ('write("a", "kept", True); os.rename("a", "b")', {"a": "kept"}),
        ('write("a", "kept", True); os.rename("a", "b"); flush_folder()', {"b": "kept"}),
        ('write("a", "kept", True); os.rename("a", "b"); write("b", "", True)', {"b": "kept"}),
        ('os.mkdir("d"); write("d/a", "kept", True); write("d/b", "lost", False)', {"d/a": "kept"}),
        ('write("a", "long", True); os.truncate("a", 0)', {"a": "long"}),
    ],
)
def test_a_power_cut_leaves_what_was_flushed(tmp_path: Path, script: str, expected: dict[str, str]) -> None:
    assert left(tmp_path, script) == expected


def test_a_torn_write_is_there_block_by_block(tmp_path: Path) -> None:
    script = 'write("a", "o" * 40960, True)\nwith open("a", "r+") as file: file.write("n" * 40960)'
    text = left(tmp_path, script, random.Random(1))["a"]  # noqa: S311 - seeded on purpose
    assert len(text) == 40960
    assert {text[begin : begin + 4096] for begin in range(0, 40960, 4096)} == {"o" * 4096, "n" * 4096}
