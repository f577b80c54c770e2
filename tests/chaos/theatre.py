"""Where the trials are played: a stack whose processes can be tampered with."""

from tests.stack import SHORT_STALLS

ENVIRONMENT = {
    **SHORT_STALLS,
    "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
}
# Durable, as in production: what was accepted has to outlive the server.
POSTGRES: dict[str, str] = {}
