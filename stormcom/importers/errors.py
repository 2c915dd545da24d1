"""Why an import is refused. Every one of these is raised before the first row is written."""

from oltp.kit.errors import Conflict, Invalid


class BrokenFile(Invalid):
    """{file}: {reason}"""

    def __init__(self, *, file: str, reason: str) -> None:
        super().__init__(file=file, reason=reason)


class StoreDiffers(Conflict):
    """The store {slug} is in {currency}, {zone}; this file needs one in {file_currency}, {file_zone}."""


class SlugNotValid(Invalid):
    """A new store cannot be called {slug!r}: 3 to 50 small letters, digits and hyphens."""


class SlugTaken(Conflict):
    """The slug {slug} belongs to a store that was deleted. Name another store."""


class ImportRunning(Conflict):
    """Another import into the store {slug} is running. Wait for its end and start again."""


class InvoicesDiffer(Conflict):
    """The store holds {count} of this file's invoices with other lines or amounts, e.g. {examples}."""


class StoredRowsContradict(Conflict):
    """The store holds rows that contradict this file: {reason}."""


class CurrencyMissing(Invalid):
    """The store is new and there is no file of orders that names its currency: say it with --currency."""
