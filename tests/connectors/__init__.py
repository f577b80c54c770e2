"""Connectors to outside systems, driven as the engine drives them, against fakes over real HTTP."""
