"""Stand-ins for what a lab has and a test has not: a model's server, and a model that errs at a set rate."""
