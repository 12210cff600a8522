"""Which device a test was made for: a digest of its register map, its address and its asset."""

import hashlib

from energy.canonical import canonical_bytes
from energy.devices.map_library import SCHEMA
from energy.devices.register_map import RegisterMap
from energy.region.model import Asset


def fingerprint(asset: Asset, content: RegisterMap) -> str:
    """Give the SHA-256 of what makes the device this one, hexadecimal.

    The map counts by what it says, not by its bytes: a comment or another order of keys changes nothing, nor
    does a key that a later version adds and that stands at its default.
    """
    endpoint = asset.device.endpoint
    serial = endpoint.serial
    safe_state = asset.safe_state if asset.dispatch_point is not None else None
    body = {
        "map": SCHEMA.dump_python(content, mode="json", exclude_defaults=True),
        "transport": endpoint.transport,
        "host": endpoint.host,
        "port": endpoint.port,
        "serial": None
        if serial is None
        else [serial.device, serial.baud_rate, serial.parity, serial.stop_bits],
        "unit": asset.device.unit,
        "kind": asset.kind,
        "nameplate_kw": list(asset.power_kw_nameplate),
        "safe_kw": None if safe_state is None else safe_state.power_kw,
        "safe_state": None if safe_state is None else safe_state.name,
    }
    return hashlib.sha256(canonical_bytes(body)).hexdigest()
