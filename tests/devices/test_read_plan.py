"""Merged reads: complete, within limits, never where they must not be."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.devices.layout import Order, Plausible, Sign, Table, Unit, ValueType
from energy.devices.map_library import load_map, shipped_maps
from energy.devices.read_plan import plan_reads
from energy.devices.register_map import Access, Forbidden, MapPoint, RegisterMap
from energy.domain import Point

WIDE = Plausible(min=-1e9, max=1e9)


@st.composite
def maps(draw: st.DrawFn) -> RegisterMap:
    """Draw maps without overlaps, with forbidden ranges only in their gaps."""
    points: list[MapPoint] = []
    forbidden: list[Forbidden] = []
    following = dict.fromkeys(Table, 0)
    for name in draw(st.lists(st.sampled_from(list(Point)), unique=True, min_size=1)):
        table = draw(st.sampled_from(list(Table)))
        kinds = [kind for kind in ValueType if (kind is ValueType.BOOL) == table.holds_bits]
        kind = draw(st.sampled_from(kinds))
        gap = draw(st.integers(0, 12))
        address = following[table] + gap
        if gap and draw(st.booleans()):
            first = draw(st.integers(following[table], address - 1))
            last = draw(st.integers(first, address - 1))
            forbidden.append(Forbidden(table=table, first=first, last=last))
        following[table] = address + kind.width
        points.append(
            MapPoint(
                name=name,
                table=table,
                address=address,
                type=kind,
                unit=Unit.KW,
                sign=Sign.AS_OURS,
                access=Access.READ,
                plausible=WIDE,
            )
        )
    return RegisterMap(
        schema_version="energiewaage.register_map/1",
        product="drawn",
        manufacturer="none",
        source="hypothesis",
        byte_order=Order.BIG,
        word_order=Order.BIG,
        max_read_registers=draw(st.integers(4, 20)),
        max_read_bits=draw(st.integers(1, 20)),
        max_gap_registers=draw(st.integers(0, 10)),
        forbidden=tuple(forbidden),
        points=tuple(draw(st.permutations(points))),
    )


@settings(deadline=None)
@given(maps())
def test_every_point_is_read_exactly_once_where_it_stands(content: RegisterMap) -> None:
    slots = [(block, slot) for block in plan_reads(content) for slot in block.slots]
    assert sorted(slot.point for _, slot in slots) == sorted(point.name for point in content.points)
    for block, slot in slots:
        point = content.point(slot.point)
        assert point is not None
        assert (block.table, block.address + slot.offset, slot.width) == (
            point.table,
            point.address,
            point.width,
        )
        assert slot.offset + slot.width <= block.count


@settings(deadline=None)
@given(maps())
def test_no_read_is_longer_than_the_device_allows(content: RegisterMap) -> None:
    for block in plan_reads(content):
        limit = content.max_read_bits if block.table.holds_bits else content.max_read_registers
        assert 1 <= block.count <= limit


@settings(deadline=None)
@given(maps())
def test_no_read_touches_a_forbidden_address(content: RegisterMap) -> None:
    for block in plan_reads(content):
        touched = set(range(block.address, block.address + block.count))
        for taboo in content.forbidden:
            assert block.table is not taboo.table or not touched & set(range(taboo.first, taboo.last + 1))


@settings(deadline=None)
@given(maps())
def test_no_read_bridges_more_than_the_gap_allowed(content: RegisterMap) -> None:
    for block in plan_reads(content):
        end = 0
        for slot in block.slots:
            assert slot.offset - end <= content.max_gap_registers
            end = slot.offset + slot.width


@settings(deadline=None)
@given(maps())
def test_two_neighbouring_reads_could_not_have_been_one(content: RegisterMap) -> None:
    free = dataclasses.replace(
        content, max_read_registers=125, max_read_bits=2000, max_gap_registers=125, forbidden=()
    )
    assert len(plan_reads(free)) == len({point.table for point in content.points})


@pytest.mark.parametrize(
    ("name", "requests"),
    [("generic_meter", 1), ("generic_park_controller", 2), ("generic_battery", 2), ("generic_ev_hub", 4)],
)
def test_shipped_maps_take_as_few_requests_as_their_limits_allow(name: str, requests: int) -> None:
    assert len(plan_reads(load_map(shipped_maps()[name]))) == requests


def test_a_writable_point_is_read_where_the_device_shows_what_it_holds() -> None:
    content = load_map(shipped_maps()["generic_battery"])
    [place] = [
        (block.table, block.address + slot.offset)
        for block in plan_reads(content)
        for slot in block.slots
        if slot.point is Point.POWER_KW_SETPOINT
    ]
    assert place == (Table.INPUT, 120)
