"""The page and the API as a service: what it listens at, lets in, counts and says, and how it ends."""
