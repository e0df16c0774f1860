"""Anthropic's Messages API: requests, messages and the typed events of a stream.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", 2026-11. Names are LiteLLM's where it has
one.
"""
