"""Debian's libmodbus as a server: compiled from the C source beside this file, in a process of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("libmodbus_server.c")
STOP_S_MAX = 5.0


@contextmanager
def libmodbus_server(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server; gives the process and the line that it says when it is ready."""
    compiler = shutil.which("gcc")
    assert compiler is not None, "gcc is missing; see the apt line in the README"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "libmodbus_server"
        subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE), "-lmodbus"], check=True)
        command = [str(program), *arguments]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                said = process.stdout.readline()
                assert said, f"{' '.join(arguments)}: the server did not start"
                yield process, said
            finally:
                process.stdin.close()
                try:
                    process.wait(timeout=STOP_S_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
