"""The record as the dashboard and the planner see it: read-only, beside the one writer."""

from pathlib import Path

from energy.historian.conduct_queries import ConductQueries
from energy.historian.decision_queries import DecisionQueries
from energy.historian.file_layout import LAYOUT
from energy.historian.judging import JudgingQueries
from energy.historian.schema import FILE_NAME
from energy.historian.telemetry_queries import TelemetryQueries
from energy.sqlite_file import HoldsFile
from energy.sqlite_file import open_reader as open_file


class SqliteReader(TelemetryQueries, DecisionQueries, JudgingQueries, ConductQueries, HoldsFile):
    """Answers from what the writer has committed; never waits for it and never makes it wait.

    May be shared by threads. A context manager that closes the file.
    """


def open_reader(folder: Path) -> SqliteReader:
    """Open the record in a data folder.

    Raises:
        StoreUnavailable: it does not exist yet, or cannot be read now; trying again later may help.
        RecordBroken: it is damaged or of another version.
    """
    return SqliteReader(open_file(folder / FILE_NAME, LAYOUT))
