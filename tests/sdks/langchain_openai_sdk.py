"""LangChain's chat model of OpenAI's wire."""

import sys

try:
    import openai
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI, OpenAIEmbeddings
    from pydantic import BaseModel
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
HOME = f"{sys.argv[1]}/v1"
model = ChatOpenAI(model="gpt-4o", base_url=HOME, api_key=KEY, max_retries=0)


class Pet(BaseModel):
    """A pet."""

    name: str
    age: int


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


answer = model.invoke("one two three")
assert answer.content == "echo: one two three"
assert answer.usage_metadata["total_tokens"] == 7
print("chat")

assert "".join(chunk.content for chunk in model.stream("one two three")) == "echo: one two three"
print("stream")

(call,) = model.bind_tools([add], tool_choice="required").invoke("one").tool_calls
assert (call["name"], set(call["args"])) == ("add", {"a", "b"})
assert isinstance(add.invoke(call["args"]), int)
print("tools")

assert isinstance(model.with_structured_output(Pet).invoke("one"), Pet)
assert isinstance(model.with_structured_output(Pet, method="function_calling").invoke("one"), Pet)
print("parse")

embeddings = OpenAIEmbeddings(base_url=HOME, api_key=KEY, check_embedding_ctx_length=False)
assert len(embeddings.embed_documents(["one", "two"])) == 2
print("embeddings")

try:
    model.invoke("fail 400")
except openai.BadRequestError as error:
    assert "as you asked" in str(error)
else:
    raise AssertionError("no error")
print("errors")

patient = ChatOpenAI(model="gpt-4o", base_url=HOME, api_key=KEY, max_retries=2)
assert patient.invoke("fail 503 once").content == "at last"
print("retries")
