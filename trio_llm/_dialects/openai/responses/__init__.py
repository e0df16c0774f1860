"""The Responses API: OpenAI's, and that of those who follow it."""
