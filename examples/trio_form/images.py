"""Images from prompts."""

import trio

from trio_llm import Client, ImageRequest

PROMPTS = ["A serene mountain landscape", "A futuristic cityscape", "An abstract painting"]


async def main() -> None:
    async with Client() as client:
        for outcome in await client.fan_out([ImageRequest(prompt, "dall-e-3") for prompt in PROMPTS]):
            image = outcome.response.data[0]
            print(f"{PROMPTS[outcome.index]}: {image.url or f'{len(image.b64_json or str())} characters of base64'}")


trio.run(main)
