"""Commands about the ledger itself: verify, head, segments."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, print_json
from energy.app.data_folder import LEDGER, default_folder
from energy.errors import BadInput, Fault

if TYPE_CHECKING:
    from energy.ledger.chain import Head
    from energy.ledger.reader import LedgerReader

HEADS_BYTES_MAX = 50_000_000
"""Hourly lines of half a century."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    ledger = typer.Typer(help="The hash-chained ledger of decisions.", no_args_is_help=True)
    ledger.command("verify")(ledger_verify)
    ledger.command("head")(ledger_head)
    ledger.command("segments")(ledger_segments)
    app.add_typer(ledger, name="ledger")


def ledger_verify(
    region: RegionName,
    *,
    data: DataFolder = None,
    head: Annotated[
        str | None, typer.Option(help="A head hash noted elsewhere that must be in the chain.")
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="A file of heads noted elsewhere, one a line.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute the whole hash chain anew; any change, cut or insertion is named by its file and entry."""
    noted = _heads_in(heads) if heads is not None else ()
    with _opened(region, data) as ledger:
        found = ledger.verify(head=head, heads=noted)
    if as_json:
        print_json({"ledger_head": found.head, "whole": True} | dataclasses.asdict(found))
        return
    typer.echo(
        f"the chain is whole: entries {found.first} to {found.last}, {found.segments} sealed segments; "
        f"its head is {found.head}"
    )
    if heads is not None:
        typer.echo(f"{found.heads} heads noted elsewhere are in it")
    if found.heads_removed:
        typer.echo(f"{found.heads_removed} noted heads lie in removed segments: nothing can be said of them")


def ledger_head(region: RegionName, *, data: DataFolder = None, as_json: AsJson = False) -> None:
    """Print the end of the chain as one line (number, time, hash), to be kept elsewhere: mail, paper."""
    with _opened(region, data) as ledger:
        head = ledger.head_line()
    if as_json:
        empty = {"sequence": 0, "at": None, "hash": None}
        print_json(dataclasses.asdict(head) if head is not None else empty)
    elif head is not None:
        typer.echo(str(head))
    else:
        typer.echo("the ledger is empty: it has no head yet", err=True)


def ledger_segments(region: RegionName, *, data: DataFolder = None, as_json: AsJson = False) -> None:
    """List the sealed segments, oldest first."""
    with _opened(region, data) as ledger:
        segments, removed_until = ledger.segments(), ledger.removed_until()
    if as_json:
        listed = [
            {name: value for name, value in dataclasses.asdict(segment).items() if name != "removed"}
            for segment in segments
        ]
        print_json({"removed_until": removed_until, "segments": listed})
        return
    if removed_until:
        typer.echo(f"entries 1 to {removed_until} were removed by retention")
    for segment in segments:
        typer.echo(f"{segment.file_name}  {segment.first_at}  {segment.last_at}  {segment.sha256}")
    if not segments:
        typer.echo("no segment is sealed: all entries are in the active file")


def _opened(region: str, data: Path | None) -> "LedgerReader":
    from energy.ledger.reader import ledger_reader
    from energy.region.loader import load_region

    folder = data if data is not None else default_folder(load_region(region).id)
    return ledger_reader(folder / LEDGER)


def _heads_in(file: Path) -> "Sequence[Head]":
    """Read a file of heads; every line that is none is a fault."""
    from energy.ledger.chain import Head

    try:
        if file.stat().st_size > HEADS_BYTES_MAX:
            raise BadInput([_fault(file, None, None, f"it has more than {HEADS_BYTES_MAX} bytes")])
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([_fault(file, None, None, f"cannot be read: {error}")]) from error
    heads: list[Head] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                heads.append(Head.read(line))
            except ValueError as error:
                faults.append(_fault(file, number, line, str(error)))
    if faults or not heads:
        raise BadInput(faults or [_fault(file, None, None, "it holds no head")])
    return heads


def _fault(file: Path, line: int | None, value: object, limit: str) -> Fault:
    mend = "give the lines as `energiewaage ledger head` printed them"
    return Fault(file=str(file), line=line, place="--heads", value=value, limit=limit, mend=mend)
