"""The world's state on disk: a restarted field keeps its stored energy and its energy registers."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from energy.devices.plant.world import WorldState, state_types
from energy.errors import StoreUnavailable
from energy.periods import format_utc, parse_utc
from energy.region.model import Region

FILE_NAME = "plant_state.json"
FORM = "energiewaage.plant_state/2"
_LOG = logging.getLogger(__name__)


class StateStore:
    """Keeps the states of one region and seed in one small file of a folder."""

    def __init__(self, folder: Path, region: Region, *, seed: int) -> None:
        self._path = folder / FILE_NAME
        self._region = region
        self._seed = seed
        self._forms: dict[str, TypeAdapter[WorldState]] = {
            key: TypeAdapter(kind) for key, kind in state_types(region).items()
        }

    def save(self, at: datetime, states: Mapping[str, WorldState]) -> None:
        """Replace the file in one go, so that a kill at any moment leaves a whole one.

        Raises:
            StoreUnavailable: the file cannot be written.
        """
        content = {
            "form": FORM,
            "region": self._region.id,
            "seed": self._seed,
            "at": format_utc(at),
            "states": {
                key: self._forms[key].dump_python(state, mode="json") for key, state in states.items()
            },
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

    def load(self) -> tuple[datetime, dict[str, WorldState]] | None:
        """Give the saved moment and states; None where there are none of this region and seed."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            if (content["form"], content["region"], content["seed"]) != (FORM, self._region.id, self._seed):
                return None
            states = {key: form.validate_python(content["states"][key]) for key, form in self._forms.items()}
            return parse_utc(content["at"]), states
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            _LOG.warning("the saved plant state %s is no use (%s); starting afresh", self._path, error)
            return None
