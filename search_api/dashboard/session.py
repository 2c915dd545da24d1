"""The signed-in browser: one cookie with a random secret, of which the database keeps only the hash."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import Request, Response

from oltp.access.queries import StoreChoice, find_session_user, list_stores_of_user
from oltp.db.session import Database

COOKIE = "stormcom_session"
PATH = "/dashboard"
LIFETIME = timedelta(days=14)


@dataclass(frozen=True)
class SignedIn:
    """A signed-in user and the stores they may look at, by name."""

    user_id: UUID
    stores: tuple[StoreChoice, ...]

    def find_store(self, slug: str) -> StoreChoice | None:
        """Return the user's store with this slug, or None, whether or not somebody else has it."""
        return next((store for store in self.stores if store.slug == slug), None)


def find_signed_in(request: Request, database: Database) -> SignedIn | None:
    """Return who carries the request's cookie, or None when nobody does or the session has ended."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        return None
    with database.anonymous_session() as session:
        user_id = find_session_user(session, secret=secret)
        if user_id is None:
            return None
        return SignedIn(user_id, tuple(list_stores_of_user(session, user_id=user_id)))


def set_cookie(response: Response, request: Request, secret: str) -> None:
    """Let the browser carry `secret`: out of reach of scripts, not sent along from other sites."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(LIFETIME.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="lax",
        # On a developer's machine there is no TLS, and a Secure cookie would never come back.
        secure=request.url.scheme == "https",
    )


def clear_cookie(response: Response) -> None:
    """Make the browser forget the secret."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site's page sent this form; browsers say so themselves."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
