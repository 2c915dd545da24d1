"""Refusals of publishing."""

from oltp.kit.errors import Conflict


class PublicationMoved(Conflict):
    """{mart} or the lake was changed by somebody else at the same moment; nothing was written. Try again."""


class LakeIsBehind(Conflict):
    """{mart} is published as of {published}, the lake only knows {lake}: an older state is not published."""


class GateClosed(Conflict):
    """{target} is not published: the check {check} found {count} offending rows."""
