"""Problems: every answer that is not a success, as RFC 9457 problem+json, from one table of kinds.

Nothing of the inside leaks: an unexpected error says only that it happened, and the request id to ask about.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from oltp.kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    LimitReached,
    Malformed,
    NotFound,
    Refusal,
    Stale,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from oltp.kit.trace import current_trace
from search_api.places import places_of
from search_api.wording import in_words

# The one table: what kind of refusal answers with which status.
STATUS: dict[type[Refusal], int] = {
    Malformed: 400, Invalid: 422, Unauthorized: 401, Forbidden: 403, NotFound: 404, Conflict: 409, TooLarge: 413,
    Stale: 412, LimitReached: 402, Unavailable: 503,
}
BEARER = {"WWW-Authenticate": 'Bearer realm="stormcom"'}
_PLAIN = str.maketrans(" -", "__", "'")
MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("search_api.errors")


class FieldError(BaseModel):
    """One input that was refused."""

    field: str = Field(description="Where the input stands, e.g. query.limit or body.events.3.name.")
    message: str


class Problem(BaseModel):
    """A problem detail (RFC 9457)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "type": "urn:stormcom:problem:out_of_stock", "title": "Out of stock", "status": 409,
        "detail": "There is too little in stock.", "code": "out_of_stock", "request_id": "req-7",
        "errors": [{"field": "items.0.quantity", "message": "Only 1 is left."}]}]})

    type: str = Field(description="urn:stormcom:problem:<code>, stable per kind of problem.")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable name of the problem, for programs.")
    errors: list[FieldError] = Field(default_factory=list)
    request_id: str | None = Field(default=None, description="The X-Request-ID of this answer.")


def problem(status: int, code: str, detail: str, *, errors: list[FieldError] | None = None,
            headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem+json answer that names the request it belongs to."""
    trace = current_trace()
    body = Problem(type=f"urn:stormcom:problem:{code}", title=code.replace("_", " ").capitalize(), status=status,
                   detail=detail, code=code, errors=errors or [], request_id=trace.request_id if trace else None)
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def refusals(sentences: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of refusals, status → sentence, for an operation that takes no token."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": sentence, "content": {MEDIA_TYPE: schema}}
            for status, sentence in sentences.items()}


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal's kind."""
    return next((STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS), 400)


def add_error_handlers(app: FastAPI) -> None:
    """Answer refusals, bad input, unknown paths and database errors as problems."""
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(SQLAlchemyError, on_database_error)


def on_refusal(request: Request, error: Exception) -> JSONResponse:
    """Answer a refusal raised by a rule."""
    assert isinstance(error, Refusal)
    status = status_of(error)
    parts = [("header.If-Match", str(error))] if status == 412 else places_of(request, error)
    errors = [FieldError(field=field, message=message) for field, message in parts]
    return problem(status, error.code, str(error), errors=errors, headers=BEARER if status == 401 else None)


def on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    """Answer input that does not fit its schema: 400 where the JSON is broken, else 422 with every field."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    broken = next((each for each in found if each["type"] == "json_invalid"), None)
    if broken is not None:
        return unreadable(_reason(broken))
    # The input itself is never echoed: it may hold a secret or an e-mail address.
    errors = [FieldError(field=".".join(str(part) for part in each["loc"]), message=in_words(each)) for each in found]
    return problem(422, "invalid_request", "; ".join(f"{e.field}: {e.message}" for e in errors[:5]), errors=errors)


def unreadable(reason: str) -> JSONResponse:
    """Answer a body that is no JSON."""
    detail = f"The body is not valid JSON: {reason}."
    return problem(400, "invalid_json", detail, errors=[FieldError(field="body", message=detail)])


def _reason(error: Mapping[str, Any]) -> str:
    position = error["loc"][-1]
    return f"{error.get('ctx', {}).get('error', 'syntax error')} at position {position}"


def on_http_exception(_: Request, error: Exception) -> JSONResponse:
    """Answer what the framework itself refuses: unknown path, wrong method, unreadable body."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        # The framework's word for a body that the parser gave up.
        return unreadable("it must be UTF-8, its numbers not too long and its parts not nested too deeply")
    phrase = HTTPStatus(error.status_code).phrase
    detail = {404: "There is nothing at this path.", 405: "This path does not know this method."}.get(
        error.status_code, str(error.detail))
    # Python 3.11 knows 413 by an older name.
    code = "content_too_large" if error.status_code == 413 else phrase.lower().translate(_PLAIN)
    return problem(error.status_code, code, detail, headers=error.headers)


def on_database_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the database, also one that shows only at commit."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        _log.error("database_unavailable", error=type(error).__name__)
        return problem(503, "database_unavailable", "The database can't be reached right now; try again.",
                       headers={"Retry-After": "5"})
    if isinstance(error, DataError):
        return problem(400, "invalid_value", "A value of the request can't be stored or compared.")
    if isinstance(error, IntegrityError):
        _log.warning("integrity_error", constraint=getattr(getattr(error.orig, "diag", None), "constraint_name", None))
        return problem(409, "conflict", "The change was refused by a rule of the database; nothing was changed.")
    return unexpected(error)


def unexpected(error: BaseException) -> JSONResponse:
    """Answer an error nobody foresaw; its traceback goes to the log only."""
    _log.error("unexpected_error", error=type(error).__name__, exc_info=error)
    return problem(500, "internal_error", "Something went wrong on our side; the request id names it in our logs.")
