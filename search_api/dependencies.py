"""Dependencies: who calls, for which store, and the one transaction of the request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from oltp.access.errors import ScopeMissing, TokenMissing
from oltp.access.queries import get_token
from oltp.db.session import Database
from oltp.kit.clock import Clock
from oltp.search.encoders import Encoder
from search_api.middleware import facts_of


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


def get_database(request: Request) -> Database:
    """Return the database the application was made with."""
    database: Database = request.app.state.database
    return database


def get_clock(request: Request) -> Clock:
    """Return the clock the application was made with."""
    clock: Clock = request.app.state.clock
    return clock


def get_encoder(request: Request) -> Encoder:
    """Return the text encoder the application was made with; it may not be loaded yet."""
    encoder: Encoder = request.app.state.encoder
    return encoder


def authenticate(
    request: Request,
    database: Annotated[Database, Depends(get_database)],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER_SCHEME)],
) -> Caller:
    """Return who calls, in a transaction of its own, before any tenant is known.

    Errors: TokenMissing, TokenUnknown.
    """
    if credentials is None:
        raise TokenMissing()
    with database.anonymous_session() as session:
        token = get_token(session, token=credentials.credentials)
    facts_of(request.scope).store_id = token.store_id
    return Caller(token.token_id, token.store_id, token.scopes)


class Permission:
    """A dependency that lets only callers with one scope pass; the OpenAPI document reads the scope from it."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(self, caller: Annotated[Caller, Depends(authenticate)]) -> Caller:
        """Return the caller. Errors: ScopeMissing, naming the scope."""
        if self.scope not in caller.scopes:
            raise ScopeMissing(scope=self.scope)
        return caller


def require(scope: str) -> Permission:
    """Return the dependency that demands `scope`, e.g. `Depends(require("product.read"))`."""
    return Permission(scope)


def get_session(
    database: Annotated[Database, Depends(get_database)], caller: Annotated[Caller, Depends(authenticate)],
) -> Iterator[Session]:
    """Open the request's one transaction, as the app within the caller's store.

    Use it as StoreSession only: with FastAPI's default scope the commit would come after the answer, and a commit
    that fails would still have answered 2xx.
    """
    with database.session_for(caller.store_id) as session:
        yield session


StoreSession = Annotated[Session, Depends(get_session, scope="function")]
CurrentClock = Annotated[Clock, Depends(get_clock)]
CurrentDatabase = Annotated[Database, Depends(get_database)]
