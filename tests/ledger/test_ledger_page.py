"""What docs/ledger.md tells an auditor to run works, and finds what was changed."""

import lzma
import re
import subprocess
import sys
from pathlib import Path

from energy.ledger.reader import ledger_reader
from tests.ledger.sealed_ledger import sealed

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_an_auditors_own_script_follows_the_chain_and_finds_a_change(tmp_path: Path) -> None:
    sealed(tmp_path / "ledger.sqlite", days=4)
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    assert len(found[1].splitlines()) <= 30
    script = tmp_path / "audit.py"
    script.write_text(found[1], encoding="utf-8")
    files = sorted((tmp_path / "ledger").iterdir())
    command = [sys.executable, str(script), *map(str, files)]
    whole = subprocess.run(command, capture_output=True, text=True, check=True)
    with ledger_reader(tmp_path) as reader:
        last = reader.segments()[-1]
    assert whole.stdout == f"whole up to entry {last.last}, hash {last.last_hash}\n"
    changed = lzma.decompress(files[1].read_bytes()).replace(b'"number":3', b'"number":4', 1)
    files[1].chmod(0o644)
    files[1].write_bytes(lzma.compress(changed))
    broken = subprocess.run(command, capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    assert f"{files[1]}: entry " in broken.stderr
