"""Operations that a wire does not have, answered by one that it has. Pure translations between requests and replies.

A bridge joins the endpoints of a dialect: what it makes is an endpoint of the other operation, with the same path,
quirks and errors as the one beneath.
"""
