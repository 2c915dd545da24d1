"""`stormcom token …`: API tokens and sign-in links."""

from typing import Annotated

import typer

from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Make API tokens and sign-in links. Each is shown once.", no_args_is_help=True)


@commands.command(
    "create", epilog="Example: stormcom token create --store electronics --scope search.read --scope product.read"
)
def create(
    store: Annotated[str, typer.Option(help="Slug of the store the token speaks for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; repeat for several. `all` stands for every scope.")],
    name: Annotated[str, typer.Option(help="A name to recognise it by.")] = "made on the command line",
    home: HomeOption = None,
) -> None:
    """Make an API token of one store and print it. Only its hash is stored, so it can't be shown again."""
    from stormcom.stack.credentials import make_token
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home)) as database:
        typer.echo(make_token(database, slug=store, scopes=scope, name=name))


@commands.command("sign-in", epilog="Example: stormcom token sign-in --email owner@electronics.stormcom.test")
def sign_in(
    email: Annotated[str, typer.Option(help="E-mail address of an existing user.")],
    home: HomeOption = None,
) -> None:
    """Print a link that signs one user in to the dashboard; it works once, within an hour."""
    from stormcom.stack.credentials import make_sign_in_url
    from stormcom.stack.server import open_database

    settings = read_settings(home=home)
    with open_database(settings) as database:
        typer.echo(make_sign_in_url(database, email=email, port=settings.api_port))


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="token", epilog="Example: stormcom token create --store home --scope search.read")
