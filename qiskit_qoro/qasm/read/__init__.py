"""From OpenQASM 2 text to circuits."""
