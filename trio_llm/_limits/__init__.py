"""What one account may do at most, and the line in front of it."""
