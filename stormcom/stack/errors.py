"""Why the local stack does not come up or stops. Every message says what to do."""


class StackError(Exception):
    """The local stack can't do what was asked."""


class AlreadyUp(StackError):
    """Another `up` runs on the same home."""


class PortTaken(StackError):
    """A port that is needed is in use."""


class ChildFailed(StackError):
    """A process of the stack ended or did not become ready; the message quotes the end of its log."""
