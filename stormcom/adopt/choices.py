"""Choices: currencies and time zones of stores that no later step could work with, and what stands in for them."""

import psycopg

from oltp.kit.money import InvalidCurrency, exponent

# The legacy platform's own defaults.
CURRENCY = "USD"


def choose_currency(written: str) -> str:
    """Return the code itself, the code it was meant to be where only case or space is wrong, or the default."""
    code = written.strip().upper()
    try:
        exponent(code)
    except InvalidCurrency:
        return CURRENCY
    return code


def make_choices(target: psycopg.Connection) -> None:
    """Decide for every currency and zone that staged stores name; later statements read the temporary tables."""
    target.execute("""
        CREATE TEMP TABLE currency_choice (was text PRIMARY KEY, becomes text NOT NULL, exponent integer NOT NULL,
                                           scale double precision NOT NULL);
        CREATE TEMP TABLE zone_choice AS SELECT z.timezone AS was, coalesce(
            (SELECT n.name FROM pg_timezone_names n WHERE n.name = z.timezone),
            (SELECT min(n.name) FROM pg_timezone_names n WHERE lower(n.name) = lower(trim(z.timezone))),
            'UTC') AS becomes
          FROM (SELECT DISTINCT timezone FROM stage_stores WHERE timezone IS NOT NULL) z""")
    rows = target.execute("SELECT DISTINCT currency FROM stage_stores WHERE currency IS NOT NULL").fetchall()
    for was in {CURRENCY, *(row[0] for row in rows)}:
        code = choose_currency(was)
        digits = exponent(code)
        target.execute("INSERT INTO currency_choice VALUES (%s, %s, %s, %s)", (was, code, digits, 10**digits))
