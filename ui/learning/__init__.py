"""Active learning beside the page: assessing, ranking, accepting without a person, mining again."""
