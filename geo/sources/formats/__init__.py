"""One module a file format, each with a `FORMAT`; a new one is found by being here."""
