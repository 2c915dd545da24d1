"""Refusals of the catalog."""

from oltp.kit.errors import Invalid


class LocaleInvalid(Invalid):
    """{locale!r} is no locale: expected a language with an optional script and region, such as de or de-CH."""
