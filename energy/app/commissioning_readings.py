"""The first two steps of a test: is it the device that the map was written for, and are its numbers ours?

Nothing is written here.
"""

from collections.abc import Mapping

from energy.app.commissioning_device import DeviceUnderTest, Row, Shown
from energy.app.conversation import Conversation
from energy.commissioning import FLOWS, Step, StepName, Verdict, agrees, in_words, tolerance_of
from energy.devices.map_library import REQUIRED_POINTS
from energy.domain import Point, Quality
from energy.region.battery import Battery
from energy.region.model import Asset


def identity_step(texts: list[Shown], talk: Conversation) -> Step:
    """Compare what the device says that it is with what the map expects."""
    words = []
    wrong = [shown for shown in texts if not shown.is_expected]
    for shown in texts:
        says = "nothing: it refuses" if shown.says is None else repr(shown.says)
        expected = "" if shown.text.expected is None else f", expected to contain {shown.text.expected!r}"
        words.append(f"{shown.text.name}: {says}{expected}")
    if not texts:
        words.append("the map names no text by which the device could be known: nothing compared")
    if wrong:
        words.append("this is not the device that the map was written for: nothing is written to it")
    for line in words:
        talk.say(f"  {line}")
    values: dict[str, object] = {shown.text.name: shown.says for shown in texts}
    return Step(
        name=StepName.IDENTITY,
        verdict=Verdict.FAILED if wrong else Verdict.PASSED,
        words=tuple(words),
        values=values,
    )


def point_of_proof(asset: Asset) -> Point:
    """Give the point that must be compared: the asset's power, or its heat or hydrogen where it has none."""
    required = REQUIRED_POINTS[asset.kind]
    return next((point for point in FLOWS if point in required), required[0])


async def readings_step(device: DeviceUnderTest, rows: list[Row], talk: Conversation) -> Step:
    """Hold every value against the device's own display.

    A point is read once more after its number was told, so that a value that moves is judged by the span that
    it moved in.

    Raises:
        Interrupted: somebody wants the test to end.
        DeviceUnreachable: the device stopped answering.
    """
    _show(rows, talk)
    proof = point_of_proof(device.asset)
    words: list[str] = []
    values: dict[str, dict[str, object]] = {}
    verdicts: dict[Point, Verdict] = {}
    for row in rows:
        shown = None
        after = row
        if row.value is not None:
            shown = await talk.number(row.point, _question(row))
        if shown is not None:
            _, again = await device.side_by_side()
            after = next(other for other in again if other.point is row.point)
        line, verdict = _judged(device.asset, row, after, shown, must=row.point is proof)
        values[row.point.value] = {
            "raw": None if row.raw is None else list(row.raw),
            "value": row.value,
            "words": row.words,
            "quality": row.quality.value,
            "display": shown,
            "after": after.value if shown is not None else None,
        }
        verdicts[row.point] = verdict
        words.append(line)
        if verdict is not Verdict.PASSED or shown is not None:
            talk.say(f"  {line}")
    if proof not in verdicts:
        verdicts[proof] = Verdict.FAILED
        words.append(f"{proof.value}: the map has no such point")
    words.append(_compared(values))
    return Step(
        name=StepName.READINGS, verdict=_worst(list(verdicts.values())), words=tuple(words), values=values
    )


def _compared(values: Mapping[str, Mapping[str, object]]) -> str:
    """Say which points were held against the display, and which were not."""
    compared = [name for name, value in values.items() if value["display"] is not None]
    others = [name for name in values if name not in compared]
    return f"compared: {', '.join(compared) or 'nothing'}; not compared: {', '.join(others) or 'nothing'}"


def _show(rows: list[Row], talk: Conversation) -> None:
    talk.table(
        "point",
        "registers",
        "value",
        "in words",
        "quality",
        rows=[
            (
                row.point.value,
                "-" if row.raw is None else " ".join(f"{number:04X}" for number in row.raw),
                "-" if row.value is None else f"{row.value:,.3f}",
                row.words,
                row.quality.value,
            )
            for row in rows
        ],
    )


def _question(row: Row) -> str:
    signed = "; draws 100 or feeds in 100, a bare minus means feeding in" if row.point in FLOWS else ""
    return (
        f"  {row.point.value}: we read {row.words}. The device's own display shows (empty: left out{signed}):"
    )


def _judged(asset: Asset, row: Row, after: Row, shown: float | None, *, must: bool) -> tuple[str, Verdict]:
    name = row.point.value
    if row.value is None:
        missing = row.quality is Quality.NOT_IMPLEMENTED and not must
        verdict = Verdict.PASSED if missing else Verdict.FAILED if must else Verdict.INCOMPLETE
        if row.point is asset.dispatch_point and row.quality is Quality.NOT_IMPLEMENTED:
            return f"{name}: nothing is held", Verdict.PASSED
        return f"{name}: {row.quality.value}", verdict
    if shown is None:
        words = f"{name}: {row.words}, not compared with the display"
        return words, Verdict.INCOMPLETE if must else Verdict.PASSED
    tolerance = tolerance_of(_scale(asset, row.point, shown), row.step)
    read = [row.value] if after.value is None else [row.value, after.value]
    if agrees(shown, read, tolerance=tolerance):
        words = f"{name}: {row.words}, the display agrees ({shown:g}, within {tolerance:,.3g})"
        return _judged_sign(asset, row.point, words, is_proven=abs(shown) > tolerance)
    told = in_words(row.point, shown, kind=asset.kind)
    words = f"{name}: we read {row.words}, the display shows {told}: further apart than {tolerance:,.3g}"
    if agrees(-shown, read, tolerance=tolerance):
        words += "; THE SIGN IS THE OTHER WAY ROUND: change `sign` in the register map"
    return words, Verdict.FAILED


def _judged_sign(asset: Asset, point: Point, words: str, *, is_proven: bool) -> tuple[str, Verdict]:
    """Say whether a display that agrees proves a sign: so near to nothing both signs agree."""
    if is_proven or point not in FLOWS:
        return words, Verdict.PASSED
    if asset.dispatch_point is None:
        return f"{words}; SO LITTLE PROVES NO SIGN: come back when it runs", Verdict.INCOMPLETE
    if point is Point.POWER_KW:
        return f"{words}; so little proves no sign: the actuation does", Verdict.PASSED
    return f"{words}; so little proves no sign: compare it again while it runs", Verdict.PASSED


def _scale(asset: Asset, point: Point, shown: float) -> float:
    """Give what a tolerance is a share of: the nameplate, the capacity, else the value itself."""
    nameplate_kw = max(abs(bound) for bound in asset.power_kw_nameplate)
    if point.unit == "kw" and point not in {Point.HEAT_KW, Point.HYDROGEN_KW} and nameplate_kw > 0.0:
        return nameplate_kw
    if point is Point.ENERGY_KWH and isinstance(asset, Battery):
        return asset.energy_kwh_capacity
    return shown


def _worst(verdicts: list[Verdict]) -> Verdict:
    for verdict in (Verdict.FAILED, Verdict.INCOMPLETE):
        if verdict in verdicts:
            return verdict
    return Verdict.PASSED
