"""Outside systems, faked once, in this process, over real HTTP."""
