"""``python -m dashboard``: serves the dashboard of a region on loopback."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dashboard.serving import serve
from energy.errors import BadInput
from energy.region.loader import load_region

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
HOST = "127.0.0.1"
PORT = 8080
LOOPBACK = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}


def wall_now() -> datetime:
    """Read the clock on the wall; the one place of this process that does."""
    return datetime.now(UTC)


def loopback_host(text: str) -> str:
    """Accept a host only if nobody but this machine can reach it.

    Raises:
        argparse.ArgumentTypeError: it is not loopback.
    """
    if text in LOOPBACK:
        return LOOPBACK[text]
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a loopback address. The dashboard has no users and passwords yet, so it only "
        f"serves this machine: use --host {HOST} and reach it from elsewhere through an SSH tunnel"
    )


def port(text: str) -> int:
    """Accept a TCP port.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: use a number from 1 to 65535")


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    made = argparse.ArgumentParser(
        prog="python -m dashboard", description="The live page and API of a region."
    )
    made.add_argument("--region", required=True, help="a region folder, or the name of a shipped region")
    made.add_argument("--data", required=True, type=Path, help="the data folder that the controller writes")
    made.add_argument(
        "--host", default=HOST, type=loopback_host, help="a loopback address (default %(default)s)"
    )
    made.add_argument("--port", default=PORT, type=port, help="TCP port (default %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; give the exit code."""
    given = parser().parse_args(arguments)
    try:
        region = load_region(given.region)
    except BadInput as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    return (
        EXIT_OK
        if serve(region, given.data, host=given.host, port=given.port, wall_now=wall_now)
        else EXIT_FAILED
    )


if __name__ == "__main__":
    sys.exit(main())
