"""The wire formats, one module or folder each."""
