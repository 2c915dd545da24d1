"""Named points at which a process can be made to die, so that a test can see what it leaves behind."""

import os
import signal

VARIABLE = "STORMCOM_CRASH_POINT"
# Where money or stock stands between two commits.
POINTS = (
    "place.before_order", "place.after_order", "place.before_commit", "place.committed", "charge.answered",
    "place.charged", "confirm.stock_sold", "place.confirmed", "cancel.committed", "refund.committed",
    "refund.paid_out", "refund.settled", "return.paid_back",
)


def reach(name: str) -> None:
    """Do nothing; but where STORMCOM_CRASH_POINT names this point, die as by kill -9."""
    assert name in POINTS, name
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
