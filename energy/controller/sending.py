"""Whether a setpoint may leave for an asset now, and what hinders it."""

from energy.authority import may_send
from energy.controller.flexible import Flexible, reading_age_s_max
from energy.controller.tick_input import TickInput
from energy.domain import Image, Level, Point, Quality
from energy.region.model import Region

REMOTE_MIN = 0.5
"""The point ``remote`` is 1 or 0."""


def hindrance(region: Region, tick: TickInput, asset: Flexible, level: Level | None) -> str | None:
    """Say why nothing of this level is sent to the asset; None where nothing hinders it.

    Not known to be remote counts as local: what nobody obeys must not be built on.
    """
    age_s_max = reading_age_s_max(region, tick.tick_s)
    if asset.id in tick.unread:
        return "what the device holds is not known yet"
    authority = region.authority_of(asset)
    if not may_send(authority, level):
        return f"authority is {authority}"
    if asset.id in tick.uncommissioned:
        return "the point-to-point test is not recorded"
    if is_local(tick.image, asset.id, age_s_max=age_s_max):
        return "the device is switched to local operation"
    if _is_remote_unknown(tick.image, asset.id, age_s_max=age_s_max):
        return "whether the device is switched to local operation is not known"
    return None


def is_local(image: Image, asset_id: str, *, age_s_max: float) -> bool:
    """Tell whether the device says that it obeys somebody on the spot, not us."""
    remote = image.value(asset_id, Point.REMOTE, age_s_max=age_s_max)
    return remote is not None and remote < REMOTE_MIN


def _is_remote_unknown(image: Image, asset_id: str, *, age_s_max: float) -> bool:
    """Only where the register map has the point; a device that says it has no such switch has none."""
    reading = image.readings.get((asset_id, Point.REMOTE))
    if reading is None or reading.quality is Quality.NOT_IMPLEMENTED:
        return False
    return image.value(asset_id, Point.REMOTE, age_s_max=age_s_max) is None
