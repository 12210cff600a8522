"""What `check` warns of though it is no fault."""

import shutil
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from energy.__main__ import app
from energy.region.loader import shipped_regions


def test_an_asset_without_history_is_no_fault_but_no_demo_can_simulate_it(tmp_path: Path) -> None:
    shutil.copytree(shipped_regions()["musterstadt"], tmp_path / "town")
    file = tmp_path / "town" / "region.yaml"
    text = file.read_text(encoding="utf-8")
    line = "    history: {file: measured_2020.csv.gz, column: load_kw}\n"
    assert line in text
    file.write_text(text.replace(line, ""), encoding="utf-8")
    checked = CliRunner().invoke(app, ["check", str(tmp_path / "town")])
    assert checked.exit_code == 0, checked.output
    assert "load.history: a demo cannot simulate this asset" in checked.output
    demo = ("demo", "--region", str(tmp_path / "town"), "--headless", "--data", str(tmp_path / "d"))
    started = subprocess.run(
        [sys.executable, "-m", "energy", *demo], capture_output=True, text=True, timeout=120, check=False
    )
    assert started.returncode == 2
    assert "load.history: a demo cannot simulate this asset" in started.stderr
