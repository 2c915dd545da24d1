"""Writes and reads of translations: one row per thing and locale, slugs unique per store and locale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from oltp.catalog.content_models import BrandTranslation, CategoryTranslation, ProductTranslation
from oltp.catalog.errors import (
    BrandNotFound,
    CategoryNotFound,
    LocaleInvalid,
    ProductNotFound,
    TranslationNotFound,
)
from oltp.catalog.holding import get_locked, touch_product
from oltp.catalog.models import Brand, Category, Product
from oltp.catalog.recording import tell
from oltp.catalog.rules import check_translated_slug, locale_chain, next_version, slug_of
from oltp.catalog.slugs import SlugHome, claim_slug, write_derived
from oltp.db.locking import CatalogTable, lock_catalog_rows
from oltp.kit.clock import Clock
from oltp.kit.ids import new_id

Noun = Literal["product", "category", "brand"]
Owner = Product | Category | Brand
Translation = ProductTranslation | CategoryTranslation | BrandTranslation
_MODELS: dict[str, type[Translation]] = {
    "product": ProductTranslation, "category": CategoryTranslation, "brand": BrandTranslation}
_LOCKED: dict[str, tuple[type[Category] | type[Brand], CatalogTable]] = {
    "category": (Category, "categories"), "brand": (Brand, "brands")}
_TRANSLATES = text("""
    SELECT capability_reached(:store, 'i18n', 'read_new') AND EXISTS (
      SELECT FROM feature_flag WHERE store_id = :store AND name = 'i18n' AND is_enabled)""")


@dataclass(frozen=True)
class Words:
    """A thing's words in one locale; `columns` are the further ones of its table."""

    name: str
    slug: str | None
    columns: Mapping[str, Any]


def put_translation(
    session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID, locale: str, words: Words, clock: Clock
) -> tuple[Translation, bool]:
    """Write a thing's words in a locale, in place of those there are; say whether there were none.

    Without a slug it is derived from the name, or else from the thing's own. Errors: LocaleInvalid, ProductNotFound,
    CategoryNotFound, BrandNotFound, TranslatedSlugInvalid, SlugTaken.
    """
    check_locale(locale)
    owner = _lock_owner(session, store_id=store_id, noun=noun, owner_id=owner_id)
    found = _find(session, store_id=store_id, noun=noun, owner_id=owner_id, locale=locale)
    model: Any = _MODELS[noun]
    now = clock.now()
    row_id = new_id() if found is None else found.id
    version = now if found is None else next_version(before=found.updated_at, now=now)

    def write(slug: str) -> None:
        row = session.get(model, row_id)
        if row is None:
            row = model(id=row_id, store_id=store_id, locale=locale, created_at=now, **{f"{noun}_id": owner_id})
        for name, value in {**words.columns, "name": words.name, "slug": slug, "updated_at": version,
                            "deleted_at": None}.items():
            setattr(row, name, value)
        session.add(row)

    home = SlugHome(f"{noun}_translation", f"{noun}_translation_live_slug_key", noun, locale)
    if words.slug is not None:
        claim_slug(session, home=home, slug=check_translated_slug(words.slug), write=write)
    else:
        write_derived(session, home=home, store_id=store_id, owner_id=row_id,
                      base=slug_of(words.name, default=slug_of(owner.slug, default=noun)), write=write)
    _follow(session, noun=noun, owner=owner, clock=clock)
    row: Translation = session.get_one(model, row_id)
    return row, found is None


def delete_translation(
    session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID, locale: str, clock: Clock
) -> None:
    """Take a thing's words in a locale away. Errors: as put_translation, TranslationNotFound."""
    check_locale(locale)
    owner = _lock_owner(session, store_id=store_id, noun=noun, owner_id=owner_id)
    found = _find(session, store_id=store_id, noun=noun, owner_id=owner_id, locale=locale)
    if found is None:
        raise TranslationNotFound(locale=locale)
    session.delete(found)
    _follow(session, noun=noun, owner=owner, clock=clock)


def list_translations(
    session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID, after: str | None, limit: int
) -> Sequence[Translation]:
    """Return a page of a thing's translations by locale. Errors: ProductNotFound, CategoryNotFound, BrandNotFound."""
    model: Any = _MODELS[noun]
    get_owner(session, store_id=store_id, noun=noun, owner_id=owner_id)
    query = select(model).where(
        model.store_id == store_id, model.__table__.c[f"{noun}_id"] == owner_id, model.deleted_at.is_(None))
    if after is not None:
        query = query.where(model.locale > after)
    rows: Sequence[Translation] = session.scalars(query.order_by(model.locale).limit(limit)).all()
    return rows


def find_words(
    session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID, locale: str
) -> Translation | None:
    """Return a thing's words of the most particular locale there are any for: de-CH, then de; None: the store's own.

    None too where the store does not translate (feature flag `i18n`). Errors: LocaleInvalid.
    """
    chain = locale_chain(locale)
    if not session.scalar(_TRANSLATES, {"store": store_id}):
        return None
    model: Any = _MODELS[noun]
    query = select(model).where(
        model.store_id == store_id, model.__table__.c[f"{noun}_id"] == owner_id, model.deleted_at.is_(None),
        model.locale.in_(chain))
    found: dict[str, Translation] = {row.locale: row for row in session.scalars(query)}
    return next((found[each] for each in chain if each in found), None)


def check_locale(locale: str) -> None:
    """Refuse what is no locale as it is stored. Errors: LocaleInvalid."""
    if locale_chain(locale)[0] != locale:
        raise LocaleInvalid(locale=locale, field="locale")


def get_owner(session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID) -> Owner:
    """Return a live product, category or brand. Errors: ProductNotFound, CategoryNotFound, BrandNotFound."""
    if noun == "product":
        product = session.get(Product, owner_id)
        if product is None or product.store_id != store_id or product.deleted_at is not None:
            raise ProductNotFound(product_id=owner_id)
        return product
    model: Any = _LOCKED[noun][0]
    found: Category | Brand | None = session.get(model, owner_id)
    if found is None or found.store_id != store_id or found.deleted_at is not None:
        raise CategoryNotFound(category_id=owner_id) if noun == "category" else BrandNotFound(brand_id=owner_id)
    return found


def _lock_owner(session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID) -> Owner:
    if noun == "product":
        return get_locked(session, store_id=store_id, product_id=owner_id)
    lock_catalog_rows(session, table=_LOCKED[noun][1], store_id=store_id, ids=[owner_id])
    session.expire_all()
    return get_owner(session, store_id=store_id, noun=noun, owner_id=owner_id)


def _find(session: Session, *, store_id: UUID, noun: Noun, owner_id: UUID, locale: str) -> Translation | None:
    model: Any = _MODELS[noun]
    found: Translation | None = session.scalars(select(model).where(
        model.store_id == store_id, model.__table__.c[f"{noun}_id"] == owner_id, model.locale == locale)).one_or_none()
    return found


def _follow(session: Session, *, noun: Noun, owner: Owner, clock: Clock) -> None:
    session.flush()
    if isinstance(owner, Product):
        touch_product(session, product=owner, clock=clock, changed="translations")
    else:
        owner.updated_at = next_version(before=owner.updated_at, now=clock.now())
        session.flush()
        tell(session, store_id=owner.store_id, noun=noun, verb="updated", entity_id=owner.id, clock=clock,
             facts={"changed": ["translations"]})
