"""A region run otherwise than its file says: on other ports, or only observed."""

import dataclasses

from energy.app.refusal import bad_option
from energy.domain import Authority
from energy.region.model import Region

PORT_MAX = 65535


def on_ports(region: Region, first_port: int | None) -> Region:
    """Give the region with its devices on consecutive ports; unchanged without a first port.

    Raises:
        BadInput: the ports would not fit.
    """
    if first_port is None:
        return region
    if not 1024 <= first_port <= PORT_MAX - len(region.assets):
        limit = f"from 1024 to {PORT_MAX - len(region.assets)}"
        raise bad_option("--first-port", first_port, limit, "choose a free range of ports")
    assets = tuple(
        dataclasses.replace(asset, device=dataclasses.replace(asset.device, port=first_port + index, unit=1))
        for index, asset in enumerate(region.assets)
    )
    return dataclasses.replace(region, assets=assets)


def observing(region: Region) -> Region:
    """Give the region with nothing allowed but watching, whatever its file says."""
    assets = tuple(dataclasses.replace(asset, authority=None) for asset in region.assets)
    return dataclasses.replace(region, authority=Authority.OBSERVE, assets=assets)
