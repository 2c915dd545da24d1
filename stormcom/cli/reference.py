"""`stormcom reference`: the manual of all commands as Markdown, made from the commands themselves."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from oltp.kit.metric import Metric, Term
from oltp.kit.metrics import METRICS

HEAD = """# Commands

Made by `make docs` from the command line itself; `stormcom COMMAND --help` shows the same.
Exit codes: 0 done, 1 refused or failed with a line that says what to do, 2 wrong usage, 3 a defect, 130 interrupted.
"""


METRICS_HEAD = """# Metrics

Made by `make docs` from the registry that the pipelines, the API and the dashboard read too. Money is kept in minor
units; a ratio is kept as two sums, so that any window adds up exactly, and is empty where the lower one is 0.
A store-day is the date of the moment in the store's time zone; a later change of zone does not move past days.

There are two views of sales, never mixed. In the accounting view a refund lowers the day it was processed on. In the
order view it lowers the day its order was placed on, so a past day may still change. Over all time both are equal.
"""


def render_metrics() -> str:
    """Return the definitions of all metrics, by the mart that holds them."""
    parts = [METRICS_HEAD]
    for mart in dict.fromkeys(metric.mart for metric in METRICS.values()):
        parts.append(f"## {mart}\n")
        parts += [_metric(metric) for metric in METRICS.values() if metric.mart == mart]
    return "\n".join(parts)


def _metric(metric: Metric) -> str:
    below = f" / ({_sum(metric.denominator)})" if metric.denominator else ""
    once = "" if metric.is_additive or metric.denominator else " Values of several rows must not be added up."
    return (f"- **{metric.label}** (`{metric.name}`, {metric.unit} by {metric.grain}): {metric.definition}{once}  \n"
            f"  `{_sum(metric.numerator)}{below}`")


def _sum(terms: tuple[Term, ...]) -> str:
    signed = " ".join(f"{'+' if term.sign > 0 else '-'} {term.column}" for term in terms)
    return signed.removeprefix("+ ")


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

    def reference(
        metrics: Annotated[bool, typer.Option(help="The metrics' definitions instead.")] = False,
        schema: Annotated[bool, typer.Option(help="Every table, and the map of the schema plan.")] = False,
        diagram: Annotated[bool, typer.Option(help="The tables and their relations as pictures.")] = False,
        permissions: Annotated[bool, typer.Option(help="Who may do what, and by which permission.")] = False,
    ) -> None:
        """Print the manual of all commands, or of metrics, tables or permissions, as Markdown."""
        from stormcom.reference.diagram import render_diagram
        from stormcom.reference.schema_document import render_schema

        if permissions:
            from stormcom.reference.permissions import describe_api, render_permissions

            typer.echo(render_permissions(describe_api()), nl=False)
        elif schema or diagram:
            typer.echo(render_schema() if schema else render_diagram(), nl=False)
        else:
            typer.echo(render_metrics() if metrics else render(app), nl=False)

    app.command("reference", hidden=True, epilog="Example: stormcom reference > docs/commands.md")(reference)
