"""Translations of products, categories and brands: the same three operations for each."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from oltp.catalog.translations import Noun, delete_translation, list_translations, put_translation
from oltp.kit.clock import Clock
from search_api.catalog.callers import Cursor, Limit, LocalePath, Reader, Writer, read_text
from search_api.catalog.schemas_tree import (
    ProductTranslationBody,
    Translation,
    TranslationBody,
    translation_answer,
)
from search_api.dependencies import Caller, CurrentClock, StoreSession
from search_api.idempotency import KeyedRoute
from search_api.pages import Page, encode_cursor

router = APIRouter(tags=["catalog"], route_class=KeyedRoute)
_PRODUCT = "/v1/products/{product_id}/translations"
_CATEGORY = "/v1/categories/{category_id}/translations"
_BRAND = "/v1/brands/{brand_id}/translations"
_MADE: dict[int | str, dict[str, Any]] = {201: {"model": Translation, "description": "It had no words in it before."}}


@router.get(_PRODUCT, summary="List a product's translations by locale")
def get_product_translations(
    caller: Reader, session: StoreSession, product_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Translation]:
    """Return a page of the product's words in other languages."""
    return _page(session, caller=caller, noun="product", owner_id=product_id, limit=limit, cursor=cursor)


@router.put(f"{_PRODUCT}/{{locale}}", summary="Translate a product", responses=_MADE)
def put_product_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, locale: LocalePath,
    body: ProductTranslationBody, response: Response,
) -> Translation:
    """Write the product's words in a locale, in place of those there are; 201 where there were none."""
    return _put(session, caller=caller, noun="product", owner_id=product_id, locale=locale, body=body, clock=clock,
                response=response)


@router.delete(f"{_PRODUCT}/{{locale}}", status_code=204, summary="Delete a product's translation")
def delete_product_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, product_id: UUID, locale: LocalePath
) -> None:
    """Take the product's words in a locale away."""
    delete_translation(session, store_id=caller.store_id, noun="product", owner_id=product_id, locale=locale,
                       clock=clock)


@router.get(_CATEGORY, summary="List a category's translations by locale")
def get_category_translations(
    caller: Reader, session: StoreSession, category_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Translation]:
    """Return a page of the category's words in other languages."""
    return _page(session, caller=caller, noun="category", owner_id=category_id, limit=limit, cursor=cursor)


@router.put(f"{_CATEGORY}/{{locale}}", summary="Translate a category", responses=_MADE)
def put_category_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, category_id: UUID, locale: LocalePath,
    body: TranslationBody, response: Response,
) -> Translation:
    """Write the category's words in a locale, in place of those there are; 201 where there were none."""
    return _put(session, caller=caller, noun="category", owner_id=category_id, locale=locale, body=body,
                clock=clock, response=response)


@router.delete(f"{_CATEGORY}/{{locale}}", status_code=204, summary="Delete a category's translation")
def delete_category_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, category_id: UUID, locale: LocalePath
) -> None:
    """Take the category's words in a locale away."""
    delete_translation(session, store_id=caller.store_id, noun="category", owner_id=category_id, locale=locale,
                       clock=clock)


@router.get(_BRAND, summary="List a brand's translations by locale")
def get_brand_translations(
    caller: Reader, session: StoreSession, brand_id: UUID, limit: Limit = 20, cursor: Cursor = None
) -> Page[Translation]:
    """Return a page of the brand's words in other languages."""
    return _page(session, caller=caller, noun="brand", owner_id=brand_id, limit=limit, cursor=cursor)


@router.put(f"{_BRAND}/{{locale}}", summary="Translate a brand", responses=_MADE)
def put_brand_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, brand_id: UUID, locale: LocalePath,
    body: TranslationBody, response: Response,
) -> Translation:
    """Write the brand's words in a locale, in place of those there are; 201 where there were none."""
    return _put(session, caller=caller, noun="brand", owner_id=brand_id, locale=locale, body=body, clock=clock,
                response=response)


@router.delete(f"{_BRAND}/{{locale}}", status_code=204, summary="Delete a brand's translation")
def delete_brand_translation(
    caller: Writer, session: StoreSession, clock: CurrentClock, brand_id: UUID, locale: LocalePath
) -> None:
    """Take the brand's words in a locale away."""
    delete_translation(session, store_id=caller.store_id, noun="brand", owner_id=brand_id, locale=locale, clock=clock)


def _page(
    session: Session, *, caller: Caller, noun: Noun, owner_id: UUID, limit: int, cursor: str | None
) -> Page[Translation]:
    rows = list_translations(session, store_id=caller.store_id, noun=noun, owner_id=owner_id,
                             after=read_text(cursor), limit=limit + 1)
    more = encode_cursor([rows[limit - 1].locale]) if len(rows) > limit else None
    return Page[Translation](items=[translation_answer(row) for row in rows[:limit]], next=more)


def _put(
    session: Session, *, caller: Caller, noun: Noun, owner_id: UUID, locale: str, body: TranslationBody, clock: Clock,
    response: Response,
) -> Translation:
    row, is_new = put_translation(session, store_id=caller.store_id, noun=noun, owner_id=owner_id, locale=locale,
                                  words=body.words(), clock=clock)
    if is_new:
        response.status_code = 201
    return translation_answer(row)
