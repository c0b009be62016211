"""From stories to a trained Storyteller: tokenizer, model, evaluation."""
