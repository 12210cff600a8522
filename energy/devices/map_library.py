"""Finds register maps by name, the region's own before the shipped ones, and checks what a region uses."""

import dataclasses
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from energy.devices.codec import encode
from energy.devices.layout import Layout, Reference
from energy.devices.map_lint import faults_of
from energy.devices.map_lint_warnings import latches, warnings_of
from energy.devices.register_map import MapPoint, RegisterMap, Step, Write
from energy.devices.write_limits import faults_of_writes
from energy.domain import Authority, Point
from energy.errors import BadInput, Fault
from energy.region.loader import FILE_NAME
from energy.region.model import Asset, Region
from energy.yaml_file import YamlFile, read_yaml, validate

L = TypeVar("L", bound=Layout)
SCHEMA = TypeAdapter(RegisterMap)
FOLDER_NAME = "profiles"
COMMANDED = frozenset({Authority.APPROVE, Authority.AUTOMATIC})
"""Where plans command a device: what it does when the controller is lost must be its asset's safe state."""
REQUIRED_POINTS: Mapping[str, tuple[Point, ...]] = {
    "load": (Point.POWER_KW,),
    "grid_loss": (Point.POWER_KW,),
    "grid_point": (Point.POWER_KW,),
    "pv": (Point.POWER_KW,),
    "wind": (Point.POWER_KW,),
    "hydro": (Point.POWER_KW,),
    "battery": (Point.POWER_KW, Point.ENERGY_KWH),
    "ev_hub": (Point.POWER_KW, Point.ENERGY_KWH_BACKLOG, Point.ENERGY_KWH_URGENT),
    "flexible_load": (Point.POWER_KW, Point.ENERGY_KWH_BACKLOG, Point.ENERGY_KWH_URGENT),
    "pumped_reservoir": (Point.POWER_KW, Point.VOLUME_M3),
    "chp": (Point.POWER_KW, Point.HEAT_KW, Point.RUNNING_S, Point.STANDING_S),
    "heat_pump": (
        Point.POWER_KW,
        Point.HEAT_KW,
        Point.RUNNING_S,
        Point.STANDING_S,
        Point.TEMPERATURE_C,
    ),
    "boiler": (Point.HEAT_KW,),
    "heat_storage": (Point.ENERGY_KWH, Point.HEAT_KW),
    "heat_load": (Point.HEAT_KW,),
    "electrolyser": (Point.POWER_KW, Point.HYDROGEN_KW, Point.RUNNING_S, Point.STANDING_S),
    "hydrogen_storage": (Point.ENERGY_KWH, Point.HYDROGEN_KW),
    "feeder": (Point.POWER_KW,),
}
"""What the controller cannot do without, by kind; the kind's dispatch point comes on top, writable."""


def shipped_maps() -> dict[str, Path]:
    """Give the files of the maps that ship with the package, by name."""
    root = Path(str(files("energy") / "devices" / FOLDER_NAME))
    return {path.stem: path for path in sorted(root.glob("*.yaml"))}


def find_map(name: str, folder: Path | None) -> Path | None:
    """Find a map's file: in the region folder's own profiles/ first, then among the shipped."""
    if folder is not None:
        own = folder / FOLDER_NAME / f"{name}.yaml"
        if own.is_file():
            return own
    return shipped_maps().get(name)


def load_map(path: Path) -> RegisterMap:
    """Read and lint one map; the result's registers all have their byte and word order.

    Raises:
        BadInput: with every fault of the file.
    """
    file = read_yaml(path)
    content = validate(file, SCHEMA)
    faults = faults_of(file, content)
    if faults:
        raise BadInput(faults)
    return _with_orders(content)


def warnings_in(path: Path) -> list[Fault]:
    """Give what a map says truly and whoever commissions its device must know.

    Raises:
        BadInput: with every fault of the file.
    """
    file = read_yaml(path)
    content = validate(file, SCHEMA)
    faults = faults_of(file, content)
    if faults:
        raise BadInput(faults)
    return warnings_of(file, content)


def maps_of(region: Region) -> dict[str, RegisterMap]:
    """Load every map that the region's assets use, by profile name.

    Raises:
        BadInput: with all faults of all maps, among them points that an asset's kind needs and its map lacks,
            and control settings or authorities that a writable point does not bear.
    """
    file = read_yaml(region.folder / FILE_NAME)
    maps: dict[str, RegisterMap] = {}
    faults: list[Fault] = []
    missing: set[str] = set()
    for name in dict.fromkeys(asset.device.profile for asset in region.assets):
        path = find_map(name, region.folder)
        if path is None:
            missing.add(name)
            continue
        try:
            maps[name] = load_map(path)
        except BadInput as error:
            faults.extend(error.faults)
    faults.extend(_faults_of_assets(file, region, maps, missing))
    faults.extend(faults_of_writes(file, region, maps))
    if faults:
        raise BadInput(faults)
    return maps


def warnings_of_region(region: Region) -> list[Fault]:
    """Give the warnings of every register map that the region uses, once a map.

    Raises:
        BadInput: with every fault of a map.
    """
    warnings: list[Fault] = []
    for name in dict.fromkeys(asset.device.profile for asset in region.assets):
        path = find_map(name, region.folder)
        if path is not None:
            warnings.extend(warnings_in(path))
    return warnings


def latching_assets(region: Region, maps: Mapping[str, RegisterMap]) -> frozenset[str]:
    """Name the assets whose device keeps its last value for ever, as far as its map knows."""
    found: set[str] = set()
    for asset in region.assets:
        content, wanted = maps[asset.device.profile], asset.dispatch_point
        point = content.point(wanted) if wanted is not None else None
        if point is not None and point.write is not None and latches(point.write):
            found.add(asset.id)
    return frozenset(found)


def check_devices(region: Region) -> None:
    """Check every register map that the region uses, and whether the region may write as it wants to.

    Raises:
        BadInput: with all faults of all maps.
    """
    maps_of(region)


def _with_orders(content: RegisterMap) -> RegisterMap:
    """Give the map with its own byte and word order wherever a register or a text names none."""
    heartbeat = content.heartbeat
    if heartbeat is not None:
        heartbeat = dataclasses.replace(
            heartbeat,
            written=_ordered(heartbeat.written, content) if heartbeat.written is not None else None,
            shown=_ordered(heartbeat.shown, content) if heartbeat.shown is not None else None,
        )
    identity = tuple(
        text if text.byte_order is not None else dataclasses.replace(text, byte_order=content.byte_order)
        for text in content.identity
    )
    points = tuple(_point_with_orders(point, content) for point in content.points)
    return dataclasses.replace(content, heartbeat=heartbeat, identity=identity, points=points)


def _point_with_orders(point: MapPoint, content: RegisterMap) -> MapPoint:
    write = point.write
    if write is not None:
        own = write.readback.register
        write = dataclasses.replace(
            write,
            readback=dataclasses.replace(
                write.readback, register=_ordered(own, content) if own is not None else None
            ),
            arming=_steps_with_orders(write.arming, content),
            enabling=_steps_with_orders(write.enabling, content),
        )
    return dataclasses.replace(_ordered(point, content), write=write)


def _steps_with_orders(steps: tuple[Step, ...], content: RegisterMap) -> tuple[Step, ...]:
    return tuple(dataclasses.replace(step, register=_ordered(step.register, content)) for step in steps)


def _ordered(layout: L, content: RegisterMap) -> L:
    return dataclasses.replace(
        layout,
        byte_order=layout.byte_order if layout.byte_order is not None else content.byte_order,
        word_order=layout.word_order if layout.word_order is not None else content.word_order,
    )


def _faults_of_assets(
    file: YamlFile, region: Region, maps: Mapping[str, RegisterMap], missing: set[str]
) -> Iterator[Fault]:
    for index, asset in enumerate(region.assets):
        place = ("assets", index, "device", "profile")
        name = asset.device.profile
        if name in missing:
            known = ", ".join(shipped_maps())
            yield file.fault(
                place,
                value=name,
                limit=f"no such register map in the region's {FOLDER_NAME}/ nor shipped (shipped: {known})",
                mend=f"put {FOLDER_NAME}/{name}.yaml into the region folder or name a shipped map",
            )
        elif name in maps:
            wants = (*_wants(asset, maps[name]), *_faults_of_fallback(region, asset, maps[name]))
            for limit, mend in wants:
                yield file.fault(place, value=name, limit=limit, mend=mend)


def _wants(asset: Asset, content: RegisterMap) -> Iterator[tuple[str, str]]:
    """Give what the asset needs of its map and does not find: the limit and the mend."""
    for required in REQUIRED_POINTS[asset.kind]:
        if content.point(required) is None:
            yield (
                f"has no point {required.value}, which a {asset.kind} needs (asset '{asset.id}')",
                "add the point to the map or choose another map",
            )
    if asset.dispatch_point is None:
        return
    point = content.point(asset.dispatch_point)
    if point is None or point.write is None:
        yield (
            f"has no writable point {asset.dispatch_point.value}, which asset '{asset.id}' is dispatched by",
            "add the point with write: to the map, or choose another map",
        )
        return
    yield from _faults_of_safe_value(asset, point, point.write)
    if point.scale_factor is not None or point.reference is Reference.POWER_KW_RATED:
        return  # only the device itself says how much its register holds
    multiplier = max(map(abs, asset.power_kw_nameplate)) if point.reference is not None else 1.0
    for power_kw in asset.power_kw_nameplate:
        try:
            encode(point, power_kw, multiplier)
        except ValueError as error:
            yield (
                f"cannot hold the nameplate of asset '{asset.id}' in {point.name.value}: {error}",
                "choose a map with a wider register",
            )


def _faults_of_safe_value(asset: Asset, point: MapPoint, write: Write) -> Iterator[tuple[str, str]]:
    """Compare what the device falls back to with the asset's safe state, where the map knows it."""
    if write.safe_value_kw == "unknown":
        return
    falls_to_own = write.safe_value_kw == "own_control"
    if falls_to_own and _lifted_bound_kw(asset, point) is not None:
        yield from _faults_of_lifted_bound(asset, point)
        return
    safe_state = asset.safe_state
    watched = isinstance(write.watchdog_s, float) and write.watchdog_fed_by == "write"
    if falls_to_own and not (watched or isinstance(write.reversion_s, float)):
        limit = (
            f"falls back to its own control, but neither a watchdog fed by writes nor a reversion time leads "
            f"there, and silence is the safe state of asset '{asset.id}'"
        )
        yield limit, "set up the device's watchdog and write its watchdog_s, or choose another map"
    if falls_to_own != (safe_state is not None and safe_state.power_kw is None):
        name = safe_state.name if safe_state is not None else "none"
        yield (
            f"says safe_value_kw {write.safe_value_kw}, but the safe state of '{asset.id}' is {name}",
            "write own_control where the device goes back to its own control, and only there",
        )


def _faults_of_fallback(region: Region, asset: Asset, content: RegisterMap) -> Iterator[tuple[str, str]]:
    """Compare the power that a device falls back to with the safe state of an asset that plans command.

    Below that only a person commands, who is there to see what the device falls back to.
    """
    point = content.point(asset.dispatch_point) if asset.dispatch_point is not None else None
    safe_state = asset.safe_state
    if point is None or point.write is None or safe_state is None or safe_state.power_kw is None:
        return
    fallback_kw = point.write.safe_value_kw
    if not isinstance(fallback_kw, float) or region.authority_of(asset) not in COMMANDED:
        return
    lowest_kw, highest_kw = asset.power_kw_nameplate
    over_kw = abs(fallback_kw - safe_state.power_kw)
    if (
        point.name is Point.POWER_KW_MIN
    ):  # a bound beyond the nameplate bounds nothing, and a tighter one is safe
        over_kw = safe_state.power_kw - max(lowest_kw, fallback_kw)
    elif point.name is Point.POWER_KW_MAX:
        over_kw = min(highest_kw, fallback_kw) - safe_state.power_kw
    if over_kw > point.write.readback.tolerance_kw:
        limit = (
            f"falls back to {fallback_kw:g} kW in {point.name.value} (safe_value_kw) unless renewed, but "
            f"the safe state of '{asset.id}' is {safe_state.power_kw:g} kW ({safe_state.name})"
        )
        mend = (
            "set the device's fallback to the safe state and write it as safe_value_kw (by_region where the "
            "controller sets it up), or write authority: observe or advise for this asset"
        )
        yield limit, mend


def _lifted_bound_kw(asset: Asset, point: MapPoint) -> float | None:
    """Give what an asset may do once its device has dropped a bound; None where the point is no bound."""
    if point.name is Point.POWER_KW_MIN:
        return asset.power_kw_nameplate[0]
    return asset.power_kw_nameplate[1] if point.name is Point.POWER_KW_MAX else None


def _faults_of_lifted_bound(asset: Asset, point: MapPoint) -> Iterator[tuple[str, str]]:
    """A device that drops its bound when nobody renews it suits only an asset that is safe without one."""
    safe_state, lifted_kw = asset.safe_state, _lifted_bound_kw(asset, point)
    if safe_state is None or safe_state.power_kw is None or safe_state.power_kw == lifted_kw:
        return
    limit = (
        f"drops {point.name.value} when nobody renews it, but the safe state of '{asset.id}' is a bound of "
        f"{safe_state.power_kw:g} kW ({safe_state.name})"
    )
    yield limit, "choose a device that falls back to a bound, or have the bound set up in the device itself"
