"""Slugs: given by the caller, or derived from the name with -1, -2 where a namesake is there; safe under concurrency.

The unique index decides. Who loses a race for a derived slug takes the next number; who asked for the slug hears 409.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oltp.catalog.errors import SlugTaken
from oltp.catalog.rules import check_slug, numbered, slug_of

_TRIES = 100
_FIRST_BATCH = 16
Words = Callable[[str], None]


@dataclass(frozen=True)
class SlugHome:
    """Where slugs are kept: the table, its unique index, and what a nameless one is called."""

    table: str
    index: str
    noun: str
    locale: str | None = None


PRODUCTS = SlugHome("products", "products_live_slug_key", "product")
CATEGORIES = SlugHome("categories", "categories_live_slug_key", "category")
BRANDS = SlugHome("brands", "brands_live_slug_key", "brand")


def write_with_slug(
    session: Session, *, home: SlugHome, store_id: UUID, owner_id: UUID, name: str, slug: str | None, write: Words
) -> str:
    """Write a row by `write(slug)` with the slug that was asked for, or else with the first free one of its name.

    `write` is run in a savepoint, and again with the next slug if it loses a race. Errors: SlugInvalid, SlugTaken.
    """
    if slug is not None:
        return claim_slug(session, home=home, slug=check_slug(slug), write=write)
    return write_derived(session, home=home, store_id=store_id, owner_id=owner_id,
                         base=slug_of(name, default=home.noun), write=write)


def write_derived(
    session: Session, *, home: SlugHome, store_id: UUID, owner_id: UUID, base: str, write: Words
) -> str:
    """Write a row with the first free slug of `base`. Errors: SlugTaken, when a hundred races are lost."""
    for _ in range(_TRIES):
        free = _first_free(session, home=home, store_id=store_id, owner_id=owner_id, base=base)
        try:
            return claim_slug(session, home=home, slug=free, write=write)
        except SlugTaken:
            continue
    raise SlugTaken(slug=base, field="slug")


def claim_slug(session: Session, *, home: SlugHome, slug: str, write: Words) -> str:
    """Write a row by `write(slug)`, with this slug or not at all. Errors: SlugTaken."""
    try:
        with session.begin_nested():
            write(slug)
            session.flush()
    except IntegrityError as error:
        cause = error.orig
        if isinstance(cause, UniqueViolation) and cause.diag.constraint_name == home.index:
            raise SlugTaken(slug=slug, field="slug") from None
        raise
    return slug


def _first_free(session: Session, *, home: SlugHome, store_id: UUID, owner_id: UUID, base: str) -> str:
    """Return the first of base, base-1, … that nobody else has, looking at ever larger batches."""
    of_locale = "" if home.locale is None else "AND locale = :locale"
    statement = text(f"""SELECT slug FROM {home.table} WHERE store_id = :store AND deleted_at IS NULL {of_locale}
                         AND slug = ANY (CAST(:slugs AS text[])) AND id <> :owner""")
    names, size = numbered(base), _FIRST_BATCH
    while True:
        batch = list(islice(names, size))
        taken = set(session.scalars(statement, {
            "store": store_id, "slugs": batch, "owner": owner_id, "locale": home.locale}))
        free = next((slug for slug in batch if slug not in taken), None)
        if free is not None:
            return free
        size *= 2
