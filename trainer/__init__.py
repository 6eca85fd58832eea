"""Trains a region-aware CLIP on an exported hierarchy. Reads exports, never the project's database."""
