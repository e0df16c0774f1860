"""Cassettes: what went over the wire, with its times and without its secrets, to be played again.

A recorder stands around a transport, or at a port before a provider; a player stands in place of both. Between them is
a file of JSON lines, one exchange a line. What is matched is the meaning of a request, never its bytes.
"""
