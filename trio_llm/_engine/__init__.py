"""One call, from its request to its response: attempts, streams, fallbacks."""
