"""The client, the default client of a run, the module functions and their synchronous twins."""
