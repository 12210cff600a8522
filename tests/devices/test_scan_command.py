"""``energiewaage scan`` as a person meets it: the map alone on standard output, the rest beside it."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from energy.devices.map_library import load_map
from energy.domain import Point
from tests.devices.servers.sunspec_image import Registers, serving, shipped


def scan(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    program = f"{before}\nfrom energy.__main__ import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "scan", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def served() -> Iterator[tuple[str, Registers]]:
    with serving(shipped("device_1547.json")) as (port, registers):
        yield f"127.0.0.1:{port}", registers


def test_the_map_alone_is_on_standard_output_and_nothing_is_written_to_the_device(
    served: tuple[str, Registers], tmp_path: Path
) -> None:
    where, registers = served
    result = scan(where)
    assert result.returncode == 0, result.stderr
    file = tmp_path / "scanned.yaml"
    file.write_text(result.stdout, encoding="utf-8")
    content = load_map(file)
    assert content.manufacturer == "SunSpecTest"
    assert content.point(Point.POWER_KW_MIN) is not None
    for words in ("DER AC Controls", "pv: can be served", "left out: 701.InvSt", "no reversion timer"):
        assert words in result.stderr
    assert registers.written == []


def test_json_is_one_object_with_the_map_in_it(served: tuple[str, Registers], tmp_path: Path) -> None:
    result = scan(served[0], "--json", "--name", "roof")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["name"] == "roof"
    assert [model["id"] for model in found["models"]] == [1, *range(701, 714)]
    assert found["kinds"]["pv"] == []
    file = tmp_path / "roof.yaml"
    file.write_text(found["register_map"], encoding="utf-8")
    load_map(file)


def test_a_folder_takes_the_map_under_its_name_and_never_over_another(
    served: tuple[str, Registers], tmp_path: Path
) -> None:
    first = scan(served[0], "--out", str(tmp_path))
    assert first.returncode == 0, first.stderr
    load_map(tmp_path / "sunspectest_test_1547_1.yaml")
    kept = (tmp_path / "sunspectest_test_1547_1.yaml").read_text(encoding="utf-8")
    again = scan(served[0], "--out", str(tmp_path), "--reversion-s", "60")
    assert again.returncode == 2
    assert "stands there already" in again.stderr
    assert (tmp_path / "sunspectest_test_1547_1.yaml").read_text(encoding="utf-8") == kept


def test_a_role_that_the_device_has_not_fails_and_names_those_it_has(
    served: tuple[str, Registers],
) -> None:
    result = scan(served[0], "--as", "meter")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "no meter in the device's models" in result.stderr
    assert "--as inverter" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no host",), "HOST[:PORT]"),
        (("127.0.0.1:99999",), "HOST[:PORT]"),
        (("::1",), "[2001:db8::7]:502"),
        (("127.0.0.1", "--transport", "serial"), "tcp, rtu_over_tcp, tls"),
        (("127.0.0.1", "--name", "Roof 1"), "--name"),
        (("127.0.0.1", "--reversion-s", "0"), "--reversion-s"),
        (("127.0.0.1", "--unit", "300"), "--unit"),
    ],
)
def test_bad_options_exit_2_with_words(arguments: tuple[str, ...], words: str) -> None:
    result = scan(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_nobody_at_the_address_fails_with_what_to_check(unused_tcp_port: int) -> None:
    result = scan(f"127.0.0.1:{unused_tcp_port}")
    assert result.returncode == 1
    assert "accepts no connection" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_ipv6_address_is_taken_in_brackets(unused_tcp_port: int) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    result = scan(f"[::1]:{port}")
    assert result.returncode == 1
    assert f"::1:{port}" in result.stderr


def test_without_the_library_of_definitions_it_says_how_to_get_it() -> None:
    result = scan("127.0.0.1", before="import sys\nsys.modules['sunspec2'] = None")
    assert result.returncode == 2
    assert "pip install energiewaage[sunspec]" in result.stderr
    assert "Traceback" not in result.stderr
