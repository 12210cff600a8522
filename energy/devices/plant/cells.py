"""Which registers a simulated device has, made from its map: one cell for each number or text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from energy.devices.codec import raw_registers
from energy.devices.layout import Layout, Register, Table
from energy.devices.plant.registers import Span, spans_of, words_of_pattern, words_of_text
from energy.devices.read_plan import Place, place_of
from energy.devices.register_map import RegisterMap, Step
from energy.devices.scaling import layout_of
from energy.domain import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A point's own register, or where its held value is read back."""

    point: Point
    register: Register
    is_readback: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A register that keeps what is written to it: a step's, or the controller's counter."""

    place: Place
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """The counter by which the device shows that it lives."""

    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What never changes: a text, a power of ten."""

    words: tuple[int, ...]


Content = Shown | Kept | Counting | Fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Where something stands: registers from ``first`` to ``last`` of a table (or bits).

    ``mask`` has a bit field's own bits of each register; None where all are its own.
    """

    first: int
    last: int
    content: Content
    mask: tuple[int, ...] | None

    def put(self, words: Sequence[int], into: list[int], first: int) -> None:
        """Put its registers where they stand in a list of the registers from ``first`` on."""
        for index, word in enumerate(words):
            at = self.first + index - first
            if 0 <= at < len(into):
                own = 0xFFFF if self.mask is None else self.mask[index]
                into[at] = into[at] & ~own | word & own


class Arrangement:
    """The cells of one map by table, and which addresses may be read at once.

    Where two cells share a register (bit fields do), both show their part of it.
    """

    def __init__(self, content: RegisterMap, exponents: dict[str, int]) -> None:
        by_table: dict[Table, list[Cell]] = {table: [] for table in Table}
        for table, cell in _cells(content, exponents):
            by_table[table].append(cell)
        self._cells = {table: tuple(cells) for table, cells in by_table.items()}
        self._spans = {
            table: spans_of(content, table, (Span(cell.first, cell.last) for cell in cells))
            for table, cells in by_table.items()
        }

    def has(self, table: Table) -> bool:
        """Tell whether the device has that table at all."""
        return bool(self._cells[table])

    def is_readable(self, table: Table, first: int, last: int) -> bool:
        """Tell whether all these addresses may be read at once."""
        return any(span.first <= first and last <= span.last for span in self._spans[table])

    def within(self, table: Table, first: int, last: int) -> Iterator[Cell]:
        """Give the cells of which something stands at these addresses."""
        return (cell for cell in self._cells[table] if cell.first <= last and first <= cell.last)


def steps_of(content: RegisterMap) -> Iterator[Step]:
    """Give every step of every writable point."""
    for point in content.points:
        if point.write is not None:
            yield from point.write.arming
            yield from point.write.enabling


def _cells(content: RegisterMap, exponents: dict[str, int]) -> Iterator[tuple[Table, Cell]]:
    for point in content.points:
        yield _at(point, Shown(point=point.name, register=point, is_readback=False))
        own = point.readback_register
        if own is not point:
            yield _at(own, Shown(point=point.name, register=own, is_readback=True))
    layouts = [step.register for step in steps_of(content)]
    if content.heartbeat is not None and content.heartbeat.written is not None:
        layouts.append(content.heartbeat.written)
    for place, layout in {place_of(layout): layout for layout in layouts}.items():
        yield _at(layout, Kept(place=place, layout=layout))
    if content.heartbeat is not None and content.heartbeat.shown is not None:
        yield _at(content.heartbeat.shown, Counting(layout=content.heartbeat.shown))
    yield from _fixed(content, exponents)


def _fixed(content: RegisterMap, exponents: dict[str, int]) -> Iterator[tuple[Table, Cell]]:
    for factor in content.scale_factors:
        layout = layout_of(factor, content.byte_order)
        yield _at(layout, Fixed(words=tuple(raw_registers(layout, exponents[factor.name]))))
    for text in content.identity:
        shown = text.expected if text.expected is not None else content.product
        byte_order = text.byte_order if text.byte_order is not None else content.byte_order
        words = tuple(words_of_text(shown, text.length, byte_order))
        last = text.address + text.length - 1
        yield text.table, Cell(first=text.address, last=last, content=Fixed(words=words), mask=None)


def _at(layout: Layout, content: Content) -> tuple[Table, Cell]:
    mask = None
    if layout.bits is not None:
        mask = tuple(words_of_pattern(layout, ((1 << layout.bits.count) - 1) << layout.bits.first))
    return layout.table, Cell(first=layout.address, last=layout.last, content=content, mask=mask)
