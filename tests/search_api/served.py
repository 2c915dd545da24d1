"""A real server of the application in a process of its own: run with the database's URL and a port."""

import sys

import uvicorn

from oltp.db.session import Database
from oltp.kit.clock import SystemClock
from oltp.kit.settings import Settings
from oltp.search.encoders import HashEncoder
from search_api.app import create_app


def main() -> None:
    """Serve until killed."""
    app = create_app(settings=Settings(log_level="error"), database=Database(sys.argv[1]), clock=SystemClock(),
                     encoder=HashEncoder())
    # Up to here an address that is too long reaches the application, which answers it as it answers all bad input.
    uvicorn.run(app, port=int(sys.argv[2]), log_level="critical", http="h11", h11_max_incomplete_event_size=2**20)


if __name__ == "__main__":
    main()
