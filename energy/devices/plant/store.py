"""The field's state on disk: a restarted one keeps its energy, its energy registers and what is broken."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from energy.devices.plant.device import DeviceRecord
from energy.devices.plant.world import WorldState, state_types
from energy.errors import StoreUnavailable
from energy.periods import format_utc, parse_utc
from energy.region.model import Region

FILE_NAME = "plant_state.json"
FORM = "energiewaage.plant_state/2"
_LOG = logging.getLogger(__name__)
_RECORDS = TypeAdapter(dict[str, DeviceRecord])


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the field was at a moment: the world's states, and what is or was broken on its devices."""

    at: datetime
    states: Mapping[str, WorldState]
    devices: Mapping[str, DeviceRecord] = field(default_factory=dict)


class StateStore:
    """Keeps the states of one region and seed in one small file of a folder."""

    def __init__(self, folder: Path, region: Region, *, seed: int) -> None:
        self._path = folder / FILE_NAME
        self._region = region
        self._seed = seed
        self._forms: dict[str, TypeAdapter[WorldState]] = {
            key: TypeAdapter(kind) for key, kind in state_types(region).items()
        }

    def save(self, saved: Saved) -> None:
        """Replace the file in one go, so that a kill at any moment leaves a whole one.

        Raises:
            StoreUnavailable: the file cannot be written.
        """
        content = {
            "form": FORM,
            "region": self._region.id,
            "seed": self._seed,
            "at": format_utc(saved.at),
            "states": {
                key: self._forms[key].dump_python(state, mode="json") for key, state in saved.states.items()
            },
            "devices": _RECORDS.dump_python(dict(saved.devices), mode="json"),
        }
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(content), encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            raise StoreUnavailable(
                f"the plant cannot write {self._path}: {error.strerror}; check the folder and free space"
            ) from error

    def load(self) -> Saved | None:
        """Give what was saved; None where there is nothing of this region and seed."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if (content["form"], content["region"], content["seed"]) != (FORM, self._region.id, self._seed):
                return None
            states = {key: form.validate_python(content["states"][key]) for key, form in self._forms.items()}
            devices = _RECORDS.validate_python(content.get("devices", {}))
            return Saved(at=parse_utc(content["at"]), states=states, devices=devices)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            _LOG.warning("the saved plant state %s is no use (%s); starting afresh", self._path, error)
            return None
