"""The edge: ids, body limit, the last catch, one log line and one timing per request.

Plain ASGI, so that streaming is not buffered and context variables reach the threads that endpoints run in.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oltp.kit.clock import Clock
from oltp.kit.trace import Trace, bind_trace, new_trace
from search_api.errors import problem, unexpected
from search_api.timing import TimingRecorder

MAX_BODY_BYTES = 1024 * 1024
UNMATCHED = "(unmatched)"
CLIENT_GONE = 499
_FACTS = "stormcom.facts"
_NOT_FILTERS = frozenset({"limit", "cursor", "sort"})

_log = structlog.get_logger("search_api.access")


@dataclass
class RequestFacts:
    """What becomes known about a request on its way, for its log line and its timing."""

    store_id: UUID | None = None
    status: int = 500
    is_started: bool = False
    filter_flags: list[str] = field(default_factory=list)


def facts_of(scope: Scope) -> RequestFacts:
    """Return the facts of the request with this ASGI scope."""
    facts: RequestFacts = scope.setdefault(_FACTS, RequestFacts())
    return facts


class Edge:
    """The outermost layer of the application; every answer, also that of a crash, leaves through it."""

    def __init__(self, app: ASGIApp, *, timings: TimingRecorder, clock: Clock) -> None:
        self._app = app
        self._timings = timings
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request; other kinds of connection pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace = new_trace(headers.get("x-request-id"), headers.get("x-correlation-id"))
        ids = {"request_id": trace.request_id, "correlation_id": str(trace.correlation_id)}
        with bind_trace(trace), structlog.contextvars.bound_contextvars(**ids):
            await self._run(scope, receive, send, trace)

    async def _run(self, scope: Scope, receive: Receive, send: Send, trace: Trace) -> None:
        facts, started = facts_of(scope), time.perf_counter_ns()
        answering = _answering(send, facts, trace)
        try:
            if _declared_length(scope) > MAX_BODY_BYTES:
                await problem(413, "content_too_large", too_large())(scope, receive, answering)
            else:
                await self._app(scope, _limited(receive), answering)
        except ClientDisconnect:
            facts.status = CLIENT_GONE  # nobody is left to answer
        except Exception as error:
            # Once the answer has begun its status can't be taken back; the server must cut the connection.
            answer = unexpected(error)
            if facts.is_started:
                raise
            await answer(scope, receive, answering)
        finally:
            self._record(scope, facts, trace, (time.perf_counter_ns() - started) // 1000)

    def _record(self, scope: Scope, facts: RequestFacts, trace: Trace, duration_us: int) -> None:
        route, method = getattr(scope.get("route"), "path", UNMATCHED), _method(scope)
        flags = _filter_flags(scope)
        store = str(facts.store_id) if facts.store_id else None
        _log.info("request", route=route, method=method, status=facts.status, duration_us=duration_us, store_id=store,
                  filters=flags)
        self._timings.record(
            store_id=facts.store_id, route=route, method=method, status=facts.status, duration_us=duration_us,
            filter_flags=flags, request_id=trace.request_id, correlation_id=str(trace.correlation_id),
            occurred_at=self._clock.now())


def too_large() -> str:
    """Return the sentence that tells the limit."""
    return f"The body is larger than {MAX_BODY_BYTES:,} bytes; send smaller batches."


def _method(scope: Scope) -> str:
    # The method is the caller's text; unknown ones share one name, so that they can't fill the table with words.
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return str(scope["method"]) if scope["method"] in known else "OTHER"


def _declared_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdecimal() else 0


def _limited(receive: Receive) -> Receive:
    """Count what really arrives: a chunked body declares no length."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY_BYTES:
            raise HTTPException(413, too_large())
        return message

    return limited


def _answering(send: Send, facts: RequestFacts, trace: Trace) -> Send:
    async def answering(message: Message) -> None:
        if message["type"] == "http.response.start":
            facts.status, facts.is_started = message["status"], True
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = trace.request_id
            headers["X-Correlation-ID"] = str(trace.correlation_id)
            headers.setdefault("X-Content-Type-Options", "nosniff")
        await send(message)

    return answering


def _filter_flags(scope: Scope) -> list[str]:
    """Names of the filters that were used; only names the route declares, so a caller can't invent any."""
    used = {name for name, _ in parse_qsl(scope.get("query_string", b"").decode("latin-1"))}
    return sorted(name for name in query_names(scope) if name in used and name not in _NOT_FILTERS)


def query_names(scope: Scope) -> set[str]:
    """Return the names of the query that the route of this request declares."""
    return set(_query_names(getattr(scope.get("route"), "dependant", None)))


def _query_names(dependant: Any) -> Iterable[str]:  # noqa: ANN401 - the framework's own dependency tree
    if dependant is None:
        return
    yield from (parameter.alias for parameter in dependant.query_params)
    for child in dependant.dependencies:
        yield from _query_names(child)
