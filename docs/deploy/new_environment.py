"""Print the environment of a new installation with fresh secrets: for .env or an EnvironmentFile.

python3 docs/deploy/new_environment.py tickets.example.com > .env
Keep a copy where backups do not lie: without it a restored database's secrets cannot be opened.
"""

import re
import secrets
import sys

_TEXT = """\
# Whoever reads this file can act as this installation. docs/configuration.md says what else it may
# have; values are taken as they are, without quotes.
PUBLIC_URL=https://{host}
ALLOWED_HOSTS={host}
TRUST_PROXY=1
SECRET_KEY={secret_key}
ENCRYPTION_KEYS={encryption_key}
# Processes of each of the two web servers (docs/installing.md, Connections).
WEB_WORKERS=2
# Of compose.yaml, which makes DATABASE_URL from it; elsewhere set DATABASE_URL itself.
POSTGRES_PASSWORD={password}
"""


def environment(host: str) -> str:
    """Return the lines for one host name, with secrets that nobody has seen."""
    return _TEXT.format(
        host=host,
        secret_key=secrets.token_urlsafe(50),
        encryption_key=secrets.token_urlsafe(32),
        password=secrets.token_urlsafe(24),
    )


def main(arguments: list[str]) -> int:
    """Print them; 2 says that no host was named."""
    if len(arguments) != 1 or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", arguments[0]):
        sys.stderr.write("Name the host that partners and guests reach: tickets.example.com\n")
        return 2
    sys.stdout.write(environment(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
