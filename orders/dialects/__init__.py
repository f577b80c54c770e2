"""The APIs of other systems, answered by our own domain: parse, one domain call, render."""
