"""`stormcom flag …`: features that a store turns on for itself."""

from typing import Annotated

import typer

from stormcom.cli.messages import console, show_step
from stormcom.cli.settings import HomeOption, read_settings

commands = typer.Typer(help="Turn features of a store on and off.", no_args_is_help=True)
StoreOption = Annotated[str, typer.Option(help="Slug of the store.")]


@commands.command("list", epilog="Example: stormcom flag list --store electronics")
def show(store: StoreOption, home: HomeOption = None) -> None:
    """Show every flag, what it turns on, and whether it is on."""
    from oltp.tenancy.actions import FLAGS
    from oltp.tenancy.queries import list_flags
    from stormcom.stack.credentials import store_by_slug
    from stormcom.stack.server import open_database

    with open_database(read_settings(home=home)) as database:
        store_id = store_by_slug(database, slug=store)
        with database.session_for(store_id) as session:
            known = list_flags(session, store_id=store_id)
    for name, meaning in FLAGS.items():
        console.print(f"{name}: {'on' if known.get(name) else 'off'} ({meaning})")


@commands.command("set", epilog="Example: stormcom flag set i18n on --store electronics")
def change(
    name: Annotated[str, typer.Argument(help="Name of the flag.")],
    state: Annotated[str, typer.Argument(help="on or off.")],
    store: StoreOption,
    home: HomeOption = None,
) -> None:
    """Turn one flag of a store on or off."""
    from oltp.kit.clock import SystemClock
    from oltp.tenancy.actions import set_flag
    from stormcom.stack.credentials import store_by_slug
    from stormcom.stack.server import open_database

    if state not in ("on", "off"):
        raise typer.BadParameter("A flag is on or off.", param_hint="STATE")
    with open_database(read_settings(home=home)) as database:
        store_id = store_by_slug(database, slug=store)
        with database.session_for(store_id) as session:
            set_flag(session, store_id=store_id, name=name, is_enabled=state == "on", now=SystemClock().now())
    show_step(f"{store}: {name} is {state}.")


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.add_typer(commands, name="flag", epilog="Example: stormcom flag set i18n on --store electronics")
