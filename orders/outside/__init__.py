"""Issuing at outside systems: asked outside any transaction, applied to the order within one."""
