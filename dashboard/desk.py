"""What every route is given: the region, the record, the live picture, the open streams."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from dashboard.live import Live
from dashboard.picture import Picture
from dashboard.record import Record
from dashboard.static_files import StaticFiles
from dashboard.stream import Streams
from energy.errors import StoreUnavailable
from energy.region.model import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Put together once, by the composition root."""

    region: Region
    record: Record
    live: Live
    streams: Streams
    files: StaticFiles

    async def readable_picture(self) -> Picture:
        """Give the present picture.

        Raises:
            StoreUnavailable: the record cannot be read now.
        """
        picture = await self.live.picture()
        if picture.trouble is not None:
            raise StoreUnavailable(picture.trouble)
        return picture

    def require_asset(self, asset_id: str) -> None:
        """Check that the region has the asset.

        Raises:
            HTTPException: 404, it has not.
        """
        if all(asset.id != asset_id for asset in self.region.assets):
            raise HTTPException(404, f"the region has no asset {asset_id}; see /api/v1/region")


def desk_of(request: Request) -> Desk:
    """Give what the composition root put together."""
    desk: Desk = request.app.state.desk
    return desk


Given = Annotated[Desk, Depends(desk_of)]
