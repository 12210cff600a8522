"""A region's simulated world as its devices' registers show it, read without any connection."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from energy.backoff import Backoff
from energy.devices.codec import encode
from energy.devices.line import Line
from energy.devices.map_library import maps_of
from energy.devices.plant.hold import rule_of
from energy.devices.plant.nature import RecordedNature
from energy.devices.plant.world import World
from energy.devices.read_plan import ReadBlock
from energy.devices.reading import readings_of
from energy.domain import Point, Reading
from energy.region.history import RegionHistory
from energy.region.model import Region

Shown = dict[Point, float]
Distortion = Callable[[str, datetime, Shown], Shown]
COMMAND_EVERY = timedelta(minutes=15)


class ShownWorld:
    """Moves a world and reads it; if wanted, every device gets a command each quarter hour."""

    def __init__(self, region: Region, start: datetime, *, seed: int = 7, commands: bool = True) -> None:
        self.region, self.seed, self.commands = region, seed, commands
        maps = maps_of(region)
        nature = RecordedNature(region, RegionHistory(region), seed=seed)
        rules = {}
        for asset in region.assets:
            point = maps[asset.device.profile].point(asset.dispatch_point) if asset.dispatch_point else None
            if point is not None and point.write is not None:
                rules[asset.id] = rule_of(asset, point.write)
        self.world = World(region, nature=nature, start=start, rules=rules)
        self.lines = [
            Line(
                region=region,
                asset=asset,
                content=maps[asset.device.profile],
                backoff=Backoff(delay_s_min=1.0, delay_s_max=60.0, name=asset.id),
            )
            for asset in region.assets
        ]

    def readings(
        self, until: datetime, *, tick_s: float, distort: Distortion | None = None
    ) -> Iterator[Reading]:
        """Give every reading of every tick."""
        at = self.world.at
        commanded = at - COMMAND_EVERY
        while at < until:
            at += timedelta(seconds=tick_s)
            if at - commanded >= COMMAND_EVERY:
                commanded = at
            if self.commands:
                self._command(commanded)
            self.world.advance_to(at)
            for line in self.lines:
                shown = self.world.shown(line.asset.id)
                if distort is not None:
                    shown = distort(line.asset.id, at, shown)
                yield from readings_of(line, [registers_of(block, shown) for block in line.blocks], at)

    def _command(self, since: datetime) -> None:
        """Feed every watchdog with the quarter hour's command: anything from one limit to the other."""
        for asset_id in self.world.holds:
            asset = self.region.asset(asset_id)
            text = f"{self.seed} {asset_id} {since.isoformat()}"
            share = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 2**32
            low_kw, high_kw = asset.power_kw_nameplate
            self.world.write(asset_id, low_kw + share * (high_kw - low_kw))


def registers_of(block: ReadBlock, shown: Shown) -> Sequence[int]:
    """Give what stands in a block's registers; what is not shown stands there as not implemented."""
    registers = [0] * block.count
    for slot in block.slots:
        value = shown.get(slot.point)
        register = slot.register
        if value is not None:
            words = encode(register, value)
        elif register.not_implemented:
            pattern = register.not_implemented[0]
            words = [(pattern >> (16 * place)) & 0xFFFF for place in reversed(range(register.width))]
            words = words[::-1] if register.word_order == "little" else words
        else:
            words = [0] * register.width
        registers[slot.offset : slot.offset + slot.width] = words
    return registers
