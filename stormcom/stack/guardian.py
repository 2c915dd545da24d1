"""The guardian: a small process that ends the others when `up` is killed and can't do it itself.

`up` holds the other end of its standard input and never writes to it: the end of the file is the end of `up`. A pipe
works for a whole tree of processes and on every Unix; the kernel's parent-death signal reaches only direct children.
"""

import signal
import sys
from pathlib import Path

from stormcom.stack.records import end_run

GRACE_SECONDS = 5.0


def guard(folder: Path) -> None:
    """Wait for the end of `up`, then end whatever the records of its run still name."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_run(folder, grace_seconds=GRACE_SECONDS)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
