"""The Responses API: requests, responses and the typed events of a stream.

Source: OpenAI API reference, "Responses", 2026-11, and the Open Responses specification, 2026-07. Names are LiteLLM's
where it has one.
"""
