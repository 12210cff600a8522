"""The command line: ``energiewaage`` or ``python -m energy``. Exit 0 only on success, 2 for bad input."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup

from energy.app.children import ChildFailed
from energy.app.commands import (
    backtest,
    checks,
    commission,
    correcting,
    data,
    desk,
    evaluation,
    exchange,
    field,
    jobs,
    ledger,
    models,
    processes,
    safekeeping,
    scan,
    spooling,
    weather,
)
from energy.errors import BadInput, EnergiewaageError

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class InPlainWords(TyperGroup):
    """Turns our errors into messages and exit codes: a person never sees a traceback for them."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # click's own name for it
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BadInput as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(EXIT_BAD_INPUT) from None
        except ChildFailed as error:
            typer.echo(str(error), err=True)
            code = EXIT_BAD_INPUT if error.exit_code == EXIT_BAD_INPUT else EXIT_FAILED
            raise typer.Exit(code) from None
        except EnergiewaageError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(EXIT_FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None


app = typer.Typer(
    name="energiewaage",
    help="Regional energy balancing for municipal utilities.",
    no_args_is_help=True,
    add_completion=False,
    cls=InPlainWords,
    pretty_exceptions_enable=False,
)
ROOMS = (
    *(processes, field, commission, correcting, data, desk, backtest, evaluation, exchange, jobs),
    *(safekeeping, checks, ledger, models, scan, spooling, weather),
)
for room in ROOMS:
    room.register(app)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"energiewaage {version('energiewaage')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Regional energy balancing for municipal utilities."""
    del asked  # answered by its callback


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    sys.exit(app())
