"""Measures what Headgate costs, side by side with nginx and with LiteLLM; README.md says how to read it."""
