"""Every error of the API as one JSON shape, and which error of ours becomes which status."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dashboard.schema import Problem
from energy.errors import BadInput, RecordBroken, StoreUnavailable

MEDIA_TYPE = "application/problem+json"
LOG = logging.getLogger(__name__)


def problem_response(status: int, detail: str) -> JSONResponse:
    """Make the answer for an error."""
    problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(problem.model_dump(), status_code=status, media_type=MEDIA_TYPE)


def handle_problems(app: FastAPI) -> None:
    """Map the errors that a route may raise; none ever shows a traceback."""

    @app.exception_handler(StoreUnavailable)
    async def unavailable(_request: Request, error: StoreUnavailable) -> JSONResponse:
        return problem_response(503, str(error))

    @app.exception_handler(RecordBroken)
    async def broken(_request: Request, error: RecordBroken) -> JSONResponse:
        return problem_response(503, str(error))

    @app.exception_handler(BadInput)
    async def bad_input(_request: Request, error: BadInput) -> JSONResponse:
        return problem_response(422, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        told = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()
        )
        return problem_response(422, told)

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        response = problem_response(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        LOG.error("%s failed", request.url.path, exc_info=error)
        return problem_response(500, "an unexpected error; the log of the dashboard has its details")
