"""``energiewaage scan`` as a person meets it: the map alone on standard output, the rest beside it."""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
import trustme

from energy.devices.map_library import load_map
from energy.domain import Point
from tests.devices.servers.sunspec_image import Registers, serving, shipped


def scan(
    *arguments: str, before: str = "", environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    program = f"{before}\nfrom energy.__main__ import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "scan", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **(environment or {})},
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


def test_a_folder_that_is_not_there_yet_is_made(served: tuple[str, Registers], tmp_path: Path) -> None:
    result = scan(served[0], "--out", f"{tmp_path / 'town' / 'profiles'}/")
    assert result.returncode == 0, result.stderr
    load_map(tmp_path / "town" / "profiles" / "sunspectest_test_1547_1.yaml")


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


class Authority:
    """Certificates of one authority, and a door that lets only its clients through to a served device."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.verify_mode = ssl.CERT_REQUIRED
        self._authority.configure_trust(context)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    def environment(self) -> dict[str, str]:
        """Name the client's files as a person would set them."""
        client = self._authority.issue_cert("controller.example")
        files = {name: self._folder / f"{name}.pem" for name in ("authority", "certificate", "key")}
        self._authority.cert_pem.write_to_path(files["authority"])
        client.cert_chain_pems[0].write_to_path(files["certificate"])
        client.private_key_pem.write_to_path(files["key"])
        files["key"].chmod(0o600)
        return {f"ENERGIEWAAGE_TLS_{name.upper()}": str(path) for name, path in files.items()}


@pytest.fixture
async def behind_tls(served: tuple[str, Registers], tmp_path: Path) -> AsyncIterator[tuple[str, Authority]]:
    authority = Authority(tmp_path)
    host, port = served[0].split(":")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device_reader, device_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(copy(reader, device_writer), copy(device_reader, writer))

    door = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=authority.server_context())
    yield f"127.0.0.1:{door.sockets[0].getsockname()[1]}", authority
    door.close()


async def test_a_device_behind_tls_is_scanned_with_our_certificate(
    behind_tls: tuple[str, Authority],
) -> None:
    where, authority = behind_tls
    result = await asyncio.to_thread(
        scan, where, "--transport", "tls", "--json", environment=authority.environment()
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["manufacturer"] == "SunSpecTest"


async def test_a_device_that_another_authority_vouches_for_is_not_believed(
    behind_tls: tuple[str, Authority], tmp_path: Path
) -> None:
    (tmp_path / "foreign").mkdir()
    foreign = Authority(tmp_path / "foreign")
    result = await asyncio.to_thread(
        scan, behind_tls[0], "--transport", "tls", environment=foreign.environment()
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert "certificate" in result.stderr
    assert "Traceback" not in result.stderr


def test_tls_without_files_names_the_variables_to_set() -> None:
    result = scan("127.0.0.1", "--transport", "tls")
    assert result.returncode == 2
    for name in ("AUTHORITY", "CERTIFICATE", "KEY"):
        assert f"ENERGIEWAAGE_TLS_{name}" in result.stderr
