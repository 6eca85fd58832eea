"""Who uses the page: login, sessions, tokens, and what each role may do."""
