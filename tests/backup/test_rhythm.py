"""The rhythm in docs/backup.md works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

from energy.backup.manifest import read_manifest
from tests.dashboard.day import prepare
from tests.source_code import ROOT


def test_the_documented_script_keeps_the_last_fourteen(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
    script = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert script is not None
    (tmp_path / "script").write_text(script[1], encoding="utf-8")
    command = tmp_path / "bin" / "energiewaage"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m energy "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    data, target = tmp_path / "data", tmp_path / "target"
    data.mkdir()
    target.mkdir()
    prepare(data)
    for day in range(14):
        (target / f"2020-01-{day + 1:02d}T000000Z").mkdir()
    path = f"{command.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "script"), "musterstadt", str(data), str(target)],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept = sorted(entry.name for entry in target.iterdir())
    assert len(kept) == 14
    assert "2020-01-01T000000Z" not in kept
    assert read_manifest(target / kept[-1]).region_id == "musterstadt"
