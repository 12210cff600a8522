"""What assets name each other by: feeders and networks must exist and be able to do their part.

Works on the plain data, as ``energy.region.structure`` does.
"""

import math
from collections.abc import Iterator
from typing import Any

from energy.errors import Fault
from energy.yaml_file import Place, YamlFile

Entry = tuple[Place, dict[Any, Any]]

HEAT_PRODUCERS = ("boiler", "chp", "heat_pump")
HOURS_PER_DAY = 24.0


def faults_of_connections(file: YamlFile, assets: list[Entry]) -> list[Fault]:
    """Find every fault of feeders and networks."""
    heat = list(entries(file, "heat_networks"))
    hydrogen = list(entries(file, "hydrogen_networks"))
    return [
        *_faults_of_feeders(file, assets),
        *_faults_of_losses(file, assets),
        *_faults_of_temperature(file, assets),
        *_faults_of_names(file, assets, heat, key="heat_network"),
        *_faults_of_names(file, assets, hydrogen, key="hydrogen_network"),
        *_faults_of_heat(file, assets, heat),
        *_faults_of_hydrogen(file, assets, hydrogen),
    ]


def entries(file: YamlFile, key: str) -> Iterator[Entry]:
    """Give the groups of a list at the top of the file, each with its place."""
    found = file.data.get(key)
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, dict):
            yield (key, index), entry


def _faults_of_feeders(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    known = sorted(
        str(entry["id"]) for _, entry in assets if entry.get("kind") == "feeder" and _is_text(entry, "id")
    )
    for place, entry in assets:
        if entry.get("kind") == "grid_point":
            if entry.get("feeder") is not None:
                yield file.fault(
                    (*place, "feeder"),
                    value=entry["feeder"],
                    limit="a grid point is not itself connected through a feeder",
                    mend="remove 'feeder' here",
                )
        elif _is_text(entry, "feeder") and entry["feeder"] not in known:
            yield file.fault(
                (*place, "feeder"),
                value=entry["feeder"],
                limit="there is no asset of kind feeder with this id",
                mend=f"use one of: {', '.join(known)}" if known else "add one, or remove 'feeder' here",
            )
    yield from _faults_of_circles(file, assets)


def _faults_of_circles(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    """Follow each feeder towards the busbar; one that comes back to itself never gets there."""
    parents = {
        str(entry["id"]): str(entry["feeder"])
        for _, entry in assets
        if entry.get("kind") == "feeder" and _is_text(entry, "id") and _is_text(entry, "feeder")
    }
    for place, entry in assets:
        own = entry.get("id")
        way: list[str] = []
        at = parents.get(str(own)) if entry.get("kind") == "feeder" else None
        while at is not None and at != own and at not in way:
            way.append(at)
            at = parents.get(at)
        if at is not None and at == own:
            yield file.fault(
                (*place, "feeder"),
                value=" -> ".join([str(own), *way, str(own)]),
                limit="a feeder is not connected through itself",
                mend="name the feeder that is nearer to the busbar, or none at the busbar",
            )


def _faults_of_losses(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    fed = {str(entry.get("feeder")) for _, entry in assets if entry.get("kind") == "load"}
    for place, entry in assets:
        follows = entry.get("kind") == "grid_loss" and entry.get("history") is None
        if follows and str(entry.get("feeder")) not in fed:
            yield file.fault(
                place,
                value=entry.get("feeder") or "no feeder",
                limit="losses without a history follow the loads of the same feeder, and there is none",
                mend="name the feeder of its loads, or add a history",
            )


def _faults_of_temperature(file: YamlFile, assets: list[Entry]) -> Iterator[Fault]:
    if file.data.get("temperature") is not None:
        return
    for place, entry in assets:
        if entry.get("kind") == "heat_pump":
            yield file.fault(
                (*place, "kind"),
                value="heat_pump",
                limit="a heat pump needs the region's outdoor temperature",
                mend="name a file and a column under 'temperature' at the top of the file",
            )


def _faults_of_names(
    file: YamlFile, assets: list[Entry], networks: list[Entry], *, key: str
) -> Iterator[Fault]:
    known = sorted(str(entry["id"]) for _, entry in networks if _is_text(entry, "id"))
    for place, entry in assets:
        if _is_text(entry, key) and entry[key] not in known:
            yield file.fault(
                (*place, key),
                value=entry[key],
                limit=f"there is no such network under '{key}s'",
                mend=f"use one of: {', '.join(known)}" if known else f"add it under '{key}s'",
            )


def _faults_of_heat(file: YamlFile, assets: list[Entry], networks: list[Entry]) -> Iterator[Fault]:
    for place, network in networks:
        members = _members(assets, network, "heat_network")
        loads = [entry for entry in members if entry.get("kind") == "heat_load"]
        stores = [entry for entry in members if entry.get("kind") == "heat_storage"]
        producers = [entry for entry in members if entry.get("kind") in HEAT_PRODUCERS]
        if not loads:
            yield _lacking(file, place, network, "an asset of kind heat_load")
        if not producers:
            yield _lacking(file, place, network, f"an asset of kind {', '.join(HEAT_PRODUCERS)}")
        if len(stores) > 1:
            yield _too_many(file, place, network, f"{len(stores)} heat stores", "at most one heat_storage")
        least_kw = sum(_number(entry, "heat_kw_max") for entry in loads)
        most_kw = sum(map(_heat_kw_most, producers)) + sum(_number(entry, "heat_kw_max") for entry in stores)
        if loads and producers and most_kw < least_kw:
            yield file.fault(
                place,
                value=f"{most_kw:g} kW at most",
                limit=f"all its producers and its store together cannot give heat_kw_max, {least_kw:g} kW",
                mend="check heat_kw_rated of its producers and heat_kw_max of its load",
            )


def _faults_of_hydrogen(file: YamlFile, assets: list[Entry], networks: list[Entry]) -> Iterator[Fault]:
    for place, network in networks:
        members = _members(assets, network, "hydrogen_network")
        stores = [entry for entry in members if entry.get("kind") == "hydrogen_storage"]
        makers = [entry for entry in members if entry.get("kind") == "electrolyser"]
        if not stores:
            yield _lacking(file, place, network, "an asset of kind hydrogen_storage")
        if not makers:
            yield _lacking(file, place, network, "an asset of kind electrolyser")
        if len(stores) > 1:
            yield _too_many(
                file, place, network, f"{len(stores)} hydrogen stores", "exactly one hydrogen_storage"
            )
        most_kwh = HOURS_PER_DAY * sum(_number(entry, "hydrogen_kw_rated") for entry in makers)
        asked_kwh = sum(_number(entry, "offtake_kwh_per_day") for entry in stores)
        if makers and most_kwh < asked_kwh:
            yield file.fault(
                place,
                value=f"{most_kwh:g} kWh a day at most",
                limit=f"its electrolysers cannot make offtake_kwh_per_day, {asked_kwh:g} kWh",
                mend="check hydrogen_kw_rated and offtake_kwh_per_day",
            )


def _lacking(file: YamlFile, place: Place, network: dict[Any, Any], what: str) -> Fault:
    return file.fault(
        place,
        value=network.get("id"),
        limit=f"the network needs {what}, and none names it",
        mend="add one that names this network, or remove the network",
    )


def _too_many(file: YamlFile, place: Place, network: dict[Any, Any], found: str, limit: str) -> Fault:
    return file.fault(
        place,
        value=f"{found} in {network.get('id')}",
        limit=f"a network has {limit}",
        mend="describe them as one, or add a network",
    )


def _members(assets: list[Entry], network: dict[Any, Any], key: str) -> list[dict[Any, Any]]:
    own = network.get("id")
    return [entry for _, entry in assets if isinstance(own, str) and entry.get(key) == own]


def _heat_kw_most(entry: dict[Any, Any]) -> float:
    """Give the most heat of a producer; more than any can give where a value is missing or no number."""
    if entry.get("kind") == "heat_pump":
        return _number(entry, "power_kw_rated", math.inf) * _number(entry, "cop_max", math.inf)
    return _number(entry, "heat_kw_rated", math.inf)


def _number(entry: dict[Any, Any], key: str, otherwise: float = 0.0) -> float:
    """Read a number; where there is none the schema has a fault of its own, and none is to follow from it."""
    value = entry.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and value is not None else otherwise


def _is_text(entry: dict[Any, Any], key: str) -> bool:
    return isinstance(entry.get(key), str)
