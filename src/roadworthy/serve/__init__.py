"""Serving: so far the story's API, which answers everything."""
