"""Modbus/TCP Security: the files that prove who we are and whom we believe, checked before connecting.

MODBUS/TCP Security Protocol Specification V21 asks for mutual authentication and at least TLS 1.2. The
certificate that a device shows must come from our authority, be in its time and bear the name or address that
the region file gives.
"""

import ssl
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from energy.errors import BadInput, Fault

AUTHORITY = "ENERGIEWAAGE_TLS_AUTHORITY"
CERTIFICATE = "ENERGIEWAAGE_TLS_CERTIFICATE"
KEY = "ENERGIEWAAGE_TLS_KEY"
KEY_PASSWORD = "ENERGIEWAAGE_TLS_KEY_PASSWORD"  # noqa: S105 - the variable's name
_PLACES = {
    AUTHORITY: "the certificate of the authority that signs the devices' certificates",
    CERTIFICATE: "our own certificate",
    KEY: "the key of our own certificate",
}
TWO_DIGITS_FROM = 50
_UTC_TIME, _VERSION = 0x17, 0xA0
_LONG_LENGTH = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Paths of PEM files; None where the environment names none."""

    authority: Path | None
    certificate: Path | None
    key: Path | None
    key_password: str | None = field(default=None, repr=False)


def files_named_in(environment: Mapping[str, str]) -> TlsFiles:
    """Take the paths from the environment's variables."""

    def path(name: str) -> Path | None:
        text = environment.get(name, "")
        return Path(text) if text else None

    return TlsFiles(
        authority=path(AUTHORITY),
        certificate=path(CERTIFICATE),
        key=path(KEY),
        key_password=environment.get(KEY_PASSWORD),
    )


def context_of(files: TlsFiles, at: datetime | None) -> ssl.SSLContext:
    """Make the context that all TLS connections of a field share.

    Without ``at`` nobody asks whether the certificates are still in their time; the devices will.

    Raises:
        BadInput: a file is not named, missing, unreadable, not what it should be, or ran out before ``at``;
            or others may read the key.
    """
    named = {AUTHORITY: files.authority, CERTIFICATE: files.certificate, KEY: files.key}
    faults = [fault for name, path in named.items() for fault in _faults_of_file(name, path)]
    if faults or files.authority is None or files.certificate is None or files.key is None:
        raise BadInput(faults)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies the certificate and its name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=files.authority)
    except (ssl.SSLError, OSError) as error:
        faults.append(_fault(AUTHORITY, files.authority, f"it holds no certificate ({error})"))
    try:  # an empty password, since with none OpenSSL would ask the terminal for it
        context.load_cert_chain(files.certificate, files.key, password=files.key_password or "")
    except (ssl.SSLError, OSError) as error:
        limit = f"the two are no certificate with its key, or {KEY_PASSWORD} is wrong ({error})"
        faults.append(_fault(KEY, files.key, limit))
    if at is not None:
        faults.extend(_faults_of_time(context, files.authority, files.certificate, at))
    if faults:
        raise BadInput(faults)
    return context


def _faults_of_file(name: str, path: Path | None) -> Iterator[Fault]:
    if path is None:
        yield Fault(
            file="environment",
            line=None,
            place=name,
            value=None,
            limit="it is not set, and the region has a device with transport tls",
            mend=f"set it to the path of a PEM file: {_PLACES[name]}",
        )
        return
    try:
        with path.open("rb") as file:
            file.read(1)
        mode = path.stat().st_mode
    except OSError as error:
        yield _fault(name, path, f"it cannot be read ({error.strerror})")
        return
    if name == KEY and mode & stat.S_IRWXO:
        yield _fault(name, path, "others may read or change it", mend="chmod o= it, and think of a new key")


def _faults_of_time(
    context: ssl.SSLContext, authority: Path, certificate: Path, at: datetime
) -> Iterator[Fault]:
    ends = [str(found["notAfter"]) for found in context.get_ca_certs()]
    if ends and max(map(ssl.cert_time_to_seconds, ends)) < at.timestamp():
        yield _fault(AUTHORITY, authority, f"it ran out ({', '.join(ends)})")
    end = _end_of(certificate)
    if end is not None and end < at:
        yield _fault(CERTIFICATE, certificate, f"it ran out at {end.isoformat()}")


def _fault(name: str, path: Path, limit: str, mend: str | None = None) -> Fault:
    mend = mend if mend is not None else f"put a PEM file there: {_PLACES[name]}"
    return Fault(file=str(path), line=None, place=name, value=path.name, limit=limit, mend=mend)


def _end_of(certificate: Path) -> datetime | None:
    """Give when the first certificate of a PEM file ends; None where it is none, which is another fault.

    Python's ssl shows this only of authorities and of peers; X.509 (RFC 5280, 4.1) puts it here:
    certificate, to-be-signed, [version], serial number, algorithm, issuer, validity, its second time.
    """
    try:
        text = certificate.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE")
        end = text.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
        _, outer, _ = _element(ssl.PEM_cert_to_DER_cert(text[begin:end]))
        _, signed, _ = _element(outer)
        if signed[0] == _VERSION:
            _, _, signed = _element(signed)
        for _ in range(3):
            _, _, signed = _element(signed)
        _, validity, _ = _element(signed)
        _, _, validity = _element(validity)
        tag, ends, _ = _element(validity)
        return _time(tag, ends.decode("ascii"))
    except (OSError, ValueError, IndexError):
        return None


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Split DER into the first element's tag, its content, and what follows."""
    tag, length, begin = data[0], data[1], 2
    if length & _LONG_LENGTH:
        begin += length & ~_LONG_LENGTH
        length = int.from_bytes(data[2:begin], "big")
    return tag, data[begin : begin + length], data[begin + length :]


def _time(tag: int, text: str) -> datetime:
    """Read a time of a certificate; two digits of a year mean 1950 to 2049 (RFC 5280, 4.1.2.5.1)."""
    if tag == _UTC_TIME:
        text = ("20" if int(text[:2]) < TWO_DIGITS_FROM else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
