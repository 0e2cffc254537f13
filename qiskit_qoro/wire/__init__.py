"""What travels: bytes and JSON to values and back. Pure, and the same for client and service."""
