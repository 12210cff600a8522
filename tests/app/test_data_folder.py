"""One controller a data folder, however the one before ended."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from energy.app.data_folder import only_controller
from energy.errors import BadInput

HOLDER = """
import sys
from pathlib import Path
from energy.app.data_folder import only_controller
with only_controller(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_controller_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(BadInput, match="another controller writes here"), only_controller(tmp_path):
            pass
        first.send_signal(signal.SIGKILL)
        first.wait()
    with only_controller(tmp_path):
        assert (tmp_path / "controller.lock").exists()
