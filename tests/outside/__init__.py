"""Orders that outside systems issue: the engine, with a system made up for these tests."""
