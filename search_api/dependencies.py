"""Dependencies: who calls, for which store, and the one transaction of the request.

What waits for nothing is `async`, so that it costs no thread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from oltp.access.errors import ScopeMissing, TokenMissing
from oltp.access.queries import get_token
from oltp.db.session import Database
from oltp.db.transactions import Transactions
from oltp.idempotency.actions import LEASE, begin_request, finish_request, forget_request
from oltp.kit.clock import Clock
from oltp.kit.ids import derived_id, new_id
from oltp.kit.secrets import SecretBox
from oltp.payments.gateway import Gateways
from oltp.search.encoders import Encoder
from search_api.idempotency import Replay, keyed_of
from search_api.middleware import facts_of, query_names


@dataclass(frozen=True)
class Caller:
    """The holder of a token: which store it speaks for and what it may do."""

    token_id: UUID
    store_id: UUID
    scopes: frozenset[str]


BEARER_SCHEME = HTTPBearer(
    auto_error=False, scheme_name="bearer",
    description="An API token (`stormcom token create`). The store comes from the token; each operation names its "
                "scope in `x-permission`.")


async def get_database(request: Request) -> Database:
    """Return the database the application was made with."""
    database: Database = request.app.state.database
    return database


async def get_clock(request: Request) -> Clock:
    """Return the clock the application was made with."""
    clock: Clock = request.app.state.clock
    return clock


async def get_encoder(request: Request) -> Encoder:
    """Return the text encoder the application was made with; it may not be loaded yet."""
    encoder: Encoder = request.app.state.encoder
    return encoder


async def get_gateways(request: Request) -> Gateways:
    """Return the payment gateways the application was made with."""
    gateways: Gateways = request.app.state.gateways
    return gateways


async def get_box(request: Request) -> SecretBox | None:
    """Return what seals secrets, None where the service has no key."""
    box: SecretBox | None = request.app.state.box
    return box


def authenticate(
    request: Request,
    database: Annotated[Database, Depends(get_database)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER_SCHEME)],
) -> Caller:
    """Return who calls, by one statement of its own, before any tenant is known.

    Errors: TokenMissing, TokenUnknown; a name in the query that the operation doesn't know is refused as one in a body
    is: a filter that is misspelt would answer everything.
    """
    if credentials is None:
        raise TokenMissing()
    with database.anonymous_connection() as connection:
        token = get_token(connection, token=credentials.credentials)
    facts_of(request.scope).store_id = token.store_id
    unknown = request.query_params.keys() - query_names(request.scope) if request.query_params else ()
    if unknown:
        raise RequestValidationError([
            {"type": "extra_forbidden", "loc": ("query", name), "msg": "", "input": ""} for name in sorted(unknown)])
    return Caller(token.token_id, token.store_id, token.scopes)


class Permission:
    """A dependency that lets only callers with one scope pass; the OpenAPI document reads the scope from it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        """Return the caller. Errors: ScopeMissing, naming the scope."""
        if self.scope not in caller.scopes:
            raise ScopeMissing(scope=self.scope)
        return caller


def require(scope: str) -> Permission:
    """Return the dependency that demands `scope`, e.g. `Depends(require("product.read"))`."""
    return Permission(scope)


def get_session(
    request: Request, database: Annotated[Database, Depends(get_database)],
    caller: Annotated[Caller, Depends(authenticate)],
) -> Iterator[Session]:
    """Open the request's one transaction, as the app within the caller's store; it keeps the Idempotency-Key's record.

    Use it as StoreSession only: with FastAPI's default scope the commit would come after the answer, and a commit
    that fails would still have answered 2xx.
    """
    keyed = keyed_of(request.scope)
    with database.session_for(caller.store_id) as session:
        if keyed is None:
            yield session
            return
        answer = begin_request(session, store_id=caller.store_id, request=keyed.request)
        if answer is not None:
            raise Replay(answer)
        yield session
        finish_request(session, store_id=caller.store_id, key=keyed.request.key, answer=keyed.answer())


def get_transactions(
    request: Request, database: Annotated[Database, Depends(get_database)],
    caller: Annotated[Caller, Depends(authenticate)],
) -> Iterator[Transactions]:
    """Return what opens the several transactions of an operation that talks to the outside; for StoreTransactions.

    The Idempotency-Key's record is committed before the work, with a lease. A request that is refused is forgotten.
    """
    transactions, keyed = Transactions(database, caller.store_id), keyed_of(request.scope)
    if keyed is None:
        yield transactions
        return
    with transactions() as session:
        answer = begin_request(session, store_id=caller.store_id, request=keyed.request, lease=LEASE)
    if answer is not None:
        raise Replay(answer)
    try:
        yield transactions
    except BaseException:
        with transactions() as session:
            forget_request(session, store_id=caller.store_id, key=keyed.request.key)
        raise
    with transactions() as session:
        finish_request(session, store_id=caller.store_id, key=keyed.request.key, answer=keyed.answer())


async def get_operation_id(request: Request, caller: Annotated[Caller, Depends(authenticate)]) -> UUID:
    """Return the id of what the operation makes: the same for each repetition with one Idempotency-Key.

    A key may be used again after a day, for another order's refund say: that is another operation.
    """
    keyed = keyed_of(request.scope)
    return new_id() if keyed is None else derived_id(
        caller.store_id, "idempotency", keyed.request.operation, keyed.request.key)


StoreSession = Annotated[Session, Depends(get_session, scope="function")]
StoreTransactions = Annotated[Transactions, Depends(get_transactions, scope="function")]
OperationId = Annotated[UUID, Depends(get_operation_id)]
CurrentClock = Annotated[Clock, Depends(get_clock)]
CurrentDatabase = Annotated[Database, Depends(get_database)]
CurrentGateways = Annotated[Gateways, Depends(get_gateways)]
CurrentBox = Annotated[SecretBox | None, Depends(get_box)]
