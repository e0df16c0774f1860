"""Framing: bytes in, frames out. No I/O, no provider's knowledge."""
