"""A region without a stated legal ground holds no single household's series."""

from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.region.loader import find_region, load_region
from energy.region.privacy import METERS_MIN_PUBLIC


def region_with(tmp_path: Path, meters: str, privacy: str) -> str:
    text = (find_region("musterstadt") / "region.yaml").read_text(encoding="utf-8")
    assert "    meters: 7000 " in text
    lines = [line for line in text.splitlines() if not line.startswith("privacy:")]
    lines = [meters if line.startswith("    meters: 7000 ") else line for line in lines]
    (tmp_path / "region.yaml").write_text("\n".join([*lines, privacy]), encoding="utf-8")
    (tmp_path / "history").symlink_to(find_region("musterstadt") / "history")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("meters", "privacy", "refused"),
    [
        ("    meters: 7000", "", False),
        (f"    meters: {METERS_MIN_PUBLIC}", "", False),
        (f"    meters: {METERS_MIN_PUBLIC - 1}", "", True),
        ("", "", True),
        ("    meters: 10", "privacy: {meters_min_public: 20}", True),
        ("    meters: 1", 'privacy: {legal_ground: "as the utility states it"}', False),
        ("    meters: 1", 'privacy: {legal_ground: ""}', True),
    ],
)
def test_a_household_is_refused_without_a_legal_ground(
    meters: str, privacy: str, *, refused: bool, tmp_path: Path
) -> None:
    name = region_with(tmp_path, meters, privacy)
    if not refused:
        assert load_region(name).asset("load").household
        return
    with pytest.raises(BadInput) as caught:
        load_region(name)
    (fault,) = [fault for fault in caught.value.faults if fault.place.endswith("household")]
    assert fault.line is not None
    assert "legal ground" in fault.limit
    assert "legal_ground" in fault.mend


def test_two_meters_are_no_crowd(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="meters_min_public"):
        load_region(region_with(tmp_path, "    meters: 7000", "privacy: {meters_min_public: 2}"))
