"""Where the tests' stacks have looked for the application so far."""

from channel_manager.wsgi import application

__all__ = ["application"]
