"""Heat, hydrogen and water at one moment: who gives, who takes, what is in store. Pure, in magnitudes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboard.balance import IDLE_KW
from energy.domain import Point
from energy.region.asset import Name
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.model import Asset, Region
from energy.region.pumped_reservoir import PumpedReservoir

Known = Mapping[tuple[str, Point], float]
"""What was measured lately and well; what is not in it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one asset gives or takes; ``power_kw`` is a magnitude, None where it is not known."""

    asset_id: str
    name: Name
    kind: str
    power_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What one store holds and does; ``charging_kw`` is negative while it gives."""

    asset_id: str
    name: Name
    kind: str
    energy_kwh: float | None
    energy_kwh_min: float
    energy_kwh_capacity: float
    charging_kw: float | None

    @property
    def fraction(self) -> float | None:
        """How full it is."""
        return None if self.energy_kwh is None else self.energy_kwh / self.energy_kwh_capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What one asset gives to its network now, a magnitude."""

    kind: str
    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One heat or hydrogen network; a sum is None as soon as one of its parts is not known."""

    network_id: str
    name: Name
    producers: tuple[Part, ...]
    takers: tuple[Part, ...]
    stores: tuple[Store, ...]

    @property
    def produced_kw(self) -> float | None:
        """What all producers give."""
        return total_kw(self.producers)

    @property
    def taken_kw(self) -> float | None:
        """What all takers take."""
        return total_kw(self.takers)

    @property
    def sources(self) -> tuple[Source, ...] | None:
        """Where it comes from now, the largest first, stores among it; None where a part is not known."""
        giving = [
            None
            if store.charging_kw is None
            else Source(kind=store.kind, power_kw=max(0.0, -store.charging_kw))
            for store in self.stores
        ]
        making = [
            None if part.power_kw is None else Source(kind=part.kind, power_kw=part.power_kw)
            for part in self.producers
        ]
        parts = [*making, *giving]
        known = [source for source in parts if source is not None]
        if not known or len(known) < len(parts):
            return None
        active = [source for source in known if source.power_kw > IDLE_KW]
        return tuple(sorted(active, key=lambda source: -source.power_kw))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservoir:
    """One reservoir: what it holds, what of that stays for fires, what its pumps draw."""

    asset_id: str
    name: Name
    volume_m3: float | None
    volume_m3_min: float
    volume_m3_max: float
    power_kw: float | None

    @property
    def fraction(self) -> float | None:
        """How full it is."""
        return None if self.volume_m3 is None else self.volume_m3 / self.volume_m3_max

    @property
    def reserve_fraction(self) -> float:
        """How much of it is the fire-water reserve."""
        return self.volume_m3_min / self.volume_m3_max


def total_kw(parts: Iterable[Part]) -> float | None:
    """Add up; None as soon as one part is not known."""
    powers = [part.power_kw for part in parts]
    known = [power for power in powers if power is not None]
    return sum(known) if len(known) == len(powers) else None


def heat_of(region: Region, known: Known) -> tuple[Network, ...]:
    """Draw up each heat network."""
    return tuple(
        Network(
            network_id=network.id,
            name=network.name,
            producers=_parts(members, (Chp, HeatPump, Boiler), known, Point.HEAT_KW),
            takers=_parts(members, (HeatLoad,), known, Point.HEAT_KW),
            stores=tuple(
                Store(
                    asset_id=asset.id,
                    name=asset.name,
                    kind=asset.kind,
                    energy_kwh=known.get((asset.id, Point.ENERGY_KWH)),
                    energy_kwh_min=0.0,
                    energy_kwh_capacity=asset.energy_kwh_capacity,
                    charging_kw=known.get((asset.id, Point.HEAT_KW)),
                )
                for asset in members
                if isinstance(asset, HeatStorage)
            ),
        )
        for network in region.heat_networks
        for members in [[item for item in region.assets if getattr(item, "heat_network", None) == network.id]]
    )


def hydrogen_of(region: Region, known: Known) -> tuple[Network, ...]:
    """Draw up each hydrogen network; a store charges by what is made beyond what it serves."""
    networks = []
    for network in region.hydrogen_networks:
        members = [item for item in region.assets if getattr(item, "hydrogen_network", None) == network.id]
        producers = _parts(members, (Electrolyser,), known, Point.HYDROGEN_KW)
        takers = _parts(members, (HydrogenStorage,), known, Point.HYDROGEN_KW)
        stores = [asset for asset in members if isinstance(asset, HydrogenStorage)]
        made_kw, taken_kw = total_kw(producers), total_kw(takers)
        surplus_kw = None if made_kw is None or taken_kw is None else made_kw - taken_kw
        networks.append(
            Network(
                network_id=network.id,
                name=network.name,
                producers=producers,
                takers=takers,
                stores=tuple(
                    Store(
                        asset_id=asset.id,
                        name=asset.name,
                        kind=asset.kind,
                        energy_kwh=known.get((asset.id, Point.ENERGY_KWH)),
                        energy_kwh_min=asset.energy_kwh_min,
                        energy_kwh_capacity=asset.energy_kwh_capacity,
                        charging_kw=surplus_kw if len(stores) == 1 else None,
                    )
                    for asset in stores
                ),
            )
        )
    return tuple(networks)


def water_of(region: Region, known: Known) -> tuple[Reservoir, ...]:
    """Draw up each reservoir."""
    return tuple(
        Reservoir(
            asset_id=asset.id,
            name=asset.name,
            volume_m3=known.get((asset.id, Point.VOLUME_M3)),
            volume_m3_min=asset.volume_m3_min,
            volume_m3_max=asset.volume_m3_max,
            power_kw=known.get((asset.id, Point.POWER_KW)),
        )
        for asset in region.assets
        if isinstance(asset, PumpedReservoir)
    )


def _parts(members: Iterable[Asset], kinds: tuple[type, ...], known: Known, point: Point) -> tuple[Part, ...]:
    return tuple(
        Part(
            asset_id=asset.id,
            name=asset.name,
            kind=asset.kind,
            power_kw=abs(power_kw) if (power_kw := known.get((asset.id, point))) is not None else None,
        )
        for asset in members
        if isinstance(asset, kinds)
    )
