"""Bytes to values: the one converter, its fast paths, and JSON."""
