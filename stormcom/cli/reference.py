"""`stormcom reference`: the manual of all commands as Markdown, made from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

HEAD = """# Commands

Made by `make docs` from the command line itself; `stormcom COMMAND --help` shows the same.
Exit codes: 0 done, 1 refused or failed with a line that says what to do, 2 wrong usage, 3 a defect, 130 interrupted.
"""


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401
    """Yield every command of the tree with its path, parents first; the framework's objects have no public type."""
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        yield from walk(child, (*path, name))


def render(app: typer.Typer) -> str:
    """Return the manual; hidden commands are left out."""
    parts = [HEAD]
    for path, command in walk(typer.main.get_command(app)):
        if path and not command.hidden:
            parts.append(_section(path, command))
    return "\n".join(parts)


def _section(path: tuple[str, ...], command: Any) -> str:  # noqa: ANN401
    lines = [f"{'#' * (1 + len(path))} stormcom {' '.join(path)}", "", _flat(command.help), ""]
    lines += [_row(parameter) for parameter in command.params if "--help" not in parameter.opts]
    example = str(command.epilog).removeprefix("Example: ")
    return "\n".join([*lines, "", "```", example, "```", ""])


def _row(parameter: Any) -> str:  # noqa: ANN401
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    name = parameter.name.upper() if parameter.param_type_name == "argument" else names
    required = " (required)" if parameter.required else ""
    return f"- `{name}`{required}: {_flat(getattr(parameter, 'help', '') or '')}"


def _flat(text: str) -> str:
    paragraphs = [" ".join(part.split()) for part in text.replace("\b", "").split("\n\n")]
    return "\n\n".join(paragraphs)


def register(app: typer.Typer) -> None:
    """Add the command to the tree."""

    def reference() -> None:
        """Print the manual of all commands as Markdown."""
        typer.echo(render(app), nl=False)

    app.command("reference", hidden=True, epilog="Example: stormcom reference > docs/commands.md")(reference)
