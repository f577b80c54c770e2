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
# Of compose.yaml, which makes DATABASE_URL from it; elsewhere set DATABASE_URL itself.
POSTGRES_PASSWORD={password}
"""


def main(arguments: list[str]) -> int:
    """Print it for one host name; 2 says that there is none."""
    if len(arguments) != 1 or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", arguments[0]):
        sys.stderr.write("Name the host that partners and guests reach: tickets.example.com\n")
        return 2
    sys.stdout.write(
        _TEXT.format(
            host=arguments[0],
            secret_key=secrets.token_urlsafe(50),
            encryption_key=secrets.token_urlsafe(32),
            password=secrets.token_urlsafe(24),
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
