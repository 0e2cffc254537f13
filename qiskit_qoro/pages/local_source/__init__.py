"""The jobs of a local service, read from its database."""
