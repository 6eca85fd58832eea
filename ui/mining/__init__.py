"""Mining from the page and the command: jobs, a process beside the page, the form that sets up a model."""
