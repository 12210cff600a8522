"""One Modbus/TCP connection to one endpoint: the place where pymodbus is known, and where its errors end."""

import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.transaction import TransactionManager
from pymodbus.transport import CommParams

from energy.devices.layout import Table
from energy.errors import DeviceRefused, DeviceUnreachable

MBAP_BYTES = 7
"""Header before the function code: transaction, protocol, length, unit (Modbus TCP/IP guide V1.0b, 3.1.3)."""
FRAME_LENGTH_MAX = 254
"""Greatest length field: unit, function code and 252 bytes of data."""
RECEIVED_BYTES_MAX = 262_144
"""What asyncio hands over at once; pymodbus's own bound drops all beyond one frame and waits."""
RETRYABLE_CODES = frozenset(
    {
        ExcCodes.ACKNOWLEDGE,
        ExcCodes.DEVICE_BUSY,
        ExcCodes.GATEWAY_PATH_UNAVIABLE,
        ExcCodes.GATEWAY_NO_RESPONSE,
    }
)
"""Exception codes that say "not now": the device behind is busy or silent, and may answer later."""
_READ_FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an endpoint may take."""

    connect_s_max: float = 1.0
    answer_s_max: float = 1.0


class ModbusEndpoint:
    """A host and port with one connection; units behind it are asked one after another.

    Not safe for concurrent requests: the owner keeps them in series. Whatever leaves the connection in doubt
    (a late, garbled, mismatched or cancelled answer) closes it; the next ``open`` starts afresh.
    """

    def __init__(self, host: str, port: int, patience: Patience) -> None:
        self.name = f"{host}:{port}"
        self._host = host
        self._port = port
        self._patience = patience
        self._client: AsyncModbusTcpClient | None = None

    @property
    def is_open(self) -> bool:
        """True while there is a connection as far as we know."""
        return self._client is not None and self._client.connected

    async def open(self) -> None:
        """Connect unless connected.

        Raises:
            DeviceUnreachable: nobody accepts the connection in time, or the address is none.
        """
        if self.is_open:
            return
        self.close()
        _silence_pymodbus()
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            name=self.name,
            timeout=self._patience.answer_s_max,
            retries=0,
            reconnect_delay=0,
        )
        client.ctx = _StrictTransactions(client.comm_params)
        self._client = client
        try:
            connected = await _connect(client, self._patience.connect_s_max)
        except (OSError, ValueError) as error:  # UnicodeError, what a malformed name ends in, is a ValueError
            raise DeviceUnreachable(
                f"{self.name} cannot be connected to: {error}; check the host and the port"
            ) from error
        finally:
            if not client.connected:
                self.close()
        if not connected:
            raise DeviceUnreachable(
                f"{self.name} accepts no connection within {self._patience.connect_s_max:g} s; "
                "check the address, the network and whether the device allows one more connection"
            )

    async def read(self, unit: int, table: Table, *, address: int, count: int) -> Sequence[int]:
        """Read ``count`` registers or bits.

        Raises:
            DeviceUnreachable: no answer in time, or one that cannot be trusted.
            DeviceRefused: the device answered with an exception.
        """
        client = self._connected()
        what = f"reading {count} from {table.value} {address} of unit {unit} at {self.name}"
        match table:
            case Table.COIL:
                request = client.read_coils(address, count=count, device_id=unit)
            case Table.DISCRETE:
                request = client.read_discrete_inputs(address, count=count, device_id=unit)
            case Table.HOLDING:
                request = client.read_holding_registers(address, count=count, device_id=unit)
            case Table.INPUT:
                request = client.read_input_registers(address, count=count, device_id=unit)
        answer = await self._ask(request, function=_READ_FUNCTIONS[table], what=what)
        if table.holds_bits:
            if not count <= len(answer.bits) < count + 8:
                raise self._distrust(f"{what}: {len(answer.bits)} bits came back")
            return [int(bit) for bit in answer.bits[:count]]
        if len(answer.registers) != count:
            raise self._distrust(f"{what}: {len(answer.registers)} registers came back")
        return answer.registers

    async def write(
        self, unit: int, table: Table, *, address: int, values: Sequence[int], single: bool
    ) -> None:
        """Write registers (functions 6 and 16) or coils (5 and 15).

        Raises:
            DeviceUnreachable: no answer in time, or one that cannot be trusted: what it holds is unknown.
            DeviceRefused: the device answered with an exception.
        """
        client = self._connected()
        what = f"writing {list(values)} to {table.value} {address} of unit {unit} at {self.name}"
        if table is Table.COIL and single:
            function, request = 5, client.write_coil(address, bool(values[0]), device_id=unit)
        elif table is Table.COIL:
            bits = [bool(value) for value in values]
            function, request = 15, client.write_coils(address, bits, device_id=unit)
        elif single:
            function, request = 6, client.write_register(address, values[0], device_id=unit)
        else:
            function, request = 16, client.write_registers(address, list(values), device_id=unit)
        answer = await self._ask(request, function=function, what=what)
        if answer.address != address:
            raise self._distrust(f"{what}: the device confirms address {answer.address}")
        if not single and answer.count != len(values):
            raise self._distrust(f"{what}: the device confirms {answer.count} written")

    def close(self) -> None:
        """Drop the connection, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> AsyncModbusTcpClient:
        if self._client is None or not self._client.connected:
            raise DeviceUnreachable(f"{self.name} is not connected")
        return self._client

    async def _ask(self, request: Awaitable[ModbusPDU], *, function: int, what: str) -> ModbusPDU:
        """Await an answer through both of pymodbus's channels: what it raises, and what it returns."""
        in_doubt = True
        try:
            answer = await request
            in_doubt = False
        except ModbusException as error:
            raise DeviceUnreachable(f"{what}: {error.string}") from error
        except OSError as error:
            raise DeviceUnreachable(f"{what}: {error}") from error
        finally:
            if in_doubt:
                self.close()
        if answer.isError():
            return self._refuse(answer, what)
        if answer.function_code != function:
            raise self._distrust(f"{what}: the answer is to function {answer.function_code}")
        return answer

    def _refuse(self, answer: ModbusPDU, what: str) -> ModbusPDU:
        code = answer.exception_code
        known = code in {item.value for item in ExcCodes}
        name = ExcCodes(code).name.lower().replace("_", " ") if known else "unknown"
        text = f"{what}: the device answers exception {code} ({name})"
        raise DeviceUnreachable(text) if code in RETRYABLE_CODES else DeviceRefused(text)

    def _distrust(self, text: str) -> DeviceUnreachable:
        self.close()
        return DeviceUnreachable(text)


class _StrictTransactions(TransactionManager):
    """Ends a request at once when its connection dies or its answer is garbled, instead of at its timeout."""

    def __init__(self, params: CommParams) -> None:
        super().__init__(params, FramerSocket(DecodePDU(False)), 0, False, None, None, None)  # noqa: FBT003  pymodbus's positional signature
        self.max_buffer_size = RECEIVED_BYTES_MAX
        self._is_asking = False

    async def execute(self, no_response_expected: bool, request: ModbusPDU) -> ModbusPDU:  # noqa: FBT001  overridden
        self._is_asking = True
        try:
            return await super().execute(no_response_expected, request)
        except ModbusException as error:
            if self.response_future.cancelled():  # what pymodbus leaves behind when time ran out
                raise ModbusException(f"no answer within {self.comm_params.timeout_connect:g} s") from error
            raise
        finally:
            self._is_asking = False

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        fault = self._fault_of(data)
        if fault is None:
            try:
                return super().callback_data(data, addr)
            except ModbusException as error:
                fault = f"the answer cannot be decoded: {error.string}"
        self._end(fault)
        self.close()
        return len(data)

    def callback_disconnected(self, exc: Exception | None) -> None:
        super().callback_disconnected(exc)
        self._end("the device closed the connection")

    def _end(self, reason: str) -> None:
        if self._is_asking and not self.response_future.done():
            self.response_future.set_exception(ModbusException(reason))

    def _fault_of(self, data: bytes) -> str | None:
        if not self._is_asking or self.response_future.done():
            return "bytes that nobody asked for"
        if len(data) < MBAP_BYTES:
            return None
        transaction = int.from_bytes(data[0:2], "big")
        protocol = int.from_bytes(data[2:4], "big")
        length = int.from_bytes(data[4:6], "big")
        if protocol != 0 or not 2 <= length <= FRAME_LENGTH_MAX:
            return f"no Modbus/TCP frame (protocol {protocol}, length {length})"
        if transaction != self.request_transaction_id:
            return f"the answer is to transaction {transaction}, not {self.request_transaction_id}"
        if self.request_dev_id and data[6] != self.request_dev_id:
            return f"the answer is from unit {data[6]}, not {self.request_dev_id}"
        return None


async def _connect(client: AsyncModbusTcpClient, connect_s_max: float) -> bool:
    """Connect with a time limit of its own: pymodbus has one for connecting and answering."""
    answer_s_max = client.ctx.comm_params.timeout_connect
    client.ctx.comm_params.timeout_connect = connect_s_max
    try:
        return await client.connect()
    finally:
        client.ctx.comm_params.timeout_connect = answer_s_max


def _silence_pymodbus() -> None:
    """Keep pymodbus from logging every failed try: the field logs transitions, by the device's name."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
