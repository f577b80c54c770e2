"""The admin of connections to outside systems, and of what components are called there."""
