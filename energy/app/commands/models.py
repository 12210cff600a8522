"""The command about learned models: what became of each night, put one back, train by hand."""

import getpass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, moment, print_json
from energy.app.commands.record_time import controller_now, now_of_record
from energy.app.data_folder import default_folder
from energy.app.refusal import bad_option
from energy.errors import RecordBroken, StoreUnavailable
from energy.mailbox import ACTOR_CHARS_MAX, REASON_CHARS_MAX
from energy.periods import format_utc

if TYPE_CHECKING:
    from energy.planning.model_store import ModelStore
    from energy.planning.training_record import TrainingRecord
    from energy.region.model import Region

SHOWN = ("candidate", "current", "below")
AHEAD_MAX = timedelta(days=1)
"""Training later than this after the record's end would find the last days empty: the moment is a mistake."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(models)


def models(
    region: RegionName,
    *,
    rollback: Annotated[
        str | None, typer.Option("--rollback", help="Put this asset's previous model back.", metavar="ASSET")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; needed with --rollback.")] = "",
    actor: Annotated[str | None, typer.Option("--actor", help="Who; default: the user's name.")] = None,
    train: Annotated[
        bool, typer.Option("--train", help="Train what this night has not trained yet, now and here.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="Train on what was known then, UTC; default: the record's last moment.", metavar="T"
        ),
    ] = None,
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show each asset's learned models and how they came to be; train, or put one back."""
    from energy.planning.model_store import ModelStore
    from energy.region.loader import load_region

    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    store = ModelStore(folder)
    if rollback is not None:
        by = actor or getpass.getuser()
        _require_rollback(checked, rollback, actor=by, reason=reason)
        _put_back(store.folder, folder, rollback, actor=by, reason=reason)
    if train:
        _train(checked, folder, at)
    records = store.records()
    unusable = _unusable(checked, store)
    if as_json:
        rows = [record.model_dump(mode="json") for record in records]
        print_json({"models": rows, "unusable": unusable})
        return
    for record in records:
        typer.echo(_line(record))
    for row in unusable:
        typer.echo(f"{row['asset_id']} {row['variant']}: cannot be used, {row['reason']}")
        typer.echo(f"  {row['mend']}")
    if not records:
        typer.echo(f"no model was ever trained in {store.folder}")


def _unusable(region: "Region", store: "ModelStore") -> list[dict[str, str]]:
    """List the models at work that cannot be used, why, and the way out: a lower rung forecasts by then."""
    from energy.planning.model_store import VARIANTS
    from energy.planning.past import expected_assets, series_spec

    found = []
    for asset in expected_assets(region):
        for variant in VARIANTS:
            try:
                store.read(series_spec(region, asset), variant)
            except (RecordBroken, StoreUnavailable) as error:
                put_back = f"put the one before back: --rollback {asset.id} --reason TEXT"
                mend = (
                    put_back if store.has_previous(asset.id, variant) else "the next night learns a new one"
                )
                row = {"asset_id": asset.id, "variant": variant, "reason": str(error)}
                found.append({**row, "mend": f"Mend: {mend}"})
    return found


def _require_rollback(region: "Region", asset_id: str, *, actor: str, reason: str) -> None:
    """Refuse before anything is moved: an unknown asset's name is no way to other files."""
    known = [asset.id for asset in region.assets]
    if asset_id not in known:
        limit = "no such asset in the region: no previous model lies there"
        raise bad_option("--rollback", asset_id, limit, f"use one of: {', '.join(known)}")
    for option, text, chars_max in (
        ("--reason", reason, REASON_CHARS_MAX),
        ("--actor", actor, ACTOR_CHARS_MAX),
    ):
        if not 1 <= len(text.strip()) <= chars_max:
            limit = f"it is recorded with the model: 1 to {chars_max} characters"
            raise bad_option(option, text[:chars_max], limit, "say it in a few words")


def _put_back(models_folder: Path, folder: Path, asset_id: str, *, actor: str, reason: str) -> None:
    """Put back every variant of an asset that has a previous model."""
    from energy.planning.model_store import VARIANTS, ModelStore

    store = ModelStore(folder)
    variants = [variant for variant in VARIANTS if store.has_previous(asset_id, variant)]
    if not variants:
        limit = f"no previous model lies in {models_folder}"
        raise bad_option("--rollback", asset_id, limit, "see `energiewaage models REGION`")
    at = now_of_record(folder)
    with store.only_trainer():
        for variant in variants:
            store.put_back(asset_id, variant, at=at, actor=actor, reason=reason)


def _train(region: "Region", folder: Path, at: str | None) -> None:
    from energy.app.showing import with_progress
    from energy.planning.model_store import ModelStore
    from energy.planning.night import train_assets
    from energy.planning.training import due_by_hand

    if not (folder / "telemetry.sqlite").is_file():
        raise StoreUnavailable(f"{folder}: there is no record to learn from. Mend: name it with --data")
    latest = controller_now(folder)
    known_at = moment(at, "--at") if at is not None else latest
    if known_at > latest + AHEAD_MAX:
        limit = f"the record ends at {format_utc(latest)}; at most a day later"
        raise bad_option("--at", at, limit, "leave --at out to train on all that is recorded")
    due = due_by_hand(region, ModelStore(folder), known_at)
    if not due:
        typer.echo(
            f"nothing to train: each asset has had its turn in the night of {format_utc(known_at)}", err=True
        )
    with_progress(
        "train", lambda progress: train_assets(region, folder, due, known_at=known_at, told=progress)
    )


def _line(record: "TrainingRecord") -> str:
    if not record.nights:
        return f"{record.asset_id} {record.variant}: never trained"
    night = record.nights[0]
    scores = ", ".join(f"{name} {night.scores[name].mae_kw:.1f} kW" for name in SHOWN if name in night.scores)
    parts = (
        f"{record.asset_id} {record.variant}: {night.verdict} at {format_utc(night.known_at)}",
        f"{night.days} days",
        f"MAE {scores}" if scores else "",
        f"{night.seconds:.1f} s" if night.seconds else "",
        f"by {night.actor}" if night.actor else "",
        night.reason,
    )
    return ", ".join(part for part in parts if part)
