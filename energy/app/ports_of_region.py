"""A region run otherwise than its file says: on this machine's ports, or only observed."""

import dataclasses

from energy.app.refusal import bad_option
from energy.app.simulated_field import is_on_this_machine
from energy.domain import Authority
from energy.region.asset import Endpoint
from energy.region.model import Region

PORT_MAX = 65535
LOOPBACK = "127.0.0.1"


def on_ports(region: Region, first_port: int | None) -> Region:
    """Give the region with its endpoints on consecutive ports of this machine; unchanged without one.

    What stands elsewhere is moved to loopback: a rehearsal needs no change of the region file and reaches no
    real device. Devices behind one gateway stay behind one, each with its unit; serial lines stay.

    Raises:
        BadInput: the ports would not fit.
    """
    if first_port is None:
        return region
    if not 1024 <= first_port <= PORT_MAX - len(region.assets):
        limit = f"from 1024 to {PORT_MAX - len(region.assets)}"
        raise bad_option("--first-port", first_port, limit, "choose a free range of ports")
    endpoints: dict[tuple[Endpoint, int], int] = {}
    taken: set[tuple[Endpoint, int, int]] = set()
    assets = []
    for asset in region.assets:
        device = asset.device
        copies = 0  # assets repeated in memory share an address: each round gets gateways of its own
        if device.serial is not None:
            assets.append(asset)
            continue
        while (device.endpoint, device.unit, copies) in taken:
            copies += 1
        taken.add((device.endpoint, device.unit, copies))
        port = first_port + endpoints.setdefault((device.endpoint, copies), len(endpoints))
        host = device.host if is_on_this_machine(device.endpoint) else LOOPBACK
        assets.append(dataclasses.replace(asset, device=dataclasses.replace(device, host=host, port=port)))
    return dataclasses.replace(region, assets=tuple(assets))


def observing(region: Region) -> Region:
    """Give the region with nothing allowed but watching, whatever its file says."""
    assets = tuple(dataclasses.replace(asset, authority=None) for asset in region.assets)
    return dataclasses.replace(region, authority=Authority.OBSERVE, assets=assets)
