"""Connectors against this project's own dialect of the same system, over real HTTP."""
