"""What a model knows, measured beside the model it started from: retrieval, box-text, grounding, classes, negatives."""
