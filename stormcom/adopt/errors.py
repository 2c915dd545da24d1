"""Why an adoption is refused or fails. Each says what to do; nothing was changed in the target."""

from oltp.kit.errors import Conflict, Forbidden, Invalid, Refusal, Unavailable


class _Folded(Refusal):
    """A refusal whose text stands on several lines here and on one line there."""

    def __str__(self) -> str:
        return " ".join(super().__str__().split())


class SourceUnreachable(Unavailable):
    """The legacy database can't be reached: {reason}. Check host, port, name and password of the URL."""


class SourceUrlInvalid(Invalid):
    """{source!r} is no Postgres URL: postgresql://user:password@host:5432/database[?schema=public]."""


class NotALegacyDatabase(Invalid):
    """{database} is no legacy StormCom database: schema {schema!r} has no {missing}. ?schema=… names another schema."""


class SourceEncodingUnknown(_Folded, Invalid):
    """{database} is stored as {encoding}, which says nothing about its letters. Dump it, convert it to UTF-8 and
    restore it into a database made with ENCODING 'UTF8'; adopt that one."""


class SourceNotReadable(Invalid):
    """{table} can't be read as the baseline's columns: {reason}. Repair the row in the source and start again."""


class SourceRightMissing(Forbidden):
    """The login {login} may not {what} on {database}: {advice}"""


class PreparedTransactions(Conflict):
    """{database} has {count} prepared transactions, which could still commit. Commit or roll them back first."""


class WritersRemain(Conflict):
    """Programs still write to {database} after {seconds} s ({reason}). Stop them, then start again. It is writable."""


class SourceLeftClosed(_Folded, Unavailable):
    """The last repetition failed ({reason}), and {database} could not be opened again ({second}). As its owner:
    ALTER DATABASE … RESET default_transaction_read_only."""


class SourceIsTarget(Conflict):
    """Source and target are the same database, {database}. Name an empty target with STORMCOM_DATABASE_URL."""


class TargetInUse(_Folded, Conflict):
    """The target {database} stands at {revision} and holds what no adoption brought. Adopt into an empty database:
    name it with STORMCOM_DATABASE_URL, or use another --home."""


class TargetMovedOn(_Folded, Conflict):
    """The target was migrated to {revision} before the last repetition. `stormcom db downgrade 0001` takes it back to
    the baseline; then adopt again, with --final at the end."""


class AdoptionIsFinal(_Folded, Conflict):
    """The adoption ended with --final on {day}; a repetition would overwrite what was written here since.
    `stormcom db upgrade` migrates on; to start anew, adopt into an empty database."""


class AnotherShop(_Folded, Conflict):
    """None of the stores adopted earlier is in {database}. Is it another shop's? Adopt each into a database of its
    own."""


class AdoptionRuns(Conflict):
    """Another adoption into this database is running. Wait for its end and start again."""


class NothingAdopted(Conflict):
    """There is no adoption in this database yet: `stormcom adopt URL` makes one."""


class OutcomeUnknown(_Folded, Unavailable):
    """The target was lost at the very end: {reason}. The source stays read-only, for the last repetition may be
    complete. When the target is back, `stormcom adopt report` tells; is its last run not final, use --final again."""
