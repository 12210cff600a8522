"""Writes a table as CSV: plain, or with semicolons and decimal commas as a German spreadsheet wants it."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from energy.historian.exchange.tables import Batch, Cells, Table

_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""What begins a formula for a spreadsheet (OWASP, CSV Injection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How fields are set apart and numbers written."""

    delimiter: str = ","
    decimal_comma: bool = False


def write_csv(path: Path, table: Table, batches: Iterable[Batch], dialect: Dialect) -> int:
    """Write a table, a batch at a time; give its number of rows.

    A spreadsheet takes UTF-8 for what it is only with a byte order mark: with decimal commas there is one.
    """
    count = 0
    encoding = "utf-8-sig" if dialect.decimal_comma else "utf-8"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n", delimiter=dialect.delimiter)
        writer.writerow([column.name for column in table.columns])
        for batch in batches:
            columns = [list(_texts(batch[column.name], dialect)) for column in table.columns]
            writer.writerows(zip(*columns, strict=True))
            count += len(columns[0])
    return count


def _texts(cells: Cells, dialect: Dialect) -> Iterator[str]:
    if not isinstance(cells, np.ndarray):
        for text in cells:
            yield "" if text is None else _no_formula(text)
    elif cells.dtype.kind == "M":
        whole_s = bool((cells.astype("datetime64[ms]") == cells.astype("datetime64[s]")).all())
        moments = cells.astype("datetime64[s]" if whole_s else "datetime64[ms]")
        yield from (f"{text}Z" for text in moments.astype(str).tolist())
    else:
        for value in cells.tolist():
            text = repr(float(value)) if np.isfinite(value) else ""
            yield text.replace(".", ",") if dialect.decimal_comma else text


def _no_formula(text: str) -> str:
    r"""Put an apostrophe before a text, of a device or a caller, that a spreadsheet would work out.

    >>> _no_formula('=HYPERLINK("http://elsewhere")'), _no_formula("wind")
    ('\'=HYPERLINK("http://elsewhere")', 'wind')
    """
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
