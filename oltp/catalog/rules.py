"""Rules of the catalog. Pure."""

import re

from oltp.catalog.errors import LocaleInvalid

# Language, script, region: the form that translations are stored in.
_LOCALE = re.compile(r"([a-z]{2,3})(-[A-Z][a-z]{3})?(-(?:[A-Z]{2}|[0-9]{3}))?")


def locale_chain(locale: str) -> list[str]:
    """Return the locales to look in, the most particular first: zh-Hant-TW → zh-Hant-TW, zh-Hant, zh.

    Errors: LocaleInvalid.
    """
    match = _LOCALE.fullmatch(locale)
    if match is None:
        raise LocaleInvalid(locale=locale, field="locale")
    language, script, region = match.groups(default="")
    return list(dict.fromkeys((language + script + region, language + script, language)))
