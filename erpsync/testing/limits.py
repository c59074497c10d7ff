"""A connection's limit for tests of an adapter: kept in the test's process, on the test's clock."""

from dataclasses import replace

from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.local import LocalBuckets
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools

_UNTOLD = Allowance()


def limited(tools: Tools, allowance: Allowance = _UNTOLD) -> Tools:
    """The tools with a limiter of their own. Adapters that are opened with the same ones share it, as workers do. Without
    an allowance there is no limit but what the remote's answers tell."""
    limiter = ConnectionLimiter("shop", "shop", allowance, LocalBuckets(tools.clock), tools.pause, tools.nonce)
    return replace(tools, limiter=limiter)
