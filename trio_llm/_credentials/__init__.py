"""Keys and addresses: what may be sent where. The only reader of the environment."""
