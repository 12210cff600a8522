"""Tables of BDEW's standard profiles, as demandlib (MIT) ships them.

They are read from its files: importing the package brings pandas in, which takes a third of a second, and its
classes do not run without warnings on pandas 3.
"""

import csv
from importlib.metadata import distribution
from pathlib import Path


def published_rows(name: str) -> list[list[str]]:
    """Give all rows of one of its tables, the header among them."""
    path = Path(str(distribution("demandlib").locate_file(f"demandlib/bdew/bdew_data/{name}")))
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
