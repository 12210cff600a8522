"""A SunSpec device that answers over Modbus TCP: pysunspec2's shipped image, or models made for a test.

The registers come from the models of pysunspec2's file client, the server is pyModbusTCP's: neither is ours.
What is written stands in the registers and is noted in order.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Protocol

from pyModbusTCP.server import DataBank, ModbusServer
from sunspec2.file.client import FileClientModel

MARKER = (0x5375, 0x6E53)
END = (0xFFFF, 0)
DRAFT_NAMES = {
    "WMaxLimEna": "WMaxLimPctEna",
    "WMaxLim": "WMaxLimPct",
    "WMaxLimRvrt": "WMaxLimPctRvrt",
    "WMaxLimEnaRvrt": "WMaxLimPctEnaRvrt",
    "WMaxLimRvrtTms": "WMaxLimPctRvrtTms",
    "WMaxLimRvrtRem": "WMaxLimPctRvrtRem",
    "WMaxLim_SF": "WMaxLimPct_SF",
}
"""The image of the 1547 device has the names of a draft of model 704, which the published model renamed."""
Values = Mapping[str, Any]


@dataclass(slots=True)
class Image:
    """A device's models with their values, by SunSpec's names; None is not implemented."""

    models: list[dict[str, Any]]
    base: int = 40000
    with_end: bool = True
    lengths: dict[int, int] = field(default_factory=dict)
    """What a model's length register says, where it shall differ from the truth."""

    def set(self, model_id: int, **values: Any) -> "Image":
        """Change values of a model."""
        next(model for model in self.models if model["ID"] == model_id).update(values)
        return self

    def without(self, *model_ids: int) -> "Image":
        """Take models out."""
        self.models = [model for model in self.models if model["ID"] not in model_ids]
        return self

    def laid_out(self) -> tuple[dict[int, int], dict[str, int]]:
        """Give the registers by address, and the address of each point as ``704.WMaxLimPct``."""
        registers = dict(enumerate(MARKER, self.base))
        places: dict[str, int] = {}
        address = self.base + len(MARKER)
        for values in self.models:
            model = FileClientModel(model_id=values["ID"], model_addr=address, model_len=0, data=values)
            assert not model.error_info, model.error_info
            data = model.get_mb()
            length = len(data) // 2
            for index in range(length):
                registers[address + index] = int.from_bytes(data[2 * index : 2 * index + 2], "big")
            registers[address + 1] = self.lengths.get(values["ID"], length - 2)
            for name, point in model.points.items():
                places.setdefault(f"{values['ID']}.{name}", address + point.offset)
            address += length
        if self.with_end:
            registers |= dict(enumerate(END, address))
        return registers, places


def shipped(name: str) -> Image:
    """Load an image that pysunspec2 ships; its file client would leave the file open."""
    file = files("sunspec2") / "tests" / "test_data" / name
    content = json.loads(file.read_text(encoding="utf-8"))
    models = [
        {DRAFT_NAMES.get(key, key): value for key, value in model.items()}
        for model in content["models"]
        if model["ID"] != END[0]
    ]
    return Image(models=models)


def made_of(*models: Values) -> Image:
    """Make a device of these models, a common model before them."""
    common = {"ID": 1, "Mn": "Test Maker", "Md": "Device 1", "Vr": "1.0", "SN": "4711", "DA": 1}
    return Image(models=[common, *map(dict, models)])


class Works(Protocol):
    """Something that goes on inside a device."""

    def note(self, name: str) -> None:
        """See that a point was written."""

    def run(self, device: "Registers") -> None:
        """Bring the registers up to date."""


class Registers(DataBank):
    """The registers of one device, with an exception for whatever it does not have."""

    def __init__(self, image: Image) -> None:
        super().__init__(coils_size=1, d_inputs_size=1, h_regs_size=1, i_regs_size=1)
        self.words, self.places = image.laid_out()
        self.written: list[tuple[str, tuple[int, ...]]] = []
        """What was written, in order: the point's name and the registers."""
        self.reads: list[tuple[int, int]] = []
        self.reads_max = 125
        self.holes: set[int] = set()
        self.works: list[Works] = []
        """What goes on inside the device, brought up to date before it answers."""
        self.lock = threading.RLock()

    def get_holding_registers(self, address, number=1, srv_info=None):
        del srv_info
        with self.lock:
            wanted = range(address, address + number)
            self.reads.append((address, number))
            if number > self.reads_max or any(place in self.holes for place in wanted):
                return None
            if any(place not in self.words for place in wanted):
                return None
            for work in self.works:
                work.run(self)
            return [self.words[place] for place in wanted]

    def set_holding_registers(self, address, word_list, srv_info=None):
        del srv_info
        with self.lock:
            if any(address + index not in self.words for index in range(len(word_list))):
                return None
            for index, word in enumerate(word_list):
                self.words[address + index] = word
            names = {place: name for name, place in self.places.items()}
            self.written.append((names.get(address, str(address)), tuple(word_list)))
            for work in self.works:
                work.note(names.get(address, ""))
            return True

    def number(self, name: str, registers: int = 1) -> int:
        """Give an unsigned number by its point's name."""
        place = self.places[name]
        number = 0
        for index in range(registers):
            number = (number << 16) | self.words[place + index]
        return number

    def put(self, name: str, number: int, registers: int = 1) -> None:
        """Set an unsigned number by its point's name, as the device itself would."""
        for index in range(registers):
            shift = 16 * (registers - 1 - index)
            self.words[self.places[name] + index] = (number >> shift) & 0xFFFF


@dataclass(slots=True)
class ReversionTimer:
    """What the image lacks: a reversion timer of model 704, on a clock that the test turns.

    ``function`` is WMaxLimPct or WSet. The timer runs while its function is enabled, starts anew with each
    write of the value or of the switch, and puts the reversion value in force when it ends.
    """

    now_s: Callable[[], float]
    function: str = "WMaxLimPct"
    registers: int = 1
    """Of the value."""
    started_s: float | None = None

    def note(self, name: str) -> None:
        """Start anew when the function is written."""
        if name in {f"704.{self.function}", f"704.{self.function}Ena"}:
            self.started_s = self.now_s()

    def run(self, device: "Registers") -> None:
        """Count down to the present, and fall back if the time is over."""
        name = f"704.{self.function}"
        lasts_s = device.number(f"{name}RvrtTms", 2)
        if self.started_s is None or device.number(f"{name}Ena") != 1 or lasts_s == 0:
            device.put(f"{name}RvrtRem", 0, 2)
            return
        left_s = max(0, round(lasts_s - (self.now_s() - self.started_s)))
        device.put(f"{name}RvrtRem", left_s, 2)
        if left_s == 0:
            device.put(name, device.number(f"{name}Rvrt", self.registers), self.registers)
            device.put(f"{name}Ena", device.number(f"{name}EnaRvrt"))
            self.started_s = None


@dataclass(slots=True)
class OldTimer:
    """The timer of model 123: when it ends, the limit is switched off."""

    now_s: Callable[[], float]
    started_s: float | None = None

    def note(self, name: str) -> None:
        """Start anew when the function is written."""
        if name in {"123.WMaxLimPct", "123.WMaxLim_Ena"}:
            self.started_s = self.now_s()

    def run(self, device: "Registers") -> None:
        """Fall back if the time is over."""
        lasts_s = device.number("123.WMaxLimPct_RvrtTms")
        if self.started_s is not None and 0 < lasts_s <= self.now_s() - self.started_s:
            device.put("123.WMaxLim_Ena", 0)
            self.started_s = None


@dataclass(slots=True)
class Pulse:
    """The counter of model 715 by which the device shows that it lives."""

    now_s: Callable[[], float]

    def note(self, name: str) -> None:
        """Nothing that is written changes it."""

    def run(self, device: "Registers") -> None:
        """Count the seconds."""
        device.put("715.DERHb", int(self.now_s()) % 1_000_000, 2)


@contextmanager
def serving(image: Image) -> Iterator[tuple[int, Registers]]:
    """Serve a device on a free port of this machine; gives the port and its registers."""
    registers = Registers(image)
    server = ModbusServer(host="127.0.0.1", port=0, no_block=True, data_bank=registers)
    server.start()
    try:
        yield server._service.server_address[1], registers
    finally:
        server.stop()
