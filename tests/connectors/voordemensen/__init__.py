"""The connector to VoordeMensen, against one in this process."""
