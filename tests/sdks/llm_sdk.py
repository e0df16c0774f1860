"""Simon Willison's `llm`, by its OpenAI models."""

import sys

try:
    import llm
    from llm.default_plugins.openai_models import Chat
except ImportError:
    sys.exit(77)

model = Chat("simulated", model_name="gpt-4o", api_base=f"{sys.argv[1]}/v1")
model.key = "any"

assert model.prompt("one two three", stream=False).text() == "echo: one two three"
print("chat")
assert "".join(model.prompt("one two three", stream=True)) == "echo: one two three"
print("stream")
schema = llm.schema_dsl("name, age int")
schemas = Chat("simulated", model_name="gpt-4o", api_base=f"{sys.argv[1]}/v1", supports_schema=True)
schemas.key = "any"
assert '"age"' in schemas.prompt("one", schema=schema, stream=False).text()
print("parse")
