"""The jobs of the journal of this machine, and their results from the service that has them."""
