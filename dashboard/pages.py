"""The pages for people and the files they load."""

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from dashboard.desk import Given
from dashboard.language import DEFAULT_LANGUAGE

CACHE_FOR_EVER = "public, max-age=31536000, immutable"
"""The address of a file carries a hash of its content."""

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def default_page(desk: Given) -> str:
    """The live page in the default language."""
    return await desk.live.page(DEFAULT_LANGUAGE)


@router.get("/de", response_class=HTMLResponse)
async def german_page(desk: Given) -> str:
    """The live page in German."""
    return await desk.live.page("de")


@router.get("/en", response_class=HTMLResponse)
async def english_page(desk: Given) -> str:
    """The live page in English."""
    return await desk.live.page("en")


@router.get("/static/{version}/{name}")
async def static_file(desk: Given, version: str, name: str) -> Response:
    """One of the files that were read at the start; a name that is not among them does not exist."""
    file = desk.files.by_name.get(name)
    if file is None or version != desk.files.version:
        raise HTTPException(404, "there is no such file")
    return Response(file.content, media_type=file.media_type, headers={"Cache-Control": CACHE_FOR_EVER})
