"""The Qoro service on the user's own machine."""
