"""Discovery of SunSpec devices: scan walks one and prints a register map to keep."""

import asyncio
import os
import re
import textwrap
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from energy.app.commands.options import AsJson, print_json
from energy.app.refusal import bad_option
from energy.region.asset import PORTS, Endpoint, Transport

if TYPE_CHECKING:
    from energy.devices.scan.device import FoundDevice
    from energy.devices.scan.discovery import Wishes
    from energy.devices.scan.finding import Finding

REVERSION_S = 180.0
"""How long a command lasts unless renewed: as the watchdog of the generic maps, a little more than the 150 s
for which the shipped regions let a setpoint stand."""
REVERSION_S_MIN = 10.0
REVERSION_S_MAX = 28_800.0
"""Eight hours: what model 123 of a widespread make takes at most (Fronius)."""
POWER_KW_MAX = 1_000_000.0
CONNECT_S_MAX = 5.0
ANSWER_S_MAX = 3.0
"""A scan can wait; small devices take more than a second for a hundred registers."""
COMMENT_CHARACTERS_MAX = 108
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TRANSPORTS: tuple[Transport, ...] = ("tcp", "rtu_over_tcp", "tls")
As = Literal["inverter", "battery", "meter"]
"""The words of the roles (``energy.devices.scan.finding``)."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(scan)


def scan(
    where: Annotated[str, typer.Argument(help="HOST or HOST:PORT; [IPV6]:PORT.", metavar="HOST[:PORT]")],
    *,
    unit: Annotated[int, typer.Option(help="The Modbus unit.", min=0, max=255)] = 1,
    transport: Annotated[str, typer.Option(help="tcp, rtu_over_tcp or tls.")] = "tcp",
    role: Annotated[
        As | None, typer.Option("--as", help="What to take the device for, where it is several.")
    ] = None,
    reversion_s: Annotated[
        float,
        typer.Option(
            help="Seconds that a command lasts unless renewed.", min=REVERSION_S_MIN, max=REVERSION_S_MAX
        ),
    ] = REVERSION_S,
    rated_kw: Annotated[
        float | None,
        typer.Option(help="The rated power, if the device does not show it.", min=0.001, max=POWER_KW_MAX),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The map's name: a-z, 0-9 and _.", metavar="NAME")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the map to this file, or into this folder as NAME.yaml.", metavar="FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk a SunSpec device and print a register map of it; nothing is written to the device."""
    _require_definitions()
    from energy.devices.scan.discovery import Wishes
    from energy.devices.scan.finding import Role
    from energy.devices.scan.yaml_text import yaml_of

    endpoint = endpoint_of(where, transport)
    if name is not None and not NAME.fullmatch(name):
        raise bad_option("--name", name, "not a name of a register map", "use a-z, 0-9 and _, a letter first")
    if out is not None and out.is_file():
        raise bad_option(
            "--out", str(out), "stands there already", "name another file, or move this one away"
        )
    wishes = Wishes(
        role=Role(role) if role is not None else None, reversion_s=reversion_s, power_kw_rated=rated_kw
    )
    device, finding = asyncio.run(_discover(endpoint, unit, wishes))
    called = name if name is not None else name_of(finding.content.manufacturer, finding.content.product)
    text = yaml_of(finding.content, _comment(finding, called))
    path = _target(out, called)
    if path is not None:
        _keep(path, text)
    if as_json:
        print_json(_summary(device, finding, called, text))
        return
    _print_findings(device, finding)
    typer.echo(text if path is None else f"the map is in {path}", nl=path is not None)


def endpoint_of(where: str, transport: str) -> Endpoint:
    """Read HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.

    Raises:
        BadInput: it is none of them, or the transport is unknown.
    """
    if transport not in TRANSPORTS:
        raise bad_option("--transport", transport, "no such transport", f"use {', '.join(TRANSPORTS)}")
    found = re.fullmatch(
        r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\[\]:/\s]+))(?::(?P<port>\d{1,5}))?", where
    )
    port = int(found["port"]) if found is not None and found["port"] is not None else PORTS[transport]
    if found is None or not 1 <= port <= 65535:
        mend = "write a host or address with an optional port, as 192.0.2.7:502 or [2001:db8::7]:502"
        raise bad_option("HOST[:PORT]", where, "not an address", mend)
    return Endpoint(transport=transport, host=found["v6"] or found["host"], port=port, serial=None)


def name_of(manufacturer: str, product: str) -> str:
    """Make a map's name of a maker and a product.

    >>> name_of("Müller & Söhne", "X-10/3 TL")
    'muller_sohne_x_10_3_tl'
    """
    plain = unicodedata.normalize("NFKD", f"{manufacturer} {product}").encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    return (words if words[:1].isalpha() else f"sunspec_{words}".rstrip("_"))[:64]


def _require_definitions() -> None:
    try:
        import energy.devices.scan.definitions  # noqa: F401  only whether its library is there
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "sunspec2":
            raise
        raise bad_option(
            "scan",
            None,
            "pysunspec2 is not installed, and scan takes SunSpec's model definitions from it",
            "pip install energiewaage[sunspec]",
        ) from error


async def _discover(where: Endpoint, unit: int, wishes: "Wishes") -> tuple["FoundDevice", "Finding"]:
    from energy.app.clock import wall_now
    from energy.devices.modbus import ModbusEndpoint, Patience
    from energy.devices.scan.discovery import discover
    from energy.devices.tls import context_of, files_named_in

    tls = context_of(files_named_in(os.environ), wall_now()) if where.transport == "tls" else None
    patience = Patience(connect_s_max=CONNECT_S_MAX, answer_s_max=ANSWER_S_MAX)
    endpoint = ModbusEndpoint(where, patience, tls=tls)
    try:
        return await discover(endpoint, unit, wishes)
    finally:
        endpoint.close()


def _target(out: Path | None, called: str) -> Path | None:
    is_folder = out is not None and (out.is_dir() or out.suffix != ".yaml")
    path = out / f"{called}.yaml" if out is not None and is_folder else out
    if path is not None and path.exists():
        raise bad_option(
            "--out", str(path), "stands there already", "name another file, or move this one away"
        )
    return path


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise bad_option("--out", str(path), f"cannot be written: {error.strerror}", "check it") from error


def _comment(finding: "Finding", called: str) -> list[str]:
    head = (
        f"Register map of a SunSpec {finding.role}, made by `energiewaage scan`. Keep it in the region's "
        f"folder as profiles/{called}.yaml and name it at the asset: device: {{profile: {called}, ...}}."
    )
    said = [head, *(f"Note: {warning}." for warning in finding.warnings)]
    return [line for part in said for line in textwrap.wrap(part, COMMENT_CHARACTERS_MAX)]


def _summary(device: "FoundDevice", finding: "Finding", called: str, text: str) -> dict[str, object]:
    return {
        "name": called,
        "manufacturer": device.text("Mn"),
        "model": device.text("Md"),
        "firmware": device.text("Vr"),
        "base": device.chain.base,
        "models": [
            {"id": model.raw.model_id, "address": model.raw.address, "name": model.label}
            for model in device.models
        ],
        "role": finding.role.value,
        "roles": [role.value for role in finding.roles],
        "kinds": {kind: [point.value for point in missing] for kind, missing in finding.lacks.items()},
        "left_out": finding.left_out,
        "warnings": list(finding.warnings),
        "register_map": text,
    }


def _print_findings(device: "FoundDevice", finding: "Finding") -> None:
    """Tell on standard error what was found: standard output is the map alone."""
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    console.print(f"{finding.content.manufacturer} {finding.content.product}: SunSpec at {device.chain.base}")
    table = Table("model", "address", "name")
    for model in device.models:
        table.add_row(str(model.raw.model_id), str(model.raw.address), model.label)
    console.print(table)
    for kind, missing in finding.lacks.items():
        lack = ", ".join(point.value for point in missing)
        console.print(f"{kind}: lacks {lack}" if missing else f"{kind}: can be served")
    for title, reason in finding.left_out.items():
        console.print(f"left out: {title}: {reason}")
    for warning in finding.warnings:
        console.print(f"warning: {warning}")
