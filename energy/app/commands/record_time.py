"""The moment that a record stands at: in simulated time it is not the wall clock's."""

from datetime import datetime
from pathlib import Path

from energy.app.refusal import bad_option
from energy.historian.schema import FILE_NAME


def controller_now(folder: Path) -> datetime:
    """Give the moment of the controller's last tick.

    Raises:
        BadInput: no controller has run here.
        StoreUnavailable: there is no record, or it cannot be read now.
    """
    from energy.historian.sqlite_reader import open_reader

    with open_reader(folder) as reader:
        status = reader.status()
    if status is None:
        raise bad_option(
            "--data", str(folder), "no controller has run here", "start it with `energiewaage run`"
        )
    return status[0].at


def now_of_record(folder: Path) -> datetime:
    """Give the moment of the controller's last tick; the wall clock's where there is no record at all."""
    from energy.app.clock import wall_now

    return controller_now(folder) if (folder / FILE_NAME).is_file() else wall_now()
