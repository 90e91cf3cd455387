"""A training run, done again: its messages found and verified, its environment rebuilt, its model proved equal."""

from roadworthy.reproduce.run import Reproduction, reproduce

__all__ = ["Reproduction", "reproduce"]
