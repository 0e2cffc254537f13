"""Writing circuits as OpenQASM 2."""
