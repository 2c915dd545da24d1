"""`stormcom db …`: the schema of the shop's database."""

from typing import Annotated

import typer

from stormcom.cli.messages import console, show_note, show_step
from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Look at and move the schema of the shop's database.", no_args_is_help=True)


@commands.command("upgrade", epilog="Example: stormcom db upgrade")
def upgrade_schema(
    revision: Annotated[str, typer.Argument(help="Revision to go up to; the newest by default.")] = "head",
    home: HomeOption = None,
) -> None:
    """Create roles, extensions and the job queue where they are missing, then migrate up."""
    from stormcom.schema import current, upgrade
    from stormcom.stack.server import server_url

    with server_url(read_settings(home=home)) as url:
        upgrade(url, None if revision == "head" else revision)
        show_step(f"The schema stands at {current(url)}.")


@commands.command("downgrade", epilog="Example: stormcom db downgrade 0009 --yes")
def downgrade_schema(
    revision: Annotated[str, typer.Argument(help="Revision to go down to; `base` removes every table.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    home: HomeOption = None,
) -> None:
    """Migrate down. What the undone migrations added is lost with its data, so this asks first."""
    from stormcom.schema import current, downgrade
    from stormcom.stack.server import server_url

    if not yes:
        typer.confirm(f"Data above {revision} is lost. Go on?", abort=True)
    with server_url(read_settings(home=home)) as url:
        downgrade(url, revision)
        show_step(f"The schema stands at {current(url) or 'base: there are no tables'}.")


@commands.command("status", epilog="Example: stormcom db status")
def show_status(home: HomeOption = None) -> None:
    """Say where the schema stands, and whether migrations are waiting."""
    from stormcom.schema import current, head
    from stormcom.stack.server import server_url

    with server_url(read_settings(home=home)) as url:
        stands, newest = current(url), head()
    console.print(f"stands at {stands or 'base (no tables)'}, newest is {newest}")
    if stands != newest:
        show_note("Migrations are waiting: `stormcom db upgrade`.")
        raise typer.Exit(1)


@commands.command("url", epilog='Example: psql "$(stormcom db url)"')
def show_url(home: HomeOption = None) -> None:
    """Print the URL of the shop's database, for psql and other tools. The embedded server must run (`stormcom up`)."""
    from stormcom.stack.server import running_url

    typer.echo(running_url(read_settings(home=home)))


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="db", epilog="Example: stormcom db status")
