"""The region itself: one frozen value that every room is given."""

from dataclasses import dataclass as plain_dataclass
from dataclasses import field
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from energy.domain import Authority
from energy.region.asset import (
    CONFIG,
    AssetBase,
    Flag,
    Identifier,
    Name,
    NonNegativeKw,
    Number,
    TemperatureColumn,
    only_text,
)
from energy.region.battery import Battery
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.electrolyser import Electrolyser
from energy.region.ev_hub import EvHub
from energy.region.feeder import Feeder
from energy.region.feeder_tree import paths_of
from energy.region.flexible_load import FlexibleLoad
from energy.region.grid_loss import GridLoss
from energy.region.grid_point import GridPoint
from energy.region.heat_load import HeatLoad
from energy.region.heat_pump import HeatPump
from energy.region.heat_storage import HeatStorage
from energy.region.hydro import Hydro
from energy.region.hydrogen_storage import HydrogenStorage
from energy.region.load import Load
from energy.region.market import Market
from energy.region.objective import Objective
from energy.region.place import Location
from energy.region.privacy import Privacy
from energy.region.pumped_reservoir import PumpedReservoir
from energy.region.pv import Pv
from energy.region.uncertainty import Uncertainty
from energy.region.weather import Weather
from energy.region.wind import Wind

HOLIDAYS_PATTERN = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"

Asset = Annotated[
    Load
    | GridLoss
    | Pv
    | Wind
    | Hydro
    | Battery
    | EvHub
    | FlexibleLoad
    | PumpedReservoir
    | Chp
    | HeatPump
    | Boiler
    | HeatStorage
    | HeatLoad
    | Electrolyser
    | HydrogenStorage
    | Feeder
    | GridPoint,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Municipality:
    """A municipality, as a place where assets stand; what it exchanges in all may be limited."""

    id: Identifier
    name: Name
    power_kw_import_max: NonNegativeKw | None = None
    power_kw_export_max: NonNegativeKw | None = None

    @property
    def is_limited(self) -> bool:
        """Whether a plan watches its net exchange."""
        return self.power_kw_import_max is not None or self.power_kw_export_max is not None


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Network:
    """A heat or hydrogen network: assets that name it share one balance."""

    id: Identifier
    name: Name


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class Control:
    """How the loop runs; every number is a limit with its unit."""

    tick_s: Annotated[Number, Field(ge=1.0, le=60.0)] = 5.0
    reading_age_s_max: Annotated[Number, Field(gt=0.0, le=600.0)] = 30.0
    """An older reading decides nothing. Never less than two ticks in effect."""
    read_s_max: Annotated[Number, Field(ge=0.5, le=30.0)] | None = None
    """A tick waits no longer for its devices; what comes later counts in the next. None is 2.5 s, and half a
    tick where that is longer."""
    gateway_s_max: Annotated[Number, Field(ge=0.1, le=10.0)] = 2.0
    """A gateway before several devices waits no longer for a silent one: its own time-out, with a margin."""
    setpoint_valid_s: Annotated[Number, Field(gt=0.0, le=900.0)] = 120.0
    plan_lead_s: Annotated[Number, Field(ge=10.0, le=600.0)] = 120.0
    """How long before the quarter hour planning starts."""
    plan_age_s_max: Annotated[Number, Field(ge=900.0, le=86400.0)] = 7200.0
    """A plan issued longer ago is not shifted any further; rules take over."""
    solver_s_max: Annotated[Number, Field(ge=1.0, le=300.0)] = 30.0
    solver_gap: Annotated[Number, Field(ge=0.0, le=0.1)] = 0.001
    steady_h: Annotated[Number, Field(ge=0.0, le=48.0)] = 4.0
    """How far from now a plan holds on to the one before; 0 lets each plan stand for itself."""
    change_eur_per_kwh: Annotated[Number, Field(ge=0.0, le=1.0)] = 0.005
    """What a kWh otherwise than planned before must save; 0 decides ties only."""
    run_change_eur: Annotated[Number, Field(ge=0.0, le=1000.0)] = 0.0
    """What other runs of machines than planned before must save."""
    correction_deadband_kw: NonNegativeKw = 50.0
    """Deviation of the quarter hour's exchange from its plan that is left alone."""
    trained_at: Annotated[time, BeforeValidator(only_text)] = time(2, 0)
    """Local time from which a night's training of the forecasts may begin."""
    uncertainty: Uncertainty = Field(default_factory=Uncertainty)


@dataclass(frozen=True, slots=True, kw_only=True, config=CONFIG)
class RegionFile:
    """What region.yaml holds."""

    schema_version: Literal["energiewaage.region/1"]
    id: Identifier
    name: Name
    description: Name | None = None
    timezone: Annotated[str, Field(min_length=1, max_length=64)]
    holidays: Annotated[
        str,
        Field(
            pattern=HOLIDAYS_PATTERN,
            description="country and state whose public holidays count, for example DE-BY",
        ),
    ]
    location: Location
    illustrative: Flag = False
    authority: Authority = Authority.OBSERVE
    control: Control = Field(default_factory=Control)
    market: Market
    objective: Objective = Field(default_factory=Objective)
    privacy: Privacy = Field(default_factory=Privacy)
    temperature: TemperatureColumn | None = None
    weather: Weather | None = None
    municipalities: Annotated[list[Municipality], Field(min_length=1, max_length=500)]
    heat_networks: Annotated[list[Network], Field(max_length=500)] = Field(default_factory=list)
    hydrogen_networks: Annotated[list[Network], Field(max_length=500)] = Field(default_factory=list)
    assets: Annotated[list[Asset], Field(min_length=2, max_length=20_000)]


@plain_dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A checked region: ids are unique, exactly one grid point, every named thing exists."""

    folder: Path
    id: str
    name: Name
    description: Name | None
    zone: ZoneInfo
    holidays: str
    location: Location
    illustrative: bool
    authority: Authority
    control: Control
    market: Market
    municipalities: tuple[Municipality, ...]
    assets: tuple[Asset, ...]
    digest: str
    """SHA-256 of the region file's bytes, hexadecimal: which region decided."""
    temperature: TemperatureColumn | None = None
    heat_networks: tuple[Network, ...] = ()
    hydrogen_networks: tuple[Network, ...] = ()
    objective: Objective = field(default_factory=Objective)
    privacy: Privacy = field(default_factory=Privacy)
    weather: Weather | None = None

    def asset(self, asset_id: str) -> Asset:
        """Give one asset.

        Raises:
            KeyError: the region has no such asset.
        """
        for asset in self.assets:
            if asset.id == asset_id:
                return asset
        raise KeyError(asset_id)

    @property
    def grid_point(self) -> GridPoint:
        """The region's one grid point."""
        return next(asset for asset in self.assets if isinstance(asset, GridPoint))

    @property
    def members(self) -> tuple[Asset, ...]:
        """All assets but the grid point and the feeders: their powers add up to its import."""
        return tuple(asset for asset in self.assets if not isinstance(asset, GridPoint | Feeder))

    @property
    def feeders(self) -> tuple[Feeder, ...]:
        """The feeders, in the region file's order."""
        return tuple(asset for asset in self.assets if isinstance(asset, Feeder))

    def members_of(self, feeder_id: str) -> tuple[Asset, ...]:
        """The assets that are connected through a feeder, or through feeders behind it."""
        paths = paths_of(self.feeders)
        return tuple(asset for asset in self.members if feeder_id in paths[asset.feeder])

    def loads_of(self, losses: GridLoss) -> tuple[Load, ...]:
        """The loads whose grid the losses arise in: those of the same feeder, or of none."""
        return tuple(
            asset for asset in self.assets if isinstance(asset, Load) and asset.feeder == losses.feeder
        )

    def authority_of(self, asset: AssetBase) -> Authority:
        """How far the controller may act on this asset."""
        return asset.authority if asset.authority is not None else self.authority
