"""The wire formats that the simulator writes: one module a family, as tables of endpoints."""
