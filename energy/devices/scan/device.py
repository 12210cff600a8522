"""A walked device with its points by name: where each stands, what it shows, or why it cannot be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from energy.devices.codec import raw_number, text_of
from energy.devices.layout import Layout, Order, Sign, Table, Unit, ValueType
from energy.devices.scan.definitions import TYPES, ModelDefinition, PointDefinition, definition_of
from energy.devices.scan.walk import Chain, RawModel

EXPONENT_MAX = 10
"""SunSpec's scale factors reach from -10 to 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPoint:
    """One number of the device.

    ``value`` is the raw number, None where ``lack`` says why there is none; ``exponent`` its power of ten.
    """

    model_id: int
    definition: PointDefinition
    address: int
    value: float | int | None
    exponent: int
    scale_factor_address: int | None
    lack: str | None
    group: int | None = None
    """Which of a repeating group's, from 1; None in the fixed part."""

    @property
    def title(self) -> str:
        """Its name for people: the model's number and SunSpec's name."""
        group = "" if self.group is None else f"[{self.group}]"
        return f"{self.model_id}{group}.{self.definition.name}"

    @property
    def type(self) -> ValueType:
        """How it is laid out."""
        return TYPES[self.definition.kind][0]

    @property
    def scaled(self) -> float | None:
        """The number in SunSpec's unit."""
        return self.value * 10.0**self.exponent if self.value is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """One model of the device; ``definition`` is None for a manufacturer's own."""

    raw: RawModel
    definition: ModelDefinition | None

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.definition.label if self.definition is not None else "not published by SunSpec"

    def text(self, name: str) -> tuple[int, int, str] | None:
        """Give the address, the registers and the text of a string; None where there is none."""
        point = self.definition.points.get(name) if self.definition is not None else None
        registers = self._registers(point) if point is not None else None
        if point is None or registers is None:
            return None
        text = "".join(letter for letter in text_of(registers, Order.BIG) if letter.isprintable()).strip()
        return (self.raw.address + point.offset, point.registers, text) if text else None

    def number(self, name: str) -> FoundPoint | None:
        """Give a number with its scale; None where the model's definition has no such point."""
        point = self.definition.points.get(name) if self.definition is not None else None
        return None if point is None or point.kind not in TYPES else self._found(point)

    def repeats(self, *names: str) -> Iterator[dict[str, FoundPoint]]:
        """Give these numbers of every group that repeats behind the fixed part, to the model's end."""
        definition = self.definition
        if (
            definition is None
            or not definition.repeat_registers
            or not set(names) <= definition.repeated.keys()
        ):
            return
        points = [definition.repeated[name] for name in names]
        begin = min(point.offset for point in definition.repeated.values())
        groups = (len(self.raw.registers) - begin) // definition.repeat_registers
        for group in range(groups):
            shift = group * definition.repeat_registers
            moved = [replace(point, offset=point.offset + shift) for point in points]
            yield {point.name: replace(self._found(point), group=group + 1) for point in moved}

    def _found(self, point: PointDefinition) -> FoundPoint:
        number, lack = self._raw(point)
        exponent, where = 0, None
        if isinstance(point.scale_factor, int):
            exponent = point.scale_factor
        elif point.scale_factor is not None and lack is None:
            exponent, where, lack = self._scale(point.scale_factor)
        return FoundPoint(
            model_id=self.raw.model_id,
            definition=point,
            address=self.raw.address + point.offset,
            value=number if lack is None else None,
            exponent=exponent,
            scale_factor_address=where,
            lack=lack,
        )

    def _scale(self, name: str) -> tuple[int, int | None, str | None]:
        """Give the power of ten, its address, and what is wrong with it."""
        point = self.definition.points.get(name) if self.definition is not None else None
        if point is None:
            return 0, None, f"its scale factor {name} is not in the model"
        raw, lack = self._raw(point)
        if raw is None or lack is not None:
            return 0, None, f"its scale factor {name} is {lack}"
        if abs(raw) > EXPONENT_MAX:
            return 0, None, f"its scale factor {name} shows {raw:g}"
        return int(raw), self.raw.address + point.offset, None

    def _raw(self, point: PointDefinition) -> tuple[float | int | None, str | None]:
        registers = self._registers(point)
        if registers is None:
            return None, "not in this device's model, or refused"
        kind, pattern = TYPES[point.kind]
        layout = Layout(
            table=Table.HOLDING,
            address=self.raw.address + point.offset,
            type=kind,
            byte_order=Order.BIG,
            word_order=Order.BIG,
            unit=Unit.ONE,
            sign=Sign.AS_OURS,
            not_implemented=(pattern,),
        )
        number = raw_number(layout, registers)
        return number, None if number is not None else "not implemented"

    def _registers(self, point: PointDefinition) -> Sequence[int] | None:
        """Give the point's registers, None where the model is shorter or the device refuses one of them."""
        found = self.raw.registers[point.offset : point.offset + point.registers]
        known = [register for register in found if register is not None]
        return known if len(known) == point.registers else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """Everything that a scan saw."""

    chain: Chain
    models: tuple[FoundModel, ...]

    def first(self, *model_ids: int) -> FoundModel | None:
        """Give the first of these models that the device has, by the order asked."""
        for model_id in model_ids:
            for model in self.models:
                if model.raw.model_id == model_id:
                    return model
        return None

    def number(self, model_id: int, name: str) -> FoundPoint | None:
        """Give a number of the first model of that kind."""
        model = self.first(model_id)
        return model.number(name) if model is not None else None

    def text(self, name: str) -> str | None:
        """Give a text of the common model."""
        model = self.first(1)
        found = model.text(name) if model is not None else None
        return found[2] if found is not None else None

    def repeated(self) -> Iterator[int]:
        """Give the numbers of models that the device has more than once."""
        ids = [model.raw.model_id for model in self.models]
        return (model_id for model_id in dict.fromkeys(ids) if ids.count(model_id) > 1)


def device_of(chain: Chain) -> FoundDevice:
    """Put the definitions beside what was read."""
    models = tuple(FoundModel(raw=raw, definition=definition_of(raw.model_id)) for raw in chain.models)
    return FoundDevice(chain=chain, models=models)
