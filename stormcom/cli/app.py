"""The command line: every command in one tree, and the one place where an error becomes a line and an exit code.

A command imports what it runs inside its own body, so that `stormcom --help` loads no database, model or pipeline.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from stormcom.cli import (
    adopting,
    databases,
    diagnosis,
    flags,
    importing,
    invariants,
    loading,
    materializing,
    migrating,
    partitions,
    rates,
    reference,
    serving,
    starting,
    tokens,
)
from stormcom.cli.messages import complaint_of, show_error

UNEXPECTED = 3
INTERRUPTED = 130

app = typer.Typer(
    name="stormcom",
    help="A shop's data, from Postgres through Dagster and the lake to search, recommendations and dashboards.",
    epilog="Example: stormcom up",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show tracebacks and debug logs (STORMCOM_LOG_LEVEL=debug)."),
) -> None:
    """A shop's data, from Postgres through Dagster and the lake to search, recommendations and dashboards."""
    if debug:
        os.environ["STORMCOM_LOG_LEVEL"] = "debug"


for module in (
    starting, loading, importing, adopting, databases, migrating, flags, partitions, rates, invariants, materializing,
    tokens, diagnosis, serving, reference,
):
    module.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0 done · 1 refused or failed, with a line that says what to do · 2 wrong usage · 3 a defect · 130 interrupted.
    """
    try:
        app(args=list(arguments), prog_name="stormcom")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _explain(error)
    return 0


def _explain(error: Exception) -> int:
    complaint = complaint_of(error)
    if os.environ.get("STORMCOM_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    if complaint is not None:
        show_error(complaint)
        return 1
    show_error(f"Unexpected {type(error).__name__}: {error}. This is a defect; `stormcom --debug …` shows where it is.")
    return UNEXPECTED


def main() -> None:
    """Entry point of the program."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
