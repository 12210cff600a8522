"""CSV weather: the newest issue that is known, and every fault with its line."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from energy.errors import BadInput, Retryable
from energy.forecast.weather.csv_file import BYTES_MAX, CsvFile
from tests.forecast.weather.answers import NOON

HEADER = "utc,issued_at,temperature_c,ghi_w_per_m2"


def issue(issued: datetime, value: float, *, hours: int = 4) -> list[str]:
    return [
        f"{issued + timedelta(hours=i):%Y-%m-%dT%H:%MZ},{issued:%Y-%m-%dT%H:%MZ},{value},"
        for i in range(hours)
    ]


def file_of(path: Path, *lines: str) -> CsvFile:
    (path / "w.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return CsvFile(source="csv/region", path=path / "w.csv", place=(50.0, 11.0), delay=timedelta(hours=1))


def test_the_newest_issue_that_is_known_is_given(tmp_path: Path) -> None:
    lines = issue(NOON, 1.0) + issue(NOON + timedelta(hours=6), 2.0)
    file = file_of(tmp_path, HEADER, *lines)
    found = file.fetch(NOON + timedelta(hours=6, minutes=59))
    assert (found.issued_at, found.known_at) == (NOON, NOON + timedelta(hours=1))
    assert found.values["temperature_c"].tolist() == [1.0] * 4
    assert list(found.values) == ["temperature_c"]
    assert file.fetch(NOON + timedelta(hours=7)).values["temperature_c"][0] == 2.0
    assert len(file.known_before(NOON + timedelta(hours=7))) == 2
    with pytest.raises(Retryable, match="no issue is known yet"):
        file.fetch(NOON)


def test_a_file_without_issues_is_of_its_own_time(tmp_path: Path) -> None:
    file = file_of(tmp_path, "utc,temperature_c", "2024-06-01T12:00Z,1", "2024-06-01T12:15Z,2")
    os.utime(file.path, (NOON.timestamp(), NOON.timestamp()))
    found = file.fetch(NOON + timedelta(hours=2))
    assert (found.issued_at, found.step_s) == (NOON, 900)


def test_a_renewed_file_is_read_again(tmp_path: Path) -> None:
    file = file_of(tmp_path, HEADER, *issue(NOON, 1.0))
    at = NOON + timedelta(days=1)
    assert file.fetch(at).values["temperature_c"][0] == 1.0
    file_of(tmp_path, HEADER, *issue(NOON + timedelta(hours=6), 3.0))
    assert file.fetch(at).values["temperature_c"][0] == 3.0
    file.path.unlink()
    with pytest.raises(Retryable, match="cannot be read"):
        file.fetch(at)


GOOD = issue(NOON, 1.0)


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        (["issued_at,temperature_c", *GOOD], 1, "there is no such column"),
        (["utc,issued_at,temperature_k,ghi_w_per_m2", *GOOD], 1, "no variable of ours"),
        (["utc,issued_at", *GOOD], 1, "no variable"),
        ([HEADER], None, "at least two"),
        ([HEADER, *GOOD[:2], GOOD[2].replace("1.0", "1,0")], 4, "decimal point"),
        ([HEADER, *GOOD[:2], GOOD[2].replace("1.0", "warm")], 4, "no number"),
        ([HEADER, *GOOD[:2], GOOD[2].replace("1.0", "281.2")], 4, "-90 to 60"),
        ([HEADER, *GOOD[:2], GOOD[2].replace("1.0", "nan")], 4, "-90 to 60"),
        ([HEADER, *GOOD[:2], GOOD[2].replace("2024-06-01T14:00Z", "01.06.2024")], 4, "write for example"),
        ([HEADER, *GOOD[:2], GOOD[3]], 4, "comes here"),
        ([HEADER, GOOD[0]], 2, "2 to 1000 steps"),
        ([HEADER, *(text.replace(",1.0,", ",,") for text in GOOD)], 2, "no value"),
        ([HEADER, GOOD[0], '"open'], None, "no CSV"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_names_its_line(tmp_path: Path, lines: list[str], line: int | None, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        file_of(tmp_path, *lines).fetch(NOON + timedelta(days=1))
    assert line in {fault.line for fault in caught.value.faults}


def test_all_faults_come_at_once_up_to_a_hundred(tmp_path: Path) -> None:
    lines = [text.replace("1.0", "x") for text in issue(NOON, 1.0, hours=300)]
    with pytest.raises(BadInput) as caught:
        file_of(tmp_path, HEADER, *lines).fetch(NOON + timedelta(days=1))
    assert len(caught.value.faults) == 100


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = file_of(tmp_path, HEADER)
    with file.path.open("wb") as stream:
        stream.truncate(BYTES_MAX + 1)
    with pytest.raises(BadInput, match="too large"):
        file.fetch(datetime(2030, 1, 1, tzinfo=UTC))
