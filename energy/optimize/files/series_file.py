"""The series file of a planning from files: each fault at its line, and a note of what is likely a slip."""

import difflib
import gzip
import re
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from energy.domain import FloatArray
from energy.errors import BadInput, Fault
from energy.optimize.contract import EXPECTED_KINDS
from energy.optimize.files.plausible import power_faults, power_notes
from energy.periods import HORIZON_PERIODS, PERIOD, format_utc, period_start, periods_between
from energy.region.history import read_history
from energy.region.history_file import TIME_COLUMN
from energy.region.model import Region

PRICE_COLUMN = "price_eur_per_mwh"
TEMPERATURE_COLUMN = "temperature_c"
NOMINATED_COLUMNS = ("nominated_import_kw", "nominated_export_kw")
CO2_COLUMN = "import_co2_kg_per_kwh"
OPTIONAL_COLUMNS = (TEMPERATURE_COLUMN, CO2_COLUMN, *NOMINATED_COLUMNS)
POWER_SUFFIX = "_kw"
LINE_CHARACTERS_MAX = 1_000_000
"""A header of 20,000 columns of 50 characters."""
NEAR = 0.85
"""Likeness (difflib's ratio) from which a name is taken for a slip of another: about a letter in ten."""
NAMED_MAX = 5
"""Columns that are missing are named one by one up to here; beyond, in one line."""
PRICE_EUR_PER_MWH_LIKELY = 1.0
"""Prices that never leave this, either way, are EUR/kWh: no day of the market was so cheap all along."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesFile:
    """Series as they were read: by asset id, or by name for what belongs to no asset; magnitudes."""

    start: datetime
    columns: Mapping[str, FloatArray]
    notes: tuple[str, ...]

    @property
    def nominated_kw(self) -> FloatArray | None:
        """Import less export, NaN where neither is nominated; None where the file has no such column."""
        columns = self.columns
        given = [columns[name] for name in NOMINATED_COLUMNS if name in columns]
        if not given:
            return None
        imported, exported = (columns.get(name, np.full(given[0].size, np.nan)) for name in NOMINATED_COLUMNS)
        net_kw = np.nan_to_num(imported) - np.nan_to_num(exported)
        nominated: FloatArray = np.where(np.isnan(imported) & np.isnan(exported), np.nan, net_kw)
        return nominated


def columns_of(region: Region) -> dict[str, str]:
    """Name the columns that a file must have, beside the time: by asset id, and the price."""
    expected = [asset for asset in region.members if isinstance(asset, EXPECTED_KINDS)]
    return {**{asset.id: asset.id + POWER_SUFFIX for asset in expected}, PRICE_COLUMN: PRICE_COLUMN}


def read_series(region: Region, path: Path, at: datetime | None) -> SeriesFile:
    """Read what is expected from a moment on, or from the file's first.

    Raises:
        BadInput: with every fault, its line, the value and what may stand there.
    """
    names, header = columns_of(region), _header(path)
    missing = [name for name in names.values() if name not in header]
    if missing and TIME_COLUMN in header:
        raise BadInput(list(_missing_faults(path, missing, header, names.values())))
    names |= {name: name for name in OPTIONAL_COLUMNS if name in header}
    history = read_history(path, list(names.values()))
    periods = len(history.columns[PRICE_COLUMN])
    first = 0 if at is None else periods_between(history.start, period_start(at))
    if not 0 <= first < periods:
        until = format_utc(history.start + periods * PERIOD)
        covered = f"the file covers {format_utc(history.start)} to {until}"
        mend = "choose a moment inside it"
        value = None if at is None else format_utc(at)
        raise BadInput([Fault(file=str(path), line=None, place="at", value=value, limit=covered, mend=mend)])
    chosen = slice(first, min(periods, first + HORIZON_PERIODS))
    columns = {key: np.array(history.columns[name][chosen], dtype=np.float64) for key, name in names.items()}
    faults = [
        *_gaps(path, names, columns, first_line=first + 2),
        *power_faults(region, columns, names=names, path=path, first_line=first + 2),
    ]
    if faults:
        raise BadInput(faults)
    notes = (*_notes(region, header, names, columns), *power_notes(region, columns, names=names))
    return SeriesFile(start=history.start + first * PERIOD, columns=columns, notes=notes)


def _header(path: Path) -> list[str]:
    """Name the columns of a CSV; what is wrong with the file is found when it is read."""
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8-sig") as stream:
            return [name.strip() for name in stream.readline(LINE_CHARACTERS_MAX).split(",")]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        return []


def _missing_faults(
    path: Path, missing: Sequence[str], header: Sequence[str], wanted: Collection[str]
) -> Iterator[Fault]:
    """Name what is missing, and for each the column that may be meant."""
    file, limit = str(path), "there is no such column"
    template = "'energiewaage plan REGION --template FILE' writes a file with all of them"
    spare = [name for name in header if name not in (TIME_COLUMN, *wanted)]
    meant = {name: _near(name, spare) for name in missing}
    alone = [name for name in missing if meant[name] is not None or len(missing) <= NAMED_MAX]
    for name in alone:
        mend = f"add it; {template}" if meant[name] is None else f"rename the column {meant[name]}"
        yield Fault(file=file, line=1, place=name, value=None, limit=limit, mend=mend)
    rest = [name for name in missing if name not in alone]
    if rest:
        add = f"add them; {template}"
        limit = f"{len(rest)} columns are missing: {', '.join(rest)}"
        yield Fault(file=file, line=1, place="(header)", value=None, limit=limit, mend=add)


def _near(name: str, names: Sequence[str]) -> str | None:
    """Give the name that is meant by another: equal but for case and signs, or nearly."""
    plain = {_plain(other): other for other in names if other}
    if _plain(name) in plain:
        return plain[_plain(name)]
    found = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=NEAR)
    # PV park 1 and PV park 2 are no slips of each other.
    digits = [re.sub(r"\D", "", text) for text in (name, *found)]
    return plain[found[0]] if found and digits[0] == digits[-1] else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold())


def _gaps(
    path: Path, names: Mapping[str, str], columns: Mapping[str, FloatArray], *, first_line: int
) -> Iterator[Fault]:
    for key, values in columns.items():
        for gap in np.flatnonzero(np.isnan(values)) if key not in NOMINATED_COLUMNS else ():
            limit, mend = "a plan needs every value", "fill the gap"
            line = first_line + int(gap)
            yield Fault(file=str(path), line=line, place=names[key], value=None, limit=limit, mend=mend)


def _notes(
    region: Region, header: Sequence[str], names: Mapping[str, str], columns: Mapping[str, FloatArray]
) -> Iterator[str]:
    """Say what is likely a slip, or has no effect: nothing of it is wrong for certain."""
    unused = [name for name in OPTIONAL_COLUMNS if name not in header]
    for name in header:
        near = _near(name, unused) if name not in (TIME_COLUMN, *names.values()) else None
        if near is not None:
            yield f"column {name} was not looked at: {near} may be meant"
    if float(np.abs(columns[PRICE_COLUMN]).max()) < PRICE_EUR_PER_MWH_LIKELY and columns[PRICE_COLUMN].any():
        yield f"{PRICE_COLUMN}: no price reaches 1 EUR/MWh; write EUR/MWh where these are EUR/kWh"
    weight = region.objective.nomination_weight_eur_per_kwh
    if region.market.imbalance_eur_per_kwh + weight == 0.0:
        given = [name for name in NOMINATED_COLUMNS if name in columns]
        if given:
            yield (
                f"{' and '.join(given)} without effect: in region.yaml neither market.imbalance_eur_per_kwh "
                "nor objective.nomination_weight_eur_per_kwh is set"
            )
