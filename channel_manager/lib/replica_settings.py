"""How a streaming replica is connected to: read from the environment, by it and by nothing else."""

from __future__ import annotations

from typing import Any

from channel_manager.lib.environment import Environment

# Who does not answer in so many seconds is away; the primary answers then.
_CONNECT_SECONDS = 2
_UNACKNOWLEDGED_MS = 5000


def read(env: Environment, primary: dict[str, Any]) -> dict[str, Any]:
    """Return the replica among the databases, nothing where REPLICA_DATABASE_URL is not set.

    Raises ImproperlyConfigured for an address of something else. Whatever server that is, nothing is written there: sessions are read-only.
    """
    if not (given := env.postgres("REPLICA_DATABASE_URL")):
        return {}
    options = {
        **given.get("OPTIONS", {}),
        "options": f"{primary['OPTIONS']['options']} -c default_transaction_read_only=on",
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _UNACKNOWLEDGED_MS,
    }
    replica = {**primary, **given, "ENGINE": primary["ENGINE"], "OPTIONS": options}
    # Tests read what they wrote.
    return {"replica": {**replica, "TEST": {"MIRROR": "default"}}}
