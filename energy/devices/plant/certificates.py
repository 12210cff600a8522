"""The certificates of simulated devices that speak Modbus/TCP Security: who they are, whom they answer.

MODBUS/TCP Security Protocol Specification V21: both sides show a certificate (section 8), at least TLS 1.2
(section 7).
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from energy.errors import BadInput, Fault

AUTHORITY = "ENERGIEWAAGE_PLANT_TLS_AUTHORITY"
CERTIFICATE = "ENERGIEWAAGE_PLANT_TLS_CERTIFICATE"
KEY = "ENERGIEWAAGE_PLANT_TLS_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantTls:
    """Paths of PEM files; None where the environment names none.

    ``authority`` signs the certificates of the clients that the devices answer.
    """

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def tls_named_in(environment: Mapping[str, str]) -> PlantTls:
    """Take the paths from the environment's variables."""

    def path(name: str) -> Path | None:
        text = environment.get(name, "")
        return Path(text) if text else None

    return PlantTls(authority=path(AUTHORITY), certificate=path(CERTIFICATE), key=path(KEY))


def context_of(tls: PlantTls) -> ssl.SSLContext:
    """Make the context that all simulated devices with TLS share.

    Raises:
        BadInput: a file is not named, or not what it should be.
    """
    named = {AUTHORITY: tls.authority, CERTIFICATE: tls.certificate, KEY: tls.key}
    missing = [name for name, path in named.items() if path is None]
    if missing or tls.authority is None or tls.certificate is None or tls.key is None:
        raise BadInput([_fault(name, None, "a simulated device speaks TLS and has none") for name in missing])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    faults: list[Fault] = []
    try:
        context.load_verify_locations(cafile=tls.authority)
    except (ssl.SSLError, OSError) as error:
        faults.append(_fault(AUTHORITY, tls.authority, f"holds no certificate ({error})"))
    try:  # an empty password, since with none OpenSSL would ask the terminal for it
        context.load_cert_chain(tls.certificate, tls.key, password="")
    except (ssl.SSLError, OSError) as error:
        faults.append(_fault(CERTIFICATE, tls.certificate, f"is no certificate with its key ({error})"))
    if faults:
        raise BadInput(faults)
    return context


def _fault(name: str, path: Path | None, limit: str) -> Fault:
    value = path.name if path is not None else None
    mend = "set the variable to the path of a PEM file without a password"
    return Fault(file="environment", line=None, place=name, value=value, limit=limit, mend=mend)
