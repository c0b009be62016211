"""The models and what runs them: a GPT, its cache and products, tokenizer, the Storyteller."""
