"""Documents: the text of a product that is searched and embedded; `gathering.py` has the SQL that gathers it."""

from dataclasses import dataclass
from uuid import UUID

# Part of every content hash and model id: raise it when the document's text is composed differently.
TEMPLATE_VERSION = 1
BODY_WORDS = 60

# Stemming by language; a locale without one is matched word by word.
_CONFIGURATIONS = {"en": "english", "de": "german"}


@dataclass(frozen=True)
class Document:
    """A product's document in one locale. `content_hash` covers the texts, the locale and the template version."""

    product_id: UUID
    content_hash: str
    title: str
    brand: str
    category_path: str
    keywords: str
    body: str


def embedding_text(document: Document) -> str:
    """Return title | brand | category path | key attributes | first words, without the empty ones.

    Titles in capitals lose nothing: the default model is uncased.
    """
    parts = (document.title, document.brand, document.category_path, document.keywords, document.body)
    return " | ".join(part for part in parts if part)


def search_configuration(locale: str) -> str:
    """Return Postgres's text search configuration for a locale such as en, en-GB or de_AT."""
    return _CONFIGURATIONS.get(locale.replace("_", "-").split("-")[0].lower(), "simple")


def stemmer(configuration: str) -> str:
    """Return the dictionary that stems the words of a text search configuration."""
    return "simple" if configuration == "simple" else f"{configuration}_stem"
