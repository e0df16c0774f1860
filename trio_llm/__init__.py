"""Large language models under structured concurrency: LiteLLM's calls, Trio's guarantees."""
