"""Whether a region's devices can be simulated ones: simulated time passes by what protects real devices."""

import ipaddress
import os
from collections.abc import Iterator

from energy.errors import BadInput, Fault
from energy.region.asset import Endpoint
from energy.region.loader import FILE_NAME
from energy.region.model import Region
from energy.yaml_file import YamlFile, read_yaml

PSEUDO_TERMINALS = "/dev/pts/"
"""What socat and the like make: a serial line that leads to no port of the machine."""


def require_simulated(region: Region) -> None:
    """Refuse simulated time for a region of which any device may be a real one.

    Raises:
        BadInput: with every device that does not answer on this machine.
    """
    faults = list(_faults(read_yaml(region.folder / FILE_NAME), region))
    if faults:
        raise BadInput(faults)


def _faults(file: YamlFile, region: Region) -> Iterator[Fault]:
    for index, asset in enumerate(region.assets):
        endpoint = asset.device.endpoint
        if not is_on_this_machine(endpoint):
            yield file.fault(
                ("assets", index, "device"),
                value=endpoint.name,
                limit=f"simulated time is for simulated devices, and '{asset.id}' is none on this machine "
                "(127.0.0.0/8, ::1, localhost, or a pseudo terminal)",
                mend="leave --start and --epoch out to run with real devices, or let the plant serve it here",
            )


def is_on_this_machine(endpoint: Endpoint) -> bool:
    """Tell whether a device can be reached on this machine alone: loopback, or a pseudo terminal."""
    if endpoint.serial is not None:
        return os.path.realpath(endpoint.serial.device).startswith(PSEUDO_TERMINALS)
    if endpoint.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.host).is_loopback
    except ValueError:
        return False
