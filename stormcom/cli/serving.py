"""Hidden commands: the processes that `up` starts and watches. They need STORMCOM_DATABASE_URL."""

from typing import Annotated

import typer

from stormcom.cli.settings import read_settings


def serve_api(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Port; STORMCOM_API_PORT by default.")] = None,
) -> None:
    """Serve the API and the dashboard until stopped."""
    from stormcom.serving import serve

    serve(read_settings(api_port=port), host=host)


def worker() -> None:
    """Run background jobs until stopped."""
    from stormcom.worker import run_worker

    run_worker(read_settings())


def register(app: typer.Typer) -> None:
    """Add the commands to the tree."""
    app.command("serve-api", hidden=True, epilog="Example: stormcom serve-api --port 8000")(serve_api)
    app.command("worker", hidden=True, epilog="Example: stormcom worker")(worker)
