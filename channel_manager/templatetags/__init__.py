"""Template filters of the project itself."""
