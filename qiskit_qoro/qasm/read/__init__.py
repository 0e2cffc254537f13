"""Reading OpenQASM 2 as circuits."""
