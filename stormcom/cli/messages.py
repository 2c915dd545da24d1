"""What the command line says: the two consoles, and how a known error becomes one line."""

import re
import sys
from types import ModuleType

from rich.console import Console

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

# Errors whose message already says what is wrong and what to do. Named by module, because an error that was raised
# has loaded its module, and one that was not must not load it.
SPEAKING = (
    ("oltp.kit.errors", "Refusal"),
    ("oltp.db.embedded", "EmbeddedPostgresFailed"),
    ("oltp.search.encoders", "ModelMissing"),
    ("oltp.kit.secrets", "SecretKeyInvalid"),
    ("warehouse.connection", "LakeUnavailable"),
    ("warehouse.archiving", "NotArchived"),
    ("stormcom.stack.errors", "StackError"),
    ("stormcom.cli.settings", "SettingInvalid"),
)
_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]*@")


def show_error(message: str) -> None:
    """Print one error, in red where there is a terminal; never wrapped, so that scripts can match it."""
    errors.print(f"[bold red]Error:[/] {_escaped(message)}", soft_wrap=True)


def show_step(message: str) -> None:
    """Print one step of progress."""
    console.print(f"[green]✓[/] {_escaped(message)}", soft_wrap=True)


def show_note(message: str) -> None:
    """Print something that wants attention but is no error."""
    console.print(f"[yellow]![/] {_escaped(message)}", soft_wrap=True)


def complaint_of(error: BaseException) -> str | None:
    """Return the one line that explains a known error; None for a defect."""
    if any(_is_a(error, module, name) for module, name in SPEAKING):
        return without_password(str(error))
    if _is_a(getattr(error, "orig", error), "psycopg.errors", "ObjectNotInPrerequisiteState"):
        # A migration that asks for something first, in words of its own.
        return f"Not yet: {_first_line(error)}. `stormcom migration status` shows where stores stand."
    if _is_a(error, "psycopg", "OperationalError") or _is_a(error, "sqlalchemy.exc", "OperationalError"):
        return f"The database can't be used: {_first_line(error)}. `stormcom doctor` looks into it."
    if _is_a(error, "psycopg.errors", "InsufficientPrivilege"):
        return f"The database login lacks a right: {_first_line(error)}. It must be able to make roles and extensions."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return None


def without_password(text: str) -> str:
    """Return the text with passwords in URLs made unreadable."""
    return _PASSWORD.sub(r"\1:***@", text)


def _is_a(error: BaseException, module: str, name: str) -> bool:
    loaded: ModuleType | None = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return without_password(str(cause).strip().splitlines()[0].rstrip("."))


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
