"""From circuits to OpenQASM 2 text."""
