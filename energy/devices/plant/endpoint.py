"""The Modbus servers of the simulated field: one for each endpoint, its devices behind unit ids."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence

from energy.devices.plant.certificates import PlantTls, context_of
from energy.devices.plant.conversation import Connection, Switchboard
from energy.devices.plant.device import Device
from energy.devices.plant.framing import Framing, MbapFraming, RtuFraming
from energy.devices.plant.serial_line import OpenLine, opened
from energy.errors import BadInput, Fault
from energy.region import asset as region_asset
from energy.region.asset import Transport
from energy.region.model import Region

FRAMINGS: dict[Transport, type[Framing]] = {
    "tcp": MbapFraming,
    "tls": MbapFraming,
    "rtu_over_tcp": RtuFraming,
    "serial": RtuFraming,
}


class Endpoint:
    """One listening server, or one serial line."""

    def __init__(
        self, where: region_asset.Endpoint, devices: Sequence[Device], tls: ssl.SSLContext | None
    ) -> None:
        self.name = where.name
        self._where = where
        self._tls = tls
        self._board = Switchboard(
            {device.asset.device.unit: device for device in devices}, FRAMINGS[where.transport]()
        )
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._line: OpenLine | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be listened on, or the line not be opened.
        """
        where = self._where
        if where.serial is not None:
            self._line = OpenLine(self._board, where.serial)
            return
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._board, self._connections), where.host, where.port, ssl=self._tls
        )

    async def stop(self) -> None:
        """Close the server and its connections."""
        if self._line is not None:
            self._line.close()
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.close()
        await self._server.wait_closed()


def endpoints_of(devices: Iterable[Device], tls: PlantTls) -> list[Endpoint]:
    """Group devices by how they are reached.

    Raises:
        BadInput: a device speaks TLS and there are no certificates for it.
    """
    groups: dict[region_asset.Endpoint, list[Device]] = {}
    for device in devices:
        groups.setdefault(device.asset.device.endpoint, []).append(device)
    context = context_of(tls) if any(where.transport == "tls" for where in groups) else None
    return [
        Endpoint(where, group, context if where.transport == "tls" else None)
        for where, group in groups.items()
    ]


def require_free(region: Region) -> None:
    """Refuse addresses that cannot be listened on, all at once.

    Raises:
        BadInput: naming each asset and its address.
    """
    problems: dict[region_asset.Endpoint, str] = {}
    faults: list[Fault] = []
    for asset in region.assets:
        where = asset.device.endpoint
        if where not in problems:
            problems[where] = _problem(where)
        if problems[where]:
            faults.append(
                Fault(
                    file=str(region.folder / "region.yaml"),
                    line=None,
                    place=f"{asset.id}.device",
                    value=where.name,
                    limit=f"the simulated device cannot listen there: {problems[where]}",
                    mend="end what holds the port, or simulate on other ports with --first-port",
                )
            )
    if faults:
        raise BadInput(faults)


def _problem(where: region_asset.Endpoint) -> str:
    """Say why an address cannot be listened on; empty where it can."""
    try:
        if where.serial is not None:
            opened(where.serial).close()
            return ""
        family, kind, protocol, _, resolved = socket.getaddrinfo(
            where.host, where.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(resolved)
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""
