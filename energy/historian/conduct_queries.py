"""Reads what devices did with what they were told."""

from collections.abc import Mapping
from datetime import datetime

from energy.canonical import decode
from energy.conduct import SCORE_FIELDS, Conduct, Score
from energy.historian.instants import MS_PER_S, period_of
from energy.historian.packing import read_json
from energy.sqlite_file import SqliteFile

_SUMS = ", ".join(f"sum({name.removesuffix('_s')}_ms)" for name in SCORE_FIELDS)


class ConductQueries:
    """The reading side of conduct in one SQLite file; raises where the file does."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def latest_conduct(self) -> Mapping[str, Conduct]:
        """Give for each asset that can be commanded the chain of its last setpoint."""
        rows = self._file.execute("SELECT asset_id, body FROM latest_conduct ORDER BY asset_id")
        return {asset_id: decode(Conduct, read_json(body)) for asset_id, body in rows}

    def scores(self, start: datetime, end: datetime) -> Mapping[str, Score]:
        """Give by asset the seconds of the quarter hours that begin in [start, end), the running one too."""
        rows = self._file.execute(
            f"SELECT asset_id, {_SUMS} FROM score WHERE period >= ? AND period < ?"  # noqa: S608 - constants
            " GROUP BY asset_id ORDER BY asset_id",
            (period_of(start), period_of(end)),
        )
        return {
            asset_id: Score(
                **{name: value / MS_PER_S for name, value in zip(SCORE_FIELDS, values, strict=True)}
            )
            for asset_id, *values in rows
        }
