"""Commands that keep the record safe: backup while everything runs, and restore."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from energy.app.commands.options import AsJson, DataFolder, RegionName, print_json
from energy.app.data_folder import LOCK, default_folder, only_controller
from energy.app.disk_space import FILE_NAME as RESERVE
from energy.periods import format_utc

MB_BYTES = 1_000_000


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    region: RegionName,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="A folder that does not exist yet; not the data folder.", metavar="FOLDER"
        ),
    ],
    data: DataFolder = None,
    as_json: AsJson = False,
) -> None:
    """Copy the whole record while everything runs; the copy appears when it is whole and flushed."""
    from energy.app.clock import Stopwatch, wall_now
    from energy.app.showing import with_progress
    from energy.backup.taking import take_backup
    from energy.region.loader import load_region

    checked = load_region(region)
    folder = data if data is not None else default_folder(checked.id)
    manifest = with_progress(
        "backup",
        lambda progress: take_backup(
            checked, folder=folder, out=out, made_at=wall_now(), watch=Stopwatch(), progress=progress
        ),
    )
    if as_json:
        print_json({"out": str(out), **manifest.model_dump(mode="json")})
        return
    size_bytes = sum(entry.size_bytes for entry in manifest.files.values())
    typer.echo(f"written to {out}: {len(manifest.files)} files, {size_bytes / MB_BYTES:,.1f} MB")
    typer.echo(f"ledger: {manifest.ledger.count} entries, head {manifest.ledger.hash}")
    typer.echo("not in it: secrets from the environment and the region folder (see docs/backup.md)")


def restore(
    backup_folder: Annotated[
        Path, typer.Argument(help="The folder that `backup` made.", metavar="BACKUP", show_default=False)
    ],
    *,
    data: Annotated[
        Path, typer.Option("--data", help="The new data folder; no record may be there.", metavar="FOLDER")
    ],
    region: Annotated[
        str | None, typer.Option("--region", help="Refuse a backup of another region.", metavar="REGION")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a data folder from a backup: hashes, databases and the ledger's chain are checked first."""
    from energy.app.clock import wall_now
    from energy.app.showing import with_progress
    from energy.backup.restoring import restore_backup
    from energy.region.loader import load_region

    region_id = load_region(region).id if region is not None else None
    with ExitStack() as stack:
        if data.is_dir():
            stack.enter_context(only_controller(data, mend="stop the controller, or name another folder"))
        restored = with_progress(
            "restore",
            lambda progress: restore_backup(
                backup_folder,
                folder=data,
                gives_way=(LOCK, RESERVE),
                region_id=region_id,
                wall_at=wall_now(),
                progress=progress,
            ),
        )
    manifest, dropped = restored.manifest, restored.dropped
    if as_json:
        print_json(
            {
                "data": str(data),
                "region_id": manifest.region_id,
                "made_at": format_utc(manifest.made_at),
                "entries": manifest.ledger.count,
                "backup_head": manifest.ledger.hash,
                "head": restored.head,
                "dropped": [
                    {"request_id": item.request_id, "asset_id": item.asset_id, "kind": item.kind}
                    for item in dropped
                ],
            }
        )
        return
    typer.echo(f"{data}: the record of {manifest.region_id} as of {format_utc(manifest.made_at)}")
    typer.echo(f"ledger: {manifest.ledger.count} entries verified; its head is now {restored.head}")
    for item in dropped:
        typer.echo(f"no longer in force: {item.kind} {item.asset_id} by {item.actor} ({item.reason})")
    if dropped:
        typer.echo("ask again for what still holds")
