"""The Modbus/TCP servers of the simulated field: one for each host and port, its devices behind unit ids."""

import socket
from collections.abc import Iterable, Sequence

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from energy.devices.plant.device import Device
from energy.devices.plant.faults import FaultKind
from energy.errors import BadInput, Fault
from energy.region.model import Region

Address = tuple[str, int]
_UNIT_OFFSET = 6
"""Where the unit id stands in a Modbus/TCP frame (Modbus Messaging on TCP/IP V1.0b, section 3.1.3)."""
_ANY_UNIT = 0


class Endpoint:
    """One listening server; a silent device's answers never leave it."""

    def __init__(self, address: Address, devices: Sequence[Device]) -> None:
        self.address = address
        self._by_unit = {device.asset.device.unit: device for device in devices}
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be listened on.
        """
        units = [device.sim_device() for device in self._by_unit.values()]
        if _ANY_UNIT not in self._by_unit:
            units.append(_nobody())
        self._server = ModbusTcpServer(units, address=self.address, trace_packet=self._pass)
        try:
            await self._server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {self.address[0]}:{self.address[1]}") from error

    async def stop(self) -> None:
        """Close the server and its connections."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call] # pymodbus leaves it untyped

    def _pass(self, sending: bool, packet: bytes) -> bytes:  # noqa: FBT001 (pymodbus fixes the signature)
        if not sending or len(packet) <= _UNIT_OFFSET:
            return packet
        device = self._by_unit.get(packet[_UNIT_OFFSET])
        return b"" if device is not None and device.fault is FaultKind.SILENT else packet


def endpoints_of(devices: Iterable[Device]) -> list[Endpoint]:
    """Group devices by host and port."""
    by_address: dict[Address, list[Device]] = {}
    for device in devices:
        by_address.setdefault(
            (device.asset.device.endpoint.host, device.asset.device.endpoint.port), []
        ).append(device)
    return [Endpoint(address, group) for address, group in by_address.items()]


def require_free(region: Region) -> None:
    """Refuse addresses that cannot be listened on, all at once.

    Raises:
        BadInput: naming each asset, host and port.
    """
    problems: dict[Address, str] = {}
    faults: list[Fault] = []
    for asset in region.assets:
        address = (asset.device.endpoint.host, asset.device.endpoint.port)
        if address not in problems:
            problems[address] = _problem(address)
        if problems[address]:
            faults.append(
                Fault(
                    file=str(region.folder / "region.yaml"),
                    line=None,
                    place=f"{asset.id}.device",
                    value=f"{address[0]}:{address[1]}",
                    limit=f"the simulated device cannot listen there: {problems[address]}",
                    mend="end the program that holds the port, or give the asset another host or port",
                )
            )
    if faults:
        raise BadInput(faults)


def _problem(address: Address) -> str:
    """Say why an address cannot be listened on; empty where it can."""
    try:
        family, kind, protocol, _, resolved = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(resolved)
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""


async def _absent(*_: object) -> ExcCodes | None:
    return ExcCodes.GATEWAY_NO_RESPONSE


def _nobody() -> SimDevice:
    """Answer for unit ids that no device has."""
    return SimDevice(id=_ANY_UNIT, simdata=SimData(0, datatype=DataType.REGISTERS), action=_absent)
