"""Writes what devices did with what they were told: the last chain of each, and seconds by quarter hour."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from energy.canonical import plain
from energy.conduct import SCORE_FIELDS, Conduct, Score
from energy.historian.instants import MS_PER_S, PERIOD_MS, ms_of, period_of
from energy.historian.limits import SCORES_KEPT_DAYS
from energy.sqlite_file import SqliteFile

_COLUMNS = tuple(f"{name.removesuffix('_s')}_ms" for name in SCORE_FIELDS)
_ADD_SCORE = (
    f"INSERT INTO score (period, asset_id, {', '.join(_COLUMNS)})"  # noqa: S608 - constants
    f" VALUES (?, ?{', ?' * len(_COLUMNS)}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{column} = {column} + excluded.{column}" for column in _COLUMNS)
)
_PERIODS_PER_DAY = 86_400_000 // PERIOD_MS


class ConductWriter:
    """The writing side of conduct in one SQLite file; its owner commits. Keeps nothing in memory.

    Every tick adds its seconds to the running quarter hour in the file, so a restart loses none that were
    committed.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def write(self, conduct: Sequence[Conduct], scores: Mapping[str, Score], at: datetime) -> None:
        """Replace the last chain of each asset, and add seconds to the quarter hour of ``at``."""
        self._file.begin()
        self._file.executemany(
            "INSERT OR REPLACE INTO latest_conduct (asset_id, body) VALUES (?, ?)",
            [(item.asset_id, json.dumps(plain(item), ensure_ascii=False)) for item in conduct],
        )
        period = period_of(at)
        self._file.executemany(
            _ADD_SCORE, [(period, asset_id, *_milliseconds(score)) for asset_id, score in scores.items()]
        )

    def prune(self, now: datetime) -> None:
        """Delete scores older than their limit."""
        oldest = ms_of(now) // PERIOD_MS - SCORES_KEPT_DAYS * _PERIODS_PER_DAY
        self._file.execute("DELETE FROM score WHERE period < ?", (oldest,))


def _milliseconds(score: Score) -> tuple[int, ...]:
    return tuple(round(MS_PER_S * getattr(score, name)) for name in SCORE_FIELDS)
