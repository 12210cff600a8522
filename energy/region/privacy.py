"""What a region says of personal data, and which series it may not hold without a legal ground."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from energy.errors import Fault
from energy.region.asset import CONFIG
from energy.region.connections import Entry
from energy.yaml_file import YamlFile

METERS_MIN_PUBLIC = 10
"""Default. No law names a number; the frequency rule of official statistics is three to five units a cell,
and ten leaves room for meters that stand still. The utility's data protection officer decides."""
METERS_MIN_LEAST = 3
"""With two, each of both could subtract its own meter and know the other's."""


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Privacy:
    """What the utility states; ``legal_ground`` is its own statement, which nobody here can check.

    ``meters_min_public`` is how many metering points a series must sum to be no household's any more, and to
    be shown to the public.
    """

    legal_ground: (
        Annotated[
            str,
            Field(
                min_length=10,
                max_length=500,
                description="the legal ground on which series of single households are processed, in words",
            ),
        ]
        | None
    ) = None
    meters_min_public: Annotated[int, Field(strict=True, ge=METERS_MIN_LEAST, le=10_000)] = METERS_MIN_PUBLIC


def faults_of_privacy(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    """Find every series of a household that the region file states no legal ground for."""
    stated = file.data.get("privacy")
    privacy = stated if isinstance(stated, dict) else {}
    if privacy.get("legal_ground"):
        return
    least = privacy.get("meters_min_public", METERS_MIN_PUBLIC)
    if type(least) is not int:
        return
    for place, entry in assets:
        meters = entry.get("meters")
        if entry.get("household") is not True or (type(meters) is int and meters >= least):
            continue
        known = "an unknown number of meters" if meters is None else f"{meters} meters"
        yield file.fault(
            (*place, "household"),
            value=known,
            limit=f"households' series sum at least {least} meters, or the region states a legal ground",
            mend="sum more households, state 'meters', or write 'legal_ground' under 'privacy'",
        )
