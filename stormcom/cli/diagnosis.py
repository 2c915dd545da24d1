"""`stormcom doctor` and `stormcom version`: what is here, and what is wrong with it."""

from importlib.metadata import version as version_of

import typer
from rich.markup import escape

from stormcom.cli.messages import console
from stormcom.cli.settings import HomeOption, read_settings


def doctor(home: HomeOption = None) -> None:
    """Check this installation: versions, database, roles, tenant isolation, lake, model, ports, processes, disk.

    Exit code 1 when something must be repaired; each ✗ says how.
    """
    from stormcom.doctor.examination import examine

    findings = examine(read_settings(home=home))
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "[green]✓[/]" if finding.is_fine else "[bold red]✗[/]"
        console.print(f"{mark} {finding.subject:<{width}}  {escape(finding.found)}", soft_wrap=True)
        if finding.advice:
            console.print(f"  {'':<{width}}  [yellow]→ {escape(finding.advice)}[/]", soft_wrap=True)
    wrong = sum(not finding.is_fine for finding in findings)
    console.print(f"[bold red]{wrong} to repair.[/]" if wrong else "[green]All is well.[/]")
    raise typer.Exit(1 if wrong else 0)


def version() -> None:
    """Print the version."""
    typer.echo(f"stormcom {version_of('stormcom')}")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.command("doctor", epilog="Example: stormcom doctor")(doctor)
    app.command("version", epilog="Example: stormcom version")(version)
