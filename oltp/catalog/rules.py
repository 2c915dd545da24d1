"""Rules of the catalog. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from oltp.catalog.errors import (
    CompareAtNotAbove,
    LocaleInvalid,
    OptionsInvalid,
    SlugInvalid,
    TranslatedSlugInvalid,
)

# Language, script, region: the form that translations are stored in.
_LOCALE = re.compile(r"([a-z]{2,3})(-[A-Z][a-z]{3})?(-(?:[A-Z]{2}|[0-9]{3}))?")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 200
# Room for a hyphen and the number of a namesake.
_LONGEST_BASE = 190
MOST_OPTIONS = 10
# Letters that are no letter with an accent, as people write them without.
_SPELLED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "þ": "th", "ð": "d"})
_GRAMS = 1000


def locale_chain(locale: str) -> list[str]:
    """Return the locales to look in, the most particular first: zh-Hant-TW → zh-Hant-TW, zh-Hant, zh.

    Errors: LocaleInvalid.
    """
    match = _LOCALE.fullmatch(locale)
    if match is None:
        raise LocaleInvalid(locale=locale, field="locale")
    language, script, region = match.groups(default="")
    return list(dict.fromkeys((language + script + region, language + script, language)))


def slug_of(name: str, *, default: str) -> str:
    """Return the slug that a name gives; `default` where it has no letter or digit that a slug can have."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_BASE].strip("-") or default


def check_slug(slug: str) -> str:
    """Return the slug. Errors: SlugInvalid."""
    if len(slug) > LONGEST_SLUG or not _SLUG.fullmatch(slug):
        raise SlugInvalid(field="slug")
    return slug


def check_translated_slug(slug: str) -> str:
    """Return the slug; it may have the letters of any script. Errors: TranslatedSlugInvalid."""
    if not 1 <= len(slug) <= LONGEST_SLUG or slug != slug.lower() or re.search(r"[\s/?#\x00-\x1f]", slug):
        raise TranslatedSlugInvalid(field="slug")
    return slug


def numbered(base: str) -> Iterator[str]:
    """Yield the slugs that a base gives: shirt, shirt-1, shirt-2, …"""
    yield base
    number = 0
    while True:
        number += 1
        yield f"{base}-{number}"


def check_compare_at(*, price: int | None, compare_at: int | None, field: str = "compare_at") -> None:
    """Refuse a former price that is not above the price. Errors: CompareAtNotAbove."""
    if compare_at is not None and (price is None or compare_at <= price):
        raise CompareAtNotAbove(field=field)


def options_text(options: Mapping[str, str], *, field: str = "options") -> str:
    """Return a variant's options as they are stored: JSON with its names in order. Errors: OptionsInvalid."""
    parts = [*options, *options.values()]
    if len(options) > MOST_OPTIONS or any(not 1 <= len(part.strip()) <= 100 or "\x00" in part for part in parts):
        raise OptionsInvalid(most=MOST_OPTIONS, field=field)
    return json.dumps({name.strip(): value.strip() for name, value in sorted(options.items())}, ensure_ascii=False)


def read_options(stored: str) -> dict[str, str]:
    """Return a variant's options; what is no JSON object of a legacy writer counts as none."""
    try:
        found = json.loads(stored)
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def read_list(stored: str) -> list[str]:
    """Return the texts of a stored JSON array; what is no array of a legacy writer counts as empty."""
    try:
        found = json.loads(stored)
    except (ValueError, RecursionError):
        return []
    return [str(value) for value in found] if isinstance(found, list) else []


def grams(kilograms: float | None) -> int | None:
    """Return a stored weight in whole grams."""
    return None if kilograms is None else round(kilograms * _GRAMS)


def kilograms(grams: int | None) -> float | None:
    """Return a weight as it is stored."""
    return None if grams is None else grams / _GRAMS


def next_version(*, before: datetime, now: datetime) -> datetime:
    """Return when a thing counts as changed: later than before, so that no two states of it have one ETag."""
    return max(now, before + timedelta(microseconds=1))


def published_at_after(*, status: str, published_at: datetime | None, now: datetime) -> datetime | None:
    """Return since when a product is for sale: set when it becomes ACTIVE, gone in any other status."""
    return (published_at or now) if status == "ACTIVE" else None
