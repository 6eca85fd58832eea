"""Several curators: dealing figures out, second readings, agreement, settling."""
