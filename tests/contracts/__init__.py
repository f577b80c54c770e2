"""Our connectors against our own dialects: the one sends what the other takes, over real HTTP."""
