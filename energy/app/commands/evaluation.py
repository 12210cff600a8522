"""The command that says what control is worth."""

from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import AsJson, RegionName, moment, print_json
from energy.app.data_folder import default_folder

FOLDER = "evaluation"


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(evaluate)


def evaluate(
    region: RegionName,
    *,
    start: Annotated[
        str | None, typer.Option("--from", help="A moment of the first week's first day, UTC.", metavar="T")
    ] = None,
    weeks: Annotated[int, typer.Option(help="Weeks, spread over the history.", min=1, max=52)] = 8,
    seed: Annotated[int, typer.Option(help="Chooses the weeks and the plant's noise.")] = 1,
    days: Annotated[int, typer.Option(help="Length of a week, for a quick look.", min=1, max=7)] = 7,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes (default: one a core).", min=1, max=256)
    ] = None,
    tick: Annotated[float, typer.Option(help="Seconds between ticks.", min=5.0, max=900.0)] = 300.0,
    train_days: Annotated[
        int,
        typer.Option(help="Days after which the forecaster learns again, a part at a time.", min=1, max=7),
    ] = 1,
    uncertainty: Annotated[
        str | None,
        typer.Option(help="Compare: point,reserve,scenarios,scenarios:WEIGHT.", metavar="SETTINGS"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where finished parts are kept (default: data/REGION/evaluation).", metavar="FOLDER"
        ),
    ] = None,
    series: Annotated[
        Path | None, typer.Option(help="Also write each week's series as CSV here.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the same weeks without control, by rules, by us and with perfect foresight, and compare the cost.

    A run that is interrupted goes on where it stopped: what is finished is not computed again.
    """
    from energy.app.evaluation_view import print_verdict
    from energy.app.own_code import code_digest
    from energy.app.showing import with_progress
    from energy.evaluation.evaluation import Question, write_series
    from energy.evaluation.evaluation import evaluate as run
    from energy.evaluation.loop import Pace
    from energy.evaluation.setting import settings_of
    from energy.region.loader import load_region

    checked = load_region(region)
    question = Question(
        region_name=str(checked.folder),
        seed=seed,
        weeks=weeks,
        code_digest=code_digest(),
        folder=folder if folder is not None else default_folder(checked.id) / FOLDER,
        first=moment(start, "--from") if start is not None else None,
        days=days,
        workers=workers,
        pace=Pace(tick_s=tick, train_days=train_days),
        uncertainty=settings_of(uncertainty) if uncertainty is not None else (),
    )
    result, judged = with_progress("evaluate", lambda progress: run(checked, question, progress=progress))
    if series is not None:
        write_series(series, checked, judged)
    if as_json:
        print_json(result)
    else:
        print_verdict(result)
    if result["broken_invariants"]:
        raise typer.Exit(1)
