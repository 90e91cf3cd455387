"""Recipes: ways to train a text classifier, one file each."""
