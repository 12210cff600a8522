"""A register map in the making: takes one point of SunSpec and makes one of ours, or says why it cannot."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from energy.devices.layout import (
    Layout,
    Plausible,
    Reference,
    RegisterName,
    ScaleFactor,
    Sign,
    Table,
    Unit,
)
from energy.devices.register_map import Access, MapPoint, Write
from energy.devices.scan.definitions import TYPES
from energy.devices.scan.device import FoundDevice, FoundPoint
from energy.domain import Point

ENUMERATION_MAX = 65535.0
FLAGS_MAX = 2.0**32 - 1.0


class Draft:
    """Collects points with the scale factors that they need, and what there is to say about them.

    ``left_out`` says which of SunSpec's points were wanted and could not be used, ``warnings`` what a person
    must know before the map is used.
    """

    def __init__(self, device: FoundDevice) -> None:
        self.device = device
        self.points: dict[Point, MapPoint] = {}
        self.scale_factors: dict[RegisterName, ScaleFactor] = {}
        self.left_out: dict[str, str] = {}
        self.warnings: list[str] = []

    def number(self, model_id: int, name: str) -> FoundPoint | None:
        """Give a number that can be used; None where the device has it not, with a note if it should."""
        found = self.device.number(model_id, name)
        if found is None:
            return None
        if found.lack is not None:
            self.left_out[found.title] = found.lack
            return None
        return found

    def has(self, model_id: int, *names: str) -> bool:
        """Tell whether all of these numbers can be used; notes those that cannot."""
        found = [self.number(model_id, name) for name in names]
        return None not in found

    def layout(
        self,
        found: FoundPoint,
        *,
        unit: Unit = Unit.ONE,
        sign: Sign = Sign.AS_OURS,
        reference: Reference | None = None,
    ) -> Layout:
        """Say where a number stands and what it is worth, and keep its scale factor."""
        kind, pattern = TYPES[found.definition.kind]
        fixed = found.definition.scale_factor
        return Layout(
            table=Table.HOLDING,
            address=found.address,
            type=kind,
            scale=10.0**fixed if isinstance(fixed, int) else 1.0,
            scale_factor=self._scale_factor(found),
            unit=unit,
            sign=sign,
            reference=reference,
            not_implemented=(pattern,),
        )

    def add(
        self,
        name: Point,
        layout: Layout,
        plausible: tuple[float, float],
        *,
        values: Mapping[int, str] | None = None,
        flags: Mapping[int, str] | None = None,
        write: Write | None = None,
    ) -> None:
        """Add one of our points."""
        fields: dict[str, Any] = {
            item.name: getattr(layout, item.name) for item in dataclasses.fields(Layout)
        }
        self.points[name] = MapPoint(
            **fields,
            name=name,
            plausible=Plausible(min=plausible[0], max=plausible[1]),
            access=Access.READ if write is None else Access.READ_WRITE,
            values=dict(values) if values is not None else None,
            flags=dict(flags) if flags is not None else None,
            write=write,
        )

    def add_state(self, name: Point, found: FoundPoint) -> None:
        """Add an enumeration, unless the device shows a number that SunSpec has no word for."""
        words = found.definition.words
        if found.value is None or int(found.value) not in words:
            self.left_out[found.title] = f"shows {found.value}, which SunSpec's definition has no word for"
            return
        self.add(name, self.layout(found), (0.0, ENUMERATION_MAX), values=words)

    def add_flags(self, name: Point, found: FoundPoint) -> None:
        """Add a bit field; a flag that is set now is worth a warning."""
        words = found.definition.words
        self.add(name, self.layout(found), (0.0, FLAGS_MAX), flags=words or None)
        number = int(found.value) if found.value is not None else 0
        shown = [words.get(bit, f"bit {bit}") for bit in range(32) if number >> bit & 1]
        if shown:
            self.warnings.append(f"{found.title} shows now: {', '.join(shown)}")

    def _scale_factor(self, found: FoundPoint) -> RegisterName | None:
        if found.scale_factor_address is None:
            return None
        name = f"M{found.model_id}_{found.definition.scale_factor}"
        self.scale_factors[name] = ScaleFactor(
            name=name, table=Table.HOLDING, address=found.scale_factor_address
        )
        return name
