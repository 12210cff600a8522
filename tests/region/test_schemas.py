"""The published JSON Schemas are what the code checks."""

import json

import pytest

from energy.region.loader import shipped_regions
from energy.yaml_file import read_yaml
from tools.write_schemas import FOLDER, schemas


@pytest.mark.parametrize("name", ["region.schema.json", "register_map.schema.json"])
def test_the_published_schema_is_up_to_date(name: str) -> None:
    published = (FOLDER / name).read_text(encoding="utf-8")
    assert published == schemas()[name], "run `make docs` and commit docs/schemas"


def test_the_region_schema_knows_every_key_of_the_shipped_region() -> None:
    schema = json.loads(schemas()["region.schema.json"])
    data = read_yaml(shipped_regions()["musterstadt"] / "region.yaml").data
    assert set(schema["required"]) <= set(data) <= set(schema["properties"])
    kinds = schema["properties"]["assets"]["items"]["discriminator"]["mapping"]
    for asset in data["assets"]:
        definition = schema["$defs"][kinds[asset["kind"]].rsplit("/", 1)[1]]
        assert set(definition["required"]) <= set(asset) <= set(definition["properties"])
        assert definition["additionalProperties"] is False
