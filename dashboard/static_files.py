"""The files that a browser loads: our own, and plotly.js out of the installed plotly package."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

PLOTLY_NAME = "plotly.min.js"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """One file's bytes and what they are."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFiles:
    """All files by name, read once; a request only ever looks up a name, no path is made from it.

    ``version`` is a hash over all of them: it stands in their address, so that they may be cached for ever.
    """

    by_name: Mapping[str, StaticFile]
    version: str

    @classmethod
    def load(cls) -> "StaticFiles":
        """Read the files of the package."""
        sources = [item for item in (files("dashboard") / "static").iterdir() if item.is_file()]
        sources.append(files("plotly") / "package_data" / PLOTLY_NAME)
        by_name: dict[str, StaticFile] = {}
        digest = hashlib.sha256()
        for source in sorted(sources, key=lambda item: item.name):
            suffix = source.name[source.name.rfind(".") :]
            if suffix not in MEDIA_TYPES:
                continue
            content = source.read_bytes()
            digest.update(source.name.encode() + b"\0" + content)
            by_name[source.name] = StaticFile(content=content, media_type=MEDIA_TYPES[suffix])
        return cls(by_name=by_name, version=digest.hexdigest()[:16])
