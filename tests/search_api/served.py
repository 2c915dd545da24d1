"""A real server of the application in a process of its own: run with the database's URL and a port."""

import os
import sys
from collections.abc import Mapping

import uvicorn

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app
from stormcom.stack.secret_key import find_secret_box


def serve(url: str, port: int, variables: Mapping[str, str] | None = None) -> None:
    """Serve until killed, with these variables of the environment set before."""
    os.environ.update(variables or {})
    settings = Settings(log_level="error")
    app = create_app(settings=settings, database=Database(url), clock=SystemClock(), encoder=HashEncoder(),
                     box=find_secret_box(settings))
    # Up to here an address that is too long reaches the application, which answers it as it answers all bad input.
    uvicorn.run(app, port=port, log_level="critical", http="h11", h11_max_incomplete_event_size=2**20)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
