"""Orders of which another system issues some."""
