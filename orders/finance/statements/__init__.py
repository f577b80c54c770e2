"""A partner's statement file, read: what it is, how it is written, what its rows say. Pure."""
