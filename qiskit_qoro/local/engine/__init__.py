"""The simulation engine: choose a method, write programs, sample counts and estimate expectation values."""
