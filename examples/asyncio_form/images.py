"""Images from prompts."""

import asyncio

from trio_llm import aimage_generation

PROMPTS = ["A serene mountain landscape", "A futuristic cityscape", "An abstract painting"]


async def main() -> None:
    responses = await asyncio.gather(*[aimage_generation(model="dall-e-3", prompt=prompt) for prompt in PROMPTS])
    for prompt, response in zip(PROMPTS, responses, strict=True):
        image = response.data[0]
        print(f"{prompt}: {image.url or f'{len(image.b64_json or str())} characters of base64'}")


asyncio.run(main())
