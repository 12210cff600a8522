"""The one device under test: its texts and registers side by side, its readings and writes by the driver."""

import contextlib
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from energy.commissioning import in_words
from energy.devices.codec import decode, step_of, text_of
from energy.devices.field import ModbusField
from energy.devices.field_settings import FieldSettings
from energy.devices.layout import ValueType
from energy.devices.line import Line
from energy.devices.modbus import ModbusEndpoint
from energy.devices.nameplate import believable
from energy.devices.reading import read_line
from energy.devices.register_map import MapPoint, RegisterMap, Text, Write
from energy.devices.tls import context_of
from energy.devices.write_budget import WriteBudget
from energy.devices.write_economy import kept_s
from energy.domain import Image, Level, Outcome, Point, Quality, Reading, Setpoint
from energy.errors import DeviceRefused
from energy.ports import Clock
from energy.region.model import Asset, Region

REASON = "point-to-point test"
FLOAT_STEPS = {ValueType.FLOAT32: 2.0**-23, ValueType.FLOAT64: 2.0**-52}
"""The least difference that a float shows, as a share of its value (IEEE 754)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text of the device: what it says, None where it refuses, and whether it is the one expected."""

    text: Text
    says: str | None

    @property
    def is_expected(self) -> bool:
        """True unless the map expects something else."""
        return self.text.expected is None or (self.says is not None and self.text.expected in self.says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A point side by side: its registers, its value in our unit and sign, and in words.

    ``raw`` is None where the device refuses to show the registers; ``step`` is what one raw step is worth.
    """

    point: Point
    raw: tuple[int, ...] | None
    value: float | None
    quality: Quality
    step: float
    words: str


class DeviceUnderTest:
    """One asset's device, over one connection at a time.

    Registers are read by a connection of their own; everything else goes the way that the controller goes, so
    that the test proves that way. Only one of the two is open at any moment: many devices allow one.
    """

    def __init__(
        self,
        region: Region,
        asset: Asset,
        content: RegisterMap,
        *,
        clock: Clock,
        settings: FieldSettings,
        budget: WriteBudget,
    ) -> None:
        self.asset = asset
        self.content = content
        self._region = region
        self._clock = clock
        self._settings = settings
        self._budget = budget
        self._field: ModbusField | None = None

    @property
    def name(self) -> str:
        """Where it answers, for people."""
        device = self.asset.device
        return f"{device.transport} {device.endpoint.name} unit {device.unit}"

    @property
    def write_rules(self) -> Write | None:
        """What the map says about writing to the dispatch point; None for what is only measured."""
        point = self.asset.dispatch_point
        own = self.content.point(point) if point is not None else None
        return own.write if own is not None else None

    @property
    def kept_s(self) -> float | None:
        """How long it keeps a value that nobody renews; None if for ever or nobody knows."""
        return kept_s(self.write_rules) if self.write_rules is not None else None

    async def side_by_side(self) -> tuple[list[Shown], list[Row]]:
        """Read every text and every point, each by its own request.

        Raises:
            DeviceUnreachable: it does not answer.
        """
        await self.close()
        endpoint = self._endpoint()
        with contextlib.closing(endpoint):
            await endpoint.open()
            line = self._line()
            await read_line(endpoint, line, self._clock.now(), now_s=0.0)  # scale factors and references
            texts = [await self._text(endpoint, text) for text in self.content.identity]
            rows = [await self._row(endpoint, line, point) for point in self.content.points]
        return texts, rows

    async def read(self) -> Mapping[Point, Reading]:
        """Read every point the way the controller does."""
        readings = await self._driver().read(self._clock.now())
        return {reading.point: reading for reading in readings}

    async def image(self) -> Image:
        """Read every point into an image, as a tick does."""
        at = self._clock.now()
        readings = await self._driver().read(at)
        return Image(at=at, readings={(reading.asset_id, reading.point): reading for reading in readings})

    async def write(self, setpoint_kw: float) -> Outcome:
        """Read, write and read back the way the controller does in a tick.

        What was not read is not written: by what a value scales, whether the device obeys, and what stands on
        it are known from reading alone.
        """
        at = self._clock.now()
        point = self.asset.dispatch_point
        if point is None:
            raise ValueError(f"{self.asset.id} takes no command")
        setpoint = Setpoint(
            asset_id=self.asset.id,
            point=point,
            power_kw=setpoint_kw,
            valid_until=at + timedelta(seconds=self._region.control.setpoint_valid_s),
            level=Level.OPERATOR,
            reason=REASON,
        )
        await self._driver().read(at)
        return (await self._driver().apply([setpoint], at))[0]

    async def close(self) -> None:
        """Stop talking to it."""
        field, self._field = self._field, None
        if field is not None:
            await field.close()

    def _driver(self) -> ModbusField:
        if self._field is None:
            alone = dataclasses.replace(self._region, assets=(self.asset,))
            maps = {self.asset.device.profile: self.content}
            self._field = ModbusField(alone, maps, self._settings, now=self._clock.now, budget=self._budget)
        return self._field

    def _endpoint(self) -> ModbusEndpoint:
        where, files = self.asset.device.endpoint, self._settings.tls
        pauses = {self.asset.device.unit: self.content.pause_s} if self.content.pause_s > 0.0 else {}
        return ModbusEndpoint(
            where,
            self._settings.patience,
            tls=context_of(files, self._clock.now())
            if where.transport == "tls" and files is not None
            else None,
            pauses=pauses,
        )

    def _line(self) -> Line:
        backoff = self._settings.backoff(self.asset.id)
        return Line(region=self._region, asset=self.asset, content=self.content, backoff=backoff)

    async def _text(self, endpoint: ModbusEndpoint, text: Text) -> Shown:
        order = text.byte_order if text.byte_order is not None else self.content.byte_order
        try:
            registers = await endpoint.read(
                self.asset.device.unit, text.table, address=text.address, count=text.length
            )
        except DeviceRefused:
            return Shown(text=text, says=None)
        return Shown(text=text, says=text_of(registers, order))

    async def _row(self, endpoint: ModbusEndpoint, line: Line, point: MapPoint) -> Row:
        own = point.readback_register
        register = believable(self._region, self.asset, point.name, own)
        multiplier = line.multiplier(own)
        step = abs(step_of(own, multiplier)) if multiplier is not None and not own.type.is_float else 0.0
        try:
            registers = tuple(
                await endpoint.read(self.asset.device.unit, own.table, address=own.address, count=own.width)
            )
        except DeviceRefused:
            words = "the device refuses to show it"
            return Row(
                point=point.name, raw=None, value=None, quality=Quality.COMM_ERROR, step=step, words=words
            )
        value, quality = (
            decode(register, registers, multiplier)
            if multiplier is not None
            else (None, Quality.NOT_IMPLEMENTED)
        )
        if own.type.is_float and value is not None:
            step = abs(value) * FLOAT_STEPS[own.type]
        words = in_words(point.name, value, kind=self.asset.kind)
        return Row(point=point.name, raw=registers, value=value, quality=quality, step=step, words=words)
