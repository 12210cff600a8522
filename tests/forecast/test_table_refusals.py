"""Files of spreadsheets whose meaning is not clear are refused with how to mend them."""

from datetime import timedelta
from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.forecast.judging.table import read_table
from energy.periods import PERIOD, format_utc, parse_utc

START = parse_utc("2022-01-01T00:00Z")


def file_of(tmp_path: Path, header: str, line: str, *, encoding: str = "utf-8") -> Path:
    """Write fourteen days; ``@`` stands for the moment, ``~`` for one without its zone."""
    moments = [format_utc(START + number * PERIOD) for number in range(timedelta(days=14) // PERIOD)]
    lines = [line.replace("@", moment).replace("~", moment[:-1]) for moment in moments]
    path = tmp_path / "t.csv"
    path.write_bytes("\n".join([header, *lines]).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("header", "line", "says"),
    [
        ("utc,load_kw,load_kw", "@,1.5,2.5", "the column load_kw stands twice"),
        ("utc\tload_kw", "@\t1.5", "tabs"),
        ("utc,load_kw", "~,1.5", r"\+01:00"),
        ("utc;load_kw", "@;4.760", "of thousands, or of decimals"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused(tmp_path: Path, header: str, line: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_table(file_of(tmp_path, header, line), ["load_kw"])


def test_a_file_that_is_not_utf_8_is_told_to_be_saved_so(tmp_path: Path) -> None:
    path = file_of(tmp_path, "utc,load_kw,Höhe", "@,1.5,2", encoding="latin-1")
    with pytest.raises(BadInput, match="save the file as UTF-8"):
        read_table(path, ["load_kw"])


def test_decimals_of_three_digits_are_read_between_commas_and_where_others_differ(tmp_path: Path) -> None:
    assert read_table(file_of(tmp_path, "utc,load_kw", "@,4.760"), ["load_kw"]).columns["load_kw"][0] == 4.76
    assert read_table(file_of(tmp_path, "utc;load_kw", "@;4.76"), ["load_kw"]).columns["load_kw"][0] == 4.76
