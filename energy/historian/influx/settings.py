"""Where the InfluxDB server is and how to reach it, from the environment; the token is shown nowhere."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from energy.errors import BadInput, Fault
from energy.plain_words import MISSING, Vocabulary, in_plain_words

PREFIX = "ENERGIEWAAGE_INFLUX_"
URL = f"{PREFIX}URL"
SPOOL_MB_DEFAULT = 2000
"""Readings of 300 points every 5 s are about 0.4 GB a day: five days without a server."""
SPOOL_MB_MAX = 1_000_000
REASON_CHARACTERS_MAX = 600
"""What is kept of a server's explanation."""
BYTES_PER_MB = 1_000_000
_VARIABLES = {
    "url": URL,
    "token": f"{PREFIX}TOKEN",
    "org": f"{PREFIX}ORG",
    "bucket": f"{PREFIX}BUCKET",
    "ca_file": f"{PREFIX}CA_FILE",
    "http_hosts": f"{PREFIX}HTTP_HOSTS",
    "spool_mb": f"{PREFIX}SPOOL_MB",
}
_NOT_SET = f"it is not set, and must be where {URL} is"
_MENDS = {
    "url": "write https://HOST:PORT",
    "token": "set it to a token that may read and write the bucket; for 1.8 it is USER:PASSWORD",
    "org": "set it to the organisation's name, or leave it out for 1.8 and 3",
    "bucket": "set it to the bucket's name; for 1.8 it is DATABASE/RETENTION_POLICY",
    "ca_file": "name a PEM file with the certificate of the authority that signed the server's",
    "http_hosts": "name hosts, separated by commas, that may be spoken to without encryption",
    "spool_mb": f"write a whole number of megabytes, 1 to {SPOOL_MB_MAX}",
}


class InfluxSettings(BaseModel):
    """A server that takes and gives telemetry."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    url: str
    token: SecretStr = Field(min_length=1)
    org: str = ""
    bucket: str = Field(min_length=1, max_length=200)
    ca_file: Path | None = None
    http_hosts: frozenset[str] = frozenset()
    """Hosts besides this machine that may be spoken to without encryption: the token then travels openly."""
    spool_mb: int = Field(default=SPOOL_MB_DEFAULT, ge=1, le=SPOOL_MB_MAX)

    @field_validator("token")
    @classmethod
    def _one_line(cls, token: SecretStr) -> SecretStr:
        text = token.get_secret_value()
        if not (text.isascii() and text.isprintable()) or text != text.strip():
            raise ValueError("it must be printable ASCII without spaces around it")
        return token

    @field_validator("ca_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path

    @property
    def database(self) -> str:
        """The bucket's name to InfluxQL: what stands before a slash is the database."""
        return self.bucket.partition("/")[0]

    @property
    def retention_policy(self) -> str | None:
        """The retention policy to InfluxQL, None for the database's default."""
        return self.bucket.partition("/")[2] or None

    @property
    def spool_bytes_max(self) -> int:
        """How many bytes of lines may wait."""
        return self.spool_mb * BYTES_PER_MB

    @property
    def headers(self) -> dict[str, str]:
        """The header that carries the token; not for logs."""
        return {"Authorization": f"Token {self.token.get_secret_value()}"}

    def reason(self, text: str) -> str:
        """Give a text of the server's on one line, its middle cut out where it is long.

        1.x repeats the line first and says last what is wrong with it. The token is taken out, should the
        server repeat it.
        """
        line = " ".join(text.replace(self.token.get_secret_value(), "(token)").split())
        half = REASON_CHARACTERS_MAX // 2
        return line if len(line) <= REASON_CHARACTERS_MAX else f"{line[:half]} ... {line[-half:]}"


def settings_in(environment: Mapping[str, str]) -> InfluxSettings | None:
    """Read the settings; None where no server is named.

    Raises:
        BadInput: with every fault; values are named, the token never.
    """
    if not environment.get(URL):
        return None
    given: dict[str, object] = {
        name: environment[variable] for name, variable in _VARIABLES.items() if environment.get(variable)
    }
    hosts = frozenset(part.strip() for part in str(given.get("http_hosts", "")).split(",")) - {""}
    given["http_hosts"] = hosts
    faults: list[Fault] = []
    wrong = _wrong_with_url(environment[URL], hosts)
    if wrong is not None:
        faults.append(_fault("url", environment, wrong))
    try:
        settings = InfluxSettings.model_validate(given)
    except ValidationError as error:
        for item in error.errors():
            limit = in_plain_words(item, Vocabulary())[0] if item["type"] != MISSING else _NOT_SET
            faults.append(_fault(str(item["loc"][0]), environment, limit))
    else:
        if not faults:
            return settings
    raise BadInput(faults)


def _wrong_with_url(url: str, http_hosts: frozenset[str]) -> str | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return "it is no http or https address"
    if parts.username is not None or parts.query or parts.fragment:
        return "it may hold a host, a port and a path, nothing else"
    if parts.scheme == "http" and not _is_this_machine(host) and host not in http_hosts:
        return (
            f"over http the token would travel openly to {host}; use https, or name the host in "
            f"{_VARIABLES['http_hosts']}"
        )
    return None


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fault(name: str, environment: Mapping[str, str], limit: str) -> Fault:
    """Name a variable with its value, except where that may be a secret: the token, a user in the address."""
    value = environment.get(_VARIABLES[name])
    shown = (
        None
        if name == "token" or (name == "url" and not {"@", "?", "#"}.isdisjoint(str(value)))
        else value or None
    )
    return Fault(
        file="environment", line=None, place=_VARIABLES[name], value=shown, limit=limit, mend=_MENDS[name]
    )
