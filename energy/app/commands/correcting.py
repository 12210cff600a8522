"""Commands of the planner's desk: correct forecasts, list and withdraw corrections, print the leaderboard."""

import getpass
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from energy.app.commands.field import ANSWER_S, answer_of
from energy.app.commands.options import AsJson, DataFolder, RegionName, decimal, moment, print_json
from energy.app.commands.record_time import controller_now
from energy.app.data_folder import LEDGER, REQUESTS, default_folder
from energy.app.refusal import bad_option
from energy.canonical import plain
from energy.correction import Correction
from energy.domain import Request, RequestKind
from energy.errors import BadInput
from energy.periods import format_utc

if TYPE_CHECKING:
    from energy.region.model import Region

ID_CHARS_MIN = 4
"""So much of a correction's id names it where no other begins so."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(correct)
    app.command()(leaderboard)


def correct(
    region: RegionName,
    asset: Annotated[str | None, typer.Argument(help="The asset to correct.", metavar="ASSET")] = None,
    *,
    start: Annotated[
        str | None, typer.Option("--from", help="First moment, such as 2020-06-01T10:00Z.", metavar="T")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help="First moment after it, such as 2020-06-01T14:00Z.", metavar="T"),
    ] = None,
    factor: Annotated[
        float | None,
        typer.Option("--factor", help="Times the forecast, such as 0.8.", parser=decimal, metavar="X"),
    ] = None,
    offset_kw: Annotated[
        float | None,
        typer.Option(
            "--offset-kw", help="More (or less) drawn or generated, kW.", parser=decimal, metavar="KW"
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; kept in the ledger.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who (default: your login).")] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", help="When it ends by itself (default: --to).", metavar="T")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Print the open corrections.")] = False,
    withdraw: Annotated[
        str | None, typer.Option("--withdraw", help="Take this correction back.", metavar="ID")
    ] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Expect more or less of an asset than its forecast says: the next plan stands on it.

    Energy keeps its sign out of this: --factor 0.8 on a PV park means a fifth less generation.
    """
    from energy.region.loader import load_region

    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    if show:
        _print_open(_open_corrections(folder), as_json=as_json)
        return
    made_at = controller_now(folder)
    if withdraw is not None:
        found = _named(_open_corrections(folder), withdraw)
        _post(folder, _withdrawal(found, made_at=made_at, actor=actor, reason=reason), as_json=as_json)
        return
    _require({"ASSET": asset, "--from": start, "--to": end, "--reason": reason})
    _require_possible(checked, asset or "", offset_kw)
    _post(
        folder,
        _correction(
            asset or "",
            start=moment(start or "", "--from"),
            end=moment(end or "", "--to"),
            factor=factor,
            offset_kw=offset_kw,
            reason=reason or "",
            actor=actor,
            made_at=made_at,
            until=None if expires is None else moment(expires, "--expires"),
        ),
        as_json=as_json,
    )


def _require(given: Mapping[str, str | None]) -> None:
    """Refuse what is missing, all of it at once."""
    faults = [
        fault
        for option, value in given.items()
        if value is None
        for fault in bad_option(
            option, None, "a correction needs it", "see energiewaage correct --help"
        ).faults
    ]
    if faults:
        raise BadInput(faults)


def _require_possible(region: "Region", asset_id: str, offset_kw: float | None) -> None:
    """Refuse an asset that nobody forecasts, and what it cannot do."""
    from energy.region.expected import Forecastable, greatest_kw

    assets = {asset.id: asset for asset in region.assets}
    found = assets.get(asset_id)
    if not isinstance(found, Forecastable):
        forecast = ", ".join(name for name, asset in assets.items() if isinstance(asset, Forecastable))
        limit = "not forecast from its own past" if found is not None else "no such asset in the region"
        raise bad_option("ASSET", asset_id, limit, f"use one that is forecast: {forecast}")
    if offset_kw is not None and abs(offset_kw) > greatest_kw(found):
        limit = f"{asset_id} can be {greatest_kw(found):g} kW at most"
        raise bad_option("--offset-kw", offset_kw, limit, "check the unit")


def leaderboard(
    region: RegionName,
    *,
    asset: Annotated[str | None, typer.Option("--asset", help="Only this asset.", metavar="A")] = None,
    days: Annotated[int, typer.Option("--days", help="Local days back: 7 or 28.")] = 28,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Print how good the live forecasts were: by asset, lead class and model, the best first."""
    from energy.app.leaderboard_view import print_leaderboard, rows_of
    from energy.historian.sqlite_reader import open_reader
    from energy.live_score import WINDOWS_DAYS, standings
    from energy.region.loader import load_region

    checked = load_region(region)
    if days not in WINDOWS_DAYS:
        raise bad_option("--days", days, "7 or 28", "name one of them")
    known = [item.id for item in checked.assets]
    if asset is not None and asset not in known:
        raise bad_option("--asset", asset, "no such asset in the region", f"use one of: {', '.join(known)}")
    folder = data if data is not None else default_folder(checked.id)
    end = controller_now(folder)
    with open_reader(folder) as reader:
        # a day counts by its start: the window ends with the last whole local day
        scores = reader.live_scores(end - timedelta(days=days + 1), end, asset)
    lines = standings(scores)
    if as_json:
        print_json({"region": checked.id, "days": days, "rows": rows_of(lines)})
        return
    print_leaderboard(lines, days=days)


def _correction(
    asset_id: str,
    *,
    start: datetime,
    end: datetime,
    factor: float | None,
    offset_kw: float | None,
    reason: str,
    actor: str | None,
    made_at: datetime,
    until: datetime | None,
) -> Request:
    return Request(
        request_id=uuid4().hex,
        kind=RequestKind.CORRECT,
        asset_id=asset_id,
        power_kw=None,
        actor=actor if actor is not None else getpass.getuser(),
        reason=reason,
        made_at=made_at,
        until=until if until is not None else end,
        correction=Correction(start=start, end=end, factor=factor, offset_kw=offset_kw),
    )


def _withdrawal(found: Request, *, made_at: datetime, actor: str | None, reason: str | None) -> Request:
    return Request(
        request_id=uuid4().hex,
        kind=RequestKind.WITHDRAW,
        asset_id=found.asset_id,
        power_kw=None,
        actor=actor if actor is not None else getpass.getuser(),
        reason=reason if reason is not None else "withdrawn",
        made_at=made_at,
        until=None,
        withdraws=found.request_id,
    )


def _open_corrections(folder: Path) -> tuple[Request, ...]:
    from energy.ledger.corrections import open_corrections
    from energy.ledger.reader import ledger_reader

    with ledger_reader(folder / LEDGER) as ledger:
        return open_corrections(ledger)


def _named(requests: Sequence[Request], beginning: str) -> Request:
    """Find a correction by the beginning of its id."""
    found = [request for request in requests if request.request_id.startswith(beginning)]
    if len(beginning) < ID_CHARS_MIN or len(found) != 1:
        known = ", ".join(request.request_id[:8] for request in requests)
        mend = f"use one of: {known}" if known else "there is nothing to take back"
        limit = f"{len(found)} open corrections have it" if known else "no correction is open"
        raise bad_option("--withdraw", beginning, limit, mend)
    return found[0]


def _post(folder: Path, request: Request, *, as_json: bool) -> None:
    """Ask the controller and tell its answer: exit code 1 where none came, 2 where it refused."""
    from energy.mailbox import Mailbox

    with Mailbox(folder / REQUESTS) as mailbox:
        number = mailbox.post(request)
    answer = answer_of(folder, number)
    if as_json:
        print_json(
            {
                "sequence": number,
                "request_id": request.request_id,
                "kind": request.kind,
                "asset_id": request.asset_id,
                "answer": answer,
                "is_refused": answer is not None and answer.startswith("refused"),
                "until": None if request.until is None else format_utc(request.until),
            }
        )
    if answer is None:
        typer.echo(
            f"request {number} is posted, but no controller has taken it within {ANSWER_S:.0f} s\n"
            "it stays posted and is answered if a controller starts before it expires",
            err=as_json,
        )
        raise typer.Exit(1)
    if answer.startswith("refused"):
        typer.echo(f"{request.asset_id}: {answer}", err=True)
        raise typer.Exit(2)
    if as_json:
        return
    typer.echo(f"{request.asset_id}: {answer}")
    if request.kind is RequestKind.CORRECT:
        typer.echo(
            f"correction {request.request_id[:8]}, until {format_utc(request.until or request.made_at)}"
        )


def _print_open(requests: Sequence[Request], *, as_json: bool) -> None:
    from energy.ledger.corrections import covering

    covered_by = covering(requests)
    if as_json:
        print_json({"corrections": [plain(request) for request in requests], "covered_by": covered_by})
        return
    if not requests:
        typer.echo("no correction is open")
    for request in requests:
        given = request.correction
        if given is None or request.until is None:
            continue
        covered = covered_by.get(request.request_id)
        size = f"x {given.factor:g}" if given.factor is not None else f"{given.offset_kw:+g} kW"
        typer.echo(
            f"{request.request_id[:8]}  {request.asset_id}  {size}  {format_utc(given.start)} to"
            f" {format_utc(given.end)}  until {format_utc(request.until)}  {request.actor}: {request.reason}"
            + ("" if covered is None else f"  covered by {covered[:8]}")
        )
