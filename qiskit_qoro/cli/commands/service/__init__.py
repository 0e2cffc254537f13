"""Commands for the programs that a service of one's own uses on a cluster."""
