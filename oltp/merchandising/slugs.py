"""Slugs of collections and bundles: as asked for, or made from the name."""

import re
import unicodedata

from oltp.merchandising.errors import SlugInvalid

LONGEST = 200
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def slug_of(slug: str | None, *, name: str) -> str:
    """Return the slug, made from the name where there is none: 'Été 2026' → 'ete-2026'. Errors: SlugInvalid."""
    if slug is None:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST].strip("-")
    if len(slug) > LONGEST or not _SLUG.fullmatch(slug):
        raise SlugInvalid(field="slug")
    return slug
