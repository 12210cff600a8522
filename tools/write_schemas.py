"""Writes the JSON Schemas of the files that a utility writes, for editors and for other programmes.

python -m tools.write_schemas
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from energy.devices.register_map import RegisterMap
from energy.region.model import RegionFile

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
WRITTEN: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "region.schema.json": ("Energiewaage region file (region.yaml)", TypeAdapter(RegionFile)),
    "register_map.schema.json": ("Energiewaage register map (profiles/*.yaml)", TypeAdapter(RegisterMap)),
}


def schemas() -> dict[str, str]:
    """Give the text of each schema file by its name."""
    texts = {}
    for name, (title, adapter) in WRITTEN.items():
        schema = {"$schema": DIALECT, **adapter.json_schema(), "title": title}
        texts[name] = json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    return texts


def main() -> None:
    """Write every schema."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/schemas/{name}: {len(text)} characters")


if __name__ == "__main__":
    main()
