"""Options that several commands share, and how their text becomes values."""

import importlib.util
import json
import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from energy.app.refusal import bad_option
from energy.periods import parse_utc

RegionName = Annotated[
    str, typer.Argument(help="A region folder, or the name of a shipped region.", metavar="REGION")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="The data folder (default: data/REGION).", metavar="FOLDER")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="A Dask scheduler whose workers solve parts of large plans, for example tls://10.0.0.5:8786.",
        metavar="ADDRESS",
    ),
]
FirstPort = Annotated[
    int | None,
    typer.Option(
        "--first-port",
        help="Use this machine's ports from this one on instead of the region file's addresses.",
        metavar="PORT",
    ),
]
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:]+\]|[\w.-]+):\d{1,5}")
"""A Dask scheduler's: not what Dask would take beside, such as one in its own process."""


def moment(text: str, option: str) -> datetime:
    """Read a moment from the command line.

    Raises:
        BadInput: it is none, or has no time zone.
    """
    try:
        return parse_utc(text)
    except ValueError as error:
        raise bad_option(option, text, str(error), "write for example 2020-06-01T10:00Z") from error


def scheduler_address(text: str | None) -> str | None:
    """Read a Dask scheduler's address from the command line; a typing error is told now, not plan by plan.

    Raises:
        BadInput: it is none, or Dask is not installed.
    """
    if text is None:
        return None
    if ADDRESS.fullmatch(text) is None:
        mend = "write for example tls://10.0.0.5:8786"
        raise bad_option("--scheduler", text, "must be tls:// or tcp://, a host and a port", mend)
    if importlib.util.find_spec("distributed") is None:
        mend = 'install it: pip install "energiewaage[dask]"'
        raise bad_option("--scheduler", text, "the extra 'dask' is not installed", mend)
    return text


def decimal(text: str) -> float:
    """Read a number from the command line; a comma is answered with how to write it.

    Raises:
        BadInput: it is none.
    """
    try:
        return float(text)
    except ValueError as error:
        mend = f"write it with a point: {text.replace(',', '.')}" if "," in text else "write for example 0.8"
        raise bad_option("(number)", text, "no number", mend) from error


def day(text: str, option: str) -> date:
    """Read a calendar day from the command line; of a moment its day in UTC counts."""
    try:
        return (
            date.fromisoformat(text)
            if len(text) == len("2020-06-01")
            else moment(text, option).astimezone(UTC).date()
        )
    except ValueError as error:
        raise bad_option(option, text, str(error), "write for example 2020-06-01") from error


def clock_time(text: str, option: str) -> time:
    """Read a time of day from the command line."""
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise bad_option(option, text, str(error), "write for example 12:00") from error


def zone_named(name: str) -> ZoneInfo:
    """Give a time zone by its IANA name.

    Raises:
        BadInput: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise bad_option("--tz", name, "no such time zone", "write for example Europe/Berlin") from error


def print_json(value: object) -> None:
    """Print one JSON object on standard output; a number that is not finite fails here."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))
