"""Django's PostgreSQL backend, but for how it finds out that a connection has ended."""
