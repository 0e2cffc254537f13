"""The simulation engine: choose a method, prepare programs, sample and estimate."""
