"""Who answers at an address, held against the device that the register map was written for.

A device that was exchanged answers at the same address, with other registers or other signs: neither believed
nor written to until it says who it is.
"""

from energy.devices.codec import text_of
from energy.devices.modbus import ModbusEndpoint
from energy.devices.register_map import RegisterMap
from energy.errors import DeviceRefused


class Identity:
    """What one device must say of itself; asked on each new connection, and after each silence."""

    def __init__(self, content: RegisterMap) -> None:
        self._texts = tuple(text for text in content.identity if text.expected is not None)
        self._known_on: int | None = None

    def is_known(self, connection: int) -> bool:
        """Tell whether it said all that the map expects on this connection; where that is nothing, it did."""
        return not self._texts or self._known_on == connection

    def forget(self) -> None:
        """Ask again: another device may have been put in its place."""
        self._known_on = None

    async def fault(self, endpoint: ModbusEndpoint, unit: int) -> str | None:
        """Ask the device who it is; say what is wrong, None where all is as expected.

        Raises:
            DeviceUnreachable: it does not answer.
        """
        connection = endpoint.connections
        for text in self._texts:
            try:
                registers = await endpoint.read(unit, text.table, address=text.address, count=text.length)
            except DeviceRefused as error:
                return f"it does not say its {text.name} ({error})"
            says = text_of(registers, text.byte_order)
            if text.expected is not None and text.expected not in says:
                return (
                    f"its {text.name} reads {says!r} and must contain {text.expected!r}: another device "
                    "answers; give the asset the register map of this device and commission it again"
                )
        if endpoint.connections != connection:
            return "the connection broke while it said who it is"
        self._known_on = connection
        return None
