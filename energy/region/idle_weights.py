"""Weights of a region's ``objective:`` that stand on nothing: a plan would be the same without them."""

from collections.abc import Iterator

from energy.errors import Fault
from energy.region.boiler import Boiler
from energy.region.chp import Chp
from energy.region.loader import FILE_NAME
from energy.region.model import Region
from energy.yaml_file import read_yaml


def emits(region: Region) -> bool:
    """Whether the region says of anything how much CO2 it emits: of imported energy, or of a fuel."""
    return region.market.import_co2_kg_per_kwh > 0.0 or _burns(region)


def idle_weights(region: Region) -> list[Fault]:
    """Name each weight without anything to weigh, with its line."""
    file = read_yaml(region.folder / FILE_NAME)
    return [
        file.fault(("objective", name), value=None, limit=limit, mend=mend)
        for name, limit, mend in _idle(region)
    ]


def _idle(region: Region) -> Iterator[tuple[str, str, str]]:
    wishes = region.objective
    if wishes.co2_weight_eur_per_t > 0.0 and region.market.import_co2_kg_per_kwh == 0.0:
        what = "weighs fuel alone" if _burns(region) else "weighs nothing"
        limit = f"it {what}: market.import_co2_kg_per_kwh is not set, imports count as free of CO2"
        yield (
            "co2_weight_eur_per_t",
            limit,
            "set market.import_co2_kg_per_kwh, or let it be a column of the series",
        )
    if any(asset.dispatch_point is not None for asset in region.members):
        return
    for name in ("import_weight_eur_per_kwh", "export_weight_eur_per_kwh", "nomination_weight_eur_per_kwh"):
        if getattr(wishes, name) > 0.0:
            limit = "it changes nothing: no asset of the region can be steered"
            yield name, limit, "remove it, or add stores, machines or loads that can wait"


def _burns(region: Region) -> bool:
    return any(
        isinstance(asset, Chp | Boiler) and asset.co2_kg_per_kwh_fuel > 0.0 for asset in region.members
    )
