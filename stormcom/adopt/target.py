"""The target: an empty database, or one that an adoption is under way in; nothing else is touched."""

import psycopg

from oltp.db.roles import prepare_database
from oltp.db.session import Database
from stormcom.adopt.errors import AdoptionIsFinal, SourceIsTarget, TargetInUse, TargetMovedOn
from stormcom.adopt.ledger import find_last_run
from stormcom.adopt.source import identity
from stormcom.adopt.tables import TABLES
from stormcom.schema import current, upgrade

BASELINE = "0001"


def prepare_target(database: Database, *, seen: tuple[int, str]) -> None:
    """Bring an empty target to the baseline. `seen`: the source's identity.

    Errors: SourceIsTarget, AdoptionIsFinal, TargetMovedOn, TargetInUse.
    """
    with psycopg.connect(database.url) as connection:
        mine = identity(connection)
        if mine == seen:
            raise SourceIsTarget(database=mine[1])
        last = find_last_run(connection)
    stands = current(database.url)
    if last is not None and last.is_final:
        raise AdoptionIsFinal(day=f"{last.ended_at:%Y-%m-%d}")
    if last is not None and stands != BASELINE:
        raise TargetMovedOn(revision=stands or "base")
    if stands is None:
        upgrade(database.url, BASELINE)
    elif stands != BASELINE or (last is None and _has_rows(database)):
        raise TargetInUse(database=mine[1], revision=stands)
    else:
        # Rights on a database do not come with its dump or clone.
        prepare_database(database.url)


def _has_rows(database: Database) -> bool:
    tests = " OR ".join(f"EXISTS (SELECT FROM {table.name})" for table in TABLES)
    with psycopg.connect(database.url) as connection:
        connection.execute("SET ROLE stormcom_owner")
        row = connection.execute(f"SELECT {tests}").fetchone()
    return bool(row and row[0])
