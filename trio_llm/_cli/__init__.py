"""The command line: one module a command, imported only when the command runs."""
